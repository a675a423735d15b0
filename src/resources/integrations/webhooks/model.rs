//! The webhook, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::lanes::Figures;
use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Assign, Nullable, Output, Patch, Words};
use crate::schema::webhooks;
use crate::{object, text_enum};

/// What is shown in place of what must not be seen.
pub const HIDDEN: &str = "[hidden]";

text_enum! {
    /// What a webhook sends.
    #[derive(Default)]
    pub enum Format {
        /// The event, signed as Standard Webhooks has it.
        #[default]
        Standard = "standard",
        /// A message for an incoming webhook of Slack.
        Slack = "slack",
        /// A card for a workflow of Microsoft Teams.
        Msteams = "msteams",
    }
}

impl Format {
    /// Whether whoever knows the address may post there: then the address is a secret.
    pub const fn has_secret_address(self) -> bool {
        !matches!(self, Self::Standard)
    }
}

impl Assign<Format> for Format {
    fn assign(self, target: &mut Format) {
        *target = self;
    }
}

text_enum! {
    /// Whether a webhook sends.
    pub enum WebhookStatus {
        /// It does.
        Active = "active",
        /// Not now; what happens meanwhile is kept for 72 hours.
        Paused = "paused",
        /// No more, since its receiver is gone or failed for three days. What happens meanwhile is not kept.
        Disabled = "disabled",
    }
}

/// What is stored of a webhook.
#[derive(Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhooks, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct WebhookRow {
    /// The space of the organization whose events it gets.
    pub organization_id: Id,
    pub id: Id,
    pub name: Option<String>,
    pub description: Option<String>,
    /// The address as it may be seen.
    pub shown_url: String,
    /// What the values of are sealed.
    pub header_names: Json<Vec<String>>,
    /// The address, the headers and the secrets: a [`Kept`](super::Kept).
    pub sealed: Vec<u8>,
    pub format: Format,
    pub events: Json<Vec<String>>,
    pub query: Json<WebhookQuery>,
    pub status: WebhookStatus,
    pub disabled_reason: Option<String>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An address to which events are sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Webhook {
    /// The webhook's id.
    pub id: Id,
    /// What the webhook is called.
    pub name: Option<String>,
    /// What the webhook is for.
    pub description: Option<String>,
    /// Where events are sent. For Slack and Microsoft Teams only its beginning and its end are shown, since whoever knows it may post
    /// there.
    pub url: String,
    /// Which events are sent: types such as `team.updated`, or all of an object such as `team.*`. Empty for all.
    pub events: Vec<String>,
    /// Of these events, only those whose object matches.
    pub query: WebhookQuery,
    /// What is sent.
    pub format: Format,
    /// Headers that are sent along. Their values are not shown.
    pub headers: Map<String, Value>,
    /// Whether it sends.
    pub status: WebhookStatus,
    /// Why it was disabled.
    pub disabled_reason: Option<String>,
    /// How often the webhook was changed, from 1; deliveries do not count.
    pub version: i64,
    /// When the webhook was created.
    pub created_at: Timestamp,
    /// When the webhook was last changed.
    pub updated_at: Timestamp,
    /// How many attempts have failed since the last one that did not.
    pub consecutive_failures: i32,
    /// When an event last arrived.
    pub last_delivery_at: Option<Timestamp>,
}

object!(Webhook, "webhook", WebhookNotFound, versioned);

impl Webhook {
    /// What callers see of a webhook.
    pub fn new(row: &WebhookRow, figures: Figures) -> Self {
        Self {
            id: row.id,
            name: row.name.clone(),
            description: row.description.clone(),
            url: row.shown_url.clone(),
            events: row.events.0.clone(),
            query: row.query.0.clone(),
            format: row.format,
            headers: row.header_names.iter().map(|name| (name.clone(), HIDDEN.into())).collect(),
            status: row.status,
            disabled_reason: row.disabled_reason.clone(),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            consecutive_failures: figures.consecutive_failures,
            last_delivery_at: figures.last_delivery_at,
        }
    }
}

/// A webhook together with its signing secret, which is shown this once.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct WebhookWithSecret {
    #[serde(flatten)]
    pub webhook: Webhook,
    /// The secret that deliveries are signed with: `whsec_` and base64. It is not shown again.
    pub signing_secret: String,
    /// The same, under the name that other secrets go by.
    pub secret: String,
}

impl WebhookWithSecret {
    /// The answer of the methods that make a secret.
    pub fn new(webhook: Webhook, secret: String) -> Self {
        Self { webhook, signing_secret: secret.clone(), secret }
    }
}

impl Output for WebhookWithSecret {
    fn etag(&self) -> Option<i64> {
        Some(self.webhook.version)
    }
}

/// Queries that say which objects' events are sent. Events about other objects are not touched by them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookQuery {
    /// Of the events about conversations, those of conversations that match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversations: Option<String>,
    /// Of the events about contacts, those of contacts that match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<String>,
    /// Of the events about companies, those of companies that match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub companies: Option<String>,
}

crate::arguments! {
    /// The queries of a webhook; each may be set or cleared by itself.
    pub struct WebhookQueryPatch {
        /// Of the events about conversations, send those of conversations that match, such as `status:open AND priority:urgent`.
        pub conversations: Patch<Nullable<Words<2000>>>,
        /// Of the events about contacts, send those of contacts that match.
        pub contacts: Patch<Nullable<Words<2000>>>,
        /// Of the events about companies, send those of companies that match.
        pub companies: Patch<Nullable<Words<2000>>>,
    }
}

impl Assign<Json<WebhookQuery>> for Nullable<WebhookQueryPatch> {
    fn assign(self, target: &mut Json<WebhookQuery>) {
        match self.0 {
            None => target.0 = WebhookQuery::default(),
            Some(patch) => {
                patch.conversations.apply(&mut target.conversations);
                patch.contacts.apply(&mut target.contacts);
                patch.companies.apply(&mut target.companies);
            }
        }
    }
}
