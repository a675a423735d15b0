//! The calls of the API that loading takes.

use std::collections::HashSet;
use std::time::Duration;

use dotdesk::client::{ApiError, Client, Retry};
use dotdesk::method::ErrorType;
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use super::mail::{Mail, Person};
use super::{Error, Options, Result, upload};

/// A client with a key.
pub struct Api {
    client: Client,
}

/// What the server refuses, so that asking again is pointless; but without a good token there is nothing to go on with.
pub fn refused(error: &Error) -> Option<&ApiError> {
    let refused = error.downcast_ref::<dotdesk::client::Error>()?.api()?;
    let is_locked_out = matches!(refused.error_type, ErrorType::Authentication | ErrorType::Permission);
    (!is_locked_out).then_some(refused)
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
    /// A client that has patience while the server is busy or away.
    pub fn new(options: &Options) -> Result<Self> {
        let client = Client::builder(&options.url)
            .token(&options.token)
            .timeout(Duration::from_secs(120))
            .retry(Retry { times: 7, ..Retry::default() })
            .build()?;
        Ok(Self { client })
    }

    /// Calls a method.
    pub async fn call(&self, method: &str, args: &Value) -> Result<Value> {
        Ok(self.client.raw(method, args).await?.json()?)
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
            Err(error) if refused(&error).is_some_and(|refused| refused.error_type == ErrorType::NotFound) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let args = json!({ "conversation_id": conversation, "limit": 1000, "fields": ["client_message_id"] });
        let mut pages = self.client.raw_pages("messages.list", &args);
        let mut known = HashSet::new();
        while let Some(page) = pages.try_next().await? {
            let ids = page.get("data").and_then(Value::as_array).into_iter().flatten();
            known.extend(ids.filter_map(|message| message["client_message_id"].as_str().map(str::to_owned)));
        }
        Ok(Some(known))
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
                Err(error) => match refused(&error) {
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
fn mend(args: &mut Value, refused: &ApiError, writer: &Person, left_out: &mut Vec<String>) -> bool {
    let Some(fields) = args.as_object_mut() else { return false };
    let mut wrong: Vec<(String, usize)> = Vec::new();
    let mut mended = false;
    for problem in &refused.errors {
        let mut parts = problem.pointer.trim_start_matches('/').split('/');
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
