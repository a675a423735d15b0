//! What a webhook wants: which types of events, and of which objects.

use serde_json::Value;

use super::catalogue::Catalogue;
use super::model::{WebhookQuery, WebhookRow};
use crate::db::{Id, Timestamp};
use crate::events::pattern::any_matches;
use crate::events::{Pattern, StoredEvent};
use crate::method::{Code, Context, Error, FieldError, Result, ScopeSet};
use crate::query::{Asker, Checked, Facts, Table};
use crate::resources::crm::{companies, contacts};
use crate::resources::inbox::conversations;
use crate::resources::integrations::events::sight;

/// An object that queries can be asked of.
struct Asked {
    /// Its word in events.
    object: &'static str,
    /// The field of the webhook's `query`.
    name: &'static str,
    table: &'static Table,
    query: fn(&WebhookQuery) -> Option<&str>,
}

static ASKED: [Asked; 3] = [
    Asked {
        object: "conversation",
        name: "conversations",
        table: &conversations::FIELDS,
        query: |query| query.conversations.as_deref(),
    },
    Asked { object: "contact", name: "contacts", table: &contacts::FIELDS, query: |query| query.contacts.as_deref() },
    Asked {
        object: "company",
        name: "companies",
        table: &companies::FIELDS,
        query: |query| query.companies.as_deref(),
    },
];

/// Whoever asks: nobody, for a webhook belongs to no user.
fn asker(space: Id, now: Timestamp) -> Asker {
    Asker { now, space, organization: space, user: None, teams: None, scopes: ScopeSet::ALL }
}

/// Refuses types that there are not, and queries that are not understood or ask for what events do not tell. What the webhook has
/// already is not looked at again.
pub fn check(ctx: &Context, catalogue: &Catalogue, before: Option<&WebhookRow>, after: &WebhookRow) -> Result<()> {
    let known = |pattern: &str| before.is_some_and(|before| before.events.iter().any(|known| known == pattern));
    let wrong: Vec<FieldError> = after
        .events
        .iter()
        .enumerate()
        .filter(|(_, text)| !known(text) && !is_known(catalogue, text))
        .map(|(index, text)| catalogue.unknown(format!("/events/{index}"), text))
        .collect();
    if !wrong.is_empty() {
        return Err(Error::arguments(ctx.method(), wrong));
    }
    let wrong: Vec<FieldError> = ASKED
        .iter()
        .filter(|asked| (asked.query)(&after.query) != before.and_then(|before| (asked.query)(&before.query)))
        .filter_map(|asked| problem(ctx, catalogue, asked, (asked.query)(&after.query)?))
        .collect();
    match wrong.first() {
        None => Ok(()),
        Some(first) => {
            let message = format!("The query is not understood: {}", first.message);
            Err(Error::of_fields(Code::InvalidQuery, message, wrong))
        }
    }
}

/// Refuses a webhook that would send what the caller may not read: nobody gets events by having them sent elsewhere.
pub fn require_readable(ctx: &Context, catalogue: &Catalogue, row: &WebhookRow) -> Result<()> {
    let held = ctx.caller()?.scopes;
    let patterns = patterns(row);
    let sent = catalogue.types().iter().filter(|kind| any_matches(&patterns, &kind.kind));
    match sent.map(|kind| (kind, sight::needed(&kind.kind))).find(|(_, needed)| !held.has(*needed)) {
        None => Ok(()),
        Some((kind, needed)) => {
            let message =
                format!("The webhook would send {}, and to read that the scope {needed} is needed.", kind.kind);
            Err(Error::new(Code::MissingScope, message)
                .with("needed", needed.to_string())
                .with("provided", held.words().join(",")))
        }
    }
}

fn patterns(row: &WebhookRow) -> Vec<Pattern> {
    row.events.iter().filter_map(|text| Pattern::parse(text)).collect()
}

fn is_known(catalogue: &Catalogue, text: &str) -> bool {
    Pattern::parse(text).is_some_and(|pattern| catalogue.types().iter().any(|kind| pattern.matches(&kind.kind)))
}

fn problem(ctx: &Context, catalogue: &Catalogue, asked: &Asked, text: &str) -> Option<FieldError> {
    let pointer = format!("/query/{}", asked.name);
    let checked = match asked.table.check(text, &asker(ctx.space(), ctx.now())) {
        Ok(checked) => checked,
        Err(error) => return Some(error.at(pointer)),
    };
    let sample = catalogue.sample_object(&format!("{}.created", asked.object));
    let untold = asked.table.untold(&checked, &Facts::of(asked.table, &sample)).next()?.to_owned();
    let message = format!("events do not tell the {untold} of a {}, so a webhook cannot ask for it", asked.object);
    Some(FieldError::new(pointer, "invalid_query", message))
}

/// Whether an event is about something that somebody keeps for themselves: a private view.
fn is_private(event: &StoredEvent) -> bool {
    event.object_type == "view"
        && serde_json::from_str::<Value>(&event.data).is_ok_and(|view| view["visibility"] == "private")
}

/// What a webhook wants, ready to be asked.
pub struct Wants {
    /// The webhook.
    pub webhook: Id,
    patterns: Vec<Pattern>,
    queries: Vec<(&'static Asked, Option<Checked>)>,
}

impl Wants {
    /// What a webhook wants at `now`.
    pub fn of(row: &WebhookRow, now: Timestamp) -> Self {
        let asker = asker(row.organization_id, now);
        let query = |asked: &'static Asked| {
            let text = (asked.query)(&row.query)?;
            // A query that is not understood any more lets nothing through.
            Some((asked, asked.table.check(text, &asker).ok()))
        };
        Self { webhook: row.id, patterns: patterns(row), queries: ASKED.iter().filter_map(query).collect() }
    }

    /// Whether it wants an event.
    pub fn wants(&self, event: &StoredEvent) -> bool {
        if !any_matches(&self.patterns, &event.type_) || is_private(event) {
            return false;
        }
        match self.queries.iter().find(|(asked, _)| asked.object == event.object_type) {
            None => true,
            Some((_, None)) => false,
            Some((asked, Some(query))) => {
                serde_json::from_str(&event.data).is_ok_and(|data| query.matches(&Facts::of(asked.table, &data)))
            }
        }
    }
}
