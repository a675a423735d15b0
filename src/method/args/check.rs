//! Compares arguments with the method's schema and lists every problem, in the order of the document.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Extras, integers, problem};
use crate::method::described::Described;
use crate::method::error::{Error, FieldError, Result};
use crate::method::{Kind, formats, suggest};

/// The most problems that one answer lists.
const MAX_PROBLEMS: usize = 50;

/// Reads arguments that serde did not take as they came: sets the extras aside, then finds every problem or none.
pub(super) fn arguments<A: DeserializeOwned>(
    method: &Described,
    mut object: Map<String, Value>,
) -> Result<(A, Extras)> {
    let schema = method.arguments();
    let mut problems = Vec::new();
    let extras = extras(method, &mut object, &mut problems);
    let checker = Checker { root: schema };
    checker.object(schema, &object, "", &mut problems);
    if problems.is_empty() {
        integers::write_plainly(schema, schema, &mut object);
        let outcome = serde_json::from_value(Value::Object(object));
        match outcome {
            Ok(args) => return Ok((args, extras)),
            // The schema is looser than the type; then the type's own words must do.
            Err(error) => problems.push(problem("", "format", error.to_string())),
        }
    }
    problems.truncate(MAX_PROBLEMS);
    Err(Error::arguments(method.name(), problems))
}

/// Takes out of `object` what is not the method's own.
fn extras(method: &Described, object: &mut Map<String, Value>, problems: &mut Vec<FieldError>) -> Extras {
    let declared = |name: &str| method.arguments()["properties"].get(name).is_some();
    let mut extras = Extras::default();
    if !declared("idempotency_key") {
        match object.shift_remove("idempotency_key") {
            None | Some(Value::Null) => {}
            Some(Value::String(key)) => extras.idempotency_key = Some(key),
            Some(_) => problems.push(problem("/idempotency_key", "wrong_type", "expected string".into())),
        }
    }
    if method.takes_if_version() {
        match object.shift_remove("if_version") {
            None | Some(Value::Null) => {}
            Some(value) => match integers::whole(&value) {
                Some(version) => extras.if_version = Some(version),
                None => problems.push(
                    problem("/if_version", "wrong_type", format!("expected integer, got {}", kind(&value)))
                        .with("expected", "integer"),
                ),
            },
        }
    }
    if method.entry.dry_run {
        match object.shift_remove("dry_run") {
            None | Some(Value::Null) => {}
            Some(Value::Bool(dry_run)) => extras.dry_run = dry_run,
            Some(value) => problems.push(
                problem("/dry_run", "wrong_type", format!("expected boolean, got {}", kind(&value)))
                    .with("expected", "boolean"),
            ),
        }
    }
    if declared("limit")
        && declared("cursor")
        && !object.contains_key("limit")
        && let Some(size) = object.shift_remove("page_size")
    {
        extras.wants_pagination_data = true;
        object.insert("limit".into(), size);
    }
    if method.entry.kind == Kind::Write && declared("id") {
        let read_only: Vec<String> = object
            .keys()
            .filter(|name| !declared(name) && method.result()["properties"].get(name.as_str()).is_some())
            .cloned()
            .collect();
        for name in read_only {
            if let Some(value) = object.shift_remove(&name) {
                extras.echoes.insert(name, value);
            }
        }
    }
    extras
}

struct Checker<'a> {
    /// The whole schema, where `$ref` leads.
    root: &'a Value,
}

