//! The types of events there are, with what they carry.

use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::sample;
use crate::db::{Id, Timestamp};
use crate::events::StoredEvent;
use crate::method::openapi::OF_THE_SERVER;
use crate::method::{Described, FieldError, Registry, suggest};

/// What a new webhook gets, to see whether it answers.
pub const PING: &str = "webhook.ping";
/// What the server does by itself, without a call.
pub const DISABLED: &str = "webhook.disabled";

/// A type of events.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EventType {
    /// The type, such as `team.updated`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happens.
    pub description: String,
    /// The JSON Schema of such events.
    pub schema: Value,
    /// An event of this type.
    pub sample: Value,
}

/// All types of events.
pub struct Catalogue {
    types: Vec<EventType>,
}

impl Catalogue {
    /// All types of events that the methods of a registry cause, and the server itself.
    pub fn of(registry: &Registry) -> &'static Self {
        // The methods are the same for as long as the process runs.
        static ALL: OnceLock<Catalogue> = OnceLock::new();
        ALL.get_or_init(|| Self::new(registry))
    }

    fn new(registry: &Registry) -> Self {
        let mut causes: Vec<(&str, Vec<&str>)> = OF_THE_SERVER.iter().map(|(kind, _)| (*kind, Vec::new())).collect();
        for method in registry.methods() {
            for kind in method.entry.events {
                match causes.iter_mut().find(|(known, _)| known == kind) {
                    Some((_, methods)) => methods.push(method.name()),
                    None => causes.push((kind, vec![method.name()])),
                }
            }
        }
        causes.sort_unstable();
        let types = causes.into_iter().map(|(kind, methods)| {
            let object = object_schema(registry, kind, &methods);
            let schema = envelope_schema(kind, object);
            let description = match OF_THE_SERVER.iter().find(|(known, _)| *known == kind) {
                Some((_, description)) => (*description).to_owned(),
                None => describe(kind, &methods),
            };
            EventType { kind: kind.to_owned(), description, sample: sample_of(&schema), schema }
        });
        Self { types: types.collect() }
    }

    /// Every type.
    pub fn types(&self) -> &[EventType] {
        &self.types
    }

    /// The type with this name.
    pub fn find(&self, kind: &str) -> Option<&EventType> {
        self.types.iter().find(|known| known.kind == kind)
    }

    /// What an object is in a sample: every field there.
    pub fn sample_object(&self, kind: &str) -> Value {
        self.find(kind).map(|kind| kind.sample["data"].clone()).unwrap_or_default()
    }

    /// The error of an argument that names no type.
    pub fn unknown(&self, pointer: String, kind: &str) -> FieldError {
        let near = suggest::nearest(kind, self.types.iter().map(|known| known.kind.as_str()));
        let message = match near.first() {
            Some(best) => format!("there are no events '{kind}'; did you mean '{best}'?"),
            None => format!("there are no events '{kind}'; webhooks.listEventTypes lists all"),
        };
        FieldError::new(pointer, "enum", message).with("suggestions", near)
    }

    /// A sample as an event that is in no feed.
    pub fn event(
        &self,
        kind: &str,
        space: Id,
        id: Id,
        at: Timestamp,
        request_id: &str,
        actor: &str,
    ) -> Option<StoredEvent> {
        let found = self.find(kind)?;
        let data = &found.sample["data"];
        let is_test = space.is_twin();
        Some(StoredEvent {
            organization_id: space,
            seq: 0,
            id,
            type_: kind.to_owned(),
            object_type: object_of(kind).to_owned(),
            object_id: data["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or(id),
            data: data.to_string(),
            previous: None,
            version: data["version"].as_i64(),
            actor: actor.to_owned(),
            request_id: request_id.to_owned(),
            is_test,
            created_at: at,
        })
    }
}

/// The object that events of a type are about: `team` of `team.updated`. That of metadata may be several; contacts stand for all.
fn object_of(kind: &str) -> &str {
    match kind.split_once('.').map_or(kind, |(object, _)| object) {
        "metadata" => "contact",
        "csat" => "csat_survey",
        object => object,
    }
}

/// `team.member_added` as `Team member added. Caused by teams.addMember.`
fn describe(kind: &str, methods: &[&str]) -> String {
    let words = kind.replace(['.', '_'], " ");
    let mut chars = words.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}. Caused by {}.", chars.as_str(), methods.join(", "))
}

