//! The conversation that a message goes into: a given one, or the one of a contact on a channel, which begins with the message if
//! there is none.

use serde_json::{Map, Value, json};

use super::author;
use super::model::{Author, Message, Visibility};
use super::store;
use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{Code, Error, Name, Result, Tx, Words};
use crate::resources::account::organizations;
use crate::resources::channels::channels::{self, Channel, ChannelType};
use crate::resources::crm::contacts::store::{Counted, KnownBy};
use crate::resources::crm::contacts::{self, IdentityKey, IdentityType};
use crate::resources::inbox::conversations::open::{Opening, open};
use crate::resources::inbox::conversations::people::{self, Part};
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::visibility::Sight;
use crate::resources::inbox::conversations::{self, CloseReason, Conversation, Details, Handler, Status, assignment};

arguments! {
    /// A contact by what they are known by: an id in your own system, or an address, number or account. A contact who is not known yet
    /// is created.
    pub struct ContactKnownBy {
        /// The contact's id in your system; or else `type` and `value`.
        pub external_id: Option<Name<255>>,
        /// Where the contact is known by `value`.
        #[serde(rename = "type")]
        pub kind: Option<IdentityType>,
        /// The address, number or account.
        pub value: Option<Name<320>>,
        /// The name, for a contact who has none yet.
        pub name: Option<Words<200>>,
    }
}

impl ContactKnownBy {
    /// What to look the contact up by. `pointer` is the argument.
    pub fn known_by(&self, pointer: &str) -> Result<KnownBy> {
        match (&self.external_id, self.kind, &self.value) {
            (Some(id), None, None) => Ok(KnownBy::ExternalId(id.to_string())),
            (None, Some(kind), Some(value)) => IdentityKey::new(kind, value)
                .map(KnownBy::Identity)
                .map_err(|expected| Error::argument(format!("{pointer}/value"), "format", expected)),
            _ => Err(Error::argument(pointer, "required", "give external_id, or type and value")),
        }
    }
}

/// Where a message goes, as the arguments say it.
pub enum Address {
    /// Into a conversation.
    Conversation(Id),
    /// To, or from, a contact.
    Contact(With),
}

/// Which conversation with a contact.
pub struct With {
    /// The contact.
    pub whom: Whom,
    /// The channel; the organization's default API channel if none is named.
    pub channel: Option<Id>,
    /// What the conversation is called in another system; if that is not known, it is the one that goes on.
    pub external_id: Option<String>,
    /// What a new conversation is about.
    pub subject: Option<String>,
    /// When a new conversation began.
    pub began: Timestamp,
    /// Whether a new conversation is brought in from elsewhere.
    pub is_imported: bool,
}

/// Which contact.
pub enum Whom {
    /// One that is there.
    Known(Id),
    /// One that may have to be created.
    KnownBy(KnownBy, Option<String>),
}

/// The arguments that say where a message goes.
#[derive(Clone, Copy)]
pub struct Named<'a> {
    /// `conversation_id`.
    pub conversation: Option<Id>,
    /// `conversation_external_id`.
    pub external_id: Option<&'a str>,
    /// `contact_id`.
    pub contact_id: Option<Id>,
    /// `contact`.
    pub contact: Option<&'a ContactKnownBy>,
    /// `channel_id`.
    pub channel: Option<Id>,
    /// `subject`.
    pub subject: Option<&'a str>,
}

