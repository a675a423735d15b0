//! `webhooks.create`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::arguments;
use crate::db::Json;
use crate::events::{Pattern, StoredEvent};
use crate::method::{
    Access, Area, Batching, Code, Context, Document, Error, Kind, List, Method, Nullable, Object, Registry, Result,
    Url, Words, idempotency, stored,
};
use crate::providers::post::{Failed, Post};
use crate::providers::standard_webhooks::SigningSecret;
use crate::resources::integrations::webhooks::catalogue::{self, Catalogue};
use crate::resources::integrations::webhooks::lanes::Figures;
use crate::resources::integrations::webhooks::model::{
    Format, Webhook, WebhookQueryPatch, WebhookRow, WebhookStatus, WebhookWithSecret,
};
use crate::resources::integrations::webhooks::outgoing::Target;
use crate::resources::integrations::webhooks::{Kept, address, filter, headers, store};

arguments! {
    /// Has events sent to an address as they happen.
    ///
    /// A `webhook.ping` is sent there first. A receiver that does not answer it with a status of 2xx gets no webhook; say
    /// `verify: false` to do without. Deliveries are signed as Standard Webhooks has it, with the secret in the answer, which is not
    /// shown again. A delivery that fails is attempted ten times within three days. It takes the scopes to read whatever the webhook
    /// sends.
    pub struct Create {
        /// Where events are sent: an `https` address on the public internet.
        pub url: Url,
        /// What the webhook is called.
        pub name: Nullable<Words<120>>,
        /// What the webhook is for.
        pub description: Nullable<Words<500>>,
        /// Which events are sent: types such as `team.updated`, or all of an object such as `team.*`; all if left out.
        pub events: Option<List<Pattern, 100>>,
        /// Of these events, send only those whose object matches.
        pub query: Nullable<WebhookQueryPatch>,
        /// What is sent: the event itself if left out, or a message for Slack or Microsoft Teams.
        pub format: Option<Format>,
        /// Headers that are sent along, at most 20; those that the server sets itself are refused.
        pub headers: Option<Document>,
        /// The secret to sign with, `whsec_` and 24 to 64 bytes in base64; a new one is made if it is left out.
        pub signing_secret: Option<Words<200>>,
        /// Whether a `webhook.ping` is sent first and must be answered; true if left out.
        pub verify: Option<bool>,
    }
}

impl Method for Create {
    const NAME: &'static str = "webhooks.create";
    const ACCESS: Access = Access::write(Area::Webhooks);
    const KIND: Kind = Kind::Write;
    const BATCHING: Batching = Batching::NotAtomic;
    const ERRORS: &'static [Code] =
        &[Code::UnsafeUrl, Code::ProviderError, Code::InvalidQuery, Code::LimitExceeded, Code::MissingScope];
    const EVENTS: &'static [&'static str] = &["webhook.created"];
    const EXAMPLE: &'static str = r#"{"url":"https://hooks.example.com/desk","events":["conversation.*","message.received"],"description":"To the data warehouse","verify":false}"#;
    type Output = WebhookWithSecret;

    async fn call(self, ctx: Context) -> Result<WebhookWithSecret> {
        let post = Post::of(&ctx)?;
        let url = address::check(post, &self.url)?;
        let secret = match &self.signing_secret {
            None => SigningSecret::generate().map_err(Error::internal)?,
            Some(text) => SigningSecret::parse_new(text)
                .map_err(|error| Error::argument("/signing_secret", "format", error.to_string()))?,
        };
        let mut custom = BTreeMap::new();
        let wrong = headers::merge(&mut custom, &self.headers.clone().unwrap_or_default().0);
        if !wrong.is_empty() {
            return Err(Error::arguments(ctx.method(), wrong));
        }
        let kept = Kept { url: self.url.to_string(), headers: custom, secret: secret.reveal(), previous: None };
        let format = self.format.unwrap_or_default();
        let row = WebhookRow {
            organization_id: ctx.space(),
            id: ctx.app().new_id(),
            name: stored(self.name),
            description: stored(self.description),
            shown_url: address::shown(&url, &self.url, format),
            header_names: Json(kept.headers.keys().cloned().collect()),
            sealed: kept.seal(ctx.app().keyring())?,
            format,
            events: Json(self.events.iter().flat_map(|events| events.iter()).map(ToString::to_string).collect()),
            query: stored(self.query),
            status: WebhookStatus::Active,
            disabled_reason: None,
            version: 1,
            created_at: ctx.now(),
            updated_at: ctx.now(),
        };
        let catalogue = Catalogue::of(ctx.service::<Arc<Registry>>()?);
        filter::check(&ctx, catalogue, None, &row)?;
        filter::require_readable(&ctx, catalogue, &row)?;
        // A call that was answered before is answered the same way again, whatever the receiver says by now.
        if self.verify.unwrap_or(true) && !idempotency::was_used(&ctx).await? {
            ping(&ctx, post, &row, &kept).await?;
        }
        let secret = kept.secret;
        ctx.write(async move |tx| Ok(WebhookWithSecret::new(store::insert(tx, &row).await?, secret.clone()))).await
    }
}

/// Sends a `webhook.ping` and expects it to arrive.
async fn ping(ctx: &Context, post: &Post, row: &WebhookRow, kept: &Kept) -> Result<()> {
    let caller = ctx.caller()?;
    let event = StoredEvent {
        organization_id: row.organization_id,
        seq: 0,
        id: ctx.app().new_id(),
        type_: catalogue::PING.into(),
        object_type: Webhook::TYPE.into(),
        object_id: row.id,
        data: serde_json::to_string(&Webhook::new(row, Figures::default()))?,
        previous: None,
        version: Some(row.version),
        actor: serde_json::to_string(&caller.actor)?,
        request_id: ctx.request().id.clone(),
        is_test: caller.is_test,
        created_at: ctx.now(),
    };
    let target = Target::new(row.format, kept, ctx.now())?;
    let sent = target.send(post, event.id, &event.envelope(), ctx.now()).await?;
    match &sent.outcome {
        _ if sent.is_success() => Ok(()),
        Err(Failed::Unsafe(why)) => {
            Err(Error::new(Code::UnsafeUrl, format!("Events are not sent to this address. {why}")))
        }
        Err(failed) => Err(Error::new(Code::ProviderError, format!("The webhook.ping did not arrive: {failed}."))),
        Ok(answer) => {
            let message = format!("The receiver answered the webhook.ping with status {}, not 2xx.", answer.status);
            Err(Error::new(Code::ProviderError, message).with("provider_status", answer.status))
        }
    }
}
