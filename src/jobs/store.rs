//! All SQL of jobs.

use super::kind::{Done, Item};
use super::model::{Job, JobResult, JobRow, JobStatus, ResultStatus};
use diesel::IntoSql;
use diesel::dsl::case_when;

use crate::db::prelude::*;
use crate::db::{Conn, Id, Json, Timestamp, TimestampSql};
use crate::method::{Result, Tx, Window};
use crate::schema::{job_inputs, job_lanes, job_results, jobs};
use crate::{lock, lock_next, run, run_each, run_page};

/// A job.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<Job>> {
    let row: Option<JobRow> =
        run!(conn, |c| jobs::table.find((space, id)).select(JobRow::as_select()).first(c)).optional()?;
    Ok(row.map(Job::from))
}

/// A job, locked: nothing more happens in it until the transaction ends.
pub async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<Job>> {
    let space = tx.space();
    let row: Option<JobRow> = lock!(tx, jobs::table.find((space, id)).select(JobRow::as_select()))?;
    Ok(row.map(Job::from))
}

/// The job that a write is about, locked.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<Job> {
    let found = lock(tx, id).await?;
    tx.target(found)
}

/// The jobs of a space, or those of one type or status.
pub async fn list(
    conn: &mut Conn,
    space: Id,
    window: &Window,
    type_: Option<&str>,
    status: Option<JobStatus>,
) -> Result<(Vec<Job>, Option<i64>)> {
    let of = |status: Option<JobStatus>| match status {
        Some(status) => vec![status],
        None => JobStatus::ALL.to_vec(),
    };
    let statuses = of(status);
    let (rows, total): (Vec<JobRow>, Option<i64>) = match type_ {
        Some(type_) => run_page!(
            conn,
            window,
            jobs::id,
            JobRow,
            jobs::table
                .filter(jobs::organization_id.eq(space).and(jobs::type_.eq(type_)))
                .filter(jobs::status.eq_any(&statuses))
        ),
        None => run_page!(
            conn,
            window,
            jobs::id,
            JobRow,
            jobs::table.filter(jobs::organization_id.eq(space)).filter(jobs::status.eq_any(&statuses))
        ),
    };
    Ok((rows.into_iter().map(Job::from).collect(), total))
}

/// What became of the objects of a job, or of those with one status.
pub async fn results(
    conn: &mut Conn,
    space: Id,
    job: Id,
    window: &Window,
    status: Option<ResultStatus>,
) -> Result<(Vec<JobResult>, Option<i64>)> {
    let statuses = status.map_or_else(|| ResultStatus::ALL.to_vec(), |status| vec![status]);
    Ok(run_page!(
        conn,
        window,
        job_results::id,
        JobResult,
        job_results::table
            .filter(job_results::organization_id.eq(space).and(job_results::job_id.eq(job)))
            .filter(job_results::status.eq_any(&statuses))
    ))
}

/// How many jobs of a space are not over yet, up to `most`.
pub async fn count_open(conn: &mut Conn, space: Id, most: i64) -> Result<i64> {
    let open: Vec<Id> = run!(conn, |c| jobs::table
        .filter(jobs::organization_id.eq(space).and(jobs::due_at.is_not_null()))
        .select(jobs::id)
        .limit(most)
        .load(c))?;
    Ok(open.len() as i64)
}

/// Whether a job is being undone.
pub async fn is_being_reverted(conn: &mut Conn, space: Id, job: Id) -> Result<bool> {
    let found: Option<Id> = run!(conn, |c| jobs::table
        .filter(jobs::organization_id.eq(space).and(jobs::due_at.is_not_null()))
        .filter(jobs::reverts_job_id.eq(job))
        .select(jobs::id)
        .first(c))
    .optional()?;
    Ok(found.is_some())
}

/// What a job was given.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = job_inputs)]
pub struct Input {
    /// The space.
    pub organization_id: Id,
    /// The job.
    pub job_id: Id,
    /// The arguments of its kind, as JSON.
    pub arguments: String,
    /// The mandate of whoever asked for it, as JSON.
    pub caller: String,
    /// The request that asked for it.
    pub request_id: String,
}

/// What a job was given.
pub async fn input(conn: &mut Conn, space: Id, job: Id) -> Result<Option<Input>> {
    Ok(run!(conn, |c| job_inputs::table.find((space, job)).select(Input::as_select()).first(c)).optional()?)
}

