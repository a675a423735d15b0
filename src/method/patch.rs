//! Fields of an update: absent leaves the value, null clears it, anything else sets it (JSON Merge Patch, RFC 7396).

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::fields::{Document, Int, List, Nullable, Text};
use crate::db::{Id, Json, Timestamp};

/// A field of an update. `Patch<Nullable<T>>` can be cleared with null; `Patch<T>` cannot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Not in the request: the value stays.
    #[default]
    Absent,
    /// The new value.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the request leaves the field alone.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value sent, if one was.
    pub fn sent(&self) -> Option<&T> {
        match self {
            Self::Absent => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Changes `target` as the request says.
    pub fn apply<U>(self, target: &mut U)
    where
        T: Assign<U>,
    {
        if let Self::Set(value) = self {
            value.assign(target);
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.sent().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::Set)
    }
}

impl<T: JsonSchema> JsonSchema for Patch<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// How a value that was sent becomes a value that is stored.
pub trait Assign<U> {
    /// Puts this value into `target`.
    fn assign(self, target: &mut U);
}

macro_rules! assign_self {
    ($($type:ty),+ $(,)?) => {
        $(impl Assign<$type> for $type {
            fn assign(self, target: &mut $type) {
                *target = self;
            }
        })+
    };
}

assign_self!(bool, Id, Timestamp, super::ScopeSet);

impl<const MIN: usize, const MAX: usize> Assign<String> for Text<MIN, MAX> {
    fn assign(self, target: &mut String) {
        *target = self.to_string();
    }
}

impl<const MIN: i64, const MAX: i64> Assign<i32> for Int<MIN, MAX> {
    fn assign(self, target: &mut i32) {
        *target = self.as_i32();
    }
}

impl<T, U: Default> Assign<Option<U>> for Nullable<T>
where
    T: Assign<U>,
{
    fn assign(self, target: &mut Option<U>) {
        *target = self.0.map(|value| {
            let mut stored = U::default();
            value.assign(&mut stored);
            stored
        });
    }
}

impl<T, U: Default, const MAX: usize> Assign<Json<Vec<U>>> for List<T, MAX>
where
    T: Assign<U>,
{
    fn assign(self, target: &mut Json<Vec<U>>) {
        target.0 = self.0.into_iter().map(stored).collect();
    }
}

impl Assign<Json<super::ScopeSet>> for super::ScopeSet {
    fn assign(self, target: &mut Json<super::ScopeSet>) {
        target.0 = self;
    }
}

/// Metadata merges by key, at every level; null removes a key.
impl Assign<Json<Map<String, Value>>> for Document {
    fn assign(self, target: &mut Json<Map<String, Value>>) {
        merge_map(&mut target.0, self.0);
    }
}

/// The value as it is stored.
pub fn stored<T: Assign<U>, U: Default>(value: T) -> U {
    let mut target = U::default();
    value.assign(&mut target);
    target
}

/// Applies a merge patch (RFC 7396) to any JSON value.
pub fn merge(target: &mut Value, patch: Value) {
    match patch {
        Value::Object(fields) => {
            if !target.is_object() {
                *target = Value::Object(Map::new());
            }
            if let Value::Object(map) = target {
                merge_map(map, fields);
            }
        }
        value => *target = value,
    }
}

/// Applies a merge patch to an object.
pub fn merge_map(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        if value.is_null() {
            target.shift_remove(&key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}
