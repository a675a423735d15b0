//! Events, as callers see them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::db::{Id, Timestamp};
use crate::events::store::public_id;
use crate::method::{Actor, Output, formats};

/// Something that happened: a change that was committed.
///
/// The same event looks the same, to the byte, wherever it is read: in `events.list`, in the stream, at a webhook.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// The event's id: `evt_` and 32 hexadecimal digits. The same event always has the same id, however often it arrives.
    pub id: String,
    /// Its place in the feed: events are numbered 1, 2, 3 … in the order in which they were committed.
    pub seq: i64,
    /// What happened, such as `team.updated`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The whole object after the change. Where a change took the object out of the reader's sight: only its `id`, and
    /// `out_of_sight`.
    pub data: Map<String, Value>,
    /// The old values of the fields that changed; null where nothing was there before.
    pub previous: Option<Map<String, Value>>,
    /// The object's version after the change: drop an event whose version is not above the one you have.
    pub version: Option<i64>,
    /// Who did it.
    pub actor: Actor,
    /// The object that it happened to.
    pub object: ObjectRef,
    /// The request that did it.
    pub request_id: String,
    /// True for what was done in test mode; otherwise it is not there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
}

impl Output for Event {}

/// An object, by its type and id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectRef {
    /// The type, such as `team`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The id.
    pub id: Id,
}

/// An event as the bytes that every transport carries.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Envelope(Box<RawValue>);

impl Envelope {
    /// Takes the JSON of an event.
    pub fn new(json: String) -> serde_json::Result<Self> {
        RawValue::from_string(json).map(Self)
    }
}

impl JsonSchema for Envelope {
    fn schema_name() -> Cow<'static, str> {
        Event::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        Event::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Event::json_schema(generator)
    }
}

impl Output for Envelope {}

/// A part of the feed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Batch {
    /// The events, in the order of their `seq`. What the caller may not see or did not ask for is left out.
    pub data: Vec<Envelope>,
    /// Where to go on: send it as `after`. It is never null, for a feed has no end; keep it, also when `data` is empty.
    pub next_cursor: String,
    /// The place of the oldest event that is kept.
    pub oldest_sequence: i64,
}

impl Output for Batch {}

/// How far the feed goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latest {
    /// The place of the newest event; 0 if nothing has happened yet. Send it as `after` to read what comes next.
    pub sequence: i64,
    /// The place of the oldest event that is kept.
    pub oldest_sequence: i64,
}

impl Output for Latest {}

/// The id of an event, with or without `evt_` and hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId(pub Id);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&public_id(self.0))
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        formats::event_id(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for EventId {
    fn schema_name() -> Cow<'static, str> {
        "EventId".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "event-id" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_ids_are_read_as_they_are_written() {
        let id: Id = "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6".parse().unwrap();
        assert_eq!(EventId(id).to_string(), "evt_0193f3a1b2c37d4e8f90a1b2c3d4e5f6");
        for text in ["evt_0193f3a1b2c37d4e8f90a1b2c3d4e5f6", "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"] {
            assert_eq!(formats::event_id(text), Ok(id), "{text}");
        }
        for text in
            ["", "evt_", "evt_0193f3a1b2c37d4e8f90a1b2c3d4e5f", "evt_0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6", "évt_é"]
        {
            assert!(formats::event_id(text).is_err(), "{text}");
        }
    }
}
