//! Argument types that carry their own limits: what they accept is what the schema says, stated once.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor, value};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::args::strict::StrictObject;

/// A string of `MIN` to `MAX` characters. One that must be there (`MIN` > 0) must also hold more than white space.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// A string that may not be blank, of up to `MAX` characters.
pub type Name<const MAX: usize> = Text<1, MAX>;
/// A string of up to `MAX` characters.
pub type Words<const MAX: usize> = Text<0, MAX>;

impl<const MIN: usize, const MAX: usize> Deref for Text<MIN, MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> Default for Text<MIN, MAX> {
    fn default() -> Self {
        Self(String::new())
    }
}

impl<S: Into<String>, const MIN: usize, const MAX: usize> From<S> for Text<MIN, MAX> {
    /// For clients: the server checks the length when it arrives.
    fn from(text: S) -> Self {
        Self(text.into())
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // Bytes bound characters from above, so most strings need no counting.
        if text.len() > MAX && text.chars().count() > MAX {
            return Err(D::Error::custom(format_args!("longer than {MAX} characters")));
        }
        if MIN > 0 && (text.len() < MIN || text.chars().count() < MIN || text.trim().is_empty()) {
            return Err(D::Error::custom(format_args!("shorter than {MIN} characters")));
        }
        Ok(Self(text))
    }
}

impl<const MIN: usize, const MAX: usize> JsonSchema for Text<MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Text_{MIN}_{MAX}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        match MIN {
            0 => json_schema!({"type": "string", "maxLength": MAX}),
            _ => json_schema!({"type": "string", "minLength": MIN, "maxLength": MAX, "pattern": "\\S"}),
        }
    }
}

/// An integer from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Int<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Int<MIN, MAX> {
    /// The number; limits here are always within 32 bits.
    pub fn as_i32(self) -> i32 {
        i32::try_from(self.0).unwrap_or(if self.0 < 0 { i32::MIN } else { i32::MAX })
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Int<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        if (MIN..=MAX).contains(&number) {
            Ok(Self(number))
        } else {
            Err(D::Error::custom(format_args!("not from {MIN} to {MAX}")))
        }
    }
}

impl<const MIN: i64, const MAX: i64> JsonSchema for Int<MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Int_{MIN}_{MAX}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": MIN, "maximum": MAX})
    }
}

/// A list of at most `MAX` items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct List<T, const MAX: usize>(pub Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> Deref for List<T, MAX> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T, const MAX: usize> From<Vec<T>> for List<T, MAX> {
    fn from(items: Vec<T>) -> Self {
        Self(items)
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Vec::deserialize(deserializer)?;
        if items.len() > MAX {
            return Err(D::Error::custom(format_args!("more than {MAX} items")));
        }
        Ok(Self(items))
    }
}

impl<T: JsonSchema, const MAX: usize> JsonSchema for List<T, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("List_{}_{MAX}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "items": generator.subschema_for::<T>(), "maxItems": MAX})
    }
}

/// A value that may be cleared: `null`, or `""` from clients that cannot send null, mean that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Nullable<T>(pub Option<T>);

impl<T> Default for Nullable<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> From<Option<T>> for Nullable<T> {
    fn from(value: Option<T>) -> Self {
        Self(value)
    }
}

impl<'a, T: From<&'a str>> From<&'a str> for Nullable<T> {
    /// For clients: a text that is there.
    fn from(text: &'a str) -> Self {
        Self(Some(text.into()))
    }
}

impl<T> Nullable<T> {
    /// Whether there is no value.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nullable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NullableVisitor(std::marker::PhantomData))
    }
}

struct NullableVisitor<T>(std::marker::PhantomData<T>);

macro_rules! forward {
    ($($visit:ident($type:ty)),+) => {
        $(fn $visit<E: serde::de::Error>(self, value: $type) -> Result<Self::Value, E> {
            T::deserialize(IntoDeserializer::<E>::into_deserializer(value)).map(|value| Nullable(Some(value)))
        })+
    };
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for NullableVisitor<T> {
    type Value = Nullable<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value or null")
    }

    forward!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64));

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(Nullable(None))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.is_empty() {
            return Ok(Nullable(None));
        }
        T::deserialize(IntoDeserializer::<E>::into_deserializer(text)).map(|value| Nullable(Some(value)))
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Self::Value, E> {
        if text.is_empty() {
            return Ok(Nullable(None));
        }
        T::deserialize(IntoDeserializer::<E>::into_deserializer(text)).map(|value| Nullable(Some(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        T::deserialize(value::SeqAccessDeserializer::new(seq)).map(|value| Nullable(Some(value)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(value::MapAccessDeserializer::new(map)).map(|value| Nullable(Some(value)))
    }
}

impl<T: JsonSchema> JsonSchema for Nullable<T> {
    fn schema_name() -> Cow<'static, str> {
        Option::<T>::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }
}

/// A free JSON document of up to 16 KiB, at most 8 levels deep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Document(pub Map<String, Value>);

impl Document {
    /// The most bytes a document may have when written as JSON.
    pub const MAX_BYTES: usize = 16 * 1024;
    /// The most levels of objects and lists a document may have.
    pub const MAX_DEPTH: usize = 8;

    /// What is wrong with the document's size or depth, if anything.
    pub fn problem(document: &Map<String, Value>) -> Option<String> {
        fn depth(value: &Value) -> usize {
            match value {
                Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
                Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
                _ => 0,
            }
        }
        let levels = 1 + document.values().map(depth).max().unwrap_or(0);
        if levels > Self::MAX_DEPTH {
            return Some(format!("more than {} levels deep", Self::MAX_DEPTH));
        }
        let bytes = serde_json::to_vec(document).map_or(usize::MAX, |text| text.len());
        (bytes > Self::MAX_BYTES).then(|| format!("longer than {} bytes", Self::MAX_BYTES))
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = StrictObject::deserialize(deserializer)?.0;
        match Self::problem(&document) {
            None => Ok(Self(document)),
            Some(problem) => Err(D::Error::custom(problem)),
        }
    }
}
