use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Result, Tx};
use crate::resources::inbox::conversations::{Conversation, Handler};
use crate::resources::inbox::messages::thread::Thread;
use crate::resources::inbox::messages::{Direction, Message, MessageStatus, author, sending, store};
use crate::resources::inbox::timers::{self, TimerKind};

arguments! {
    /// Has a draft sent at a given time.
    ///
    /// It is sent by the server itself, also if it was restarted meanwhile. What AI wrote is thrown away if a person has taken the
    /// conversation over by then.
    pub struct Schedule {
        /// The draft.
        pub id: Id,
        /// When it is to be sent.
        pub scheduled_at: Timestamp,
    }
}

impl Method for Schedule {
    const NAME: &'static str = "messages.schedule";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::TakeoverRequired];
    const EVENTS: &'static [&'static str] = &["message.scheduled"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","scheduled_at":"2030-01-01T09:00:00.000Z"}"#;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        ctx.write(async move |tx| {
            let (conversation, before) = store::target(tx, self.id).await?;
            if before.status == MessageStatus::Scheduled && before.scheduled_at == Some(self.scheduled_at) {
                return Ok(before);
            }
            before.require(&[MessageStatus::Draft])?;
            if self.scheduled_at <= tx.now() {
                return Err(Error::argument("/scheduled_at", "too_small", "must lie in the future"));
            }
            before.require_something()?;
            Thread::of(conversation.clone()).require_channel(tx).await?;
            let mut after = before.clone();
            stand_behind(tx, &conversation, &mut after).await?;
            after.status = MessageStatus::Scheduled;
            after.scheduled_at = Some(self.scheduled_at);
            timers::set(tx, TimerKind::SendMessage, after.id, self.scheduled_at).await?;
            store::save(tx, before, after, "message.scheduled").await
        })
        .await
    }
}

/// A person who has something sent stands behind it, whoever wrote it; but not while AI answers in the conversation.
pub(super) async fn stand_behind(tx: &mut Tx<'_>, conversation: &Conversation, message: &mut Message) -> Result<()> {
    if !author::of_caller(tx).await?.is_person() {
        return Ok(());
    }
    if conversation.handler == Handler::Ai && !message.author.is_ai() {
        let message = "AI answers in this conversation; call conversations.takeOver first.";
        return Err(Error::new(Code::TakeoverRequired, message));
    }
    message.details.control_epoch = None;
    Ok(())
}

arguments! {
    /// Keeps a scheduled message from being sent: it is a draft again.
    pub struct CancelScheduled {
        /// The message.
        pub id: Id,
    }
}

impl Method for CancelScheduled {
    const NAME: &'static str = "messages.cancelScheduled";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["message.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        ctx.write(async move |tx| {
            let (_, before) = store::target(tx, self.id).await?;
            if before.status == MessageStatus::Draft {
                return Ok(before);
            }
            before.require(&[MessageStatus::Scheduled])?;
            let mut after = before.clone();
            after.status = MessageStatus::Draft;
            after.scheduled_at = None;
            timers::clear(tx, TimerKind::SendMessage, after.id).await?;
            store::save(tx, before, after, "message.updated").await
        })
        .await
    }
}

arguments! {
    /// Sends a message again that could not be sent.
    pub struct Resend {
        /// The message.
        pub id: Id,
    }
}

impl Method for Resend {
    const NAME: &'static str = "messages.resend";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::TakeoverRequired];
    const EVENTS: &'static [&'static str] = &["message.updated", "message.sent"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        ctx.write(async move |tx| {
            let (conversation, before) = store::target(tx, self.id).await?;
            before.require(&[MessageStatus::Failed])?;
            if before.direction != Direction::Outbound {
                return Err(Error::new(Code::InvalidState, "Only what goes to the contact is sent."));
            }
            let thread = Thread::of(conversation);
            thread.require_channel(tx).await?;
            let mut queued = before.clone();
            stand_behind(tx, &thread.conversation, &mut queued).await?;
            queued.status = MessageStatus::Queued;
            queued.details.failure = None;
            queued.delivered_at = None;
            queued.read_at = None;
            let queued = store::save(tx, before, queued, "message.updated").await?;
            let mut sent = queued.clone();
            sending::mark_sent(tx, &mut sent);
            thread.say_again(tx, queued, sent, "message.sent").await
        })
        .await
    }
}
