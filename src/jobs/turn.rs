//! A while of one job: step after step, until it is done, or it is another one's turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::kind::{Item, Kind, Step};
use super::model::{Job, JobRow, JobStatus, ResultStatus};
use super::store::Input;
use super::work::LEASE_SECONDS;
use super::{queue, revert, store};
use crate::db::{Id, Unavailable};
use crate::method::{App, Caller, Context, Error, Result, Tx};

/// How long a job goes on before it is another organization's turn.
const TURN: Duration = Duration::from_millis(500);

/// What is needed to go on with a job.
pub struct Turn {
    pub(super) app: App,
    pub(super) caller: Caller,
    pub(super) method: &'static str,
    pub(super) job: Job,
    pub(super) input: Input,
    pub(super) lease: Id,
}

/// Why a job could not go on, and after how many steps; not known how many if it panicked outside of them.
pub struct Stopped {
    pub(super) error: Error,
    pub(super) steps: Option<i64>,
}

impl Stopped {
    pub(super) fn because(error: Error) -> Self {
        Self { error, steps: None }
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::because(error)
    }
}

impl From<Unavailable> for Stopped {
    fn from(error: Unavailable) -> Self {
        Self::because(error.into())
    }
}

/// How a step went.
#[derive(Serialize, Deserialize)]
enum Stepped {
    /// There is more to do.
    More(Box<JobRow>),
    /// The job is over, or another worker is at it.
    Enough,
}

/// Goes on with a job of one kind for a while.
pub async fn go_on<K: Kind>(turn: Turn) -> Result<(), Stopped> {
    let until = Instant::now() + TURN;
    let kind: K = serde_json::from_str(&turn.input.arguments)
        .map_err(|error| Stopped { error: error.into(), steps: Some(turn.job.steps) })?;
    let kind = Arc::new(kind);
    let mut row = turn.job.row.clone();
    loop {
        let steps = row.steps;
        let stepped = match row.reverts_job_id {
            None => one::<K>(&turn, kind.clone(), row).await,
            Some(_) => undo_some::<K>(&turn, row).await,
        };
        match stepped.map_err(|error| Stopped { error, steps: Some(steps) })? {
            Stepped::More(next) if Instant::now() < until => row = *next,
            Stepped::More(_) | Stepped::Enough => return Ok(()),
        }
    }
}

async fn one<K: Kind>(turn: &Turn, kind: Arc<K>, row: JobRow) -> Result<Stepped> {
    let ctx = turn.context(turn.method);
    let cursor: Arc<K::Cursor> = Arc::new(read_cursor(&row)?);
    let material = Arc::new(kind.gather(&ctx, &cursor).await?);
    let lease = turn.lease;
    ctx.write(async move |tx| {
        let Some(job) = still_ours(tx, &row).await? else { return Ok(Stepped::Enough) };
        let step = kind.step(tx, &job, &cursor, &material).await?;
        conclude(tx, job.row, step, lease).await
    })
    .await
}

async fn undo_some<K: Kind>(turn: &Turn, row: JobRow) -> Result<Stepped> {
    let lease = turn.lease;
    turn.context("jobs.revert")
        .write(async move |tx| {
            let Some(job) = still_ours(tx, &row).await? else { return Ok(Stepped::Enough) };
            let step = revert::step::<K>(tx, &job, read_cursor(&job)?).await?;
            conclude(tx, job.row, step, lease).await
        })
        .await
}

fn read_cursor<C: serde::de::DeserializeOwned + Default>(row: &JobRow) -> Result<C> {
    match &row.cursor {
        None => Ok(C::default()),
        Some(text) => Ok(serde_json::from_str(text)?),
    }
}

/// The job, locked, if it is where this worker left it: another one may have gone on with it, or somebody has called it off.
async fn still_ours(tx: &mut Tx<'_>, row: &JobRow) -> Result<Option<Job>> {
    let job = store::lock(tx, row.id).await?;
    Ok(job.filter(|job| job.status == JobStatus::Running && job.steps == row.steps))
}

/// Stores what a step did, as the last thing before its commit.
async fn conclude<C: Serialize>(tx: &mut Tx<'_>, mut row: JobRow, step: Step<C>, lease: Id) -> Result<Stepped> {
    let Step { next, items, total } = step;
    store::add_results(tx, row.id, &items).await?;
    let count = |status| items.iter().filter(|item: &&Item| item.status == status).count() as i64;
    row.succeeded += count(ResultStatus::Succeeded);
    row.failed += count(ResultStatus::Failed);
    row.skipped += count(ResultStatus::Skipped);
    row.processed += items.len() as i64;
    row.total = total.unwrap_or(row.total).max(row.processed);
    row.steps += 1;
    row.attempts = 0;
    let Some(next) = next else {
        let status = if row.failed == 0 { JobStatus::Succeeded } else { JobStatus::Partial };
        queue::end(tx, row, status, None).await?;
        return Ok(Stepped::Enough);
    };
    row.cursor = Some(serde_json::to_string(&next)?);
    let now = tx.now();
    store::save(tx, &row, Some(now)).await?;
    store::renew(tx, row.organization_id, lease, now.plus_seconds(LEASE_SECONDS)).await?;
    Ok(Stepped::More(Box::new(row)))
}

impl Turn {
    fn context(&self, method: &'static str) -> Context {
        Context::later(self.app.clone(), self.caller.clone(), method, self.input.request_id.clone())
    }
}
