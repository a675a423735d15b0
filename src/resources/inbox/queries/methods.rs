//! What can be done with queries.

use super::model::{Fields, Operator, Problem, QueryField, QueryObject, Verdict};
use crate::arguments;
use crate::method::{Access, Context, Entry, Kind, Method, Result, Words};
use crate::query::{self, Asker};
use crate::resources::crm::custom_fields;

/// The methods of queries.
pub const METHODS: &[Entry] = &[Entry::of::<Validate>(), Entry::of::<ListFields>()];

arguments! {
    /// Reads a query and says what it means, or what is wrong with it.
    ///
    /// Queries have the syntax of Lucene. NOT binds tighter than AND, and AND tighter than OR; clauses side by side are any of them, where
    /// `+` requires a clause and `-` or NOT excludes it. The normal form shows how a query was read.
    pub struct Validate {
        /// What the query is about.
        pub object: QueryObject,
        /// The query.
        pub query: Words<4000>,
    }
}

impl Method for Validate {
    const NAME: &'static str = "queries.validate";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"object":"conversation","query":"source:*sms AND unread_count:[1 TO *]"}"#;
    type Output = Verdict;

    async fn call(self, ctx: Context) -> Result<Verdict> {
        Ok(match self.object.table().check(&self.query, &Asker::anybody(&ctx)) {
            Ok(checked) => Verdict {
                valid: true,
                normalized: Some(checked.normal().to_owned()),
                fields: checked.fields().to_vec(),
                problems: Vec::new(),
            },
            Err(error) => {
                Verdict { valid: false, normalized: None, fields: Vec::new(), problems: vec![Problem::from(error)] }
            }
        })
    }
}

arguments! {
    /// Lists the fields that queries can name, with the custom ones.
    pub struct ListFields {
        /// What the queries are about.
        pub object: QueryObject,
    }
}

impl Method for ListFields {
    const NAME: &'static str = "queries.fields";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"object":"conversation"}"#;
    type Output = Fields;

    async fn call(self, ctx: Context) -> Result<Fields> {
        let mut data: Vec<QueryField> = self.object.table().fields.iter().map(described).collect();
        if let Some(object) = self.object.with_custom_fields() {
            let mut conn = ctx.read().await?;
            for field in custom_fields::store::of_object(&mut conn, ctx.space(), object).await? {
                let values = field.options.iter().map(|option| option.value.to_string()).collect();
                data.push(QueryField { values, ..open(format!("custom_fields.{}", field.name)) });
            }
        }
        Ok(Fields { data })
    }
}

fn described(field: &query::Field) -> QueryField {
    if field.kind == query::Kind::Open {
        return open(format!("{}.*", field.name));
    }
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    QueryField {
        name: field.name.to_owned(),
        kind: field.kind,
        aliases: texts(field.aliases),
        sortable: field.is_sortable(),
        is_default: field.is_default,
        values: texts(field.words),
        operators: Operator::of(field.kind),
    }
}

/// A place in a document: whatever is there can be compared in every way.
fn open(name: String) -> QueryField {
    QueryField {
        name,
        kind: query::Kind::Open,
        aliases: Vec::new(),
        sortable: false,
        is_default: false,
        values: Vec::new(),
        operators: Operator::of(query::Kind::Open),
    }
}
