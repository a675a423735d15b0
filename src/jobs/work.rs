//! Workers: they take spaces with due jobs in turn, and do a while of a job each time.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use super::kind::Entry;
use super::model::JobStatus;
use super::turn::{Stopped, Turn};
use super::{queue, store};
use crate::access::authenticate::{Mandate, server_itself};
use crate::db::{Id, Transaction};
use crate::method::{Access, App, Caller, Code, Context, Credential, Error, Result, Void};

/// For how long a space is kept from other workers, in seconds; every step begins the time anew.
pub(super) const LEASE_SECONDS: i64 = 60;
/// How long storing what is not a step may take.
const STORING: Duration = Duration::from_secs(10);
/// How often a step is tried that fails for a reason that may pass.
const ATTEMPTS: i32 = 8;
/// The first and the longest pause between two attempts, in seconds.
const PAUSES: (i64, i64) = (5, 10 * 60);

/// The kinds of job that this server knows.
pub struct Workshop {
    kinds: HashMap<&'static str, Entry>,
}

impl Workshop {
    /// A workshop for these kinds.
    pub fn new(tables: &[&[Entry]]) -> Self {
        Self { kinds: tables.iter().flat_map(|table| table.iter()).map(|entry| (entry.name, *entry)).collect() }
    }

    /// The kind with this name.
    pub(super) fn find(&self, name: &str) -> Result<Entry> {
        let unknown = || Error::internal(format!("this server knows no jobs of the kind {name}"));
        self.kinds.get(name).copied().ok_or_else(unknown)
    }
}

/// Does what is due until nothing is that other workers have not taken; answers how often a job was taken up.
pub async fn work(app: &App) -> Result<usize> {
    let mut turns = 0;
    while store::is_due(&mut *app.db.read().await?, app.now()).await? {
        match take_up(app).await? {
            Looked::Taken(taken) => {
                serve(app, &taken).await?;
                turns += 1;
            }
            Looked::Nothing => {}
            Looked::Busy => break,
        }
    }
    Ok(turns)
}

/// What became of looking for a job.
enum Looked {
    /// This worker has a space to itself, and a job whose turn it is there.
    Taken(Taken),
    /// A space had no job that is due, after all.
    Nothing,
    /// Others are about to take all that there is.
    Busy,
}

/// A space that this worker has to itself, and the job whose turn it is there.
#[derive(Clone, Copy)]
struct Taken {
    space: Id,
    job: Id,
    lease: Id,
}

async fn take_up(app: &App) -> Result<Looked> {
    let (now, lease) = (app.now(), app.new_id());
    let until = now.plus_seconds(LEASE_SECONDS);
    app.db
        .write(Instant::now() + STORING, async move |tx: &mut Transaction| -> Result<Looked> {
            let Some(space) = store::next_lane(tx, now).await? else { return Ok(Looked::Busy) };
            let Some(job) = store::next_job(tx, space, now).await? else {
                store::leave(tx, space, now).await?;
                return Ok(Looked::Nothing);
            };
            store::begin(tx, space, job, now).await?;
            store::lease(tx, space, lease, until).await?;
            Ok(Looked::Taken(Taken { space, job, lease }))
        })
        .await
}

/// Goes on with a job for a while, and leaves its space to others.
async fn serve(app: &App, taken: &Taken) -> Result<()> {
    let going = AssertUnwindSafe(go_on(app, taken)).catch_unwind().await;
    let outcome = going.unwrap_or_else(|_| Err(Stopped::because(Error::internal("the job panicked"))));
    if let Err(stopped) = outcome {
        tracing::warn!(error = ?stopped.error, job = %taken.job, "a job could not go on");
        put_off(app, taken, stopped).await?;
    }
    let (Taken { space, job, lease }, now) = (*taken, app.now());
    app.db
        .write(Instant::now() + STORING, async move |tx: &mut Transaction| -> Result<()> {
            if store::still_leased(tx, space, lease).await? {
                store::to_the_end(tx, space, job, now).await?;
                store::leave(tx, space, now).await?;
            }
            Ok(())
        })
        .await
}

async fn go_on(app: &App, taken: &Taken) -> Result<(), Stopped> {
    let (job, input) = {
        let mut conn = app.db.read().await?;
        let found = (
            store::find(&mut conn, taken.space, taken.job).await?,
            store::input(&mut conn, taken.space, taken.job).await?,
        );
        let (Some(job), Some(input)) = found else { return Ok(()) };
        (job, input)
    };
    if job.status != JobStatus::Running {
        return Ok(());
    }
    let steps = job.steps;
    let stopped = |error: Error| Stopped { error, steps: Some(steps) };
    let workshop: &Workshop =
        app.services().get().ok_or_else(|| stopped(Error::internal("this server has no workshop")))?;
    let entry = workshop.find(&job.kind).map_err(stopped)?;
    let mandate: Mandate = serde_json::from_str(&input.caller).map_err(|error| stopped(error.into()))?;
    let caller = mandate.caller(app).await.map_err(stopped)?;
    permit(&caller, &entry, &job.type_).map_err(stopped)?;
    let turn = Turn { app: app.clone(), caller, method: entry.method, job, input, lease: taken.lease };
    (entry.work)(turn).await
}

/// Whether the one who asked for a job may still do what it does.
fn permit(caller: &Caller, entry: &Entry, type_: &str) -> Result<()> {
    if let Access::Scope(scope) = entry.access
        && !caller.scopes.has(scope)
    {
        let message = format!("Whoever asked for this has the scope {scope} no more.");
        return Err(Error::new(Code::MissingScope, message).with("needed", scope.to_string()));
    }
    match &caller.credential {
        Credential::ApiKey(limits)
            if !limits.allowed_methods.is_empty() && !limits.allowed_methods.iter().any(|name| name == type_) =>
        {
            Err(Error::new(Code::NoPermission, format!("The key that asked for this may call {type_} no more.")))
        }
        _ => Ok(()),
    }
}

/// Notes that a step failed: the job goes on after a pause, or not at all.
async fn put_off(app: &App, taken: &Taken, stopped: Stopped) -> Result<()> {
    let Some(input) = store::input(&mut *app.db.read().await?, taken.space, taken.job).await? else { return Ok(()) };
    let mandate: Mandate = serde_json::from_str(&input.caller)?;
    let mut caller = server_itself(mandate.organization());
    caller.is_test = mandate.is_test();
    let ctx = Context::later(app.clone(), caller, "jobs.info", input.request_id);
    let id = taken.job;
    ctx.write(async move |tx| {
        let Some(mut job) = store::lock(tx, id).await? else { return Ok(Void {}) };
        if job.status != JobStatus::Running || stopped.steps.is_some_and(|steps| steps != job.steps) {
            return Ok(Void {});
        }
        let error = &stopped.error;
        job.row.attempts += 1;
        let may_pass = error.is_passing() || error.code() == Code::InternalError;
        if may_pass && job.attempts < ATTEMPTS {
            let due_at = tx.now().plus_seconds(pause(job.attempts));
            store::save(tx, &job.row, Some(due_at)).await?;
        } else {
            queue::end(tx, job.row, JobStatus::Failed, Some(error.into())).await?;
        }
        Ok(Void {})
    })
    .await?;
    Ok(())
}

/// How long to wait after this many attempts, in seconds.
fn pause(attempts: i32) -> i64 {
    let (first, longest) = PAUSES;
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(20);
    (first << doublings).min(longest)
}
