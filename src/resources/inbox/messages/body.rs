//! HTML that came from outside: kept as it came, and made safe whenever it is read.

use std::borrow::Cow;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

use super::html;
use crate::resources::inbox::files::Attachment;

/// The HTML of a message. Whoever reads it through the API gets only what can do no harm; the original stays in the database, so
/// that a better filter also serves what came long ago.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
#[serde(transparent)]
pub struct Html(String);

impl Html {
    /// The text without markup.
    pub fn to_text(&self) -> String {
        html::to_text(&self.0)
    }

    /// Has it show the pictures that are attached to its message, and marks those that it shows.
    pub fn show_pictures(&mut self, attachments: &mut [Attachment]) {
        self.0 = html::with_pictures(&self.0, attachments);
    }

    /// What is safe to show.
    pub fn safe(&self) -> String {
        html::sanitize(&self.0)
    }
}

impl<S: Into<String>> From<S> for Html {
    fn from(html: S) -> Self {
        Self(html.into())
    }
}

impl Serialize for Html {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.safe())
    }
}

impl JsonSchema for Html {
    fn schema_name() -> Cow<'static, str> {
        "Html".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

impl<DB> ToSql<Text, DB> for Html
where
    DB: diesel::backend::Backend,
    String: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB> diesel::deserialize::FromSql<Text, DB> for Html
where
    DB: diesel::backend::Backend,
    String: diesel::deserialize::FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        String::from_sql(value).map(Self)
    }
}
