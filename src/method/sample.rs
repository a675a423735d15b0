//! A value that fits a schema, as an example of it.

use serde_json::{Map, Value, json};

/// How many objects deep an example goes where it need not go deeper.
const DEPTH: usize = 4;

/// Makes examples of the schemas of one OpenAPI document.
pub(super) struct Sampler<'a> {
    document: &'a Value,
    /// Values that are known to be good, by the names of their fields.
    known: &'a Map<String, Value>,
}

impl<'a> Sampler<'a> {
    /// Takes the values of fields from `known` where it has any that fit.
    pub fn new(document: &'a Value, known: &'a Map<String, Value>) -> Self {
        Self { document, known }
    }

    /// A value that fits this schema.
    pub fn value(&self, schema: &Value) -> Value {
        self.of("", schema, 0)
    }

    fn of(&self, name: &str, schema: &Value, depth: usize) -> Value {
        let schema = self.resolve(schema);
        let types = types(schema);
        let words = schema["enum"].as_array();
        let fits = |value: &&Value| {
            let is_allowed = words.is_none_or(|words| words.contains(value));
            is_plain(value) && is_allowed && types.contains(&kind(value))
        };
        if let Some(value) = self.known.get(name).filter(fits) {
            return value.clone();
        }
        for stated in ["const", "default"] {
            if let Some(value) = schema.get(stated).filter(|value| !value.is_null()) {
                return value.clone();
            }
        }
        if let Some(words) = words {
            return words.first().cloned().unwrap_or_default();
        }
        let branches = schema["anyOf"].as_array().or(schema["oneOf"].as_array());
        if let Some(branches) = branches {
            let may_be_null = branches.iter().any(|branch| branch["type"] == "null");
            return match branches.iter().find(|branch| branch["type"] != "null") {
                Some(branch) if !(may_be_null && depth >= DEPTH) => self.of(name, branch, depth),
                _ => Value::Null,
            };
        }
        match types.first().copied() {
            Some("object") => self.object(schema, depth),
            Some("array") if depth >= DEPTH => json!([]),
            Some("array") => json!([self.of("", &schema["items"], depth + 1)]),
            Some("string") => text(name, schema, types.contains(&"null")),
            Some("integer") => {
                schema.get("minimum").filter(|least| least.as_i64() != Some(0)).cloned().unwrap_or(1.into())
            }
            Some("number") => json!(1.5),
            Some("boolean") => true.into(),
            Some(_) => Value::Null,
            None => json!({}),
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let required = schema["required"].as_array();
        let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|required| required == name));
        let fields = schema["properties"].as_object().into_iter().flatten();
        // What refers to itself ends where it may.
        let fields = fields.filter(|(name, _)| depth < DEPTH || is_required(name));
        fields.map(|(name, field)| (name.clone(), self.of(name, field, depth + 1))).collect::<Map<_, _>>().into()
    }

    fn resolve<'s>(&self, schema: &'s Value) -> &'s Value
    where
        'a: 's,
    {
        let target = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
        target.and_then(|path| self.document.pointer(path)).unwrap_or(schema)
    }
}

/// The types that a value may have, null last.
fn types(schema: &Value) -> Vec<&str> {
    let mut types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    types.sort_by_key(|one| *one == "null");
    types
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

/// Whether a value means the same wherever it stands.
fn is_plain(value: &Value) -> bool {
    !value.is_object() && !value.as_array().is_some_and(|items| items.iter().any(|item| !item.is_string()))
}

fn text(name: &str, schema: &Value, may_be_null: bool) -> Value {
    let example = match schema["format"].as_str() {
        Some("uuid") => "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6",
        Some("date-time") => "2026-11-20T09:30:00.000Z",
        Some("email") => "jo@example.com",
        Some("phone") => "+15550123",
        Some("uri") => "https://example.com/",
        Some("hostname") => "desk.example.com",
        Some("language") => "en",
        Some("timezone") => "Europe/Berlin",
        Some("country") => "DE",
        Some("currency") => "EUR",
        Some("username") => "jo",
        Some("cidr") => "192.0.2.0/24",
        Some("media-type") => "text/plain",
        Some("base64") => "aGVsbG8=",
        // Text of no known form says nothing more than that it is text.
        _ if may_be_null => return Value::Null,
        _ => return name.replace('_', " ").into(),
    };
    example.into()
}
