//! The delivery, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::events::store::public_id;
use crate::query::table::{Field, Table, choice, id, keyword, number, timestamp};
use crate::schema::webhook_deliveries;
use crate::{object, text_enum};

/// How many attempts a delivery keeps; of one that was sent again and again, the latest.
const MOST_ATTEMPTS: usize = 40;

text_enum! {
    /// Where a delivery stands.
    pub enum DeliveryStatus {
        /// Not attempted yet.
        Pending = "pending",
        /// It failed, and is attempted again.
        Retrying = "retrying",
        /// It has arrived.
        Delivered = "delivered",
        /// It failed, and is not attempted again unless you have it sent again.
        Dead = "dead",
        /// It was called off: the webhook was deleted, or resumed without its backlog.
        Canceled = "canceled",
    }
}

/// What queries can ask of deliveries.
pub static DELIVERY_FIELDS: Table = Table::of("webhook_delivery", "webhook_deliveries", DELIVERY);

static DELIVERY: &[Field] = &[
    id("id", "id"),
    keyword("event_type", "event_type").folded(),
    choice("status", "status", DeliveryStatus::WORDS),
    id("object_id", "object_id"),
    number("seq", "seq"),
    number("attempt_count", "attempt_count").always(),
    timestamp("next_attempt_at", "next_attempt_at"),
    timestamp("created_at", "created_at").sortable_by_id(),
];

/// What is stored of a delivery.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhook_deliveries, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct DeliveryRow {
    pub organization_id: Id,
    pub id: Id,
    pub webhook_id: Id,
    pub event_id: Id,
    pub event_type: String,
    /// The event's place in the feed; none for a sample.
    pub seq: Option<i64>,
    pub object_id: Id,
    pub status: DeliveryStatus,
    /// How often it was attempted since it was last begun.
    pub attempt_count: i32,
    pub attempts: Json<Vec<Attempt>>,
    /// When it is attempted; none if it is over, or waits for another one.
    pub next_attempt_at: Option<Timestamp>,
    /// Whether later deliveries about the same object wait for it.
    pub holds_object: bool,
    /// What is sent, where that is in no feed.
    pub payload: Option<String>,
    pub created_at: Timestamp,
}

impl DeliveryRow {
    /// Adds an attempt.
    pub fn note(&mut self, attempt: Attempt) {
        let attempts = &mut self.attempts.0;
        attempts.push(attempt);
        attempts.drain(..attempts.len().saturating_sub(MOST_ATTEMPTS));
    }
}

/// An event on its way to a webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookDelivery {
    /// The delivery's id.
    pub id: Id,
    /// The webhook.
    pub webhook_id: Id,
    /// The event, `evt_` and 32 hexadecimal digits: what is sent as `webhook-id`, however often.
    pub event_id: String,
    /// What happened.
    pub event_type: String,
    /// The event's place in the feed; null for a sample, which is in none.
    pub seq: Option<i64>,
    /// The object that it happened to.
    pub object_id: Id,
    /// Where the delivery stands.
    pub status: DeliveryStatus,
    /// How often it was attempted since it was begun, or last had to be sent again.
    pub attempt_count: i32,
    /// What came of each attempt, oldest first; the latest 40.
    pub attempts: Vec<Attempt>,
    /// When it is attempted next; null if it is over, or waits for an earlier one about the same object.
    pub next_attempt_at: Option<Timestamp>,
    /// What is sent; null in lists, and for callers without the scope to read such events.
    pub payload: Option<Value>,
    /// When it was begun.
    pub created_at: Timestamp,
}

object!(WebhookDelivery, "webhook_delivery", WebhookDeliveryNotFound);

impl From<DeliveryRow> for WebhookDelivery {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: row.id,
            webhook_id: row.webhook_id,
            event_id: public_id(row.event_id),
            event_type: row.event_type,
            seq: row.seq,
            object_id: row.object_id,
            status: row.status,
            attempt_count: row.attempt_count,
            attempts: row.attempts.0,
            next_attempt_at: row.next_attempt_at,
            payload: None,
            created_at: row.created_at,
        }
    }
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// When it was made.
    pub at: Timestamp,
    /// The status that the receiver answered.
    pub status_code: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The first 1,000 characters of what the receiver answered.
    pub response_snippet: Option<String>,
}
