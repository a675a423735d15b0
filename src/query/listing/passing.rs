//! Which rows belong to a list, as a condition in its query.

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::Bool;

use crate::query::Predicate;

/// A condition on the rows of a list: see [`Listing::passing`](super::Listing::passing).
#[derive(Clone, Debug)]
pub enum Passing<Q> {
    /// What passes.
    All(Predicate),
    /// The rows of a table whose ids any of these queries finds.
    AnyOf(&'static str, Vec<Q>),
}

impl<Q> Expression for Passing<Q> {
    type SqlType = Bool;
}

impl<Q, Source> AppearsOnTable<Source> for Passing<Q> {}

impl<Q, Source> SelectableExpression<Source> for Passing<Q> {}

impl<Q, Group> ValidGrouping<Group> for Passing<Q> {
    type IsAggregate = is_aggregate::Never;
}

impl<Q> QueryId for Passing<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for Passing<Q>
where
    Predicate: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let (table, queries) = match self {
            Self::All(predicate) => return predicate.walk_ast(out),
            Self::AnyOf(table, queries) => (table, queries),
        };
        // It is as long as there are queries.
        out.unsafe_to_cache_prepared();
        out.push_identifier(table)?;
        out.push_sql(".\"id\" IN (");
        for (index, query) in queries.iter().enumerate() {
            out.push_sql(if index == 0 { "SELECT * FROM (" } else { " UNION ALL SELECT * FROM (" });
            query.walk_ast(out.reborrow())?;
            out.push_sql(") AS \"found\"");
        }
        out.push_sql(")");
        Ok(())
    }
}
