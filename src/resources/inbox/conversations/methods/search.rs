use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arguments;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Access, Area, Context, Int, Kind, List, Method, Name, Output, Policy, Rate, Result, Scope};
use crate::query::{Predicate, search};
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
const FEW: usize = 100;
/// How many of those that were found are read at once, until there are enough that the caller sees.
const AT_ONCE: usize = 200;

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
        let wanted = Wanted {
            space: ctx.space(),
            conversations: wants(SearchType::Conversation),
            messages: wants(SearchType::Message) && held.has(Scope::read(Area::Messages)),
            contacts: wants(SearchType::Contact) && held.has(Scope::read(Area::Contacts)),
            sight: sight.predicate(),
            contact: self.contact_id,
            limit: self.limit.map_or(DEFAULT_LIMIT, |limit| limit.0),
        };
        let text = self.query.to_string();
        let mut found = ctx
            .scan(async move |conn| {
                let typed = search::Typed::read(conn, &text).await?;
                if typed.is_empty() {
                    return Ok(Found { conversations: Vec::new(), messages: Vec::new(), contacts: Vec::new() });
                }
                let hits = wanted.hits(conn, &typed).await?;
                Ok(Found {
                    conversations: wanted.conversations(conn, &hits).await?,
                    messages: wanted.messages(conn, &hits).await?,
                    contacts: wanted.contacts(conn, &hits).await?,
                })
            })
            .await?;
        messages::store::show_files(&ctx, &mut *ctx.read().await?, &mut found.messages).await?;
        Ok(found)
    }
}

/// What is searched, and for whom.
struct Wanted {
    space: Id,
    conversations: bool,
    messages: bool,
    contacts: bool,
    sight: Predicate,
    contact: Option<Id>,
    limit: i64,
}

/// The newest texts with the words, of each kind that is needed: each text with what it belongs to.
#[derive(Default)]
struct Hits {
    conversations: Vec<(Id, Option<Id>)>,
    messages: Vec<(Id, Option<Id>)>,
    notes: Vec<(Id, Option<Id>)>,
    contacts: Vec<(Id, Option<Id>)>,
}

impl Wanted {
    async fn hits(&self, conn: &mut Conn, typed: &search::Typed) -> Result<Hits> {
        let mut hits = Hits::default();
        if self.conversations {
            hits.conversations = typed.newest(conn, self.space, "conversation", false, MOST).await?;
        }
        if self.conversations || self.messages {
            hits.messages = typed.newest(conn, self.space, "message", false, MOST).await?;
        }
        if self.messages {
            hits.notes = typed.newest(conn, self.space, "message", true, MOST).await?;
        }
        if self.conversations || self.contacts {
            hits.contacts = typed.newest(conn, self.space, "contact", false, MOST).await?;
        }
        Ok(hits)
    }

    fn is_of_contact(&self) -> Predicate {
        match self.contact {
            Some(contact) => Predicate::of_ids("conversations.contact_id = ?", &[contact]),
            None => Predicate::everything(),
        }
    }

    async fn conversations(&self, conn: &mut Conn, hits: &Hits) -> Result<Vec<Conversation>> {
        if !self.conversations {
            return Ok(Vec::new());
        }
        let people: Vec<Id> = hits.contacts.iter().take(FEW).map(|(id, _)| *id).collect();
        let with_them: Vec<Id> = run!(conn, |c| conversations::table
            .filter(conversations::organization_id.eq(self.space).and(conversations::contact_id.eq_any(&people)))
            .order(conversations::id.desc())
            .limit(MOST)
            .select(conversations::id)
            .load(c))?;
        let themselves = hits.conversations.iter().map(|(id, _)| *id);
        let said_in = hits.messages.iter().filter_map(|(_, conversation)| *conversation);
        let mut found = Vec::new();
        for some in newest_first(themselves.chain(said_in).chain(with_them)).chunks(AT_ONCE) {
            let missing = self.limit - found.len() as i64;
            if missing <= 0 {
                break;
            }
            let more: Vec<Conversation> = run!(conn, |c| conversations::table
                .filter(conversations::organization_id.eq(self.space).and(conversations::deleted_at.is_null()))
                .filter(conversations::id.eq_any(some))
                .filter(self.is_of_contact())
                .filter(self.sight.clone())
                .order(conversations::id.desc())
                .limit(missing)
                .select(Conversation::as_select())
                .load(c))?;
            found.extend(more);
        }
        Ok(found)
    }

    async fn messages(&self, conn: &mut Conn, hits: &Hits) -> Result<Vec<Message>> {
        if !self.messages {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for some in newest_first(hits.messages.iter().chain(&hits.notes).map(|(id, _)| *id)).chunks(AT_ONCE) {
            let missing = self.limit - found.len() as i64;
            if missing <= 0 {
                break;
            }
            let more: Vec<Message> = run!(conn, |c| messages_table::table
                .inner_join(
                    conversations::table.on(conversations::organization_id
                        .eq(messages_table::organization_id)
                        .and(conversations::id.eq(messages_table::conversation_id)))
                )
                .filter(messages_table::organization_id.eq(self.space).and(conversations::deleted_at.is_null()))
                .filter(messages_table::id.eq_any(some))
                .filter(self.is_of_contact())
                .filter(self.sight.clone())
                .order(messages_table::id.desc())
                .limit(missing)
                .select(Message::as_select())
                .load(c))?;
            found.extend(more);
        }
        Ok(found)
    }

    async fn contacts(&self, conn: &mut Conn, hits: &Hits) -> Result<Vec<Contact>> {
        if !self.contacts {
            return Ok(Vec::new());
        }
        let mut found = newest_first(hits.contacts.iter().map(|(id, _)| *id));
        found.retain(|id| self.contact.is_none_or(|contact| contact == *id));
        found.truncate(self.limit as usize);
        let rows: Vec<ContactRow> = run!(conn, |c| contacts_table::table
            .filter(contacts_table::organization_id.eq(self.space).and(contacts_table::id.eq_any(&found)))
            .order(contacts_table::id.desc())
            .select(ContactRow::as_select())
            .load(c))?;
        contacts::store::with_identities(conn, self.space, rows).await
    }
}

/// Each of them once, the newest first.
fn newest_first(ids: impl Iterator<Item = Id>) -> Vec<Id> {
    let mut ids: Vec<Id> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids.reverse();
    ids
}
