//! The database: one handle over SQLite or PostgreSQL, chosen by the address at start.
//!
//! Queries are written once with [`run!`](crate::run) and compiled against both dialects. Nothing here knows what is stored.

mod ambient;
mod conn;
mod fault;
pub mod functions;
mod migrate;
mod postgres;
pub mod prelude;
mod sqlite;
mod types;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

pub use ambient::Ambient;
pub use conn::{Backend, Conn, Mark, Reader, Transaction};
pub use fault::{Failure, Fault, Unavailable};
pub use types::{Id, IdSql, Ids, Json, JsonSql, Timestamp, TimestampSql};

/// How the database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite://PATH` or `postgres://…`.
    pub url: String,
    /// The most PostgreSQL connections that write at the same time; SQLite has one writer.
    pub max_connections: usize,
    /// SQLite's `synchronous`: `full` survives a power loss, `normal` may lose the last moments, `off` is for tests.
    pub synchronous: String,
}

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Kind>);

enum Kind {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// An address that names no database we know.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The scheme is neither `sqlite` nor `postgres`.
    #[error("the database address must start with sqlite:// or postgres://")]
    Scheme,
    /// The database could not be opened or prepared.
    #[error("cannot open the database: {0}")]
    Open(String),
}

impl Db {
    /// Opens the database and brings its tables up to date.
    ///
    /// Several servers may start at once: one migrates, the others wait for it.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        migrate::up(&options).await?;
        Self::connect(options).await
    }

    /// Opens the database as it is.
    pub async fn connect(options: Options) -> Result<Self, OpenError> {
        let kind = match sqlite_path(&options.url) {
            Some(path) => Kind::Sqlite(sqlite::Sqlite::open(&path, &options.synchronous)?),
            None => Kind::Postgres(postgres::Postgres::open(&options).await?),
        };
        Ok(Self(Arc::new(kind)))
    }

    /// A handle with connections of its own, one of `parts` equal ones: each server thread takes one, so that queries never cross
    /// threads.
    pub fn fork(&self, parts: usize) -> Self {
        Self(Arc::new(match &*self.0 {
            Kind::Sqlite(sqlite) => Kind::Sqlite(sqlite.fork()),
            Kind::Postgres(postgres) => Kind::Postgres(postgres.fork(parts)),
        }))
    }

    /// `sqlite` or `postgres`.
    pub fn name(&self) -> &'static str {
        match &*self.0 {
            Kind::Sqlite(_) => "sqlite",
            Kind::Postgres(_) => "postgres",
        }
    }

    /// Whether queries are answered on the thread that asks, so that work which does nothing else never waits.
    pub fn runs_at_once(&self) -> bool {
        matches!(&*self.0, Kind::Sqlite(_))
    }

    /// A connection for reading; it goes back when dropped.
    pub async fn read(&self) -> Result<conn::Reader, Unavailable> {
        match &*self.0 {
            Kind::Sqlite(sqlite) => sqlite.read(),
            Kind::Postgres(postgres) => postgres.read().await,
        }
    }

    /// Runs a read that may take long on a connection of its own, so that short reads need not wait for it.
    pub async fn scan<T, E, F>(&self, deadline: Instant, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: AsyncFnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        match &*self.0 {
            Kind::Sqlite(sqlite) => sqlite.scan(deadline, work).await,
            Kind::Postgres(postgres) => postgres.scan(deadline, work).await,
        }
    }

    /// Runs `work` in one write transaction and commits it; durable when this returns `Ok`.
    ///
    /// Once begun it is finished even if the caller goes away. Past `deadline` nothing is committed. PostgreSQL calls `work`
    /// again when a concurrent transaction got in the way, so it must not have effects besides the database's.
    pub async fn write<T, E, F>(&self, deadline: Instant, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: AsyncFn(&mut Transaction) -> Result<T, E> + Send + 'static,
    {
        match &*self.0 {
            Kind::Sqlite(sqlite) => sqlite.write(deadline, work).await,
            Kind::Postgres(postgres) => postgres.write(deadline, work).await,
        }
    }
}

/// Brings the tables of the database up to date, without opening it for use.
pub async fn migrate(options: &Options) -> Result<Vec<String>, OpenError> {
    migrate::up(options).await
}

/// Takes back the newest migrations, `steps` of them.
pub async fn migrate_down(options: &Options, steps: usize) -> Result<Vec<String>, OpenError> {
    migrate::down(options, steps).await
}

fn sqlite_path(url: &str) -> Option<PathBuf> {
    url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).map(PathBuf::from)
}

pub(crate) fn is_known(url: &str) -> bool {
    sqlite_path(url).is_some_and(|path| !path.as_os_str().is_empty())
        || url.starts_with("postgres://")
        || url.starts_with("postgresql://")
}
