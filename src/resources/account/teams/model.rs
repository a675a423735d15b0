//! The team, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Assign, Nullable, Patch, Words};
use crate::object;
use crate::schema::teams;

/// A group of users.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = teams, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct Team {
    #[serde(skip)]
    pub organization_id: Id,
    /// The team's id.
    pub id: Id,
    /// What the team is called; several teams may have the same name.
    pub name: String,
    /// What the team is for.
    pub description: Option<String>,
    /// Which conversations and tickets the members see.
    pub query: Json<TeamQuery>,
    /// The members, in the order in which they were added.
    pub user_ids: Json<Vec<Id>>,
    /// The members who lead the team.
    pub lead_user_ids: Json<Vec<Id>>,
    /// Whether conversations may be assigned to the team.
    pub is_support_enabled: bool,
    /// When the team works.
    pub schedule_id: Option<Id>,
    /// How conversations of the team find a member.
    pub assignment_policy_id: Option<Id>,
    /// A role whose permissions every member has besides their own.
    pub role_id: Option<Id>,
    /// The team's id in another system.
    pub external_id: Option<String>,
    /// How often the team was changed, from 1.
    pub version: i64,
    /// When the team was created.
    pub created_at: Timestamp,
    /// When the team was last changed.
    pub updated_at: Timestamp,
}

object!(Team, "team", TeamNotFound, versioned);

/// Queries in Lucene syntax that decide what a team's members see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TeamQuery {
    /// Which conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversations: Option<String>,
    /// Which tickets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tickets: Option<String>,
}

crate::arguments! {
    /// The queries of a team; each may be set or cleared by itself.
    pub struct TeamQueryPatch {
        /// Conversations that the members see, such as `source:*sms AND unread_count:[1 TO *]`.
        pub conversations: Patch<Nullable<Words<2000>>>,
        /// Tickets that the members see.
        pub tickets: Patch<Nullable<Words<2000>>>,
    }
}

impl Assign<Json<TeamQuery>> for Nullable<TeamQueryPatch> {
    fn assign(self, target: &mut Json<TeamQuery>) {
        match self.0 {
            None => target.0 = TeamQuery::default(),
            Some(patch) => {
                patch.conversations.apply(&mut target.conversations);
                patch.tickets.apply(&mut target.tickets);
            }
        }
    }
}
