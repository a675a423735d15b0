use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arguments;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Access, Area, Context, Int, Kind, List, Method, Name, Output, Policy, Rate, Result, Scope};
use crate::query::{Predicate, search, words};
use crate::resources::crm::contacts::{self, Contact, ContactRow};
use crate::resources::inbox::conversations::{Conversation, visibility::Sight};
use crate::resources::inbox::messages::{self, Message};
use crate::schema::{contacts as contacts_table, conversations, messages as messages_table};
use crate::{run, text_enum};

/// How many hits of each kind are answered when the request does not say.
const DEFAULT_LIMIT: i64 = 20;
/// Among how many of the newest texts with these words is looked for those that the caller sees.
const MOST: i64 = 1000;
/// The conversations of how many contacts with this name are looked at.
const FEW: i64 = 100;

text_enum! {
    /// What is searched.
    pub enum SearchType {
        /// Conversations, by what they are about, whom they are with, and what was said in them.
        Conversation = "conversation",
        /// Messages and notes.
        Message = "message",
        /// Contacts.
        Contact = "contact",
    }
}

arguments! {
    /// Looks for words in conversations, messages and contacts.
    ///
    /// A conversation is found by its subject, by what was said in it, and by its contact. Whatever has all the words in one place is
    /// found, newest first; the last word may be the beginning of one. Only what the caller sees is found, among the thousand newest
    /// texts with the words: messages with the scope messages:read, contacts with contacts:read.
    pub struct Search {
        /// The words.
        pub query: Name<500>,
        /// Only what is this contact's.
        pub contact_id: Option<Id>,
        /// What is searched; all of it if left out.
        pub types: Option<List<SearchType, 3>>,
        /// How many hits of each kind are answered at the most; 20 if left out.
        pub limit: Option<Int<1, 100>>,
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// Conversations, newest first.
    pub conversations: Vec<Conversation>,
    /// Messages and notes, newest first.
    pub messages: Vec<Message>,
    /// Contacts, newest first.
    pub contacts: Vec<Contact>,
}

impl Output for Found {}

impl Method for Search {
    const NAME: &'static str = "conversations.search";
    const ACCESS: Access = Access::read(Area::Conversations);
    const KIND: Kind = Kind::Read;
    const RATE: Rate = Rate { policy: Policy::Search, cost: 1 };
    const EXAMPLE: &'static str = r#"{"query":"refund"}"#;
    type Output = Found;

    async fn call(self, ctx: Context) -> Result<Found> {
        let sight = Sight::of(&ctx, &mut *ctx.read().await?).await?;
        let held = ctx.caller()?.scopes;
        let wants = |type_: SearchType| self.types.as_ref().is_none_or(|types| types.contains(&type_));
        let search = Words {
            space: ctx.space(),
            conversations: wants(SearchType::Conversation),
            messages: wants(SearchType::Message) && held.has(Scope::read(Area::Messages)),
            contacts: wants(SearchType::Contact) && held.has(Scope::read(Area::Contacts)),
            sight: sight.predicate(),
            contact: self.contact_id,
            limit: self.limit.map_or(DEFAULT_LIMIT, |limit| limit.0),
            text: self.query.to_string(),
        };
        if words::tokens(&search.text).is_empty() {
            return Ok(Found { conversations: Vec::new(), messages: Vec::new(), contacts: Vec::new() });
        }
        let mut found = ctx
            .scan(async move |conn| {
                Ok(Found {
                    conversations: search.in_conversations(conn).await?,
                    messages: search.in_messages(conn).await?,
                    contacts: search.in_contacts(conn).await?,
                })
            })
            .await?;
        messages::store::show_files(&ctx, &mut *ctx.read().await?, &mut found.messages).await?;
        Ok(found)
    }
}

struct Words {
    space: Id,
    text: String,
    conversations: bool,
    messages: bool,
    contacts: bool,
    sight: Predicate,
    contact: Option<Id>,
    limit: i64,
}

impl Words {
    fn is_of_contact(&self) -> Predicate {
        match self.contact {
            Some(contact) => Predicate::of_ids("conversations.contact_id = ?", &[contact]),
            None => Predicate::everything(),
        }
    }

    async fn in_conversations(&self, conn: &mut Conn) -> Result<Vec<Conversation>> {
        if !self.conversations {
            return Ok(Vec::new());
        }
        let of_themselves = search::newest(conn, self.space, "conversation", false, &self.text, MOST).await?;
        let said = search::newest(conn, self.space, "message", false, &self.text, MOST).await?;
        let people: Vec<Id> = ids(search::newest(conn, self.space, "contact", false, &self.text, FEW).await?);
        let mut found: Vec<Id> = ids(of_themselves);
        found.extend(said.into_iter().filter_map(|(_, conversation)| conversation));
        let with_them: Vec<Id> = run!(conn, |c| conversations::table
            .filter(conversations::organization_id.eq(self.space).and(conversations::contact_id.eq_any(&people)))
            .order(conversations::id.desc())
            .limit(MOST)
            .select(conversations::id)
            .load(c))?;
        found.extend(with_them);
        Ok(run!(conn, |c| conversations::table
            .filter(conversations::organization_id.eq(self.space).and(conversations::deleted_at.is_null()))
            .filter(conversations::id.eq_any(&found))
            .filter(self.is_of_contact())
            .filter(self.sight.clone())
            .order(conversations::id.desc())
            .limit(self.limit)
            .select(Conversation::as_select())
            .load(c))?)
    }

    async fn in_messages(&self, conn: &mut Conn) -> Result<Vec<Message>> {
        if !self.messages {
            return Ok(Vec::new());
        }
        let mut found = ids(search::newest(conn, self.space, "message", false, &self.text, MOST).await?);
        found.extend(ids(search::newest(conn, self.space, "message", true, &self.text, MOST).await?));
        Ok(run!(conn, |c| messages_table::table
            .inner_join(
                conversations::table.on(conversations::organization_id
                    .eq(messages_table::organization_id)
                    .and(conversations::id.eq(messages_table::conversation_id)))
            )
            .filter(messages_table::organization_id.eq(self.space).and(conversations::deleted_at.is_null()))
            .filter(messages_table::id.eq_any(&found))
            .filter(self.is_of_contact())
            .filter(self.sight.clone())
            .order(messages_table::id.desc())
            .limit(self.limit)
            .select(Message::as_select())
            .load(c))?)
    }

    async fn in_contacts(&self, conn: &mut Conn) -> Result<Vec<Contact>> {
        if !self.contacts {
            return Ok(Vec::new());
        }
        let mut found = ids(search::newest(conn, self.space, "contact", false, &self.text, MOST).await?);
        found.retain(|id| self.contact.is_none_or(|contact| contact == *id));
        let rows: Vec<ContactRow> = run!(conn, |c| contacts_table::table
            .filter(contacts_table::organization_id.eq(self.space).and(contacts_table::id.eq_any(&found)))
            .order(contacts_table::id.desc())
            .limit(self.limit)
            .select(ContactRow::as_select())
            .load(c))?;
        contacts::store::with_identities(conn, self.space, rows).await
    }
}

fn ids(found: Vec<(Id, Option<Id>)>) -> Vec<Id> {
    found.into_iter().map(|(id, _)| id).collect()
}
