use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BODY_LIMIT;
use crate::arguments;
use crate::db::{Conn, Id};
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Nullable, Output, Result, Words, stored};
use crate::resources::channels::channels;
use crate::resources::crm::contacts;
use crate::resources::inbox::conversations::visibility::Sight;
use crate::resources::inbox::conversations::{self, Conversation, Handler};
use crate::resources::inbox::messages::{AuthorType, Html, Message, MessageKind, store};

arguments! {
    /// Answers the draft that is being written in a conversation, or in answer to a message.
    ///
    /// That is the caller's newest one; if the caller has none, the newest that a program or an AI teammate has put there for
    /// everybody.
    pub struct DraftInfo {
        /// The message that the draft answers; or else the conversation.
        pub id: Option<Id>,
        /// The conversation.
        pub conversation_id: Option<Id>,
    }
}

impl Method for DraftInfo {
    const NAME: &'static str = "messages.draftInfo";
    const ACCESS: Access = Access::read(Area::Messages);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::ConversationNotFound, Code::MessageNotFound];
    const EXAMPLE: &'static str = r#"{"conversation_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        let mut conn = ctx.read().await?;
        let conversation = match (self.id, self.conversation_id) {
            (Some(id), _) => store::seen(&ctx, &mut conn, id).await?.0,
            (None, Some(id)) => seen(&ctx, &mut conn, id).await?,
            (None, None) => {
                return Err(Error::argument("/conversation_id", "required", "give a conversation, or a message"));
            }
        };
        let drafts = store::drafts(&mut conn, ctx.space(), conversation.id).await?;
        let answers = |draft: &&Message| self.id.is_none() || draft.details.reply_to_message_id == self.id;
        let caller = ctx.caller()?.actor.id;
        let own = drafts.iter().filter(answers).find(|draft| draft.author.id == Some(caller));
        let shared = drafts.iter().filter(answers).find(|draft| {
            draft.author.is_ai() || matches!(draft.author.type_, AuthorType::Integration | AuthorType::System)
        });
        own.or(shared).cloned().ok_or_else(Error::not_found::<Message>)
    }
}

arguments! {
    /// Shows a message as it will be sent, without sending it.
    pub struct Preview {
        /// A draft; or else the conversation, with what is to be sent.
        pub id: Option<Id>,
        /// The conversation.
        pub conversation_id: Option<Id>,
        /// What it says.
        pub text: Nullable<Words<100000>>,
        /// The same as HTML.
        pub html: Nullable<Words<500000>>,
        /// Its subject.
        pub subject: Nullable<Words<998>>,
    }
}

/// A message as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Previewed {
    /// The subject.
    pub subject: Option<String>,
    /// The HTML, without anything that could run; made from the text if there is none.
    pub html: Option<String>,
    /// The text; made from the HTML if there is none.
    pub text: Option<String>,
    /// Where it goes.
    pub to: Vec<String>,
    /// What stands in its way, or will be noticed only when it is too late.
    pub warnings: Vec<Warning>,
}

/// Something to know before a message is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// What it is: `empty`, `no_address`, `channel_inactive`, `takeover_required`, `conversation_closed`, `contact_gone`,
    /// `contact_blocked`.
    pub code: String,
    /// The same in words.
    pub message: String,
}

impl Output for Previewed {}

