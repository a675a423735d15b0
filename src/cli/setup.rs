//! `dotdesk setup`: the first organization of a server, its owner, and an API key to go on with.

use std::io::{self, BufRead};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::settings::{BadSetting, Settings};
use super::{Failure, assemble};
use crate::access::authenticate::server_itself;
use crate::access::password::Passwords;
use crate::method::{App, Context, Email, Error, Name, Result, Tx};

/// What `dotdesk setup` is told.
#[derive(clap::Args)]
pub struct Arguments {
    /// The organization's name.
    #[arg(long, value_name = "NAME", value_parser = checked::<Name<120>>)]
    organization: Name<120>,
    /// The owner's e-mail address.
    #[arg(long, value_name = "ADDRESS", value_parser = checked::<Email>)]
    owner_email: Email,
    /// The owner's name; what is before the @ if left out.
    #[arg(long, value_name = "NAME", value_parser = checked::<Name<120>>)]
    owner_name: Option<Name<120>>,
    /// Reads the owner's password from standard input. Without it the owner has none, and sets one by asking for a reset.
    #[arg(long)]
    owner_password_stdin: bool,
}

/// An organization to be.
#[derive(Clone)]
pub struct NewOrganization {
    /// Its name.
    pub name: String,
    /// The owner's name.
    pub owner_name: String,
    /// The owner's address.
    pub owner_email: String,
    /// The hash of the owner's password.
    pub password_hash: Option<String>,
}

/// What came to be.
#[derive(Serialize, Deserialize)]
pub struct Created {
    /// The organization.
    pub organization: Value,
    /// Its owner.
    pub user: Value,
    /// A key that may do everything in it.
    pub api_key: String,
}

/// Creates what the arguments say.
pub async fn run(settings: &Settings, arguments: Arguments) -> Result<Created, Failure> {
    let Arguments { organization, owner_email, owner_name, owner_password_stdin } = arguments;
    let owner_name = match owner_name {
        Some(name) => name.to_string(),
        None => owner_email.split('@').next().unwrap_or_default().to_owned(),
    };
    let password = if owner_password_stdin { Some(password_from_stdin()?) } else { None };
    let server = assemble::server(settings).await?;
    let password_hash = match password {
        None => None,
        Some(password) => {
            let passwords: &Passwords =
                server.app.services().get().ok_or_else(|| Error::internal("this server has no passwords"))?;
            passwords.check(&password, &[&owner_email, &owner_name, &organization])?;
            Some(passwords.hash(&password).await?)
        }
    };
    let new = NewOrganization {
        name: organization.to_string(),
        owner_name,
        owner_email: owner_email.to_string(),
        password_hash,
    };
    Ok(create(&server.app, new).await?)
}

/// Creates an organization, its owner and a key, all or nothing.
pub async fn create(app: &App, new: NewOrganization) -> Result<Created> {
    let caller = server_itself(app.new_id());
    let ctx = Context::internal(app.clone(), caller, "organizations.create");
    ctx.write(async move |tx| store(tx, new.clone()).await).await
}

fn password_from_stdin() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Failure::because)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(BadSetting("--owner-password-stdin: standard input is empty".into()).into());
    }
    Ok(password.to_owned())
}

/// Reads a value as the API reads it.
fn checked<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

async fn store(_tx: &mut Tx<'_>, _new: NewOrganization) -> Result<Created> {
    Err(Error::internal("organizations and API keys are on their own branches"))
}
