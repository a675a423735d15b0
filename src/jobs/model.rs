//! Jobs and their results, as they are stored and as callers see them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Code, Error, FieldError, Object, Output};
use crate::schema::{job_results, jobs};
use crate::text_enum;

text_enum! {
    /// Where a job stands.
    pub enum JobStatus {
        /// It waits for its turn.
        Queued = "queued",
        /// It is being done.
        Running = "running",
        /// It is done, and everything went well.
        Succeeded = "succeeded",
        /// It is done, and something could not be done.
        Partial = "partial",
        /// It was given up; `failure` says why. What was done until then stays.
        Failed = "failed",
        /// It was called off. What was done until then stays.
        Canceled = "canceled",
        /// What it did was undone.
        Reverted = "reverted",
    }
}

impl JobStatus {
    /// Whether nothing more is going to happen by itself.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// What went wrong, with a job or with one of its objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JobProblem")]
pub struct Problem {
    /// The code, as in errors of calls.
    pub code: String,
    /// The same in words.
    pub message: String,
    /// The arguments that are wrong, if it is about some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        Self { code: error.code().as_str().into(), message: error.message().into(), errors: error.fields().to_vec() }
    }
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Progress {
    /// How many objects are done with.
    pub done: i64,
    /// How many there are; 0 until they were counted.
    pub total: i64,
}

/// What is stored of a job and shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable)]
#[diesel(table_name = jobs)]
pub struct JobRow {
    #[serde(skip)]
    pub organization_id: Id,
    /// The job's id.
    pub id: Id,
    /// The method that was called, such as `contacts.bulkUpdate`.
    #[serde(rename = "type")]
    pub type_: String,
    #[serde(skip)]
    pub kind: String,
    /// Where the job stands.
    pub status: JobStatus,
    /// How many objects it is about; 0 until they were counted.
    pub total: i64,
    /// How many of them are done with.
    pub processed: i64,
    /// With how many of them it went well.
    pub succeeded: i64,
    /// With how many of them it did not; `jobs.listResults` says why.
    pub failed: i64,
    /// How many of them were left alone, because there was nothing to do or they were changed meanwhile.
    pub skipped: i64,
    /// Whether the job only finds out what would be, and changes nothing.
    pub dry_run: bool,
    /// Whether `jobs.revert` can undo it, within 24 hours after its end.
    pub reversible: bool,
    /// The job that this one undoes.
    pub reverts_job_id: Option<Id>,
    /// The import or export that the job is a part of.
    pub subject_id: Option<Id>,
    /// Why the job failed.
    pub failure: Option<Json<Problem>>,
    #[serde(skip)]
    pub cursor: Option<String>,
    #[serde(skip)]
    pub steps: i64,
    #[serde(skip)]
    pub attempts: i32,
    /// The user who asked for it; null if it was a key that acts for the organization.
    pub created_by: Option<Id>,
    /// When it was begun.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// Work that goes on after its call was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Job {
    #[serde(flatten)]
    pub row: JobRow,
    /// How far it is.
    pub progress: Progress,
}

impl From<JobRow> for Job {
    fn from(row: JobRow) -> Self {
        let progress = Progress { done: row.processed, total: row.total };
        Self { row, progress }
    }
}

impl std::ops::Deref for Job {
    type Target = JobRow;

    fn deref(&self) -> &JobRow {
        &self.row
    }
}

impl Object for Job {
    const TYPE: &'static str = "job";
    const NOT_FOUND: Code = Code::JobNotFound;

    fn id(&self) -> Id {
        self.row.id
    }
}

impl Output for Job {}

text_enum! {
    /// What became of an object.
    pub enum ResultStatus {
        /// It was done, or would be.
        Succeeded = "succeeded",
        /// It could not be done; `error` says why.
        Failed = "failed",
        /// There was nothing to do, or the object was changed meanwhile and was left alone.
        Skipped = "skipped",
    }
}

/// What became of one of the objects of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable)]
#[diesel(table_name = job_results)]
pub struct JobResult {
    #[serde(skip)]
    #[diesel(column_name = id)]
    pub key: Id,
    /// The object; null if there is none, as with a row that could not be imported.
    #[serde(rename = "id")]
    #[diesel(column_name = object_id)]
    pub object_id: Option<Id>,
    /// The row of what was imported, from 1.
    #[diesel(column_name = row_number)]
    pub row: Option<i64>,
    /// What became of it.
    pub status: ResultStatus,
    /// Why it could not be done, or was left alone.
    pub error: Option<Json<Problem>>,
    /// Which fields changed, or would change.
    pub changed_fields: Json<Vec<String>>,
}

impl Object for JobResult {
    const TYPE: &'static str = "job_result";
    const NOT_FOUND: Code = Code::JobNotFound;

    fn id(&self) -> Id {
        self.key
    }
}
