//! What can go wrong with a call.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::method::{ErrorType, FieldError};

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused; switch on [`ApiError::error_type`].
    #[error(transparent)]
    Api(Box<ApiError>),
    /// There was no answer: the server could not be reached, or the connection broke.
    #[error("no answer from {url}: {reason}")]
    Transport {
        /// Where the server was looked for.
        url: String,
        /// What happened, in words.
        reason: String,
        /// Whether the call certainly did not reach the server.
        is_unsent: bool,
        /// What happened.
        #[source]
        source: Option<reqwest::Error>,
    },
    /// There was an answer that is none of dotdesk's: something else listens there, or stands in between.
    #[error("{url} answered {status}, but not as dotdesk does: {reason}")]
    Answer {
        /// Who answered.
        url: String,
        /// The status.
        status: u16,
        /// What is wrong with the answer.
        reason: String,
        /// When to try again, if the answer said so.
        retry_after: Option<Duration>,
    },
    /// The call could not be made from what was given.
    #[error("{0}")]
    Setup(String),
}

/// An error as the server answers it.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// The status.
    pub status: u16,
    /// What kind of thing went wrong: the closed list to switch on.
    pub error_type: ErrorType,
    /// The code, which never changes: `team_not_found`.
    pub code: String,
    /// The same in words.
    pub message: String,
    /// What is wrong with which argument.
    pub errors: Vec<FieldError>,
    /// More about it, such as `current` of a `version_conflict`.
    pub details: Map<String, Value>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// Where more about it is to be read.
    pub doc_url: Option<String>,
    /// The request, as the server's log names it.
    pub request_id: Option<String>,
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}, {})", self.message, self.code, self.status)
    }
}

impl std::error::Error for ApiError {}

#[derive(Deserialize)]
struct Body {
    error: Wire,
}

#[derive(Deserialize)]
struct Wire {
    r#type: String,
    code: String,
    message: String,
    #[serde(default)]
    errors: Vec<FieldError>,
    retry_after: Option<u64>,
    doc_url: Option<String>,
    request_id: Option<String>,
    #[serde(flatten)]
    details: Map<String, Value>,
}

impl Error {
    /// Arguments that cannot be written as JSON, or read from it.
    pub fn arguments(error: serde_json::Error) -> Self {
        Self::Setup(format!("these are no arguments: {error}"))
    }

    /// The error of the API, if the server refused.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }

    /// The code of the API's error; empty if it is none.
    pub fn code(&self) -> &str {
        self.api().map_or("", |error| &error.code)
    }

    /// There was no answer.
    pub(super) fn transport(url: &str, source: reqwest::Error) -> Self {
        let source = source.without_url();
        let mut reason = source.to_string();
        // What is at the bottom is what a person can do something about: connection refused, timed out.
        let mut cause = source.source();
        while let Some(inner) = cause {
            reason = inner.to_string();
            cause = inner.source();
        }
        if source.is_timeout() {
            reason = "it took too long".into();
        }
        Self::Transport { url: url.into(), reason, is_unsent: source.is_connect(), source: Some(source) }
    }

    /// An answer that is no success.
    pub(super) fn answered(url: &str, status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let retry_after = header("retry-after").and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        let Ok(Body { error }) = serde_json::from_slice(body) else {
            let reason = match header("location") {
                Some(to) => format!("it sends elsewhere, to {to}; call that address"),
                None => excerpt(body),
            };
            return Self::Answer { url: url.into(), status, reason, retry_after };
        };
        Self::Api(Box::new(ApiError {
            status,
            error_type: ErrorType::named(&error.r#type).unwrap_or_else(|| ErrorType::of_status(status)),
            code: error.code,
            message: error.message,
            errors: error.errors,
            details: error.details,
            retry_after: retry_after.or(error.retry_after.map(Duration::from_secs)),
            doc_url: error.doc_url,
            request_id: error.request_id.or_else(|| header("x-request-id").map(str::to_owned)),
        }))
    }
}

/// The beginning of a body, for a message.
pub(super) fn excerpt(body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body).chars().filter(|c| !c.is_control()).take(100).collect();
    if text.trim().is_empty() { "it is empty".into() } else { format!("{text:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_all_that_the_server_said() {
        let body =
            br#"{"error":{"type":"permission","code":"missing_scope","message":"teams.create needs teams:write.",
            "needed":"teams:write","doc_url":"https://h/docs/errors#missing_scope","request_id":"req_1"}}"#;
        let error = Error::answered("http://h", 403, &HeaderMap::new(), body);
        let error = error.api().unwrap();
        assert_eq!(
            (error.error_type, error.code.as_str(), error.status),
            (ErrorType::Permission, "missing_scope", 403)
        );
        assert_eq!(error.details["needed"], "teams:write");
        assert_eq!(error.request_id.as_deref(), Some("req_1"));
        assert_eq!(error.details.len(), 1);
    }

    #[test]
    fn what_is_not_dotdesk_is_told_from_what_is() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        let error = Error::answered("http://h", 502, &headers, b"<html>Bad Gateway</html>");
        let Error::Answer { status: 502, retry_after: Some(wait), .. } = &error else { panic!("{error}") };
        assert_eq!(wait.as_secs(), 7);
        headers.insert("location", "https://h/".parse().unwrap());
        assert!(Error::answered("http://h", 301, &headers, b"").to_string().contains("https://h/"));
    }
}
