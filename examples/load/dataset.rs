//! A desk that has been in use for years, made from a seed: the same on every run, and written straight into the database, since a
//! million calls would take an hour.

use std::time::{Duration, Instant};

use dotdesk::db::prelude::*;
use dotdesk::db::{Db, Fault, Id, Ids, Json, Options, Timestamp, Transaction};
use dotdesk::query::words;
use dotdesk::resources::inbox::conversations::{Conversation, Details, Handler, Priority, Status};
use dotdesk::resources::inbox::messages::{self, Author, AuthorKind, AuthorType, Direction, Message};
use dotdesk::resources::inbox::messages::{MessageKind, MessageStatus, Visibility};
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
    /// The source channels.
    pub channels: Vec<Id>,
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

const FIRST: &[&str] = &["Ada", "Bruno", "Carla", "Dmitri", "Esther", "Finn", "Grace", "Hiro", "Ines", "Jonas", "Kwame", "Lena"];
const LAST: &[&str] = &["Lovelace", "Conti", "Nguyen", "Aalto", "Mbeki", "Castellano", "Yamada", "Okafor", "Lindqvist", "Petrov"];
/// The words that people write; the later ones are rare.
const COMMON: &[&str] = &[
    "the", "order", "please", "thanks", "hello", "when", "delivery", "today", "would", "like", "know", "about", "my", "is", "it",
    "still", "waiting", "for", "parcel", "can", "you", "help", "with", "this", "account", "address", "change", "need", "new",
];
const RARE: &[&str] = &["refund", "invoice", "damaged", "warranty", "lawyer", "catalogue", "subscription", "password"];
/// Sources, and how many in a hundred conversations come from each.
const SOURCES: &[(&str, usize)] = &[("twilio.sms", 25), ("acme.sms", 5), ("web.form", 40), ("google.places", 30)];

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

/// Fills the database of an organization.
pub async fn fill(url: &str, organization: Id, user: Id, size: Size) -> Result<Dataset> {
    let started = Instant::now();
    let db = Db::connect(Options { url: url.into(), max_connections: 1, synchronous: "off".into() }).await?;
    let ids = Ids::random();
    let mut chance = Chance(42);
    let mut maker = Maker { organization, user, number: 0, ids: &ids, chance: &mut chance };
    let channels = maker.channels(&db).await?;
    let contacts = maker.contacts(&db, size.contacts).await?;
    let conversations = maker.conversations(&db, &channels, &contacts, size).await?;
    settle(&db).await?;
    Ok(Dataset {
        contacts: contacts.into_iter().step_by((size.contacts / 1000).max(1)).collect(),
        conversations: conversations.into_iter().step_by((size.conversations / 1000).max(1)).collect(),
        channels: channels.into_iter().map(|(id, _)| id).collect(),
        time: started.elapsed(),
    })
}
