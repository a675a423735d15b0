//! Notes what came of attempts: of many in one transaction.

use std::time::Instant;

use super::{STORING, lease};
use crate::access::authenticate::server_itself;
use crate::db::{Id, Timestamp, Transaction};
use crate::method::{App, Context, Result};
use crate::providers::post::Sent;
use crate::resources::integrations::webhooks::lanes::{self, Key, Lane};
use crate::resources::integrations::webhooks::verdict::{FAILING, Verdict};
use crate::resources::integrations::webhooks::{
    Attempt, DeliveryRow, DeliveryStatus, Format, WebhookStatus, deliveries, store,
};

/// What the event of a delivery being gone is noted as.
const EVENT_GONE: &str = "event_gone: the event is not kept any more";

/// What came of an attempt.
#[derive(Clone)]
pub(super) struct Outcome {
    /// The delivery as it is from now on.
    pub row: DeliveryRow,
    /// Whether others waited for it that need not any more.
    pub frees: bool,
    /// When the attempt was made.
    pub at: Timestamp,
    /// What is to be done about it.
    pub verdict: Verdict,
}

impl Outcome {
    /// What comes of an attempt that was made at `at` and over at `now`.
    pub(super) fn of(mut row: DeliveryRow, format: Format, sent: &Sent, at: Timestamp, now: Timestamp) -> Self {
        let held = row.holds_object;
        let verdict = Verdict::of(format, row.id, row.attempt_count.saturating_add(1), sent, now);
        verdict.apply(&mut row, sent, at);
        Self { frees: held && !row.holds_object, row, at, verdict }
    }

    /// What comes of a delivery whose event is not kept any more.
    pub(super) fn without_event(mut row: DeliveryRow, at: Timestamp) -> Self {
        let error = Some(EVENT_GONE.to_owned());
        row.note(Attempt { at, status_code: None, duration_ms: 0, error, response_snippet: None });
        let frees = std::mem::take(&mut row.holds_object);
        (row.status, row.next_attempt_at) = (DeliveryStatus::Dead, None);
        let verdict = Verdict { is_success: false, retry_at: None, hold_until: None, disable: None };
        Self { row, frees, at, verdict }
    }
}

/// How a lane is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// When nothing is due any more, until something is.
    WhenDone,
    /// Until then, whatever is due.
    Until(Timestamp),
    /// Until somebody wakes it.
    Asleep,
}

/// How noting went.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// The lane belongs to another server by now, and nothing was noted.
    pub is_lost: bool,
    /// The lane was left.
    pub is_left: bool,
    /// Why the webhook is to be disabled, if it is.
    pub disable: Option<String>,
}

/// Notes what came of attempts, and keeps the lane or leaves it.
pub(super) async fn settle(
    app: &App,
    owner: Id,
    key: Key,
    outcomes: Vec<Outcome>,
    leave: Option<Leave>,
) -> Result<Settled> {
    let now = app.now();
    app.db
        .write(Instant::now() + STORING, async move |tx: &mut Transaction| -> Result<Settled> {
            let lost = Settled { is_lost: true, ..Settled::default() };
            let Some(mut lane) = lanes::lock(tx, key).await? else { return Ok(lost) };
            if lane.lease_owner != Some(owner) {
                return Ok(lost);
            }
            let rows: Vec<DeliveryRow> = outcomes.iter().map(|outcome| outcome.row.clone()).collect();
            deliveries::save(tx, &rows).await?;
            let mut freed: Vec<Id> =
                outcomes.iter().filter(|outcome| outcome.frees).map(|outcome| outcome.row.object_id).collect();
            freed.sort_unstable();
            freed.dedup();
            deliveries::release(tx, key, &freed).await?;
            let disable = outcomes.iter().filter_map(|outcome| count(&mut lane, outcome)).next();
            let mut settled = Settled { disable, ..Settled::default() };
            lane.lease(owner, lease(now));
            if let Some(leave) = leave {
                let next = deliveries::next(tx, key).await?;
                let due = match leave {
                    Leave::Asleep => None,
                    Leave::Until(until) => {
                        lane.hold_until = Some(until);
                        next.map(|next| next.max(until))
                    }
                    Leave::WhenDone => next,
                };
                settled.is_left = leave != Leave::WhenDone || due.is_none_or(|due| due > now);
                if settled.is_left {
                    lane.release();
                    lane.due_at = due;
                }
            }
            lanes::save(tx, &lane).await?;
            Ok(settled)
        })
        .await
}

/// Counts an attempt; answers why the webhook is to be disabled, if it is.
fn count(lane: &mut Lane, outcome: &Outcome) -> Option<String> {
    if outcome.verdict.is_success {
        (lane.consecutive_failures, lane.failing_since) = (0, None);
        lane.last_delivery_at = Some(outcome.at);
        return None;
    }
    lane.consecutive_failures = lane.consecutive_failures.saturating_add(1);
    let since = *lane.failing_since.get_or_insert(outcome.at);
    let is_over = since.plus_seconds(FAILING) <= outcome.at;
    let failed = || format!("Nothing has arrived since {since}.");
    outcome.verdict.disable.clone().or_else(|| is_over.then(failed))
}

/// Disables a webhook and announces it.
pub(super) async fn disable(app: &App, (space, webhook): Key, reason: String) -> Result<()> {
    let mut caller = server_itself(space.untwin());
    caller.is_test = space.is_twin();
    let ctx = Context::internal(app.clone(), caller, "webhooks.update");
    ctx.write(async move |tx| {
        let Some(before) = store::lock(tx, webhook).await? else { return Ok(()) };
        if before.row.status != WebhookStatus::Active {
            return Ok(());
        }
        let mut after = before.clone();
        after.row.status = WebhookStatus::Disabled;
        after.row.disabled_reason = Some(reason.clone());
        store::save(tx, before, after, "webhook.disabled").await?;
        Ok(())
    })
    .await
}
