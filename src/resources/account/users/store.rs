//! All SQL of users.

use diesel::dsl::exists;
use diesel::expression::IntoSql;
use diesel::sql_types::Bool;

use super::model::{User, UserKind, UserRow, UserStatus};
use crate::access::authenticate::Sessions;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Code, Error, FieldError, OrConflict, Result, Tx, Window};
use crate::resources::account::{api_keys as keys, teams};
use crate::schema::{api_keys, logins, sessions, team_members, tokens, users};
use crate::{keep, lock, lock_to_delete, run, run_page};

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

/// The user that is about to be deleted, locked; nobody can come to refer to him meanwhile.
pub async fn target_to_delete(tx: &mut Tx<'_>, id: Id) -> Result<User> {
    let organization = tx.organization();
    let row: Option<UserRow> = lock_to_delete!(tx, users::table.find((organization, id)).select(UserRow::as_select()))?;
    let user = with_teams(tx, organization, row.into_iter().collect()).await?.pop();
    tx.target(user)
}

/// Which users a list is about; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    pub kind: Option<UserKind>,
    pub status: Option<UserStatus>,
    pub role: Option<Id>,
    pub team: Option<Id>,
}

/// The users of an organization that a filter lets through.
pub async fn list(
    conn: &mut Conn,
    organization: Id,
    filter: Filter,
    window: &Window,
) -> Result<(Vec<User>, Option<i64>)> {
    let kinds = filter.kind.map_or(UserKind::ALL.to_vec(), |kind| vec![kind]);
    let states = filter.status.map_or(UserStatus::ALL.to_vec(), |status| vec![status]);
    let (role, any_role) = (filter.role.unwrap_or(Id::NIL), filter.role.is_none());
    let (team, any_team) = (filter.team.unwrap_or(Id::NIL), filter.team.is_none());
    let (rows, total) = run_page!(
        conn,
        window,
        users::id,
        UserRow,
        users::table
            .filter(users::organization_id.eq(organization))
            .filter(users::kind.eq_any(&kinds).and(users::status.eq_any(&states)))
            .filter(any_role.into_sql::<Bool>().or(users::role_id.eq(role)))
            .filter(
                any_team
                    .into_sql::<Bool>()
                    .or(exists(team_members::table.filter(of_member()).filter(team_members::team_id.eq(team))))
            )
    );
    Ok((with_teams(conn, organization, rows).await?, total))
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

/// Refuses arguments, given as pointer and id, that name no user of the organization. Those that they do name stay until the
/// transaction ends.
pub async fn require(tx: &mut Tx<'_>, named: &[(String, Id)]) -> Result<()> {
    if named.is_empty() {
        return Ok(());
    }
    let ids: Vec<Id> = named.iter().map(|(_, id)| *id).collect();
    let found = keep(tx, &ids).await?;
    let unknown: Vec<FieldError> = named
        .iter()
        .filter(|(_, id)| !found.contains(id))
        .map(|(pointer, id)| FieldError::new(pointer, "unknown_id", format!("there is no user {id}")))
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::arguments(tx.ctx().method(), unknown)) }
}

