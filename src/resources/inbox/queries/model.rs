//! What there is to say about queries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::method::Output;
use crate::query::{Kind, QueryError, Table};
use crate::resources::crm::custom_fields::FieldObject;
use crate::resources::crm::{companies, contacts};
use crate::resources::inbox::{conversations, messages};
use crate::text_enum;

text_enum! {
    /// What can be asked for by queries.
    pub enum QueryObject {
        /// Conversations.
        Conversation = "conversation",
        /// Contacts.
        Contact = "contact",
        /// Companies.
        Company = "company",
        /// Messages.
        Message = "message",
    }
}

impl QueryObject {
    /// The fields that queries can name.
    pub fn table(self) -> &'static Table {
        match self {
            Self::Conversation => &conversations::FIELDS,
            Self::Contact => &contacts::FIELDS,
            Self::Company => &companies::FIELDS,
            Self::Message => &messages::FIELDS,
        }
    }

    /// What custom fields of it belong to, if it can have them.
    pub fn with_custom_fields(self) -> Option<FieldObject> {
        match self {
            Self::Conversation => Some(FieldObject::Conversation),
            Self::Contact => Some(FieldObject::Contact),
            Self::Company => Some(FieldObject::Company),
            Self::Message => None,
        }
    }
}

/// What a query says, or what is wrong with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Whether the query is understood.
    pub valid: bool,
    /// The query in its normal form, with the brackets that show how it was read; null if it is not understood.
    pub normalized: Option<String>,
    /// The fields that it names.
    pub fields: Vec<String>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Output for Verdict {}

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Where, in characters from 1.
    pub column: usize,
    /// What is wrong, in words.
    pub message: String,
    /// What may have been meant, best first.
    pub suggestions: Vec<String>,
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        Self { column: error.column, message: error.message, suggestions: error.suggestions }
    }
}

/// The fields that queries can name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fields {
    /// The fields, those of the object first and then the custom ones.
    pub data: Vec<QueryField>,
}

impl Output for Fields {}

/// A field that queries can name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueryField {
    /// Its name; `metadata.*` and `custom_fields.*` stand for any path.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Other names it goes by.
    pub aliases: Vec<String>,
    /// Whether lists can be sorted by it.
    pub sortable: bool,
    /// Whether words without a field are looked for in it.
    pub is_default: bool,
    /// The words it can be, if they are few.
    pub values: Vec<String>,
    /// How it can be compared.
    pub operators: Vec<Operator>,
}

text_enum! {
    /// How a field can be compared.
    pub enum Operator {
        /// `field:value`.
        Is = "is",
        /// `field:val*`, `field:va?ue`.
        Wildcard = "wildcard",
        /// `field:"some words"`.
        Phrase = "phrase",
        /// `field:[1 TO 5}`, `field:>5`.
        Range = "range",
        /// `_exists_:field`, `field:null`.
        Exists = "exists",
    }
}

impl Operator {
    /// How fields of a kind can be compared.
    pub fn of(kind: Kind) -> Vec<Self> {
        match kind {
            Kind::Keyword | Kind::List => vec![Self::Is, Self::Wildcard, Self::Exists],
            Kind::Text => vec![Self::Is, Self::Wildcard, Self::Phrase, Self::Exists],
            Kind::Number | Kind::Timestamp => vec![Self::Is, Self::Range, Self::Exists],
            Kind::Boolean => vec![Self::Is, Self::Exists],
            Kind::Open => vec![Self::Is, Self::Wildcard, Self::Range, Self::Exists],
        }
    }
}
