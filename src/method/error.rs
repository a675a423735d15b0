//! The one error type of all methods: a stable code, words for the caller, and a cause that cannot reach the caller.

use std::fmt;
use std::panic::Location;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::codes::{Code, ErrorType};
use super::object::Object;
use crate::db;

/// The result of a method.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, for the caller; and why, for the log.
pub struct Error(Box<Inner>);

struct Inner {
    code: Code,
    message: String,
    fields: Vec<FieldError>,
    details: Map<String, Value>,
    retry_after: Option<u32>,
    /// The type and status of what it stands for, in place of those of its code.
    stands_for: Option<(ErrorType, u16)>,
    retryable: bool,
    /// Whether it is not known if the change was made.
    in_doubt: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    location: &'static Location<'static>,
}

/// One problem with one argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldError {
    /// Where in the body, as a JSON pointer (RFC 6901); empty for the whole body.
    pub pointer: String,
    /// What is wrong: `required`, `unknown_field`, `wrong_type`, `not_nullable`, `too_long`, `unknown_id` …
    pub code: String,
    /// The same in words.
    pub message: String,
    /// More about it, such as `allowed`, `expected` or `suggestions`.
    #[serde(flatten)]
    pub details: Map<String, Value>,
}

impl FieldError {
    /// A problem at a pointer.
    pub fn new(pointer: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), message: message.into(), details: Map::new() }
    }

    /// Adds a detail.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.into(), value.into());
        self
    }
}

impl Error {
    /// An error with words for the caller.
    #[track_caller]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            fields: Vec::new(),
            details: Map::new(),
            retry_after: (code.status() == 503).then_some(1),
            stands_for: None,
            retryable: false,
            in_doubt: false,
            source: None,
            location: Location::caller(),
        }))
    }

    /// A fault of ours: the caller hears that it is one, the log hears why.
    #[track_caller]
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(Code::InternalError, "Something went wrong on our side. Nothing was changed.");
        error.0.source = Some(source.into());
        error
    }

    /// The target of the call is not there, or not for this caller to see.
    #[track_caller]
    pub fn not_found<T: Object>() -> Self {
        Self::new(T::NOT_FOUND, format!("There is no such {}.", T::TYPE.replace('_', " ")))
    }

    /// One wrong argument.
    #[track_caller]
    pub fn argument(pointer: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self::arguments("", vec![FieldError::new(pointer, code, message)])
    }

    /// Wrong arguments, all of them.
    #[track_caller]
    pub fn arguments(method: &str, fields: Vec<FieldError>) -> Self {
        let first = fields.first().map(|field| field.message.as_str()).unwrap_or("wrong arguments");
        let of = if method.is_empty() { String::new() } else { format!(" of {method}") };
        let message = match fields.len() {
            0 | 1 => format!("A problem with the arguments{of}: {first}"),
            n => format!("{n} problems with the arguments{of}: {first} (and {} more)", n - 1),
        };
        let mut error = Self::new(Code::InvalidArguments, message);
        error.0.fields = fields;
        error
    }

    /// Wrong arguments of a kind that has a code of its own.
    #[track_caller]
    pub fn of_fields(code: Code, message: impl Into<String>, fields: Vec<FieldError>) -> Self {
        let mut error = Self::new(code, message);
        error.0.fields = fields;
        error
    }

    /// Adds a detail beside `code` and `message`.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.details.insert(name.into(), value.into());
        self
    }

    /// Marks it as one that may not come up again when the same work is run again.
    fn retryable(mut self) -> Self {
        self.0.retryable = true;
        self
    }

    /// Adds the cause, for the log only.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says in better words what is wrong with some arguments, by their pointers.
    pub fn reworded(mut self, hints: &[FieldError]) -> Self {
        for field in &mut self.0.fields {
            if let Some(hint) = hints.iter().find(|hint| hint.pointer == field.pointer && field.code == hint.code) {
                field.message.clone_from(&hint.message);
            }
        }
        self
    }

    /// Marks it as one after which it is not known whether the change was made.
    fn in_doubt(mut self) -> Self {
        self.0.in_doubt = true;
        self
    }

    /// Whether it is not known if the change was made.
    pub fn is_in_doubt(&self) -> bool {
        self.0.in_doubt
    }

    /// The same once more, without its cause.
    pub fn again(&self) -> Self {
        let inner = &self.0;
        Self(Box::new(Inner {
            code: inner.code,
            message: inner.message.clone(),
            fields: inner.fields.clone(),
            details: inner.details.clone(),
            retry_after: inner.retry_after,
            stands_for: inner.stands_for,
            retryable: inner.retryable,
            in_doubt: inner.in_doubt,
            source: None,
            location: inner.location,
        }))
    }

    /// Says when to try again, in seconds.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds.max(1));
        self
    }

    /// The condition came as `If-Match`: status 412 in place of 409 (RFC 9110, section 13.1.1).
    pub fn as_precondition(mut self) -> Self {
        self.0.stands_for = Some((ErrorType::Precondition, 412));
        self
    }

    /// It says that more failed because of `cause`: what clients do about it, and what is tried again, goes by that.
    pub fn caused_by(mut self, cause: Self) -> Self {
        self.0.stands_for = Some((cause.error_type(), cause.status()));
        self.0.retry_after = cause.0.retry_after;
        self.0.retryable = cause.0.retryable;
        self.0.in_doubt = cause.0.in_doubt;
        self.0.location = cause.0.location;
        self.0.source = cause.0.source;
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The words for the caller.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The wrong arguments.
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// The details beside code and message.
    pub fn details(&self) -> &Map<String, Value> {
        &self.0.details
    }

    /// In how many seconds to try again.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// The type that clients switch on.
    pub fn error_type(&self) -> ErrorType {
        self.0.stands_for.map_or_else(|| self.0.code.error_type(), |(error_type, _)| error_type)
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.stands_for.map_or_else(|| self.0.code.status(), |(_, status)| status)
    }

    /// The error as it stands in a body under `error`.
    pub fn body(&self, request_id: &str, base_url: &str) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("type".into(), self.error_type().as_str().into());
        body.insert("code".into(), self.code().as_str().into());
        body.insert("message".into(), self.message().into());
        if !self.fields().is_empty() {
            body.insert("errors".into(), json!(self.fields()));
        }
        for (name, value) in self.details() {
            body.insert(name.clone(), value.clone());
        }
        if let Some(seconds) = self.retry_after_seconds() {
            body.insert("retry_after".into(), seconds.into());
        }
        body.insert("doc_url".into(), self.doc_url(base_url).into());
        body.insert("request_id".into(), request_id.into());
        body
    }

    /// Where more about it is to be read.
    pub fn doc_url(&self, base_url: &str) -> String {
        match self.code() {
            Code::UnknownMethod => format!("{base_url}/docs/methods"),
            code => format!("{base_url}/docs/errors#{}", code.as_str()),
        }
    }

    /// Whether it may be gone when the same is tried again: a concurrent transaction got in the way, or the database is away.
    pub fn is_passing(&self) -> bool {
        self.0.retryable || matches!(self.0.code, Code::ServiceUnavailable | Code::RequestTimeout)
    }

    /// The cause and the place, for the log; `None` where the caller is told everything.
    pub fn cause(&self) -> Option<String> {
        self.0.source.as_ref().map(|source| format!("{source} (at {})", self.0.location))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.message)?;
        if !self.0.fields.is_empty() {
            write!(f, " {:?}", self.0.fields)?;
        }
        match self.cause() {
            Some(cause) => write!(f, " [{cause}]"),
            None => Ok(()),
        }
    }
}