impl Method for Preview {
    const NAME: &'static str = "messages.preview";
    const ACCESS: Access = Access::read(Area::Messages);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::ConversationNotFound, Code::MessageNotFound];
    const EXAMPLE: &'static str =
        r#"{"conversation_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","text":"We are open until six."}"#;
    const BODY_LIMIT: usize = BODY_LIMIT;
    type Output = Previewed;

    async fn call(self, ctx: Context) -> Result<Previewed> {
        let mut conn = ctx.read().await?;
        let (conversation, shown) = match (self.id, self.conversation_id) {
            (Some(id), _) => {
                let (conversation, message) = store::seen(&ctx, &mut conn, id).await?;
                (conversation, Shown::of(&message))
            }
            (None, Some(id)) => {
                let html = self.html.0.map(|html| Html::from(html.to_string()));
                let (text, subject) = (stored(self.text), stored(self.subject));
                (seen(&ctx, &mut conn, id).await?, Shown { text, html, subject, ..Shown::default() })
            }
            (None, None) => {
                return Err(Error::argument("/conversation_id", "required", "give a conversation, or a draft"));
            }
        };
        shown.preview(&ctx, &mut conn, &conversation).await
    }
}

async fn seen(ctx: &Context, conn: &mut Conn, conversation: Id) -> Result<Conversation> {
    let sight = Sight::of(ctx, conn).await?;
    let found = conversations::store::seen(conn, &sight, ctx.space(), conversation).await?;
    found.ok_or_else(Error::not_found::<Conversation>)
}

/// What is to be shown.
#[derive(Default)]
struct Shown {
    text: Option<String>,
    html: Option<Html>,
    subject: Option<String>,
    to: Vec<String>,
    has_more: bool,
}

impl Shown {
    fn of(message: &Message) -> Self {
        let message = message.clone();
        let has_more = message.content.is_some() || !message.details.attachments.is_empty();
        let to = message.details.0.to;
        Self { text: message.text, html: message.html, subject: message.subject, to, has_more }
    }

    async fn preview(self, ctx: &Context, conn: &mut Conn, conversation: &Conversation) -> Result<Previewed> {
        let mut warnings = Vec::new();
        let mut warn = |code: &str, message: &str| {
            warnings.push(Warning { code: code.into(), message: message.into() });
        };
        let text = self.text.filter(|text| !text.trim().is_empty());
        if text.is_none() && self.html.is_none() && !self.has_more {
            warn("empty", "The message says nothing; it cannot be sent.");
        }
        let contact = contacts::store::find(conn, ctx.space(), conversation.contact_id).await?;
        match &contact {
            None => warn("contact_gone", "The contact was deleted."),
            Some(contact) if contact.is_blocked => {
                warn("contact_blocked", "The contact is blocked; no answer will be heard.")
            }
            Some(_) => {}
        }
        let kind = if self.html.is_some() { MessageKind::Email } else { MessageKind::Text };
        let mut to = self.to;
        if to.is_empty()
            && let Some(contact) = contact
        {
            let (email, phone) = (contact.row.email, contact.row.phone);
            to.extend(if kind == MessageKind::Email { email.or(phone) } else { phone.or(email) });
        }
        if to.is_empty() {
            warn("no_address", "The contact has no address or number; whoever carries the message on must know where.");
        }
        let channel = channels::store::find(conn, ctx.space(), conversation.channel_id).await?;
        if !channel.is_some_and(|channel| channel.is_active) {
            warn("channel_inactive", "The channel of the conversation is not active; nothing can be sent on it.");
        }
        if conversation.handler == Handler::Ai {
            warn("takeover_required", "AI answers in this conversation; a person must take it over first.");
        }
        if !conversation.goes_on() {
            warn("conversation_closed", "The conversation is closed, and stays so.");
        }
        let safe = self.html.as_ref().map(Html::safe);
        Ok(Previewed {
            subject: self.subject.or_else(|| conversation.subject.clone()),
            html: safe.or_else(|| text.as_deref().map(as_html)),
            text: text.or_else(|| self.html.as_ref().map(Html::to_text)),
            to,
            warnings,
        })
    }
}

/// Text as HTML: a paragraph for each that is set apart by an empty line.
fn as_html(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let paragraphs = escaped.split("\n\n").map(|paragraph| paragraph.trim_matches('\n')).filter(|one| !one.is_empty());
    paragraphs.map(|paragraph| format!("<p>{}</p>", paragraph.replace('\n', "<br>"))).collect()
}
