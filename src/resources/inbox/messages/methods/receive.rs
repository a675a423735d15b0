use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BODY_LIMIT;
use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Code, Context, Document, Error, Kind, Language, List, Method, Name, Nullable, Output, Result, Words,
    stored,
};
use crate::resources::inbox::messages::compose::{self, Content};
use crate::resources::inbox::messages::thread::{Address, ContactKnownBy, Named, Thread};
use crate::resources::inbox::messages::{Direction, Message, store};
use crate::text_enum;

arguments! {
    /// Takes in what a contact wrote.
    ///
    /// Name the conversation, or the contact and the channel: then it goes into the conversation that goes on there. One that was put
    /// off comes back; one that was closed is opened again, if that was no longer ago than the organization's
    /// `reopen_window_hours`; else a new one begins.
    ///
    /// What a blocked contact writes, or what comes into a conversation that is spam, is only put down: nothing is opened again, and
    /// nothing counts as unread. A blocked contact with a token of their own is refused.
    pub struct Receive {
        /// The conversation; or else the contact.
        pub conversation_id: Option<Id>,
        /// The contact.
        pub contact_id: Option<Id>,
        /// The contact, by what they are known by; one who is not known yet is created.
        pub contact: Option<ContactKnownBy>,
        /// The channel it came on, where no conversation is named; the organization's default API channel if left out.
        pub channel_id: Option<Id>,
        /// What the conversation is called in your system, such as the id of a thread: one that is not known yet begins with the
        /// message. If left out, it is the conversation that goes on with the contact on the channel.
        pub conversation_external_id: Option<Name<255>>,
        /// What it says.
        pub text: Nullable<Words<100000>>,
        /// The same as HTML. What is in it that could run is never shown.
        pub html: Nullable<Words<500000>>,
        /// Its subject.
        pub subject: Nullable<Words<998>>,
        /// What it holds besides, in the channel's own form.
        pub content: Option<Document>,
        /// The files that came with it.
        pub file_ids: Option<List<Id, 20>>,
        /// The language it is written in.
        pub language: Nullable<Language>,
        /// Anything you want to keep with the message.
        pub metadata: Option<Document>,
        /// An id of your own: sent again with the same one, it is the same message, and stored once.
        pub client_message_id: Option<Name<128>>,
        /// Its id in the system it came from.
        pub external_message_id: Nullable<Words<255>>,
    }
}

text_enum! {
    /// What became of something that a contact wrote.
    pub enum ReceivedAs {
        /// It waits for an answer.
        Received = "received",
        /// It was put down, and nobody is asked to answer.
        Ignored = "ignored",
    }
}

/// What became of something that a contact wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Received {
    /// The message.
    pub message: Message,
    /// What AI answered; null when nothing was answered yet.
    pub ai_reply: Option<Message>,
    /// Whether the conversation was handed to people.
    pub handed_off: bool,
    /// What became of it.
    pub code: ReceivedAs,
}

impl Output for Received {}

impl Method for Receive {
    const NAME: &'static str = "messages.receive";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const FOR_CONTACTS: bool = true;
    const ERRORS: &'static [Code] = &[Code::ConversationNotFound, Code::ContactBlocked, Code::InvalidState];
    const EVENTS: &'static [&'static str] = &[
        "message.received",
        "conversation.created",
        "conversation.reopened",
        "contact.created",
        "contact.updated",
        "channel.created",
    ];
    const EXAMPLE: &'static str = r#"{"contact":{"type":"phone","value":"+1-555-0123","name":"Jane Doe"},"channel_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","text":"Hello, are you open today?"}"#;
    const BODY_LIMIT: usize = BODY_LIMIT;
    type Output = Received;

    async fn call(mut self, ctx: Context) -> Result<Received> {
        if let Some(contact) = ctx.caller()?.contact {
            self.keep_to(contact)?;
        }
        ctx.write(async move |tx| {
            let args = self.clone();
            let address = Address::of(args.named(), tx.now(), false)?;
            let client_message_id = args.client_message_id.as_deref();
            let mut thread = Thread::inbound(tx, address, client_message_id).await?;
            if let Some(message) = thread.already(tx, client_message_id).await? {
                return Ok(answer(message, thread.conversation.details.handoff.is_some()));
            }
            let channel = thread.require_channel(tx).await?;
            let (author, is_blocked) = thread.writer(tx).await?;
            if let Some(contact) = tx.ctx().caller()?.contact {
                if is_blocked {
                    return Err(Error::new(Code::ContactBlocked, "Nothing is taken from this contact."));
                }
                let files = args.file_ids.as_deref().map_or(&[][..], Vec::as_slice);
                store::require_own_files(tx, contact, files).await?;
            }
            let is_ignored = thread.conversation.is_spam || is_blocked;
            let mut message = compose::blank(tx, &thread.conversation, Direction::Inbound, author, tx.now());
            message.fill(Content {
                text: args.text,
                html: args.html,
                subject: args.subject,
                content: args.content,
                metadata: args.metadata,
                client_message_id: args.client_message_id,
            });
            message.details.language = stored(args.language);
            message.details.is_ignored = is_ignored;
            message.external_message_id = stored(args.external_message_id);
            message.attach(tx, args.file_ids.as_deref(), |kind| channel.allows(kind)).await?;
            message.require_something()?;
            if is_ignored {
                thread.lay_aside(tx.now());
            } else {
                thread.wake();
            }
            let (message, conversation) = thread.add(tx, message, &["message.received"]).await?;
            Ok(answer(message, conversation.details.handoff.is_some()))
        })
        .await
    }
}

impl Receive {
    /// A contact writes for themselves, on a channel or in a conversation of their own.
    fn keep_to(&mut self, contact: Id) -> Result<()> {
        let others = [
            ("/contact", self.contact.is_some()),
            ("/contact_id", self.contact_id.is_some_and(|id| id != contact)),
            ("/conversation_external_id", self.conversation_external_id.is_some()),
            ("/external_message_id", !self.external_message_id.is_none()),
        ];
        if let Some((pointer, _)) = others.into_iter().find(|(_, is_sent)| *is_sent) {
            return Err(Error::argument(pointer, "not_allowed", "a contact writes for themselves"));
        }
        self.contact_id = self.conversation_id.is_none().then_some(contact);
        Ok(())
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
}

fn answer(message: Message, handed_off: bool) -> Received {
    let code = if message.details.is_ignored { ReceivedAs::Ignored } else { ReceivedAs::Received };
    Received { message, ai_reply: None, handed_off, code }
}