impl From<db::Fault> for Error {
    #[track_caller]
    fn from(fault: db::Fault) -> Self {
        let unavailable = || {
            Self::new(
                Code::ServiceUnavailable,
                "The database is not available at the moment. Nothing was changed; retry.",
            )
        };
        match fault {
            db::Fault::Unavailable(_) | db::Fault::Locked(_) => unavailable().because(fault),
            db::Fault::InDoubt(_) => Self::new(
                Code::ServiceUnavailable,
                "The database went away during the commit, and it is not known whether the change was made. Retry with the same \
                 Idempotency-Key, or look before you retry.",
            )
            .in_doubt()
            .because(fault),
            db::Fault::Retry(_) => unavailable().because(fault).retryable(),
            // What the work had found was taken away before it could refer to it: run again, it finds that it is gone.
            db::Fault::ForeignKey(_) => Self::internal(fault).retryable(),
            db::Fault::Deadline => {
                Self::new(Code::RequestTimeout, "The call took too long. Nothing was changed; retry.")
            }
            fault => Self::internal(fault),
        }
    }
}

impl From<db::Unavailable> for Error {
    #[track_caller]
    fn from(unavailable: db::Unavailable) -> Self {
        db::Fault::from(unavailable).into()
    }
}

impl From<diesel::result::Error> for Error {
    #[track_caller]
    fn from(error: diesel::result::Error) -> Self {
        db::Fault::from(error).into()
    }
}

impl From<serde_json::Error> for Error {
    #[track_caller]
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

impl db::Failure for Error {
    fn is_retryable(&self) -> bool {
        self.0.retryable
    }
}

/// Says at the query what a violated unique index means to the caller.
pub trait OrConflict<T> {
    /// Another row has this value: `make` says so.
    fn or_conflict(self, make: impl FnOnce(&str) -> Error) -> Result<T>;
}

impl<T> OrConflict<T> for diesel::QueryResult<T> {
    #[track_caller]
    fn or_conflict(self, make: impl FnOnce(&str) -> Error) -> Result<T> {
        self.map_err(|error| match db::Fault::from(error) {
            db::Fault::Unique(index) => make(&index),
            fault => fault.into(),
        })
    }
}
