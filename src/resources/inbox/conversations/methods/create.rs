use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{
    Access, Area, Code, Context, Document, Email, Error, Kind, Language, List, Method, Name, Nullable, Result, Tx,
    Words, stored,
};
use crate::resources::channels::channels::{self, ChannelType};
use crate::resources::crm::contacts::{self, ContactRow};
use crate::resources::crm::custom_fields::{FieldObject, values};
use crate::resources::crm::tags::{self, TaggedType};
use crate::resources::inbox::conversations::arguments::{ExternalReference, FirstDirection, FirstMessage};
use crate::resources::inbox::conversations::open::{Opening, open};
use crate::resources::inbox::conversations::{Conversation, Details, Priority, store};
use crate::resources::inbox::messages::thread::ContactKnownBy;
use crate::resources::inbox::messages::{self, Content, Direction};

arguments! {
    /// Opens a conversation with a contact.
    ///
    /// It is given to the team of its channel, if that has one. The contact may not be blocked. What a contact writes is better told
    /// with `messages.receive`, which finds the conversation that goes on, if there is one. Contacts open conversations of their own.
    pub struct Create {
        /// The contact; a contact who calls may leave it out.
        pub contact_id: Option<Id>,
        /// In place of `contact_id`: what the contact is known by; one who is not known yet is created.
        pub contact: Option<ContactKnownBy>,
        /// The message that it begins with.
        pub message: Option<FirstMessage>,
        /// The channel it is held on.
        pub channel_id: Option<Id>,
        /// In place of `channel_id`: the type of the channel, whose default channel is taken, and made if there is none; `api` if left
        /// out.
        pub channel_type: Option<ChannelType>,
        /// What it is about.
        pub subject: Nullable<Words<998>>,
        /// What the visitor of a website calls themselves.
        pub visitor_name: Nullable<Words<200>>,
        /// The e-mail address that the visitor gave.
        pub visitor_email: Nullable<Email>,
        /// Whether the contact proved who they are; false if left out.
        pub is_verified: Option<bool>,
        /// How urgent it is; `none` if left out.
        pub priority: Option<Priority>,
        /// The language it is held in.
        pub language: Nullable<Language>,
        /// Its tags; a tag that is not there yet is created.
        pub tags: Option<List<Name<60>, 100>>,
        /// Whether AI only suggests answers; false if left out.
        pub assist_mode: Option<bool>,
        /// Whether files of this visitor need no check before they are shown; false if left out.
        pub trust_uploads: Option<bool>,
        /// What it is called in another system.
        pub external: Nullable<ExternalReference>,
        /// Its id in another system; unique among conversations.
        pub external_id: Nullable<Words<255>>,
        /// The values of the fields that the organization defined.
        pub custom_fields: Option<Document>,
        /// Anything you want to keep with the conversation.
        pub metadata: Option<Document>,
    }
}

impl Method for Create {
    const NAME: &'static str = "conversations.create";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const FOR_CONTACTS: bool = true;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists, Code::ContactBlocked, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &[
        "conversation.created",
        "channel.created",
        "contact.created",
        "contact.updated",
        "message.received",
        "message.created",
        "message.sent",
        "message.drafted",
        "message.approval_requested",
    ];
    const EXAMPLE: &'static str = r#"{"contact_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","subject":"My order"}"#;
    /// Room for a long message in HTML.
    const BODY_LIMIT: usize = 4 << 20;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        self.check()?;
        if let Some(contact) = ctx.caller()?.contact {
            self.refuse_what_is_not_for(contact)?;
        }
        ctx.write(async move |tx| self.store(tx, None).await).await
    }
}

impl Create {
    /// Refuses what does not go together.
    pub(in crate::resources) fn check(&self) -> Result<()> {
        if self.channel_id.is_some() && self.channel_type.is_some() {
            return Err(Error::argument("/channel_type", "not_allowed", "give channel_id or channel_type, not both"));
        }
        self.message.as_ref().map_or(Ok(()), FirstMessage::require_something)
    }

