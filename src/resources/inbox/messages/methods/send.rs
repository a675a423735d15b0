use super::BODY_LIMIT;
use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{
    Access, Area, Code, Context, Document, Email, Error, Kind, List, Method, Name, Nullable, Result, Tx, Words,
};
use crate::resources::crm::custom_fields::{FieldObject, values};
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::{self, CloseReason, Conversation, Resolution};
use crate::resources::inbox::messages::compose::{self, Content};
use crate::resources::inbox::messages::sending::{self, Verdict};
use crate::resources::inbox::messages::thread::{Address, ContactKnownBy, Named, Thread};
use crate::resources::inbox::messages::{Direction, Message, MessageStatus, author, store};
use crate::resources::inbox::timers::{self, TimerKind};

arguments! {
    /// Sends a message to a contact.
    ///
    /// Name the conversation, a draft of it, or the contact and the channel: then it goes into the conversation that goes on there, or
    /// begins a new one. On `api` and `internal` channels it is sent as soon as it is stored: whoever carries it on hears
    /// `message.sent`, and reports what becomes of it with `messages.reportDelivery`.
    ///
    /// While AI answers in the conversation, a person must send `take_over`. AI must send the `control_epoch` it computed its answer
    /// under: if the conversation has changed hands since, nothing is sent and the answer is `invalid_state`.
    pub struct Send {
        /// The conversation; or else the contact.
        pub conversation_id: Option<Id>,
        /// The contact.
        pub contact_id: Option<Id>,
        /// The contact, by what they are known by; one who is not known yet is created.
        pub contact: Option<ContactKnownBy>,
        /// The channel, where no conversation is named; the organization's default API channel if left out.
        pub channel_id: Option<Id>,
        /// What the conversation is called in your system, such as the id of a thread: one that is not known yet begins with the
        /// message. If left out, it is the conversation that goes on with the contact on the channel.
        pub conversation_external_id: Option<Name<255>>,
        /// A draft that is sent as it is, in place of all else that says what is sent.
        pub message_id: Option<Id>,
        /// What it says.
        pub text: Nullable<Words<100000>>,
        /// The same as HTML. What is in it that could run is never shown.
        pub html: Nullable<Words<500000>>,
        /// Its subject.
        pub subject: Nullable<Words<998>>,
        /// What it holds besides, in the channel's own form.
        pub content: Option<Document>,
        /// The files that go with it.
        pub file_ids: Option<List<Id, 20>>,
        /// The addresses it goes to, for channels that carry mail.
        pub to: Option<List<Email, 100>>,
        /// The addresses that get a copy.
        pub cc: Option<List<Email, 100>>,
        /// The addresses that get a copy without the others' knowledge.
        pub bcc: Option<List<Email, 100>>,
        /// The message that it answers.
        pub reply_to_message_id: Option<Id>,
        /// When it is to be sent; at once if left out.
        pub scheduled_at: Option<Timestamp>,
        /// Close the conversation as resolved once it is sent.
        pub close: Option<bool>,
        /// Take the conversation over if AI answers in it.
        pub take_over: Option<bool>,
        /// The conversation's `control_epoch` when this was computed; AI must send it.
        pub control_epoch: Option<i64>,
        /// Anything you want to keep with the message.
        pub metadata: Option<Document>,
        /// An id of your own: sent again with the same one, it is the same message, and sent once.
        pub client_message_id: Option<Name<128>>,
    }
}

impl Method for Send {
    const NAME: &'static str = "messages.send";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] =
        &[Code::ConversationNotFound, Code::TakeoverRequired, Code::NoPermission, Code::InvalidState];
    const EVENTS: &'static [&'static str] = &[
        "message.created",
        "message.sent",
        "message.scheduled",
        "message.drafted",
        "message.approval_requested",
        "message.ai_discarded",
        "conversation.created",
        "conversation.taken_over",
        "conversation.closed",
        "contact.created",
        "contact.updated",
        "channel.created",
    ];
    const EXAMPLE: &'static str =
        r#"{"conversation_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","text":"We are open until six."}"#;
    const BODY_LIMIT: usize = BODY_LIMIT;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        self.check(&ctx)?;
        let message = ctx
            .write(async move |tx| match self.message_id {
                Some(draft) => self.send_draft(tx, draft).await,
                None => self.send_new(tx).await,
            })
            .await?;
        match message.status {
            MessageStatus::Discarded => Err(sending::too_late(&message)),
            _ => Ok(message),
        }
    }
}

