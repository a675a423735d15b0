//! What a conversation has besides what it is looked up by: kept as one document, shown as fields like all others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::{Id, Timestamp};
use crate::resources::inbox::messages::{Author, Direction, MessageStatus};
use crate::text_enum;

text_enum! {
    /// How a conversation ended.
    pub enum Resolution {
        /// The contact was helped.
        Resolved = "resolved",
        /// The contact was not helped.
        Unresolved = "unresolved",
    }
}

text_enum! {
    /// Why a conversation was closed.
    pub enum CloseReason {
        /// Somebody closed it.
        User = "user",
        /// A program closed it.
        Api = "api",
        /// It was quiet for too long.
        Auto = "auto",
        /// It went on in another conversation.
        Merge = "merge",
        /// It was spam.
        Spam = "spam",
    }
}

/// What a conversation has besides what it is looked up by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline)]
pub struct Details {
    /// Whether everything the contact wrote was read.
    pub is_read: bool,
    /// What the visitor of a website called themselves.
    pub visitor_name: Option<String>,
    /// The e-mail address that the visitor gave.
    pub visitor_email: Option<String>,
    /// The visitor's address on the internet.
    pub visitor_ip: Option<String>,
    /// The visitor's browser.
    pub user_agent: Option<String>,
    /// The page the visitor came from.
    pub referrer_url: Option<String>,
    /// The page on which the conversation began.
    pub page_url: Option<String>,
    /// How it ended; null while it goes on.
    pub resolution: Option<Resolution>,
    /// Why it was closed; null while it goes on.
    pub close_reason: Option<CloseReason>,
    /// Whether AI only suggests answers.
    pub assist_mode: bool,
    /// Whether files of this visitor need no check before they are shown.
    pub trust_uploads: bool,
    /// The language it is held in.
    pub language: Option<String>,
    /// Who handed it to people, and why.
    pub handoff: Option<Handoff>,
    /// Whether the contact proved who they are.
    pub is_verified: bool,
    /// The users who follow it.
    pub follower_user_ids: Vec<Id>,
    /// What it is called in another system.
    pub external: Option<External>,
    /// How content the contact was.
    pub csat: Option<Csat>,
    /// The latest message, shortened.
    pub last_message: Option<LastMessage>,
    /// When it was answered for the first time.
    pub first_response_at: Option<Timestamp>,
    /// The conversation in which it goes on.
    pub merged_into_id: Option<Id>,
    /// Whether it was brought in from elsewhere.
    pub is_imported: bool,
}

/// What a conversation is called in another system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct External {
    /// The system.
    pub system: String,
    /// The id in that system.
    pub id: String,
    /// What the id is the id of.
    pub id_type: Option<ExternalIdType>,
}

text_enum! {
    /// What an id of another system is the id of.
    pub enum ExternalIdType {
        /// A conversation.
        Conversation = "conversation_id",
        /// A ticket.
        Ticket = "ticket_id",
        /// A case.
        Case = "case_id",
        /// A conversation of Twilio.
        ConversationSid = "conversation_sid",
    }
}

text_enum! {
    /// Why a conversation was handed to people.
    pub enum HandoffReason {
        /// The AI judged it to be better.
        AiDecided = "ai_decided",
        /// It came to something AI may not speak of.
        ProhibitedTopic = "prohibited_topic",
        /// The AI was not sure enough.
        LowConfidence = "low_confidence",
        /// The contact asked for a person.
        ContactRequested = "contact_requested",
        /// A person took it over.
        HumanTakeover = "human_takeover",
        /// A rule of the organization says so.
        Policy = "policy",
        /// The AI failed.
        Failure = "failure",
        /// A program said so.
        Api = "api",
    }
}

/// How a conversation was handed to people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Handoff {
    /// Names this handing over.
    pub id: Id,
    /// Why.
    pub reason: HandoffReason,
    /// What has happened so far.
    pub summary: Option<String>,
    /// The team it went to.
    pub to_team_id: Option<Id>,
    /// The user it went to.
    pub to_user_id: Option<Id>,
    /// When.
    pub at: Timestamp,
}

/// How content the contact was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Csat {
    /// From 1 (not at all) to 5 (very).
    pub score: i32,
    /// What the contact had to say.
    pub comment: Option<String>,
    /// When the contact said it.
    pub at: Timestamp,
}

/// The latest message of a conversation, shortened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LastMessage {
    /// The message.
    pub id: Id,
    /// Its first 200 characters.
    pub text: Option<String>,
    /// Which way it went.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// Where it stands.
    pub status: MessageStatus,
    /// When it was written.
    pub created_at: Timestamp,
}