impl Address {
    /// Reads the arguments.
    pub fn of(named: Named<'_>, began: Timestamp, is_imported: bool) -> Result<Self> {
        let not_allowed = |pointer: &str, message: &str| Err(Error::argument(pointer, "not_allowed", message));
        let whom = match (named.contact_id, named.contact) {
            (Some(_), Some(_)) => return not_allowed("/contact", "give contact_id or contact, not both"),
            (Some(id), None) => Some(Whom::Known(id)),
            (None, Some(contact)) => {
                Some(Whom::KnownBy(contact.known_by("/contact")?, contact.name.as_deref().map(str::to_owned)))
            }
            (None, None) => None,
        };
        match (named.conversation, whom) {
            (Some(_), Some(_)) => not_allowed("/conversation_id", "give a conversation or a contact, not both"),
            (Some(_), None) if named.channel.is_some() => {
                not_allowed("/channel_id", "a conversation has a channel already")
            }
            (Some(_), None) if named.external_id.is_some() => {
                not_allowed("/conversation_external_id", "give conversation_id, or this with a contact")
            }
            (Some(id), None) => Ok(Self::Conversation(id)),
            (None, Some(whom)) => Ok(Self::Contact(With {
                whom,
                channel: named.channel,
                external_id: named.external_id.map(str::to_owned),
                subject: named.subject.map(str::to_owned),
                began,
                is_imported,
            })),
            (None, None) => {
                Err(Error::argument("/conversation_id", "required", "give a conversation, or a contact and a channel"))
            }
        }
    }
}

impl Whom {
    /// The contact's id; who is not there yet and may be created, is.
    async fn find(&self, tx: &mut Tx<'_>, at: Timestamp) -> Result<Id> {
        let space = tx.space();
        match self {
            Self::Known(id) => Ok(contacts::store::require(tx, "/contact_id", *id).await?.id),
            Self::KnownBy(known_by, name) => {
                let found = match known_by {
                    KnownBy::Identity(key) => contacts::store::by_identity(tx, space, key).await?,
                    KnownBy::ExternalId(id) => contacts::store::by_external_id(tx, space, id).await?,
                };
                match found {
                    Some(id) if name.is_none() => Ok(id),
                    _ => Ok(contacts::store::identify(tx, known_by, name.as_deref(), at).await?.id),
                }
            }
        }
    }
}

/// A conversation, locked, with what becomes of it by a message.
pub struct Thread {
    /// As it was; `None` if it begins with the message.
    before: Option<Conversation>,
    /// As it will be.
    pub conversation: Conversation,
    /// The contact who was named with the message, who need not be the one that the conversation is held with.
    writer: Option<Id>,
    /// What happened to it besides the message, and the event by which that is announced.
    happened: Option<(Happening, &'static str, Value)>,
}

impl Thread {
    /// A conversation that is locked already.
    pub fn of(conversation: Conversation) -> Self {
        Self { before: Some(conversation.clone()), conversation, writer: None, happened: None }
    }

    /// A conversation that is not stored yet: it begins with the message.
    pub fn beginning(conversation: Conversation) -> Self {
        Self { before: None, conversation, writer: None, happened: None }
    }

    /// A conversation within the caller's sight.
    pub async fn seen(tx: &mut Tx<'_>, id: Id) -> Result<Self> {
        let found = conversations::store::lock_seen(tx, id).await?;
        found.map(Self::of).ok_or_else(Error::not_found::<Conversation>)
    }

    /// The conversation for something that is said to a contact: a given one, or the one that goes on with the contact on the channel;
    /// else a new one.
    pub async fn outbound(tx: &mut Tx<'_>, address: Address) -> Result<Self> {
        let with = match address {
            Address::Conversation(id) => return Self::seen(tx, id).await,
            Address::Contact(with) => with,
        };
        let channel = channel_of(tx, with.channel).await?;
        let contact = with.whom.find(tx, with.began).await?;
        let found = match &with.external_id {
            Some(external_id) => by_external_id(tx, contact, external_id).await?,
            None => match going_on(tx, contact, &channel).await? {
                Some(found) => Some(found),
                // Whoever else is about to begin a conversation with the contact waits here, and then finds this one.
                None => {
                    contacts::store::lock(tx, contact).await?;
                    going_on(tx, contact, &channel).await?
                }
            },
        };
        if let Some(found) = found {
            let ctx = tx.ctx().clone();
            let sight = Sight::of(&ctx, tx).await?;
            if sight.sees(tx, &found).await? {
                return Ok(Self { writer: Some(contact), ..Self::of(found) });
            }
            if with.external_id.is_some() {
                return Err(Error::not_found::<Conversation>());
            }
        }
        Self::begin(tx, contact, &channel, with).await
    }

