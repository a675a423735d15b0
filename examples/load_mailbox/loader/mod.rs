//! From a mailbox to the API.

mod api;
mod mail;
mod source;
mod threads;
mod upload;

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use futures_util::stream::{self, StreamExt};

use api::Api;
use mail::Head;
use source::Place;

/// What to load, and where to.
pub struct Options {
    /// Where dotdesk listens.
    pub url: String,
    /// An API key.
    pub token: String,
    /// Addresses, or domains as in `@acme.com`, from which what is outbound comes.
    pub own: Vec<String>,
    /// The source of the channel.
    pub source: String,
    /// How many threads are loaded at the same time.
    pub at_once: usize,
}

/// Anything that ends the work on a mail, or on all of them.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// The result of a step.
pub type Result<T> = std::result::Result<T, Error>;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The mails that were found.
    pub mails: usize,
    /// Those that are in the mailbox more than once.
    pub duplicates: usize,
    /// The threads that they make.
    pub threads: usize,
    /// The mails that were stored.
    pub stored: usize,
    /// The mails that had been stored before.
    pub present: usize,
    /// The conversations that were begun.
    pub conversations: usize,
    /// The people who wrote what was stored.
    pub people: usize,
    /// The attachments that were stored.
    pub attachments: usize,
    /// What could not be loaded.
    pub failures: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("mails", self.mails),
            ("duplicates", self.duplicates),
            ("threads", self.threads),
            ("stored", self.stored),
            ("present", self.present),
            ("conversations", self.conversations),
            ("people", self.people),
            ("attachments", self.attachments),
            ("failures", self.failures),
        ];
        let lines: Vec<String> = lines.iter().map(|(name, count)| format!("{name:<14}{count}")).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// A mail that was found, with where it is.
pub struct Found {
    /// Where its bytes are.
    pub place: Place,
    /// What makes it part of a thread.
    pub head: Head,
}

/// What came of one thread.
#[derive(Default)]
struct Loaded {
    stored: usize,
    present: usize,
    is_new: bool,
    people: HashSet<String>,
    attachments: usize,
    failures: Vec<String>,
}

/// Loads everything at `path`. `failed` hears of what could not be loaded; only what makes it pointless to go on is an error.
pub async fn load(options: &Options, path: &Path, mut failed: impl FnMut(&str)) -> Result<Report> {
    let api = Api::new(options)?;
    let mut report = Report::default();
    let mut found: Vec<Found> = Vec::new();
    let mut seen = HashSet::new();
    for place in source::places(path)? {
        report.mails += 1;
        match place.read().and_then(|raw| Head::of(&raw, &place)) {
            Ok(head) if seen.insert(head.id.clone()) => found.push(Found { place, head }),
            Ok(_) => report.duplicates += 1,
            Err(error) => {
                report.failures += 1;
                failed(&format!("{place}: {error}"));
            }
        }
    }
    let threads = threads::of(found);
    report.threads = threads.len();
    let channel = api.channel(&options.source).await?;
    let loads = threads.into_iter().map(|thread| load_thread(&api, &channel, options, thread));
    let mut loads = stream::iter(loads).buffer_unordered(options.at_once);
    let mut people = HashSet::new();
    while let Some(loaded) = loads.next().await {
        let loaded = loaded?;
        report.stored += loaded.stored;
        report.present += loaded.present;
        report.conversations += usize::from(loaded.is_new);
        report.attachments += loaded.attachments;
        report.failures += loaded.failures.len();
        people.extend(loaded.people);
        loaded.failures.iter().for_each(|failure| failed(failure));
    }
    report.people = people.len();
    Ok(report)
}

/// Loads a thread, its mails in the order in which they were written.
async fn load_thread(api: &Api, channel: &str, options: &Options, thread: Vec<Found>) -> Result<Loaded> {
    let mut loaded = Loaded::default();
    let Some(name) = thread.first().map(|first| threads::name(&first.head)) else { return Ok(loaded) };
    let known = api.known(&name).await?;
    let mut is_there = known.is_some();
    let known = known.unwrap_or_default();
    for Found { place, head } in thread {
        let client_message_id = mail::shortened(&head.id, 128);
        if known.contains(&client_message_id) {
            loaded.present += 1;
            continue;
        }
        let mail = match place.read().and_then(|raw| mail::Mail::of(&raw, &head, &options.own)) {
            Ok(mail) => mail,
            Err(error) => {
                loaded.failures.push(format!("{place}: {error}"));
                continue;
            }
        };
        match api.store(channel, &name, &client_message_id, mail).await {
            Ok(stored) => {
                loaded.stored += 1;
                loaded.is_new |= !is_there;
                is_there = true;
                loaded.attachments += stored.attachments;
                loaded.people.extend(stored.writer);
                loaded.failures.extend(stored.left_out.into_iter().map(|what| format!("{place}: {what}")));
            }
            Err(error) if api::refused(&error).is_some() => loaded.failures.push(format!("{place}: {error}")),
            Err(error) => return Err(error),
        }
    }
    Ok(loaded)
}
