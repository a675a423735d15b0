//! Which server a command calls, with whose token: what the command line says goes before the environment, and that before what
//! `dotdesk login` stored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::failed;
use super::{BadSetting, Failure, private};
use crate::client::{Client, Retry};
use crate::method::{Secret, suggest};

/// Where a server listens that was started without settings.
const USUAL: &str = "http://127.0.0.1:8080";
/// The profile that is meant when none is named.
const DEFAULT: &str = "default";

/// How a command is told which server to call.
#[derive(clap::Args)]
pub struct ServerArguments {
    /// Where the server is; what the environment has as DOTDESK_URL if left out, else what `dotdesk login` stored.
    #[arg(long)]
    url: Option<String>,
    /// The API key or access token; better given as DOTDESK_TOKEN in the environment, or stored by `dotdesk login`, for others on this
    /// machine may see command lines.
    #[arg(long)]
    token: Option<String>,
    /// Which of the servers that `dotdesk login` stored; what the environment has as DOTDESK_PROFILE if left out.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

/// A server, and what to call it with.
pub struct Target {
    url: String,
    token: Option<Secret>,
}

impl Target {
    /// A client for it.
    pub fn client(&self, timeout: Duration) -> Result<Client, Failure> {
        client(&self.url, self.token.as_ref(), timeout)
    }
}

/// A client for somebody who sits and waits.
pub fn client(url: &str, token: Option<&Secret>, timeout: Duration) -> Result<Client, Failure> {
    let builder = Client::builder(url)
        .timeout(timeout)
        .retry(Retry { times: 3, first_wait: Duration::from_millis(200), ..Retry::default() })
        .user_agent(concat!("dotdesk-cli/", env!("CARGO_PKG_VERSION")));
    let builder = match token {
        Some(token) => builder.token(token.reveal()),
        None => builder,
    };
    builder.build().map_err(|error| failed("", &error))
}

/// A server that somebody logged in to.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Where it is.
    pub url: String,
    /// The token.
    pub token: String,
}

/// All of them, by name, in a file that nobody else may read.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Profiles(BTreeMap<String, Profile>);

impl Profiles {
    /// What is stored.
    pub fn load() -> Result<Self, Failure> {
        match path() {
            Some(path) => Self::read(&path),
            None => Ok(Self::default()),
        }
    }

    /// The profile of this name.
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.0.get(name)
    }

    /// Changes what is stored, alone, and answers what `change` does and where it is stored.
    pub fn change<T>(change: impl FnOnce(&mut BTreeMap<String, Profile>) -> T) -> Result<(T, PathBuf), Failure> {
        let path = path().ok_or_else(|| {
            Failure::because("there is no place to store it: neither XDG_CONFIG_HOME nor HOME is set")
        })?;
        let failed = |error: std::io::Error| Failure::Failed(format!("{}: {error}", path.display()));
        let _lock = private::lock(&path).map_err(failed)?;
        let mut profiles = Self::read(&path)?;
        let outcome = change(&mut profiles.0);
        let text = toml::to_string(&profiles).map_err(Failure::because)?;
        private::write(&path, text.as_bytes()).map_err(failed)?;
        Ok((outcome, path))
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::Failed(format!("{}: {error}", path.display()))),
        };
        // The error's own text quotes the line, which may hold a token.
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            Failure::Failed(format!("{} is damaged: {}", path.display(), error.message()))
        })
    }
}

/// `$XDG_CONFIG_HOME/dotdesk/servers.toml` (XDG Base Directory Specification).
fn path() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?;
    Some(config.join("dotdesk").join("servers.toml"))
}

/// The profile that is meant.
pub fn name(flag: Option<&str>) -> String {
    flag.map(str::to_owned).or_else(|| variable("DOTDESK_PROFILE")).unwrap_or_else(|| DEFAULT.into())
}

/// Where the server is that is to be logged in to.
pub fn url(flag: Option<String>, stored: Option<&Profile>) -> String {
    flag.or_else(|| variable("DOTDESK_URL"))
        .or_else(|| stored.map(|stored| stored.url.clone()))
        .unwrap_or_else(|| USUAL.into())
}

