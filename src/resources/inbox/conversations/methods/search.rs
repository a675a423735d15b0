use diesel::expression::IntoSql;
use diesel::sql_types::Bool;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arguments;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Access, Area, Context, Int, Kind, List, Method, Name, Output, Policy, Rate, Result, Scope};
use crate::query::{Asker, Predicate, search, words};
use crate::resources::crm::contacts::{self, Contact, ContactRow};
use crate::resources::inbox::conversations::fields::FIELDS;
use crate::resources::inbox::conversations::{Conversation, visibility::Sight};
use crate::resources::inbox::messages::{self, Message};
use crate::schema::{contacts as contacts_table, conversations, messages as messages_table, search_words};
use crate::{run, text_enum};

/// How many hits of each kind are answered when the request does not say.
const DEFAULT_LIMIT: i64 = 20;

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
    /// What has all the words is found, newest first; the last word may be the beginning of one. Only what the caller sees is found:
    /// messages with the scope messages:read, contacts with contacts:read.
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
            conversations: wants(SearchType::Conversation).then(|| all_words(&ctx, &self.query)).flatten(),
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

/// The conversations in which all these words are. `None` if the words are more than a query takes: then nothing has them all.
fn all_words(ctx: &Context, text: &str) -> Option<Predicate> {
    let mut terms: Vec<String> = words::tokens(text).into_iter().map(|word| format!("\"{word}\"")).collect();
    if text.ends_with(char::is_alphanumeric)
        && let Some(last) = terms.last_mut()
    {
        *last = format!("{}*", last.trim_matches('"'));
    }
    let asker = Asker::of(ctx);
    FIELDS.check(&terms.join(" AND "), &asker).ok().map(|query| query.predicate())
}

struct Words {
    space: Id,
    text: String,
    conversations: Option<Predicate>,
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
        let Some(passing) = &self.conversations else { return Ok(Vec::new()) };
        Ok(run!(conn, |c| conversations::table
            .filter(conversations::organization_id.eq(self.space).and(conversations::deleted_at.is_null()))
            .filter(passing.clone())
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
        let found = |is_private| search::found(self.space, "message", is_private, &self.text);
        Ok(run!(conn, |c| messages_table::table
            .inner_join(
                conversations::table.on(conversations::organization_id
                    .eq(messages_table::organization_id)
                    .and(conversations::id.eq(messages_table::conversation_id)))
            )
            .filter(messages_table::organization_id.eq(self.space).and(conversations::deleted_at.is_null()))
            .filter(
                messages_table::id.eq_any(
                    search_words::table
                        .filter(search_words::organization_id.eq(self.space))
                        .filter(Predicate::any([found(false), found(true)]))
                        .select(search_words::id)
                )
            )
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
        let (any, contact) = (self.contact.is_none(), self.contact.unwrap_or(Id::NIL));
        let rows: Vec<ContactRow> = run!(conn, |c| contacts_table::table
            .filter(contacts_table::organization_id.eq(self.space))
            .filter(search::typed(self.space, "contacts", "contact", &self.text))
            .filter(any.into_sql::<Bool>().or(contacts_table::id.eq(contact)))
            .order(contacts_table::id.desc())
            .limit(self.limit)
            .select(ContactRow::as_select())
            .load(c))?;
        contacts::store::with_identities(conn, self.space, rows).await
    }
}
