//! One connection, whichever the database, and the macro that runs a query on it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use diesel::SqliteConnection;
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::Object;

use super::Fault;
use super::sqlite::ReaderSlot;

/// A connection to either database.
pub enum Conn {
    /// SQLite, called on the thread at hand: a query takes microseconds, less than a hop to another thread.
    Sqlite(Box<SqliteConnection>),
    /// PostgreSQL.
    Postgres(PgConn),
}

/// A PostgreSQL connection: for one transaction alone, or shared by many single reads, which it pipelines.
pub enum PgConn {
    /// Taken from the pool for one transaction.
    Own(Box<Object<AsyncPgConnection>>),
    /// Shared by the reads of one server thread.
    Shared(Arc<AsyncPgConnection>),
}

impl PgConn {
    pub(super) fn get(&self) -> &AsyncPgConnection {
        match self {
            Self::Own(conn) => conn,
            Self::Shared(conn) => conn,
        }
    }
}

/// The two real connections, as [`run!`](crate::run) sees them.
pub enum Backend<'a> {
    /// Diesel's synchronous SQLite connection.
    Sqlite(&'a mut SqliteConnection),
    /// Diesel's asynchronous PostgreSQL connection.
    Postgres(&'a AsyncPgConnection),
}

impl Conn {
    /// The connection beneath; for [`run!`](crate::run).
    pub fn backend(&mut self) -> Backend<'_> {
        match self {
            Self::Sqlite(conn) => Backend::Sqlite(conn),
            Self::Postgres(conn) => Backend::Postgres(conn.get()),
        }
    }
}

/// Runs a query, written once, on whichever database the connection leads to: `run!(conn, |c| users::table.first(c))`.
///
/// The query is compiled against both dialects; the result is a `QueryResult`.
#[macro_export]
macro_rules! run {
    ($conn:expr, |$c:ident| $query:expr) => {
        match $conn.backend() {
            $crate::db::Backend::Sqlite($c) => {
                #[allow(unused_imports)]
                use ::diesel::RunQueryDsl as _;
                $query
            }
            $crate::db::Backend::Postgres(mut shared) => {
                #[allow(unused_imports)]
                use ::diesel_async::RunQueryDsl as _;
                let $c = &mut shared;
                $query.await
            }
        }
    };
}

/// Runs one statement for each item: `run_each!(conn, &rows, |c, row| insert_into(users::table).values(row).execute(c))`.
/// PostgreSQL gets them all at once and answers them all at once.
#[macro_export]
macro_rules! run_each {
    ($conn:expr, $items:expr, |$c:ident, $item:ident| $query:expr) => {
        match $conn.backend() {
            $crate::db::Backend::Sqlite($c) => {
                use ::diesel::RunQueryDsl as _;
                $items.iter().try_for_each(|$item| $query.map(|_| ()))
            }
            $crate::db::Backend::Postgres(shared) => {
                use ::diesel_async::RunQueryDsl as _;
                let each = $items.iter().map(|$item| async move {
                    let mut shared = shared;
                    let $c = &mut shared;
                    $query.await.map(|_| ())
                });
                ::futures_util::future::try_join_all(each).await.map(|_| ())
            }
        }
    };
}

/// Reads the one row of a query and keeps others from changing it until the transaction ends. SQLite has one writer and needs
/// no lock; PostgreSQL gets `FOR NO KEY UPDATE`, which lets others go on adding rows that refer to this one.
#[macro_export]
macro_rules! lock {
    ($conn:expr, $query:expr) => {
        match $conn.backend() {
            $crate::db::Backend::Sqlite(c) => {
                use ::diesel::{OptionalExtension as _, RunQueryDsl as _};
                $query.first(c).optional()
            }
            $crate::db::Backend::Postgres(mut shared) => {
                use ::diesel::OptionalExtension as _;
                use ::diesel_async::RunQueryDsl as _;
                $query.for_no_key_update().first(&mut shared).await.optional()
            }
        }
    };
}

/// As [`lock!`](crate::lock), for a row that is about to be deleted: PostgreSQL gets `FOR UPDATE`, so that whoever adds a row that
/// refers to this one waits too, and then finds it gone.
#[macro_export]
macro_rules! lock_to_delete {
    ($conn:expr, $query:expr) => {
        match $conn.backend() {
            $crate::db::Backend::Sqlite(c) => {
                use ::diesel::{OptionalExtension as _, RunQueryDsl as _};
                $query.first(c).optional()
            }
            $crate::db::Backend::Postgres(mut shared) => {
                use ::diesel::OptionalExtension as _;
                use ::diesel_async::RunQueryDsl as _;
                $query.for_update().first(&mut shared).await.optional()
            }
        }
    };
}

