//! Places in the feed, as callers name them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::db::{Conn, Id};
use crate::events::{Feed, store};
use crate::method::{Code, Error, Result, formats};

/// The number of an event in the feed; 0 is before the first one. Numbers and texts of digits are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Place(pub i64);

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Place;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a place in the feed such as 184467, from 0 on")
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Place, E> {
                if number < 0 { Err(E::custom("expected at least 0")) } else { Ok(Place(number)) }
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Place, E> {
                i64::try_from(number).map(Place).map_err(E::custom)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Place, E> {
                formats::event_place(text).map(Place).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Number).map_err(D::Error::custom)
    }
}

impl JsonSchema for Place {
    fn schema_name() -> Cow<'static, str> {
        "Place".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "format": "event-place", "minimum": 0, "maximum": i64::MAX })
    }
}

/// How far the feed goes, if it can be read on from this place.
pub async fn check(conn: &mut Conn, space: Id, after: Option<i64>) -> Result<Feed> {
    let feed = store::feed(conn, space).await?;
    let Feed { last_seq, oldest_seq } = feed;
    match after {
        Some(after) if after < oldest_seq - 1 => {
            let message =
                format!("Events before {oldest_seq} are gone. List the objects again, then go on from latest_seq.");
            Err(Error::new(Code::CursorExpired, message).with("oldest_seq", oldest_seq).with("latest_seq", last_seq))
        }
        Some(after) if after > last_seq => Err(Error::argument(
            "/after",
            "range",
            format!("the feed has not come so far: its newest event is {last_seq}"),
        )),
        _ => Ok(feed),
    }
}
