//! Patterns of event types, as callers name them: `team.updated`, `team.*`, `*`.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::method::formats;

/// A type of events such as `team.updated`, all types of an object such as `team.*`, or all types: `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Option<Self> {
        formats::event_pattern(text).ok().map(|()| Self(text.to_owned()))
    }

    /// Whether events of this type are meant.
    pub fn matches(&self, kind: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => kind.starts_with(start),
            None => self.0 == kind,
        }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether one of the patterns means this type; none at all means every type.
pub fn any_matches(patterns: &[Pattern], kind: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(kind))
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        formats::event_pattern(&text).map(|()| Self(text)).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventPattern".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "event-pattern", "maxLength": 80 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_types_or_all_of_an_object_or_all() {
        for good in ["team.updated", "team.*", "*", "api_key.created"] {
            assert!(Pattern::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "team",
            "team.",
            ".updated",
            "*.updated",
            "team.*.x",
            "Team.updated",
            "te*",
            "team.upd*",
            "**",
            "a.b.c",
        ] {
            assert_eq!(Pattern::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn all_of_an_object_is_not_all_of_its_neighbours() {
        let conversations = Pattern::parse("team.*").unwrap();
        assert!(conversations.matches("team.updated") && !conversations.matches("teammate.updated"));
        assert!(any_matches(&[], "team.updated"));
        assert!(!any_matches(&[conversations], "user.updated"));
    }
}
