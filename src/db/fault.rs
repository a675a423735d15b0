//! What can go wrong with a database, told apart by what a caller can do about it.

use diesel::result::{DatabaseErrorKind, Error};

/// A failed use of the database.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database cannot be reached, is shutting down, is full or is locked: nothing was committed, try again.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The connection was lost while the commit was under way: whether it took place is not known.
    #[error("the connection was lost during the commit: {0}")]
    InDoubt(String),
    /// A concurrent transaction kept a row locked for longer than we wait.
    #[error("a row stayed locked: {0}")]
    Locked(String),
    /// A concurrent transaction got in the way; the same work may succeed when run again.
    #[error("a concurrent transaction got in the way: {0}")]
    Retry(String),
    /// A unique index, named where the database tells, already has this value.
    #[error("unique index violated: {0}")]
    Unique(String),
    /// A row that is still referred to, or a reference to a row that is not there.
    #[error("foreign key violated: {0}")]
    ForeignKey(String),
    /// The time allowed for the work was over; nothing was committed.
    #[error("the deadline passed")]
    Deadline,
    /// The work panicked; nothing was committed.
    #[error("the work panicked: {0}")]
    Panic(String),
    /// Anything else: a mistake of ours.
    #[error("query failed: {0}")]
    Query(Error),
}

/// The database cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("the database is unavailable: {0}")]
pub struct Unavailable(pub String);

impl From<Unavailable> for Fault {
    fn from(Unavailable(why): Unavailable) -> Self {
        Self::Unavailable(why)
    }
}

/// What the databases say, in their own words, when they are not able to serve. Both keep these texts in English.
const UNAVAILABLE: &[&str] = &[
    "database or disk is full",
    "disk I/O error",
    "database is locked",
    "attempt to write a readonly database",
    "unable to open database file",
    "terminating connection",
    "the database system is",
    "connection closed",
    "error communicating with the server",
    "No space left on device",
    "too many clients",
    "remaining connection slots",
];

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let Error::DatabaseError(kind, ref about) = error else {
            return match error {
                Error::BrokenTransactionManager => Self::Unavailable("the connection broke".into()),
                other => Self::Query(other),
            };
        };
        let message = about.message().to_owned();
        match kind {
            DatabaseErrorKind::UniqueViolation => {
                Self::Unique(about.constraint_name().map(str::to_owned).unwrap_or(message))
            }
            DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => Self::ForeignKey(message),
            DatabaseErrorKind::SerializationFailure => Self::Retry(message),
            DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => Self::Unavailable(message),
            _ if message.contains("lock timeout") => Self::Locked(message),
            _ if message.contains("deadlock detected") => Self::Retry(message),
            _ if UNAVAILABLE.iter().any(|text| message.contains(text)) => Self::Unavailable(message),
            _ => Self::Query(error),
        }
    }
}

/// An error of the work in a transaction, as far as the database must understand it.
pub trait Failure: From<Fault> + Send + 'static {
    /// Whether running the same work again may succeed.
    fn is_retryable(&self) -> bool;
}

impl Failure for Fault {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Retry(_))
    }
}
