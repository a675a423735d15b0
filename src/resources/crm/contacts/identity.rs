//! What a contact is known by: an e-mail address, a telephone number, an account somewhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::db::{Id, Timestamp};
use crate::method::normal;
use crate::schema::contact_identities;
use crate::text_enum;

text_enum! {
    /// Where a contact is known by an identity.
    pub enum IdentityType {
        /// An e-mail address.
        Email = "email",
        /// A telephone number.
        Phone = "phone",
        /// A number on WhatsApp.
        Whatsapp = "whatsapp",
        /// An account on Telegram.
        Telegram = "telegram",
        /// An account on Facebook.
        Facebook = "facebook",
        /// An account on Instagram.
        Instagram = "instagram",
        /// A member of a Slack workspace.
        Slack = "slack",
        /// A user of Microsoft Teams.
        Msteams = "msteams",
        /// An account on X, once Twitter.
        Twitter = "twitter",
        /// A key in any other system.
        External = "external",
    }
}

/// What a contact is known by.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = contact_identities, primary_key(organization_id, id), treat_none_as_null = true)]
#[schemars(rename = "ContactIdentity")]
pub struct Identity {
    #[serde(skip)]
    pub organization_id: Id,
    /// The identity's id.
    pub id: Id,
    #[serde(skip)]
    pub contact_id: Id,
    /// Where the contact is known by it.
    #[diesel(column_name = type_)]
    #[serde(rename = "type")]
    pub kind: IdentityType,
    /// The address, number or account: e-mail addresses in lower case, numbers in international form.
    pub value: String,
    /// Whether it is the one to use, of those of its type; `email` and `phone` of the contact are the primary ones.
    pub is_primary: bool,
    /// When the contact proved that it is theirs.
    pub verified_at: Option<Timestamp>,
}

/// An address, number or account, in the one spelling in which it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentityKey {
    kind: IdentityType,
    value: String,
}

impl PartialOrd for IdentityType {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for IdentityType {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl IdentityKey {
    /// The most characters of a value.
    pub const MAX: usize = 320;

    /// An identity as it is stored, or what was expected of the value.
    pub fn new(kind: IdentityType, value: &str) -> Result<Self, &'static str> {
        let value = value.trim();
        if value.is_empty() || value.chars().count() > Self::MAX {
            return Err("expected 1 to 320 characters");
        }
        let value = match kind {
            IdentityType::Email => normal("email", value)?,
            IdentityType::Phone | IdentityType::Whatsapp => normal("phone", value)?,
            _ => value.into(),
        };
        Ok(Self { kind, value: value.into_owned() })
    }

    /// Where it is from.
    pub fn kind(&self) -> IdentityType {
        self.kind
    }

    /// The address, number or account.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl Identity {
    /// What it is, without whose.
    pub fn key(&self) -> IdentityKey {
        IdentityKey { kind: self.kind, value: self.value.clone() }
    }

    /// Whether it is this one.
    pub fn is(&self, key: &IdentityKey) -> bool {
        self.kind == key.kind && self.value == key.value
    }

    /// What two people are unlikely to share, and one person may well spell in several ways: a mailbox without what follows the plus
    /// sign, a number whatever it is used for.
    pub fn likeness(&self) -> String {
        match self.kind {
            IdentityType::Email => format!("mailbox:{}", mailbox(&self.value)),
            IdentityType::Phone | IdentityType::Whatsapp => format!("number:{}", self.value),
            kind => format!("{kind}:{}", self.value.to_lowercase()),
        }
    }
}

fn mailbox(address: &str) -> String {
    let Some((local, domain)) = address.rsplit_once('@') else { return address.to_owned() };
    let local = local.split('+').next().filter(|local| !local.is_empty()).unwrap_or(local);
    match domain {
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", local.replace('.', "")),
        _ => format!("{local}@{domain}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_one_spelling() {
        let value = |kind, text| IdentityKey::new(kind, text).map(|key| key.value);
        assert_eq!(value(IdentityType::Email, " Jane@Example.COM "), Ok("jane@example.com".into()));
        assert_eq!(value(IdentityType::Phone, "+1-555-0123"), Ok("+15550123".into()));
        assert_eq!(value(IdentityType::Telegram, " @Jane "), Ok("@Jane".into()));
        assert!(value(IdentityType::Whatsapp, "555").is_err() && value(IdentityType::External, "  ").is_err());
        assert!(value(IdentityType::External, &"x".repeat(321)).is_err());
    }

    #[test]
    fn mailboxes_are_alike_whatever_follows_the_plus() {
        assert_eq!(mailbox("jane+shop@acme.com"), "jane@acme.com");
        assert_eq!(mailbox("j.a.ne+x@googlemail.com"), "jane@gmail.com");
        assert_eq!(mailbox("+x@acme.com"), "+x@acme.com");
        assert_ne!(mailbox("j.ane@acme.com"), mailbox("jane@acme.com"));
    }
}
