//! Reading webhooks, and what there is to be had from them.

use std::sync::Arc;

use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Context, Error, Kind, Method, Page, Registry, Result, Words};
use crate::resources::integrations::webhooks::catalogue::{Catalogue, EventType};
use crate::resources::integrations::webhooks::model::{Webhook, WebhookStatus};
use crate::resources::integrations::webhooks::store;

arguments! {
    /// Lists the webhooks.
    pub struct ListWebhooks paged {
        /// Only webhooks that stand so.
        pub status: Option<WebhookStatus>,
    }
}

impl Method for ListWebhooks {
    const NAME: &'static str = "webhooks.list";
    const ACCESS: Access = Access::read(Area::Webhooks);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<Webhook>;

    async fn call(self, ctx: Context) -> Result<Page<Webhook>> {
        let window = ctx.page(&self)?;
        let rows = store::list(&mut *ctx.read().await?, ctx.space(), self.status, &window).await?;
        Ok(window.page(&ctx, rows))
    }
}

arguments! {
    /// Answers one webhook.
    pub struct Info {
        /// The webhook.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "webhooks.info";
    const ACCESS: Access = Access::read(Area::Webhooks);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Webhook;

    async fn call(self, ctx: Context) -> Result<Webhook> {
        let found = store::find(&mut *ctx.read().await?, ctx.space(), self.id).await?;
        found.ok_or_else(Error::not_found::<Webhook>)
    }
}

arguments! {
    /// Lists the types of events, each with its JSON Schema and a sample.
    pub struct ListEventTypes {
        /// Only types that start with this, such as `conversation.`.
        pub prefix: Option<Words<64>>,
    }
}

impl Method for ListEventTypes {
    const NAME: &'static str = "webhooks.listEventTypes";
    const ACCESS: Access = Access::read(Area::Webhooks);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"prefix":"team."}"#;
    type Output = Page<EventType>;

    async fn call(self, ctx: Context) -> Result<Page<EventType>> {
        let catalogue = Catalogue::of(ctx.service::<Arc<Registry>>()?);
        let prefix = self.prefix.as_deref().unwrap_or_default();
        Ok(Page::whole(catalogue.types().iter().filter(|kind| kind.kind.starts_with(prefix)).cloned().collect()))
    }
}
