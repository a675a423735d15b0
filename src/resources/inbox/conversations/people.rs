//! Who has to do with a conversation besides whom it is assigned to: who follows it, is mentioned in it, has written in it.

use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Result, Tx};
use crate::run;
use crate::schema::conversation_people as people;

/// What somebody has to do with a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Follows it.
    Follows,
    /// Is mentioned in it.
    Mentioned,
    /// Has written in it.
    Wrote,
}

/// Puts down that a user has this part in a conversation; who is shown the conversation depends on it.
pub async fn add(tx: &mut Tx<'_>, conversation: Id, user: Id, part: Part) -> Result<()> {
    let key = (tx.space(), user, conversation);
    let row = (
        people::organization_id.eq(key.0),
        people::user_id.eq(key.1),
        people::conversation_id.eq(key.2),
        people::follows.eq(part == Part::Follows),
        people::is_mentioned.eq(part == Part::Mentioned),
        people::has_written.eq(part == Part::Wrote),
    );
    let added = run!(tx, |c| diesel::insert_into(people::table).values(row).on_conflict_do_nothing().execute(c))?;
    if added == 0 {
        set(tx, key, part, true).await?;
    }
    Ok(())
}

/// Takes a part from a user.
pub async fn remove(tx: &mut Tx<'_>, conversation: Id, user: Id, part: Part) -> Result<()> {
    let key = (tx.space(), user, conversation);
    set(tx, key, part, false).await
}

async fn set(tx: &mut Tx<'_>, key: (Id, Id, Id), part: Part, has: bool) -> Result<()> {
    let row = people::table.find(key);
    match part {
        Part::Follows => run!(tx, |c| diesel::update(row).set(people::follows.eq(has)).execute(c))?,
        Part::Mentioned => run!(tx, |c| diesel::update(row).set(people::is_mentioned.eq(has)).execute(c))?,
        Part::Wrote => run!(tx, |c| diesel::update(row).set(people::has_written.eq(has)).execute(c))?,
    };
    Ok(())
}
