//! Arguments that several methods take.

use super::details::{External, ExternalIdType};
use super::model::{Conversation, Priority};
use crate::db::Id;
use crate::method::{Assign, Document, Error, List, Name, Nullable, Patch, Result, Tx, Words};
use crate::resources::crm::companies;
use crate::resources::crm::custom_fields::{FieldObject, values};
use crate::resources::crm::tags::{self, TaggedType};
use crate::{arguments, text_enum};

arguments! {
    /// What a conversation is called in another system.
    pub struct ExternalReference {
        /// The system.
        pub system: Name<40>,
        /// The id in that system.
        pub id: Name<255>,
        /// What the id is the id of.
        pub id_type: Option<ExternalIdType>,
    }
}

text_enum! {
    /// Which way the first message of a conversation goes.
    pub enum FirstDirection {
        /// From the contact.
        Inbound = "inbound",
        /// To the contact.
        Outbound = "outbound",
    }
}

arguments! {
    /// The message that a conversation begins with: a text, HTML or files.
    pub struct FirstMessage {
        /// Which way it goes; `inbound`, from the contact, if left out.
        pub direction: Option<FirstDirection>,
        /// What it says.
        pub text: Nullable<Words<100000>>,
        /// The same as HTML. What is in it that could run is never shown.
        pub html: Nullable<Words<500000>>,
        /// The files that come with it.
        pub file_ids: Option<List<Id, 20>>,
    }
}

impl FirstMessage {
    /// Refuses a message that says nothing.
    pub fn require_something(&self) -> Result<()> {
        let has_text = self.text.0.as_deref().is_some_and(|text| !text.trim().is_empty());
        let has_files = self.file_ids.as_ref().is_some_and(|ids| !ids.is_empty());
        match has_text || has_files || !self.html.is_none() {
            true => Ok(()),
            false => Err(Error::argument("/message/text", "required", "a message has a text, html or files")),
        }
    }
}

impl Assign<External> for ExternalReference {
    fn assign(self, target: &mut External) {
        *target = External { system: self.system.to_string(), id: self.id.to_string(), id_type: self.id_type };
    }
}

impl Assign<Priority> for Priority {
    fn assign(self, target: &mut Priority) {
        *target = self;
    }
}

/// Declares a method's arguments: its own, then all that `conversations.update` sets.
macro_rules! conversation_changes {
    ($(#[$meta:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $crate::arguments! {
            $(#[$meta])*
            pub struct $name {
                $($own)*
                /// What it is about.
                pub subject: Patch<Nullable<Words<998>>>,
                /// How urgent it is.
                pub priority: Patch<Priority>,
                /// The language it is held in.
                pub language: Patch<Nullable<Language>>,
                /// The company it is about.
                pub company_id: Patch<Nullable<Id>>,
                /// Its tags; a tag that is not there yet is created.
                pub tags: Patch<List<Name<60>, 100>>,
                /// Whether AI only suggests answers.
                pub assist_mode: Patch<bool>,
                /// Whether files of this visitor need no check before they are shown.
                pub trust_uploads: Patch<bool>,
                /// What it is called in another system.
                pub external: Patch<Nullable<ExternalReference>>,
                /// The values of the fields that the organization defined; those that are not named stay, null clears one.
                pub custom_fields: Patch<Document>,
                /// Anything you want to keep with the conversation; merged key by key, null removes a key.
                pub metadata: Patch<Document>,
            }
        }

        impl $name {
            /// Puts what was sent into a conversation, which is locked, checks what it refers to, and stores it.
            pub(in $crate::resources) async fn put_into(
                self,
                tx: &mut $crate::method::Tx<'_>,
                before: $crate::resources::inbox::conversations::Conversation,
            ) -> $crate::method::Result<$crate::resources::inbox::conversations::Conversation> {
                let mut after = before.clone();
                self.subject.apply(&mut after.subject);
                self.priority.apply(&mut after.priority);
                self.language.apply(&mut after.details.language);
                self.company_id.apply(&mut after.company_id);
                self.assist_mode.apply(&mut after.details.assist_mode);
                self.trust_uploads.apply(&mut after.details.trust_uploads);
                self.external.apply(&mut after.details.external);
                self.metadata.apply(&mut after.metadata);
                let described = $crate::resources::inbox::conversations::arguments::describe(
                    tx,
                    &before,
                    after,
                    self.tags,
                    self.custom_fields,
                );
                let after = described.await?;
                $crate::resources::inbox::conversations::methods::store_changed(tx, before, after).await
            }
        }
    };
}

pub(super) use conversation_changes;

/// The types of these fields, by the short names that tell which of them may be left out.
pub(super) mod types {
    pub use super::ExternalReference;
    pub use crate::db::Id;
    pub use crate::method::{Document, Language, List, Name, Nullable, Patch, Words};
    pub use crate::resources::inbox::conversations::Priority;
}

/// Refuses what does not hold together, and sets tags and custom fields where they were sent.
pub(super) async fn describe(
    tx: &mut Tx<'_>,
    before: &Conversation,
    mut after: Conversation,
    wanted: Patch<List<Name<60>, 100>>,
    fields: Patch<Document>,
) -> Result<Conversation> {
    if let Some(problem) = Document::problem(&after.metadata) {
        return Err(Error::argument("/metadata", "too_long", problem));
    }
    if let Some(company) = after.company_id.filter(|_| after.company_id != before.company_id) {
        companies::store::require(tx, "/company_id", company).await?;
    }
    let patch = fields.sent().map(|document| document.0.clone());
    values::apply(tx, FieldObject::Conversation, &mut after.custom_fields, patch, values::Moment::Update).await?;
    if let Patch::Set(wanted) = wanted {
        let wanted = wanted.iter().map(|tag| tag.to_string()).collect();
        tags::store::retag(tx, TaggedType::Conversation, after.id, &mut after.tags, wanted).await?;
    }
    Ok(after)
}
