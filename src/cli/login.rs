//! `dotdesk login` and `dotdesk logout`: the token for a server, stored where nobody else may read it.

use std::io::{self, IsTerminal, Read};
use std::time::Duration;

use super::call::failed;
use super::profiles::{self, Profile, Profiles};
use super::{BadSetting, Failure, print};
use crate::method::{Method, Secret};
use crate::resources::system::api::AuthTest;

/// How long the server may take to say whose token it is.
const PATIENCE: Duration = Duration::from_secs(20);

/// What `dotdesk login` is told.
#[derive(clap::Args)]
pub struct Login {
    /// Where the server is.
    #[arg(long)]
    url: Option<String>,
    /// The name to store it under, for several servers; `dotdesk call --profile NAME` calls it.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Reads the API key from standard input; without this, it is asked for on the terminal.
    #[arg(long)]
    token_stdin: bool,
}

/// What `dotdesk logout` is told.
#[derive(clap::Args)]
pub struct Logout {
    /// The name it was stored under.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

/// Stores a token once the server has said that it is good.
pub async fn login(given: Login) -> Result<(), Failure> {
    let name = profiles::name(given.profile.as_deref());
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(BadSetting("--profile: expected a name".into()).into());
    }
    let url = profiles::url(given.url, Profiles::load()?.get(&name));
    let token = token(&url, given.token_stdin)?;
    let client = profiles::client(&url, Some(&token), PATIENCE)?;
    let who = client.call(AuthTest {}).await.map_err(|error| failed(AuthTest::NAME, &error))?;
    let url = client.url().to_owned();
    let profile = Profile { url: url.clone(), token: token.reveal().to_owned() };
    let ((), path) = Profiles::change(|profiles| {
        profiles.insert(name.clone(), profile);
    })?;
    let organization = &who.team;
    print(&format!("Logged in to {url} as {} of {organization}; stored as {name} in {}\n", who.user, path.display()))
}

fn token(url: &str, from_stdin: bool) -> Result<Secret, Failure> {
    let mut text = String::new();
    if from_stdin {
        io::stdin().read_to_string(&mut text).map_err(|error| Failure::Failed(format!("standard input: {error}")))?;
    } else if io::stdin().is_terminal() {
        text = rpassword::prompt_password(format!("API key for {url}: ")).map_err(Failure::because)?;
    } else {
        let message = "there is no terminal to ask for the API key on; give it on standard input, with --token-stdin";
        return Err(BadSetting(message.into()).into());
    }
    match text.trim() {
        "" => Err(BadSetting("no API key was given".into()).into()),
        token => Ok(Secret::new(token)),
    }
}

/// Forgets a stored token.
pub fn logout(given: Logout) -> Result<(), Failure> {
    let name = profiles::name(given.profile.as_deref());
    let (forgotten, path) = Profiles::change(|profiles| profiles.remove(&name))?;
    print(&match forgotten {
        Some(profile) => {
            format!(
                "The key for {} is no longer in {}; it stays good until it is deleted (apiKeys.delete)\n",
                profile.url,
                path.display()
            )
        }
        None => format!("There is nothing stored as {name}\n"),
    })
}
