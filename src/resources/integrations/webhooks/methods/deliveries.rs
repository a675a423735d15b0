//! Looking at deliveries, and having them sent again.

use crate::arguments;
use crate::db::{Conn, Id};
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Page, Result, Words};
use crate::query::Listing;
use crate::resources::integrations::events::sight;
use crate::resources::integrations::webhooks::deliveries::{self, Filter};
use crate::resources::integrations::webhooks::delivery::{
    DELIVERY_FIELDS, DeliveryRow, DeliveryStatus, WebhookDelivery,
};
use crate::resources::integrations::webhooks::model::Webhook;
use crate::resources::integrations::webhooks::{again, lanes, outgoing, store};

arguments! {
    /// Lists what was sent to a webhook, and what is to be.
    ///
    /// Deliveries are kept for 30 days.
    pub struct ListDeliveries filtered {
        /// The webhook.
        pub id: Id,
        /// Only deliveries that stand so.
        pub status: Option<DeliveryStatus>,
        /// Only deliveries of events of this type.
        pub event_type: Option<Words<100>>,
    }
}

impl Method for ListDeliveries {
    const NAME: &'static str = "webhooks.listDeliveries";
    const ACCESS: Access = Access::read(Area::Webhooks);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::InvalidQuery];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","status":"dead"}"#;
    type Output = Page<WebhookDelivery>;

    async fn call(self, ctx: Context) -> Result<Page<WebhookDelivery>> {
        let (list, space, webhook) = (Listing::new(&ctx, &self, &DELIVERY_FIELDS)?, ctx.space(), self.id);
        let filter = Filter { status: self.status, event_type: self.event_type.map(|kind| kind.to_string()) };
        let page = ctx
            .scan(async move |conn: &mut Conn| {
                store::row(conn, space, webhook).await?.ok_or_else(Error::not_found::<Webhook>)?;
                let fetched = deliveries::list(conn, (space, webhook), filter, &list).await?;
                Ok((list, fetched))
            })
            .await;
        let (list, fetched) = page?;
        list.page(&ctx, fetched)
    }
}

arguments! {
    /// Answers one delivery, with what is sent and what came of each attempt.
    pub struct DeliveryInfo {
        /// The delivery.
        pub delivery_id: Id,
    }
}

impl Method for DeliveryInfo {
    const NAME: &'static str = "webhooks.deliveryInfo";
    const ACCESS: Access = Access::read(Area::Webhooks);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::WebhookDeliveryNotFound];
    const EXAMPLE: &'static str = r#"{"delivery_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = WebhookDelivery;

    async fn call(self, ctx: Context) -> Result<WebhookDelivery> {
        let mut conn = ctx.read().await?;
        let found = deliveries::find(&mut conn, ctx.space(), self.delivery_id).await?;
        let row = found.ok_or_else(Error::not_found::<WebhookDelivery>)?;
        with_payload(&ctx, &mut conn, row).await
    }
}

/// A delivery with what is sent, if the caller may read such events: as the webhook has it now, of the event as it is in the feed.
async fn with_payload(ctx: &Context, conn: &mut Conn, row: DeliveryRow) -> Result<WebhookDelivery> {
    if !ctx.caller()?.scopes.has(sight::needed(&row.event_type)) {
        return Ok(row.into());
    }
    let envelope = again::envelope(conn, &row).await?;
    let webhook = store::row(conn, row.organization_id, row.webhook_id).await?;
    let format = webhook.map(|webhook| webhook.format).unwrap_or_default();
    let payload = envelope.map(|envelope| outgoing::payload(format, &envelope)).transpose()?;
    Ok(WebhookDelivery { payload, ..row.into() })
}

arguments! {
    /// Has a delivery sent again, under the same `webhook-id`.
    ///
    /// It has ten attempts once more. One that is waiting for its next attempt is attempted now.
    pub struct Redeliver {
        /// The delivery.
        pub delivery_id: Id,
    }
}

impl Method for Redeliver {
    const NAME: &'static str = "webhooks.redeliver";
    const ACCESS: Access = Access::write(Area::Webhooks);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::WebhookDeliveryNotFound, Code::InvalidState, Code::Expired];
    const EXAMPLE: &'static str = r#"{"delivery_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = WebhookDelivery;

    async fn call(self, ctx: Context) -> Result<WebhookDelivery> {
        ctx.write(async move |tx| {
            let space = tx.space();
            let not_found = Error::not_found::<WebhookDelivery>;
            let webhook = deliveries::find(tx, space, self.delivery_id).await?.ok_or_else(not_found)?.webhook_id;
            // The lane before the delivery, as whoever delivers does.
            let mut lane = again::open_lane(tx, (space, webhook)).await?;
            let row = again::begin(tx, &mut lane, self.delivery_id).await?.ok_or_else(not_found)?;
            lanes::save(tx, &lane).await?;
            let ctx = tx.ctx().clone();
            with_payload(&ctx, tx, row).await
        })
        .await
    }
}
