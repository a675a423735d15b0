//! One transaction for several pieces of work, each of which takes it for a transaction of its own.

use std::sync::{Arc, Mutex, PoisonError};

use super::conn::{AfterCommit, Conn, Reader, Transaction};
use super::fault::Failure;
use super::{Fault, Unavailable};

/// A transaction that is open around pieces of work which know nothing of each other: each reads what those before it wrote.
#[derive(Clone)]
pub struct Ambient(Arc<Mutex<Option<Lent>>>);

/// What is lent while the transaction is open.
struct Lent {
    conn: Conn,
    after_commit: Vec<AfterCommit>,
}

impl Ambient {
    /// Opens `transaction` to several pieces of work, until `work` is done. What they want done after the commit is done after that
    /// of `transaction`.
    pub async fn around<T>(transaction: &mut Transaction, work: impl AsyncFnOnce(&Self) -> T) -> T {
        let lent = Lent { conn: transaction.conn.lend(), after_commit: Vec::new() };
        // Closed in any case: a piece of work that was kept must not find its way to the connection afterwards.
        let open = Closing(Self(Arc::new(Mutex::new(Some(lent)))));
        let outcome = work(&open.0).await;
        transaction.after_commit.extend(open.0.close());
        outcome
    }

    /// A connection for reading.
    pub fn read(&self) -> Result<Reader, Unavailable> {
        self.lend().map(Reader::within)
    }

    /// Runs `work` in a savepoint: if it fails, it has changed nothing.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        E: Failure,
        F: AsyncFn(&mut Transaction) -> Result<T, E>,
    {
        let mut inner = Transaction::new(self.lend().map_err(Fault::from)?);
        inner.conn.execute("SAVEPOINT inner_work").await.map_err(Fault::from)?;
        let outcome = work(&mut inner).await;
        let end = match &outcome {
            Ok(_) => "RELEASE SAVEPOINT inner_work",
            Err(_) => "ROLLBACK TO SAVEPOINT inner_work; RELEASE SAVEPOINT inner_work",
        };
        let ended = inner.conn.execute(end).await.map_err(Fault::from);
        // The work's own error says more about what happened.
        let value = outcome?;
        ended?;
        if let Some(lent) = &mut *self.lent() {
            lent.after_commit.append(&mut inner.after_commit);
        }
        Ok(value)
    }

    fn lend(&self) -> Result<Conn, Unavailable> {
        self.lent().as_ref().map(|lent| lent.conn.lend()).ok_or_else(|| Unavailable("the transaction is over".into()))
    }

    fn close(&self) -> Vec<AfterCommit> {
        self.lent().take().map(|lent| lent.after_commit).unwrap_or_default()
    }

    fn lent(&self) -> std::sync::MutexGuard<'_, Option<Lent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes it when dropped.
struct Closing(Ambient);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}
