use super::BODY_LIMIT;
use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{
    Access, Area, Code, Context, Document, Email, Error, Kind, Language, List, Method, Name, Nullable, Result, Scope,
    Tx, Words, stored,
};
use crate::resources::channels::channels;
use crate::resources::inbox::messages::compose::{self, Content};
use crate::resources::inbox::messages::thread::{Address, ContactKnownBy, Named, Thread};
use crate::resources::inbox::messages::{Direction, Message, MessageKind, MessageStatus, Visibility, author};
use crate::text_enum;

text_enum! {
    /// Where a new message stands.
    pub enum NewStatus {
        /// It is being written.
        Draft = "draft",
        /// It came from the contact.
        Received = "received",
        /// It went to the contact.
        Sent = "sent",
    }
}

arguments! {
    /// Puts down a message in any direction, as it is: nothing is sent by it.
    ///
    /// For drafts, for what was written elsewhere, and for history: with `created_at`, which needs the scope `imports:write`, a
    /// message gets its place in time, counts as read and answered, and opens nothing again. What a contact writes now is better told
    /// with `messages.receive`, and what is to be sent with `messages.send`.
    pub struct Create {
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
        /// Which way it goes.
        pub direction: Direction,
        /// Who may read it; a message that is `internal` is private.
        pub visibility: Option<Visibility>,
        /// Where it stands; if left out, it is what is usual for its direction: received, sent, or posted as a note.
        pub status: Option<NewStatus>,
        /// What it says.
        pub text: Nullable<Words<100000>>,
        /// The same as HTML. What is in it that could run is never shown.
        pub html: Nullable<Words<500000>>,
        /// Its subject.
        pub subject: Nullable<Words<998>>,
        /// What it holds besides, in the channel's own form.
        pub content: Option<Document>,
        /// The files that came with it, or go with it.
        pub file_ids: Option<List<Id, 20>>,
        /// The address it came from.
        pub from: Nullable<Email>,
        /// The addresses it goes to, or went to.
        pub to: Option<List<Email, 100>>,
        /// The addresses that get a copy.
        pub cc: Option<List<Email, 100>>,
        /// The addresses that get a copy without the others' knowledge.
        pub bcc: Option<List<Email, 100>>,
        /// The message that it answers.
        pub reply_to_message_id: Option<Id>,
        /// The language it is written in.
        pub language: Nullable<Language>,
        /// When it was written, for history; needs the scope `imports:write`.
        pub created_at: Option<Timestamp>,
        /// The user who wrote it, for history; the caller if left out. Needs `created_at`.
        pub author_user_id: Option<Id>,
        /// Anything you want to keep with the message.
        pub metadata: Option<Document>,
        /// An id of your own: sent again with the same one, it is the same message, and stored once.
        pub client_message_id: Option<Name<128>>,
        /// Its id in the system it came from.
        pub external_message_id: Nullable<Words<255>>,
    }
}

impl Method for Create {
    const NAME: &'static str = "messages.create";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::ConversationNotFound, Code::InvalidState, Code::MissingScope];
    const EVENTS: &'static [&'static str] = &[
        "message.created",
        "conversation.created",
        "conversation.reopened",
        "contact.created",
        "contact.updated",
        "channel.created",
    ];
    const EXAMPLE: &'static str = r#"{"conversation_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","direction":"outbound","status":"draft","text":"We are open until six."}"#;
    const BODY_LIMIT: usize = BODY_LIMIT;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        let (status, visibility) = self.check(&ctx)?;
        ctx.write(async move |tx| Ok(self.store(tx, status, visibility).await?.0)).await
    }
}

