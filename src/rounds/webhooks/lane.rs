//! Sends the deliveries of one webhook: several at a time, those about one object one after the other.

use std::collections::{HashSet, VecDeque};
use std::future::pending;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::Notify;

use super::STORING;
use super::settle::{Leave, Outcome, Settled, disable, settle};
use crate::db::{Id, Transaction};
use crate::method::{App, Error, Result};
use crate::providers::post::Post;
use crate::resources::integrations::webhooks::lanes::{self, Key};
use crate::resources::integrations::webhooks::outgoing::Target;
use crate::resources::integrations::webhooks::{
    CANCELED_AT_ONCE, DeliveryRow, Format, Kept, WebhookStatus, deliveries, store,
};

/// How many deliveries are under way at the same time.
const WIDTH: usize = 8;
/// How many deliveries are looked up at a time.
const BATCH: i64 = 128;
/// How often it is looked for more while a receiver takes its time: another server may have made deliveries.
const LOOK: Duration = Duration::from_secs(1);
/// How long a lane is ours without a word of ours, at the most.
const RENEW: Duration = Duration::from_secs(10);

/// Runs a lane that was taken on, until nothing is due.
pub(super) async fn run(app: &App, owner: Id, key: Key, wake: &Notify) -> Result<()> {
    Running {
        app,
        owner,
        key,
        ready: VecDeque::new(),
        busy: HashSet::new(),
        under_way: FuturesUnordered::new(),
        done: Vec::new(),
        noting: None,
        noted: Instant::now(),
        may_have_more: true,
        width: WIDTH,
        full_width: WIDTH,
        stop: None,
    }
    .run(wake)
    .await
}

/// A delivery with the event to send, if that is still kept.
type Ready = (DeliveryRow, Option<String>, Rc<Target>);
/// Noting what came of these deliveries.
type Noting = (Vec<Id>, LocalBoxFuture<'static, Result<Settled>>);

struct Running<'a> {
    app: &'a App,
    owner: Id,
    key: Key,
    /// To be sent.
    ready: VecDeque<Ready>,
    /// Whatever is in one of these lists, or being noted.
    busy: HashSet<Id>,
    under_way: FuturesUnordered<LocalBoxFuture<'a, Result<Outcome>>>,
    /// To be noted.
    done: Vec<Outcome>,
    noting: Option<Noting>,
    /// When something was last noted.
    noted: Instant,
    /// Whether looking for more may find something.
    may_have_more: bool,
    /// How many deliveries may be under way: one while the receiver fails.
    width: usize,
    /// How many may be while it does not.
    full_width: usize,
    /// Why nothing more is sent.
    stop: Option<Stop>,
}

/// Why nothing more is sent.
enum Stop {
    /// The lane is to be left, and so.
    Leave(Leave),
    /// The webhook is to be disabled.
    Disable(String),
}

