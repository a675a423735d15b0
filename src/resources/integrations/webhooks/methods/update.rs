//! `webhooks.update`, `webhooks.rotateSecret`.

use std::sync::Arc;

use crate::arguments;
use crate::db::Id;
use crate::events::Pattern;
use crate::method::{
    Access, Area, Code, Context, Document, Error, Int, Kind, List, Method, Nullable, Patch, Registry, Result, Url,
    Words,
};
use crate::providers::post::Post;
use crate::providers::standard_webhooks::SigningSecret;
use crate::resources::integrations::webhooks::catalogue::Catalogue;
use crate::resources::integrations::webhooks::model::{Format, Webhook, WebhookQueryPatch, WebhookWithSecret};
use crate::resources::integrations::webhooks::{address, filter, headers, store};

/// How long the old secret signs besides the new one when the call does not say, in seconds: a day.
const GRACE_SECONDS: i64 = 24 * 60 * 60;

arguments! {
    /// Changes a webhook.
    ///
    /// Fields that are left out stay as they are. What is under way is sent as the webhook is by then.
    pub struct Update {
        /// The webhook.
        pub id: Id,
        /// What the webhook is called.
        pub name: Patch<Nullable<Words<120>>>,
        /// What the webhook is for.
        pub description: Patch<Nullable<Words<500>>>,
        /// Where events are sent: an `https` address on the public internet. As it is shown, it stays.
        pub url: Patch<Url>,
        /// Which events are sent: types such as `team.updated`, or all of an object such as `team.*`; empty for all.
        pub events: Patch<List<Pattern, 100>>,
        /// Of these events, send only those whose object matches; null clears all queries.
        pub query: Patch<Nullable<WebhookQueryPatch>>,
        /// What is sent. A change between the event and a message for people needs the `url` again.
        pub format: Patch<Format>,
        /// Headers that are sent along: each is set by itself, and null takes it away. As they are shown, they stay.
        pub headers: Patch<Document>,
    }
}

impl Method for Update {
    const NAME: &'static str = "webhooks.update";
    const ACCESS: Access = Access::write(Area::Webhooks);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::UnsafeUrl, Code::InvalidQuery, Code::MissingScope];
    const EVENTS: &'static [&'static str] = &["webhook.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","events":["conversation.*"],"query":{"conversations":"priority:(high OR urgent)"}}"#;
    type Output = Webhook;

    async fn call(self, ctx: Context) -> Result<Webhook> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let ctx = tx.ctx().clone();
            let before = store::target(tx, args.id).await?;
            let mut after = before.clone();
            args.name.apply(&mut after.row.name);
            args.description.apply(&mut after.row.description);
            args.query.apply(&mut after.row.query);
            args.format.apply(&mut after.row.format);
            if let Some(events) = args.events.sent() {
                after.row.events.0 = events.iter().map(ToString::to_string).collect();
            }
            if let Some(sent) = args.headers.sent() {
                let wrong = headers::merge(&mut after.kept.headers, &sent.0);
                if !wrong.is_empty() {
                    return Err(Error::arguments(ctx.method(), wrong));
                }
            }
            match args.url.sent() {
                Some(url) if **url != *before.row.shown_url => {
                    let parsed = address::check(Post::of(&ctx)?, url)?;
                    after.kept.url = url.to_string();
                    after.row.shown_url = address::shown(&parsed, url, after.row.format);
                }
                // Nobody is to learn an address that was not shown to them by having it shown.
                _ if after.row.format.has_secret_address() != before.row.format.has_secret_address() => {
                    return Err(Error::argument("/url", "required", "with another format the url is needed again"));
                }
                _ => {}
            }
            let catalogue = Catalogue::of(ctx.service::<Arc<Registry>>()?);
            filter::check(&ctx, catalogue, Some(&before.row), &after.row)?;
            let (old, new) = (&before.row, &after.row);
            if before.kept.url != after.kept.url || (&old.events, &old.query) != (&new.events, &new.query) {
                filter::require_readable(&ctx, catalogue, new)?;
            }
            store::save(tx, before, after, "webhook.updated").await
        })
        .await
    }
}

arguments! {
    /// Makes a new signing secret for a webhook.
    ///
    /// It is shown this once. For `grace_seconds` deliveries have two signatures, with the new secret and with the old one, so that
    /// receivers can be changed over without a break.
    pub struct RotateSecret {
        /// The webhook.
        pub id: Id,
        /// How long the old secret signs too; a day if left out, 0 to end it at once.
        pub grace_seconds: Option<Int<0, 604_800>>,
    }
}

impl Method for RotateSecret {
    const NAME: &'static str = "webhooks.rotateSecret";
    const ACCESS: Access = Access::write(Area::Webhooks);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["webhook.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","grace_seconds":3600}"#;
    type Output = WebhookWithSecret;

    async fn call(self, ctx: Context) -> Result<WebhookWithSecret> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut after = before.clone();
            let grace = self.grace_seconds.map_or(GRACE_SECONDS, |grace| grace.0);
            let old =
                std::mem::replace(&mut after.kept.secret, SigningSecret::generate().map_err(Error::internal)?.reveal());
            after.kept.previous = (grace > 0).then(|| (old, tx.now().plus_seconds(grace)));
            let secret = after.kept.secret.clone();
            let webhook = store::save(tx, before, after, "webhook.updated").await?;
            Ok(WebhookWithSecret::new(webhook, secret))
        })
        .await
    }
}
