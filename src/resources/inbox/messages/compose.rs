//! What a new message is made of.

use serde_json::Map;

use super::author;
use super::body::Html;
use super::details::{Approval, ApprovalState, Details};
use super::model::{Author, Direction, Message, MessageKind, MessageStatus, Visibility};
use super::sending::{self, Verdict};
use super::thread::Thread;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Code, Document, Error, Nullable, Result, Text, Tx, Words, stored};
use crate::resources::inbox::conversations::Conversation;
use crate::resources::inbox::files::links;

/// What a message says, as it is sent.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// The text.
    pub text: Nullable<Words<100_000>>,
    /// The same as HTML.
    pub html: Nullable<Words<500_000>>,
    /// The subject.
    pub subject: Nullable<Words<998>>,
    /// What the channel needs to know.
    pub content: Option<Document>,
    /// Anything the caller keeps with it.
    pub metadata: Option<Document>,
    /// The id that the caller gives it.
    pub client_message_id: Option<Text<1, 128>>,
}

/// A message with nothing in it yet, of which only its place is known.
pub fn blank(tx: &Tx<'_>, conversation: &Conversation, direction: Direction, author: Author, at: Timestamp) -> Message {
    let (kind, visibility, status) = match direction {
        Direction::Inbound => (MessageKind::Text, Visibility::Public, MessageStatus::Received),
        Direction::Outbound => (MessageKind::Text, Visibility::Public, MessageStatus::Draft),
        Direction::Internal => (MessageKind::Note, Visibility::Private, MessageStatus::Posted),
    };
    Message {
        organization_id: conversation.organization_id,
        id: tx.new_id_at(at),
        conversation_id: conversation.id,
        direction,
        kind,
        visibility,
        status,
        author: Json(author),
        text: None,
        html: None,
        subject: None,
        content: None,
        details: Json(Details::default()),
        metadata: Json(Map::new()),
        client_message_id: None,
        external_message_id: None,
        scheduled_at: None,
        sent_at: None,
        delivered_at: None,
        read_at: None,
        version: 1,
        created_at: at,
        updated_at: tx.now(),
    }
}

impl Message {
    /// Puts into it what was sent.
    pub fn fill(&mut self, content: Content) {
        self.text = stored(content.text);
        self.html = content.html.0.map(|html| Html::from(html.to_string()));
        self.subject = stored(content.subject);
        self.content = content.content.map(|content| Json(content.0));
        self.metadata = content.metadata.map(stored).unwrap_or_default();
        self.client_message_id = content.client_message_id.map(|id| id.to_string());
        self.settle_kind();
    }

    /// Attaches files to a new message.
    pub async fn attach(
        &mut self,
        tx: &mut Tx<'_>,
        file_ids: Option<&Vec<Id>>,
        allows: impl Fn(&str) -> bool,
    ) -> Result<()> {
        if let Some(ids) = file_ids.filter(|ids| !ids.is_empty()) {
            self.details.attachments = links::attach(tx, "/file_ids", ids, self.id, allows).await?;
        }
        Ok(())
    }

    /// Has it wait for somebody's approval.
    pub fn ask_for_approval(&mut self, at: Timestamp, user: Option<Id>, team: Option<Id>) {
        self.status = MessageStatus::PendingApproval;
        self.details.approval = Approval {
            state: ApprovalState::Pending,
            requested_at: Some(at),
            approver_user_id: user,
            team_id: team,
            ..Approval::default()
        };
    }

    /// Tells from what it says what sort of message it is.
    pub fn settle_kind(&mut self) {
        if self.direction == Direction::Internal {
            return;
        }
        self.kind = match (&self.text, &self.html, &self.content) {
            (None, None, Some(_)) => MessageKind::Interactive,
            (_, Some(_), _) => MessageKind::Email,
            _ => MessageKind::Text,
        };
    }

    /// Refuses a message that says nothing.
    pub fn require_something(&self) -> Result<()> {
        let has_text = self.text.as_deref().is_some_and(|text| !text.trim().is_empty());
        if has_text || self.html.is_some() || self.content.is_some() || !self.details.attachments.is_empty() {
            return Ok(());
        }
        Err(Error::argument("/text", "required", "a message has a text, html, content or files"))
    }

    /// Refuses what can only be done while the message stands elsewhere.
    pub fn require(&self, allowed: &[MessageStatus]) -> Result<()> {
        if allowed.contains(&self.status) {
            return Ok(());
        }
        let words: Vec<&str> = allowed.iter().map(|status| status.as_str()).collect();
        let message = format!("The message is {}; for this it must be {}.", self.status, words.join(" or "));
        Err(Error::new(Code::InvalidState, message).with("from", self.status.as_str()).with("allowed", words))
    }
}

/// Stores a conversation that begins with a message: the contact's, or one to the contact. `files` are named by the argument
/// `/message/file_ids`.
pub async fn begin(
    tx: &mut Tx<'_>,
    conversation: Conversation,
    direction: Direction,
    content: Content,
    files: &[Id],
) -> Result<Conversation> {
    let mut thread = Thread::beginning(conversation);
    let channel = thread.require_channel(tx).await?;
    let (author, verdict) = match direction {
        Direction::Inbound => (thread.writer(tx).await?.0, None),
        Direction::Outbound | Direction::Internal => {
            let author = author::of_caller(tx).await?;
            let verdict = sending::judge(tx, &mut thread, &author, false, None).await?;
            (author, Some(verdict))
        }
    };
    let is_ai = author.is_ai();
    let mut message = blank(tx, &thread.conversation, direction, author, tx.now());
    message.fill(content);
    message.details.control_epoch = is_ai.then_some(thread.conversation.control_epoch);
    if !files.is_empty() {
        let allows = |kind: &str| channel.allows(kind);
        message.details.attachments = links::attach(tx, "/message/file_ids", files, message.id, allows).await?;
    }
    let events: &[&'static str] = match verdict {
        None => &["message.received"],
        Some(Verdict::Suggest | Verdict::Discard) => &["message.drafted"],
        Some(Verdict::Ask) => {
            message.ask_for_approval(tx.now(), None, None);
            &["message.created", "message.approval_requested"]
        }
        Some(Verdict::Send) => {
            sending::mark_sent(tx, &mut message);
            &["message.created", "message.sent"]
        }
    };
    Ok(thread.add(tx, message, events).await?.1)
}

/// Adds a private note to a conversation that is locked; answers the conversation as it is then. The method that does so says in its
/// EVENTS that it may cause `message.created`.
pub async fn note(tx: &mut Tx<'_>, conversation: Conversation, text: &str) -> Result<Conversation> {
    let author = author::of_caller(tx).await?;
    let mut message = blank(tx, &conversation, Direction::Internal, author, tx.now());
    message.text = Some(text.to_owned());
    Ok(Thread::of(conversation).add(tx, message, &["message.created"]).await?.1)
}

/// The message that another one answers must be in the same conversation.
pub async fn require_answered(tx: &mut Tx<'_>, conversation: &Conversation, id: Option<Id>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    let found = super::store::find(tx, conversation.organization_id, id).await?;
    match found.filter(|message| message.conversation_id == conversation.id) {
        Some(_) => Ok(()),
        None => {
            let message = format!("there is no message {id} in this conversation");
            Err(Error::argument("/reply_to_message_id", "unknown_id", message))
        }
    }
}
