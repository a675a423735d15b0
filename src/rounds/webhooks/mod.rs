//! Delivers events to webhooks.
//!
//! The *dispatcher* reads the feeds and makes deliveries of what webhooks want; it moves its place in the feed in the same transaction,
//! so an event becomes one delivery to a webhook, whatever happens. Each webhook with something to be sent has a *lane*: a task that
//! sends and notes what came of it. Lanes know nothing of each other, so a receiver that is slow or away delays nobody else.
//!
//! A lane is leased to one server at a time. A server that dies leaves its lease behind, and when that is over another one, or the
//! same one after its restart, sends again whatever is not noted as sent: under the same `webhook-id`, so that receivers can tell.

mod dispatch;
mod lane;
mod settle;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::db::{Id, Timestamp, Transaction};
use crate::method::{App, Result};
use crate::providers::post::Post;
use crate::resources::integrations::webhooks::lanes::{self, Key};

/// How long without a signal until it is looked for what is due, and for what other servers left behind.
const ROUND: Duration = Duration::from_secs(1);
/// How long a lane belongs to a server that says nothing more, in seconds: longer than a receiver may take.
const LEASE_SECONDS: i64 = 30;
/// How many lanes are taken on at a time.
const LANES: i64 = 500;
/// How long a lane is left alone that could not be run.
const REST: Duration = Duration::from_secs(10);
/// How long storing something may take.
const STORING: Duration = Duration::from_secs(10);

/// Delivers, for as long as the server runs; `owner` is this process to others.
pub async fn run(app: &App, owner: Id) {
    if app.services().get::<Post>().is_none() {
        return;
    }
    let machine = Machine::new(app.clone(), owner);
    let mut feed = app.signals().feed();
    loop {
        match machine.round().await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(?error, "webhooks could not be looked after");
                tokio::time::sleep(ROUND).await;
            }
        }
        tokio::select! {
            moved = feed.changed() => if moved.is_err() { return },
            () = tokio::time::sleep(ROUND) => {}
        }
    }
}

/// Gives back what this process was about to deliver, so that nobody has to wait until its leases are over.
pub async fn give_back(app: &App, owner: Id) -> Result<()> {
    let work = async move |tx: &mut Transaction| -> Result<usize> { lanes::give_back(tx, owner).await };
    app.db.write(Instant::now() + STORING, work).await?;
    Ok(())
}

/// Delivers everything that is due by now and waits until that is done: what [`run`] does in an endless number of rounds.
pub async fn run_due(app: &App) -> Result<()> {
    let machine = Machine::new(app.clone(), app.new_id());
    loop {
        let has_work = machine.round().await?;
        while !machine.0.lanes.borrow().is_empty() {
            machine.0.ended.notified().await;
        }
        if !has_work {
            return Ok(());
        }
    }
}

/// What delivers, in one process.
#[derive(Clone)]
struct Machine(Rc<Inner>);

struct Inner {
    app: App,
    /// Who this process is to others.
    owner: Id,
    /// The lanes that are running here, and how to tell them that there is more.
    lanes: RefCell<HashMap<Key, Rc<Notify>>>,
    /// The lanes that could not be run, and until when they are left alone.
    resting: RefCell<HashMap<Key, Instant>>,
    /// A lane has ended.
    ended: Notify,
}

impl Machine {
    fn new(app: App, owner: Id) -> Self {
        Self(Rc::new(Inner {
            app,
            owner,
            lanes: RefCell::default(),
            resting: RefCell::default(),
            ended: Notify::new(),
        }))
    }

    /// Makes deliveries of what has happened, and starts lanes for what is due. Answers whether there was anything.
    async fn round(&self) -> Result<bool> {
        let Inner { app, owner, .. } = &*self.0;
        let dispatched = dispatch::run(app, *owner).await?;
        let mut has_work = dispatched.is_progress;
        dispatched.lanes.into_iter().for_each(|key| self.start(key));
        for key in self.claim().await? {
            has_work = true;
            self.start(key);
        }
        Ok(has_work)
    }

    /// Takes on lanes that are due and nobody's.
    async fn claim(&self) -> Result<Vec<Key>> {
        let Inner { app, owner, lanes, resting, .. } = &*self.0;
        resting.borrow_mut().retain(|_, until| *until > Instant::now());
        let (owner, most) = (*owner, LANES + lanes.borrow().len() as i64);
        let due = lanes::due(&mut *app.db.read().await?, owner, app.now(), most).await?;
        let is_free = |key: &Key| !lanes.borrow().contains_key(key) && !resting.borrow().contains_key(key);
        let new: Vec<Key> = due.into_iter().filter(is_free).collect();
        if new.is_empty() {
            return Ok(new);
        }
        let now = app.now();
        app.db
            .write(Instant::now() + STORING, async move |tx: &mut Transaction| -> Result<Vec<Key>> {
                let mut ours = Vec::with_capacity(new.len());
                for key in &new {
                    let Some(mut lane) = lanes::lock(tx, *key).await? else { continue };
                    if !lane.is_taken(owner, now) {
                        lane.lease(owner, lease(now));
                        lanes::save(tx, &lane).await?;
                        ours.push(*key);
                    }
                }
                Ok(ours)
            })
            .await
    }

    /// Has a lane run that was taken on; one that is running is told that there is more.
    fn start(&self, key: Key) {
        if let Some(wake) = self.0.lanes.borrow().get(&key) {
            return wake.notify_one();
        }
        let wake = Rc::new(Notify::new());
        self.0.lanes.borrow_mut().insert(key, wake.clone());
        let machine = self.clone();
        actix_web::rt::spawn(async move {
            let Inner { app, owner, lanes, resting, ended } = &*machine.0;
            if let Err(error) = lane::run(app, *owner, key, &wake).await {
                // The lease is ours still, so that it is taken up again after a while.
                tracing::warn!(?error, webhook = %key.1, "a webhook's deliveries were interrupted");
                resting.borrow_mut().insert(key, Instant::now() + REST);
            }
            lanes.borrow_mut().remove(&key);
            ended.notify_one();
        });
    }
}

/// Until when a lane that is taken on at `now` is leased.
fn lease(now: Timestamp) -> Timestamp {
    now.plus_seconds(LEASE_SECONDS)
}