impl Create {
    /// Stores the message, and says whether it was not there already.
    pub(in crate::resources) async fn store(
        &self,
        tx: &mut Tx<'_>,
        status: MessageStatus,
        visibility: Visibility,
    ) -> Result<(Message, bool)> {
        let args = self.clone();
        let is_imported = args.created_at.is_some();
        let at = args.created_at.unwrap_or(tx.now());
        let address = Address::of(args.named(), at, is_imported)?;
        let client_message_id = args.client_message_id.as_deref();
        let mut thread = match args.direction {
            Direction::Inbound if !is_imported => Thread::inbound(tx, address, client_message_id).await?,
            _ => Thread::outbound(tx, address).await?,
        };
        if let Some(message) = thread.already(tx, client_message_id).await? {
            return Ok((message, false));
        }
        let (author, is_blocked) = match (args.direction, args.author_user_id) {
            (Direction::Inbound, _) => thread.writer(tx).await?,
            (_, Some(user)) => (author::require(tx, "/author_user_id", user).await?, false),
            (_, None) => (author::of_caller(tx).await?, false),
        };
        let mut message = compose::blank(tx, &thread.conversation, args.direction, author, at);
        message.status = status;
        message.visibility = visibility;
        message.fill(Content {
            text: args.text,
            html: args.html,
            subject: args.subject,
            content: args.content,
            metadata: args.metadata,
            client_message_id: args.client_message_id,
        });
        if visibility == Visibility::Private {
            message.kind = MessageKind::Note;
        }
        compose::require_answered(tx, &thread.conversation, args.reply_to_message_id).await?;
        message.details.reply_to_message_id = args.reply_to_message_id;
        message.details.from = stored(args.from);
        message.details.to = super::addresses(args.to);
        message.details.cc = super::addresses(args.cc);
        message.details.bcc = super::addresses(args.bcc);
        message.details.language = stored(args.language);
        message.details.control_epoch = message.author.is_ai().then_some(thread.conversation.control_epoch);
        message.details.is_imported = is_imported;
        message.external_message_id = stored(args.external_message_id);
        message.sent_at = (status == MessageStatus::Sent).then_some(at);
        let channel = channels::store::find(tx, message.organization_id, thread.conversation.channel_id).await?;
        let is_bound = !is_imported && visibility == Visibility::Public;
        let allows = |kind: &str| !is_bound || channel.as_ref().is_none_or(|channel| channel.allows(kind));
        message.attach(tx, args.file_ids.as_deref(), allows).await?;
        message.require_something()?;
        if args.direction == Direction::Inbound && !is_imported {
            thread.require_channel(tx).await?;
            message.details.is_ignored = thread.conversation.is_spam || is_blocked;
            if message.details.is_ignored {
                thread.lay_aside(at);
            } else {
                thread.wake();
            }
        }
        Ok((thread.add(tx, message, &["message.created"]).await?.0, true))
    }

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

    /// Refuses arguments that do not go together; answers where the message stands and who may read it.
    pub(in crate::resources) fn check(&self, ctx: &Context) -> Result<(MessageStatus, Visibility)> {
        match self.created_at {
            Some(_) => super::require_scope(ctx, Scope::write(Area::Imports))?,
            None if self.author_user_id.is_some() => {
                let message = "only what was written in the past can be somebody else's";
                return Err(Error::argument("/author_user_id", "not_allowed", message));
            }
            None => {}
        }
        if self.created_at.is_some_and(|at| at > ctx.now()) {
            return Err(Error::argument("/created_at", "too_large", "must not lie in the future"));
        }
        if self.author_user_id.is_some() && self.direction == Direction::Inbound {
            return Err(Error::argument("/author_user_id", "not_allowed", "what is inbound is the contact's"));
        }
        let status = match (self.direction, self.status) {
            (Direction::Inbound, None | Some(NewStatus::Received)) => MessageStatus::Received,
            (Direction::Outbound, None | Some(NewStatus::Sent)) => MessageStatus::Sent,
            (Direction::Outbound, Some(NewStatus::Draft)) => MessageStatus::Draft,
            (Direction::Internal, None) => MessageStatus::Posted,
            (direction, Some(status)) => {
                let message = format!("a message that is {direction} cannot be {status}");
                return Err(Error::argument("/status", "not_allowed", message));
            }
        };
        match (self.direction, self.visibility) {
            (Direction::Internal, Some(Visibility::Public)) | (Direction::Inbound, Some(Visibility::Private)) => {
                let message = format!("a message that is {} cannot be that", self.direction);
                Err(Error::argument("/visibility", "not_allowed", message))
            }
            (Direction::Outbound, Some(Visibility::Private)) => {
                Err(Error::argument("/visibility", "not_allowed", "a private note is internal"))
            }
            (Direction::Internal, _) => Ok((status, Visibility::Private)),
            _ => Ok((status, Visibility::Public)),
        }
    }
}
