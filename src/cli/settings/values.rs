//! From the text of a setting to its value, or what was expected in its place. The messages never repeat the text.

use std::fmt;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::Mailbox;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use url::Url;

use crate::db;

/// A host and a port to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    host: String,
    port: u16,
}

impl Listen {
    /// This host and port.
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port }
    }

    /// Starts to listen.
    pub fn bind(&self) -> std::io::Result<TcpListener> {
        TcpListener::bind((self.host.as_str(), self.port))
    }

    /// The same host with the next port, if there is one.
    pub fn next(&self) -> Option<Self> {
        Some(Self { host: self.host.clone(), port: self.port.checked_add(1)? })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// Where the bytes of files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Files {
    /// In a folder.
    Folder(PathBuf),
    /// In a bucket: `s3://BUCKET/PREFIX`.
    Bucket(String),
}

pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    Ok(PathBuf::from(text))
}

pub(super) fn number(text: &str, least: usize, most: usize) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("expected a number from {least} to {most}"))
}

pub(super) fn seconds(text: &str, least: usize, most: usize) -> Result<Duration, String> {
    number(text, least, most).map(|seconds| Duration::from_secs(seconds as u64))
}

pub(super) fn count(text: &str, least: usize, most: usize) -> Result<u32, String> {
    number(text, least, most).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

pub(super) fn word(text: &str, words: &[&'static str]) -> Result<&'static str, String> {
    words.iter().find(|word| **word == text).copied().ok_or_else(|| format!("expected {}", words.join(" or ")))
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err("expected on or off".into()),
    }
}

pub(super) fn database(text: &str) -> Result<String, String> {
    match db::is_known(text) {
        true => Ok(text.to_owned()),
        false => Err("expected sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME".into()),
    }
}

pub(super) fn listen(text: &str) -> Result<Listen, String> {
    let expected = || "expected HOST:PORT such as 127.0.0.1:8080".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(expected)?;
    let port = port.parse().map_err(|_| expected())?;
    let host = match host.strip_prefix('[') {
        Some(host) => host.strip_suffix(']').ok_or_else(expected)?,
        None if host.contains(':') => return Err(expected()),
        None => host,
    };
    if host.is_empty() {
        return Err(expected());
    }
    Ok(Listen::new(host, port))
}

/// An address that paths are put behind, so it ends in none itself.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none() =>
        {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("expected an address such as https://desk.example.com".into()),
    }
}

/// Origins as browsers send them: no path, not even a slash. `*` is every origin, as is none.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    if text == "*" {
        return Ok(Vec::new());
    }
    let is_origin = |item: &str| match Url::parse(item) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url.origin().ascii_serialization() == item,
        // Pages of applications and browser extensions: tauri://localhost.
        Ok(url) => url.has_host() && url.path().is_empty() && url.query().is_none() && url.fragment().is_none(),
        Err(_) => false,
    };
    list(text, |item| match is_origin(item) {
        true => Ok(item.to_owned()),
        false => {
            Err("expected origins such as https://app.example.com: scheme, host and port, no slash at the end".into())
        }
    })
}

pub(super) fn list<T>(text: &str, item: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(item).collect()
}

pub(super) fn issuer(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(text.to_owned()),
        _ => Err("expected issuers such as https://id.example.com".into()),
    }
}

pub(super) fn secret_key(text: &str) -> Result<String, String> {
    match STANDARD.decode(text) {
        Ok(bytes) if bytes.len() == 32 => Ok(text.to_owned()),
        _ => Err("expected 32 bytes in base64, as `openssl rand -base64 32` makes them".into()),
    }
}

pub(super) fn smtp(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "smtp" | "smtps") && url.has_host() => Ok(text.to_owned()),
        _ => Err("expected smtps://USER:PASSWORD@HOST, smtp://USER:PASSWORD@HOST or smtp://HOST?tls=none".into()),
    }
}

/// A folder, or a bucket with a prefix.
pub(super) fn files(text: &str) -> Result<Files, String> {
    if !text.contains("://") {
        return Ok(Files::Folder(PathBuf::from(text)));
    }
    match Url::parse(text) {
        Ok(url)
            if url.scheme() == "s3"
                && url.has_host()
                && url.port().is_none()
                && url.username().is_empty()
                && url.query().is_none()
                && url.fragment().is_none() =>
        {
            Ok(Files::Bucket(text.to_owned()))
        }
        _ => Err("expected a folder or s3://BUCKET/PREFIX".into()),
    }
}

pub(super) fn sender(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|_| "expected an address such as Desk <desk@example.com>".into())
}

pub(super) fn log(text: &str) -> Result<String, String> {
    let expected = "expected error, warn, info, debug, trace or off, or a list such as info,dotdesk::db=debug";
    // The filter takes a lone word that is no level for the name of a part.
    let levels =
        text.split(',').filter(|part| !part.contains('=')).all(|part| part.trim().parse::<LevelFilter>().is_ok());
    match EnvFilter::builder().parse(text) {
        Ok(_) if levels => Ok(text.to_owned()),
        _ => Err(expected.into()),
    }
}
