//! What a message has besides what it is looked up by: kept as one document, shown as fields like all others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::body::Html;
use crate::db::{Id, Timestamp};
use crate::resources::inbox::files::Attachment;
use crate::text_enum;

/// What a message has besides what it is looked up by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Details {
    /// The address it came from.
    pub from: Option<String>,
    /// The addresses it went to.
    pub to: Vec<String>,
    /// The addresses that got a copy.
    pub cc: Vec<String>,
    /// The addresses that got a copy without the others' knowledge.
    pub bcc: Vec<String>,
    /// The message that it answers.
    pub reply_to_message_id: Option<Id>,
    /// The files that came with it.
    pub attachments: Vec<Attachment>,
    /// Why it could not be sent.
    pub failure: Option<SendError>,
    /// The language it is written in.
    pub language: Option<String>,
    /// What somebody thought of it.
    pub feedback: Option<Feedback>,
    /// Whether it was approved before it was sent.
    pub approval: Approval,
    /// Answers that were suggested to it.
    pub suggestions: Vec<Suggestion>,
    /// The users it mentions.
    pub mentions: Vec<Id>,
    /// The conversation's `control_epoch` under which AI wrote it; null when a person did, or stands behind it.
    pub control_epoch: Option<i64>,
    /// Whether it was brought in from elsewhere.
    pub is_imported: bool,
    /// Whether it was only put down, and nobody was told to answer: the contact was blocked, or the conversation was spam.
    pub is_ignored: bool,
    /// When its words were last changed.
    pub edited_at: Option<Timestamp>,
}

/// Why a message could not be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SendError {
    /// The code of who was to deliver it.
    pub code: String,
    /// The same in words.
    pub message: String,
}

text_enum! {
    /// What somebody thought of a message.
    pub enum Vote {
        /// It helped.
        Up = "up",
        /// It did not.
        Down = "down",
    }
}

/// What somebody thought of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Feedback {
    /// Whether it helped.
    pub vote: Vote,
    /// What they had to say.
    pub comment: Option<String>,
}

text_enum! {
    /// Where an approval stands.
    #[derive(Default)]
    pub enum ApprovalState {
        /// None was asked for.
        #[default]
        None = "none",
        /// Asked for.
        Pending = "pending",
        /// Given.
        Approved = "approved",
        /// Denied.
        Rejected = "rejected",
    }
}

/// Whether a message was approved before it was sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Approval {
    /// Where it stands.
    pub state: ApprovalState,
    /// When it was asked for.
    pub requested_at: Option<Timestamp>,
    /// The user who was asked; null for everybody who may approve.
    pub approver_user_id: Option<Id>,
    /// The team that was asked.
    pub team_id: Option<Id>,
    /// Who decided.
    pub decided_by: Option<Id>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Why it was denied.
    pub reason: Option<String>,
    /// What it said before the one who approved it changed it.
    pub original_text: Option<String>,
    /// The same as HTML.
    pub original_html: Option<Html>,
}

/// An answer that was suggested to a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Suggestion {
    /// Names the suggestion.
    pub id: Id,
    /// What could be answered.
    pub content: String,
    /// How sure the one who suggested it is, from 0 to 1.
    pub confidence: Option<f64>,
}