/// Which server to call, with whose token.
pub fn resolve(given: &ServerArguments) -> Result<Target, Failure> {
    let is_complete = given.url.is_some() && given.token.is_some() && given.profile.is_none();
    let profiles = if is_complete { Profiles::default() } else { Profiles::load()? };
    let name = name(given.profile.as_deref());
    let stored = profiles.get(&name);
    if stored.is_none() && name != DEFAULT {
        let near = suggest::nearest(&name, profiles.0.keys().map(String::as_str));
        let hint =
            near.first().map_or("`dotdesk login --profile` stores one".into(), |near| format!("did you mean {near}?"));
        return Err(BadSetting(format!("there is no profile {name:?}; {hint}")).into());
    }
    Ok(choose(given, stored, variable("DOTDESK_URL"), variable("DOTDESK_TOKEN")))
}

/// A profile that was named goes before the environment, which knows nothing of it. A stored token is sent nowhere but to the server it
/// was stored for.
fn choose(given: &ServerArguments, stored: Option<&Profile>, url: Option<String>, token: Option<String>) -> Target {
    let is_named = given.profile.is_some();
    let named = stored.filter(|_| is_named);
    let url = (given.url.clone())
        .or_else(|| named.map(|named| named.url.clone()))
        .or(url)
        .or_else(|| stored.map(|stored| stored.url.clone()))
        .unwrap_or_else(|| USUAL.into());
    let of = |profile: Option<&Profile>| {
        let is_same = |profile: &&Profile| profile.url.trim_end_matches('/') == url.trim_end_matches('/');
        profile.filter(is_same).map(|profile| profile.token.clone())
    };
    let token = given.token.clone().or_else(|| of(named)).or(token).or_else(|| of(stored));
    Target { token: token.map(Secret::new), url }
}

/// An environment variable; one that is empty counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_go_before_the_environment_before_what_is_stored() {
        let stored = Profile { url: "http://stored/".into(), token: "of-stored".into() };
        let chosen = |flags: [Option<&str>; 3], url: Option<&str>, token: Option<&str>, stored: Option<&Profile>| {
            let [flag_url, flag_token, profile] = flags.map(|flag| flag.map(str::to_owned));
            let given = ServerArguments { url: flag_url, token: flag_token, profile };
            let target = choose(&given, stored, url.map(str::to_owned), token.map(str::to_owned));
            (target.url, target.token.map(|token| token.reveal().to_owned()))
        };
        let pair = |url: &str, token: Option<&str>| (url.to_owned(), token.map(str::to_owned));
        let none = [None, None, None];
        assert_eq!(chosen(none, None, None, None), pair(USUAL, None));
        assert_eq!(chosen(none, None, None, Some(&stored)), pair("http://stored/", Some("of-stored")));
        assert_eq!(chosen(none, Some("http://env"), Some("of-env"), Some(&stored)), pair("http://env", Some("of-env")));
        assert_eq!(chosen(none, None, Some("of-env"), Some(&stored)), pair("http://stored/", Some("of-env")));
        let flags = [Some("http://flag"), Some("of-flag"), None];
        assert_eq!(
            chosen(flags, Some("http://env"), Some("of-env"), Some(&stored)),
            pair("http://flag", Some("of-flag"))
        );
        let named = [None, None, Some("work")];
        assert_eq!(
            chosen(named, Some("http://env"), Some("of-env"), Some(&stored)),
            pair("http://stored/", Some("of-stored"))
        );
        // The token of one server is no business of another.
        assert_eq!(chosen([Some("http://other"), None, None], None, None, Some(&stored)), pair("http://other", None));
        assert_eq!(chosen(none, Some("http://env"), None, Some(&stored)), pair("http://env", None));
        assert_eq!(chosen(none, Some("http://stored"), None, Some(&stored)), pair("http://stored", Some("of-stored")));
    }
}
