//! The import, as it is stored and as callers see it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::jobs::Problem;
use crate::method::{Code, Object, Output};
use crate::schema::{import_errors, imports};
use crate::{object, text_enum};

text_enum! {
    /// What is imported.
    pub enum ImportObject {
        /// Contacts: the fields of `contacts.create`.
        Contact = "contact",
        /// Companies: the fields of `companies.create`.
        Company = "company",
        /// Conversations without their messages: the fields of `conversations.create`.
        Conversation = "conversation",
        /// Messages, with the conversations they belong to: the fields of `messages.create`.
        Message = "message",
        /// Tags: the fields of `tags.create`.
        Tag = "tag",
    }
}

text_enum! {
    /// How the records are written.
    pub enum ImportFormat {
        /// A list of objects.
        Json = "json",
        /// An object in each line.
        Ndjson = "ndjson",
        /// A table: the names of the fields in the first line, then a line for each record.
        Csv = "csv",
    }
}

text_enum! {
    /// What becomes of a record, depending on whether its object is there already.
    #[derive(Default)]
    pub enum ImportMode {
        /// It is created; one that is there already is an error.
        Create = "create",
        /// It is created, or changed if it is there.
        #[default]
        Upsert = "upsert",
        /// It is changed; one that is not there is an error.
        Update = "update",
    }
}

text_enum! {
    /// By what an object is recognized.
    pub enum ImportMatch {
        /// The id in the other system: contacts, companies, conversations.
        ExternalId = "external_id",
        /// An e-mail address: contacts.
        Email = "email",
        /// A telephone number: contacts.
        Phone = "phone",
        /// Any address, number or account: contacts.
        Identity = "identity",
        /// A domain: companies.
        Domain = "domain",
        /// The name: tags.
        Name = "name",
        /// The id that the record gives itself: messages.
        ClientMessageId = "client_message_id",
    }
}

text_enum! {
    /// What a broken record means for the others.
    #[derive(Default)]
    pub enum OnError {
        /// It is left out; all that are whole are written.
        #[default]
        Skip = "skip",
        /// Nothing is written.
        Abort = "abort",
    }
}

text_enum! {
    /// Where an import stands.
    pub enum ImportStatus {
        /// It waits, or the file is being read.
        Validating = "validating",
        /// Records are being written.
        Running = "running",
        /// Everything was written.
        Completed = "completed",
        /// All that was whole was written; `imports.listErrors` has the rest.
        Partial = "partial",
        /// It was given up, or broken records kept all from being written; `failure` says why.
        Failed = "failed",
        /// It was called off. What was written until then stays.
        Canceled = "canceled",
        /// What it created was deleted again.
        Reverted = "reverted",
    }
}

/// Records from elsewhere that become objects here.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = imports, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct Import {
    #[serde(skip)]
    pub organization_id: Id,
    /// The import's id.
    pub id: Id,
    /// The job that does it.
    pub job_id: Id,
    /// What is imported.
    pub object: ImportObject,
    /// How the records are written.
    pub format: ImportFormat,
    /// The file with the records; null if they were sent with the call.
    pub file_id: Option<Id>,
    /// What becomes of a record, depending on whether its object is there already.
    pub mode: ImportMode,
    /// By what objects are recognized; null for whatever each record has.
    pub match_on: Option<ImportMatch>,
    /// Which column becomes which field; null for a column that is left out. Empty if columns are called as the fields are.
    pub mapping: Json<BTreeMap<String, Option<String>>>,
    /// What a broken record means for the others.
    pub on_error: OnError,
    /// Whether `created_at` of the records is kept.
    pub preserve_timestamps: bool,
    /// Whether no events are caused.
    pub suppress_events: bool,
    /// Where the import stands.
    pub status: ImportStatus,
    /// How many records there are; 0 until they were counted.
    pub total: i64,
    /// How many objects were created.
    pub created: i64,
    /// How many objects were changed.
    pub updated: i64,
    /// How many records say nothing new.
    pub skipped: i64,
    /// How many records are broken.
    pub failed: i64,
    /// Why the import failed.
    pub failure: Option<Json<Problem>>,
    /// The user who asked for it; null if it was a key that acts for the organization.
    pub created_by: Option<Id>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

object!(Import, "import", ImportNotFound);

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable)]
#[diesel(table_name = import_errors)]
pub struct RowError {
    #[serde(skip)]
    #[diesel(column_name = organization_id)]
    pub space: Id,
    #[serde(skip)]
    #[diesel(column_name = import_id)]
    pub import: Id,
    /// The id of this entry.
    pub id: Id,
    /// The record, from 1; the first line of a table, with the names, does not count.
    #[diesel(column_name = row_number)]
    pub row: i64,
    /// The field that is wrong; null if it is the record as a whole.
    pub field: Option<String>,
    /// What is wrong, as in errors of calls.
    pub code: String,
    /// The same in words.
    pub message: String,
}

impl Object for RowError {
    const TYPE: &'static str = "import_error";
    const NOT_FOUND: Code = Code::ImportNotFound;

    fn id(&self) -> Id {
        self.id
    }
}

/// What an import would find.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Validation {
    /// Whether nothing is wrong with what was looked at.
    pub is_valid: bool,
    /// How many records there are.
    pub total: i64,
    /// How many of them were looked at: the first 1,000.
    pub checked: i64,
    /// What is wrong, up to 1,000 problems.
    pub problems: Vec<RowProblem>,
    /// The first five records, as they are understood.
    pub sample: Vec<serde_json::Map<String, serde_json::Value>>,
}

impl Output for Validation {}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RowProblem {
    /// The record, from 1.
    pub row: i64,
    /// The field that is wrong; null if it is the record as a whole.
    pub field: Option<String>,
    /// What is wrong, as in errors of calls.
    pub code: String,
    /// The same in words.
    pub message: String,
}
