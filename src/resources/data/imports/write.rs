//! From the arguments of a record to an object that is stored, and back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use std::collections::BTreeMap;

use super::fields::{self, CREATED_AT};
use super::model::{ImportFormat, ImportMatch, ImportMode, ImportObject, OnError};
use crate::db::{Id, Timestamp};
use crate::jobs::Done;
use crate::method::args;
use crate::method::{Code, Context, Error, FieldError, Input, Object, Result, Tx};
use crate::resources::crm::{companies, contacts, tags};
use crate::resources::inbox::{conversations, messages};

/// How records become objects.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub object: ImportObject,
    pub format: ImportFormat,
    pub mode: ImportMode,
    pub match_on: Option<ImportMatch>,
    pub mapping: BTreeMap<String, Option<String>>,
    pub on_error: OnError,
    pub preserve_timestamps: bool,
    pub suppress_events: bool,
}

/// What became of a record.
pub struct Written {
    /// The object.
    pub id: Id,
    /// Its version, if it has any.
    pub version: Option<i64>,
    /// What was done to it.
    pub outcome: Outcome,
}

/// What was done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Created,
    /// It was changed.
    Updated,
    /// It was so already.
    Unchanged,
}

impl Plan {
    /// The method whose arguments the records are.
    pub fn method(&self) -> &'static str {
        match (self.object, self.mode) {
            (ImportObject::Contact, ImportMode::Create) => "contacts.create",
            (ImportObject::Contact, _) => "contacts.upsert",
            (ImportObject::Company, ImportMode::Create) => "companies.create",
            (ImportObject::Company, _) => "companies.upsert",
            (ImportObject::Conversation, _) => "conversations.create",
            (ImportObject::Message, _) => "messages.create",
            (ImportObject::Tag, _) => "tags.create",
        }
    }

    /// What does not go together.
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let allowed: &[ImportMatch] = match self.object {
            ImportObject::Contact => {
                &[ImportMatch::ExternalId, ImportMatch::Email, ImportMatch::Phone, ImportMatch::Identity]
            }
            ImportObject::Company => &[ImportMatch::ExternalId, ImportMatch::Domain],
            ImportObject::Conversation => &[ImportMatch::ExternalId],
            ImportObject::Message => &[ImportMatch::ClientMessageId],
            ImportObject::Tag => &[ImportMatch::Name],
        };
        match self.match_on {
            Some(_) if self.mode == ImportMode::Create => {
                problems.push(FieldError::new(
                    "/match_on",
                    "not_allowed",
                    "with the mode create, nothing is looked for",
                ));
            }
            Some(match_on) if !allowed.contains(&match_on) => {
                let words: Vec<&str> = allowed.iter().map(|one| one.as_str()).collect();
                let message = format!("a {} is not recognized by that", self.object);
                problems.push(FieldError::new("/match_on/0", "not_allowed", message).with("allowed", words));
            }
            _ => {}
        }
        if self.mode == ImportMode::Update && self.object == ImportObject::Message {
            problems.push(FieldError::new("/mode", "not_allowed", "messages that are there already stay as they are"));
        }
        problems
    }

    /// Stores what a record says.
    pub async fn write(&self, tx: &mut Tx<'_>, arguments: Map<String, Value>) -> Result<Written> {
        let before = tx.change_count();
        let mut written = self.store(tx, arguments).await?;
        if written.outcome == Outcome::Updated && tx.change_count() == before {
            written.outcome = Outcome::Unchanged;
        }
        Ok(written)
    }

    async fn store(&self, tx: &mut Tx<'_>, mut arguments: Map<String, Value>) -> Result<Written> {
        let now = tx.now();
        if self.object == ImportObject::Message {
            // Its time is an argument of `messages.create` itself; what follows takes it out for the others.
            return self.message(tx, arguments).await;
        }
        let at = instant(&mut arguments, CREATED_AT, now)?.filter(|_| self.preserve_timestamps).unwrap_or(now);
        let is_there = |name: &str| arguments.get(name).is_some_and(|value| !value.is_null());
        match self.object {
            ImportObject::Contact => {
                let known_by = match self.match_on {
                    Some(match_on) => Some(match_on),
                    None if is_there("external_id") => Some(ImportMatch::ExternalId),
                    None if ["identities", "email", "phone"].into_iter().any(is_there) => Some(ImportMatch::Identity),
                    None => None,
                };
                self.contact(tx, arguments, known_by, at).await
            }
            ImportObject::Company => {
                let known_by = match self.match_on {
                    Some(match_on) => Some(match_on),
                    None if is_there("external_id") => Some(ImportMatch::ExternalId),
                    None if is_there("domains") => Some(ImportMatch::Domain),
                    None => None,
                };
                self.company(tx, arguments, known_by, at).await
            }
            ImportObject::Conversation => self.conversation(tx, arguments, at).await,
            ImportObject::Message | ImportObject::Tag => self.tag(tx, arguments, at).await,
        }
    }

    async fn contact(
        &self,
        tx: &mut Tx<'_>,
        mut arguments: Map<String, Value>,
        known_by: Option<ImportMatch>,
        at: Timestamp,
    ) -> Result<Written> {
        let ctx = tx.ctx().clone();
        let (contact, created) = match known_by.filter(|_| self.mode != ImportMode::Create) {
            None => {
                self.require_key("external_id, email, phone or identities")?;
                let args: contacts::Create = read(&ctx, "contacts.create", arguments)?;
                (args.store(tx, at).await?, true)
            }
            Some(known_by) => {
                arguments.insert("match_on".into(), known_by.as_str().into());
                let args: contacts::Upsert = read(&ctx, "contacts.upsert", arguments)?;
                let stored = args.store(tx, at).await?;
                (stored.contact, stored.created)
            }
        };
        self.written(&contact, created)
    }

    async fn company(
        &self,
        tx: &mut Tx<'_>,
        mut arguments: Map<String, Value>,
        known_by: Option<ImportMatch>,
        at: Timestamp,
    ) -> Result<Written> {
        let ctx = tx.ctx().clone();
        let (company, created) = match known_by.filter(|_| self.mode != ImportMode::Create) {
            None => {
                self.require_key("external_id or domains")?;
                let args: companies::Create = read(&ctx, "companies.create", arguments)?;
                (args.store(tx, at).await?, true)
            }
            Some(known_by) => {
                arguments.insert("match_on".into(), known_by.as_str().into());
                let args: companies::Upsert = read(&ctx, "companies.upsert", arguments)?;
                let stored = args.store(tx, at).await?;
                (stored.company, stored.created)
            }
        };
        self.written(&company, created)
    }

    async fn conversation(&self, tx: &mut Tx<'_>, mut arguments: Map<String, Value>, at: Timestamp) -> Result<Written> {
        let (ctx, now, space) = (tx.ctx().clone(), tx.now(), tx.space());
        let closed_at = instant(&mut arguments, "closed_at", now)?;
        if closed_at.is_some_and(|closed_at| closed_at < at) {
            return Err(Error::argument("/closed_at", "too_small", "this is before created_at"));
        }
        let external_id =
            arguments.get("external_id").and_then(Value::as_str).filter(|_| self.mode != ImportMode::Create);
        let known = match external_id {
            Some(external_id) => conversations::store::by_external_id(tx, space, external_id).await?,
            None => None,
        };
        let Some(id) = known else {
            self.require_key("external_id")?;
            if self.mode == ImportMode::Update {
                return Err(Error::not_found::<conversations::Conversation>());
            }
            let args: conversations::Create = read(&ctx, "conversations.create", arguments)?;
            args.check()?;
            let conversation = args.store(tx, Some(at)).await?;
            if let Some(closed_at) = closed_at {
                conversations::close_imported(tx, &conversation, closed_at).await?;
            }
            return self.written(&conversation, true);
        };
        let update = fields::method(&ctx, "conversations.update")?.arguments()["properties"].clone();
        arguments.retain(|name, _| update.get(name).is_some());
        arguments.insert("id".into(), json!(id));
        let args: conversations::Update = read(&ctx, "conversations.update", arguments)?;
        let before = conversations::store::target(tx, id).await?;
        let conversation = args.put_into(tx, before).await?;
        self.written(&conversation, false)
    }

    async fn message(&self, tx: &mut Tx<'_>, mut arguments: Map<String, Value>) -> Result<Written> {
        let ctx = tx.ctx().clone();
        if !self.preserve_timestamps {
            arguments.insert(CREATED_AT.into(), json!(tx.now()));
        }
        if arguments.get(CREATED_AT).is_none_or(Value::is_null) {
            let message = "missing required field: created_at, when the message was written";
            return Err(Error::argument("/created_at", "required", message));
        }
        let args: messages::Create = read(&ctx, "messages.create", arguments)?;
        let (status, visibility) = args.check(&ctx)?;
        let (message, created) = args.store(tx, status, visibility).await?;
        if !created && self.mode == ImportMode::Create {
            let error = Error::new(Code::AlreadyExists, "The conversation has this message already.");
            return Err(error.with("existing_id", message.id.to_string()));
        }
        self.written(&message, created)
    }

    async fn tag(&self, tx: &mut Tx<'_>, arguments: Map<String, Value>, at: Timestamp) -> Result<Written> {
        let ctx = tx.ctx().clone();
        let args: tags::Create = read(&ctx, "tags.create", arguments)?;
        let (tag, created) = match self.mode {
            ImportMode::Create => (args.store(tx, at).await?, true),
            ImportMode::Upsert | ImportMode::Update => args.store_or_update(tx, at).await?,
        };
        self.written(&tag, created)
    }

    /// Refuses a record that nothing can be found by, where something is to be found.
    fn require_key(&self, names: &str) -> Result<()> {
        match self.mode {
            ImportMode::Update => {
                let message = format!("a record needs {names}, by which to find what is to be changed");
                Err(Error::argument("", "required", message))
            }
            ImportMode::Create | ImportMode::Upsert => Ok(()),
        }
    }

    fn written<T: Object>(&self, object: &T, created: bool) -> Result<Written> {
        let outcome = match created {
            true if self.mode == ImportMode::Update => return Err(Error::not_found::<T>()),
            true => Outcome::Created,
            false => Outcome::Updated,
        };
        Ok(Written { id: object.id(), version: object.version(), outcome })
    }
}

