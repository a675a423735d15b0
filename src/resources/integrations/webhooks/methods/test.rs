//! `webhooks.test`.

use std::sync::Arc;

use crate::arguments;
use crate::db::{Id, Json};
use crate::method::{Access, Area, Batching, Context, Error, Kind, Method, Registry, Result, Words, idempotency};
use crate::providers::post::Post;
use crate::resources::integrations::webhooks::catalogue::{self, Catalogue};
use crate::resources::integrations::webhooks::delivery::{DeliveryRow, DeliveryStatus, WebhookDelivery};
use crate::resources::integrations::webhooks::model::Webhook;
use crate::resources::integrations::webhooks::outgoing::{self, Target};
use crate::resources::integrations::webhooks::{Kept, deliveries, store, verdict};

arguments! {
    /// Sends a sample event to a webhook, once, and answers what came of it.
    ///
    /// It is sent whether or not the webhook wants such events, and also while it is paused or disabled.
    pub struct Test {
        /// The webhook.
        pub id: Id,
        /// The type of the sample; `webhook.ping` if left out. `webhooks.listEventTypes` lists all.
        pub event_type: Option<Words<100>>,
    }
}

impl Method for Test {
    const NAME: &'static str = "webhooks.test";
    const ACCESS: Access = Access::write(Area::Webhooks);
    const KIND: Kind = Kind::Write;
    const BATCHING: Batching = Batching::NotAtomic;
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","event_type":"conversation.created"}"#;
    type Output = WebhookDelivery;

    async fn call(self, ctx: Context) -> Result<WebhookDelivery> {
        let (space, id, now) = (ctx.space(), ctx.app().new_id(), ctx.now());
        let found = store::row(&mut *ctx.read().await?, space, self.id).await?;
        let webhook = found.ok_or_else(Error::not_found::<Webhook>)?;
        let kind = self.event_type.as_deref().unwrap_or(catalogue::PING);
        let catalogue = Catalogue::of(ctx.service::<Arc<Registry>>()?);
        let actor = serde_json::to_string(&ctx.caller()?.actor)?;
        let sample = catalogue.event(kind, space, ctx.app().new_id(), now, &ctx.request().id, &actor);
        let event = sample
            .ok_or_else(|| Error::arguments(ctx.method(), vec![catalogue.unknown("/event_type".into(), kind)]))?;
        let envelope = event.envelope();
        let mut row = DeliveryRow {
            organization_id: space,
            id,
            webhook_id: webhook.id,
            event_id: event.id,
            event_type: event.type_,
            seq: None,
            object_id: event.object_id,
            status: DeliveryStatus::Dead,
            attempt_count: 1,
            attempts: Json(Vec::new()),
            next_attempt_at: None,
            holds_object: false,
            payload: Some(envelope.clone()),
            created_at: now,
        };
        // A call that was answered before sends nothing again.
        if !idempotency::was_used(&ctx).await? {
            let kept = Kept::open(ctx.app().keyring(), &webhook.sealed)?;
            let target = Target::new(webhook.format, &kept, now)?;
            let sent = target.send(Post::of(&ctx)?, event.id, &envelope, now).await?;
            row.note(verdict::attempt(&sent, now));
            if sent.is_success() {
                row.status = DeliveryStatus::Delivered;
            }
        }
        let payload = outgoing::payload(webhook.format, &envelope)?;
        ctx.write(async move |tx| {
            store::row(tx, space, row.webhook_id).await?.ok_or_else(Error::not_found::<Webhook>)?;
            deliveries::insert(tx, std::slice::from_ref(&row)).await?;
            Ok(WebhookDelivery { payload: Some(payload.clone()), ..row.clone().into() })
        })
        .await
    }
}
