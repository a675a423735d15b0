//! How a call ended, for people and for scripts.

use std::fmt::Write;

use serde_json::Value;

use super::show::plain;
use crate::cli::Failure;
use crate::client::{ApiError, Error};
use crate::jobs::JobStatus;
use crate::method::ErrorType;

/// What the exit status says, for the help.
pub const STATUSES: &str = "\
Exit status:
  0   it went well                      7   not_found: there is no such thing
  1   something else went wrong         8   conflict: read again, decide again
  2   the command is not understood     9   precondition: it has another version
  3   no answer: the server is away     10  rate_limit: too much at once
  4   invalid_request: wrong arguments  11  server: a fault of the server's
  5   authentication: no good token     12  --wait: the job failed or was canceled
  6   permission: not for this caller   13  --wait: a part of the job failed";

/// The exit status of a call that failed.
fn status(error: &Error) -> u8 {
    match error {
        Error::Setup(_) => 2,
        Error::Transport { .. } | Error::Answer { .. } => 3,
        Error::Api(error) => match error.error_type {
            ErrorType::InvalidRequest => 4,
            ErrorType::Authentication => 5,
            ErrorType::Permission => 6,
            ErrorType::NotFound => 7,
            ErrorType::Conflict => 8,
            ErrorType::Precondition => 9,
            ErrorType::RateLimit => 10,
            ErrorType::Server => 11,
        },
    }
}

/// The exit status of a job that is over.
pub fn of_job(job: JobStatus) -> Option<u8> {
    match job {
        JobStatus::Failed | JobStatus::Canceled => Some(12),
        JobStatus::Partial => Some(13),
        JobStatus::Queued | JobStatus::Running | JobStatus::Succeeded | JobStatus::Reverted => None,
    }
}

/// A call that failed, in words.
pub(in crate::cli) fn failed(method: &str, error: &Error) -> Failure {
    let words = match error {
        Error::Api(refused) => told(method, refused),
        other => plain(&other.to_string()),
    };
    Failure::Ended(status(error), words)
}

fn told(method: &str, error: &ApiError) -> String {
    let mut text = match error.message.contains(method) {
        true => error.message.clone(),
        false => format!("{method}: {}", error.message),
    };
    for field in &error.errors {
        let place = if field.pointer.is_empty() { "the whole" } else { &field.pointer };
        let _ = write!(text, "\n  {place}: {}", field.message);
        let suggested = words(field.details.get("suggestions"));
        if !suggested.is_empty() && !suggested.iter().all(|word| field.message.contains(word)) {
            let _ = write!(text, " (did you mean {}?)", suggested.join(", "));
        }
        let allowed = words(field.details.get("allowed"));
        if !allowed.is_empty() && !allowed.iter().all(|word| field.message.contains(word)) {
            let _ = write!(text, " ({})", allowed.join(", "));
        }
    }
    for (name, value) in &error.details {
        match value {
            Value::String(value) => {
                let _ = write!(text, "\n  {name}: {value}");
            }
            Value::Number(value) => {
                let _ = write!(text, "\n  {name}: {value}");
            }
            // Objects are for programs; the suggestions of a method's name are in the message, as far as there is one.
            _ => {}
        }
    }
    if let Some(wait) = error.retry_after {
        let _ = write!(text, "\n  try again in {} s", wait.as_secs());
    }
    let _ = write!(text, "\n  {} {}, {}", error.error_type.as_str(), error.status, error.code);
    if let Some(id) = &error.request_id {
        let _ = write!(text, ", {id}");
    }
    plain(&text)
}

fn words(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_a_status_of_its_own() {
        let mut statuses: Vec<u8> = ErrorType::ALL
            .iter()
            .map(|kind| {
                let error = ApiError {
                    status: 400,
                    error_type: *kind,
                    code: String::new(),
                    message: String::new(),
                    errors: Vec::new(),
                    details: Default::default(),
                    retry_after: None,
                    doc_url: None,
                    request_id: None,
                };
                let status = status(&Error::Api(Box::new(error)));
                assert!(STATUSES.contains(&format!(" {:<4}{}", status, kind.as_str())), "{status}");
                status
            })
            .collect();
        statuses.dedup();
        assert_eq!(statuses.len(), ErrorType::ALL.len());
    }
}