impl Running<'_> {
    async fn run(mut self, wake: &Notify) -> Result<()> {
        loop {
            while self.wants_more() {
                if !self.look().await? {
                    return Ok(());
                }
            }
            self.send();
            if self.noting.is_none() && (!self.done.is_empty() || self.is_idle()) {
                self.note(self.is_idle());
            }
            tokio::select! {
                Some(outcome) = self.under_way.next(), if !self.under_way.is_empty() => self.take_note(outcome?),
                (ids, settled) = noted(&mut self.noting) => {
                    if self.settled(&ids, settled?).await? {
                        return Ok(());
                    }
                }
                () = wake.notified() => self.may_have_more = true,
                () = tokio::time::sleep(LOOK), if !self.under_way.is_empty() => {
                    self.may_have_more = true;
                    if self.noting.is_none() && self.noted.elapsed() > RENEW {
                        self.note(false);
                    }
                }
            }
        }
    }

    fn wants_more(&self) -> bool {
        self.stop.is_none() && self.may_have_more && self.ready.is_empty() && self.under_way.len() < self.width
    }

    /// Whether there is nothing left to do but to leave.
    fn is_idle(&self) -> bool {
        let has_stopped = self.stop.is_some() || !self.may_have_more;
        self.ready.is_empty() && self.under_way.is_empty() && has_stopped
    }

    /// Looks for deliveries that are due. Answers whether the lane is still there for us.
    async fn look(&mut self) -> Result<bool> {
        let Self { app, owner, key, .. } = *self;
        let mut conn = app.db.read().await?;
        let Some(lane) = lanes::find(&mut conn, key).await? else { return Ok(false) };
        if lane.lease_owner != Some(owner) {
            return Ok(false);
        }
        let webhook = store::row(&mut conn, key.0, key.1).await?;
        if let Some(through) = lane.cancel_through {
            drop(conn);
            return call_off(app, key, through, webhook.is_none()).await;
        }
        let webhook = match webhook {
            Some(webhook) if webhook.status == WebhookStatus::Active => webhook,
            _ => {
                self.stop = Some(Stop::Leave(Leave::Asleep));
                return Ok(true);
            }
        };
        let now = app.now();
        if let Some(until) = lane.hold_until.filter(|until| *until > now) {
            self.stop = Some(Stop::Leave(Leave::Until(until)));
            return Ok(true);
        }
        let most = BATCH + self.busy.len() as i64;
        let mut rows = deliveries::due(&mut conn, key, now, most).await?;
        self.may_have_more = rows.len() as i64 == most;
        rows.retain(|row| !self.busy.contains(&row.id));
        let places: Vec<i64> = rows.iter().filter(|row| row.payload.is_none()).filter_map(|row| row.seq).collect();
        let mut events = deliveries::events_at(&mut conn, key.0, &places).await?;
        drop(conn);
        events.sort_unstable_by_key(|event| event.seq);
        let target = Rc::new(Target::new(webhook.format, &Kept::open(app.keyring(), &webhook.sealed)?, now)?);
        for row in rows {
            let envelope = row.payload.clone().or_else(|| {
                let place = events.binary_search_by_key(&row.seq, |event| Some(event.seq)).ok()?;
                events.get(place).map(|event| event.envelope())
            });
            self.busy.insert(row.id);
            self.ready.push_back((row, envelope, target.clone()));
        }
        if webhook.format == Format::Slack {
            // Slack takes about one message a second.
            (self.width, self.full_width) = (1, 1);
        }
        Ok(true)
    }

    /// Sends as many deliveries as may be under way.
    fn send(&mut self) {
        if self.stop.is_some() {
            // They are due still, for whoever takes the lane up next.
            self.ready.clear();
        }
        while self.under_way.len() < self.width
            && let Some(ready) = self.ready.pop_front()
        {
            self.under_way.push(attempt(self.app, ready).boxed_local());
        }
    }

    /// Takes note of what came of an attempt, to store it with others.
    fn take_note(&mut self, outcome: Outcome) {
        let verdict = &outcome.verdict;
        self.width = match verdict.is_success {
            true => self.full_width,
            false => 1,
        };
        if self.stop.is_none() {
            self.stop = match (&verdict.disable, verdict.hold_until) {
                (Some(reason), _) => Some(Stop::Disable(reason.clone())),
                (None, Some(until)) => Some(Stop::Leave(Leave::Until(until))),
                (None, None) => None,
            };
        }
        self.done.push(outcome);
    }

    /// Begins to store what came of attempts.
    fn note(&mut self, is_last: bool) {
        let leave = is_last.then_some(match &self.stop {
            None => Leave::WhenDone,
            Some(Stop::Leave(leave)) => *leave,
            Some(Stop::Disable(_)) => Leave::Asleep,
        });
        let outcomes = std::mem::take(&mut self.done);
        let ids = outcomes.iter().map(|outcome| outcome.row.id).collect();
        let (app, owner, key) = (self.app.clone(), self.owner, self.key);
        let settling = async move { settle(&app, owner, key, outcomes, leave).await };
        self.noting = Some((ids, settling.boxed_local()));
    }

    /// Goes on after something was stored; answers whether that was the last.
    async fn settled(&mut self, ids: &[Id], settled: Settled) -> Result<bool> {
        self.noting = None;
        self.noted = Instant::now();
        if settled.is_lost {
            return Ok(true);
        }
        if let (None, Some(reason)) = (&self.stop, settled.disable) {
            self.stop = Some(Stop::Disable(reason));
        }
        for id in ids {
            self.busy.remove(id);
        }
        if settled.is_left {
            if let Some(Stop::Disable(reason)) = self.stop.take() {
                disable(self.app, self.key, reason).await?;
            }
            return Ok(true);
        }
        // What waited for these may be due now.
        self.may_have_more = true;
        Ok(false)
    }
}

/// Sends a delivery.
async fn attempt(app: &App, (row, envelope, target): Ready) -> Result<Outcome> {
    let at = app.now();
    let Some(envelope) = envelope else { return Ok(Outcome::without_event(row, at)) };
    let post = app.services().get::<Post>().ok_or_else(|| Error::internal("this server sends no webhooks"))?;
    let sent = target.send(post, row.event_id, &envelope, at).await?;
    Ok(Outcome::of(row, target.format(), &sent, at, app.now()))
}

/// Waits until something was stored, if it is being stored.
async fn noted(noting: &mut Option<Noting>) -> (Vec<Id>, Result<Settled>) {
    match noting {
        Some((ids, settling)) => {
            let settled = settling.await;
            (std::mem::take(ids), settled)
        }
        None => pending().await,
    }
}

/// Calls off what is to be, some at a time. Answers whether the lane is still there: that of a webhook that was deleted is not.
async fn call_off(app: &App, key: Key, through: i64, is_deleted: bool) -> Result<bool> {
    loop {
        let work = async move |tx: &mut Transaction| -> Result<bool> {
            let Some(mut lane) = lanes::lock(tx, key).await? else { return Ok(false) };
            if deliveries::cancel(tx, key, through, CANCELED_AT_ONCE).await? >= CANCELED_AT_ONCE as usize {
                return Ok(true);
            }
            if is_deleted {
                lanes::delete(tx, key).await?;
            } else {
                lane.cancel_through = None;
                lanes::save(tx, &lane).await?;
            }
            Ok(false)
        };
        if !app.db.write(Instant::now() + STORING, work).await? {
            return Ok(!is_deleted);
        }
    }
}
