//! `dotdesk setup`: the first organization of a server, its owner, and an API key to go on with.

use std::io::{self, BufRead};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::settings::{BadSetting, Settings};
use super::{Failure, assemble};
use crate::access::password::Passwords;
use crate::db::Json;
use crate::method::{App, Email, Error, Name, Result, ScopeSet, Tx};
use crate::resources::account::api_keys::{self, ApiKeyRow, Environment};
use crate::resources::account::organizations::Organization;
use crate::resources::account::organizations::bootstrap::{self, NewOrganization};
use crate::resources::account::users::User;

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

/// What came to be.
#[derive(Serialize, Deserialize)]
pub struct Created {
    /// The organization.
    pub organization: Organization,
    /// Its owner.
    pub user: User,
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
    let owner_password_hash = match password {
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
        slug: None,
        // Whoever may run commands on the server decides how many organizations it has.
        first_only: false,
        owner_name,
        owner_email: owner_email.to_string(),
        owner_password_hash,
    };
    Ok(create(&server.app, new).await?)
}

/// Creates an organization, its owner and a key for the organization, all or nothing.
pub async fn create(app: &App, new: NewOrganization) -> Result<Created> {
    let ctx = bootstrap::context(app, "organizations.create");
    ctx.write(async move |tx| {
        let (organization, user) = bootstrap::create(tx, &new).await?;
        let (_, api_key) = api_keys::store::insert(tx, key(tx)).await?;
        Ok(Created { organization, user, api_key })
    })
    .await
}

/// A key that may do everything, and belongs to the organization rather than to somebody who may leave.
fn key(tx: &Tx<'_>) -> ApiKeyRow {
    ApiKeyRow {
        organization_id: tx.organization(),
        id: tx.new_id(),
        name: "Setup".into(),
        environment: Environment::Live,
        scopes: Json(ScopeSet::ALL),
        allowed_methods: Json::default(),
        ip_allowlist: Json::default(),
        act_as_user_id: None,
        rate_limit_per_minute: None,
        expires_at: None,
        prefix: String::new(),
        last4: String::new(),
        revoked_at: None,
        last_used_at: None,
        last_used_ip: None,
        created_by: None,
        created_at: tx.now(),
        updated_at: tx.now(),
    }
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
