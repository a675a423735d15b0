//! A desk that has been in use for years, made from a seed: the same on every run, and written straight into the database, since a
//! million calls would take an hour.

use std::time::{Duration, Instant};

use dotdesk::db::prelude::*;
use dotdesk::db::{Db, Fault, Id, Ids, Options, Timestamp, Transaction};
use dotdesk::query::search::{Entry, Row};
use dotdesk::query::words;
use dotdesk::resources::crm::contacts::{self, Contact, ContactRow, Identity, IdentityType};
use dotdesk::resources::inbox::conversations::{self, Conversation, Status};
use dotdesk::resources::inbox::messages::{self, Message};
use dotdesk::schema;
use dotdesk::{run, run_each};

use crate::Result;

/// How many rows one transaction writes, about.
const BATCH: usize = 1000;
/// When the first conversation began.
const START: i64 = 1_700_000_000_000;

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Contacts.
    pub contacts: usize,
    /// Conversations, each with one of the contacts.
    pub conversations: usize,
    /// Messages, spread over the conversations.
    pub messages: usize,
}

/// What was made, as far as the measuring needs it.
pub struct Dataset {
    /// Some of the contacts.
    pub contacts: Vec<Id>,
    /// Some of the conversations.
    pub conversations: Vec<Id>,
    /// How long it took.
    pub time: Duration,
}

/// Chance from a seed: SplitMix64 (Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words.get(self.below(words.len())).copied().unwrap_or_default()
    }

    /// Whether something that happens `percent` times in a hundred happens.
    fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

const FIRST: &[&str] =
    &["Ada", "Bruno", "Carla", "Dmitri", "Esther", "Finn", "Grace", "Hiro", "Ines", "Jonas", "Kwame", "Lena"];
const LAST: &[&str] =
    &["Lovelace", "Conti", "Nguyen", "Aalto", "Mbeki", "Castellano", "Yamada", "Okafor", "Lindqvist", "Petrov"];
/// The words that people write; the later ones are rare.
const COMMON: &[&str] = &[
    "the", "order", "please", "thanks", "hello", "when", "delivery", "today", "would", "like", "know", "about", "my",
    "is", "it", "still", "waiting", "for", "parcel", "can", "you", "help", "with", "this", "account", "address",
    "change", "need", "new",
];
const RARE: &[&str] = &["refund", "invoice", "damaged", "warranty", "lawyer", "catalogue", "subscription", "password"];
/// Sources, and how many in a hundred conversations come from each.
pub const SOURCES: &[(&str, usize)] = &[("twilio.sms", 25), ("acme.sms", 5), ("web.form", 40), ("google.places", 30)];

fn sentence(chance: &mut Chance) -> String {
    let mut words: Vec<String> = (0..6 + chance.below(18)).map(|_| chance.of(COMMON).to_owned()).collect();
    if chance.happens(4) {
        words.push(chance.of(RARE).to_owned());
    }
    if chance.happens(10) {
        words.push(format!("nr{}", chance.below(100_000)));
    }
    words.join(" ")
}

/// What all that is made is a variation of: one of each, made by calls.
pub struct Templates {
    /// The organization.
    pub organization: Id,
    /// A contact.
    pub contact: Id,
    /// A conversation with them.
    pub conversation: Id,
    /// The message that it began with.
    pub message: Id,
    /// The channels, in the order of [`SOURCES`].
    pub channels: Vec<Id>,
}

/// Fills the database of an organization.
pub async fn fill(url: &str, templates: Templates, size: Size) -> Result<Dataset> {
    let started = Instant::now();
    let db = Db::connect(Options { url: url.into(), max_connections: 1, synchronous: "off".into() }).await?;
    let mut maker = Maker { db, ids: Ids::random(), chance: Chance(42), templates };
    let contacts = maker.contacts(size.contacts).await?;
    let conversations = maker.conversations(&contacts, size).await?;
    Ok(Dataset { contacts: some_of(&contacts), conversations: some_of(&conversations), time: started.elapsed() })
}

/// A thousand, evenly spread.
fn some_of(ids: &[Id]) -> Vec<Id> {
    ids.iter().step_by((ids.len() / 1000).max(1)).copied().collect()
}

struct Maker {
    db: Db,
    ids: Ids,
    chance: Chance,
    templates: Templates,
}