/// The arguments of a method, with everything that is wrong with them.
fn read<A: serde::de::DeserializeOwned>(ctx: &Context, method: &str, arguments: Map<String, Value>) -> Result<A> {
    Ok(args::read(fields::method(ctx, method)?, Input::Object(arguments))?.0)
}

/// Takes an instant out of a record; it must not lie in the future.
fn instant(arguments: &mut Map<String, Value>, name: &str, now: Timestamp) -> Result<Option<Timestamp>> {
    let pointer = format!("/{name}");
    match arguments.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let at: Timestamp = text.trim().parse().map_err(|why| Error::argument(&pointer, "format", why))?;
            match at > now {
                true => Err(Error::argument(pointer, "too_large", "must not lie in the future")),
                false => Ok(Some(at)),
            }
        }
        Some(_) => Err(Error::argument(pointer, "wrong_type", "expected string")),
    }
}

/// What is needed to take back what an import created.
#[derive(Serialize, Deserialize)]
pub struct Undo {
    pub object: ImportObject,
    pub is_silent: bool,
}

/// Deletes what an import created, if it is what it was then, and nothing has come to belong to it.
pub async fn take_back(tx: &mut Tx<'_>, object: ImportObject, done: &Done) -> Result<()> {
    let id = done.object_id;
    let same = |version: Option<i64>| match version == done.version {
        true => Ok(()),
        false => Err(Error::new(Code::VersionConflict, "It was changed since.")),
    };
    let unused = |count: i32| match count {
        0 => Ok(()),
        _ => Err(Error::new(Code::VersionConflict, "Something belongs to it by now.")),
    };
    match object {
        ImportObject::Contact => {
            let contact = contacts::store::target_to_delete(tx, id).await?;
            same(contact.version())?;
            unused(contact.conversation_count)?;
            contacts::remove(tx, &contact).await
        }
        ImportObject::Company => {
            companies::remove(tx, id, |company| {
                same(company.version())?;
                unused(company.contact_count)
            })
            .await
        }
        ImportObject::Conversation => {
            let conversation = conversations::store::target(tx, id).await?;
            same(conversation.version())?;
            unused(conversation.message_count)?;
            conversations::store::delete(tx, conversation).await
        }
        ImportObject::Message => {
            let (conversation, message) = messages::store::target(tx, id).await?;
            same(message.version())?;
            messages::remove(tx, &conversation, &message).await?;
            let space = tx.space();
            let left = conversations::store::find(tx, space, conversation.id).await?;
            // What began with imported messages, and was never touched, goes with the last of them.
            match left.filter(|left| left.message_count == 0 && left.details.is_imported && left.version == 1) {
                Some(empty) => conversations::store::delete(tx, empty).await,
                None => Ok(()),
            }
        }
        ImportObject::Tag => {
            let tag = tags::store::by_id(tx, id).await?.ok_or_else(Error::not_found::<tags::Tag>)?;
            let uses: i64 = tag.usage.values().sum();
            unused(i32::try_from(uses).unwrap_or(i32::MAX))?;
            tags::store::delete(tx, &tag).await
        }
    }
}
