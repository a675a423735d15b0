//! The message, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::body::Html;
use super::details::Details;
use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::query::words::{self, Words};
use crate::schema::messages;
use crate::{object, text_enum};

text_enum! {
    /// Which way a message goes.
    pub enum Direction {
        /// From the contact.
        Inbound = "inbound",
        /// To the contact.
        Outbound = "outbound",
        /// Among those who work here.
        Internal = "internal",
    }
}

text_enum! {
    /// What sort of message it is.
    pub enum MessageKind {
        /// Text.
        Text = "text",
        /// An e-mail.
        Email = "email",
        /// A private note.
        Note = "note",
        /// Made from a template.
        Template = "template",
        /// With buttons or the like.
        Interactive = "interactive",
        /// Passed on to somebody else.
        Forward = "forward",
        /// The record of a call.
        Call = "call",
        /// Written by the system itself.
        System = "system",
    }
}

text_enum! {
    /// Who may read a message.
    #[derive(Default)]
    pub enum Visibility {
        /// The contact too.
        #[default]
        Public = "public",
        /// Only those who work here.
        Private = "private",
    }
}

text_enum! {
    /// Where a message stands.
    pub enum MessageStatus {
        /// Being written.
        Draft = "draft",
        /// Waits for somebody's approval.
        PendingApproval = "pending_approval",
        /// Will be sent at `scheduled_at`.
        Scheduled = "scheduled",
        /// On its way out.
        Queued = "queued",
        /// Sent.
        Sent = "sent",
        /// Reached the contact.
        Delivered = "delivered",
        /// Read by the contact, or, when the contact wrote it, by somebody here.
        Read = "read",
        /// Could not be sent.
        Failed = "failed",
        /// Came from the contact.
        Received = "received",
        /// Put down as a note.
        Posted = "posted",
        /// Thrown away before it was sent: a person took over from the AI that wrote it.
        Discarded = "discarded",
    }
}

text_enum! {
    /// What kind of author wrote something.
    pub enum AuthorType {
        /// The contact.
        Contact = "contact",
        /// A person or an AI teammate of the organization.
        User = "user",
        /// A program, by a key of the organization.
        Integration = "integration",
        /// The server.
        System = "system",
    }
}

text_enum! {
    /// Whether a user is a person.
    pub enum AuthorKind {
        /// A person.
        Human = "human",
        /// An AI teammate.
        Ai = "ai",
    }
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Author {
    /// What kind of author.
    #[serde(rename = "type")]
    pub type_: AuthorType,
    /// The contact, user or key.
    pub id: Option<Id>,
    /// The name at that time.
    pub name: Option<String>,
    /// The picture at that time.
    pub avatar_url: Option<String>,
    /// Whether it is a person or AI; null for other authors than users.
    pub kind: Option<AuthorKind>,
}

/// A message of any kind: from a contact, to a contact, a note, a draft.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = messages, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct Message {
    #[serde(skip)]
    pub organization_id: Id,
    /// The message's id. Ids rise with the time of writing.
    pub id: Id,
    /// The conversation it belongs to.
    pub conversation_id: Id,
    /// Which way it goes.
    pub direction: Direction,
    /// What sort of message it is.
    pub kind: MessageKind,
    /// Who may read it.
    pub visibility: Visibility,
    /// Where it stands.
    pub status: MessageStatus,
    /// Who wrote it.
    pub author: Json<Author>,
    /// What it says.
    pub text: Option<String>,
    /// The same as HTML, without anything that could run.
    pub html: Option<Html>,
    /// Its subject.
    pub subject: Option<String>,
    /// What the channel needs to know, in the channel's own form.
    pub content: Option<Json<Map<String, Value>>>,
    #[serde(flatten)]
    pub details: Json<Details>,
    /// Anything you want to keep with the message.
    pub metadata: Json<Map<String, Value>>,
    /// The id that the client gave it; a second message with the same id in the same conversation is the same message.
    pub client_message_id: Option<String>,
    /// Its id in the system that delivers it.
    pub external_message_id: Option<String>,
    /// When it is to be sent.
    pub scheduled_at: Option<Timestamp>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// When it reached the contact.
    pub delivered_at: Option<Timestamp>,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// How often the message was changed, from 1.
    pub version: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

object!(Message, "message", MessageNotFound, versioned);

impl Message {
    /// The words by which queries find it.
    pub fn words(&self) -> Json<Words> {
        let names = self.details.attachments.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(" ");
        words::of([
            ("text", self.plain_text().as_deref()),
            ("subject", self.subject.as_deref()),
            ("attachment.name", Some(&names)),
        ])
    }

    /// What it says, without markup.
    pub fn plain_text(&self) -> Option<std::borrow::Cow<'_, str>> {
        match (&self.text, &self.html) {
            (Some(text), _) => Some(text.into()),
            (None, Some(html)) => Some(html.to_text().into()),
            (None, None) => None,
        }
    }

    /// When it was said.
    pub fn said_at(&self) -> Timestamp {
        self.sent_at.unwrap_or(self.created_at)
    }

    /// Whether it was said, rather than only written.
    pub fn is_said(&self) -> bool {
        self.status.is_said()
    }
}

impl MessageStatus {
    /// Whether such a message was said, rather than only written: drafts and what waits to be sent do not count for the conversation.
    pub fn is_said(self) -> bool {
        match self {
            Self::Queued | Self::Sent | Self::Delivered | Self::Read | Self::Failed | Self::Received | Self::Posted => {
                true
            }
            Self::Draft | Self::PendingApproval | Self::Scheduled | Self::Discarded => false,
        }
    }
}
