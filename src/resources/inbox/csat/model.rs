//! The survey, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::db::{Id, Timestamp};
use crate::method::{Code, Object, Output};
use crate::schema::csat_surveys;
use crate::text_enum;

text_enum! {
    /// Where a survey stands.
    pub enum CsatStatus {
        /// The contact was asked.
        Requested = "requested",
        /// The contact has answered.
        Submitted = "submitted",
        /// The contact has not answered in time.
        Expired = "expired",
    }
}

/// What is stored of a survey.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = csat_surveys, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct SurveyRow {
    #[serde(skip)]
    pub organization_id: Id,
    /// The survey's id.
    pub id: Id,
    /// The conversation that it is about.
    pub conversation_id: Id,
    /// The type of the channel of that conversation.
    pub channel: String,
    /// The user who had the conversation when the contact was asked.
    pub user_id: Option<Id>,
    /// From 1 (not at all content) to 5 (very); null until the contact has answered.
    pub score: Option<i32>,
    /// What the contact had to say.
    pub comment: Option<String>,
    /// When the contact was asked.
    pub requested_at: Timestamp,
    /// When the contact answered.
    pub submitted_at: Option<Timestamp>,
    /// Until when the contact can answer, and change the answer.
    pub expires_at: Timestamp,
    /// How often the survey was changed, from 1.
    pub version: i64,
    /// When the survey was made.
    pub created_at: Timestamp,
    /// When the survey was last changed.
    pub updated_at: Timestamp,
}

/// A survey: a contact was asked how content they were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CsatSurvey {
    #[serde(flatten)]
    pub row: SurveyRow,
    /// Where it stands.
    pub status: CsatStatus,
}

impl CsatSurvey {
    /// A survey as it stands at an instant.
    pub fn at(row: SurveyRow, now: Timestamp) -> Self {
        let status = match row.submitted_at {
            Some(_) => CsatStatus::Submitted,
            None if row.expires_at <= now => CsatStatus::Expired,
            None => CsatStatus::Requested,
        };
        Self { row, status }
    }
}

impl Object for CsatSurvey {
    const TYPE: &'static str = "csat_survey";
    const NOT_FOUND: Code = Code::CsatSurveyNotFound;

    fn id(&self) -> Id {
        self.row.id
    }

    fn version(&self) -> Option<i64> {
        Some(self.row.version)
    }
}

impl Output for CsatSurvey {
    fn etag(&self) -> Option<i64> {
        Some(self.row.version)
    }
}
