//! All SQL of teams.

use super::model::Team;
use crate::access::authenticate::Sessions;
use crate::db::prelude::*;
use crate::db::{Conn, Id, Json};
use crate::method::{Code, Error, FieldError, OrConflict, Result, Tx, Window};
use crate::schema::{team_members, teams};
use crate::{keep, lock, run, run_each, run_page};

/// A team.
pub async fn find(conn: &mut Conn, organization: Id, id: Id) -> Result<Option<Team>> {
    Ok(run!(conn, |c| teams::table.find((organization, id)).select(Team::as_select()).first(c)).optional()?)
}

/// The team that a write is about, locked.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<Team> {
    let found = lock(tx, id).await?;
    tx.target(found)
}

/// A team that a write changes besides what it is about, locked.
pub async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<Team>> {
    let organization = tx.organization();
    Ok(lock!(tx, teams::table.find((organization, id)).select(Team::as_select()))?)
}

/// The ids of the teams that a user is a member of or leads, in their order.
pub async fn naming(tx: &mut Tx<'_>, user: Id) -> Result<Vec<Id>> {
    type Names = (Id, Json<Vec<Id>>, Json<Vec<Id>>);
    let organization = tx.organization();
    let all: Vec<Names> = run!(tx, |c| teams::table
        .filter(teams::organization_id.eq(organization))
        .order(teams::id)
        .select((teams::id, teams::user_ids, teams::lead_user_ids))
        .load(c))?;
    let names = |(_, members, leads): &Names| members.contains(&user) || leads.contains(&user);
    Ok(all.into_iter().filter(names).map(|(id, ..)| id).collect())
}

/// Refuses arguments, given as pointer and id, that name no team of the organization. Those that they do name stay until the
/// transaction ends.
pub async fn require(tx: &mut Tx<'_>, named: &[(String, Id)]) -> Result<()> {
    if named.is_empty() {
        return Ok(());
    }
    let (organization, ids) = (tx.organization(), named.iter().map(|(_, id)| *id).collect::<Vec<Id>>());
    let of_organization = teams::table.filter(teams::organization_id.eq(organization));
    let found: Vec<Id> = keep!(tx, of_organization.filter(teams::id.eq_any(&ids)).select(teams::id))?;
    let unknown: Vec<FieldError> = named
        .iter()
        .filter(|(_, id)| !found.contains(id))
        .map(|(pointer, id)| FieldError::new(pointer, "unknown_id", format!("there is no team {id}")))
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::arguments(tx.ctx().method(), unknown)) }
}

/// The teams of an organization, or those that one user is a member of.
pub async fn list(
    conn: &mut Conn,
    organization: Id,
    user: Option<Id>,
    window: &Window,
) -> Result<(Vec<Team>, Option<i64>)> {
    Ok(match user {
        None => run_page!(conn, window, teams::id, Team, teams::table.filter(teams::organization_id.eq(organization))),
        Some(user) => run_page!(
            conn,
            window,
            teams::id,
            Team,
            teams::table
                .inner_join(team_members::table.on(of_member()))
                .filter(team_members::organization_id.eq(organization).and(team_members::user_id.eq(user)))
        ),
    })
}

#[diesel::dsl::auto_type(no_type_alias)]
fn of_member() -> _ {
    teams::organization_id.eq(team_members::organization_id).and(teams::id.eq(team_members::team_id))
}

/// Stores a new team and announces it.
pub async fn insert(tx: &mut Tx<'_>, team: Team) -> Result<Team> {
    run!(tx, |c| diesel::insert_into(teams::table).values(&team).execute(c)).or_conflict(taken)?;
    add_members(tx, &team, &team.user_ids).await?;
    rights_may_have_changed(tx, None, &team)?;
    tx.emit("team.created", &team)?;
    Ok(team)
}

/// Stores what has become of a team and announces it as `event`. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: Team, mut after: Team, event: &'static str) -> Result<Team> {
    if after == before {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = tx.now();
    run!(tx, |c| diesel::update(teams::table.find((after.organization_id, after.id))).set(&after).execute(c))
        .or_conflict(taken)?;
    let added: Vec<Id> = after.user_ids.iter().filter(|id| !before.user_ids.contains(id)).copied().collect();
    let removed: Vec<Id> = before.user_ids.iter().filter(|id| !after.user_ids.contains(id)).copied().collect();
    add_members(tx, &after, &added).await?;
    if !removed.is_empty() {
        run!(tx, |c| diesel::delete(
            team_members::table
                .filter(team_members::organization_id.eq(after.organization_id).and(team_members::team_id.eq(after.id)))
                .filter(team_members::user_id.eq_any(&removed))
        )
        .execute(c))?;
    }
    rights_may_have_changed(tx, Some(&before), &after)?;
    tx.emit_change(event, &before, &after)?;
    Ok(after)
}

/// Takes a team away and announces it.
pub async fn delete(tx: &mut Tx<'_>, team: &Team) -> Result<()> {
    run!(tx, |c| diesel::delete(teams::table.find((team.organization_id, team.id))).execute(c))?;
    rights_may_have_changed(tx, None, team)?;
    tx.emit("team.deleted", team)
}

/// What members may do depends on the team only if it has a role. Tokens are not looked up again for less: teams without one change
/// all the time.
fn rights_may_have_changed(tx: &mut Tx<'_>, before: Option<&Team>, after: &Team) -> Result<()> {
    let same = before.is_some_and(|before| before.role_id == after.role_id && before.user_ids == after.user_ids);
    let has_role = after.role_id.is_some() || before.is_some_and(|before| before.role_id.is_some());
    if has_role && !same { Sessions::forget(tx) } else { Ok(()) }
}

/// The ids of the teams that each of these users is a member of, as (user, team).
pub async fn of_users(conn: &mut Conn, organization: Id, users: &[Id]) -> Result<Vec<(Id, Id)>> {
    Ok(run!(conn, |c| team_members::table
        .filter(team_members::organization_id.eq(organization).and(team_members::user_id.eq_any(users)))
        .order((team_members::user_id, team_members::team_id))
        .select((team_members::user_id, team_members::team_id))
        .load(c))?)
}

/// All teams of an organization, oldest first.
pub async fn all(conn: &mut Conn, organization: Id) -> Result<Vec<Team>> {
    Ok(run!(conn, |c| teams::table
        .filter(teams::organization_id.eq(organization))
        .order(teams::id)
        .select(Team::as_select())
        .load(c))?)
}

/// The teams that a user is a member of, oldest first.
pub async fn of_user(conn: &mut Conn, organization: Id, user: Id) -> Result<Vec<Team>> {
    Ok(run!(conn, |c| teams::table
        .inner_join(team_members::table.on(of_member()))
        .filter(team_members::organization_id.eq(organization).and(team_members::user_id.eq(user)))
        .order(teams::id)
        .select(Team::as_select())
        .load(c))?)
}

async fn add_members(tx: &mut Tx<'_>, team: &Team, users: &[Id]) -> Result<()> {
    let rows: Vec<_> = users
        .iter()
        .map(|user| {
            (
                team_members::organization_id.eq(team.organization_id),
                team_members::user_id.eq(*user),
                team_members::team_id.eq(team.id),
            )
        })
        .collect();
    run_each!(tx, &rows, |c, row| diesel::insert_into(team_members::table).values(*row).execute(c))?;
    Ok(())
}

fn taken(_: &str) -> Error {
    Error::new(Code::AlreadyExists, "Another team has this external_id.")
}
