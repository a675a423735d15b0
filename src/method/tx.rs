//! The write transaction of a call, with what is stored at its end: events, audit entry, idempotency record.

use std::ops::{Deref, DerefMut};

use crate::db::prelude::*;
use futures_util::future::{try_join, try_join_all};
use serde::Serialize;
use serde_json::{Map, Value};

use super::caller::Credential;
use super::codes::Code;
use super::context::Context;
use super::error::{Error, FieldError, Result};
use super::idempotency;
use super::object::Object;
use crate::db::{Ambient, Backend, Conn, Id, Mark, Timestamp, Transaction};
use crate::run;
use crate::schema::{audit_entries, custom_fields, outbox};

/// What stands in the audit log for a value that is kept out of it.
const HIDDEN: &str = "[hidden]";

/// A write transaction; a connection to those who only query.
pub struct Tx<'a> {
    transaction: &'a mut Transaction,
    ctx: Context,
    now: Timestamp,
    events: Vec<Event>,
    /// At which of the events the parts begin that count as writes of their own: see [`Tx::begin_part`].
    parts: Vec<usize>,
    /// Whether nothing is announced.
    is_silent: bool,
    /// How many changes there were, announced or not.
    changes: usize,
}

/// Where a part of a transaction begins: see [`Tx::begin_part`].
pub struct Part {
    mark: Mark,
    event: usize,
}

/// A change, as everybody who reacts to it will read it once it has its place in the feed.
#[derive(Insertable)]
#[diesel(table_name = outbox)]
struct Event {
    organization_id: Id,
    id: Id,
    type_: &'static str,
    object_type: &'static str,
    object_id: Id,
    data: String,
    previous: Option<String>,
    version: Option<i64>,
    actor: String,
    request_id: String,
    is_test: bool,
    created_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = audit_entries)]
struct AuditEntry<'a> {
    organization_id: Id,
    id: Id,
    at: Timestamp,
    actor: &'a str,
    impersonator_id: Option<Id>,
    api_key_id: Option<Id>,
    ip: Option<String>,
    method: &'a str,
    target_type: &'a str,
    target_id: Id,
    changes: &'a str,
    request_id: &'a str,
}

impl<'a> Tx<'a> {
    pub(super) fn new(transaction: &'a mut Transaction, ctx: Context) -> Self {
        let now = ctx.now();
        Self { transaction, ctx, now, events: Vec::new(), parts: Vec::new(), is_silent: false, changes: 0 }
    }

    /// The call this transaction belongs to.
    pub fn ctx(&self) -> &Context {
        &self.ctx
    }

    /// The caller's organization.
    pub fn organization(&self) -> Id {
        self.ctx.organization()
    }

    /// Where the caller's objects are, other than those of the account: see [`super::Caller::space`].
    pub fn space(&self) -> Id {
        self.ctx.space()
    }

    /// The instant that everything in this transaction happens at.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id.
    pub fn new_id(&self) -> Id {
        self.ctx.app().new_id()
    }

    /// A new id of something that came to be at `at`.
    pub fn new_id_at(&self, at: Timestamp) -> Id {
        self.ctx.app().new_id_at(at)
    }

