//! Answers that have no end.

use std::fmt;

use futures_util::stream::LocalBoxStream;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::object::Output;

/// Pieces of an answer, as they come.
pub type ByteStream = LocalBoxStream<'static, Vec<u8>>;

/// The answer of a method that goes on answering: server-sent events.
///
/// It is sent as it comes, and never stored, so there is nothing of it to be read back.
#[derive(Serialize, Deserialize)]
pub struct EventStream {
    #[serde(skip)]
    pieces: Option<ByteStream>,
}

impl EventStream {
    /// The answer made of these pieces.
    pub fn new(pieces: ByteStream) -> Self {
        Self { pieces: Some(pieces) }
    }
}

impl Output for EventStream {
    const IS_STREAM: bool = true;

    fn stream(self) -> Option<ByteStream> {
        self.pieces
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStream")
    }
}

impl JsonSchema for EventStream {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventStream".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Server-sent events: each with the event's `seq` as `id`, its type as `event`, and the whole event as `data`."
        })
    }
}
