//! The view, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::db::{Id, Timestamp};
use crate::method::{Assign, Code, Object, Output};
use crate::query::Table;
use crate::resources::crm::{companies, contacts};
use crate::resources::inbox::conversations;
use crate::schema::views;
use crate::text_enum;

text_enum! {
    /// What a view shows.
    pub enum ViewObject {
        /// Conversations.
        Conversation = "conversation",
        /// Contacts.
        Contact = "contact",
        /// Companies.
        Company = "company",
    }
}

text_enum! {
    /// Who has a view.
    pub enum ViewVisibility {
        /// Whoever made it.
        Private = "private",
        /// The members of a team.
        Team = "team",
        /// Everybody in the organization.
        Organization = "organization",
    }
}

impl ViewObject {
    /// What queries can ask of these objects.
    pub fn table(self) -> &'static Table {
        match self {
            Self::Conversation => &conversations::FIELDS,
            Self::Contact => &contacts::FIELDS,
            Self::Company => &companies::FIELDS,
        }
    }
}

impl Assign<ViewVisibility> for ViewVisibility {
    fn assign(self, target: &mut ViewVisibility) {
        *target = self;
    }
}

/// What is stored of a view.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = views, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct ViewRow {
    #[serde(skip)]
    pub organization_id: Id,
    /// The view's id.
    pub id: Id,
    /// What the view is called.
    pub name: String,
    /// What it shows.
    pub object: ViewObject,
    /// Which of them, in the query language.
    pub query: String,
    /// The order, such as `last_message_at:desc`; null for oldest first.
    pub sort: Option<String>,
    /// Who has it.
    pub visibility: ViewVisibility,
    /// The team whose members have it.
    pub team_id: Option<Id>,
    /// The user who made it.
    pub owner_user_id: Option<Id>,
    /// Where it stands among the views; low numbers first.
    pub position: i32,
    /// How often the view was changed, from 1.
    pub version: i64,
    /// When the view was created.
    pub created_at: Timestamp,
    /// When the view was last changed.
    pub updated_at: Timestamp,
}

/// A query that was saved under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct View {
    #[serde(flatten)]
    pub row: ViewRow,
    /// How many objects it shows to the caller, up to 10,000; null unless that was asked for.
    pub count: Option<i64>,
}

impl From<ViewRow> for View {
    fn from(row: ViewRow) -> Self {
        Self { row, count: None }
    }
}

impl Object for View {
    const TYPE: &'static str = "view";
    const NOT_FOUND: Code = Code::ViewNotFound;

    fn id(&self) -> Id {
        self.row.id
    }

    fn version(&self) -> Option<i64> {
        Some(self.row.version)
    }
}

impl Output for View {
    fn etag(&self) -> Option<i64> {
        Some(self.row.version)
    }
}
