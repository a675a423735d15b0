//! How conversations go from one contact to another, when two contacts turn out to be one person, or one to be two.

use super::model::{Conversation, Status};
use super::store;
use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Result, Tx};
use crate::run;
use crate::schema::conversations;

/// Gives all conversations of a contact to another one, of this company, and announces each; answers which they were. Deleted ones go
/// along without a word.
pub async fn all(tx: &mut Tx<'_>, from: Id, to: Id, company: Option<Id>) -> Result<Vec<Id>> {
    let space = tx.space();
    let ids: Vec<Id> = run!(tx, |c| conversations::table
        .filter(conversations::organization_id.eq(space).and(conversations::contact_id.eq(from)))
        .order(conversations::id)
        .select(conversations::id)
        .load(c))?;
    these(tx, &ids, from, to, company).await
}

/// Gives these conversations of a contact to another one; those that are another contact's by now stay. Answers which went.
pub async fn these(tx: &mut Tx<'_>, ids: &[Id], from: Id, to: Id, company: Option<Id>) -> Result<Vec<Id>> {
    let space = tx.space();
    let mut moved = Vec::new();
    for &id in ids {
        match store::lock(tx, id).await? {
            Some(before) if before.contact_id == from => {
                let after = Conversation { contact_id: to, company_id: company, ..before.clone() };
                store::save(tx, before, after, "conversation.updated").await?;
                moved.push(id);
            }
            Some(_) => {}
            None => {
                let changed = run!(tx, |c| diesel::update(conversations::table.find((space, id)))
                    .filter(conversations::contact_id.eq(from))
                    .set((conversations::contact_id.eq(to), conversations::company_id.eq(company)))
                    .execute(c))?;
                moved.extend((changed > 0).then_some(id));
            }
        }
    }
    Ok(moved)
}

/// How many conversations a contact has, and how many of them go on.
pub async fn count(tx: &mut Tx<'_>, contact: Id) -> Result<(i32, i32)> {
    let space = tx.space();
    let states: Vec<Status> = run!(tx, |c| conversations::table
        .filter(conversations::organization_id.eq(space).and(conversations::contact_id.eq(contact)))
        .filter(conversations::deleted_at.is_null())
        .select(conversations::status)
        .load(c))?;
    let open = states.iter().filter(|status| **status != Status::Closed).count();
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    Ok((number(states.len()), number(open)))
}