impl Send {
    /// Where the message goes.
    fn named(&self) -> Named<'_> {
        Named {
            conversation: self.conversation_id,
            external_id: self.conversation_external_id.as_deref(),
            contact_id: self.contact_id,
            contact: self.contact.as_ref(),
            channel: self.channel_id,
            subject: self.subject.0.as_deref(),
        }
    }

    /// Refuses arguments that do not go together.
    fn check(&self, ctx: &Context) -> Result<()> {
        if self.scheduled_at.is_some_and(|at| at <= ctx.now()) {
            return Err(Error::argument("/scheduled_at", "too_small", "must lie in the future"));
        }
        if self.scheduled_at.is_some() && self.close == Some(true) {
            let message = "a conversation is not closed before the message is sent";
            return Err(Error::argument("/close", "not_allowed", message));
        }
        if self.message_id.is_none() {
            return Ok(());
        }
        let others = [
            ("/conversation_id", self.conversation_id.is_some()),
            ("/contact_id", self.contact_id.is_some()),
            ("/contact", self.contact.is_some()),
            ("/channel_id", self.channel_id.is_some()),
            ("/conversation_external_id", self.conversation_external_id.is_some()),
            ("/text", !self.text.is_none()),
            ("/html", !self.html.is_none()),
            ("/subject", !self.subject.is_none()),
            ("/content", self.content.is_some()),
            ("/file_ids", self.file_ids.is_some()),
            ("/to", self.to.is_some()),
            ("/cc", self.cc.is_some()),
            ("/bcc", self.bcc.is_some()),
            ("/reply_to_message_id", self.reply_to_message_id.is_some()),
            ("/metadata", self.metadata.is_some()),
            ("/client_message_id", self.client_message_id.is_some()),
        ];
        match others.into_iter().find(|(_, is_sent)| *is_sent) {
            Some((pointer, _)) => {
                let message = "a draft is sent as it is; change it with messages.update first";
                Err(Error::argument(pointer, "not_allowed", message))
            }
            None => Ok(()),
        }
    }

    async fn send_new(&self, tx: &mut Tx<'_>) -> Result<Message> {
        let args = self.clone();
        let address = Address::of(args.named(), tx.now(), false)?;
        let mut thread = Thread::outbound(tx, address).await?;
        if let Some(message) = thread.already(tx, args.client_message_id.as_deref()).await? {
            return Ok(message);
        }
        let channel = thread.require_channel(tx).await?;
        let author = author::of_caller(tx).await?;
        let is_ai = author.is_ai();
        let verdict =
            sending::judge(tx, &mut thread, &author, args.take_over == Some(true), args.control_epoch).await?;
        let mut message = compose::blank(tx, &thread.conversation, Direction::Outbound, author, tx.now());
        message.fill(Content {
            text: args.text,
            html: args.html,
            subject: args.subject,
            content: args.content,
            metadata: args.metadata,
            client_message_id: args.client_message_id,
        });
        compose::require_answered(tx, &thread.conversation, args.reply_to_message_id).await?;
        message.details.reply_to_message_id = args.reply_to_message_id;
        message.details.to = super::addresses(args.to);
        message.details.cc = super::addresses(args.cc);
        message.details.bcc = super::addresses(args.bcc);
        message.details.control_epoch = is_ai.then_some(thread.conversation.control_epoch);
        message.attach(tx, args.file_ids.as_deref(), |kind| channel.allows(kind)).await?;
        message.require_something()?;
        match verdict {
            Verdict::Discard => {
                message.status = MessageStatus::Discarded;
                message.details.control_epoch = args.control_epoch;
                let (message, conversation) = thread.add(tx, message, &["message.ai_discarded"]).await?;
                sending::note_discarded(tx, &conversation, &message).await?;
                Ok(message)
            }
            Verdict::Suggest => Ok(thread.add(tx, message, &["message.drafted"]).await?.0),
            Verdict::Ask => {
                message.ask_for_approval(tx.now(), None, None);
                message.scheduled_at = args.scheduled_at;
                Ok(thread.add(tx, message, &["message.created", "message.approval_requested"]).await?.0)
            }
            Verdict::Send => match args.scheduled_at {
                Some(at) => {
                    message.status = MessageStatus::Scheduled;
                    message.scheduled_at = Some(at);
                    timers::set(tx, TimerKind::SendMessage, message.id, at).await?;
                    Ok(thread.add(tx, message, &["message.created", "message.scheduled"]).await?.0)
                }
                None => {
                    sending::mark_sent(tx, &mut message);
                    let (message, conversation) = thread.add(tx, message, &["message.created", "message.sent"]).await?;
                    self.close_if_asked(tx, conversation).await?;
                    Ok(message)
                }
            },
        }
    }

    async fn send_draft(&self, tx: &mut Tx<'_>, draft: Id) -> Result<Message> {
        let found = store::lock_seen(tx, draft).await?;
        let unknown = || Error::argument("/message_id", "unknown_id", format!("there is no message {draft}"));
        let (conversation, before) = found.ok_or_else(unknown)?;
        let is_again = before.direction == Direction::Outbound && before.status == MessageStatus::Sent;
        if is_again && self.scheduled_at.is_none() {
            return Ok(before);
        }
        before.require(&[MessageStatus::Draft])?;
        let mut thread = Thread::of(conversation);
        thread.require_channel(tx).await?;
        let author = author::of_caller(tx).await?;
        let take_over = self.take_over == Some(true);
        let verdict = sending::judge(tx, &mut thread, &author, take_over, self.control_epoch).await?;
        let mut after = before.clone();
        after.require_something()?;
        if author.is_person() {
            after.details.control_epoch = None;
        }
        match verdict {
            Verdict::Discard => {
                after.status = MessageStatus::Discarded;
                let message = store::save(tx, before, after, "message.ai_discarded").await?;
                sending::note_discarded(tx, &thread.conversation, &message).await?;
                Ok(message)
            }
            Verdict::Suggest => Ok(before),
            Verdict::Ask => {
                after.ask_for_approval(tx.now(), None, None);
                after.scheduled_at = self.scheduled_at;
                store::save(tx, before, after, "message.approval_requested").await
            }
            Verdict::Send => match self.scheduled_at {
                Some(at) => {
                    after.status = MessageStatus::Scheduled;
                    after.scheduled_at = Some(at);
                    timers::set(tx, TimerKind::SendMessage, after.id, at).await?;
                    Ok(thread.say(tx, before, after, "message.scheduled").await?.0)
                }
                None => {
                    sending::mark_sent(tx, &mut after);
                    let (message, conversation) = thread.say(tx, before, after, "message.sent").await?;
                    self.close_if_asked(tx, conversation).await?;
                    Ok(message)
                }
            },
        }
    }

    /// Closes the conversation once the message is sent.
    async fn close_if_asked(&self, tx: &mut Tx<'_>, before: Conversation) -> Result<()> {
        if self.close != Some(true) || !before.goes_on() {
            return Ok(());
        }
        let mut after = before.clone();
        values::apply(tx, FieldObject::Conversation, &mut after.custom_fields, None, values::Moment::Close).await?;
        let reason = if tx.ctx().caller()?.user.is_some() { CloseReason::User } else { CloseReason::Api };
        after.close(tx.now(), reason, Some(Resolution::Resolved));
        let closed = conversations::store::save(tx, before, after, "conversation.closed").await?;
        let data = serde_json::json!({ "resolution": Resolution::Resolved, "close_reason": reason });
        timeline::record(tx, &closed, Happening::Closed, data).await?;
        Ok(())
    }
}
