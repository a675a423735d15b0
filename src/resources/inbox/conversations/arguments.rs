//! Arguments that several methods take.

use super::details::{External, ExternalIdType};
use super::model::Priority;
use crate::db::Id;
use crate::method::{Assign, Error, List, Name, Nullable, Result, Words};
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
