//! What a batch answers.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::method::Output;

/// The results of a batch, in the order of its calls.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Results {
    /// One result for each call.
    pub results: Vec<CallResult>,
}

impl Output for Results {}

/// What became of one call.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CallResult {
    /// The call's id.
    pub id: String,
    /// The status that the call would have had by itself.
    pub status: u16,
    /// What it would have answered: the result, or `error`. Left out where there is none (204).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
}

/// The body of one call's answer, byte for byte.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Body(pub Box<RawValue>);

impl JsonSchema for Body {
    fn schema_name() -> Cow<'static, str> {
        "BatchBody".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}
