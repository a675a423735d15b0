//! What is tried again, and when.

use std::time::Duration;

use super::error::Error;
use crate::method::{Code, ErrorType};

/// How often, and after which waits, a call that failed in passing is tried again.
///
/// That is a connection that broke, an error of the type `rate_limit` or `server`, and a call whose idempotency key is still in use. The
/// waits double, up to the longest, and are cut by chance, so that many clients do not come back at once. What the server asks for
/// (`Retry-After`) is waited out, unless it is longer than the longest wait: then the error is yours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often a call is tried again, at the most.
    pub times: u32,
    /// The first wait.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl Retry {
    /// Nothing is tried again.
    pub const NONE: Self = Self { times: 0, first_wait: Duration::ZERO, longest_wait: Duration::ZERO };

    /// How long to wait before a call that was tried again `tried` times is tried once more; `None` if it is not to be.
    pub(super) fn wait(&self, tried: u32, error: &Error, is_repeatable: bool) -> Option<Duration> {
        if tried >= self.times || !(is_certainly_undone(error) || is_repeatable && is_passing(error)) {
            return None;
        }
        let doubled = self.first_wait.saturating_mul(2u32.saturating_pow(tried)).min(self.longest_wait);
        let by_chance = doubled.mul_f64(0.5 + 0.5 * chance());
        match asked(error) {
            Some(asked) if asked > self.longest_wait => None,
            // Never earlier than asked, and not all at the same moment.
            Some(asked) => Some(asked + self.first_wait.mul_f64(chance())),
            None => Some(by_chance),
        }
    }
}

impl Default for Retry {
    /// Four times, within about eight seconds, or for as long as the server asks for within a minute each.
    fn default() -> Self {
        Self { times: 4, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(60) }
    }
}

/// Whether nothing can have been done.
fn is_certainly_undone(error: &Error) -> bool {
    match error {
        Error::Api(error) => error.error_type == ErrorType::RateLimit,
        Error::Transport { is_unsent, .. } => *is_unsent,
        Error::Answer { status, .. } => *status == 429,
        Error::Setup(_) => false,
    }
}

/// Whether the same may go well a little later.
fn is_passing(error: &Error) -> bool {
    match error {
        Error::Api(error) => {
            error.error_type == ErrorType::Server || error.code == Code::IdempotencyInProgress.as_str()
        }
        Error::Transport { .. } => true,
        Error::Answer { status, .. } => matches!(status, 500 | 502 | 503 | 504),
        Error::Setup(_) => false,
    }
}

/// When the server wants to be asked again.
fn asked(error: &Error) -> Option<Duration> {
    match error {
        Error::Api(error) => error.retry_after,
        Error::Answer { retry_after, .. } => *retry_after,
        _ => None,
    }
}

/// A number from 0 to 1; in the middle where the system has no random numbers.
fn chance() -> f64 {
    let mut byte = [128];
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn refused(status: u16, kind: &str, code: &str, wait: Option<u64>) -> Error {
        let body = serde_json::json!({"error": {"type": kind, "code": code, "message": "no", "retry_after": wait}});
        Error::answered("http://h", status, &HeaderMap::new(), body.to_string().as_bytes())
    }

    fn broken(is_unsent: bool) -> Error {
        Error::Transport { url: "http://h".into(), reason: "broke".into(), is_unsent, source: None }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let waits = |error: &Error, is_repeatable| Retry::default().wait(0, error, is_repeatable).is_some();
        for (error, repeatable, otherwise) in [
            (refused(400, "invalid_request", "invalid_arguments", None), false, false),
            (refused(404, "not_found", "team_not_found", None), false, false),
            (refused(409, "conflict", "version_conflict", None), false, false),
            (refused(409, "conflict", "idempotency_in_progress", Some(1)), true, false),
            (refused(429, "rate_limit", "ratelimited", Some(2)), true, true),
            (refused(429, "rate_limit", "ratelimited", Some(3600)), false, false),
            (refused(503, "server", "service_unavailable", Some(1)), true, false),
            (broken(false), true, false),
            (broken(true), true, true),
            (Error::Setup("no".into()), false, false),
        ] {
            assert_eq!((waits(&error, true), waits(&error, false)), (repeatable, otherwise), "{error}");
        }
        assert_eq!(Retry::NONE.wait(0, &broken(true), true), None);
    }

    #[test]
    fn waits_grow_and_end() {
        let retry = Retry { times: 40, ..Retry::default() };
        for tried in 0..40 {
            let wait = retry.wait(tried, &broken(false), true).unwrap();
            let most = Duration::from_millis(500).saturating_mul(2u32.saturating_pow(tried)).min(retry.longest_wait);
            assert!(wait <= most && wait >= most / 2, "{tried}: {wait:?}");
        }
        assert_eq!(retry.wait(40, &broken(false), true), None);
        let asked = retry.wait(0, &refused(429, "rate_limit", "ratelimited", Some(9)), true).unwrap();
        assert!((9000..=9500).contains(&asked.as_millis()), "{asked:?}");
    }
}