    /// The conversation for something that a contact says: a given one, the one that goes on with the contact on the channel, or one
    /// that was closed a short time ago; else a new one. `client_message_id` is looked for in one that was closed long ago too.
    pub async fn inbound(tx: &mut Tx<'_>, address: Address, client_message_id: Option<&str>) -> Result<Self> {
        let with = match address {
            Address::Conversation(id) => return Self::seen(tx, id).await?.moved_on(tx).await,
            Address::Contact(with) => with,
        };
        let channel = channel_of(tx, with.channel).await?;
        let contact = with.whom.find(tx, with.began).await?;
        let thread = match &with.external_id {
            Some(external_id) => match by_external_id(tx, contact, external_id).await? {
                Some(found) => Self::of(found).moved_on(tx).await?,
                None => Self::begin(tx, contact, &channel, with).await?,
            },
            None => match Self::with_contact(tx, contact, &channel, client_message_id).await? {
                Some(thread) => thread,
                None => Self::begin(tx, contact, &channel, with).await?,
            },
        };
        Ok(Self { writer: Some(contact), ..thread })
    }

    /// The conversation that goes on with a contact on a channel, or goes on now that the contact writes.
    async fn with_contact(
        tx: &mut Tx<'_>,
        contact: Id,
        channel: &Channel,
        client_message_id: Option<&str>,
    ) -> Result<Option<Self>> {
        if let Some(going_on) = going_on(tx, contact, channel).await? {
            return Ok(Some(Self::of(going_on)));
        }
        // Whoever else is about to begin a conversation with the contact waits here, and then finds this one.
        let locked = contacts::store::lock(tx, contact).await?;
        if let Some(going_on) = going_on(tx, contact, channel).await? {
            return Ok(Some(Self::of(going_on)));
        }
        let space = tx.space();
        let Some(closed) = store::latest_closed(tx, space, contact, channel.id).await? else { return Ok(None) };
        let Some(closed) = conversations::store::lock(tx, closed).await? else { return Ok(None) };
        let is_the_place = match client_message_id {
            Some(id) => store::by_client_id(tx, space, closed.id, id).await?.is_some(),
            None => false,
        };
        let is_blocked = locked.is_some_and(|contact| contact.is_blocked);
        if is_the_place || is_blocked || is_fresh(tx, &closed).await? {
            return Ok(Some(Self::of(closed).moved_on(tx).await?));
        }
        Ok(None)
    }

    /// A new conversation.
    async fn begin(tx: &mut Tx<'_>, contact: Id, channel: &Channel, with: With) -> Result<Self> {
        let space = tx.space();
        let company_id = contacts::store::find(tx, space, contact).await?.and_then(|contact| contact.company_id);
        let opening = Opening {
            contact_id: contact,
            company_id,
            channel_id: channel.id,
            channel_type: channel.type_.as_str().to_owned(),
            source: channel.source.clone(),
            team_id: channel.default_team_id,
            subject: with.subject,
            external_id: with.external_id,
            details: Details { is_imported: with.is_imported, ..Details::default() },
            metadata: Map::new(),
            created_at: Some(with.began),
        };
        Ok(Self { writer: Some(contact), ..Self::beginning(open(tx, opening).await?) })
    }

    /// The conversation in which this one goes on, if it was merged into another.
    async fn moved_on(self, tx: &mut Tx<'_>) -> Result<Self> {
        let mut thread = self;
        for _ in 0..MERGES {
            let Some(next) = thread.conversation.details.merged_into_id else { break };
            match conversations::store::lock(tx, next).await? {
                Some(conversation) => thread = Self::of(conversation),
                None => break,
            }
        }
        Ok(thread)
    }

