//! Who takes over conversations when the user or the team they are assigned to goes.
//!
//! Closed conversations go on saying who had them. Users and teams are the same in both spaces: conversations of test keys follow
//! without a word, for what happens there is no news here.

use super::model::{Conversation, Status};
use super::store;
use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Result, Tx};
use crate::schema::{conversation_people, conversations};
use crate::{lock, run};

/// Gives what is assigned to a user to another one, or to nobody, and announces each conversation.
pub async fn of_user(tx: &mut Tx<'_>, user: Id, heir: Option<Id>) -> Result<()> {
    let (space, twin) = (tx.organization(), tx.organization().twin());
    let theirs: Vec<Id> = run!(tx, |c| conversations::table
        .filter(conversations::organization_id.eq(space).and(conversations::assigned_to_user_id.eq(user)))
        .filter(conversations::status.ne(Status::Closed).and(conversations::deleted_at.is_null()))
        .order(conversations::id)
        .select(conversations::id)
        .load(c))?;
    for id in theirs {
        if let Some(before) = locked(tx, space, id).await?.filter(|now| now.assigned_to_user_id == Some(user)) {
            let after = Conversation { assigned_to_user_id: heir, ..before.clone() };
            store::save(tx, before, after, "conversation.assigned").await?;
        }
    }
    run!(tx, |c| diesel::update(conversations::table)
        .filter(conversations::organization_id.eq(twin).and(conversations::assigned_to_user_id.eq(user)))
        .filter(conversations::status.ne(Status::Closed))
        .set((conversations::assigned_to_user_id.eq(heir), conversations::version.eq(conversations::version + 1)))
        .execute(c))?;
    Ok(())
}

/// Gives what is assigned to a team to another one, or to none, and announces each conversation.
pub async fn of_team(tx: &mut Tx<'_>, team: Id, heir: Option<Id>) -> Result<()> {
    let (space, twin) = (tx.organization(), tx.organization().twin());
    let theirs: Vec<Id> = run!(tx, |c| conversations::table
        .filter(conversations::organization_id.eq(space).and(conversations::team_id.eq(team)))
        .filter(conversations::status.ne(Status::Closed).and(conversations::deleted_at.is_null()))
        .order(conversations::id)
        .select(conversations::id)
        .load(c))?;
    for id in theirs {
        if let Some(before) = locked(tx, space, id).await?.filter(|now| now.team_id == Some(team)) {
            let after = Conversation { team_id: heir, ..before.clone() };
            store::save(tx, before, after, "conversation.assigned").await?;
        }
    }
    run!(tx, |c| diesel::update(conversations::table)
        .filter(conversations::organization_id.eq(twin).and(conversations::team_id.eq(team)))
        .filter(conversations::status.ne(Status::Closed))
        .set((conversations::team_id.eq(heir), conversations::version.eq(conversations::version + 1)))
        .execute(c))?;
    Ok(())
}

/// Forgets what a user who is deleted had to do with conversations, and announces those that they followed; what they wrote stays
/// theirs.
pub async fn forget_user(tx: &mut Tx<'_>, user: Id) -> Result<()> {
    let spaces = [tx.organization(), tx.organization().twin()];
    let followed: Vec<(Id, Id)> = run!(tx, |c| conversation_people::table
        .filter(conversation_people::organization_id.eq_any(spaces).and(conversation_people::user_id.eq(user)))
        .filter(conversation_people::follows)
        .order(conversation_people::conversation_id)
        .select((conversation_people::organization_id, conversation_people::conversation_id))
        .load(c))?;
    for (space, id) in followed {
        let Some(before) = locked(tx, space, id).await? else { continue };
        let mut after = before.clone();
        after.details.follower_user_ids.retain(|follower| *follower != user);
        if space == tx.organization() && before.deleted_at.is_none() {
            store::save(tx, before, after, "conversation.updated").await?;
        } else {
            store::settle(tx, &before, &after).await?;
        }
    }
    run!(tx, |c| diesel::delete(conversation_people::table)
        .filter(conversation_people::organization_id.eq_any(spaces).and(conversation_people::user_id.eq(user)))
        .execute(c))?;
    Ok(())
}

async fn locked(tx: &mut Tx<'_>, space: Id, id: Id) -> Result<Option<Conversation>> {
    Ok(lock!(tx, conversations::table.find((space, id)).select(Conversation::as_select()))?)
}
