//! All SQL of users.

use super::model::{User, UserRow};
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Error, FieldError, Result, Tx, Window};
use crate::resources::account::teams;
use crate::schema::{team_members, users};
use crate::{lock, run, run_page};

/// A user.
pub async fn find(conn: &mut Conn, organization: Id, id: Id) -> Result<Option<User>> {
    let row: Option<UserRow> =
        run!(conn, |c| users::table.find((organization, id)).select(UserRow::as_select()).first(c)).optional()?;
    Ok(with_teams(conn, organization, row.into_iter().collect()).await?.pop())
}

/// The user that a write is about, locked.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<User> {
    let organization = tx.organization();
    let row: Option<UserRow> = lock!(tx, users::table.find((organization, id)).select(UserRow::as_select()))?;
    let user = with_teams(tx, organization, row.into_iter().collect()).await?.pop();
    tx.target(user)
}

/// The members of a team.
pub async fn of_team(conn: &mut Conn, organization: Id, team: Id, window: &Window) -> Result<(Vec<User>, Option<i64>)> {
    let (rows, total) = run_page!(
        conn,
        window,
        users::id,
        UserRow,
        users::table
            .inner_join(team_members::table.on(of_member()))
            .filter(team_members::organization_id.eq(organization).and(team_members::team_id.eq(team)))
    );
    Ok((with_teams(conn, organization, rows).await?, total))
}

#[diesel::dsl::auto_type(no_type_alias)]
fn of_member() -> _ {
    users::organization_id.eq(team_members::organization_id).and(users::id.eq(team_members::user_id))
}

/// Users with the ids of their teams: one statement for all of them.
async fn with_teams(conn: &mut Conn, organization: Id, rows: Vec<UserRow>) -> Result<Vec<User>> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let memberships =
        if ids.is_empty() { Vec::new() } else { teams::store::of_users(conn, organization, &ids).await? };
    let teams_of = |user: Id| memberships.iter().filter(|(of, _)| *of == user).map(|(_, team)| *team).collect();
    Ok(rows.into_iter().map(|row| User { team_ids: teams_of(row.id), row }).collect())
}

/// Refuses arguments, given as pointer and id, that name no user of the organization.
pub async fn require(tx: &mut Tx<'_>, named: &[(String, Id)]) -> Result<()> {
    if named.is_empty() {
        return Ok(());
    }
    let organization = tx.organization();
    let ids: Vec<Id> = named.iter().map(|(_, id)| *id).collect();
    let found: Vec<Id> = run!(tx, |c| users::table
        .filter(users::organization_id.eq(organization).and(users::id.eq_any(&ids)))
        .select(users::id)
        .load(c))?;
    let unknown: Vec<FieldError> = named
        .iter()
        .filter(|(_, id)| !found.contains(id))
        .map(|(pointer, id)| FieldError::new(pointer, "unknown_id", format!("there is no user {id}")))
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::arguments(tx.ctx().method(), unknown)) }
}
