//! The calls of the API that loading takes.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::mail::{Mail, Person};
use super::{Options, Result, upload};

/// How often a call is tried while the server is busy or away.
const ATTEMPTS: u32 = 8;

/// A client with a key.
pub struct Api {
    url: String,
    token: String,
    http: reqwest::Client,
}

/// What the server refuses, so that asking again is pointless.
#[derive(Debug)]
pub struct Refused {
    status: u16,
    error: Value,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.error["message"].as_str().unwrap_or("no reason was given"))
    }
}

impl std::error::Error for Refused {}

impl Refused {
    /// The arguments that were wrong.
    fn pointers(&self) -> Vec<&str> {
        let problems = self.error["errors"].as_array().map_or(&[][..], |problems| problems);
        problems.iter().filter_map(|problem| problem["pointer"].as_str()).collect()
    }
}

/// A mail that was stored.
pub struct Stored {
    /// The contact who wrote it.
    pub writer: Option<String>,
    /// How many attachments came with it.
    pub attachments: usize,
    /// What of it could not be stored.
    pub left_out: Vec<String>,
}

impl Api {
    /// A client.
    pub fn new(options: &Options) -> Result<Self> {
        let is_here = ["://127.0.0.1", "://localhost", "://[::1]"].iter().any(|host| options.url.contains(host));
        let http = reqwest::Client::builder().timeout(Duration::from_secs(120));
        // A server on this machine is not reached through a proxy.
        let http = if is_here { http.no_proxy() } else { http }.build()?;
        Ok(Self { url: options.url.trim_end_matches('/').to_owned(), token: options.token.clone(), http })
    }

    /// Calls a method; waits and tries again while the server is busy or away.
    pub async fn call(&self, method: &str, args: &Value) -> Result<Value> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let sent =
                self.http.post(format!("{}/{method}", self.url)).bearer_auth(&self.token).json(args).send().await;
            let reply = match sent {
                Ok(reply) => reply,
                Err(error) if attempt == ATTEMPTS => return Err(error.into()),
                Err(_) => {
                    tokio::time::sleep(Duration::from_secs(1 << attempt.min(5))).await;
                    continue;
                }
            };
            let status = reply.status().as_u16();
            let wait = reply.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            let body: Value = serde_json::from_slice(&reply.bytes().await?).unwrap_or(Value::Null);
            match status {
                200..=299 => return Ok(body),
                429 | 500..=599 if attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_secs(wait.unwrap_or(1 << attempt.min(5)))).await;
                }
                // Without a good token there is nothing to go on with.
                401 | 403 => return Err(Refused { status, error: body["error"].clone() }.to_string().into()),
                _ => return Err(Refused { status, error: body["error"].clone() }.into()),
            }
        }
    }

    /// The channel with this source; it is created if there is none.
    pub async fn channel(&self, source: &str) -> Result<String> {
        let found = self.call("channels.list", &json!({ "type": "api", "source": source, "is_active": true })).await?;
        let channel = match found["data"].get(0) {
            Some(channel) => channel.clone(),
            None => {
                let args = json!({ "type": "api", "source": source, "name": "Mailbox" });
                self.call("channels.create", &args).await?
            }
        };
        Ok(channel["id"].as_str().unwrap_or_default().to_owned())
    }

    /// The ids of the messages that a conversation has already; `None` if there is no such conversation.
    pub async fn known(&self, external_id: &str) -> Result<Option<HashSet<String>>> {
        let found = self.call("conversations.info", &json!({ "external_id": external_id })).await;
        let conversation = match found {
            Ok(conversation) => conversation["id"].clone(),
            Err(error) if error.downcast_ref::<Refused>().is_some_and(|refused| refused.status == 404) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let (mut known, mut cursor) = (HashSet::new(), Value::Null);
        loop {
            let args = json!({
                "conversation_id": conversation, "limit": 1000, "fields": ["client_message_id"], "cursor": cursor,
            });
            let page = self.call("messages.list", &args).await?;
            let ids = page["data"].as_array().into_iter().flatten();
            known.extend(ids.filter_map(|message| message["client_message_id"].as_str().map(str::to_owned)));
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                return Ok(Some(known));
            }
        }
    }

    /// Stores a mail with its attachments.
    pub async fn store(&self, channel: &str, thread: &str, client_message_id: &str, mail: Mail) -> Result<Stored> {
        let files = upload::all(self, &mail.attachments).await?;
        let mut left_out = files.left_out;
        let writer = if mail.is_outbound { &mail.with } else { &mail.from };
        let mut args = json!({
            "channel_id": channel,
            "conversation_external_id": thread,
            "contact": contact(writer, false),
            "direction": if mail.is_outbound { "outbound" } else { "inbound" },
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
            "from": mail.from.address,
            "to": mail.to,
            "cc": mail.cc,
            "bcc": mail.bcc,
            "file_ids": files.ids,
            "created_at": mail.at,
            "client_message_id": client_message_id,
            "metadata": mail.metadata,
        });
        if mail.message_id.chars().count() <= 255 {
            args["external_message_id"] = json!(mail.message_id);
        }
        let mut mended = 0;
        let stored = loop {
            match self.call("messages.create", &args).await {
                Ok(stored) => break stored,
                Err(error) => match error.downcast_ref::<Refused>() {
                    // Addresses of the past are not always addresses of today.
                    Some(refused) if mended < 3 && mend(&mut args, refused, writer, &mut left_out) => mended += 1,
                    _ => return Err(error),
                },
            }
        };
        let author = &stored["author"];
        let writer = author["id"].as_str().filter(|_| author["type"] == "contact").map(str::to_owned);
        Ok(Stored { writer, attachments: args["file_ids"].as_array().map_or(0, Vec::len), left_out })
    }
}

/// A contact by address. One whose address is none that could be written to is known by it all the same.
fn contact(person: &Person, is_odd: bool) -> Value {
    let kind = if is_odd { "external" } else { "email" };
    json!({ "type": kind, "value": person.address, "name": person.name.as_deref().unwrap_or_default() })
}

/// Leaves out the addresses that were refused; answers whether there is anything to try again.
fn mend(args: &mut Value, refused: &Refused, writer: &Person, left_out: &mut Vec<String>) -> bool {
    let Some(fields) = args.as_object_mut() else { return false };
    let mut wrong: Vec<(String, usize)> = Vec::new();
    let mut mended = false;
    for pointer in refused.pointers() {
        let mut parts = pointer.trim_start_matches('/').split('/');
        match (parts.next().unwrap_or_default(), parts.next()) {
            ("contact", _) => {
                fields.insert("contact".into(), contact(writer, true));
                mended = true;
            }
            ("from", _) => {
                mended |= fields.remove("from").is_some();
            }
            (list @ ("to" | "cc" | "bcc"), Some(index)) => {
                wrong.extend(index.parse().ok().map(|index| (list.to_owned(), index)));
            }
            _ => return false,
        }
    }
    wrong.sort();
    for (list, index) in wrong.into_iter().rev() {
        if let Some(Value::Array(items)) = fields.get_mut(&list)
            && index < items.len()
        {
            left_out.push(format!("the address {} was left out", items.remove(index)));
            mended = true;
        }
    }
    mended
}