    /// Calls `hook` once this is committed, even if the caller has gone away by then.
    pub fn after_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.transaction.after_commit(hook);
    }

    /// Begins a part that can fail alone, as one of many objects in a job. It ends with [`Tx::end_part`].
    pub async fn begin_part(&mut self) -> Result<Part> {
        Ok(Part { mark: self.transaction.mark().await?, event: self.events.len() })
    }

    /// Ends a part: keeps what was done, or takes it back if it failed or is not wanted. What is kept is audited like a write of its
    /// own. The error outside is one that the whole transaction cannot go on after: it has to run again, or later.
    pub async fn end_part<T>(&mut self, part: Part, outcome: Result<T>, keep: bool) -> Result<Result<T>> {
        let outcome = match outcome {
            Err(error) if error.is_passing() => return Err(error),
            outcome => outcome,
        };
        if outcome.is_ok() && keep {
            // What was audited part by part is not audited as a whole too.
            if part.event < self.events.len() && self.parts.last().is_none_or(|last| *last < part.event) {
                self.parts.push(part.event);
            }
        } else {
            self.transaction.back_to(&part.mark).await?;
            self.events.truncate(part.event);
            self.parts.retain(|at| *at < part.event);
        }
        self.transaction.release(part.mark).await?;
        Ok(outcome)
    }

    /// The old values of an object's fields that changed since the part began.
    pub fn previous(&self, part: &Part, object: Id) -> Result<Map<String, Value>> {
        let mut all = Map::new();
        for event in self.events.iter().skip(part.event).filter(|event| event.object_id == object) {
            let Some(previous) = &event.previous else { continue };
            let fields: Map<String, Value> = serde_json::from_str(previous)?;
            for (name, value) in fields {
                // Of several changes the first one knows what was before.
                all.entry(name).or_insert(value);
            }
        }
        Ok(all)
    }

    /// Opens this transaction to calls that know nothing of each other, until `work` is done.
    pub async fn open_around<T>(&mut self, work: impl AsyncFnOnce(&Ambient) -> T) -> T {
        Ambient::around(self.transaction, work).await
    }

    /// The object that the call is about, as it was found: not there is 404, another version than the caller expects is 409 or
    /// 412, and a read-only field sent back changed is an error of that argument.
    pub fn target<T: Object>(&self, found: Option<T>) -> Result<T> {
        let object = found.ok_or_else(Error::not_found::<T>)?;
        let options = self.ctx.options();
        if options.if_version.is_some() && object.version().is_none() {
            let message = format!("a {} has no versions", T::TYPE.replace('_', " "));
            return Err(Error::argument("/if_version", "unknown_field", message));
        }
        if let (Some(expected), Some(current)) = (options.if_version, object.version())
            && expected != current
        {
            let name = capital(T::TYPE);
            let error = Error::new(
                Code::VersionConflict,
                format!("{name} changed: you have version {expected}, current is {current}."),
            )
            .with("current_version", current)
            .with("current", serde_json::to_value(&object)?);
            return Err(if options.is_precondition { error.as_precondition() } else { error });
        }
        if !options.echoes.is_empty() {
            let current = serde_json::to_value(&object)?;
            let changed: Vec<FieldError> = options
                .echoes
                .iter()
                .filter(|(name, sent)| current.get(name.as_str()) != Some(sent))
                .map(|(name, _)| FieldError::new(format!("/{name}"), "read_only", format!("{name} is read-only")))
                .collect();
            if !changed.is_empty() {
                return Err(Error::arguments(self.ctx.method(), changed));
            }
        }
        Ok(object)
    }

    /// Has what is done from now on announced, or not: what was brought in from elsewhere happened there, and long ago.
    pub fn announce(&mut self, is_announced: bool) {
        self.is_silent = !is_announced;
    }

    /// How many changes there were so far, announced or not: as many before as after some work means that it changed nothing.
    pub fn change_count(&self) -> usize {
        self.changes
    }

    /// Announces that `object` is as it is now: created, deleted, or changed in a way that has no "before".
    pub fn emit<T: Object>(&mut self, event: &'static str, object: &T) -> Result<()> {
        self.push(event, object, None)
    }

    /// Announces that `before` has become `after`.
    pub fn emit_change<T: Object>(&mut self, event: &'static str, before: &T, after: &T) -> Result<()> {
        let (old, new) = (serde_json::to_value(before)?, serde_json::to_value(after)?);
        self.push(event, after, Some(changed_fields(&old, &new)))
    }

    fn push<T: Object>(&mut self, event: &'static str, object: &T, previous: Option<Map<String, Value>>) -> Result<()> {
        self.changes += 1;
        if self.is_silent {
            return Ok(());
        }
        let caller = self.ctx.caller()?;
        let event = Event {
            organization_id: caller.space(),
            id: self.new_id(),
            type_: event,
            object_type: T::TYPE,
            object_id: object.id(),
            data: serde_json::to_string(object)?,
            previous: previous.map(|fields| serde_json::to_string(&fields)).transpose()?,
            version: object.version(),
            actor: serde_json::to_string(&caller.actor)?,
            request_id: self.ctx.request().id.clone(),
            is_test: caller.is_test,
            created_at: self.now,
        };
        self.events.push(event);
        Ok(())
    }

    /// Stores what belongs to the change, as the last thing before the commit.
    pub(super) async fn finish<T: Serialize>(&mut self, answer: &T) -> Result<()> {
        idempotency::finish(self, answer).await?;
        let events = std::mem::take(&mut self.events);
        if events.is_empty() {
            return Ok(());
        }
        let ctx = self.ctx.clone();
        let parts = std::mem::take(&mut self.parts);
        let audited: Vec<&Event> = match parts.is_empty() {
            true => events.iter().take(1).collect(),
            false => parts.into_iter().filter_map(|at| events.get(at)).collect(),
        };
        let mut changes = Vec::with_capacity(audited.len());
        for event in &audited {
            changes.push(self.changes(event).await?);
        }
        let entries = audited.iter().zip(&changes).map(|(event, changes)| self.audit_entry(&ctx, event, changes));
        let entries: Vec<AuditEntry<'_>> = entries.collect::<Result<_>>()?;
        store(self, &entries, &events).await?;
        let app = ctx.app().clone();
        self.after_commit(move || app.signals().outbox.notify_one());
        Ok(())
    }

    /// What the audit log keeps of a change: the old values, but not those of custom fields that are sensitive.
    async fn changes(&mut self, event: &Event) -> Result<String> {
        let Some(previous) = &event.previous else { return Ok("{}".into()) };
        if !previous.contains(r#""custom_fields":"#) {
            return Ok(previous.clone());
        }
        let space = self.space();
        let sensitive: Vec<String> = run!(self, |c| custom_fields::table
            .filter(custom_fields::organization_id.eq(space).and(custom_fields::object.eq(event.object_type)))
            .filter(custom_fields::is_sensitive)
            .select(custom_fields::name)
            .load(c))?;
        let mut fields: Map<String, Value> = serde_json::from_str(previous)?;
        if let Some(Value::Object(values)) = fields.get_mut("custom_fields") {
            values
                .iter_mut()
                .filter(|(name, _)| sensitive.contains(name))
                .for_each(|(_, value)| *value = HIDDEN.into());
        }
        Ok(serde_json::to_string(&fields)?)
    }

    fn audit_entry<'e>(&self, ctx: &'e Context, event: &'e Event, changes: &'e str) -> Result<AuditEntry<'e>> {
        let caller = ctx.caller()?;
        Ok(AuditEntry {
            organization_id: caller.organization,
            id: self.new_id(),
            at: self.now,
            actor: &event.actor,
            impersonator_id: match caller.credential {
                Credential::Session { impersonator } => impersonator,
                _ => None,
            },
            api_key_id: matches!(caller.credential, Credential::ApiKey(_)).then_some(caller.credential_id),
            ip: ctx.request().ip.map(|ip| ip.to_string()),
            method: ctx.method(),
            target_type: event.object_type,
            target_id: event.object_id,
            changes,
            request_id: &event.request_id,
        })
    }
}