    /// Whether it begins with the message.
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// The message that is in it already under this id.
    pub async fn already(&self, tx: &mut Tx<'_>, client_message_id: Option<&str>) -> Result<Option<Message>> {
        match client_message_id {
            Some(id) if !self.is_new() => {
                store::by_client_id(tx, self.conversation.organization_id, self.conversation.id, id).await
            }
            _ => Ok(None),
        }
    }

    /// The contact who writes, as the author; and whether they are blocked.
    pub async fn writer(&self, tx: &mut Tx<'_>) -> Result<(Author, bool)> {
        let id = self.writer.unwrap_or(self.conversation.contact_id);
        Ok(match contacts::store::find(tx, self.conversation.organization_id, id).await? {
            Some(contact) => (author::of_contact(&contact), contact.is_blocked),
            None => (author::of_gone_contact(id), false),
        })
    }

    /// Refuses a message on a channel that takes none.
    pub async fn require_channel(&self, tx: &mut Tx<'_>) -> Result<Channel> {
        let of = &self.conversation;
        let channel = channels::store::find(tx, of.organization_id, of.channel_id).await?;
        channel.filter(|channel| channel.is_active).ok_or_else(|| {
            Error::new(
                Code::InvalidState,
                "The channel of this conversation is not active; no messages are added to it.",
            )
        })
    }

    /// Notes that the contact has something to say: a conversation that was put off or closed goes on.
    pub fn wake(&mut self) {
        let happening = match self.conversation.status {
            Status::Open | Status::Pending => return,
            Status::Snoozed => Happening::Unsnoozed,
            Status::Closed => Happening::Reopened,
        };
        self.conversation.reopen();
        self.happened = Some((happening, "conversation.reopened", json!({ "reason": "message" })));
    }

    /// Lays a conversation that has just begun aside: nobody is to answer it.
    pub fn lay_aside(&mut self, at: Timestamp) {
        if self.is_new() {
            self.conversation.close(at, CloseReason::Spam, None);
        }
    }

    /// Gives the conversation to a person, out of the hands of AI.
    pub fn take_over(&mut self, user: Id) {
        let conversation = &mut self.conversation;
        conversation.hand_to(Handler::Human);
        conversation.assigned_to_user_id = Some(user);
        if conversation.status == Status::Pending {
            conversation.open();
        }
        let data = json!({ "user_id": user, "control_epoch": conversation.control_epoch });
        self.happened = Some((Happening::TakenOver, "conversation.taken_over", data));
    }

    /// Whether what AI computed under `epoch` comes too late: people have taken over, or it was told to read again.
    pub fn is_too_late(&self, epoch: Option<i64>) -> bool {
        let now = &self.conversation;
        epoch != Some(now.control_epoch) || (now.handler != Handler::Ai && !now.details.assist_mode)
    }