    /// Stores the conversation: as one that begins now, or as one that is brought in from elsewhere and began at an instant.
    pub(in crate::resources) async fn store(
        &self,
        tx: &mut Tx<'_>,
        imported_at: Option<Timestamp>,
    ) -> Result<Conversation> {
        let args = self.clone();
        let contact = self.contact(tx, imported_at).await?;
        if contact.is_blocked && imported_at.is_none() {
            return Err(Error::new(Code::ContactBlocked, "The contact is blocked."));
        }
        let channel = match args.channel_id {
            Some(id) => channels::store::require(tx, "/channel_id", id).await?,
            None => channels::store::default_of(tx, args.channel_type.unwrap_or(ChannelType::Api)).await?,
        };
        let details = Details {
            visitor_name: stored(args.visitor_name),
            visitor_email: stored(args.visitor_email),
            is_verified: args.is_verified.unwrap_or(false),
            language: stored(args.language),
            assist_mode: args.assist_mode.unwrap_or(false),
            trust_uploads: args.trust_uploads.unwrap_or(false),
            external: stored(args.external),
            is_imported: imported_at.is_some(),
            ..Details::default()
        };
        let opening = Opening {
            contact_id: contact.id,
            company_id: contact.company_id,
            channel_id: channel.id,
            channel_type: channel.type_.as_str().to_owned(),
            source: channel.source,
            team_id: channel.default_team_id,
            subject: stored(args.subject),
            external_id: stored(args.external_id),
            details,
            metadata: args.metadata.map(|document| document.0).unwrap_or_default(),
            created_at: imported_at,
        };
        let mut conversation = open(tx, opening).await?;
        conversation.priority = args.priority.unwrap_or_default();
        let custom_fields = args.custom_fields.map(|document| document.0);
        values::apply(
            tx,
            FieldObject::Conversation,
            &mut conversation.custom_fields,
            custom_fields,
            values::Moment::Create,
        )
        .await?;
        if let Some(wanted) = args.tags {
            let wanted = wanted.iter().map(|tag| tag.to_string()).collect();
            let id = conversation.id;
            tags::store::retag(tx, TaggedType::Conversation, id, &mut conversation.tags, wanted).await?;
        }
        let Some(message) = args.message else {
            store::insert(tx, &conversation).await?;
            tx.emit("conversation.created", &conversation)?;
            return Ok(conversation);
        };
        let direction = match message.direction {
            Some(FirstDirection::Outbound) => Direction::Outbound,
            Some(FirstDirection::Inbound) | None => Direction::Inbound,
        };
        let content = Content { text: message.text, html: message.html, ..Content::default() };
        let files = message.file_ids.map(|ids| ids.0).unwrap_or_default();
        messages::begin(tx, conversation, direction, content, &files).await
    }

    /// Refuses what a contact may not say of their own conversation: with whom it is, and how the organization treats it.
    fn refuse_what_is_not_for(&self, contact: Id) -> Result<()> {
        let is_outbound =
            self.message.as_ref().is_some_and(|message| message.direction == Some(FirstDirection::Outbound));
        let others = [
            ("/contact_id", self.contact_id.is_some_and(|id| id != contact)),
            ("/contact", self.contact.is_some()),
            ("/is_verified", self.is_verified.is_some()),
            ("/priority", self.priority.is_some()),
            ("/tags", self.tags.is_some()),
            ("/assist_mode", self.assist_mode.is_some()),
            ("/trust_uploads", self.trust_uploads.is_some()),
            ("/external", !self.external.is_none()),
            ("/external_id", !self.external_id.is_none()),
            ("/custom_fields", self.custom_fields.is_some()),
            ("/message/direction", is_outbound),
        ];
        match others.into_iter().find(|(_, is_sent)| *is_sent) {
            Some((pointer, _)) => Err(Error::argument(pointer, "not_allowed", "a contact may not say this")),
            None => Ok(()),
        }
    }

    async fn contact(&self, tx: &mut Tx<'_>, imported_at: Option<Timestamp>) -> Result<ContactRow> {
        let contact_id = self.contact_id.or(tx.ctx().caller()?.contact);
        match (contact_id, &self.contact) {
            (Some(id), None) => contacts::store::require(tx, "/contact_id", id).await,
            (None, Some(contact)) => {
                let (known_by, at) = (contact.known_by("/contact")?, imported_at.unwrap_or(tx.now()));
                Ok(contacts::store::identify(tx, &known_by, contact.name.as_deref(), at).await?.row)
            }
            (Some(_), Some(_)) => {
                Err(Error::argument("/contact", "not_allowed", "give contact_id or contact, not both"))
            }
            (None, None) => Err(Error::argument("/contact_id", "required", "say with whom: contact_id, or contact")),
        }
    }
}
