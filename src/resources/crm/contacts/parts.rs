//! Parts of a contact that are objects themselves: address, consent, what is unverified.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::db::Timestamp;
use crate::method::{Assign, Country, Document, Email, Name, Nullable, Patch, Words, merge_map};
use crate::text_enum;

text_enum! {
    /// What a contact said to being written to for other reasons than their own questions.
    pub enum ConsentState {
        /// Was not asked.
        Unknown = "unknown",
        /// Yes.
        Granted = "granted",
        /// No.
        Denied = "denied",
    }
}

text_enum! {
    /// A way to reach a contact that asks for consent.
    pub enum ConsentChannel {
        /// E-mail.
        Email = "email",
        /// Text messages.
        Sms = "sms",
        /// WhatsApp.
        Whatsapp = "whatsapp",
        /// Telephone calls.
        Phone = "phone",
    }
}

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// The name of the firm or household.
    pub organization_name: Option<String>,
    /// The street.
    pub street: Option<String>,
    /// The number of the house.
    pub house_number: Option<String>,
    /// What follows the street: floor, flat, care of.
    pub line2: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The state, province or region.
    pub state: Option<String>,
    /// The country, as two letters (ISO 3166-1).
    pub country: Option<String>,
}

/// What a visitor claims and nobody has checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unverified {
    /// The name that was given.
    pub name: Option<String>,
    /// The address that was given; no identity, so nobody is mistaken for its owner.
    pub email: Option<String>,
    /// Whatever else was given.
    pub metadata: Map<String, Value>,
}

/// What a contact said to being written to for other reasons than their own questions, by channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Consent {
    /// By e-mail.
    pub email: ConsentState,
    /// By text message.
    pub sms: ConsentState,
    /// By WhatsApp.
    pub whatsapp: ConsentState,
    /// By telephone.
    pub phone: ConsentState,
    /// When it was last said.
    pub updated_at: Option<Timestamp>,
}

impl Consent {
    /// What was said of one channel.
    pub fn of(&mut self, channel: ConsentChannel) -> &mut ConsentState {
        match channel {
            ConsentChannel::Email => &mut self.email,
            ConsentChannel::Sms => &mut self.sms,
            ConsentChannel::Whatsapp => &mut self.whatsapp,
            ConsentChannel::Phone => &mut self.phone,
        }
    }
}

impl Default for Consent {
    fn default() -> Self {
        let unknown = ConsentState::Unknown;
        Self { email: unknown, sms: unknown, whatsapp: unknown, phone: unknown, updated_at: None }
    }
}

crate::arguments! {
    /// A postal address; what is left out stays as it is, null clears.
    pub struct AddressPatch {
        /// The name of the firm or household.
        pub organization_name: Patch<Nullable<Words<200>>>,
        /// The street.
        pub street: Patch<Nullable<Words<200>>>,
        /// The number of the house.
        pub house_number: Patch<Nullable<Words<20>>>,
        /// What follows the street: floor, flat, care of.
        pub line2: Patch<Nullable<Words<200>>>,
        /// The postal code.
        pub postal_code: Patch<Nullable<Words<20>>>,
        /// The city.
        pub city: Patch<Nullable<Words<100>>>,
        /// The state, province or region.
        pub state: Patch<Nullable<Words<100>>>,
        /// The country, as two letters (ISO 3166-1).
        pub country: Patch<Nullable<Country>>,
    }
}

impl Assign<Address> for Nullable<AddressPatch> {
    fn assign(self, target: &mut Address) {
        let Some(patch) = self.0 else {
            *target = Address::default();
            return;
        };
        patch.organization_name.apply(&mut target.organization_name);
        patch.street.apply(&mut target.street);
        patch.house_number.apply(&mut target.house_number);
        patch.line2.apply(&mut target.line2);
        patch.postal_code.apply(&mut target.postal_code);
        patch.city.apply(&mut target.city);
        patch.state.apply(&mut target.state);
        patch.country.apply(&mut target.country);
    }
}

crate::arguments! {
    /// What a visitor claims; what is left out stays as it is, null clears.
    pub struct UnverifiedPatch {
        /// The name that was given.
        pub name: Patch<Nullable<Name<200>>>,
        /// The address that was given.
        pub email: Patch<Nullable<Email>>,
        /// Whatever else was given; merged by key, null removes a key.
        pub metadata: Patch<Document>,
    }
}

impl Assign<Unverified> for Nullable<UnverifiedPatch> {
    fn assign(self, target: &mut Unverified) {
        let Some(patch) = self.0 else {
            *target = Unverified::default();
            return;
        };
        patch.name.apply(&mut target.name);
        patch.email.apply(&mut target.email);
        if let Patch::Set(document) = patch.metadata {
            merge_map(&mut target.metadata, document.0);
        }
    }
}