/// The schema of an object: that of what `info` of its resource answers, or else of an item of its list.
fn object_schema(registry: &Registry, kind: &str, methods: &[&str]) -> Value {
    let object = object_of(kind);
    let resource = resource_of(object);
    let result = |name: &str| registry.find(name).ok().map(|method| method.result().clone());
    let is_object = |schema: &Value| schema["properties"]["id"].is_object() && schema["properties"]["data"].is_null();
    let of_list = |method: &Arc<Described>| {
        let schema = method.result();
        let item = &schema["properties"]["data"]["items"];
        let item = match item["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
            Some(path) => schema.pointer(path).unwrap_or(item),
            None => item,
        };
        let mut item = item.clone();
        if item.is_object() && !schema["$defs"].is_null() {
            item["$defs"] = schema["$defs"].clone();
        }
        item
    };
    let list = match object {
        "secret" => "organizations.listSecrets".to_owned(),
        "session" => "auth.listSessions".to_owned(),
        _ => format!("{resource}.list"),
    };
    result(&format!("{resource}.info"))
        .filter(is_object)
        .or_else(|| registry.find(&list).ok().map(of_list).filter(Value::is_object))
        .or_else(|| methods.iter().filter_map(|name| result(name)).find(Value::is_object))
        .unwrap_or_else(|| json!({ "type": "object" }))
}

/// The resource of an object: `customFields` of `custom_field`.
fn resource_of(object: &str) -> String {
    let mut words = object.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut chars = word.chars();
        name.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(chars.as_str());
    }
    match name.as_str() {
        "csatSurvey" => "csat".into(),
        _ => match name.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
            _ => format!("{name}s"),
        },
    }
}

/// The schema of an event whose `data` is an object of this schema.
fn envelope_schema(kind: &str, mut object: Value) -> Value {
    let definitions = object.as_object_mut().and_then(|object| object.shift_remove("$defs"));
    let mut schema = json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "description": "The event's id, the same however often it is sent." },
            "seq": { "type": "integer", "description": "Its place in the feed; 0 for a sample, which is in none." },
            "type": { "const": kind, "description": "What happened." },
            "timestamp": { "type": "string", "format": "date-time", "description": "When." },
            "data": object,
            "previous": { "type": ["object", "null"], "description": "The old values of what changed." },
            "version": { "type": ["integer", "null"], "description": "The object's version after the change." },
            "actor": {
                "type": "object",
                "description": "Who did it.",
                "properties": {
                    "type": { "type": "string", "enum": ["user", "api_key", "contact", "system"] },
                    "id": { "type": "string", "format": "uuid" },
                    "name": { "type": "string" },
                },
                "required": ["type", "id", "name"],
            },
            "object": {
                "type": "object",
                "description": "The object that it happened to.",
                "properties": { "type": { "type": "string", "examples": [object_of(kind)] }, "id": { "type": "string", "format": "uuid" } },
                "required": ["type", "id"],
            },
            "request_id": { "type": "string", "description": "The request that did it." },
            "test": { "const": true, "description": "There if it was done in test mode." },
        },
        "required": ["id", "seq", "type", "timestamp", "data", "previous", "version", "actor", "object", "request_id"],
    });
    if let Some(definitions) = definitions {
        schema["$defs"] = definitions;
    }
    schema
}

fn sample_of(schema: &Value) -> Value {
    let mut event = sample::of(schema);
    let object_id = match &event["data"]["id"] {
        Value::Null => event["object"]["id"].clone(),
        id => id.clone(),
    };
    let id = "0193f3a1b2c37d4e8f90a1b2c3d4e5f6";
    for (field, value) in [
        ("id", json!(format!("evt_{id}"))),
        ("seq", json!(0)),
        ("previous", Value::Null),
        ("version", event["data"]["version"].clone()),
        ("request_id", json!(format!("req_{id}"))),
        ("object", json!({ "type": object_of(event["type"].as_str().unwrap_or_default()), "id": object_id })),
    ] {
        event[field] = value;
    }
    if let Some(fields) = event.as_object_mut() {
        fields.shift_remove("test");
    } else {
        event = Value::Object(Map::new());
    }
    event
}
