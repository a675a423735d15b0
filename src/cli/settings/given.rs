//! Where settings come from: flags before environment variables before the file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::BadSetting;
use super::table::{self, SETTINGS};
use crate::method::suggest;

/// The settings that were given, as text.
#[derive(Default)]
pub struct Given(BTreeMap<&'static str, (String, Source)>);

/// How a setting was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// As a flag: `--listen`.
    Flag(String),
    /// As an environment variable: `DOTDESK_LISTEN`.
    Environment(String),
    /// In the file: `listen in dotdesk.toml`.
    File(String),
    /// Not at all; the setting's key.
    Default(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(words) | Self::Environment(words) | Self::File(words) => f.write_str(words),
            Self::Default(key) => f.write_str(key),
        }
    }
}

impl Given {
    /// Collects what was given, wherever.
    pub fn collect(
        flags: &ArgMatches,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, BadSetting> {
        let mut given = Self::default();
        for setting in SETTINGS {
            if matches!(flags.try_contains_id(setting.key), Ok(true))
                && flags.value_source(setting.key) == Some(ValueSource::CommandLine)
                && let Some(text) = flags.get_one::<String>(setting.key)
            {
                given.0.insert(setting.key, (text.clone(), Source::Flag(format!("--{}", setting.flag()))));
            }
        }
        given.read_environment(environment)?;
        if let Some((path, source)) = given.0.get("config").filter(|(path, _)| !path.is_empty()).cloned() {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| BadSetting(format!("{source}: cannot read {path}: {error}")))?;
            given.read_file(Path::new(&path), &text)?;
        }
        Ok(given)
    }

    /// What was given for a setting, and how. An empty text stands for the default.
    pub fn take(&mut self, key: &'static str) -> Option<(String, Source)> {
        self.0.remove(key).filter(|(text, _)| !text.is_empty())
    }

    /// An empty variable counts as not set: that is all that many container tools can do.
    fn read_environment(
        &mut self,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(), BadSetting> {
        for (name, value) in environment {
            let Some(name) = name.to_str().filter(|name| name.starts_with("DOTDESK_")) else { continue };
            if table::is_foreign(name) || value.is_empty() {
                continue;
            }
            let Some(setting) = SETTINGS.iter().find(|setting| setting.variable() == name) else {
                let names: Vec<String> = SETTINGS.iter().map(|setting| setting.variable()).collect();
                return Err(unknown("environment variable", name, &names, ""));
            };
            let value = value
                .into_string()
                .map_err(|_| BadSetting(format!("{name}: expected text, got bytes that are none")))?;
            self.add(setting.key, value, Source::Environment(name.to_owned()));
        }
        Ok(())
    }

    fn read_file(&mut self, path: &Path, text: &str) -> Result<(), BadSetting> {
        let shown = path.display();
        let file: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            // The error's own text quotes the line, which may hold a secret.
            let line = error.span().map_or(1, |span| 1 + text.bytes().take(span.start).filter(|b| *b == b'\n').count());
            BadSetting(format!("{shown}, line {line}: {}", error.message()))
        })?;
        for (key, value) in file {
            let Some(setting) = table::find(&key).filter(|setting| setting.is_in_file()) else {
                let names: Vec<String> = SETTINGS
                    .iter()
                    .filter(|setting| setting.is_in_file())
                    .map(|setting| setting.key.to_owned())
                    .collect();
                return Err(unknown("setting", &key, &names, &format!(" in {shown}")));
            };
            let text = plain(&value).ok_or_else(|| {
                BadSetting(format!("{key} in {shown}: expected text, a number, true or false, or a list of texts"))
            })?;
            self.add(setting.key, text, Source::File(format!("{key} in {shown}")));
        }
        Ok(())
    }

    /// Keeps what came first: sources are read in the order of their rank.
    fn add(&mut self, key: &'static str, text: String, source: Source) {
        self.0.entry(key).or_insert((text, source));
    }
}

fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(true) => Some("on".into()),
        toml::Value::Boolean(false) => Some("off".into()),
        toml::Value::Array(items) => {
            let items: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            items.map(|items| items.join(","))
        }
        _ => None,
    }
}

fn unknown(what: &str, name: &str, known: &[String], place: &str) -> BadSetting {
    let hint = match suggest::nearest(name, known.iter().map(String::as_str)).first() {
        Some(near) => format!(" Did you mean {near}?"),
        None => " `dotdesk serve --help` lists them all.".into(),
    };
    BadSetting(format!("There is no {what} {name}{place}.{hint}"))
}
