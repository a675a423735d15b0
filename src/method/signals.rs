//! What wakes the server's own work, so that nothing waits for the next round.
//!
//! A signal says only that it is worth looking: whoever is woken looks into the database, and looks now and then without being
//! woken, because other servers may have written there.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Notify, watch};

/// The signals of one server.
#[derive(Default)]
pub struct Signals {
    /// Events were written that have no place in their feed yet.
    pub outbox: Notify,
    /// There is a job to do.
    pub jobs: Notify,
    feed: watch::Sender<u64>,
    stopping: AtomicBool,
}

impl Signals {
    /// Says that events became readable.
    pub fn feed_moved(&self) {
        self.feed.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Says that the server is to stop: whoever waits for something has an end of it.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.feed_moved();
    }

    /// Whether the server is to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Tells when events become readable, and when the server is to stop.
    pub fn feed(&self) -> watch::Receiver<u64> {
        self.feed.subscribe()
    }
}
