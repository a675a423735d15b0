//! What the server sends by itself: every type of event, as it comes to a webhook.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::tags::{is_plural, snake};
use super::{COMPONENTS, Schemas};
use crate::method::registry::Registry;

/// Events that no call causes, and when they are sent.
pub const OF_THE_SERVER: &[(&str, &str)] = &[
    ("webhook.ping", "Sent to a new webhook, to see whether it answers."),
    ("webhook.disabled", "A webhook was disabled, because its receiver is gone or failed for three days."),
];

/// The component that every event is one of.
const EVENT: &str = "Event";

/// The webhooks of a document, by the types of their events.
pub(super) fn webhooks(registry: &Registry, schemas: &Schemas) -> Value {
    let mut causes: BTreeMap<&str, Vec<&str>> = OF_THE_SERVER.iter().map(|(kind, _)| (*kind, Vec::new())).collect();
    for method in registry.methods() {
        for kind in method.entry.events {
            causes.entry(kind).or_default().push(method.name());
        }
    }
    let all: Map<String, Value> =
        causes.into_iter().map(|(kind, methods)| (kind.to_owned(), webhook(kind, &methods, schemas))).collect();
    Value::Object(all)
}

fn webhook(kind: &str, methods: &[&str], schemas: &Schemas) -> Value {
    let when = match OF_THE_SERVER.iter().find(|(known, _)| *known == kind) {
        Some((_, when)) => (*when).to_owned(),
        None => format!("Caused by {}.", methods.join(", ")),
    };
    let mut narrowed = json!({ "type": "object", "properties": { "type": { "const": kind } } });
    if let Some(component) = component_of(kind, schemas) {
        narrowed["properties"]["data"] = json!({ "$ref": format!("#{COMPONENTS}/{component}") });
    }
    let event = json!({ "$ref": format!("#{COMPONENTS}/{EVENT}") });
    let header = |name: &str| json!({ "$ref": format!("#/components/parameters/{name}") });
    json!({
        "post": {
            "operationId": format!("on_{}", kind.replace('.', "_")),
            "tags": ["webhooks"],
            "summary": kind,
            "description": when,
            "security": [],
            "parameters": [header("WebhookId"), header("WebhookTimestamp"), header("WebhookSignature")],
            "requestBody": {
                "required": true,
                "content": { "application/json": { "schema": { "allOf": [event, narrowed] } } },
            },
            "responses": {
                "2XX": { "description": "Received. Answer within 15 seconds; what is to be done can be done later." },
                "410": { "description": "Nobody listens here any more: the webhook is disabled." },
                "default": { "description": "Not received: it is sent again, ten times over three days." },
            },
        }
    })
}

/// The shared schema of the object that events of a type are about, if it has one.
fn component_of<'a>(kind: &str, schemas: &'a Schemas) -> Option<&'a str> {
    let object = kind.split_once('.')?.0;
    let found = schemas.objects.iter().find(|(of, component)| is_plural(of, object) && snake(component) == object);
    found.map(|(_, component)| component.as_str())
}

/// The headers that sign a webhook (Standard Webhooks).
pub(super) fn parameters() -> [(&'static str, Value); 3] {
    let header = |name: &str, description: &str| json!({ "name": name, "in": "header", "required": true, "schema": { "type": "string" }, "description": description });
    [
        ("WebhookId", header("webhook-id", "The event's id; the same whenever it is sent again.")),
        (
            "WebhookTimestamp",
            header(
                "webhook-timestamp",
                "When it was sent, in seconds since 1970. Refuse what is older than five minutes.",
            ),
        ),
        (
            "WebhookSignature",
            header(
                "webhook-signature",
                "`v1,` and the signature of id, timestamp and body with the webhook's secret; several, with a space between them, while a secret is being rotated.",
            ),
        ),
    ]
}
