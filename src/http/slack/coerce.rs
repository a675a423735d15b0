//! Texts of a form as the types that the method's schema asks for (R7).
//!
//! What cannot be brought to its type stays a text: then the check of the arguments names it with everything else that is wrong,
//! and what is noted here as a hint says it in better words (R8).

use serde_json::{Number, Value};

use crate::method::FieldError;
use crate::method::args::strict::StrictValue;

/// One argument of a method with this schema, from all the texts that were sent under its name.
pub(super) fn argument(schema: &Value, name: &str, texts: Vec<String>, hints: &mut Vec<FieldError>) -> Value {
    let takes = match schema["properties"].get(name) {
        Some(property) => Takes::of(schema, property),
        // Not the method's own, such as `idempotency_key`: the two that are no texts are known by their names.
        None => match name {
            "if_version" | "page_size" => Takes { integer: true, ..Takes::default() },
            "dry_run" => Takes { boolean: true, ..Takes::default() },
            _ => Takes { string: true, ..Takes::default() },
        },
    };
    let mut texts = texts.into_iter();
    let first = texts.next().unwrap_or_default();
    let others: Vec<String> = texts.collect();
    let read = match &takes.items {
        Some(items) if !others.is_empty() => {
            let items = Takes::of(schema, items);
            let all = std::iter::once(first).chain(others);
            Ok(all.map(|text| items.read(schema, &text).unwrap_or(Value::String(text))).collect())
        }
        // The check would not know that there were several.
        None if !others.is_empty() => Err(Unfit { text: Value::Array(vec![first.into()]), hint: "given twice".into() }),
        _ => takes.read(schema, &first).map_err(|hint| Unfit { text: first.into(), hint }),
    };
    read.unwrap_or_else(|Unfit { text, hint }| {
        hints.push(FieldError::new(format!("/{}", name.replace('~', "~0").replace('/', "~1")), "wrong_type", hint));
        text
    })
}

/// A text that is not what was asked for, and why.
struct Unfit {
    text: Value,
    hint: String,
}

/// What a schema takes.
#[derive(Default)]
struct Takes<'a> {
    string: bool,
    integer: bool,
    number: bool,
    boolean: bool,
    object: bool,
    null: bool,
    /// The schema of the items of a list.
    items: Option<&'a Value>,
}

impl<'a> Takes<'a> {
    fn of(root: &'a Value, schema: &'a Value) -> Self {
        let mut takes = Self::default();
        takes.add(root, schema);
        takes
    }

    fn add(&mut self, root: &'a Value, schema: &'a Value) {
        if let Some(path) = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
            return root.pointer(path).into_iter().for_each(|target| self.add(root, target));
        }
        let choices = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
        for choice in choices.into_iter().flatten() {
            self.add(root, choice);
        }
        let types = match &schema["type"] {
            Value::Array(several) => several.as_slice(),
            one => std::slice::from_ref(one),
        };
        for one in types.iter().filter_map(Value::as_str) {
            match one {
                "string" => self.string = true,
                "integer" => self.integer = true,
                "number" => self.number = true,
                "boolean" => self.boolean = true,
                "object" => self.object = true,
                "null" => self.null = true,
                "array" => self.items = Some(&schema["items"]),
                _ => {}
            }
        }
    }

    /// Whether anything goes.
    fn anything(&self) -> bool {
        let Self { string, integer, number, boolean, object, null, items } = self;
        !(*string || *integer || *number || *boolean || *object || *null || items.is_some())
    }

    /// The text as a value; or why it is none.
    fn read(&self, root: &Value, text: &str) -> Result<Value, String> {
        if self.anything() {
            return Ok(structure(text).unwrap_or_else(|| text.into()));
        }
        // An empty text clears a text that can be cleared, the word null everything else.
        if self.null && (text.is_empty() || (text == "null" && !self.string)) {
            return Ok(Value::Null);
        }
        if self.string {
            let fitting = structure(text).filter(|value| match value {
                Value::Object(_) => self.object,
                _ => self.items.is_some(),
            });
            return Ok(fitting.unwrap_or_else(|| text.into()));
        }
        if let Some(flag) = boolean(text).filter(|_| self.boolean) {
            return Ok(flag.into());
        }
        if self.integer
            && let Ok(number) = text.trim().parse::<i64>()
        {
            return Ok(number.into());
        }
        if self.number
            && let Ok(number) = serde_json::from_str::<Number>(text.trim())
        {
            return Ok(number.into());
        }
        if let Some(items) = self.items {
            return list(root, items, text);
        }
        if self.object {
            return match structure(text) {
                Some(value @ Value::Object(_)) => Ok(value),
                _ => Err(must_be("a JSON object", text)),
            };
        }
        let expected = if self.boolean { "boolean" } else { "number" };
        Err(format!("expected {}, got '{}'", if self.integer { "integer" } else { expected }, shown(text)))
    }
}

/// A list: JSON, or scalars with commas between them.
fn list(root: &Value, items: &Value, text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('[') {
        return structure(text).ok_or_else(|| must_be("a JSON array", text));
    }
    let takes = Takes::of(root, items);
    if takes.object || takes.items.is_some() {
        return Err(must_be("a JSON array", text));
    }
    let pieces = text.split(',').map(str::trim).filter(|_| !text.trim().is_empty());
    Ok(pieces.map(|piece| takes.read(root, piece).unwrap_or_else(|_| piece.into())).collect())
}

/// An object or a list in JSON.
fn structure(text: &str) -> Option<Value> {
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => serde_json::from_str::<StrictValue>(text).ok().map(|value| value.0),
        _ => None,
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "true" | "True" => Some(true),
        "0" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// What was expected; and for the usual mistake, what to write instead.
fn must_be(what: &str, text: &str) -> String {
    match looks_like_python(text) {
        true => format!("must be {what} (looks like a Python repr: pass json=… or json.dumps(value))"),
        false => format!("must be {what}, got '{}'", shown(text)),
    }
}

/// Whether somebody sent `str(value)`: the sync Python client does so with lists and dicts in a form.
fn looks_like_python(text: &str) -> bool {
    let text = text.trim_start();
    let begins = ["{'", "['", "[{'"].iter().any(|start| text.starts_with(start));
    begins || (text.starts_with(['{', '[']) && ["None", "True", "False"].iter().any(|word| text.contains(word)))
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
