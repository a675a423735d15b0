//! The queries of a team are right when they are saved, so that nobody loses sight of everything by a typing error.

use super::model::TeamQuery;
use crate::method::{Code, Context, Error, FieldError, Result};
use crate::query::{self, Asker};
use crate::resources::inbox::conversations;

/// Refuses queries that are not understood. What the team has already is not looked at again.
pub fn check(ctx: &Context, before: Option<&TeamQuery>, after: &TeamQuery) -> Result<()> {
    let new = |query: fn(&TeamQuery) -> Option<&str>| query(after).filter(|text| before.and_then(query) != Some(*text));
    let mut wrong: Vec<FieldError> = Vec::new();
    if let Some(text) = new(|query| query.conversations.as_deref())
        && let Err(error) = conversations::FIELDS.check(text, &Asker::anybody(ctx))
    {
        wrong.push(error.at("/query/conversations"));
    }
    // There are no tickets yet, so nobody can say which fields they have.
    if let Some(text) = new(|query| query.tickets.as_deref())
        && let Err(error) = query::parse(text)
    {
        wrong.push(error.at("/query/tickets"));
    }
    match wrong.first() {
        None => Ok(()),
        Some(first) => {
            let message = format!("The query is not understood: {}", first.message);
            Err(Error::of_fields(Code::InvalidQuery, message, wrong))
        }
    }
}
