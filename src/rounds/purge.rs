//! Takes out what is over: idempotency keys, used and expired tokens, sessions nobody can go on with, contacts and conversations
//! that nobody can restore, deliveries of webhooks that are no longer kept, jobs that were over long ago.

use std::time::{Duration, Instant};

use crate::db::prelude::*;
use crate::db::{Id, Timestamp, Transaction};
use crate::jobs;
use crate::method::{App, Result};
use crate::resources::crm::contacts;
use crate::resources::data::exports;
use crate::resources::inbox::conversations;
use crate::resources::integrations::webhooks::{deliveries, lanes};
use crate::schema::{idempotency_keys, sessions, tokens};
use crate::{run, run_each};

/// How many rows one transaction takes out, so that no caller waits long for it.
const BATCH: i64 = 500;
/// How long deliveries of webhooks are kept, in seconds: 30 days.
const DELIVERIES_SECONDS: i64 = 30 * 24 * 60 * 60;
/// How many conversations one transaction takes out; each may have many messages.
const CONVERSATIONS: i64 = 20;
/// How many jobs one transaction takes out; each may have many results.
const JOBS: i64 = 5;
/// For how long jobs that are over are kept, in seconds.
const JOB_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Takes out everything that is over by now; answers how many rows that were.
pub async fn run(app: &App) -> Result<usize> {
    let now = app.now();
    let mut count = in_batches(app, BATCH, async move |tx: &mut Transaction| batch(tx, now).await).await?;
    let taking_out = async move |tx: &mut Transaction| conversations::take_out(tx, now, CONVERSATIONS).await;
    count += in_batches(app, CONVERSATIONS, taking_out).await?;
    let before = Id::first_at(now.plus_seconds(-DELIVERIES_SECONDS));
    let spaces = lanes::spaces(&mut *app.db.read().await?).await?;
    for space in spaces {
        let purging = async move |tx: &mut Transaction| deliveries::purge(tx, space, before, BATCH).await;
        count += in_batches(app, BATCH, purging).await?;
    }
    count += exports::expire(app).await?;
    let before = now.plus_seconds(-JOB_SECONDS);
    count +=
        in_batches(app, JOBS, async move |tx: &mut Transaction| jobs::store::purge(tx, before, JOBS).await).await?;
    Ok(count)
}

/// Does the same again, each time in a transaction of its own, for as long as there is a whole batch of it; answers how many rows
/// those were.
async fn in_batches<F>(app: &App, batch: i64, work: F) -> Result<usize>
where
    F: AsyncFn(&mut Transaction) -> Result<usize> + Clone + Send + 'static,
{
    let mut count = 0;
    loop {
        let taken = app.db.write(Instant::now() + Duration::from_secs(30), work.clone()).await?;
        count += taken;
        if taken < batch as usize {
            return Ok(count);
        }
    }
}

async fn batch(tx: &mut Transaction, now: Timestamp) -> Result<usize> {
    let keys: Vec<(Id, Id, String)> = run!(tx, |c| idempotency_keys::table
        .filter(idempotency_keys::expires_at.le(now))
        .select((idempotency_keys::organization_id, idempotency_keys::owner_id, idempotency_keys::key))
        .limit(BATCH)
        .load(c))?;
    run_each!(tx, &keys, |c, key| diesel::delete(idempotency_keys::table.find((key.0, key.1, &key.2))).execute(c))?;
    let digests: Vec<Vec<u8>> =
        run!(tx, |c| tokens::table.filter(tokens::expires_at.le(now)).select(tokens::digest).limit(BATCH).load(c))?;
    run_each!(tx, &digests, |c, digest| diesel::delete(tokens::table.find(digest)).execute(c))?;
    let over: Vec<(Id, Id)> = run!(tx, |c| sessions::table
        .filter(sessions::expires_at.le(now))
        .select((sessions::organization_id, sessions::id))
        .limit(BATCH)
        .load(c))?;
    run_each!(tx, &over, |c, session| diesel::delete(sessions::table.find(*session)).execute(c))?;
    let copies = contacts::copies::purge(tx, now, BATCH).await?;
    Ok(keys.len().max(digests.len()).max(over.len()).max(copies))
}
