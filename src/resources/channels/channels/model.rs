//! The channel, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::schema::channels;
use crate::{object, text_enum};

text_enum! {
    /// What kind of channel it is.
    pub enum ChannelType {
        /// Messages come in and go out through this API.
        Api = "api",
        /// What is written stays in the organization.
        Internal = "internal",
    }
}

/// Where the messages of a conversation come from and go to.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = channels, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct Channel {
    #[serde(skip)]
    pub organization_id: Id,
    /// The channel's id.
    pub id: Id,
    /// What kind of channel it is.
    #[serde(rename = "type")]
    pub type_: ChannelType,
    /// What its messages come from, such as `twilio.sms`: conversations are found by it. Equal to `type` unless the channel was
    /// made with another one.
    pub source: String,
    /// The channel's id at its source, such as a telephone number; unique among the channels of one source.
    pub source_channel_id: Option<String>,
    /// What the channel is called.
    pub name: String,
    /// Whether conversations may be started on it and messages added.
    pub is_active: bool,
    /// The type whose default channel this is: conversations that name this type in place of a channel are held here. Null for all
    /// other channels.
    pub default_for: Option<ChannelType>,
    /// The team that new conversations on this channel are given to.
    pub default_team_id: Option<Id>,
    /// The only content types that files on this channel may have, such as `image/png` or `image/*`; empty for all.
    pub allowed_file_types: Json<Vec<String>>,
    /// A picture that stands for the channel.
    pub image_url: Option<String>,
    /// Names the channel to the outside, in pages and widgets; it opens nothing.
    pub public_token: String,
    /// Anything you want to keep with the channel.
    pub metadata: Json<Map<String, Value>>,
    /// When it was deleted; its conversations stay, so the row does too.
    #[serde(skip)]
    pub deleted_at: Option<Timestamp>,
    /// How often the channel was changed, from 1.
    pub version: i64,
    /// When the channel was created.
    pub created_at: Timestamp,
    /// When the channel was last changed.
    pub updated_at: Timestamp,
}

object!(Channel, "channel", ChannelNotFound, versioned);

impl Channel {
    /// Whether files of this content type may be sent on the channel.
    pub fn allows(&self, content_type: &str) -> bool {
        let family = content_type.split('/').next().unwrap_or_default();
        let fits = |allowed: &String| match allowed.strip_suffix("/*") {
            Some(prefix) => prefix == family,
            None => allowed == content_type,
        };
        self.allowed_file_types.is_empty() || self.allowed_file_types.iter().any(fits)
    }
}
