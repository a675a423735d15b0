//! The segment, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::db::{Id, Timestamp};
use crate::object;
use crate::schema::segments;

/// Contacts that a query finds, by a name.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = segments, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct Segment {
    #[serde(skip)]
    pub organization_id: Id,
    /// The segment's id.
    pub id: Id,
    /// What the segment is called; several segments may have the same name.
    pub name: String,
    /// Which contacts belong to it.
    pub query: String,
    /// How many contacts those were when they were last counted.
    pub count: i64,
    /// When they were last counted.
    pub counted_at: Timestamp,
    /// How often the segment was changed, from 1.
    pub version: i64,
    /// When the segment was created.
    pub created_at: Timestamp,
    /// When the segment was last changed.
    pub updated_at: Timestamp,
}

object!(Segment, "segment", SegmentNotFound, versioned);
