//! All SQL of roles.

use super::model::Role;
use crate::db::prelude::*;
use crate::db::{Conn, Fault, Id};
use crate::method::{Code, Error, OrConflict, Result, ScopeSet, Tx, Window};
use crate::schema::{roles, teams, users};
use crate::{lock, lock_to_delete, run, run_page};

/// A role.
pub async fn find(conn: &mut Conn, organization: Id, id: Id) -> Result<Option<Role>> {
    Ok(run!(conn, |c| roles::table.find((organization, id)).select(Role::as_select()).first(c)).optional()?)
}

/// The role that came with the organization under this name.
pub async fn system(conn: &mut Conn, organization: Id, name: &str) -> Result<Role> {
    let found = run!(conn, |c| roles::table
        .filter(roles::organization_id.eq(organization).and(roles::name.eq(name)))
        .filter(roles::is_system.eq(true))
        .select(Role::as_select())
        .first(c))
    .optional()?;
    found.ok_or_else(|| Error::internal(format!("the organization has no system role {name}")))
}

/// The role that a write is about, locked.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<Role> {
    let organization = tx.organization();
    let found = lock!(tx, roles::table.find((organization, id)).select(Role::as_select()))?;
    tx.target(found)
}

/// The role that is about to be deleted, locked; nobody can be given it meanwhile.
pub async fn target_to_delete(tx: &mut Tx<'_>, id: Id) -> Result<Role> {
    let organization = tx.organization();
    let found = lock_to_delete!(tx, roles::table.find((organization, id)).select(Role::as_select()))?;
    tx.target(found)
}

/// The roles of an organization.
pub async fn list(conn: &mut Conn, organization: Id, window: &Window) -> Result<(Vec<Role>, Option<i64>)> {
    Ok(run_page!(conn, window, roles::id, Role, roles::table.filter(roles::organization_id.eq(organization))))
}

/// Stores a new role and announces it.
pub async fn insert(tx: &mut Tx<'_>, role: Role) -> Result<Role> {
    run!(tx, |c| diesel::insert_into(roles::table).values(&role).execute(c)).or_conflict(taken)?;
    tx.emit("role.created", &role)?;
    Ok(role)
}

/// Stores what has become of a role and announces it. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: Role, mut after: Role) -> Result<Role> {
    if after == before {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = tx.now();
    run!(tx, |c| diesel::update(roles::table.find((after.organization_id, after.id))).set(&after).execute(c))
        .or_conflict(taken)?;
    tx.emit_change("role.updated", &before, &after)?;
    Ok(after)
}

/// Gives every user and team that has one role another: one statement each, however many there are.
pub async fn replace(tx: &mut Tx<'_>, role: Id, heir: Id) -> Result<()> {
    let organization = tx.organization();
    run!(tx, |c| diesel::update(users::table.filter(users::organization_id.eq(organization)))
        .filter(users::role_id.eq(role))
        .set(users::role_id.eq(heir))
        .execute(c))?;
    run!(tx, |c| diesel::update(teams::table.filter(teams::organization_id.eq(organization)))
        .filter(teams::role_id.eq(role))
        .set(teams::role_id.eq(heir))
        .execute(c))?;
    Ok(())
}

/// Takes a role away and announces it; 409 while a user or team has it.
pub async fn delete(tx: &mut Tx<'_>, role: &Role) -> Result<()> {
    run!(tx, |c| diesel::delete(roles::table.find((role.organization_id, role.id))).execute(c)).map_err(|error| {
        match Fault::from(error) {
            Fault::ForeignKey(_) => {
                Error::new(Code::InUse, "Users or teams have this role; say in replace_with_role_id what they get.")
            }
            fault => fault.into(),
        }
    })?;
    tx.emit("role.deleted", role)
}

/// The role that an argument names, if the caller may hand it out: nobody can give more than he has.
pub async fn require_grantable(tx: &mut Tx<'_>, pointer: &str, id: Id) -> Result<Role> {
    let organization = tx.organization();
    let role = find(tx, organization, id)
        .await?
        .ok_or_else(|| Error::argument(pointer, "unknown_id", format!("there is no role {id}")))?;
    require_held(tx, role.permissions.0)?;
    Ok(role)
}

/// Refuses scopes that the caller does not hold himself.
pub fn require_held(tx: &Tx<'_>, scopes: ScopeSet) -> Result<()> {
    let held = tx.ctx().caller()?.scopes;
    let missing = held.missing(scopes);
    if missing.is_empty() {
        return Ok(());
    }
    // What `*` holds beyond the scopes that have names has none itself.
    let named = missing.words().join(",");
    let missing = if named.is_empty() { "*".to_owned() } else { named };
    Err(Error::new(Code::MissingScope, format!("You cannot grant what you do not have: {missing}."))
        .with("needed", missing)
        .with("provided", held.words().join(",")))
}

fn taken(_: &str) -> Error {
    Error::new(Code::NameTaken, "Another role has this name.")
}
