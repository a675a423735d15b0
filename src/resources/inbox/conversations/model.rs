//! The conversation, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::details::Details;
use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::query::words::{self, Words};
use crate::schema::conversations;
use crate::{object, text_enum};

text_enum! {
    /// Where a conversation stands.
    pub enum Status {
        /// Somebody has to do something.
        Open = "open",
        /// Left to AI or automation; it does not wait for a person.
        Pending = "pending",
        /// Put off until a time, or until the contact writes.
        Snoozed = "snoozed",
        /// Done.
        Closed = "closed",
    }
}

text_enum! {
    /// Who answers the contact.
    pub enum Handler {
        /// An AI teammate.
        Ai = "ai",
        /// A person.
        Human = "human",
        /// Nobody yet.
        None = "none",
    }
}

text_enum! {
    /// How urgent a conversation is.
    #[derive(Default)]
    pub enum Priority {
        /// Not said.
        #[default]
        None = "none",
        /// Can wait.
        Low = "low",
        /// As usual.
        Normal = "normal",
        /// Before others.
        High = "high",
        /// At once.
        Urgent = "urgent",
    }
}

/// A thread of messages with one contact on one channel.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = conversations, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct Conversation {
    #[serde(skip)]
    pub organization_id: Id,
    /// The conversation's id.
    pub id: Id,
    /// Its number, counted from 1 in the organization: what people call it by.
    pub number: i64,
    /// The conversation's id in another system.
    pub external_id: Option<String>,
    /// The contact.
    pub contact_id: Id,
    /// The contact's company.
    pub company_id: Option<Id>,
    /// The channel it runs on.
    pub channel_id: Id,
    /// The type of that channel.
    pub channel_type: String,
    /// Where it comes from, such as `twilio.sms`.
    pub source: String,
    /// What it is about.
    pub subject: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// When it comes back; null when it was not put off until a time.
    pub snoozed_until: Option<Timestamp>,
    /// The user it is assigned to.
    pub assigned_to_user_id: Option<Id>,
    /// The team it is assigned to.
    pub team_id: Option<Id>,
    /// Who answers the contact.
    pub handler: Handler,
    /// Rises each time it changes hands between AI and people: what was computed under an older number is refused.
    pub control_epoch: i64,
    /// How many messages of the contact nobody has read yet.
    pub unread_count: i32,
    /// How many messages it has, drafts not counted.
    pub message_count: i32,
    /// Whether it was marked as spam.
    pub is_spam: bool,
    /// How urgent it is.
    pub priority: Priority,
    /// Its tags.
    pub tags: Json<Vec<String>>,
    #[serde(flatten)]
    pub details: Json<Details>,
    /// The values of the fields that the organization defined.
    pub custom_fields: Json<Map<String, Value>>,
    /// Anything you want to keep with the conversation.
    pub metadata: Json<Map<String, Value>>,
    /// When the latest message came or went.
    pub last_message_at: Option<Timestamp>,
    /// Since when the contact has been waiting for an answer.
    pub waiting_since: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    #[serde(skip)]
    pub deleted_at: Option<Timestamp>,
    /// How often the conversation itself was changed, from 1; new messages do not count.
    pub version: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

object!(Conversation, "conversation", ConversationNotFound, versioned);

impl Conversation {
    /// The words by which queries find it.
    pub fn words(&self) -> Json<Words> {
        words::of([
            ("subject", self.subject.as_deref()),
            ("visitor_name", self.details.visitor_name.as_deref()),
            ("user_agent", self.details.user_agent.as_deref()),
        ])
    }

    /// By what searching finds the conversation itself, besides what was said in it and whom it is with.
    pub fn found_by(&self) -> String {
        [self.subject.as_deref(), self.details.visitor_name.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Sets how many messages of the contact nobody has read yet.
    pub fn set_unread(&mut self, count: i32) {
        self.unread_count = count;
        self.details.is_read = count == 0;
    }

    /// Counts a change of hands between AI and people; nothing that was computed before may be sent from now on.
    pub fn hand_to(&mut self, handler: Handler) {
        self.handler = handler;
        self.control_epoch += 1;
    }
}