    /// Stores a new message in it, and announces both.
    pub async fn add(
        mut self,
        tx: &mut Tx<'_>,
        message: Message,
        events: &[&'static str],
    ) -> Result<(Message, Conversation)> {
        self.conversation.take_note_of(&message);
        let conversation = self.store(tx, &message).await?;
        store::insert(tx, &message).await?;
        note_people(tx, &message).await?;
        for event in events {
            tx.emit(event, &message)?;
        }
        Ok((message, conversation))
    }

    /// Stores that a message that was only written so far was said, and announces it.
    pub async fn say(
        mut self,
        tx: &mut Tx<'_>,
        before: Message,
        after: Message,
        event: &'static str,
    ) -> Result<(Message, Conversation)> {
        self.conversation.take_note_of(&after);
        let message = store::save(tx, before, after, event).await?;
        let conversation = self.store(tx, &message).await?;
        note_people(tx, &message).await?;
        Ok((message, conversation))
    }

    /// Stores that a message that is counted already was said again, and announces it.
    pub async fn say_again(
        mut self,
        tx: &mut Tx<'_>,
        before: Message,
        after: Message,
        event: &'static str,
    ) -> Result<Message> {
        self.conversation.take_note_of_answer(&after);
        self.conversation.follow(&after);
        let message = store::save(tx, before, after, event).await?;
        self.store(tx, &message).await?;
        Ok(message)
    }

    /// Stores what has become of the conversation by a message, and announces what is more than a figure.
    async fn store(self, tx: &mut Tx<'_>, message: &Message) -> Result<Conversation> {
        let now = match (self.before, self.happened) {
            (None, _) => {
                conversations::store::insert(tx, &self.conversation).await?;
                tx.emit("conversation.created", &self.conversation)?;
                self.conversation
            }
            (Some(before), Some((happening, event, data))) => {
                let now = conversations::store::save(tx, before.clone(), self.conversation, event).await?;
                timeline::record(tx, &now, happening, data).await?;
                assignment::settle(tx, &before, &now).await?;
                now
            }
            (Some(before), None) => {
                conversations::store::settle(tx, &before, &self.conversation).await?;
                self.conversation
            }
        };
        if message.is_said() && message.visibility == Visibility::Public {
            let at = Some(message.said_at());
            contacts::store::count_conversations(tx, now.contact_id, Counted::default(), at).await?;
        }
        Ok(now)
    }
}

/// How many merges are followed to where a conversation goes on.
const MERGES: usize = 20;

/// The channel that is named, or the default one.
async fn channel_of(tx: &mut Tx<'_>, id: Option<Id>) -> Result<Channel> {
    match id {
        Some(id) => channels::store::require(tx, "/channel_id", id).await,
        None => channels::store::default_of(tx, ChannelType::Api).await,
    }
}

/// The conversation that goes on with a contact on a channel, locked.
async fn going_on(tx: &mut Tx<'_>, contact: Id, channel: &Channel) -> Result<Option<Conversation>> {
    let space = tx.space();
    let Some(id) = store::latest_open(tx, space, contact, channel.id).await? else { return Ok(None) };
    let locked = conversations::store::lock(tx, id).await?;
    Ok(locked.filter(|now| now.status != Status::Closed && now.contact_id == contact && now.channel_id == channel.id))
}

/// The conversation that is called so in another system, locked. Where there is none, whoever else is about to begin it with the same
/// contact has to wait.
async fn by_external_id(tx: &mut Tx<'_>, contact: Id, external_id: &str) -> Result<Option<Conversation>> {
    let space = tx.space();
    if let Some(id) = conversations::store::by_external_id(tx, space, external_id).await? {
        return conversations::store::lock(tx, id).await;
    }
    contacts::store::lock(tx, contact).await?;
    match conversations::store::by_external_id(tx, space, external_id).await? {
        Some(id) => conversations::store::lock(tx, id).await,
        None => Ok(None),
    }
}

/// Whether a conversation was closed so short a time ago that it goes on with the contact's next message.
async fn is_fresh(tx: &mut Tx<'_>, closed: &Conversation) -> Result<bool> {
    let organization = tx.organization();
    let settings = organizations::store::find(tx, organization).await?.map(|of| of.settings.0).unwrap_or_default();
    let window = i64::from(settings.reopen_window_hours) * 3600;
    Ok(closed.closed_at.is_some_and(|at| tx.now() < at.plus_seconds(window)))
}

/// Who wrote the message and who is mentioned in it has to do with the conversation from then on.
async fn note_people(tx: &mut Tx<'_>, message: &Message) -> Result<()> {
    if let Some(user) = message.author.user().filter(|_| message.is_said()) {
        people::add(tx, message.conversation_id, user, Part::Wrote).await?;
    }
    for user in &message.details.mentions {
        people::add(tx, message.conversation_id, *user, Part::Mentioned).await?;
    }
    Ok(())
}
