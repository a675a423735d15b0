//! From OpenAPI 3.1 to 3.0, whose schemas are an older and smaller JSON Schema: one type a schema, `nullable`, no constants.

use std::collections::HashMap;

use schemars::Schema;
use schemars::transform::transform_subschemas;
use serde_json::{Map, Value, json};

/// What JSON Schema has and 3.0 has not. It only narrows what is allowed, so that leaving it out is safe for a client.
const UNKNOWN: &[&str] = &[
    "$schema",
    "$id",
    "$defs",
    "$comment",
    "$anchor",
    "contains",
    "minContains",
    "maxContains",
    "contentMediaType",
    "contentSchema",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "patternProperties",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// The same document in version 3.0.
pub(super) fn lower(mut document: Value) -> Value {
    document["openapi"] = "3.0.3".into();
    if let Some(document) = document.as_object_mut() {
        document.shift_remove("webhooks");
    }
    for name in ["WebhookId", "WebhookTimestamp", "WebhookSignature"] {
        document["components"]["parameters"].as_object_mut().and_then(|parameters| parameters.shift_remove(name));
    }
    if let Some(info) = document["info"].as_object_mut() {
        info.shift_remove("summary");
    }
    if let Some(license) = document["info"]["license"].as_object_mut() {
        license.shift_remove("identifier");
    }
    for schema in fields(&mut document["components"]["schemas"]) {
        lower_schema(schema);
    }
    for path in fields(&mut document["paths"]) {
        lower_contents(&mut path["post"]["requestBody"]);
        fields(&mut path["post"]["responses"]).for_each(lower_contents);
    }
    let kinds: HashMap<String, Value> = fields_by_name(&document["components"]["schemas"])
        .map(|(name, schema)| (format!("#/components/schemas/{name}"), schema["type"].clone()))
        .collect();
    type_nullable(&mut document, &kinds);
    document
}

/// `nullable` counts only beside a type: what refers to a schema that may be null repeats that schema's.
fn type_nullable(value: &mut Value, kinds: &HashMap<String, Value>) {
    match value {
        Value::Object(object) => {
            if object.get("nullable") == Some(&Value::Bool(true))
                && !object.contains_key("type")
                && let Some([only]) = object.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
                && let Some(kind) =
                    only["$ref"].as_str().and_then(|target| kinds.get(target)).filter(|kind| kind.is_string())
            {
                let kind = kind.clone();
                object.insert("type".into(), kind);
            }
            object.values_mut().for_each(|value| type_nullable(value, kinds));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| type_nullable(item, kinds)),
        _ => {}
    }
}

fn fields_by_name(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

fn fields(object: &mut Value) -> impl Iterator<Item = &mut Value> {
    object.as_object_mut().into_iter().flat_map(Map::values_mut)
}

/// Lowers the schema of each media type that a body may have.
fn lower_contents(body: &mut Value) {
    if let Some(content) = body.get_mut("content") {
        fields(content).filter_map(|media| media.get_mut("schema")).for_each(lower_schema);
    }
}

fn lower_schema(schema: &mut Value) {
    if let Ok(schema) = <&mut Schema>::try_from(schema) {
        lower_one(schema);
    }
}

fn lower_one(schema: &mut Schema) {
    if let Some(allowed) = schema.as_bool() {
        *schema = if allowed { Schema::default() } else { Schema::try_from(json!({ "not": {} })).unwrap_or_default() };
    }
    // `additionalProperties` is the one place where 3.0 keeps true and false.
    let additional = schema.get("additionalProperties").and_then(Value::as_bool);
    transform_subschemas(&mut lower_one, schema);
    if let Some(additional) = additional {
        schema.insert("additionalProperties".into(), additional.into());
    }
    let Some(object) = schema.as_object_mut() else { return };
    for keyword in UNKNOWN {
        object.shift_remove(*keyword);
    }
    lower_null_branch(object, "anyOf");
    lower_null_branch(object, "oneOf");
    lower_type(object);
    lower_bound(object, "exclusiveMinimum", "minimum");
    lower_bound(object, "exclusiveMaximum", "maximum");
    if let Some(value) = object.shift_remove("const") {
        object.insert("enum".into(), json!([value]));
    }
    if let Some(Value::Array(mut examples)) = object.shift_remove("examples")
        && !examples.is_empty()
    {
        object.insert("example".into(), examples.swap_remove(0));
    }
    if let Some(positions) = object.shift_remove("prefixItems") {
        object.insert("items".into(), json!({ "anyOf": positions }));
    }
    if object.shift_remove("contentEncoding").is_some_and(|encoding| encoding == "base64") {
        object.insert("format".into(), "byte".into());
    }
    // What stands beside a reference does not count in 3.0.
    if object.len() > 1
        && let Some(reference) = object.shift_remove("$ref")
    {
        let all = object.entry("allOf").or_insert_with(|| json!([]));
        if let Some(all) = all.as_array_mut() {
            all.push(json!({ "$ref": reference }));
        }
    }
}

/// `anyOf` with null as one of its branches says in 3.0 that the others may be null.
fn lower_null_branch(object: &mut Map<String, Value>, keyword: &str) {
    let Some(branches) = object.get_mut(keyword).and_then(Value::as_array_mut) else { return };
    let before = branches.len();
    branches.retain(|branch| *branch != null_schema());
    if branches.len() == before {
        return;
    }
    if branches.len() == 1
        && let Some(Value::Array(mut branches)) = object.shift_remove(keyword)
        && let Some(Value::Object(only)) = branches.pop()
    {
        // Words beside the branches are about this use of them, so they win over the branch's own.
        for (name, value) in only {
            object.entry(name).or_insert(value);
        }
    }
    let Some(branches) = object.get_mut(keyword).and_then(Value::as_array_mut) else {
        object.insert("nullable".into(), true.into());
        return;
    };
    branches.iter_mut().filter(|branch| branch["type"].is_string()).for_each(|branch| branch["nullable"] = true.into());
}

/// What a schema that allows only null has become.
fn null_schema() -> Value {
    json!({ "enum": [null], "nullable": true })
}

fn lower_type(object: &mut Map<String, Value>) {
    let types = match object.get_mut("type") {
        Some(Value::String(only)) if only == "null" => Vec::new(),
        Some(Value::Array(types)) => {
            let before = types.len();
            types.retain(|kind| kind != "null");
            let types = std::mem::take(types);
            if types.len() < before {
                object.insert("nullable".into(), true.into());
            }
            types
        }
        _ => return,
    };
    match types.as_slice() {
        [] => {
            object.shift_remove("type");
            object.insert("enum".into(), json!([null]));
            object.insert("nullable".into(), true.into());
        }
        [only] => {
            object.insert("type".into(), only.clone());
        }
        several => {
            object.shift_remove("type");
            let is_nullable = object.shift_remove("nullable").is_some();
            let branch = |kind: &Value| match is_nullable {
                true => json!({ "type": kind, "nullable": true }),
                false => json!({ "type": kind }),
            };
            let branches: Vec<Value> = several.iter().map(branch).collect();
            object.insert("anyOf".into(), branches.into());
        }
    }
}

/// In 3.0 an exclusive bound is a bound and a flag.
fn lower_bound(object: &mut Map<String, Value>, exclusive: &str, bound: &str) {
    if let Some(limit) = object.shift_remove(exclusive) {
        object.insert(bound.into(), limit);
        object.insert(exclusive.into(), true.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(mut schema: Value, lowered: Value) {
        lower_schema(&mut schema);
        assert_eq!(schema, lowered);
    }

    #[test]
    fn null_becomes_nullable() {
        becomes(
            json!({"type": ["string", "null"], "maxLength": 5}),
            json!({"type": "string", "maxLength": 5, "nullable": true}),
        );
        becomes(json!({"type": "null"}), null_schema());
        becomes(
            json!({"anyOf": [{"$ref": "#/x"}, {"type": "null"}], "description": "d"}),
            json!({"description": "d", "nullable": true, "allOf": [{"$ref": "#/x"}]}),
        );
        becomes(
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}),
            json!({"anyOf": [{"type": "string", "nullable": true}, {"type": "integer", "nullable": true}]}),
        );
        becomes(
            json!({"type": ["string", "integer", "null"], "minimum": 0}),
            json!({"minimum": 0, "anyOf": [{"type": "string", "nullable": true}, {"type": "integer", "nullable": true}]}),
        );
    }

    #[test]
    fn what_the_old_schema_lacks_is_put_in_its_words() {
        becomes(json!({"type": ["string", "integer"]}), json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}));
        becomes(json!({"const": "a"}), json!({"enum": ["a"]}));
        becomes(json!({"exclusiveMinimum": 0}), json!({"minimum": 0, "exclusiveMinimum": true}));
        becomes(json!({"examples": ["a", "b"]}), json!({"example": "a"}));
        becomes(json!({"$ref": "#/x", "description": "d"}), json!({"description": "d", "allOf": [{"$ref": "#/x"}]}));
        becomes(json!({"$ref": "#/x"}), json!({"$ref": "#/x"}));
        becomes(
            json!({"type": "object", "additionalProperties": false, "properties": {"type": true}, "propertyNames": {"pattern": "x"}}),
            json!({"type": "object", "properties": {"type": {}}, "additionalProperties": false}),
        );
        becomes(
            json!({"type": "object", "additionalProperties": {"type": ["string", "null"]}}),
            json!({"type": "object", "additionalProperties": {"type": "string", "nullable": true}}),
        );
    }
}
