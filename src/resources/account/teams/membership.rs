//! How users join teams and leave them.

use super::model::Team;
use super::store;
use crate::db::Id;
use crate::method::{Code, Error, Result, Tx};
use crate::resources::account::roles;

/// The most members of a team.
pub const MAX_MEMBERS: usize = 500;

/// Adds a user to a team, if the caller may hand out what the team's role grants. `pointer` is the argument that asks for it.
pub async fn join(tx: &mut Tx<'_>, before: Team, user: Id, pointer: &str) -> Result<Team> {
    if let Some(role) = before.role_id {
        roles::store::require_grantable(tx, pointer, role).await?;
    }
    let mut team = before.clone();
    if !team.user_ids.contains(&user) {
        team.user_ids.push(user);
    }
    if team.user_ids.len() > MAX_MEMBERS {
        return Err(Error::new(Code::LimitExceeded, "A team has at most 500 members."));
    }
    store::save(tx, before, team, "team.member_added").await
}

/// Takes a user out of a team.
pub async fn leave(tx: &mut Tx<'_>, before: Team, user: Id) -> Result<Team> {
    let mut team = before.clone();
    team.user_ids.retain(|id| *id != user);
    team.lead_user_ids.retain(|id| *id != user);
    store::save(tx, before, team, "team.member_removed").await
}

/// Takes a user out of every team, as one who leaves the organization.
pub async fn leave_all(tx: &mut Tx<'_>, user: Id) -> Result<()> {
    for id in store::naming(tx, user).await? {
        if let Some(team) = store::lock(tx, id).await? {
            leave(tx, team, user).await?;
        }
    }
    Ok(())
}
