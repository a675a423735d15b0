//! Samples of what a JSON Schema describes: every field there, also those that may be missing.

use serde_json::{Value, json};

/// How deep a sample goes.
const DEPTH: usize = 12;

/// A sample of a schema that stands on its own, as those of methods do.
pub fn of(schema: &Value) -> Value {
    value(schema, schema, "", DEPTH)
}

fn value(root: &Value, schema: &Value, name: &str, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    if let Some(path) = schema["$ref"].as_str() {
        let target = path.strip_prefix('#').and_then(|path| root.pointer(path)).unwrap_or(&Value::Null);
        return value(root, target, name, depth - 1);
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(word) = schema["enum"].as_array().and_then(|words| words.iter().find(|word| !word.is_null())) {
        return word.clone();
    }
    for either in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[either].as_array() {
            let real = choices.iter().find(|choice| choice["type"] != "null").unwrap_or(&Value::Null);
            return value(root, real, name, depth - 1);
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("string") => text(schema["format"].as_str().unwrap_or_default(), name),
        Some("integer") => schema["minimum"].as_i64().map_or(json!(1), |least| json!(least.max(1))),
        Some("number") => json!(1.5),
        Some("boolean") => json!(true),
        Some("array") => json!([value(root, &schema["items"], name, depth - 1)]),
        Some("object") => {
            let fields = schema["properties"].as_object();
            let field = |(name, schema): (&String, &Value)| (name.clone(), value(root, schema, name, depth - 1));
            Value::Object(fields.map(|fields| fields.iter().map(field).collect()).unwrap_or_default())
        }
        _ => Value::Null,
    }
}

fn text(format: &str, name: &str) -> Value {
    let text = match format {
        "uuid" => "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6",
        "date-time" => "2026-11-20T06:22:34.492Z",
        "date" => "2026-11-20",
        "email" => "jane@example.com",
        "uri" => "https://example.com/page",
        _ if name.contains("email") => "jane@example.com",
        _ if name.contains("phone") => "+4930123456",
        _ if name.contains("url") || name == "website" => "https://example.com/page",
        _ if name.ends_with("language") => "en",
        _ if name == "timezone" => "Europe/Berlin",
        _ if name == "currency" => "EUR",
        _ if name == "source" => "twilio.sms",
        _ if name == "subject" => "Where is my order?",
        _ if name == "text" => "Hello, where is my order?",
        _ if name.ends_with("name") => "Jane Doe",
        _ => "text",
    };
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_there() {
        let schema = json!({
            "type": "object",
            "properties": {
                "id": { "type": "string", "format": "uuid" },
                "name": { "type": ["string", "null"] },
                "status": { "type": "string", "enum": ["open", "closed"] },
                "csat": { "anyOf": [{ "$ref": "#/$defs/Csat" }, { "type": "null" }] },
                "tags": { "type": "array", "items": { "type": "string" } },
                "metadata": { "type": "object", "additionalProperties": true },
            },
            "$defs": { "Csat": { "type": "object", "properties": { "score": { "type": "integer", "minimum": 3 } } } },
        });
        let expected = json!({
            "id": "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6", "name": "Jane Doe", "status": "open", "csat": { "score": 3 },
            "tags": ["text"], "metadata": {},
        });
        assert_eq!(of(&schema), expected);
        let endless = json!({ "$ref": "#" });
        assert_eq!(of(&endless), Value::Null);
    }
}