impl Checker<'_> {
    fn object(&self, schema: &Value, object: &Map<String, Value>, pointer: &str, problems: &mut Vec<FieldError>) {
        let schema = self.resolve(schema);
        let properties = schema["properties"].as_object();
        for (name, value) in object {
            let at = format!("{pointer}/{}", escape(name));
            match properties.and_then(|properties| properties.get(name)) {
                Some(schema) => self.value(schema, value, &at, problems),
                None if schema["additionalProperties"] == Value::Bool(false) => {
                    problems.push(unknown_field(name, &at, properties));
                }
                None => {
                    self.nul(name, &at, problems);
                    if schema["additionalProperties"].is_object() {
                        self.value(&schema["additionalProperties"], value, &at, problems);
                    } else {
                        self.free(value, &at, problems);
                    }
                }
            }
        }
        if let Some(limit) = schema["maxProperties"].as_u64().filter(|&limit| object.len() as u64 > limit) {
            problems.push(problem(pointer, "too_many_items", format!("at most {limit} keys are allowed")));
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                let at = format!("{pointer}/{}", escape(name));
                problems.push(problem(&at, "required", format!("missing required field: {name}")));
            }
        }
    }

    fn value(&self, schema: &Value, value: &Value, pointer: &str, problems: &mut Vec<FieldError>) {
        let schema = self.resolve(schema);
        if let Some(choices) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            return self.choice(choices, value, pointer, problems);
        }
        let types = types(schema);
        if value.is_null() && !types.is_empty() && !types.contains(&"null") {
            let name = pointer.rsplit('/').next().unwrap_or_default();
            problems.push(problem(pointer, "not_nullable", format!("{name} cannot be cleared")));
            return;
        }
        // Forms cannot send null: an empty string clears what can be cleared.
        if value.as_str() == Some("") && types.contains(&"null") {
            return;
        }
        if !types.is_empty() && !types.iter().any(|expected| has_type(value, expected)) {
            let expected = types.iter().find(|t| **t != "null").copied().unwrap_or("null");
            problems.push(
                problem(pointer, "wrong_type", format!("expected {expected}, got {}", kind(value)))
                    .with("expected", expected),
            );
            return;
        }
        if let Some(allowed) = schema["enum"].as_array().filter(|allowed| !allowed.contains(value)) {
            problems.push(not_allowed(pointer, value, allowed));
            return;
        }
        match value {
            Value::String(text) => self.string(schema, text, pointer, problems),
            Value::Number(number) => bounds(schema, number.as_f64().unwrap_or(0.0), pointer, problems),
            Value::Array(items) => self.array(schema, items, pointer, problems),
            Value::Object(object) => self.object(schema, object, pointer, problems),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn string(&self, schema: &Value, text: &str, pointer: &str, problems: &mut Vec<FieldError>) {
        if self.nul(text, pointer, problems) {
            return;
        }
        let length = text.chars().count() as u64;
        if let Some(limit) = schema["maxLength"].as_u64().filter(|&limit| length > limit) {
            let message = format!("at most {limit} characters are allowed, got {length}");
            problems.push(problem(pointer, "too_long", message).with("limit", limit));
        } else if let Some(limit) = schema["minLength"].as_u64().filter(|&limit| length < limit) {
            let message = format!("at least {limit} characters are needed, got {length}");
            problems.push(problem(pointer, "too_short", message).with("limit", limit));
        } else if schema["pattern"] == "\\S" && text.trim().is_empty() {
            problems.push(problem(pointer, "too_short", "must not be blank".into()));
        } else if let Some(format) = schema["format"].as_str()
            && let Err(expected) = formats::check(format, text)
        {
            problems.push(problem(pointer, "format", expected.into()));
        }
    }

    fn array(&self, schema: &Value, items: &[Value], pointer: &str, problems: &mut Vec<FieldError>) {
        let length = items.len() as u64;
        if let Some(limit) = schema["maxItems"].as_u64().filter(|&limit| length > limit) {
            let message = format!("at most {limit} items are allowed, got {length}");
            problems.push(problem(pointer, "too_many_items", message).with("limit", limit));
            return;
        }
        if let Some(limit) = schema["minItems"].as_u64().filter(|&limit| length < limit) {
            let message = format!("at least {limit} items are needed, got {length}");
            problems.push(problem(pointer, "too_short", message).with("limit", limit));
        }
        for (index, item) in items.iter().enumerate() {
            self.value(&schema["items"], item, &format!("{pointer}/{index}"), problems);
        }
    }

    /// Alternatives: the one that fits, or the problems of the one that comes nearest.
    fn choice(&self, choices: &[Value], value: &Value, pointer: &str, problems: &mut Vec<FieldError>) {
        let mut nearest: Option<Vec<FieldError>> = None;
        let words: Vec<Value> = choices.iter().filter_map(|choice| choice.get("const").cloned()).collect();
        if words.len() == choices.len() {
            if !words.contains(value) {
                problems.push(not_allowed(pointer, value, &words));
            }
            return;
        }
        for choice in choices {
            let mut found = Vec::new();
            self.value(choice, value, pointer, &mut found);
            if found.is_empty() {
                return;
            }
            let is_type_only = found.iter().all(|p| p.pointer == pointer && p.code == "wrong_type");
            if !is_type_only || nearest.is_none() {
                nearest = Some(found);
            }
        }
        problems.extend(nearest.unwrap_or_default());
    }

    /// A value without a schema of its own: only what no database can keep is refused.
    fn free(&self, value: &Value, pointer: &str, problems: &mut Vec<FieldError>) {
        match value {
            Value::String(text) => {
                self.nul(text, pointer, problems);
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.free(item, &format!("{pointer}/{index}"), problems);
                }
            }
            Value::Object(fields) => {
                for (name, item) in fields {
                    let at = format!("{pointer}/{}", escape(name));
                    if !self.nul(name, &at, problems) {
                        self.free(item, &at, problems);
                    }
                }
            }
            _ => {}
        }
    }

    fn nul(&self, text: &str, pointer: &str, problems: &mut Vec<FieldError>) -> bool {
        let found = text.contains('\0');
        if found {
            problems.push(problem(pointer, "pattern", "the character U+0000 is not allowed".into()));
        }
        found
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        match schema["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
            Some(path) => self.resolve(self.root.pointer(path).unwrap_or(&Value::Null)),
            None => schema,
        }
    }
}

