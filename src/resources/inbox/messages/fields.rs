//! What queries can ask of messages.

use super::details::{ApprovalState, Vote};
use super::model::{AuthorKind, AuthorType, Direction, MessageKind, MessageStatus, Visibility};
use crate::query::table::{Field, Related, Table, boolean, choice, id, keyword, number, open, text, timestamp};

/// What queries can ask of messages.
pub static FIELDS: Table = Table::of("message", "messages", MESSAGE);

static CONVERSATION: Related = Related::of("conversations", "id", "conversation_id").by_row();

static MESSAGE: &[Field] = &[
    id("id", "id"),
    id("conversation_id", "conversation_id"),
    choice("direction", "direction", Direction::WORDS),
    choice("kind", "kind", MessageKind::WORDS),
    choice("visibility", "visibility", Visibility::WORDS),
    choice("status", "status", MessageStatus::WORDS),
    choice("author.type", "author", AuthorType::WORDS).path(&["type"]),
    id("author.id", "author").path(&["id"]).of_users(),
    choice("author.kind", "author", AuthorKind::WORDS).path(&["kind"]),
    text("text", "text").by_default(),
    text("subject", "subject"),
    keyword("channel_type", "channel_type").folded().through(&CONVERSATION),
    keyword("source", "source").through(&CONVERSATION),
    keyword("template_id", "").nowhere(),
    boolean("has_attachments", "").sql(
        "json_array_length({t}.details, '$.attachments') > 0",
        "jsonb_array_length({t}.details -> 'attachments') > 0",
    ),
    text("attachment.name", "attachment.name"),
    keyword("language", "details").path(&["language"]),
    keyword("ai.teammate_id", "").nowhere(),
    number("ai.confidence", "").nowhere(),
    choice("approval.state", "details", ApprovalState::WORDS).path(&["approval", "state"]),
    choice("feedback.vote", "details", Vote::WORDS).path(&["feedback", "vote"]),
    boolean("is_imported", "details").path(&["is_imported"]),
    keyword("external_message_id", "external_message_id"),
    keyword("client_message_id", "client_message_id"),
    timestamp("scheduled_at", "scheduled_at").sortable(),
    timestamp("sent_at", "sent_at").sortable(),
    timestamp("created_at", "created_at").sortable_by_id(),
    open("metadata", "metadata"),
];
