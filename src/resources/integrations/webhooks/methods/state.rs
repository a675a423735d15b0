//! `webhooks.pause`, `webhooks.resume`, `webhooks.delete`.

use crate::arguments;
use crate::db::Id;
use crate::events;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Result, Tx, Void};
use crate::resources::integrations::webhooks::lanes::{Key, Lane};
use crate::resources::integrations::webhooks::model::{Webhook, WebhookStatus};
use crate::resources::integrations::webhooks::{deliveries, lanes, store};

/// How long the backlog of a paused webhook is kept, in seconds: 72 hours.
const BACKLOG_SECONDS: i64 = 72 * 60 * 60;
/// How many deliveries are called off at once; more are called off by and by.
pub const CANCELED_AT_ONCE: i64 = 1000;

arguments! {
    /// Stops sending to a webhook for a while.
    ///
    /// What happens meanwhile is kept for 72 hours. Pausing a webhook that is paused changes nothing.
    pub struct Pause {
        /// The webhook.
        pub id: Id,
    }
}

impl Method for Pause {
    const NAME: &'static str = "webhooks.pause";
    const ACCESS: Access = Access::write(Area::Webhooks);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["webhook.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Webhook;

    async fn call(self, ctx: Context) -> Result<Webhook> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut after = before.clone();
            match before.row.status {
                WebhookStatus::Active => after.row.status = WebhookStatus::Paused,
                WebhookStatus::Paused => {}
                WebhookStatus::Disabled => {
                    let message = "The webhook is disabled; resume it first, or leave it.";
                    return Err(Error::new(Code::InvalidState, message));
                }
            }
            store::save(tx, before, after, "webhook.updated").await
        })
        .await
    }
}

arguments! {
    /// Goes on sending to a webhook that was paused or disabled.
    ///
    /// What waits to be sent is sent, unless it is older than 72 hours. Of what happened while the webhook was disabled nothing was
    /// kept. Resuming a webhook that is active changes nothing.
    pub struct Resume {
        /// The webhook.
        pub id: Id,
        /// Whether what waits to be sent is sent; true if left out. False calls it off.
        pub deliver_backlog: Option<bool>,
    }
}

impl Method for Resume {
    const NAME: &'static str = "webhooks.resume";
    const ACCESS: Access = Access::write(Area::Webhooks);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["webhook.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","deliver_backlog":true}"#;
    type Output = Webhook;

    async fn call(self, ctx: Context) -> Result<Webhook> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            if before.row.status == WebhookStatus::Active {
                return Ok(before.shown());
            }
            let mut after = before.clone();
            after.row.status = WebhookStatus::Active;
            after.row.disabled_reason = None;
            let key = (before.row.organization_id, before.row.id);
            if let Some(mut lane) = lanes::lock(tx, key).await? {
                let skips = !self.deliver_backlog.unwrap_or(true);
                let was_disabled = before.row.status == WebhookStatus::Disabled;
                take_up(tx, key, &mut lane, skips, was_disabled).await?;
                after.figures = (&lane).into();
            }
            store::save(tx, before, after, "webhook.updated").await
        })
        .await
    }
}

/// Has a lane go on, with what waits in it or without.
async fn take_up(tx: &mut Tx<'_>, key: Key, lane: &mut Lane, skips: bool, was_disabled: bool) -> Result<()> {
    let now = tx.now();
    if skips || was_disabled {
        // What has its place in the feed by now happened before.
        let feed = events::store::feed(tx, key.0).await?;
        lane.starts_after = lane.starts_after.map(|seq| seq.max(feed.last_seq));
    }
    let through = match skips {
        true => Some(lanes::cursor(tx, key.0).await?),
        false => deliveries::last_before(tx, key, Id::first_at(now.plus_seconds(-BACKLOG_SECONDS))).await?,
    };
    if let Some(through) = through {
        call_off(tx, key, lane, through).await?;
    }
    (lane.consecutive_failures, lane.failing_since, lane.hold_until) = (0, None, None);
    lane.wake(now);
    lanes::save(tx, lane).await
}

/// Calls off the deliveries of events up to `through` that are not over; if there are many, some of them later.
async fn call_off(tx: &mut Tx<'_>, key: Key, lane: &mut Lane, through: i64) -> Result<()> {
    if deliveries::cancel(tx, key, through, CANCELED_AT_ONCE).await? >= CANCELED_AT_ONCE as usize {
        lane.cancel_through = Some(through);
    }
    Ok(())
}

arguments! {
    /// Deletes a webhook.
    ///
    /// What was not delivered by now is called off. What was can still be looked at for 30 days.
    pub struct Delete {
        /// The webhook.
        pub id: Id,
    }
}

impl Method for Delete {
    const NAME: &'static str = "webhooks.delete";
    const ACCESS: Access = Access::write(Area::Webhooks);
    const KIND: Kind = Kind::Delete;
    const EVENTS: &'static [&'static str] = &["webhook.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let webhook = store::target(tx, self.id).await?;
            let key = (webhook.row.organization_id, webhook.row.id);
            if let Some(mut lane) = lanes::lock(tx, key).await? {
                deliveries::cancel(tx, key, i64::MAX, CANCELED_AT_ONCE).await?;
                // Whoever takes up the lane calls off the rest, and then takes it away.
                lane.cancel_through = Some(i64::MAX);
                lane.wake(tx.now());
                lanes::save(tx, &lane).await?;
            }
            store::delete(tx, &webhook).await?;
            Ok(Void {})
        })
        .await
    }
}