/// Stores a new job that is due at once.
pub async fn insert(tx: &mut Tx<'_>, job: &JobRow, input: &Input) -> Result<()> {
    run!(tx, |c| diesel::insert_into(jobs::table)
        .values((
            (jobs::organization_id.eq(job.organization_id), jobs::id.eq(job.id), jobs::type_.eq(&job.type_)),
            (jobs::kind.eq(&job.kind), jobs::status.eq(job.status), jobs::total.eq(job.total)),
            (jobs::processed.eq(0i64), jobs::succeeded.eq(0i64), jobs::failed.eq(0i64), jobs::skipped.eq(0i64)),
            (jobs::dry_run.eq(job.dry_run), jobs::reversible.eq(job.reversible)),
            (jobs::reverts_job_id.eq(job.reverts_job_id), jobs::subject_id.eq(job.subject_id)),
            (jobs::steps.eq(0i64), jobs::attempts.eq(0), jobs::due_at.eq(job.created_at)),
            (jobs::created_by.eq(job.created_by), jobs::created_at.eq(job.created_at)),
        ))
        .execute(c))?;
    run!(tx, |c| diesel::insert_into(job_inputs::table).values(input).execute(c))?;
    open_lane(tx, job.organization_id, job.created_at).await
}

/// Has a worker look into a space: at once, or when the one who is there now has left.
async fn open_lane(conn: &mut Conn, space: Id, now: Timestamp) -> Result<()> {
    let earlier = case_when(job_lanes::lease.is_null().and(job_lanes::due_at.gt(now)), now.into_sql::<TimestampSql>());
    run!(conn, |c| diesel::insert_into(job_lanes::table)
        .values((job_lanes::organization_id.eq(space), job_lanes::due_at.eq(now), job_lanes::turn.eq(Id::NIL)))
        .on_conflict(job_lanes::organization_id)
        .do_update()
        .set(job_lanes::due_at.eq(earlier.otherwise(job_lanes::due_at)))
        .execute(c))?;
    Ok(())
}

/// Stores what has become of a job. `due_at` is when it goes on; none if it is over.
pub async fn save(tx: &mut Tx<'_>, job: &JobRow, due_at: Option<Timestamp>) -> Result<()> {
    run!(tx, |c| diesel::update(jobs::table.find((job.organization_id, job.id)))
        .set((
            (jobs::status.eq(job.status), jobs::total.eq(job.total), jobs::processed.eq(job.processed)),
            (jobs::succeeded.eq(job.succeeded), jobs::failed.eq(job.failed), jobs::skipped.eq(job.skipped)),
            (jobs::failure.eq(&job.failure), jobs::cursor.eq(&job.cursor), jobs::steps.eq(job.steps)),
            (jobs::attempts.eq(job.attempts), jobs::due_at.eq(due_at), jobs::started_at.eq(job.started_at)),
            (jobs::reversible.eq(job.reversible), jobs::ended_at.eq(job.ended_at)),
        ))
        .execute(c))?;
    Ok(())
}

/// Stores what became of objects of a job.
pub async fn add_results(tx: &mut Tx<'_>, job: Id, items: &[Item]) -> Result<()> {
    let (space, now) = (tx.space(), tx.now());
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let changed: Vec<String> = item.previous.keys().cloned().collect();
        let undo = item.undo.as_ref().map(serde_json::to_string).transpose()?;
        rows.push((tx.new_id(), item, Json(changed), item.error.clone().map(Json), undo));
    }
    run_each!(tx, &rows, |c, row| diesel::insert_into(job_results::table)
        .values((
            (job_results::organization_id.eq(space), job_results::job_id.eq(job), job_results::id.eq(row.0)),
            (job_results::object_id.eq(row.1.object_id), job_results::row_number.eq(row.1.row)),
            (job_results::status.eq(row.1.status), job_results::error.eq(&row.3)),
            (job_results::changed_fields.eq(&row.2), job_results::version.eq(row.1.version)),
            (job_results::undo.eq(&row.4), job_results::created_at.eq(now)),
        ))
        .execute(c))?;
    Ok(())
}

/// How many objects a job can undo.
pub async fn count_undoable(conn: &mut Conn, space: Id, job: Id) -> Result<i64> {
    Ok(run!(conn, |c| job_results::table
        .filter(job_results::organization_id.eq(space).and(job_results::job_id.eq(job)))
        .filter(job_results::status.eq(ResultStatus::Succeeded).and(job_results::undo.is_not_null()))
        .count()
        .get_result(c))?)
}

/// A result as it is stored: its id, its object, the version that it left, how to undo it.
type DoneRow = (Id, Option<Id>, Option<i64>, Option<String>);

/// What a job did that can be undone, the last first, before the result with this id.
pub async fn undoable(conn: &mut Conn, space: Id, job: Id, before: Id, most: i64) -> Result<Vec<(Id, Done)>> {
    let rows: Vec<DoneRow> = run!(conn, |c| job_results::table
        .filter(job_results::organization_id.eq(space).and(job_results::job_id.eq(job)))
        .filter(job_results::status.eq(ResultStatus::Succeeded).and(job_results::id.lt(before)))
        .filter(job_results::undo.is_not_null())
        .order(job_results::id.desc())
        .limit(most)
        .select((job_results::id, job_results::object_id, job_results::version, job_results::undo))
        .load(c))?;
    let mut all = Vec::with_capacity(rows.len());
    for (id, object_id, version, undo) in rows {
        let (Some(object_id), Some(undo)) = (object_id, undo) else { continue };
        all.push((id, Done { object_id, version, undo: serde_json::from_str(&undo)? }));
    }
    Ok(all)
}