fn bounds(schema: &Value, number: f64, pointer: &str, problems: &mut Vec<FieldError>) {
    if let Some(limit) = schema["minimum"].as_f64().filter(|&limit| number < limit) {
        let message = format!("must be at least {limit}");
        problems.push(problem(pointer, "too_small", message).with("limit", schema["minimum"].clone()));
    }
    if let Some(limit) = schema["maximum"].as_f64().filter(|&limit| number > limit) {
        let message = format!("must be at most {limit}");
        problems.push(problem(pointer, "too_large", message).with("limit", schema["maximum"].clone()));
    }
}

fn unknown_field(name: &str, pointer: &str, properties: Option<&Map<String, Value>>) -> FieldError {
    let known = properties.into_iter().flat_map(|properties| properties.keys().map(String::as_str));
    let near = suggest::nearest(name, known);
    let shown: String = name.chars().take(60).collect();
    let message = match near.first() {
        Some(best) => format!("unknown field '{shown}', did you mean '{best}'?"),
        None => format!("unknown field '{shown}'"),
    };
    let error = problem(pointer, "unknown_field", message);
    if near.is_empty() { error } else { error.with("suggestions", near) }
}

fn not_allowed(pointer: &str, value: &Value, allowed: &[Value]) -> FieldError {
    let words: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
    let shown =
        if words.len() <= 12 { format!("expected one of {}", words.join(", ")) } else { "unknown value".into() };
    let near = suggest::nearest(value.as_str().unwrap_or_default(), words.iter().copied());
    let error = problem(pointer, "enum", shown).with("allowed", allowed.to_vec());
    if near.is_empty() { error } else { error.with("suggestions", near) }
}

/// Escapes a key for use in a JSON pointer (RFC 6901, section 3).
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn has_type(value: &Value, expected: &str) -> bool {
    match expected {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => integers::whole(value).is_some() || value.as_u64().is_some(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The kind of a value with its article, for messages.
pub(super) fn article(value: &Value) -> String {
    match kind(value) {
        "null" => "null".into(),
        kind @ ("array" | "integer" | "object") => format!("an {kind}"),
        kind => format!("a {kind}"),
    }
}
