//! What queries may ask of messages.

use crate::query::table::{boolean, choice, id, keyword, open, text, timestamp};
use crate::query::{Field, Related, Table};

/// The fields of messages.
pub static FIELDS: Table = Table::of(
    "message",
    "messages",
    &[
        id("id", "id"),
        id("conversation_id", "conversation_id"),
        choice("direction", "direction", &["inbound", "outbound", "internal"]),
        choice("kind", "kind", &["text", "email", "note", "template", "interactive", "forward", "call", "system"]),
        choice("visibility", "visibility", &["public", "private"]),
        choice(
            "status",
            "status",
            &[
                "draft",
                "pending_approval",
                "scheduled",
                "queued",
                "sent",
                "delivered",
                "read",
                "failed",
                "received",
                "posted",
                "discarded",
            ],
        ),
        choice("author.type", "author", &["contact", "user", "integration", "system"]).path(&["type"]),
        id("author.id", "author").path(&["id"]).of_users(),
        choice("author.kind", "author", &["human", "ai"]).path(&["kind"]),
        text("text", "text").by_default(),
        text("subject", "subject").by_default(),
        keyword("channel_type", "channel_type").folded().through(&CONVERSATION),
        keyword("source", "source").folded().through(&CONVERSATION),
        HAS_ATTACHMENTS,
        text("attachment.name", "attachment.name"),
        keyword("language", "details").path(&["language"]),
        choice("approval.state", "details", &["none", "pending", "approved", "rejected"]).path(&["approval", "state"]),
        choice("feedback.vote", "details", &["up", "down"]).path(&["feedback", "vote"]),
        boolean("is_imported", "details").path(&["is_imported"]),
        keyword("external_message_id", "external_message_id"),
        keyword("client_message_id", "client_message_id"),
        timestamp("scheduled_at", "scheduled_at").sortable(),
        timestamp("sent_at", "sent_at").sortable(),
        timestamp("created_at", "created_at").sortable_by_id(),
        open("metadata", "metadata"),
    ],
);

const CONVERSATION: Related = Related { table: "conversations", own: "conversation_id", other: "id", only: "" };

const HAS_ATTACHMENTS: Field = boolean("has_attachments", "details")
    .sql("json_array_length({t}.details, '$.attachments') > 0", "jsonb_array_length({t}.details -> 'attachments') > 0");
