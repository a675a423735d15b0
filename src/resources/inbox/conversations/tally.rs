//! What a message does to its conversation: counts, the latest message, who waits since when.

use super::details::LastMessage;
use super::model::{Conversation, Handler};
use crate::resources::inbox::messages::{AuthorKind, AuthorType, Direction, Message, MessageStatus, Visibility};

/// How many characters of the latest message a conversation shows.
const EXCERPT: usize = 200;

impl Conversation {
    /// Takes note of a message that was said. These are figures: the conversation's version does not rise by them.
    pub fn take_note_of(&mut self, message: &Message) {
        if !message.is_said() {
            return;
        }
        self.message_count += 1;
        if message.visibility == Visibility::Private {
            return;
        }
        if self.last_message_at.is_none_or(|latest| latest <= message.said_at()) {
            self.last_message_at = Some(message.said_at());
            self.details.last_message = Some(excerpt(message));
        }
        // What was brought in from elsewhere was read and answered there; what is ignored waits for nobody.
        if message.details.is_imported || message.details.is_ignored {
            return;
        }
        match message.direction {
            Direction::Inbound => {
                self.set_unread(self.unread_count + 1);
                self.waiting_since = self.waiting_since.or(Some(message.created_at));
            }
            Direction::Outbound => self.take_note_of_answer(message),
            Direction::Internal => {}
        }
    }

    /// Takes note that the contact has an answer, unless it could not be sent.
    pub fn take_note_of_answer(&mut self, message: &Message) {
        if message.status == MessageStatus::Failed {
            return;
        }
        self.waiting_since = None;
        if message.author.type_ == AuthorType::User {
            self.details.first_response_at = self.details.first_response_at.or(Some(message.said_at()));
            if self.handler == Handler::None && message.author.kind == Some(AuthorKind::Human) {
                self.handler = Handler::Human;
            }
        }
    }

    /// Takes note that a message is gone. `latest` is the latest one that the contact may read of those that are left.
    pub fn forget(&mut self, message: &Message, latest: Option<&Message>) {
        if !message.is_said() {
            return;
        }
        self.message_count = (self.message_count - 1).max(0);
        if message.visibility == Visibility::Private {
            return;
        }
        if message.status == MessageStatus::Received && !message.details.is_ignored && self.unread_count > 0 {
            self.set_unread(self.unread_count - 1);
        }
        if self.details.last_message.as_ref().is_some_and(|last| last.id == message.id) {
            self.last_message_at = latest.map(Message::said_at);
            self.details.last_message = latest.map(excerpt);
        }
    }

    /// Takes note of what has become of a message that is in it already.
    pub fn follow(&mut self, message: &Message) {
        if self.details.last_message.as_ref().is_some_and(|latest| latest.id == message.id) {
            self.details.last_message = Some(excerpt(message));
        }
    }
}

/// A message, shortened.
pub fn excerpt(message: &Message) -> LastMessage {
    LastMessage {
        id: message.id,
        text: message.plain_text().map(|text| text.chars().take(EXCERPT).collect()),
        direction: message.direction,
        author: message.author.0.clone(),
        status: message.status,
        created_at: message.created_at,
    }
}
