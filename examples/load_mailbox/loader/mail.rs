//! What a mail says.

use mail_parser::{Address, HeaderValue, Message, MessageParser, MimeHeaders, PartType};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Result;
use super::source::Place;

/// The most characters of a text and of HTML that a message takes; what is longer is attached as a whole.
const MOST: (usize, usize) = (100_000, 500_000);

/// What makes a mail part of a thread.
#[derive(Clone, Debug)]
pub struct Head {
    /// Its Message-ID; one that has none is known by its bytes.
    pub id: String,
    /// The mails that it refers to, the oldest first.
    pub references: Vec<String>,
    /// What it is about, without what replies put before it.
    pub subject: String,
    /// Whether it says of itself that it is a reply.
    pub is_reply: bool,
    /// When it was written, in seconds since 1970.
    pub at: i64,
}

/// A mail.
pub struct Mail {
    /// Who wrote it: address and name.
    pub from: Person,
    /// Whether it comes from one of our own addresses.
    pub is_outbound: bool,
    /// Whom the conversation is held with, if it begins with this mail.
    pub with: Person,
    /// The addresses it went to, and those that got copies.
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    /// What it says.
    pub subject: Option<String>,
    pub text: Option<String>,
    pub html: Option<String>,
    /// When it was written, in RFC 3339.
    pub at: String,
    /// What else is worth keeping.
    pub metadata: Value,
    /// Its Message-ID.
    pub message_id: String,
    /// What came with it.
    pub attachments: Vec<Attached>,
}

/// Somebody who writes mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The address, in lower case.
    pub address: String,
    /// The name, if it was given.
    pub name: Option<String>,
}

/// A file that came with a mail.
pub struct Attached {
    /// What it is called.
    pub name: String,
    /// What it holds.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Head {
    /// Reads what makes a mail part of a thread.
    pub fn of(raw: &[u8], place: &Place) -> Result<Self> {
        let mail = MessageParser::default().parse(raw).ok_or("this is no mail")?;
        if mail.from().is_none() && mail.date().is_none() && mail.subject().is_none() {
            return Err(format!("this is no mail: {place} has neither From, Date nor Subject").into());
        }
        let id = mail.message_id().map(clean).filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| format!("sha256:{}", hex(&Sha256::digest(raw))));
        let mut references = ids(mail.references());
        for other in ids(mail.in_reply_to()) {
            if !references.contains(&other) {
                references.push(other);
            }
        }
        references.retain(|other| *other != id);
        let full = mail.subject().unwrap_or_default();
        let (subject, is_reply) = base_subject(full);
        Ok(Self { id, references, subject, is_reply, at: time(&mail) })
    }
}

impl Mail {
    /// Reads a mail; `own` are our own addresses and domains.
    pub fn of(raw: &[u8], head: &Head, own: &[String]) -> Result<Self> {
        let mail = MessageParser::default().parse(raw).ok_or("this is no mail")?;
        let from = people(mail.from()).into_iter().chain(people(mail.sender())).next().ok_or("nobody has sent it")?;
        let (to, cc, bcc) = (people(mail.to()), people(mail.cc()), people(mail.bcc()));
        let is_own = |person: &Person| {
            own.iter()
                .map(|own| own.to_lowercase())
                .any(|own| if own.starts_with('@') { person.address.ends_with(&own) } else { person.address == own })
        };
        let is_outbound = is_own(&from);
        let with = match is_outbound {
            false => from.clone(),
            true => {
                let outside = to.iter().chain(&cc).chain(&bcc).find(|person| !is_own(person));
                outside.or(to.first()).cloned().ok_or("it was sent to nobody")?
            }
        };
        let mut mail = Self {
            is_outbound,
            with,
            from,
            to: addresses(&to),
            cc: addresses(&cc),
            bcc: addresses(&bcc),
            subject: mail.subject().map(|subject| cut(&clean(subject), 998)).filter(|subject| !subject.is_empty()),
            text: body(&mail, &mail.text_body, false),
            html: body(&mail, &mail.html_body, true),
            at: rfc3339(head.at),
            metadata: metadata(&mail, head),
            message_id: head.id.clone(),
            attachments: attached(&mail),
        };
        mail.keep_what_is_long();
        Ok(mail)
    }

    /// Attaches as a whole what is too long for a message.
    fn keep_what_is_long(&mut self) {
        if let Some(text) = self.text.take_if(|text| text.chars().count() > MOST.0) {
            self.text = Some(cut(&text, MOST.0));
            self.attach("text.txt", "text/plain", text);
        }
        if let Some(html) = self.html.take_if(|html| html.chars().count() > MOST.1) {
            self.attach("message.html", "text/html", html);
        }
        if self.text.is_none() && self.html.is_none() && self.attachments.is_empty() {
            self.text = Some(self.subject.clone().unwrap_or_else(|| "(empty)".into()));
        }
    }