impl Maker {
    async fn contacts(&mut self, count: usize) -> Result<Vec<Id>> {
        let space = self.templates.organization;
        let found = contacts::store::find(&mut *self.db.read().await?, space, self.templates.contact).await;
        let template = found.map_err(|error| format!("{error:?}"))?.ok_or("there is no contact to copy")?;
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            let from = ids.len();
            let batch: Vec<_> = (from..count.min(from + BATCH)).map(|n| self.contact(&template, n)).collect();
            ids.extend(batch.iter().map(|(contact, _)| contact.id));
            write(&self.db, batch, async |tx, batch: &Vec<_>| {
                run_each!(tx, batch, |c, row| diesel::insert_into(schema::contacts::table)
                    .values((&row.0, schema::contacts::words.eq(words::of([("name", row.0.name.as_deref())]))))
                    .execute(c))?;
                run_each!(tx, batch, |c, row| diesel::insert_into(schema::contact_identities::table)
                    .values((&row.1, schema::contact_identities::likeness.eq(&row.1.value)))
                    .execute(c))
            })
            .await?;
        }
        Ok(ids)
    }

    fn contact(&mut self, template: &Contact, n: usize) -> (ContactRow, Identity) {
        let at = Timestamp::from_millis(START + n as i64);
        let (first, last) = (self.chance.of(FIRST), self.chance.of(LAST));
        let email = format!("{first}.{last}.{n}@mail.example").to_lowercase();
        let id = self.ids.next(at);
        let row = ContactRow {
            id,
            name: Some(format!("{first} {last}")),
            email: Some(email.clone()),
            external_id: Some(format!("crm-{n}")),
            created_at: at,
            updated_at: at,
            ..template.row.clone()
        };
        let identity = Identity {
            organization_id: row.organization_id,
            id: self.ids.next(at),
            contact_id: id,
            kind: IdentityType::Email,
            value: email,
            is_primary: true,
            verified_at: None,
        };
        (row, identity)
    }

    async fn conversations(&mut self, contacts: &[Id], size: Size) -> Result<Vec<Id>> {
        let space = self.templates.organization;
        let mut conn = self.db.read().await?;
        let found = conversations::store::find(&mut conn, space, self.templates.conversation).await;
        let template = found.map_err(|error| format!("{error:?}"))?.ok_or("there is no conversation to copy")?;
        let found = messages::store::find(&mut conn, space, self.templates.message).await;
        let said = found.map_err(|error| format!("{error:?}"))?.ok_or("there is no message to copy")?;
        drop(conn);
        let each = size.messages / size.conversations.max(1);
        let mut ids = Vec::with_capacity(size.conversations);
        while ids.len() < size.conversations {
            let from = ids.len();
            let to = size.conversations.min(from + (BATCH / each.max(1)).max(1));
            let batch: Vec<_> = (from..to).map(|n| self.conversation(&template, &said, contacts, n, each)).collect();
            ids.extend(batch.iter().map(|(conversation, _)| conversation.id));
            write(&self.db, batch, async |tx, batch: &Vec<(Conversation, Vec<Message>)>| {
                run_each!(tx, batch, |c, row| diesel::insert_into(schema::conversations::table)
                    .values((&row.0, schema::conversations::words.eq(row.0.words())))
                    .execute(c))?;
                let messages: Vec<&Message> = batch.iter().flat_map(|(_, messages)| messages).collect();
                run_each!(tx, messages, |c, row| diesel::insert_into(schema::messages::table)
                    .values((*row, schema::messages::words.eq(row.words())))
                    .execute(c))?;
                let found: Vec<Row> = messages.iter().filter_map(|message| found_by(message)).collect();
                run_each!(tx, found, |c, row| diesel::insert_into(schema::search_words::table).values(row).execute(c))
            })
            .await?;
        }
        let next = size.conversations as i64 + 1;
        write(&self.db, (space, next), async |tx, (space, next): &(Id, i64)| {
            run!(tx, |c| diesel::update(schema::counters::table.find((*space, "conversation")))
                .set(schema::counters::value.eq(*next))
                .execute(c))
            .map(|_| ())
        })
        .await?;
        Ok(ids)
    }

    /// A conversation and its messages: one in ten is open, a third of these has something unread.
    fn conversation(
        &mut self,
        template: &Conversation,
        said: &Message,
        contacts: &[Id],
        n: usize,
        messages: usize,
    ) -> (Conversation, Vec<Message>) {
        let at = START + 1_000_000 + n as i64 * 60_000;
        let lot = self.chance.below(100);
        let mut sum = 0;
        let source = SOURCES.iter().position(|(_, share)| {
            sum += share;
            lot < sum
        });
        let source = source.unwrap_or_default();
        let is_open = self.chance.happens(10);
        let mut conversation = Conversation {
            id: self.ids.next(Timestamp::from_millis(at)),
            number: n as i64 + 2,
            contact_id: contacts.get(self.chance.below(contacts.len())).copied().unwrap_or_default(),
            channel_id: self.templates.channels.get(source).copied().unwrap_or_default(),
            source: SOURCES.get(source).map(|(source, _)| (*source).to_owned()).unwrap_or_default(),
            subject: Some(sentence(&mut self.chance)),
            status: if is_open { Status::Open } else { Status::Closed },
            message_count: 0,
            last_message_at: None,
            created_at: Timestamp::from_millis(at),
            updated_at: Timestamp::from_millis(at),
            ..template.clone()
        };
        conversation.details.last_message = None;
        let messages: Vec<Message> = (0..messages)
            .map(|k| {
                let at = Timestamp::from_millis(at + k as i64 * 1000);
                let message = Message {
                    id: self.ids.next(at),
                    conversation_id: conversation.id,
                    text: Some(sentence(&mut self.chance)),
                    client_message_id: None,
                    created_at: at,
                    updated_at: at,
                    ..said.clone()
                };
                conversation.take_note_of(&message);
                message
            })
            .collect();
        let unread = if is_open && self.chance.happens(33) { 1 + self.chance.below(3) } else { 0 };
        conversation.set_unread(unread as i32);
        (conversation, messages)
    }
}

/// By what a message is found.
fn found_by(message: &Message) -> Option<Row> {
    let entry = Entry {
        kind: "message",
        id: message.id,
        parent: Some(message.conversation_id),
        is_private: false,
        words: words::fold(message.text.as_deref()?),
    };
    // As the server numbers them: by the millisecond, and no two of ours are of the same one.
    let row = message.created_at.millis() << 15;
    Some(Row::new(message.organization_id, entry, row))
}

/// Writes a batch in one transaction.
async fn write<T, F>(db: &Db, rows: T, work: F) -> Result<()>
where
    T: Send + 'static,
    F: AsyncFn(&mut Transaction, &T) -> diesel::QueryResult<()> + Send + 'static,
{
    let deadline = Instant::now() + Duration::from_secs(60);
    db.write(deadline, async move |tx: &mut Transaction| -> std::result::Result<(), Fault> {
        Ok(work(tx, &rows).await?)
    })
    .await?;
    Ok(())
}
