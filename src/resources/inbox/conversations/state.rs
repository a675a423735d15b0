//! Where a conversation stands, and how it comes to stand elsewhere.

use serde_json::json;

use super::details::{CloseReason, Resolution};
use super::model::{Conversation, Handler, Status};
use super::store;
use super::timeline::{self, Happening};
use crate::db::{Id, Timestamp};
use crate::method::{Code, Error, Result, Tx};

impl Conversation {
    /// Whether it is not done yet.
    pub fn goes_on(&self) -> bool {
        self.status != Status::Closed
    }

    /// Refuses what can only be done while the conversation stands elsewhere.
    pub fn require(&self, allowed: &[Status]) -> Result<()> {
        if allowed.contains(&self.status) {
            return Ok(());
        }
        let words: Vec<&str> = allowed.iter().map(|status| status.as_str()).collect();
        let message = format!("The conversation is {}; for this it must be {}.", self.status, words.join(" or "));
        Err(Error::new(Code::InvalidState, message).with("from", self.status.as_str()).with("allowed", words))
    }

    /// Makes it wait for somebody to do something.
    pub fn open(&mut self) {
        self.status = Status::Open;
        self.snoozed_until = None;
        self.closed_at = None;
        self.details.resolution = None;
        self.details.close_reason = None;
    }

    /// Opens it again after it was closed: to AI if AI had it, else to people.
    pub fn reopen(&mut self) {
        self.open();
        if self.handler == Handler::Ai {
            self.status = Status::Pending;
        }
    }

    /// Makes it done.
    pub fn close(&mut self, at: Timestamp, reason: CloseReason, resolution: Option<Resolution>) {
        self.status = Status::Closed;
        self.snoozed_until = None;
        self.closed_at = Some(at);
        self.waiting_since = None;
        self.details.close_reason = Some(reason);
        self.details.resolution = resolution;
    }

    /// Puts it off: until a time, or without one until the contact writes.
    pub fn snooze(&mut self, until: Option<Timestamp>) {
        self.status = Status::Snoozed;
        self.snoozed_until = until;
    }
}

/// Makes a conversation, brought in from elsewhere just now, one that was closed there.
pub async fn close_imported(tx: &mut Tx<'_>, before: &Conversation, at: Timestamp) -> Result<()> {
    let mut after = before.clone();
    after.close(at, CloseReason::Api, None);
    store::settle(tx, before, &after).await
}

/// Brings back a conversation whose time has come. One that was deleted, or put off again meanwhile, is left alone.
pub async fn wake(tx: &mut Tx<'_>, id: Id) -> Result<()> {
    let Some(before) = store::lock(tx, id).await? else { return Ok(()) };
    if before.status != Status::Snoozed || before.snoozed_until.is_none_or(|until| until > tx.now()) {
        return Ok(());
    }
    let mut conversation = before.clone();
    conversation.open();
    let conversation = store::save(tx, before, conversation, "conversation.reopened").await?;
    timeline::record(tx, &conversation, Happening::Unsnoozed, json!({})).await?;
    Ok(())
}
