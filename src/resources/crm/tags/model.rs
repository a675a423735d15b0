//! The tag, as it is stored and as callers see it.

use std::collections::BTreeMap;
use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::db::prelude::*;
use crate::db::{Id, Timestamp};
use crate::method::{List, Name};
use crate::object;
use crate::schema::tags;
use crate::text_enum;

/// The most tags of one object.
pub const MAX_TAGS: usize = 100;

text_enum! {
    /// What can be tagged.
    pub enum TaggedType {
        /// A contact.
        Contact = "contact",
        /// A company.
        Company = "company",
        /// A conversation.
        Conversation = "conversation",
    }
}

/// A tag without its uses.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = tags, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct TagRow {
    #[serde(skip)]
    pub organization_id: Id,
    /// The tag's id.
    pub id: Id,
    #[serde(skip)]
    pub key: String,
    /// The tag as people read it.
    pub name: String,
    /// The colour in which it is shown.
    pub color: Option<String>,
    /// What the tag stands for.
    pub description: Option<String>,
    /// When the tag was created, or used for the first time.
    pub created_at: Timestamp,
    /// When the tag was last changed.
    pub updated_at: Timestamp,
}

/// A word that objects are marked with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tag {
    #[serde(flatten)]
    pub row: TagRow,
    /// How many objects of each kind have the tag, such as `{"company": 2}`; kinds of which none has it are left out.
    pub usage: BTreeMap<String, i64>,
}

impl Deref for Tag {
    type Target = TagRow;

    fn deref(&self) -> &TagRow {
        &self.row
    }
}

object!(Tag, "tag", TagNotFound);

/// A tag as it was written, without the white space that nobody sees.
pub fn tidy(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What all spellings of a tag have in common.
pub fn fold(name: &str) -> String {
    tidy(name).nfc().collect::<String>().to_lowercase()
}

/// An object's tags with one more.
pub fn with(tags: &[String], name: &str) -> Vec<String> {
    let is_there = tags.iter().any(|tag| fold(tag) == fold(name));
    tags.iter().cloned().chain((!is_there).then(|| name.to_owned())).collect()
}

/// An object's tags without one.
pub fn without(tags: &[String], name: &str) -> Vec<String> {
    let key = fold(name);
    tags.iter().filter(|tag| fold(tag) != key).cloned().collect()
}

/// An object's tags with some more, and without others.
pub fn changed(tags: &[String], add: Option<&TagNames>, remove: Option<&TagNames>) -> Vec<String> {
    let added = add.into_iter().flat_map(|names| names.iter()).fold(tags.to_vec(), |tags, name| with(&tags, name));
    remove.into_iter().flat_map(|names| names.iter()).fold(added, |tags, name| without(&tags, name))
}

/// Tags that an argument lists.
pub type TagNames = List<Name<50>, 100>;

#[cfg(test)]
mod tests {
    use super::{fold, tidy};

    #[test]
    fn spellings_of_a_tag_are_one() {
        assert_eq!(tidy("  Very \u{a0} urgent\n"), "Very urgent");
        for (one, other) in [("VIP", "vip"), (" vip ", "Vip"), ("ÄRGER", "a\u{308}rger"), ("a  b", "A\tB")] {
            assert_eq!(fold(one), fold(other));
        }
        assert_ne!(fold("a b"), fold("ab"));
    }
}
