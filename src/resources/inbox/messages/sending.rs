//! How a message is sent: at once, or when its time has come. On the channels that need no provider it is sent when it is stored and
//! announced; whoever carries it on reports what becomes of it.

use serde_json::json;

use super::details::SendError;
use super::model::{Author, Message, MessageStatus};
use super::store;
use super::thread::Thread;
use crate::db::{Fault, Id};
use crate::method::{Code, Error, Result, Tx};
use crate::resources::account::organizations;
use crate::resources::channels::channels;
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::{self, Conversation, Handler, Status};

/// What is to become of something that somebody wants to say to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is sent.
    Send,
    /// A person is asked first: the organization wants it so of its AI teammates.
    Ask,
    /// It becomes a draft: in this conversation AI only suggests.
    Suggest,
    /// It is thrown away: it was computed before a person took over.
    Discard,
}

/// Decides what is to become of what the caller wants to say. People come first: they take a conversation over from AI, if they say
/// so, and AI must show that it knows the conversation as it is now.
pub async fn judge(
    tx: &mut Tx<'_>,
    thread: &mut Thread,
    author: &Author,
    take_over: bool,
    control_epoch: Option<i64>,
) -> Result<Verdict> {
    if author.is_person() && thread.conversation.handler == Handler::Ai {
        let Some(user) = author.user().filter(|_| take_over) else {
            let message =
                "AI answers in this conversation; send take_over: true, or call conversations.takeOver first.";
            return Err(Error::new(Code::TakeoverRequired, message));
        };
        thread.take_over(user);
    }
    if !author.is_ai() {
        return Ok(Verdict::Send);
    }
    let organization = tx.organization();
    let settings = organizations::store::find(tx, organization).await?.map(|of| of.settings.0).unwrap_or_default();
    if !settings.ai_enabled {
        return Err(Error::new(Code::NoPermission, "The organization's settings do not let AI teammates do anything."));
    }
    if thread.is_new() {
        thread.conversation.handler = Handler::Ai;
        thread.conversation.status = Status::Pending;
    } else {
        if control_epoch.is_none() {
            let message = "AI says under which control_epoch of the conversation it computed this";
            return Err(Error::argument("/control_epoch", "required", message));
        }
        if thread.is_too_late(control_epoch) {
            return Ok(Verdict::Discard);
        }
    }
    Ok(match (thread.conversation.details.assist_mode, settings.require_ai_approval) {
        (true, _) => Verdict::Suggest,
        (false, true) => Verdict::Ask,
        (false, false) => Verdict::Send,
    })
}

/// Makes a message one that is sent now.
pub fn mark_sent(tx: &Tx<'_>, message: &mut Message) {
    message.status = MessageStatus::Sent;
    message.sent_at = Some(tx.now());
    message.details.failure = None;
}

/// Puts down that something AI had written was thrown away.
pub async fn note_discarded(tx: &mut Tx<'_>, conversation: &Conversation, message: &Message) -> Result<()> {
    let data = json!({ "message_id": message.id, "control_epoch": message.details.control_epoch });
    timeline::record(tx, conversation, Happening::AiReplyDiscarded, data).await?;
    Ok(())
}

/// The error for what was thrown away; that it was is stored all the same.
pub fn too_late(message: &Message) -> Error {
    Error::new(Code::InvalidState, "A person took the conversation over, or it changed hands; this was not sent.")
        .with("message_id", message.id.to_string())
}

/// Sends a scheduled message whose time has come. One that was sent, changed or put off meanwhile is left alone.
pub async fn send_due(tx: &mut Tx<'_>, id: Id) -> Result<()> {
    let space = tx.space();
    let Some(found) = store::find(tx, space, id).await? else { return Ok(()) };
    let conversation = conversations::store::lock(tx, found.conversation_id).await?;
    let Some(before) = store::lock(tx, id).await? else { return Ok(()) };
    if before.conversation_id != found.conversation_id {
        return Err(Fault::Retry("the message went into another conversation meanwhile".into()).into());
    }
    if before.status != MessageStatus::Scheduled || before.scheduled_at.is_none_or(|at| at > tx.now()) {
        return Ok(());
    }
    let mut after = before.clone();
    let Some(conversation) = conversation else {
        // The conversation was deleted. Should it come back, the message is there as a draft.
        after.status = MessageStatus::Draft;
        after.scheduled_at = None;
        store::save(tx, before, after, "message.updated").await?;
        return Ok(());
    };
    let thread = Thread::of(conversation);
    if let Some(epoch) = after.details.control_epoch
        && thread.is_too_late(Some(epoch))
    {
        after.status = MessageStatus::Discarded;
        let discarded = store::save(tx, before, after, "message.ai_discarded").await?;
        return note_discarded(tx, &thread.conversation, &discarded).await;
    }
    let channel = channels::store::find(tx, space, thread.conversation.channel_id).await?;
    let event = if channel.is_some_and(|channel| channel.is_active) {
        mark_sent(tx, &mut after);
        "message.sent"
    } else {
        after.status = MessageStatus::Failed;
        let message = "the channel of the conversation is not active".to_owned();
        after.details.failure = Some(SendError { code: "channel_inactive".into(), message });
        "message.failed"
    };
    thread.say(tx, before, after, event).await?;
    Ok(())
}
