//! Who looks after contacts when the user who did so goes.

use super::store;
use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Result, Tx};
use crate::run;
use crate::schema::contacts;

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
