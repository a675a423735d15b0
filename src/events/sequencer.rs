//! Gives events their places in the feed of their organization.
//!
//! Writers only add rows to the outbox; they wait for nobody. PostgreSQL numbers those rows when they are written, which is after
//! the writer holds every lock it needs: of two changes that depend on each other, the later one has the higher number, and was
//! written when the first one was committed. So whoever sees the later one sees the earlier one too, and the order of these numbers
//! is an order of commits. SQLite has one writer, and the order of its rows is the order of commits.
//!
//! One sequencer at a time moves rows from the outbox into the feeds, in one transaction: readers see either none or all of them,
//! and never a number before all lower ones are there.

use std::time::{Duration, Instant};

use diesel::sql_types::BigInt;

use crate::db::prelude::*;
use crate::db::{Backend, Conn, Transaction};
use crate::method::{App, Result};
use crate::run;
use crate::schema::{outbox, sequencer};

/// How many events get their places in one transaction, at the most.
const BATCH: i64 = 1000;
/// How long without a signal until it is looked for what other servers left behind.
const ROUND: Duration = Duration::from_secs(1);
/// How long one transaction may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait when the database does not do it.
const PAUSE: Duration = Duration::from_secs(1);

/// Gives places to whatever is written, for as long as the server runs.
pub async fn run(app: &App) {
    loop {
        match advance(app).await {
            Ok(0) => {
                let _ = tokio::time::timeout(ROUND, app.signals().outbox.notified()).await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(?error, "events could not be given their places");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Gives places to events that have none, [`BATCH`] at the most; answers how many those were.
pub async fn advance(app: &App) -> Result<usize> {
    if is_empty(&mut *app.db.read().await?).await? {
        return Ok(0);
    }
    let moved = app
        .db
        .write(Instant::now() + PATIENCE, async move |tx: &mut Transaction| -> Result<usize> {
            let is_sqlite = matches!(tx.backend(), Backend::Sqlite(_));
            if is_sqlite { on_sqlite(tx).await } else { on_postgres(tx).await }
        })
        .await?;
    // Also when another server was faster: then these events became readable just now, too.
    app.signals().feed_moved();
    Ok(moved)
}

async fn is_empty(conn: &mut Conn) -> Result<bool> {
    let first: Option<i64> = run!(conn, |c| outbox::table.select(outbox::position).first(c)).optional()?;
    Ok(first.is_none())
}

/// The statements share the transaction of SQLite's only writer, so all see the same rows.
async fn on_sqlite(conn: &mut Conn) -> Result<usize> {
    let positions: Vec<i64> =
        run!(conn, |c| outbox::table.select(outbox::position).order(outbox::position).limit(BATCH).load(c))?;
    let Some(last) = positions.last() else { return Ok(0) };
    for sql in [
        "INSERT OR IGNORE INTO feeds SELECT DISTINCT organization_id, 0, 1 FROM outbox WHERE position <= ?",
        "INSERT INTO events
         SELECT o.organization_id, f.last_seq + row_number() OVER (PARTITION BY o.organization_id ORDER BY o.position),
             o.id, o.type, o.object_type, o.object_id, o.data, o.previous, o.version, o.actor, o.request_id, o.is_test, o.created_at
         FROM outbox AS o CROSS JOIN feeds AS f ON f.organization_id = o.organization_id WHERE o.position <= ?",
        "UPDATE feeds SET last_seq = last_seq + moved.many
         FROM (SELECT organization_id, count(*) AS many FROM outbox WHERE position <= ? GROUP BY organization_id) AS moved
         WHERE feeds.organization_id = moved.organization_id",
        "DELETE FROM outbox WHERE position <= ?",
    ] {
        run!(conn, |c| diesel::sql_query(sql).bind::<BigInt, _>(last).execute(c))?;
    }
    Ok(positions.len())
}

/// One statement sees one state of the outbox; the lock before it keeps two sequencers from moving the same rows.
async fn on_postgres(conn: &mut Conn) -> Result<usize> {
    let _: Option<i32> = crate::lock!(conn, sequencer::table.select(sequencer::id))?;
    Ok(run!(conn, |c| {
        diesel::sql_query(
        "WITH batch AS (
             SELECT * FROM outbox ORDER BY position LIMIT $1
         ), moved AS (
             SELECT organization_id, count(*) AS many FROM batch GROUP BY organization_id
         ), heads AS (
             INSERT INTO feeds SELECT organization_id, many, 1 FROM moved
             ON CONFLICT (organization_id) DO UPDATE SET last_seq = feeds.last_seq + excluded.last_seq
             RETURNING organization_id, last_seq
         ), placed AS (
             INSERT INTO events
             SELECT b.organization_id,
                 h.last_seq - m.many + row_number() OVER (PARTITION BY b.organization_id ORDER BY b.position),
                 b.id, b.type, b.object_type, b.object_id, b.data, b.previous, b.version, b.actor, b.request_id, b.is_test,
                 b.created_at
             FROM batch AS b JOIN heads AS h USING (organization_id) JOIN moved AS m USING (organization_id)
         )
         DELETE FROM outbox USING batch WHERE outbox.position = batch.position"
    )
    .bind::<BigInt, _>(BATCH)
    .execute(c)
    })?)
}
