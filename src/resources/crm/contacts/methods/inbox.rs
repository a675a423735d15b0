use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arguments;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Access, Area, Code, Context, Error, Int, Kind, List, Method, Name, Output, Page, Result};
use crate::query::{Listing, Predicate};
use crate::resources::crm::contacts::{Contact, store};
use crate::resources::inbox::conversations::visibility::Sight;
use crate::resources::inbox::conversations::{self, Conversation};
use crate::resources::inbox::messages::{self, Message, MessageStatus};
use crate::run;
use crate::schema::{conversations as conversation_table, messages as message_table};

/// How many messages are answered when the request does not say.
const DEFAULT_LIMIT: i64 = 20;

arguments! {
    /// Lists the conversations with a contact that the caller sees, those of them that a query finds, or all.
    pub struct ListConversations filtered {
        /// The contact.
        pub id: Id,
    }
}

impl Method for ListConversations {
    const NAME: &'static str = "contacts.listConversations";
    const ACCESS: Access = Access::read(Area::Conversations);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::InvalidQuery];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","filters":"NOT status:closed","sort":"created_at:desc"}"#;
    type Output = Page<Conversation>;

    async fn call(self, ctx: Context) -> Result<Page<Conversation>> {
        let with_contact = Predicate::of_ids("conversations.contact_id = ?", &[self.id]);
        let list = Listing::new(&ctx, &self, &conversations::FIELDS)?.and(with_contact);
        let inner = ctx.clone();
        let (list, found) = ctx
            .scan(async move |conn| {
                require(conn, inner.space(), self.id).await?;
                let list = list.and(Sight::of(&inner, conn).await?.predicate());
                let found = conversations::store::list(conn, inner.space(), &list).await?;
                Ok((list, found))
            })
            .await?;
        list.page(&ctx, found)
    }
}

/// The latest messages to and from a contact.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecentThreads {
    /// Conversations, the one with the latest message first.
    pub data: Vec<RecentThread>,
}

impl Output for RecentThreads {}

/// The latest messages of one conversation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecentThread {
    /// The conversation.
    pub conversation_id: Id,
    /// Its messages, oldest first.
    pub messages: Vec<Message>,
}

arguments! {
    /// Answers the latest messages to and from a contact, in all conversations that the caller sees.
    pub struct RecentMessages {
        /// The contact.
        pub id: Id,
        /// Only conversations from these sources, such as `twilio.sms`.
        pub sources: Option<List<Name<64>, 20>>,
        /// How many messages, at the most; 20 if left out.
        pub limit: Option<Int<1, 100>>,
    }
}

impl Method for RecentMessages {
    const NAME: &'static str = "contacts.recentMessages";
    const ACCESS: Access = Access::read(Area::Messages);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","limit":20}"#;
    type Output = RecentThreads;

    async fn call(self, ctx: Context) -> Result<RecentThreads> {
        use MessageStatus as S;
        const SAID: [MessageStatus; 7] = [S::Queued, S::Sent, S::Delivered, S::Read, S::Failed, S::Received, S::Posted];
        let space = ctx.space();
        let mut conn = ctx.read().await?;
        require(&mut conn, space, self.id).await?;
        let sight = Sight::of(&ctx, &mut conn).await?.predicate();
        let seen: Vec<(Id, String)> = run!(conn, |c| conversation_table::table
            .filter(conversation_table::organization_id.eq(space).and(conversation_table::deleted_at.is_null()))
            .filter(conversation_table::contact_id.eq(self.id).and(conversation_table::id.lt(Id::MAX)))
            .filter(sight.clone())
            .order(conversation_table::id.desc())
            .limit(1000)
            .select((conversation_table::id, conversation_table::source))
            .load(c))?;
        let wanted = |source: &str| match &self.sources {
            None => true,
            Some(sources) => sources.iter().any(|name| name.eq_ignore_ascii_case(source)),
        };
        let seen: Vec<Id> = seen.into_iter().filter(|(_, source)| wanted(source)).map(|(id, _)| id).collect();
        let mut latest: Vec<Message> = run!(conn, |c| message_table::table
            .filter(message_table::organization_id.eq(space).and(message_table::conversation_id.eq_any(&seen)))
            .filter(message_table::status.eq_any(SAID))
            .order(message_table::id.desc())
            .limit(self.limit.map_or(DEFAULT_LIMIT, |limit| limit.0))
            .select(Message::as_select())
            .load(c))?;
        messages::store::show_files(&ctx, &mut conn, &mut latest).await?;
        Ok(RecentThreads { data: by_conversation(latest) })
    }
}

/// Messages, newest first, by the conversations that they belong to.
fn by_conversation(latest: Vec<Message>) -> Vec<RecentThread> {
    let mut threads: Vec<RecentThread> = Vec::new();
    for message in latest {
        match threads.iter_mut().find(|thread| thread.conversation_id == message.conversation_id) {
            Some(thread) => thread.messages.insert(0, message),
            None => {
                threads.push(RecentThread { conversation_id: message.conversation_id, messages: vec![message] });
            }
        }
    }
    threads
}

async fn require(conn: &mut Conn, space: Id, id: Id) -> Result<Contact> {
    store::find(conn, space, id).await?.ok_or_else(Error::not_found::<Contact>)
}
