//! `webhooks.redeliverRange`: a job that goes through the deliveries of a time.

use serde::{Deserialize, Serialize};

use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::jobs::{self, Item, Job, Kind as JobKind, New, Step};
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Policy, Rate, Result, Tx};
use crate::resources::integrations::webhooks::delivery::{DeliveryStatus, WebhookDelivery};
use crate::resources::integrations::webhooks::lanes::Key;
use crate::resources::integrations::webhooks::model::Webhook;
use crate::resources::integrations::webhooks::{again, deliveries, lanes, store};
use crate::text_enum;

/// The most deliveries that one job has sent again.
const MOST: i64 = 100_000;
/// How many deliveries one step has sent again: few enough that nobody waits long for the lane.
const AT_ONCE: i64 = 200;

text_enum! {
    /// Which deliveries are sent again.
    pub enum Which {
        /// Those that were given up.
        Failed = "failed",
        /// Also those that have arrived.
        All = "all",
    }
}

impl Which {
    fn statuses(self) -> &'static [DeliveryStatus] {
        match self {
            Self::Failed => &[DeliveryStatus::Dead],
            Self::All => &[DeliveryStatus::Dead, DeliveryStatus::Delivered],
        }
    }
}

arguments! {
    /// Has the deliveries of a time sent again, each under its own `webhook-id`.
    ///
    /// The answer is a job, which goes through the deliveries one after the other; `jobs.listResults` says what became of each.
    pub struct RedeliverRange {
        /// The webhook.
        pub id: Id,
        /// Deliveries that were begun at this instant or later.
        pub from: Timestamp,
        /// Deliveries that were begun before this instant.
        pub to: Timestamp,
        /// Which of them: those that were given up if left out, or all that are over.
        pub status: Option<Which>,
        /// Whether the job only finds out what would be sent, and sends nothing; false if left out.
        pub dry_run: Option<bool>,
    }
}

impl Method for RedeliverRange {
    const NAME: &'static str = "webhooks.redeliverRange";
    const ACCESS: Access = Access::write(Area::Webhooks);
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate { policy: Policy::Bulk, cost: 1 };
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["job.completed"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","from":"2026-11-19T00:00:00Z","to":"2026-11-20T00:00:00Z","status":"failed"}"#;
    type Output = Job;

    async fn call(self, ctx: Context) -> Result<Job> {
        if self.to <= self.from {
            return Err(Error::argument("/to", "too_small", "must lie after from"));
        }
        let job = RedeliverJob {
            webhook: self.id,
            from: self.from,
            to: self.to,
            which: self.status.unwrap_or(Which::Failed),
            dry_run: self.dry_run == Some(true),
        };
        let mut conn = ctx.read().await?;
        store::row(&mut conn, ctx.space(), self.id).await?.ok_or_else(Error::not_found::<Webhook>)?;
        let bounds = (Id::first_at(job.from), Id::first_at(job.to));
        let key = (ctx.space(), self.id);
        let total = deliveries::over(&mut conn, key, bounds, job.which.statuses(), MOST + 1).await?.len() as i64;
        drop(conn);
        if total > MOST {
            let message = format!("These are more than {MOST} deliveries; have them sent again in several parts.");
            return Err(Error::new(Code::LimitExceeded, message).with("limit", MOST));
        }
        ctx.write(async move |tx| {
            again::open_lane(tx, key).await?;
            let new = New { total, dry_run: job.dry_run, ..New::default() };
            jobs::add(tx, &job, new).await
        })
        .await
    }
}

/// The job of [`RedeliverRange`].
#[derive(Serialize, Deserialize)]
pub struct RedeliverJob {
    webhook: Id,
    from: Timestamp,
    to: Timestamp,
    which: Which,
    dry_run: bool,
}

impl JobKind for RedeliverJob {
    const NAME: &'static str = "webhooks.redeliverRange";
    const METHOD: &'static str = "webhooks.redeliverRange";
    const ACCESS: Access = Access::write(Area::Webhooks);
    /// The delivery after which the next step begins.
    type Cursor = Id;
    /// The next deliveries.
    type Material = Vec<Id>;

    async fn gather(&self, ctx: &Context, after: &Id) -> Result<Vec<Id>> {
        // What was sent again stays where it is in time, so every delivery is come to once.
        let bounds = (Id::first_at(self.from).max(*after), Id::first_at(self.to));
        let key = (ctx.space(), self.webhook);
        deliveries::over(&mut *ctx.read().await?, key, bounds, self.which.statuses(), AT_ONCE).await
    }

    async fn step(&self, tx: &mut Tx<'_>, _: &Job, _: &Id, ids: &Vec<Id>) -> Result<Step<Id>> {
        let key: Key = (tx.space(), self.webhook);
        let mut lane = again::open_lane(tx, key).await?;
        let mut items = Vec::with_capacity(ids.len());
        for id in ids {
            let outcome = match self.dry_run {
                true => again::check(tx, key.0, *id).await,
                false => again::begin(tx, &mut lane, *id).await,
            };
            items.push(match outcome {
                Ok(Some(_)) => Item::succeeded(*id),
                Ok(None) => Item::failed(Some(*id), &Error::not_found::<WebhookDelivery>()),
                Err(error) if error.status() < 500 => Item::failed(Some(*id), &error),
                Err(error) => return Err(error),
            });
        }
        if !self.dry_run {
            lanes::save(tx, &lane).await?;
        }
        let next = ids.last().copied().filter(|_| ids.len() as i64 == AT_ONCE);
        Ok(Step { next, items, total: None })
    }
}
