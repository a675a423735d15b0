//! Who answers the contact: people or AI. People come first: what AI computed before they took over is never sent.

use serde_json::json;

use super::model::Conversation;
use super::timeline::{self, Happening};
use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Result, Tx};
use crate::resources::inbox::messages::{self, AuthorKind, Message, MessageStatus};
use crate::run;
use crate::schema::messages as table;

/// Throws away what AI has written for a conversation and was not sent yet. The conversation is locked, so nothing is added
/// meanwhile.
pub async fn discard_ai_drafts(tx: &mut Tx<'_>, conversation: &Conversation) -> Result<()> {
    const UNSENT: [MessageStatus; 3] = [MessageStatus::Draft, MessageStatus::PendingApproval, MessageStatus::Scheduled];
    let unsent: Vec<Id> = run!(tx, |c| table::table
        .filter(table::organization_id.eq(conversation.organization_id))
        .filter(table::conversation_id.eq(conversation.id).and(table::status.eq_any(UNSENT)))
        .order(table::id)
        .select(table::id)
        .load(c))?;
    for id in unsent {
        let Some(before) = messages::store::lock(tx, id).await? else { continue };
        if before.author.kind != Some(AuthorKind::Ai) || !UNSENT.contains(&before.status) {
            continue;
        }
        let discarded = Message { status: MessageStatus::Discarded, ..before.clone() };
        messages::store::save(tx, before, discarded, "message.ai_discarded").await?;
        timeline::record(tx, conversation, Happening::AiReplyDiscarded, json!({ "message_id": id })).await?;
    }
    Ok(())
}