/// Stores the audit entries and the events. PostgreSQL gets them together and answers them together: one wait in place of many.
async fn store(conn: &mut Conn, entries: &[AuditEntry<'_>], events: &[Event]) -> diesel::QueryResult<()> {
    match conn.backend() {
        Backend::Sqlite(mut conn) => {
            use diesel::RunQueryDsl as _;
            let conn = &mut *conn;
            entries.iter().try_for_each(|entry| {
                diesel::insert_into(audit_entries::table).values(entry).execute(conn).map(|_| ())
            })?;
            events
                .iter()
                .try_for_each(|event| diesel::insert_into(outbox::table).values(event).execute(conn).map(|_| ()))
        }
        Backend::Postgres(conn) => {
            use diesel_async::RunQueryDsl as _;
            let entries = entries.iter().map(|entry| async move {
                let mut conn = conn;
                diesel::insert_into(audit_entries::table).values(entry).execute(&mut conn).await
            });
            let events = events.iter().map(|event| async move {
                let mut conn = conn;
                diesel::insert_into(outbox::table).values(event).execute(&mut conn).await
            });
            try_join(try_join_all(entries), try_join_all(events)).await.map(|_| ())
        }
    }
}

impl Deref for Tx<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.transaction
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.transaction
    }
}

/// The old values of the fields that differ; what every change touches is left out.
fn changed_fields(old: &Value, new: &Value) -> Map<String, Value> {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return Map::new() };
    old.iter()
        .filter(|(name, value)| !matches!(name.as_str(), "version" | "updated_at") && new.get(*name) != Some(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase()).into_iter();
    first.chain(chars.map(|c| if c == '_' { ' ' } else { c })).collect()
}
