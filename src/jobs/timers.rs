//! Does what was to happen by now: brings back conversations that were put off.
//!
//! A timer goes with the transaction that does what it stands for, so that happens once, however many servers look and whenever
//! one of them is killed. What goes wrong is tried again a minute later, so that it holds up nothing else.

use std::time::{Duration, Instant};

use crate::access::authenticate::server_itself;
use crate::db::Transaction;
use crate::db::prelude::*;
use crate::method::{App, Caller, Context, Result, Tx};
use crate::resources::inbox::conversations;
use crate::resources::inbox::timers::{self, Timer, TimerKind};
use crate::run;
use crate::schema::timers as table;

/// How many timers are looked at together.
const BATCH: i64 = 100;
/// How long to wait before what went wrong is tried again, in seconds.
const PAUSE_SECONDS: i64 = 60;

/// Does everything that is due, and answers how much that was.
pub async fn fire_due(app: &App) -> Result<usize> {
    let mut done = 0;
    loop {
        let now = app.now();
        let due: Vec<Timer> = run!(app.db.read().await?, |c| table::table
            .filter(table::due_at.le(now))
            .order(table::due_at)
            .limit(BATCH)
            .select(Timer::as_select())
            .load(c))?;
        let is_all = due.len() < BATCH as usize;
        for timer in due {
            match fire(app, &timer).await {
                Ok(fired) => done += usize::from(fired),
                Err(error) => {
                    tracing::error!(?error, kind = %timer.kind, id = %timer.id, "what was due could not be done");
                    put_off(app, timer).await?;
                }
            }
        }
        if is_all {
            return Ok(done);
        }
    }
}

async fn fire(app: &App, timer: &Timer) -> Result<bool> {
    let caller = Caller { is_test: timer.is_test, ..server_itself(timer.organization_id) };
    let ctx = Context::internal(app.clone(), caller, method(timer.kind));
    let timer = timer.clone();
    ctx.write(async move |tx| {
        if !timers::take(tx, &timer).await? {
            return Ok(false);
        }
        act(tx, &timer).await?;
        Ok(true)
    })
    .await
}

/// The method that does the same when somebody calls it; the audit names it.
fn method(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Unsnooze => "conversations.unsnooze",
    }
}

async fn act(tx: &mut Tx<'_>, timer: &Timer) -> Result<()> {
    match timer.kind {
        TimerKind::Unsnooze => conversations::wake(tx, timer.id).await,
    }
}

async fn put_off(app: &App, timer: Timer) -> Result<()> {
    let later = app.now().plus_seconds(PAUSE_SECONDS);
    app.db
        .write(Instant::now() + Duration::from_secs(10), async move |tx: &mut Transaction| -> Result<()> {
            run!(tx, |c| diesel::update(table::table.find((timer.organization_id, timer.kind, timer.id)))
                .filter(table::due_at.eq(timer.due_at))
                .set(table::due_at.eq(later))
                .execute(c))?;
            Ok(())
        })
        .await
}
