//! Reads the feed.

use std::fmt::Write;

use diesel::QueryResult;

use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::run;
use crate::schema::{events, feeds};

/// An event that has its place in the feed.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct StoredEvent {
    /// Whose feed it is in: the space of an organization (see [`crate::method::Caller::space`]).
    pub organization_id: Id,
    /// Its place: 1, 2, 3 … without gaps.
    pub seq: i64,
    /// Its id, without `evt_`.
    pub id: Id,
    /// What happened: `team.updated`.
    pub type_: String,
    /// The kind of object that it happened to.
    pub object_type: String,
    /// That object.
    pub object_id: Id,
    /// The object after the change, as JSON.
    pub data: String,
    /// The old values of what changed, as JSON; only for changes.
    pub previous: Option<String>,
    /// The object's version after the change.
    pub version: Option<i64>,
    /// Who did it, as JSON.
    pub actor: String,
    /// The request that did it.
    pub request_id: String,
    /// Whether it was done in test mode.
    pub is_test: bool,
    /// When it happened.
    pub created_at: Timestamp,
}

impl StoredEvent {
    /// The id as callers know it: `evt_` and 32 hexadecimal digits.
    pub fn public_id(&self) -> String {
        public_id(self.id)
    }

    /// The event as JSON: the very bytes that every transport carries (wire contract, section 3.18).
    pub fn envelope(&self) -> String {
        self.envelope_with(&self.data, self.previous.as_deref())
    }

    /// The event with other contents, for those who may not see what is in it.
    pub fn envelope_with(&self, data: &str, previous: Option<&str>) -> String {
        let Self { seq, type_, created_at, actor, object_type, object_id, request_id, .. } = self;
        let mut json = String::with_capacity(data.len() + previous.map_or(0, str::len) + actor.len() + 400);
        // Types, object types and request ids are our own words; the rest is JSON already. Writing to a text cannot fail.
        let _ =
            write!(json, r#"{{"id":"{}","seq":{seq},"type":"{type_}","timestamp":"{created_at}","#, self.public_id());
        let _ = write!(json, r#""data":{data},"previous":{},"#, previous.unwrap_or("null"));
        let _ = match self.version {
            Some(version) => write!(json, r#""version":{version},"#),
            None => write!(json, r#""version":null,"#),
        };
        let _ = write!(json, r#""actor":{actor},"object":{{"type":"{object_type}","id":"{object_id}"}},"#);
        let _ = write!(json, r#""request_id":"{request_id}""#);
        json.push_str(if self.is_test { r#","test":true}"# } else { "}" });
        json
    }
}

/// The id of an event as callers know it.
pub fn public_id(id: Id) -> String {
    format!("evt_{}", id.hex())
}

/// How far a feed goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed {
    /// The place of the newest event; 0 if nothing has happened yet.
    pub last_seq: i64,
    /// The place of the oldest event that is kept.
    pub oldest_seq: i64,
}

/// How far the feed of an organization goes.
pub async fn feed(conn: &mut Conn, organization: Id) -> QueryResult<Feed> {
    let found: Option<(i64, i64)> =
        run!(conn, |c| feeds::table.find(organization).select((feeds::last_seq, feeds::oldest_seq)).first(c))
            .optional()?;
    let (last_seq, oldest_seq) = found.unwrap_or((0, 1));
    Ok(Feed { last_seq, oldest_seq })
}

/// What comes after a place in the feed, `most` events at the most.
pub async fn after(conn: &mut Conn, organization: Id, place: i64, most: i64) -> QueryResult<Vec<StoredEvent>> {
    run!(conn, |c| events::table
        .filter(events::organization_id.eq(organization).and(events::seq.gt(place)))
        .order(events::seq)
        .limit(most)
        .select(StoredEvent::as_select())
        .load(c))
}

/// One event.
pub async fn find(conn: &mut Conn, organization: Id, id: Id) -> QueryResult<Option<StoredEvent>> {
    run!(conn, |c| events::table
        .filter(events::organization_id.eq(organization).and(events::id.eq(id)))
        .select(StoredEvent::as_select())
        .first(c))
    .optional()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_is_one_json_object() {
        let mut event = StoredEvent {
            organization_id: Id::NIL,
            seq: 184_467,
            id: "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6".parse().unwrap(),
            type_: "team.updated".into(),
            object_type: "team".into(),
            object_id: "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7".parse().unwrap(),
            data: r#"{"name":"New"}"#.into(),
            previous: Some(r#"{"name":"Old"}"#.into()),
            version: Some(8),
            actor: r#"{"type":"user"}"#.into(),
            request_id: "req_1".into(),
            is_test: false,
            created_at: Timestamp::from_millis(1_795_155_754_492),
        };
        assert_eq!(
            event.envelope(),
            concat!(
                r#"{"id":"evt_0193f3a1b2c37d4e8f90a1b2c3d4e5f6","seq":184467,"type":"team.updated","#,
                r#""timestamp":"2026-11-20T06:22:34.492Z","data":{"name":"New"},"previous":{"name":"Old"},"version":8,"#,
                r#""actor":{"type":"user"},"object":{"type":"team","id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"},"#,
                r#""request_id":"req_1"}"#
            )
        );
        (event.previous, event.version, event.is_test) = (None, None, true);
        let json: serde_json::Value = serde_json::from_str(&event.envelope()).unwrap();
        assert_eq!((&json["previous"], &json["version"], &json["test"]), (&().into(), &().into(), &true.into()));
    }
}
