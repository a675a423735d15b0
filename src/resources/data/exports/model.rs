//! The export, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::jobs::Problem;
use crate::schema::exports;
use crate::{object, text_enum};

text_enum! {
    /// What is exported.
    pub enum ExportObject {
        /// Contacts, as `contacts.list` answers them.
        Contact = "contact",
        /// Companies, as `companies.list` answers them.
        Company = "company",
        /// Conversations, as `conversations.list` answers them.
        Conversation = "conversation",
        /// Messages that were said, as `messages.list` answers them.
        Message = "message",
        /// Tags, as `tags.list` answers them.
        Tag = "tag",
    }
}

text_enum! {
    /// How the file is written.
    pub enum ExportFormat {
        /// A list of objects.
        Json = "json",
        /// An object in each line.
        Ndjson = "ndjson",
        /// A table with commas: the names of the fields in the first line, then a line for each object.
        Csv = "csv",
    }
}

impl ExportFormat {
    /// What a file in this format is.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
        }
    }
}

text_enum! {
    /// Where an export stands.
    pub enum ExportStatus {
        /// It waits for its turn.
        Queued = "queued",
        /// The file is being written.
        Running = "running",
        /// The file is there.
        Completed = "completed",
        /// The file was there, and is deleted.
        Expired = "expired",
        /// It was given up; `failure` says why.
        Failed = "failed",
        /// It was called off.
        Canceled = "canceled",
    }
}

/// Objects that become a file.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = exports, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct Export {
    #[serde(skip)]
    pub organization_id: Id,
    /// The export's id.
    pub id: Id,
    /// The job that does it.
    pub job_id: Id,
    /// What is exported.
    pub object: ExportObject,
    /// Which objects, in the query language; null for all.
    pub query: Option<String>,
    /// The fields of each object; null for all.
    pub fields: Option<Json<Vec<String>>>,
    /// How the file is written.
    pub format: ExportFormat,
    /// Where the export stands.
    pub status: ExportStatus,
    /// The file; null while it is not there.
    pub file_id: Option<Id>,
    #[serde(skip)]
    pub upload_id: Id,
    /// How many objects are in the file so far.
    pub row_count: i64,
    /// Why the export failed.
    pub failure: Option<Json<Problem>>,
    /// When the file is deleted: seven days after it was written.
    pub expires_at: Option<Timestamp>,
    /// The user who asked for it; null if it was a key that acts for the organization.
    pub created_by: Option<Id>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

object!(Export, "export", ExportNotFound);
