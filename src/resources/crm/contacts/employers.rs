//! What becomes of the contacts of a company that goes, or becomes part of another one; and of those a user who goes looked after.

use super::store;
use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Result, Tx};
use crate::run;
use crate::schema::contacts;

/// Gives the contacts of a company to another one, or to none, and announces each. The company they come to keeps its primary contact.
pub async fn hand_over(tx: &mut Tx<'_>, from: Id, to: Option<Id>) -> Result<()> {
    let space = tx.space();
    let ids: Vec<Id> = run!(tx, |c| contacts::table
        .filter(contacts::organization_id.eq(space).and(contacts::company_id.eq(from)))
        .order(contacts::id)
        .select(contacts::id)
        .load(c))?;
    let mut has_primary = match to {
        Some(company) => store::has_primary(tx, company).await?,
        None => true,
    };
    for id in ids {
        let Some(before) = store::lock(tx, id).await?.filter(|contact| contact.company_id == Some(from)) else {
            continue;
        };
        let mut contact = before.clone();
        contact.company_id = to;
        contact.is_primary &= !has_primary;
        has_primary |= contact.is_primary;
        store::save(tx, before, contact, "contact.updated").await?;
    }
    Ok(())
}

/// Gives the contacts that a user looked after to another one, or to nobody. Users are the same in both spaces: contacts of test keys
/// follow without a word, for what happens there is no news here.
pub async fn of_user(tx: &mut Tx<'_>, user: Id, heir: Option<Id>) -> Result<()> {
    let (space, twin) = (tx.organization(), tx.organization().twin());
    let ids: Vec<Id> = run!(tx, |c| contacts::table
        .filter(contacts::organization_id.eq(space).and(contacts::user_id.eq(user)))
        .order(contacts::id)
        .select(contacts::id)
        .load(c))?;
    for id in ids {
        let found = store::lock_in(tx, space, id).await?;
        let Some(before) = found.filter(|contact| contact.user_id == Some(user)) else { continue };
        let mut contact = before.clone();
        contact.user_id = heir;
        store::save(tx, before, contact, "contact.updated").await?;
    }
    run!(tx, |c| diesel::update(contacts::table)
        .filter(contacts::organization_id.eq(twin).and(contacts::user_id.eq(user)))
        .set((contacts::user_id.eq(heir), contacts::version.eq(contacts::version + 1)))
        .execute(c))?;
    Ok(())
}
