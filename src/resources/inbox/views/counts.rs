//! How many objects a view shows to the caller.

use super::model::{ViewObject, ViewRow};
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{EXACT_TOTAL, Result};
use crate::query::{Asker, Predicate};
use crate::run;
use crate::schema::{companies, contacts, conversations};

/// How many objects a view shows: as many as a list of them has, and no more than are counted there. `None` if its query, which was
/// right when it was saved, is right no more.
pub async fn count(conn: &mut Conn, asker: &Asker, sight: &Predicate, view: &ViewRow) -> Result<Option<i64>> {
    let Ok(query) = view.object.table().check(&view.query, asker) else { return Ok(None) };
    let (space, passing) = (asker.space, query.predicate());
    let shown: Vec<Id> = match view.object {
        ViewObject::Conversation => run!(conn, |c| conversations::table
            .filter(conversations::organization_id.eq(space).and(conversations::deleted_at.is_null()))
            .filter(sight.clone())
            .filter(passing.clone())
            .limit(EXACT_TOTAL)
            .select(conversations::id)
            .load(c))?,
        ViewObject::Contact => run!(conn, |c| contacts::table
            .filter(contacts::organization_id.eq(space))
            .filter(passing.clone())
            .limit(EXACT_TOTAL)
            .select(contacts::id)
            .load(c))?,
        ViewObject::Company => run!(conn, |c| companies::table
            .filter(companies::organization_id.eq(space))
            .filter(passing.clone())
            .limit(EXACT_TOTAL)
            .select(companies::id)
            .load(c))?,
    };
    Ok(Some(shown.len() as i64))
}