/// Which of these users there are; they stay until the transaction ends.
pub async fn keep(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Id>> {
    let organization = tx.organization();
    let of_organization = users::table.filter(users::organization_id.eq(organization));
    Ok(keep!(tx, of_organization.filter(users::id.eq_any(ids)).select(users::id))?)
}

/// Whether an active person has this role.
pub async fn has_active_person(conn: &mut Conn, organization: Id, role: Id) -> Result<bool> {
    let found: Option<Id> = run!(conn, |c| users::table
        .filter(users::organization_id.eq(organization).and(users::role_id.eq(role)))
        .filter(users::status.eq(UserStatus::Active).and(users::kind.eq(UserKind::Human)))
        .select(users::id)
        .first(c))
    .optional()?;
    Ok(found.is_some())
}

/// Stores a new user and announces him; his teams are for the caller to tell.
pub async fn insert(tx: &mut Tx<'_>, user: User, password_hash: Option<&str>) -> Result<User> {
    run!(tx, |c| diesel::insert_into(users::table)
        .values((&user.row, users::password_hash.eq(password_hash)))
        .execute(c))
    .or_conflict(taken)?;
    for name in [&user.email, &user.username].into_iter().flatten() {
        add_login(tx, &user, name).await?;
    }
    if user.external_id.is_some() {
        Sessions::forget(tx)?;
    }
    tx.emit("user.created", &user)?;
    Ok(user)
}

/// Stores what has become of a user and announces it as `event`. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: User, mut after: User, event: &'static str) -> Result<User> {
    if after == before {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = tx.now();
    run!(tx, |c| diesel::update(users::table.find((after.organization_id, after.id))).set(&after.row).execute(c))
        .or_conflict(taken)?;
    // An outside issuer's tokens stand for another user now, or for none.
    if after.external_id != before.external_id {
        Sessions::forget(tx)?;
    }
    if after.username != before.username {
        if let Some(name) = &before.username {
            run!(tx, |c| diesel::delete(logins::table.find((name, after.organization_id))).execute(c))?;
        }
        if let Some(name) = &after.username {
            add_login(tx, &after, name).await?;
        }
    }
    tx.emit_change(event, &before, &after)?;
    Ok(after)
}

/// Takes a user away for good, with his sessions and what his tokens open. The keys that acted as him must be revoked by now;
/// they stay, acting as nobody.
pub async fn delete(tx: &mut Tx<'_>, user: Id) -> Result<()> {
    let organization = tx.organization();
    run!(tx, |c| diesel::update(api_keys::table.filter(api_keys::organization_id.eq(organization)))
        .filter(api_keys::act_as_user_id.eq(user).and(api_keys::revoked_at.is_not_null()))
        .set(api_keys::act_as_user_id.eq(None::<Id>))
        .execute(c))?;
    run!(tx, |c| diesel::delete(tokens::table.filter(tokens::organization_id.eq(organization)))
        .filter(
            tokens::subject_id.eq(user).or(tokens::subject_id.eq_any(
                sessions::table
                    .filter(sessions::organization_id.eq(organization).and(sessions::user_id.eq(user)))
                    .select(sessions::id),
            )),
        )
        .execute(c))?;
    run!(tx, |c| diesel::delete(users::table.find((organization, user))).execute(c))?;
    Sessions::forget(tx)
}

/// Revokes the keys that act as a user, and announces each.
pub async fn revoke_keys(tx: &mut Tx<'_>, user: Id) -> Result<()> {
    for key in keys::store::acting_as(tx, user).await? {
        let mut row = key.row.clone();
        row.revoked_at = Some(tx.now());
        keys::store::save(tx, key, row, "api_key.revoked").await?;
    }
    Sessions::forget(tx)
}

/// The hash of a user's password, if he has one.
pub async fn password_hash(conn: &mut Conn, organization: Id, user: Id) -> Result<Option<String>> {
    let found: Option<Option<String>> =
        run!(conn, |c| users::table.find((organization, user)).select(users::password_hash).first(c)).optional()?;
    Ok(found.flatten())
}

/// Gives a user a new password and announces that, though not which. With the first one an invited user becomes active.
pub async fn set_password(tx: &mut Tx<'_>, before: &User, hash: &str) -> Result<User> {
    let mut after = before.clone();
    if before.status == UserStatus::Invited {
        after.row.status = UserStatus::Active;
    }
    after.version += 1;
    after.updated_at = tx.now();
    run!(tx, |c| diesel::update(users::table.find((after.organization_id, after.id)))
        .set((&after.row, users::password_hash.eq(hash)))
        .execute(c))?;
    tx.emit_change("user.password_changed", before, &after)?;
    Ok(after)
}

async fn add_login(tx: &mut Tx<'_>, user: &User, name: &str) -> Result<()> {
    run!(tx, |c| diesel::insert_into(logins::table)
        .values((
            logins::name.eq(name),
            logins::organization_id.eq(user.organization_id),
            logins::user_id.eq(user.row.id),
        ))
        .execute(c))?;
    Ok(())
}

/// PostgreSQL names the index, SQLite the columns; the field's name is in both.
fn taken(index: &str) -> Error {
    let field = ["email", "username", "external_id"].into_iter().find(|field| index.contains(field));
    Error::new(Code::AlreadyExists, format!("Another user has this {}.", field.unwrap_or("value")))
}
