//! How a conversation begins.

use serde_json::{Map, Value};

use super::details::Details;
use super::model::{Conversation, Handler, Priority, Status};
use super::store;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Result, Tx};

/// What a new conversation starts with.
pub struct Opening {
    /// The contact.
    pub contact_id: Id,
    /// The contact's company.
    pub company_id: Option<Id>,
    /// The channel.
    pub channel_id: Id,
    /// Its type.
    pub channel_type: String,
    /// Its source.
    pub source: String,
    /// The team that the channel's conversations go to.
    pub team_id: Option<Id>,
    /// What it is about.
    pub subject: Option<String>,
    /// Its id in another system.
    pub external_id: Option<String>,
    /// What else is known.
    pub details: Details,
    /// Anything the caller keeps with it.
    pub metadata: Map<String, Value>,
    /// When it began, if not now.
    pub created_at: Option<Timestamp>,
}

/// A new conversation with the next number, not stored yet: its first message may still change it.
pub async fn open(tx: &mut Tx<'_>, opening: Opening) -> Result<Conversation> {
    let created_at = opening.created_at.unwrap_or(tx.now());
    let mut conversation = Conversation {
        organization_id: tx.space(),
        id: tx.new_id_at(created_at),
        number: store::next_number(tx).await?,
        external_id: opening.external_id,
        contact_id: opening.contact_id,
        company_id: opening.company_id,
        channel_id: opening.channel_id,
        channel_type: opening.channel_type,
        source: opening.source,
        subject: opening.subject,
        status: Status::Open,
        snoozed_until: None,
        assigned_to_user_id: None,
        team_id: opening.team_id,
        handler: Handler::None,
        control_epoch: 1,
        unread_count: 0,
        message_count: 0,
        is_spam: false,
        priority: Priority::None,
        tags: Json::default(),
        details: Json(opening.details),
        custom_fields: Json::default(),
        metadata: Json(opening.metadata),
        last_message_at: None,
        waiting_since: None,
        closed_at: None,
        deleted_at: None,
        version: 1,
        created_at,
        updated_at: tx.now(),
    };
    conversation.set_unread(0);
    Ok(conversation)
}
