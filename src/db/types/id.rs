//! Identifiers: UUIDs, stored as 16 bytes, so that key order is creation order (RFC 9562, version 7).

use std::fmt;
use std::io::Write;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::SqlType;
use diesel::sqlite::{Sqlite, SqliteValue};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;
use uuid::timestamp::context::ContextV7;

use super::Timestamp;

/// The SQL type of an [`Id`]: PostgreSQL `uuid`, SQLite `BLOB` of 16 bytes.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct IdSql;

/// An identifier; opaque to callers. New ones are UUIDs of version 7, in order of creation.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = IdSql)]
pub struct Id(Uuid);

impl Id {
    /// The identifier of nothing.
    pub const NIL: Id = Id(Uuid::nil());

    /// The identifier that comes after all others.
    pub const MAX: Id = Id(Uuid::max());

    /// The identifier with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The identifier's 16 bytes, in an order that sorts by creation.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The identifier before all others that were created at that instant or later.
    pub fn earliest(at: Timestamp) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&at.millis().max(0).to_be_bytes()[2..]);
        Self::from_bytes(bytes)
    }

    /// When an identifier was created that the server made.
    pub fn created_at(&self) -> Timestamp {
        let mut millis = [0; 8];
        millis[2..].copy_from_slice(&self.as_bytes()[..6]);
        Timestamp::from_millis(i64::from_be_bytes(millis))
    }

    /// The same id with the version 8 of RFC 9562: an id that is never made for anything else, so that it can stand for a second,
    /// separate space of the same owner.
    pub fn twin(self) -> Self {
        let mut bytes = *self.as_bytes();
        bytes[6] = (bytes[6] & 0x0f) | 0x80;
        Self::from_bytes(bytes)
    }

    /// What comes just before all ids that are made at an instant or after it.
    pub fn first_at(at: Timestamp) -> Self {
        let [_, _, a, b, c, d, e, f] = at.millis().max(0).to_be_bytes();
        Self::from_bytes([a, b, c, d, e, f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    /// Whether this is a [`twin`](Self::twin).
    pub fn is_twin(self) -> bool {
        self.as_bytes()[6] >> 4 == 8
    }

    /// The id that this is the twin of; the id itself if it is none. Only ids that were made here, with version 7, come back.
    pub fn untwin(self) -> Self {
        let mut bytes = *self.as_bytes();
        if self.is_twin() {
            bytes[6] = (bytes[6] & 0x0f) | 0x70;
        }
        Self::from_bytes(bytes)
    }

    /// 32 hexadecimal digits without hyphens, as in request and event ids.
    pub fn hex(&self) -> String {
        self.0.simple().to_string()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for Id {
    type Err = &'static str;

    /// Reads the hyphenated form, in either case, of any UUID version.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 36 {
            return Err("expected an id such as 0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6");
        }
        Uuid::try_parse(text).map(Id).map_err(|_| "expected an id such as 0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6")
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut buffer = [0; 36];
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut buffer))
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Id {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "uuid"})
    }
}

impl ToSql<IdSql, Pg> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<IdSql, Pg> for Id {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

impl ToSql<IdSql, Sqlite> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<IdSql, Sqlite> for Id {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

/// Where new identifiers come from.
pub enum Ids {
    /// UUIDs of version 7, increasing within this process even inside one millisecond.
    Random(Mutex<ContextV7>),
    /// Version 7 with a counter in place of chance, so that tests can foretell every id.
    Counted(AtomicU64),
}

impl Ids {
    /// Ids for production.
    pub fn random() -> Self {
        Self::Random(Mutex::new(ContextV7::new()))
    }

    /// Ids for tests.
    pub fn counted() -> Self {
        Self::Counted(AtomicU64::new(0))
    }

    /// A new identifier created at `now`.
    pub fn next(&self, now: Timestamp) -> Id {
        match self {
            Self::Random(context) => {
                let millis = now.millis().max(0).unsigned_abs();
                let time = uuid::Timestamp::from_unix(context, millis / 1000, (millis % 1000) as u32 * 1_000_000);
                Id(Uuid::new_v7(time))
            }
            Self::Counted(counter) => {
                let count = counter.fetch_add(1, Ordering::Relaxed);
                let mut tail = [0; 10];
                tail[2..].copy_from_slice(&count.to_be_bytes());
                Id(uuid::Builder::from_unix_timestamp_millis(now.millis().max(0).unsigned_abs(), &tail).into_uuid())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_increase_within_one_millisecond() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        for ids in [Ids::random(), Ids::counted()] {
            let made: Vec<Id> = (0..5000).map(|_| ids.next(now)).collect();
            assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn ids_of_an_instant_come_after_its_beginning() {
        let at = Timestamp::from_millis(1_795_155_754_492);
        for ids in [Ids::random(), Ids::counted()] {
            assert!(Id::first_at(at) < ids.next(at));
            assert!(ids.next(at) < Id::first_at(Timestamp::from_millis(at.millis() + 1)));
        }
    }

    #[test]
    fn any_version_and_case_is_read_and_written_lower() {
        let id: Id = "7491E1A8-EFF4-46D7-9F41-26730E826378".parse().unwrap();
        assert_eq!(id.to_string(), "7491e1a8-eff4-46d7-9f41-26730e826378");
        for wrong in ["", "user id 1", "7491e1a8eff446d79f4126730e826378", "{7491e1a8-eff4-46d7-9f41-26730e826378}"] {
            assert!(wrong.parse::<Id>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn twins_are_apart_and_found_again() {
        let id: Id = "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6".parse().unwrap();
        assert_eq!(id.twin().to_string(), "0193f3a1-b2c3-8d4e-8f90-a1b2c3d4e5f6");
        assert_eq!(id.twin().twin(), id.twin());
        assert_eq!((id.untwin(), id.twin().untwin()), (id, id));
        assert!(id.twin().is_twin() && !id.is_twin());
    }

    #[test]
    fn the_time_of_rfc_9562_appendix_a_6_is_in_the_id() {
        let id: Id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f".parse().unwrap();
        let made = Ids::counted().next(Timestamp::from_millis(1_645_557_742_000));
        assert_eq!(id.as_bytes()[..6], made.as_bytes()[..6]);
    }
}
