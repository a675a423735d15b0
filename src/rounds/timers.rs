//! Does what is to happen at a given time: brings back conversations that were put off, sends scheduled messages.
//!
//! Each timer is one write transaction of its own. Several servers may take up the same timer at once: the second one waits for the
//! first, and then finds that it is done.

use std::time::{Duration, Instant};

use crate::access::authenticate::server_itself;
use crate::db::Transaction;
use crate::method::{App, Context, Result, Void};
use crate::resources::inbox::timers::{self, Timer};

/// How many timers are looked up at a time.
const BATCH: i64 = 100;
/// After how many seconds a timer is tried again whose matter could not be done.
const PAUSE_SECONDS: i64 = 30;
/// How long putting off a timer may take.
const STORING: Duration = Duration::from_secs(10);

/// Does everything that is due by now; answers how many timers that were.
pub async fn run_due(app: &App) -> Result<usize> {
    let mut done = 0;
    loop {
        let due = timers::due(&mut *app.db.read().await?, app.now(), BATCH).await?;
        let last = due.len() < BATCH as usize;
        for timer in due {
            match fire(app, timer.clone()).await {
                Ok(Void {}) => done += 1,
                Err(error) => {
                    tracing::warn!(?error, kind = %timer.kind, id = %timer.id, "what is due could not be done");
                    put_off(app, timer).await?;
                }
            }
        }
        if last {
            return Ok(done);
        }
    }
}

async fn fire(app: &App, timer: Timer) -> Result<Void> {
    let mut caller = server_itself(timer.organization_id);
    caller.is_test = timer.is_test;
    let ctx = Context::internal(app.clone(), caller, timer.kind.method());
    ctx.write(async move |tx| {
        timers::fire(tx, &timer).await?;
        Ok(Void {})
    })
    .await
}

async fn put_off(app: &App, timer: Timer) -> Result<()> {
    let until = app.now().plus_seconds(PAUSE_SECONDS);
    let deadline = Instant::now() + STORING;
    app.db.write(deadline, async move |tx: &mut Transaction| timers::put_off(tx, &timer, until).await).await
}
