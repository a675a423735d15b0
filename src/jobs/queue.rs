//! How jobs come to be, and how they end.

use super::kind::Kind;
use super::model::{Job, JobRow, JobStatus, Problem};
use super::store::{self, Input};
use super::work::Workshop;
use crate::access::authenticate::Mandate;
use crate::db::{Id, Json};
use crate::method::{Code, Error, Result, Tx};

/// How many jobs of an organization may wait or be under way at the same time.
const OPEN: i64 = 100;

/// What is known of a job when it is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct New {
    /// How many objects it is about; 0 if they are still to be counted.
    pub total: i64,
    /// Whether it only finds out what would be.
    pub dry_run: bool,
    /// Whether it can be undone.
    pub reversible: bool,
    /// The import or export that it is a part of.
    pub subject_id: Option<Id>,
}

/// Stores a job in the transaction of the call that asks for it; workers take it up after the commit.
pub async fn add<K: Kind>(tx: &mut Tx<'_>, kind: &K, new: New) -> Result<Job> {
    let arguments = serde_json::to_string(kind)?;
    insert(tx, K::NAME.to_owned(), arguments, new, None).await
}

/// Stores a job that undoes another one, which is locked.
pub async fn add_reverting(tx: &mut Tx<'_>, other: &Job) -> Result<Job> {
    let space = tx.space();
    let input = store::input(tx, space, other.id).await?.ok_or_else(|| Error::internal("a job without its input"))?;
    let total = store::count_undoable(tx, space, other.id).await?;
    let new = New { total, subject_id: other.subject_id, ..New::default() };
    insert(tx, other.kind.clone(), input.arguments, new, Some(other.id)).await
}

async fn insert(tx: &mut Tx<'_>, kind: String, arguments: String, new: New, reverts: Option<Id>) -> Result<Job> {
    let space = tx.space();
    if store::count_open(tx, space, OPEN).await? >= OPEN {
        let message = format!("{OPEN} jobs of this organization are under way; wait until some of them are done.");
        return Err(Error::new(Code::LimitExceeded, message).with("limit", OPEN));
    }
    let caller = tx.ctx().caller()?;
    let row = JobRow {
        organization_id: space,
        id: tx.new_id(),
        type_: tx.ctx().method().to_owned(),
        kind,
        status: JobStatus::Queued,
        total: new.total,
        processed: 0,
        succeeded: 0,
        failed: 0,
        skipped: 0,
        dry_run: new.dry_run,
        reversible: new.reversible && !new.dry_run,
        reverts_job_id: reverts,
        subject_id: new.subject_id,
        failure: None,
        cursor: None,
        steps: 0,
        attempts: 0,
        created_by: caller.user,
        started_at: None,
        ended_at: None,
        created_at: tx.now(),
    };
    let input = Input {
        organization_id: space,
        job_id: row.id,
        arguments,
        caller: serde_json::to_string(&Mandate::of(caller)?)?,
        request_id: tx.ctx().request().id.clone(),
    };
    store::insert(tx, &row, &input).await?;
    let app = tx.ctx().app().clone();
    tx.after_commit(move || app.signals().jobs.notify_one());
    Ok(row.into())
}

/// Calls off a job, which is locked. What it did until now stays.
pub async fn cancel(tx: &mut Tx<'_>, job: Job) -> Result<Job> {
    if job.status == JobStatus::Canceled {
        return Ok(job);
    }
    if job.status.is_over() {
        let message = format!("The job is over: it is {}.", job.status);
        return Err(Error::new(Code::InvalidState, message)
            .with("from", job.status.as_str())
            .with("allowed", vec![JobStatus::Queued.as_str(), JobStatus::Running.as_str()]));
    }
    end(tx, job.row, JobStatus::Canceled, None).await
}

/// Ends a job, which is locked, and announces it.
pub async fn end(tx: &mut Tx<'_>, mut row: JobRow, status: JobStatus, failure: Option<Problem>) -> Result<Job> {
    row.status = status;
    row.failure = failure.map(Json);
    row.ended_at = Some(tx.now());
    row.cursor = None;
    store::save(tx, &row, None).await?;
    let job = Job::from(row);
    if let Some(reverted) = job.reverts_job_id.filter(|_| matches!(status, JobStatus::Succeeded | JobStatus::Partial)) {
        note_reverted(tx, reverted).await?;
    }
    let entry = tx.ctx().service::<Workshop>()?.find(&job.kind)?;
    let space = tx.space();
    let input = store::input(tx, space, job.id).await?.ok_or_else(|| Error::internal("a job without its input"))?;
    (entry.ended)(tx, &input.arguments, &job).await?;
    tx.emit("job.completed", &job)?;
    Ok(job)
}

async fn note_reverted(tx: &mut Tx<'_>, id: Id) -> Result<()> {
    let Some(mut job) = store::lock(tx, id).await? else { return Ok(()) };
    job.row.status = JobStatus::Reverted;
    job.row.reversible = false;
    store::save(tx, &job.row, None).await
}