/// As [`lock!`](crate::lock), but what somebody else has locked is passed over: for those who take the next best row of many.
#[macro_export]
macro_rules! lock_next {
    ($conn:expr, $query:expr) => {
        match $conn.backend() {
            $crate::db::Backend::Sqlite(c) => {
                use ::diesel::{OptionalExtension as _, RunQueryDsl as _};
                $query.first(c).optional()
            }
            $crate::db::Backend::Postgres(mut shared) => {
                use ::diesel::OptionalExtension as _;
                use ::diesel_async::RunQueryDsl as _;
                $query.for_update().skip_locked().first(&mut shared).await.optional()
            }
        }
    };
}

/// Reads rows and keeps others from deleting them until the transaction ends: for references that no foreign key guards.
/// PostgreSQL gets `FOR KEY SHARE`, as its own foreign keys do.
#[macro_export]
macro_rules! keep {
    ($conn:expr, $query:expr) => {
        match $conn.backend() {
            $crate::db::Backend::Sqlite(c) => {
                use ::diesel::RunQueryDsl as _;
                $query.load(c)
            }
            $crate::db::Backend::Postgres(mut shared) => {
                use ::diesel_async::RunQueryDsl as _;
                $query.for_key_share().load(&mut shared).await
            }
        }
    };
}

/// A connection for reading, lent until it is dropped.
pub struct Reader {
    conn: Option<Conn>,
    slot: Option<Arc<ReaderSlot>>,
}

impl Reader {
    pub(super) fn sqlite(conn: Box<SqliteConnection>, slot: Arc<ReaderSlot>) -> Self {
        Self { conn: Some(Conn::Sqlite(conn)), slot: Some(slot) }
    }

    pub(super) fn postgres(conn: Arc<AsyncPgConnection>) -> Self {
        Self { conn: Some(Conn::Postgres(PgConn::Shared(conn))), slot: None }
    }
}

impl Deref for Reader {
    type Target = Conn;

    #[expect(clippy::expect_used, reason = "the connection leaves only in drop")]
    fn deref(&self) -> &Conn {
        self.conn.as_ref().expect("a reader holds its connection until it is dropped")
    }
}

impl DerefMut for Reader {
    #[expect(clippy::expect_used, reason = "the connection leaves only in drop")]
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect("a reader holds its connection until it is dropped")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let (Some(Conn::Sqlite(conn)), Some(slot)) = (self.conn.take(), self.slot.take()) {
            slot.put(conn);
        }
    }
}

/// A connection inside a write transaction.
pub struct Transaction {
    pub(super) conn: Conn,
    pub(super) after_commit: Vec<AfterCommit>,
}

/// Where a transaction stood: see [`Transaction::mark`].
pub struct Mark {
    hooks: usize,
}

/// Something to do once the transaction is committed, and only then.
pub type AfterCommit = Box<dyn FnOnce() + Send>;

impl Transaction {
    pub(super) fn new(conn: Conn) -> Self {
        Self { conn, after_commit: Vec::new() }
    }

    /// Calls `hook` when the transaction is committed, even if the caller has gone away by then.
    pub fn after_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(hook));
    }

    /// Notes where the transaction stands, so that what follows can be taken back alone. It ends with [`Transaction::release`], after
    /// [`Transaction::back_to`] or without it.
    pub async fn mark(&mut self) -> Result<Mark, Fault> {
        self.execute("SAVEPOINT part").await?;
        Ok(Mark { hooks: self.after_commit.len() })
    }

    /// Takes back everything since the mark.
    pub async fn back_to(&mut self, mark: &Mark) -> Result<(), Fault> {
        self.after_commit.truncate(mark.hooks);
        self.execute("ROLLBACK TO SAVEPOINT part").await
    }

    /// Forgets the mark: what happened since is a part of the transaction like everything else.
    pub async fn release(&mut self, _mark: Mark) -> Result<(), Fault> {
        self.execute("RELEASE SAVEPOINT part").await
    }

    async fn execute(&mut self, sql: &str) -> Result<(), Fault> {
        match self.conn.backend() {
            Backend::Sqlite(conn) => diesel::connection::SimpleConnection::batch_execute(conn, sql)?,
            Backend::Postgres(mut conn) => diesel_async::SimpleAsyncConnection::batch_execute(&mut conn, sql).await?,
        }
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}
