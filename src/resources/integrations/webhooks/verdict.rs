//! What becomes of a delivery after an attempt.

use super::delivery::{Attempt, DeliveryRow, DeliveryStatus};
use super::model::Format;
use crate::db::{Id, Timestamp};
use crate::providers::post::{Answer, Sent};

/// After how many seconds each attempt follows the one before (Standard Webhooks): ten attempts within 75 hours.
pub const SCHEDULE: [i64; 10] = [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// By how much the pauses vary, so that what failed together does not come back together: a tenth more or less.
const JITTER: f64 = 0.1;
/// For how long everything may fail before the webhook is disabled, in seconds: three days.
pub const FAILING: i64 = 3 * 24 * 60 * 60;

/// Answers of Slack that mean that the address will never work again.
const GONE_FROM_SLACK: &[&str] = &[
    "no_service",
    "no_service_id",
    "no_active_hooks",
    "channel_not_found",
    "channel_is_archived",
    "action_prohibited",
    "invalid_token",
    "no_team",
    "team_disabled",
];

/// What becomes of a delivery after an attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether it has arrived.
    pub is_success: bool,
    /// When it is attempted again, if it is.
    pub retry_at: Option<Timestamp>,
    /// Until when the receiver wants nothing at all.
    pub hold_until: Option<Timestamp>,
    /// Why the webhook is to be disabled, if it is.
    pub disable: Option<String>,
}

impl Verdict {
    /// What becomes of a delivery after its attempt number `count`, from 1 on.
    pub fn of(format: Format, delivery: Id, count: i32, sent: &Sent, now: Timestamp) -> Self {
        let is_success = sent.is_success();
        let mut verdict = Self { is_success, retry_at: None, hold_until: None, disable: None };
        let answer = sent.outcome.as_ref().ok();
        if is_success {
            return verdict;
        }
        verdict.disable = answer.and_then(|answer| reason_to_disable(format, answer));
        let retry_after = answer.and_then(|answer| answer.retry_after);
        if let (Some(seconds), Some(429 | 503)) = (retry_after, answer.map(|answer| answer.status)) {
            verdict.hold_until = Some(now.plus_seconds(seconds));
        }
        let is_final =
            verdict.disable.is_some() || answer.is_some_and(|answer| answer.aborts || is_final(format, answer));
        let pause = usize::try_from(count).ok().and_then(|count| SCHEDULE.get(count)).filter(|_| !is_final);
        verdict.retry_at = pause.map(|pause| {
            let millis = (*pause as f64 * 1000.0 * jitter(delivery, count)) as i64;
            let after = Timestamp::from_millis(now.millis().saturating_add(millis));
            after.max(now.plus_seconds(retry_after.unwrap_or(0)))
        });
        verdict
    }

    /// Notes an attempt that was made at `at`, and what becomes of its delivery.
    pub fn apply(&self, row: &mut DeliveryRow, sent: &Sent, at: Timestamp) {
        row.attempt_count = row.attempt_count.saturating_add(1);
        row.note(attempt(sent, at));
        row.next_attempt_at = self.retry_at;
        row.status = match (self.is_success, self.retry_at) {
            (true, _) => DeliveryStatus::Delivered,
            (false, Some(_)) => DeliveryStatus::Retrying,
            (false, None) => DeliveryStatus::Dead,
        };
        row.holds_object = row.holds_object && self.retry_at.is_some();
    }
}

/// What is kept of an attempt.
pub fn attempt(sent: &Sent, at: Timestamp) -> Attempt {
    let answer = sent.outcome.as_ref().ok();
    Attempt {
        at,
        status_code: answer.map(|answer| answer.status),
        duration_ms: sent.duration_ms,
        error: match &sent.outcome {
            Err(failed) => Some(failed.to_string()),
            Ok(answer) if (300..400).contains(&answer.status) => Some("redirect: redirects are not followed".into()),
            Ok(_) => None,
        },
        response_snippet: answer.map(|answer| answer.snippet.clone()),
    }
}

fn reason_to_disable(format: Format, answer: &Answer) -> Option<String> {
    let said = answer.snippet.trim();
    match (format, answer.status) {
        (Format::Slack, 400..500) if GONE_FROM_SLACK.contains(&said) => Some(format!("Slack answered {said}.")),
        (_, 410) => Some("The receiver is gone: it answered with status 410.".into()),
        _ => None,
    }
}

