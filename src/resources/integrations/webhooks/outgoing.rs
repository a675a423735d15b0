//! What is sent: the bytes, and the headers that say what they are and who sent them.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use super::cards::{msteams, slack};
use super::kept::Kept;
use super::model::Format;
use crate::db::{Id, Timestamp};
use crate::events::store::public_id;
use crate::method::{Error, Result};
use crate::providers::post::{Post, Sent};
use crate::providers::standard_webhooks::{ID, SIGNATURE, SigningSecret, TIMESTAMP};

/// Where a webhook sends, and how.
pub struct Target {
    url: Url,
    format: Format,
    headers: HeaderMap,
    secrets: Vec<SigningSecret>,
}

/// A request that is ready to be sent.
pub struct Outgoing {
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Target {
    /// The target of a webhook, as it signs at `now`.
    pub fn new(format: Format, kept: &Kept, now: Timestamp) -> Result<Self> {
        let mut headers = HeaderMap::new();
        for (name, value) in &kept.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(Error::internal)?;
            let mut value = HeaderValue::from_str(value).map_err(Error::internal)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // What cannot be parsed says why, and with it what it is: no cause that holds an address goes into the log.
        let url = Url::parse(&kept.url).map_err(|_| Error::internal("the address of a webhook cannot be read"))?;
        Ok(Self { url, format, headers, secrets: kept.secrets(now)? })
    }

    /// What is sent.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The request for an event, as it is sent at `now`.
    pub fn outgoing(&self, event: Id, envelope: &str, now: Timestamp) -> Result<Outgoing> {
        let mut headers = self.headers.clone();
        let body = match self.format {
            Format::Standard => {
                let (id, at) = (public_id(event), now.seconds());
                let signatures: Vec<String> =
                    self.secrets.iter().map(|secret| secret.sign(&id, at, envelope.as_bytes())).collect();
                for (name, value) in [(ID, id), (TIMESTAMP, at.to_string()), (SIGNATURE, signatures.join(" "))] {
                    headers.insert(name, HeaderValue::try_from(value).map_err(Error::internal)?);
                }
                envelope.as_bytes().to_vec()
            }
            Format::Slack => serde_json::to_vec(&slack::message(&parse(envelope)?))?,
            Format::Msteams => serde_json::to_vec(&msteams::message(&parse(envelope)?))?,
        };
        Ok(Outgoing { headers, body })
    }

    /// Sends an event at `now`.
    pub async fn send(&self, post: &Post, event: Id, envelope: &str, now: Timestamp) -> Result<Sent> {
        let Outgoing { headers, body } = self.outgoing(event, envelope, now)?;
        Ok(post.send(&self.url, headers, body, now).await)
    }
}

/// What is sent for an event, as JSON.
pub fn payload(format: Format, envelope: &str) -> Result<Value> {
    let event = parse(envelope)?;
    Ok(match format {
        Format::Standard => event,
        Format::Slack => slack::message(&event),
        Format::Msteams => msteams::message(&event),
    })
}

fn parse(envelope: &str) -> Result<Value> {
    Ok(serde_json::from_str(envelope)?)
}
