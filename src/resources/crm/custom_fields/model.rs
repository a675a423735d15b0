//! The custom field, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arguments;
use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Assign, Name, Words};
use crate::object;
use crate::schema::custom_fields;
use crate::text_enum;

/// The most custom fields of a kind of object.
pub const MAX_FIELDS: i64 = 200;

text_enum! {
    /// What has custom fields.
    pub enum FieldObject {
        /// Contacts.
        Contact = "contact",
        /// Companies.
        Company = "company",
        /// Conversations.
        Conversation = "conversation",
    }
}

text_enum! {
    /// What a custom field holds.
    pub enum FieldType {
        /// Text of up to 5,000 characters.
        Text = "text",
        /// A number.
        Number = "number",
        /// True or false.
        Boolean = "boolean",
        /// A day, such as `2026-11-20`.
        Date = "date",
        /// An instant, such as `2026-11-20T06:22:34.492Z`.
        Datetime = "datetime",
        /// One of the options.
        Dropdown = "dropdown",
        /// Several of the options, as a list.
        MultiSelect = "multi_select",
        /// A web address.
        Url = "url",
        /// An e-mail address.
        Email = "email",
        /// A telephone number in international form.
        Phone = "phone",
        /// The id of a user.
        User = "user",
        /// The id of a contact.
        Contact = "contact",
        /// The id of a company.
        Company = "company",
    }
}

impl FieldType {
    /// Whether it is chosen from options.
    pub const fn has_options(self) -> bool {
        matches!(self, Self::Dropdown | Self::MultiSelect)
    }
}

text_enum! {
    /// When a custom field must have a value.
    pub enum RequiredOn {
        /// Never.
        Never = "never",
        /// From the beginning.
        Create = "create",
        /// When the object is closed.
        Close = "close",
    }
}

/// A field that an organization added to a kind of object.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = custom_fields, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct CustomField {
    #[serde(skip)]
    pub organization_id: Id,
    /// The field's id.
    pub id: Id,
    /// The kind of object that has the field.
    pub object: FieldObject,
    /// The key under which values are sent and answered.
    pub name: String,
    /// What the field holds.
    #[serde(rename = "type")]
    pub type_: FieldType,
    /// What people call the field.
    pub display_name: String,
    /// What the field is for.
    pub description: Option<String>,
    /// The place of the field among others, smallest first.
    pub order: i32,
    /// What can be chosen, for dropdown and multi_select.
    pub options: Json<Vec<FieldOption>>,
    /// When the field must have a value.
    pub is_required_on: RequiredOn,
    /// The value that new objects get which are created without one.
    pub default: Option<Json<Value>>,
    /// What the whole of a text must match.
    pub regex: Option<String>,
    /// Whether old values are kept out of the audit log.
    pub is_sensitive: bool,
    /// Whether the field was deleted: values stay where they are, and no new ones are taken.
    pub archived: bool,
    /// How often the field was changed, from 1.
    pub version: i64,
    /// When the field was created.
    pub created_at: Timestamp,
    /// When the field was last changed.
    pub updated_at: Timestamp,
}

object!(CustomField, "custom_field", CustomFieldNotFound, versioned);

/// Something that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldOption {
    /// What is stored.
    pub value: String,
    /// What people read.
    pub label: String,
    /// Whether it can be chosen no more; who has it keeps it.
    pub archived: bool,
}

arguments! {
    /// Something that can be chosen.
    pub struct NewOption {
        /// What is stored.
        pub value: Name<100>,
        /// What people read; the value itself if left out.
        pub label: Option<Words<120>>,
        /// Whether it can be chosen no more; false if left out.
        pub archived: Option<bool>,
    }
}

impl Assign<FieldOption> for NewOption {
    fn assign(self, target: &mut FieldOption) {
        target.label = self.label.filter(|label| !label.is_empty()).map_or(self.value.to_string(), |l| l.to_string());
        target.value = self.value.to_string();
        target.archived = self.archived.unwrap_or(false);
    }
}
