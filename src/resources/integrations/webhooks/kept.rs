//! What of a webhook must not be seen: its address, its headers, its secrets. Kept sealed with the server's own secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::db::Timestamp;
use crate::method::{Error, Keyring, Result};
use crate::providers::standard_webhooks::SigningSecret;

/// What it is sealed for.
pub const PURPOSE: &str = "webhook";

/// What of a webhook must not be seen.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Where events are sent.
    pub url: String,
    /// Headers that are sent along, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// What deliveries are signed with.
    pub secret: String,
    /// The secret before this one, and until when it signs too.
    pub previous: Option<(String, Timestamp)>,
}

impl Kept {
    /// Opens what [`seal`](Self::seal) made.
    pub fn open(keyring: &Keyring, sealed: &[u8]) -> Result<Self> {
        let json = keyring.open(PURPOSE, sealed).map_err(Error::internal)?;
        Ok(serde_json::from_slice(&json)?)
    }

    /// Seals it.
    pub fn seal(&self, keyring: &Keyring) -> Result<Vec<u8>> {
        keyring.seal(PURPOSE, &serde_json::to_vec(self)?).map_err(Error::internal)
    }

    /// What deliveries are signed with at `now`, the newest first.
    pub fn secrets(&self, now: Timestamp) -> Result<Vec<SigningSecret>> {
        let previous = self.previous.iter().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
        let all = std::iter::once(&self.secret).chain(previous);
        all.map(|secret| SigningSecret::parse(secret).map_err(Error::internal)).collect()
    }
}
