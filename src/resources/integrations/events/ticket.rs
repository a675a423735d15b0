//! Tickets: what lets a browser's `EventSource`, which can send no headers, open the stream.
//!
//! A ticket holds the token that asked for it, and what the stream is to show, sealed with the server's own secret. So nothing is
//! stored, and a ticket opens nothing that its token would not open.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::db::Timestamp;
use crate::method::{App, Code, Error, Output, Result, Secret};

/// What tickets are sealed for.
const PURPOSE: &str = "events.ticket";
/// How long a ticket opens the stream.
pub const SECONDS: i64 = 300;

/// A ticket for the stream.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Ticket {
    /// The ticket itself.
    pub ticket: String,
    /// Where to connect with it: `new EventSource(url)`.
    pub url: String,
    /// Until when a connection can be opened with it.
    pub expires_at: Timestamp,
}

impl Output for Ticket {}

#[derive(Serialize, Deserialize)]
struct Sealed {
    token: String,
    arguments: Map<String, Value>,
    expires_at: Timestamp,
}

/// Makes a ticket.
pub fn make(app: &App, base_url: &str, token: &Secret, arguments: Map<String, Value>) -> Result<Ticket> {
    let expires_at = app.now().plus_seconds(SECONDS);
    let sealed = Sealed { token: token.reveal().to_owned(), arguments, expires_at };
    let sealed = app.keyring().seal(PURPOSE, &serde_json::to_vec(&sealed)?).map_err(Error::internal)?;
    let ticket = URL_SAFE_NO_PAD.encode(sealed);
    Ok(Ticket { url: format!("{base_url}/events.stream?ticket={ticket}"), ticket, expires_at })
}

/// The token behind a ticket, and the arguments of the stream.
pub fn open(app: &App, ticket: &str) -> Result<(Secret, Map<String, Value>)> {
    let refused = || Error::new(Code::InvalidAuth, "This is no ticket of this server.");
    let sealed = URL_SAFE_NO_PAD.decode(ticket).map_err(|_| refused())?;
    let opened = app.keyring().open(PURPOSE, &sealed).map_err(|_| refused())?;
    let Sealed { token, arguments, expires_at } = serde_json::from_slice(&opened)?;
    if expires_at <= app.now() {
        return Err(Error::new(Code::TokenExpired, "The ticket is too old; make a new one with events.createTicket."));
    }
    Ok((Secret::new(token), arguments))
}
