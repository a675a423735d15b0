//! One connection, whichever the database, and the macro that runs a query on it.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::{QueryResult, SqliteConnection};
use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use super::Fault;
use super::sqlite::ReaderSlot;

/// A connection to either database.
pub enum Conn {
    /// SQLite, called on the thread at hand: a query takes microseconds, less than a hop to another thread.
    Sqlite(SqliteConn),
    /// PostgreSQL.
    Postgres(PgConn),
}

/// A SQLite connection. It is taken for one query at a time, so that the pieces of work of one transaction can each hold it; nobody
/// ever waits for it, because they run one after the other.
pub type SqliteConn = Arc<Mutex<SqliteConnection>>;

/// A PostgreSQL connection: for one transaction alone, or shared by many single reads, which it pipelines.
pub enum PgConn {
    /// Taken from the pool for one transaction.
    Own(Arc<Object<AsyncPgConnection>>),
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
    Sqlite(MutexGuard<'a, SqliteConnection>),
    /// Diesel's asynchronous PostgreSQL connection.
    Postgres(&'a AsyncPgConnection),
}

impl Conn {
    /// The connection beneath; for [`run!`](crate::run).
    pub fn backend(&mut self) -> Backend<'_> {
        match self {
            Self::Sqlite(conn) => Backend::Sqlite(taken(conn)),
            Self::Postgres(conn) => Backend::Postgres(conn.get()),
        }
    }

    /// The same connection once more, for another piece of work of the same transaction.
    pub(super) fn lend(&self) -> Self {
        match self {
            Self::Sqlite(conn) => Self::Sqlite(conn.clone()),
            Self::Postgres(PgConn::Own(conn)) => Self::Postgres(PgConn::Own(conn.clone())),
            Self::Postgres(PgConn::Shared(conn)) => Self::Postgres(PgConn::Shared(conn.clone())),
        }
    }

    /// Runs statements as they are.
    pub(super) async fn execute(&self, sql: &str) -> QueryResult<()> {
        match self {
            Self::Sqlite(conn) => SimpleConnection::batch_execute(&mut *taken(conn), sql),
            Self::Postgres(conn) => {
                let mut conn = conn.get();
                SimpleAsyncConnection::batch_execute(&mut conn, sql).await
            }
        }
    }
}

/// A SQLite connection, for one query.
fn taken(conn: &SqliteConn) -> MutexGuard<'_, SqliteConnection> {
    conn.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a query, written once, on whichever database the connection leads to: `run!(conn, |c| users::table.first(c))`.
///
/// The query is compiled against both dialects; the result is a `QueryResult`. It is a statement of its own, so that the connection is
/// free again in the middle of a larger expression.
#[macro_export]
macro_rules! run {
    ($conn:expr, |$c:ident| $query:expr) => {{
        let outcome = match $conn.backend() {
            $crate::db::Backend::Sqlite(mut taken) => {
                #[allow(unused_imports)]
                use ::diesel::RunQueryDsl as _;
                let $c = &mut *taken;
                $query
            }
            $crate::db::Backend::Postgres(mut shared) => {
                #[allow(unused_imports)]
                use ::diesel_async::RunQueryDsl as _;
                let $c = &mut shared;
                $query.await
            }
        };
        outcome
    }};
}

/// Runs one statement for each item: `run_each!(conn, &rows, |c, row| insert_into(users::table).values(row).execute(c))`.
/// PostgreSQL gets them all at once and answers them all at once.
#[macro_export]
macro_rules! run_each {
    ($conn:expr, $items:expr, |$c:ident, $item:ident| $query:expr) => {{
        let outcome = match $conn.backend() {
            $crate::db::Backend::Sqlite(mut taken) => {
                use ::diesel::RunQueryDsl as _;
                let $c = &mut *taken;
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
        };
        outcome
    }};
}

/// Reads the one row of a query and keeps others from changing it until the transaction ends. SQLite has one writer and needs
/// no lock; PostgreSQL gets `FOR NO KEY UPDATE`, which lets others go on adding rows that refer to this one.
#[macro_export]
macro_rules! lock {
    ($conn:expr, $query:expr) => {{
        let outcome = match $conn.backend() {
            $crate::db::Backend::Sqlite(mut taken) => {
                use ::diesel::{OptionalExtension as _, RunQueryDsl as _};
                $query.first(&mut *taken).optional()
            }
            $crate::db::Backend::Postgres(mut shared) => {
                use ::diesel::OptionalExtension as _;
                use ::diesel_async::RunQueryDsl as _;
                $query.for_no_key_update().first(&mut shared).await.optional()
            }
        };
        outcome
    }};
}

/// As [`lock!`](crate::lock), for a row that is about to be deleted: PostgreSQL gets `FOR UPDATE`, so that whoever adds a row that
/// refers to this one waits too, and then finds it gone.
#[macro_export]
macro_rules! lock_to_delete {
    ($conn:expr, $query:expr) => {{
        let outcome = match $conn.backend() {
            $crate::db::Backend::Sqlite(mut taken) => {
                use ::diesel::{OptionalExtension as _, RunQueryDsl as _};
                $query.first(&mut *taken).optional()
            }
            $crate::db::Backend::Postgres(mut shared) => {
                use ::diesel::OptionalExtension as _;
                use ::diesel_async::RunQueryDsl as _;
                $query.for_update().first(&mut shared).await.optional()
            }
        };
        outcome
    }};
}

/// As [`lock!`](crate::lock), but what somebody else has locked is passed over: for those who take the next best row of many.
#[macro_export]
macro_rules! lock_next {
    ($conn:expr, $query:expr) => {{
        let outcome = match $conn.backend() {
            $crate::db::Backend::Sqlite(mut taken) => {
                use ::diesel::{OptionalExtension as _, RunQueryDsl as _};
                $query.first(&mut *taken).optional()
            }
            $crate::db::Backend::Postgres(mut shared) => {
                use ::diesel::OptionalExtension as _;
                use ::diesel_async::RunQueryDsl as _;
                $query.for_update().skip_locked().first(&mut shared).await.optional()
            }
        };
        outcome
    }};
}

/// Reads rows and keeps others from deleting them until the transaction ends: for references that no foreign key guards.
/// PostgreSQL gets `FOR KEY SHARE`, as its own foreign keys do.
#[macro_export]
macro_rules! keep {
    ($conn:expr, $query:expr) => {{
        let outcome = match $conn.backend() {
            $crate::db::Backend::Sqlite(mut taken) => {
                use ::diesel::RunQueryDsl as _;
                $query.load(&mut *taken)
            }
            $crate::db::Backend::Postgres(mut shared) => {
                use ::diesel_async::RunQueryDsl as _;
                $query.for_key_share().load(&mut shared).await
            }
        };
        outcome
    }};
}

/// A connection for reading, lent until it is dropped.
pub struct Reader {
    conn: Option<Conn>,
    slot: Option<Arc<ReaderSlot>>,
}

impl Reader {
    pub(super) fn sqlite(conn: SqliteConn, slot: Arc<ReaderSlot>) -> Self {
        Self { conn: Some(Conn::Sqlite(conn)), slot: Some(slot) }
    }

    pub(super) fn postgres(conn: Arc<AsyncPgConnection>) -> Self {
        Self { conn: Some(Conn::Postgres(PgConn::Shared(conn))), slot: None }
    }

    /// Reads in a transaction that is open already.
    pub(super) fn within(conn: Conn) -> Self {
        Self { conn: Some(conn), slot: None }
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
            Backend::Sqlite(mut conn) => diesel::connection::SimpleConnection::batch_execute(&mut *conn, sql)?,
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
