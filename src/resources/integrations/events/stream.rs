//! The feed as server-sent events (WHATWG HTML, section 9.2).

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream;
use tokio::sync::watch;

use super::reading::Reading;
use super::sight::{FeedSight, Shown};
use crate::access::authenticate::Sessions;
use crate::db::Id;
use crate::events::store;
use crate::method::{Area, ByteStream, Code, Context, Error, Result, Scope};

/// What a stream begins with: how long to wait before connecting again, in milliseconds.
const FIRST: &str = "retry: 2000\n\n";
/// What is sent when nothing happens, so that nobody on the way takes the connection for dead.
const HEARTBEAT: &str = ": hb\n\n";
/// How long nothing may happen before that is sent.
const QUIET: Duration = Duration::from_secs(15);
/// How often it is looked who the caller is and what they see; and for what other servers wrote.
const LOOK: Duration = Duration::from_secs(1);
/// How many events are sent at a time.
const BATCH: usize = 500;
/// A reader that took so long over the last batch, and is so far behind, reads too slowly.
const SLOW: (Duration, i64) = (Duration::from_secs(20), 1000);
/// How many streams one key or session may have open.
const MOST: usize = 50;

/// How many streams each key or session has open.
#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<HashMap<Id, usize>>>);

/// One open stream.
struct Place {
    streams: Streams,
    credential: Id,
}

impl Streams {
    fn open(&self, credential: Id) -> Result<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(credential).or_default();
        if *count >= MOST {
            let message = format!("{MOST} streams are open with these credentials; close one of them.");
            return Err(Error::new(Code::TooManyConcurrentRequests, message).retry_after(1));
        }
        *count += 1;
        Ok(Place { streams: self.clone(), credential })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.credential) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.credential);
            }
        }
    }
}

/// An open stream and where it is.
struct Open {
    ctx: Context,
    reading: Reading,
    sight: FeedSight,
    moved: watch::Receiver<u64>,
    is_begun: bool,
    looked: Instant,
    sent: Instant,
    _place: Place,
}

/// The stream from where the reader is, until the caller leaves, loses the right to it, or the server stops.
pub async fn open(ctx: Context, reading: Reading) -> Result<ByteStream> {
    let streams: &Streams = ctx.service()?;
    let place = streams.open(ctx.caller()?.credential_id)?;
    let moved = ctx.app().signals().feed();
    let sight = FeedSight::of(&ctx, &mut *ctx.read().await?).await?;
    let now = Instant::now();
    let open = Open { ctx, reading, sight, moved, is_begun: false, looked: now, sent: now, _place: place };
    Ok(Box::pin(stream::unfold(open, |mut open| async move {
        let text = open.next().await?;
        Some((text.into_bytes(), open))
    })))
}

impl Open {
    /// What is to be sent next; `None` to close the stream.
    async fn next(&mut self) -> Option<String> {
        if !self.is_begun {
            self.is_begun = true;
            return Some(FIRST.to_owned());
        }
        match self.wait().await {
            Ok(text) => text,
            Err(error) => {
                tracing::debug!(code = error.code().as_str(), "a stream was closed");
                None
            }
        }
    }

    async fn wait(&mut self) -> Result<Option<String>> {
        let took = self.sent.elapsed();
        if took > SLOW.0 {
            let feed = store::feed(&mut *self.ctx.read().await?, self.ctx.space()).await?;
            if feed.last_seq - self.reading.place > SLOW.1 {
                return Ok(None);
            }
        }
        loop {
            if self.ctx.app().signals().is_stopping() {
                return Ok(None);
            }
            if self.looked.elapsed() >= LOOK {
                self.look_again().await?;
            }
            self.moved.mark_unchanged();
            let mut conn = self.ctx.read().await?;
            let found = self.reading.next(&self.ctx, &mut conn, &self.sight, BATCH).await?;
            drop(conn);
            if !found.events.is_empty() {
                self.sent = Instant::now();
                return Ok(Some(frames(&found.events)));
            }
            if self.sent.elapsed() >= QUIET {
                self.sent = Instant::now();
                return Ok(Some(HEARTBEAT.to_owned()));
            }
            if found.is_end {
                let _ = tokio::time::timeout(LOOK, self.moved.changed()).await;
            } else {
                // Thousands of events that are not for this caller: others on this thread go first.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Asks again who the caller is: a token that was revoked reads no more.
    async fn look_again(&mut self) -> Result<()> {
        self.looked = Instant::now();
        let request = self.ctx.request();
        if let Some(token) = &request.token {
            let sessions: &Sessions = self.ctx.service()?;
            let caller = sessions.authenticate(self.ctx.app(), token.reveal(), request.ip).await?;
            if !caller.scopes.has(Scope::read(Area::Events)) {
                return Err(Error::new(Code::MissingScope, "The feed may no longer be read."));
            }
            self.ctx = self.ctx.acting_as((*caller).clone());
        }
        self.sight = FeedSight::of(&self.ctx, &mut *self.ctx.read().await?).await?;
        Ok(())
    }
}

fn frames(events: &[Shown]) -> String {
    let mut text = String::with_capacity(events.iter().map(|event| event.json.len() + 80).sum());
    for Shown { seq, kind, json } in events {
        // JSON as it is made here has no line breaks. Writing to a text cannot fail.
        let _ = write!(text, "id: {seq}\nevent: {kind}\ndata: {json}\n\n");
    }
    text
}
