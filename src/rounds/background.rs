//! The server's own rounds: sending mail and webhooks, doing what is due, noting the use of keys, counting segments, taking out what is over.

use std::time::Duration;

use super::{purge, reseal, timers, webhooks};
use crate::access::authenticate::Sessions;
use crate::db::Id;
use crate::events::{retention, sequencer};
use crate::jobs;
use crate::method::App;
use crate::providers::mail::{self, Mailer};
use crate::resources::crm::segments;
use crate::resources::inbox::files;

/// How often it is looked for mail to send.
const MAIL: Duration = Duration::from_secs(1);
/// How often it is looked for what is to happen by now.
const TIMERS: Duration = Duration::from_secs(1);
/// How often it is written down when keys were last used.
const USES: Duration = Duration::from_secs(20);
/// How often it is looked for what an old secret of the server sealed.
const RESEAL: Duration = Duration::from_secs(600);
/// How often what is over is taken out.
const PURGE: Duration = Duration::from_secs(600);

/// How often it is looked for segments to be counted again.
const SEGMENTS: Duration = Duration::from_secs(60);
/// How often bytes that no file has any more are taken away.
const FILES: Duration = Duration::from_secs(60);

/// How often it is looked for jobs, if nothing wakes a worker before.
const JOBS: Duration = Duration::from_secs(1);

/// Does all rounds, for as long as the server runs; `owner` is this process to the others on the same database.
pub async fn run(app: App, owner: Id) {
    tokio::join!(
        sequencer::run(&app),
        work(&app),
        work(&app),
        webhooks::run(&app, owner),
        send_mail(&app),
        keep_time(&app),
        note_uses(&app),
        take_out(&app),
        take_out_files(&app),
        forget_events(&app),
        seal_again(&app),
        count_segments(&app)
    );
}

/// Leaves what was begun to whoever runs on, or comes after.
pub async fn leave(app: &App, owner: Id) {
    if let Err(error) = webhooks::give_back(app, owner).await {
        tracing::warn!(
            ?error,
            "the webhooks that were being delivered could not be given back; they wait until the lease is over"
        );
    }
}

/// A worker: it does what jobs there are.
async fn work(app: &App) {
    loop {
        if let Err(error) = jobs::work(app).await {
            tracing::warn!(?error, "jobs could not be done");
        }
        // Other servers may have asked for jobs too, and a job may have to wait until a time.
        let _ = tokio::time::timeout(JOBS, app.signals().jobs.notified()).await;
    }
}

async fn forget_events(app: &App) {
    loop {
        match retention::run(app).await {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "events that were kept long enough were taken out"),
            Err(error) => tracing::warn!(?error, "old events could not be taken out"),
        }
        tokio::time::sleep(PURGE).await;
    }
}

async fn send_mail(app: &App) {
    let Some(mailer) = app.services().get::<Mailer>() else { return };
    loop {
        if let Err(error) = mail::send_due(app, mailer).await {
            tracing::warn!(?error, "mail could not be sent");
        }
        tokio::time::sleep(MAIL).await;
    }
}

async fn keep_time(app: &App) {
    loop {
        if let Err(error) = timers::run_due(app).await {
            tracing::warn!(?error, "what is due could not be looked up");
        }
        tokio::time::sleep(TIMERS).await;
    }
}

async fn note_uses(app: &App) {
    let Some(sessions) = app.services().get::<Sessions>() else { return };
    loop {
        tokio::time::sleep(USES).await;
        if let Err(error) = sessions.note_uses(app).await {
            tracing::warn!(?error, "the last use of keys could not be noted");
        }
    }
}

async fn take_out(app: &App) {
    loop {
        match purge::run(app).await {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "rows that were over were taken out"),
            Err(error) => tracing::warn!(?error, "what is over could not be taken out"),
        }
        tokio::time::sleep(PURGE).await;
    }
}

async fn count_segments(app: &App) {
    loop {
        tokio::time::sleep(SEGMENTS).await;
        if let Err(error) = segments::count_again(app).await {
            tracing::warn!(?error, "segments could not be counted");
        }
    }
}

async fn take_out_files(app: &App) {
    loop {
        match files::storage::purge(app).await {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "bytes that no file has were taken away"),
            Err(error) => tracing::warn!(?error, "bytes that no file has could not be taken away"),
        }
        tokio::time::sleep(FILES).await;
    }
}

async fn seal_again(app: &App) {
    loop {
        tokio::time::sleep(RESEAL).await;
        match reseal::run(app).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "secrets were sealed again with the newest key"),
            Err(error) => {
                tracing::error!(?error, "secrets could not be sealed again; do not rotate keys before they are")
            }
        }
    }
}
