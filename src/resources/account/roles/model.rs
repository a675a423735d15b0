//! The role, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::access::user::ConversationVisibility;
use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Assign, ScopeSet};
use crate::object;
use crate::schema::roles;

/// What those who have the role may do.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = roles, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct Role {
    #[serde(skip)]
    pub organization_id: Id,
    /// The role's id.
    pub id: Id,
    /// What the role is called; unique in the organization.
    pub name: String,
    /// Who it is for.
    pub description: Option<String>,
    /// The scopes it grants.
    pub permissions: Json<ScopeSet>,
    /// Which conversations its holders see.
    pub conversation_visibility: ConversationVisibility,
    /// Whether the role came with the organization; such roles cannot be changed.
    pub is_system: bool,
    /// How often the role was changed, from 1.
    pub version: i64,
    /// When the role was created.
    pub created_at: Timestamp,
    /// When the role was last changed.
    pub updated_at: Timestamp,
}

object!(Role, "role", RoleNotFound, versioned);

impl Assign<ConversationVisibility> for ConversationVisibility {
    fn assign(self, target: &mut ConversationVisibility) {
        *target = self;
    }
}