/// The space whose turn it is, if any has a job that is due.
pub async fn is_due(conn: &mut Conn, now: Timestamp) -> Result<bool> {
    let due: Option<Id> =
        run!(conn, |c| job_lanes::table.filter(job_lanes::due_at.le(now)).select(job_lanes::organization_id).first(c))
            .optional()?;
    Ok(due.is_some())
}

/// Locks the space whose turn it is: the one that nobody looked into for longest.
pub async fn next_lane(conn: &mut Conn, now: Timestamp) -> Result<Option<Id>> {
    Ok(lock_next!(
        conn,
        job_lanes::table
            .filter(job_lanes::due_at.le(now))
            .order((job_lanes::due_at, job_lanes::turn))
            .select(job_lanes::organization_id)
    )?)
}

/// The job of a space whose turn it is.
pub async fn next_job(conn: &mut Conn, space: Id, now: Timestamp) -> Result<Option<Id>> {
    Ok(run!(conn, |c| jobs::table
        .filter(jobs::organization_id.eq(space).and(jobs::due_at.le(now)))
        .order((jobs::due_at, jobs::id))
        .select(jobs::id)
        .first(c))
    .optional()?)
}

/// Keeps other workers out of a space until an instant.
pub async fn lease(conn: &mut Conn, space: Id, lease: Id, until: Timestamp) -> Result<()> {
    run!(conn, |c| diesel::update(job_lanes::table.find(space))
        .set((job_lanes::lease.eq(Some(lease)), job_lanes::turn.eq(lease), job_lanes::due_at.eq(until)))
        .execute(c))?;
    Ok(())
}

/// The same for somebody who is there already, unless another has come because it took too long.
pub async fn renew(conn: &mut Conn, space: Id, lease: Id, until: Timestamp) -> Result<()> {
    run!(conn, |c| diesel::update(job_lanes::table.find(space))
        .filter(job_lanes::lease.eq(lease))
        .set(job_lanes::due_at.eq(until))
        .execute(c))?;
    Ok(())
}

/// Begins a job that waits for its turn.
pub async fn begin(conn: &mut Conn, space: Id, id: Id, now: Timestamp) -> Result<()> {
    run!(conn, |c| diesel::update(jobs::table.find((space, id)))
        .filter(jobs::status.eq(JobStatus::Queued))
        .set((jobs::status.eq(JobStatus::Running), jobs::started_at.eq(Some(now))))
        .execute(c))?;
    Ok(())
}

/// Puts a job behind the others of its space.
pub async fn to_the_end(conn: &mut Conn, space: Id, id: Id, now: Timestamp) -> Result<()> {
    run!(conn, |c| diesel::update(jobs::table.find((space, id)))
        .filter(jobs::due_at.le(now))
        .set(jobs::due_at.eq(Some(now)))
        .execute(c))?;
    Ok(())
}

/// Whether a worker still has the space to itself; then nobody else gets it until the transaction ends.
pub async fn still_leased(conn: &mut Conn, space: Id, lease: Id) -> Result<bool> {
    let held: Option<Option<Id>> = lock!(conn, job_lanes::table.find(space).select(job_lanes::lease))?;
    Ok(held == Some(Some(lease)))
}

/// Leaves a space, which is locked, to others: for its next job that is due, or for good if there is none.
pub async fn leave(conn: &mut Conn, space: Id, now: Timestamp) -> Result<()> {
    let next: Option<Option<Timestamp>> = run!(conn, |c| jobs::table
        .filter(jobs::organization_id.eq(space).and(jobs::due_at.is_not_null()))
        .order(jobs::due_at)
        .select(jobs::due_at)
        .first(c))
    .optional()?;
    match next.flatten() {
        Some(next) => run!(conn, |c| diesel::update(job_lanes::table.find(space))
            .set((job_lanes::lease.eq(None::<Id>), job_lanes::due_at.eq(next.max(now))))
            .execute(c))?,
        None => run!(conn, |c| diesel::delete(job_lanes::table.find(space)).execute(c))?,
    };
    Ok(())
}

/// Takes out jobs that were over before an instant, with their results; answers how many.
pub async fn purge(conn: &mut Conn, before: Timestamp, most: i64) -> Result<usize> {
    let over: Vec<(Id, Id)> = run!(conn, |c| jobs::table
        .filter(jobs::ended_at.lt(before))
        .order(jobs::ended_at)
        .limit(most)
        .select((jobs::organization_id, jobs::id))
        .load(c))?;
    run_each!(conn, &over, |c, job| diesel::delete(jobs::table.find(*job)).execute(c))?;
    Ok(over.len())
}
