//! From the columns of a record to the arguments of the method that creates its object.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Number, Value};

use super::model::ImportObject;
use crate::db::Conn;
use crate::db::Id;
use crate::method::{Context, Described, Error, FieldError, Registry, Result, suggest};
use crate::resources::crm::custom_fields::{self, FieldObject, FieldType};

/// When a record came to be; none of the arguments of most methods, but a field of most imports.
pub const CREATED_AT: &str = "created_at";

/// What the fields of a kind of record are, and how a text becomes a value of theirs.
pub struct Fields {
    schema: Value,
    custom: HashMap<String, FieldType>,
}

impl Fields {
    /// The fields of the records of a kind.
    pub async fn of(conn: &mut Conn, space: Id, object: ImportObject, method: &Described) -> Result<Self> {
        let of = match object {
            ImportObject::Contact => Some(FieldObject::Contact),
            ImportObject::Company => Some(FieldObject::Company),
            ImportObject::Conversation => Some(FieldObject::Conversation),
            ImportObject::Message | ImportObject::Tag => None,
        };
        let custom = match of {
            Some(of) => custom_fields::store::of_object(conn, space, of).await?,
            None => Vec::new(),
        };
        let custom = custom.into_iter().map(|field| (field.name, field.type_)).collect();
        Ok(Self { schema: method.arguments().clone(), custom })
    }

    /// The arguments that a record means. Texts of a table become what the field takes, and say nothing if they are empty.
    pub fn arguments(
        &self,
        record: Map<String, Value>,
        mapping: &BTreeMap<String, Option<String>>,
        is_table: bool,
    ) -> Map<String, Value> {
        let mut arguments = Map::new();
        for (column, value) in record {
            let target = match mapping.is_empty() {
                true => Some(&column),
                false => mapping.get(&column).and_then(Option::as_ref),
            };
            let Some(target) = target else { continue };
            let value = match value {
                Value::String(text) if is_table && text.trim().is_empty() => continue,
                Value::String(text) if is_table => self.typed(target, &text),
                value => value,
            };
            if is_table || !mapping.is_empty() {
                put(&mut arguments, target, value);
            } else {
                arguments.insert(target.clone(), value);
            }
        }
        arguments
    }

    /// What is wrong with names of fields, each with the pointer to it.
    pub fn unknown<'a>(&self, targets: impl Iterator<Item = (String, &'a str)>) -> Vec<FieldError> {
        let known = self.schema["properties"].as_object();
        let unknown = |(pointer, target): (String, &str)| {
            let first = target.split('.').next().unwrap_or(target);
            let is_known = first == CREATED_AT || known.is_some_and(|known| known.contains_key(first));
            if is_known {
                return None;
            }
            let names: Vec<&str> = known.map(|known| known.keys().map(String::as_str).collect()).unwrap_or_default();
            let near = suggest::nearest(target, names.into_iter());
            let message = match near.first() {
                Some(near) => format!("there is no field {target:?}, did you mean {near:?}?"),
                None => format!("there is no field {target:?}"),
            };
            Some(FieldError::new(pointer, "unknown_field", message).with("suggestions", near))
        };
        targets.filter_map(unknown).collect()
    }

    fn typed(&self, target: &str, text: &str) -> Value {
        if let Some(name) = target.strip_prefix("custom_fields.") {
            return match self.custom.get(name) {
                Some(FieldType::Number) => number(text),
                Some(FieldType::Boolean) => boolean(text),
                Some(FieldType::MultiSelect) => items(text).into_iter().map(Value::String).collect(),
                _ => text.into(),
            };
        }
        let mut schema = &self.schema;
        for part in target.split('.') {
            schema = self.resolve(&schema["properties"][part]);
        }
        self.of_schema(schema, text)
    }

    fn of_schema(&self, schema: &Value, text: &str) -> Value {
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if types.contains(&"string") {
            return text.into();
        }
        let looks_like_json = text.trim_start().starts_with(['[', '{']);
        if looks_like_json && let Ok(value) = serde_json::from_str(text) {
            return value;
        }
        if types.contains(&"boolean") {
            boolean(text)
        } else if types.contains(&"number") || types.contains(&"integer") {
            number(text)
        } else if types.contains(&"array") {
            let of = self.resolve(&schema["items"]);
            items(text).iter().map(|item| self.of_schema(of, item)).collect()
        } else {
            text.into()
        }
    }

    /// A schema behind references, and what it is besides null.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..8 {
            if let Some(path) = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
                schema = self.schema.pointer(path).unwrap_or(&Value::Null);
            } else if let Some(of) = schema["anyOf"].as_array() {
                schema = of.iter().find(|one| one["type"] != "null").unwrap_or(&Value::Null);
            } else {
                break;
            }
        }
        schema
    }
}

/// Puts a value under a name such as `address.city`.
fn put(arguments: &mut Map<String, Value>, target: &str, value: Value) {
    let Some((first, rest)) = target.split_once('.') else {
        arguments.insert(target.to_owned(), value);
        return;
    };
    let inner = arguments.entry(first).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

fn boolean(text: &str) -> Value {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" => true.into(),
        "false" | "no" | "n" | "0" => false.into(),
        _ => text.into(),
    }
}

fn number(text: &str) -> Value {
    text.trim().parse::<Number>().map_or_else(|_| text.into(), Value::Number)
}

/// The items of a list in one cell, between semicolons or else commas.
fn items(text: &str) -> Vec<String> {
    let separator = if text.contains(';') { ';' } else { ',' };
    text.split(separator).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// The method that says what the fields of an object are.
pub fn method<'a>(ctx: &'a Context, name: &str) -> Result<&'a Described> {
    let registry: &std::sync::Arc<Registry> = ctx.service()?;
    registry.find(name).map(AsRef::as_ref).map_err(|error| Error::internal(format!("{error:?}")))
}
