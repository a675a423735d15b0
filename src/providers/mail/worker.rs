//! The worker that sends what was written down.
//!
//! A server that takes a mail on moves its next attempt into the future: the lease. If the server dies, another one, or the same
//! one after its restart, finds the mail due again when the lease is over. So a mail may go out twice, under the same Message-ID,
//! but is never lost.

use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::mailer::{Mailer, SendError};
use super::{Mail, PURPOSE};
use crate::db::prelude::*;
use crate::db::{Id, Timestamp, Transaction};
use crate::method::{App, Result};
use crate::run;
use crate::schema::mails;

/// How many mails are taken on at a time.
const BATCH: i64 = 16;
/// How many of them are sent at the same time.
const AT_ONCE: usize = 4;
/// How long one mail may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long nobody else takes on the same mails, in seconds: longer than a batch can take.
const LEASE_SECONDS: i64 = 300;
/// How often a mail is tried.
const ATTEMPTS: i32 = 12;
/// The first and the longest pause between two attempts, in seconds.
const PAUSES: (i64, i64) = (5, 60 * 60);
/// How long storing the outcome may take.
const STORING: Duration = Duration::from_secs(10);

/// A mail that was taken on, until `next_attempt_at`.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = mails)]
struct Due {
    organization_id: Id,
    id: Id,
    sealed: Vec<u8>,
    attempts: i32,
    next_attempt_at: Option<Timestamp>,
    created_at: Timestamp,
}

/// Sends the mails that are due, and answers how many went out.
pub async fn send_due(app: &App, mailer: &Mailer) -> Result<usize> {
    let mut sent = 0;
    loop {
        let batch = take_on(app).await?;
        let gone = stream::iter(batch)
            .map(|due| attempt(app, mailer, due))
            .buffer_unordered(AT_ONCE)
            .try_fold(0, async |sum, went_out| Ok(sum + usize::from(went_out)))
            .await?;
        // When nothing goes out, the mail server is away: the rest will not do better.
        if gone == 0 {
            return Ok(sent);
        }
        sent += gone;
    }
}

async fn take_on(app: &App) -> Result<Vec<Due>> {
    let now = app.now();
    let lease = now.plus_seconds(LEASE_SECONDS);
    let due: Vec<Due> = run!(app.db.read().await?, |c| mails::table
        .filter(mails::next_attempt_at.le(now))
        .order(mails::next_attempt_at)
        .limit(BATCH)
        .select(Due::as_select())
        .load(c))?;
    if due.is_empty() {
        return Ok(due);
    }
    app.db
        .write(Instant::now() + STORING, async move |tx: &mut Transaction| -> Result<Vec<Due>> {
            let mut taken = Vec::with_capacity(due.len());
            for due in &due {
                // Whoever changes the instant first has the mail; the other finds it changed.
                let ours = run!(tx, |c| diesel::update(mails::table.find((due.organization_id, due.id)))
                    .filter(mails::next_attempt_at.eq(due.next_attempt_at))
                    .set(mails::next_attempt_at.eq(Some(lease)))
                    .execute(c))?;
                if ours == 1 {
                    taken.push(Due { next_attempt_at: Some(lease), ..due.clone() });
                }
            }
            Ok(taken)
        })
        .await
}

/// Tries one mail, and stores how it went. Answers whether it went out.
async fn attempt(app: &App, mailer: &Mailer, due: Due) -> Result<bool> {
    let outcome = match open(app, &due) {
        Ok(mail) => tokio::time::timeout(PATIENCE, mailer.send(due.id, due.created_at, &mail))
            .await
            .unwrap_or_else(|_| Err(SendError::Server("the mail server took too long".into()))),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => delete(app, due).await.map(|()| true),
        Err(error) => put_off(app, due, &error).await.map(|()| false),
    }
}

fn open(app: &App, due: &Due) -> Result<Mail, SendError> {
    let text = app.keyring().open(PURPOSE, &due.sealed).map_err(|error| SendError::Mail(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|_| SendError::Mail("it was stored by another version".into()))
}

async fn delete(app: &App, due: Due) -> Result<()> {
    app.db
        .write(Instant::now() + STORING, async move |tx: &mut Transaction| -> Result<()> {
            run!(tx, |c| diesel::delete(mails::table.find((due.organization_id, due.id))).execute(c))?;
            Ok(())
        })
        .await
}

/// Sets the next attempt, or none: then the mail stays for people to look at.
async fn put_off(app: &App, due: Due, error: &SendError) -> Result<()> {
    let attempts = due.attempts.saturating_add(1);
    let is_dead = attempts >= ATTEMPTS || matches!(error, SendError::Mail(_));
    let next = (!is_dead).then(|| app.now().plus_seconds(pause(attempts)));
    let why: String = error.to_string().chars().take(500).collect();
    match next {
        Some(next) => tracing::warn!(mail = %due.id, attempts, why, %next, "a mail did not go out yet"),
        None => tracing::error!(mail = %due.id, attempts, why, "a mail did not go out, and is not tried again"),
    }
    app.db
        .write(Instant::now() + STORING, async move |tx: &mut Transaction| -> Result<()> {
            // If the lease is over, somebody else tries by now, and what he finds counts.
            run!(tx, |c| diesel::update(mails::table.find((due.organization_id, due.id)))
                .filter(mails::next_attempt_at.eq(due.next_attempt_at))
                .set((mails::attempts.eq(attempts), mails::last_error.eq(Some(&why)), mails::next_attempt_at.eq(next),))
                .execute(c))?;
            Ok(())
        })
        .await
}

/// How long to wait after this many attempts, in seconds.
fn pause(attempts: i32) -> i64 {
    let (first, longest) = PAUSES;
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(20);
    (first << doublings).min(longest)
}
