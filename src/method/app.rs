//! What all calls of one server share.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::keyring::Keyring;
use super::services::Services;
use super::signals::Signals;
use crate::db::{Db, Id, Ids, Timestamp};

/// The server, as methods see it; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The database, with read connections of this server thread.
    pub db: Db,
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    ids: Ids,
    keyring: Keyring,
    services: Services,
    signals: Signals,
}

/// Where the time comes from.
#[derive(Clone)]
pub enum Clock {
    /// The clock of this machine.
    System,
    /// A clock that tests set, in milliseconds since 1970-01-01 UTC.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Fixed(millis) => Timestamp::from_millis(millis.load(Ordering::Relaxed)),
        }
    }
}

impl App {
    /// A server of these parts.
    pub fn new(db: Db, clock: Clock, ids: Ids, keyring: Keyring, services: Services) -> Self {
        Self { db, shared: Arc::new(Shared { clock, ids, keyring, services, signals: Signals::default() }) }
    }

    /// The same server with database connections of its own, for one of `threads` server threads.
    pub fn fork(&self, threads: usize) -> Self {
        Self { db: self.db.fork(threads), shared: self.shared.clone() }
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// A new id, created now.
    pub fn new_id(&self) -> Id {
        self.new_id_at(self.now())
    }

    /// A new id of something that came to be at `at`: what is imported sorts where it belongs in time.
    pub fn new_id_at(&self, at: Timestamp) -> Id {
        self.shared.ids.next(at)
    }

    /// The server's own secrets.
    pub fn keyring(&self) -> &Keyring {
        &self.shared.keyring
    }

    /// The services it was started with.
    pub fn services(&self) -> &Services {
        &self.shared.services
    }

    /// What wakes the server's own work.
    pub fn signals(&self) -> &Signals {
        &self.shared.signals
    }
}