/// Whether the same message would be answered the same way, whenever it is sent.
fn is_final(format: Format, answer: &Answer) -> bool {
    format.has_secret_address() && (400..500).contains(&answer.status) && !matches!(answer.status, 408 | 429)
}

/// A factor around 1 that is always the same for the same attempt.
fn jitter(delivery: Id, count: i32) -> f64 {
    // FNV-1a, and a multiplication that spreads what it makes of ids that differ in little.
    let bytes = delivery.as_bytes().iter().copied().chain(count.to_le_bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let spread = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
    let fraction = spread as f64 / (1u64 << 53) as f64;
    1.0 - JITTER + 2.0 * JITTER * fraction
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Ids;
    use crate::providers::post::Failed;
    use serde_json::Value;

    const NOW: Timestamp = Timestamp::from_millis(1_795_155_754_492);

    fn answered(status: u16, snippet: &str) -> Answer {
        Answer { status, snippet: snippet.into(), retry_after: None, aborts: false }
    }

    fn verdict(format: Format, count: i32, answer: Answer) -> Verdict {
        let sent = Sent { outcome: Ok(answer), duration_ms: 1 };
        Verdict::of(format, Ids::counted().next(NOW), count, &sent, NOW)
    }

    #[test]
    fn attempts_follow_the_published_schedule_with_a_tenth_more_or_less() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../../tests/vectors/wire-standard-webhooks.json")).unwrap();
        assert_eq!(vectors["retry_schedule_seconds_after_previous_attempt"], serde_json::json!(SCHEDULE));
        let ids = Ids::counted();
        let timeout = Sent { outcome: Err(Failed::Timeout), duration_ms: 15_000 };
        for (count, pause) in (1..).zip(&SCHEDULE[1..]) {
            let mut seen = std::collections::HashSet::new();
            for _ in 0..200 {
                let next = Verdict::of(Format::Standard, ids.next(NOW), count, &timeout, NOW).retry_at.unwrap();
                let part = (next.millis() - NOW.millis()) as f64 / (*pause as f64 * 1000.0);
                assert!((0.9..=1.1).contains(&part), "{count}: {part}");
                seen.insert((part * 50.0) as i64);
            }
            assert!(seen.len() >= 9, "{count}: they hardly differ: {seen:?}");
        }
        assert_eq!(Verdict::of(Format::Standard, ids.next(NOW), 10, &timeout, NOW).retry_at, None);
    }

    #[test]
    fn a_receiver_is_given_the_time_that_it_asks_for() {
        let asks = |status, seconds| Answer { retry_after: Some(seconds), ..answered(status, "") };
        let busy = verdict(Format::Standard, 1, asks(429, 3600));
        assert_eq!((busy.retry_at, busy.hold_until), (Some(NOW.plus_seconds(3600)), Some(NOW.plus_seconds(3600))));
        // A shorter time than the schedule's changes nothing for the event itself.
        let soon = verdict(Format::Standard, 2, asks(503, 1));
        assert!(soon.retry_at.unwrap() >= NOW.plus_seconds(270) && soon.hold_until == Some(NOW.plus_seconds(1)));
        assert_eq!(verdict(Format::Standard, 1, asks(500, 60)).hold_until, None);
    }

    #[test]
    fn what_can_never_arrive_is_not_tried_again() {
        let gone = verdict(Format::Standard, 1, answered(410, ""));
        assert!(gone.retry_at.is_none() && gone.disable.is_some());
        let aborted = verdict(Format::Standard, 1, Answer { aborts: true, ..answered(500, "") });
        assert_eq!((aborted.retry_at, aborted.disable), (None, None));
        for (status, text, ends, disables) in [
            (400, "invalid_payload", true, false),
            (403, "action_prohibited", true, true),
            (404, "no_service\n", true, true),
            (410, "channel_is_archived", true, true),
            (429, "", false, false),
            (408, "", false, false),
            (500, "rollup_error", false, false),
        ] {
            let verdict = verdict(Format::Slack, 1, answered(status, text));
            assert_eq!((verdict.retry_at.is_none(), verdict.disable.is_some()), (ends, disables), "{status} {text}");
        }
        assert!(verdict(Format::Msteams, 1, answered(401, "")).retry_at.is_none());
        for status in [301, 400, 404, 500] {
            assert!(verdict(Format::Standard, 1, answered(status, "no_service")).retry_at.is_some(), "{status}");
        }
        for status in [200, 202, 204] {
            assert!(verdict(Format::Standard, 1, answered(status, "")).is_success);
        }
    }
}
