//! Which events are wanted: by their type, and by a query about the object.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::arguments;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::events::{Pattern, StoredEvent, pattern};
use crate::method::{Code, Context, Error, FieldError, List, Name, Registry, Result};
use crate::query::{Asker, Checked, Facts, Predicate, Table};
use crate::resources::crm::{companies, contacts};
use crate::resources::inbox::conversations;
use crate::run;
use crate::schema::conversations as conversations_table;

/// The types of events that are wanted.
pub type Types = List<Pattern, 100>;

arguments! {
    /// Which objects are wanted, by queries: an event about a conversation, or about something in one, must be about one that
    /// `conversations` finds now, or found when the event left it so; events about contacts and companies, about one that was found
    /// when the event left it so. Events about other objects are not affected.
    #[derive(PartialEq)]
    pub struct EventQuery {
        /// Which conversations, such as `source:*sms`.
        pub conversations: Option<Name<2000>>,
        /// Which contacts.
        pub contacts: Option<Name<2000>>,
        /// Which companies.
        pub companies: Option<Name<2000>>,
    }
}

/// What is wanted of the feed.
#[derive(Clone, Default)]
pub struct Filter {
    types: Vec<Pattern>,
    conversations: Option<Checked>,
    contacts: Option<Checked>,
    companies: Option<Checked>,
}

impl Filter {
    /// Reads what is wanted; refuses queries that are not understood.
    pub fn new(types: &[Pattern], query: Option<&EventQuery>, asker: &Asker) -> Result<Self> {
        let mut wrong = Vec::new();
        let mut read = |name: &str, table: &'static Table, text: Option<&str>| -> Option<Checked> {
            table.check(text?, asker).map_err(|error| wrong.push(error.at(format!("/query/{name}")))).ok()
        };
        let text = |field: fn(&EventQuery) -> &Option<Name<2000>>| query.and_then(|query| field(query).as_deref());
        let filter = Self {
            types: types.to_vec(),
            conversations: read("conversations", &conversations::FIELDS, text(|query| &query.conversations)),
            contacts: read("contacts", &contacts::FIELDS, text(|query| &query.contacts)),
            companies: read("companies", &companies::FIELDS, text(|query| &query.companies)),
        };
        match wrong.first() {
            None => Ok(filter),
            Some(first) => {
                let message = format!("The query is not understood: {}", first.message);
                Err(Error::of_fields(Code::InvalidQuery, message, wrong))
            }
        }
    }

    /// Whether events of this type are wanted at all.
    pub fn wants(&self, kind: &str) -> bool {
        pattern::any_matches(&self.types, kind)
    }

    /// Leaves the events that are wanted.
    pub async fn keep(&self, conn: &mut Conn, mut events: Vec<StoredEvent>) -> Result<Vec<StoredEvent>> {
        let is_conversation = |event: &StoredEvent| event.object_type == "conversation";
        events.retain(|event| self.wants(&event.type_) && (is_conversation(event) || self.matches_itself(event)));
        let (Some(query), Some(first)) = (&self.conversations, events.first()) else { return Ok(events) };
        let ids: Vec<Id> = events.iter().filter_map(conversation_of).collect();
        let wanted = among(conn, first.organization_id, &ids, query.predicate()).await?;
        events.retain(|event| match conversation_of(event) {
            None => true,
            Some(id) => wanted.contains(&id) || (is_conversation(event) && self.matches_itself(event)),
        });
        Ok(events)
    }

    /// Whether the object itself, as the change left it, is wanted.
    fn matches_itself(&self, event: &StoredEvent) -> bool {
        let (query, table) = match event.object_type.as_str() {
            "conversation" => (&self.conversations, &conversations::FIELDS),
            "contact" => (&self.contacts, &contacts::FIELDS),
            "company" => (&self.companies, &companies::FIELDS),
            _ => return true,
        };
        let Some(query) = query else { return true };
        serde_json::from_str::<Value>(&event.data).is_ok_and(|data| query.matches(&Facts::of(table, &data)))
    }
}

/// Refuses types that no method ever causes.
pub fn check_types(ctx: &Context, types: &[Pattern]) -> Result<()> {
    let registry: &Arc<Registry> = ctx.service()?;
    let known: HashSet<&str> = registry.methods().iter().flat_map(|method| method.entry.events).copied().collect();
    let unknown = |pattern: &Pattern| !known.iter().any(|kind| pattern.matches(kind));
    let wrong: Vec<FieldError> = types
        .iter()
        .enumerate()
        .filter(|(_, pattern)| unknown(pattern))
        .map(|(at, pattern)| {
            let near = crate::method::suggest::nearest(pattern.as_str(), known.iter().copied());
            let message = format!("no event is of the type {pattern}");
            FieldError::new(format!("/types/{at}"), "unknown_type", message).with("suggestions", near)
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Error::arguments(ctx.method(), wrong)) }
}

/// The conversation that an event is about, or about something in it.
pub fn conversation_of(event: &StoredEvent) -> Option<Id> {
    /// What belongs to a conversation says so.
    #[derive(Deserialize)]
    struct Within {
        conversation_id: Option<Id>,
    }
    match event.object_type.as_str() {
        "conversation" => Some(event.object_id),
        "message" | "csat_survey" => serde_json::from_str::<Within>(&event.data).ok()?.conversation_id,
        _ => None,
    }
}

/// Those of these conversations that pass a condition.
pub async fn among(conn: &mut Conn, space: Id, ids: &[Id], condition: Predicate) -> Result<HashSet<Id>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let found: Vec<Id> = run!(conn, |c| conversations_table::table
        .filter(conversations_table::organization_id.eq(space).and(conversations_table::id.eq_any(ids)))
        .filter(condition.clone())
        .select(conversations_table::id)
        .load(c))?;
    Ok(found.into_iter().collect())
}