    fn attach(&mut self, name: &str, content_type: &str, content: String) {
        let (name, content_type) = (name.to_owned(), content_type.to_owned());
        self.attachments.push(Attached { name, content_type, bytes: content.into_bytes() });
    }
}

/// A text of at most so many bytes that stands for this one: itself, or a digest of it.
pub fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most { text.to_owned() } else { format!("sha256:{}", hex(&Sha256::digest(text))) }
}

/// The text, or the HTML, in some parts of a mail.
fn body(mail: &Message<'_>, parts: &[u32], wants_html: bool) -> Option<String> {
    let parts = parts.iter().filter_map(|id| mail.parts.get(*id as usize));
    let texts: Vec<String> = parts
        .filter_map(|part| match &part.body {
            PartType::Text(text) if !wants_html => Some(clean(text)),
            PartType::Html(html) if wants_html => Some(clean(html)),
            _ => None,
        })
        .collect();
    let whole = texts.join("\n");
    (!whole.trim().is_empty()).then_some(whole)
}

fn attached(mail: &Message<'_>) -> Vec<Attached> {
    let attachments = mail.attachments().enumerate().map(|(index, part)| {
        let content_type = part.content_type().map(|kind| match kind.subtype() {
            Some(sub) => format!("{}/{sub}", kind.ctype()).to_lowercase(),
            None => String::new(),
        });
        let is_mail = matches!(part.body, PartType::Message(_));
        let fallback = if is_mail { "message/rfc822" } else { "application/octet-stream" };
        let content_type = content_type.filter(|kind| is_media_type(kind)).unwrap_or_else(|| fallback.into());
        let name = part.attachment_name().map(|name| cut(clean(name).trim(), 200)).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| format!("part-{}{}", index + 1, if is_mail { ".eml" } else { "" }));
        Attached { name, content_type, bytes: part.contents().to_vec() }
    });
    attachments.filter(|file| !file.bytes.is_empty()).collect()
}

fn is_media_type(text: &str) -> bool {
    let is_token = |token: &str| {
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.split_once('/').is_some_and(|(kind, sub)| text.len() <= 100 && is_token(kind) && is_token(sub))
}

fn metadata(mail: &Message<'_>, head: &Head) -> Value {
    let mut kept = json!({ "message_id": cut(&head.id, 998) });
    for (name, header) in [("list_id", "List-Id"), ("mailer", "X-Mailer")] {
        if let Some(HeaderValue::Text(text)) = mail.header(header) {
            kept[name] = json!(cut(&clean(text), 255));
        }
    }
    json!({ "mail": kept })
}

fn people(addresses: Option<&Address<'_>>) -> Vec<Person> {
    let each = addresses.into_iter().flat_map(|addresses| addresses.iter());
    each.filter_map(|one| {
        let address = clean(one.address()?).trim().to_lowercase();
        let name = one.name().map(|name| cut(clean(name).trim(), 200)).filter(|name| !name.is_empty());
        (!address.is_empty()).then_some(Person { address, name })
    })
    .collect()
}

fn addresses(people: &[Person]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for person in people {
        if !all.contains(&person.address) && all.len() < 100 {
            all.push(person.address.clone());
        }
    }
    all
}

fn ids(header: &HeaderValue<'_>) -> Vec<String> {
    let ids: Vec<String> = match header {
        HeaderValue::Text(id) => vec![clean(id)],
        HeaderValue::TextList(ids) => ids.iter().map(|id| clean(id)).collect(),
        _ => Vec::new(),
    };
    ids.into_iter().filter(|id| !id.is_empty()).collect()
}

/// What a mail is about, in lower case and without "Re:" and the like, and whether there was such a thing.
fn base_subject(subject: &str) -> (String, bool) {
    let mut rest = clean(subject).trim().to_lowercase();
    let mut is_reply = false;
    loop {
        let before = rest.clone();
        if let Some(after) = rest.strip_prefix('[').and_then(|tag| tag.split_once(']')).map(|(_, after)| after) {
            rest = after.trim().to_owned();
        }
        for prefix in ["re:", "aw:", "sv:", "antw:", "fwd:", "fw:"] {
            if let Some(after) = rest.strip_prefix(prefix) {
                is_reply |= !prefix.starts_with('f');
                rest = after.trim().to_owned();
            }
        }
        if rest == before {
            return (rest, is_reply);
        }
    }
}

/// When a mail was written; where its own date cannot be, when it was received.
fn time(mail: &Message<'_>) -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64);
    let received = mail.received().and_then(|received| received.date()).map(|date| date.to_timestamp());
    let written = mail.date().filter(|date| date.is_valid()).map(|date| date.to_timestamp());
    let possible = [written, received].into_iter().flatten().find(|at| (1..=now).contains(at));
    possible.unwrap_or(0)
}

fn rfc3339(seconds: i64) -> String {
    mail_parser::DateTime::from_timestamp(seconds).to_rfc3339()
}

/// Without characters that are nowhere text.
fn clean(text: &str) -> String {
    text.replace('\0', "")
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
