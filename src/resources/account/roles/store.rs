//! All SQL of roles.

use super::model::Role;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Code, Error, Result, ScopeSet, Tx};
use crate::run;
use crate::schema::roles;

/// A role.
pub async fn find(conn: &mut Conn, organization: Id, id: Id) -> Result<Option<Role>> {
    Ok(run!(conn, |c| roles::table.find((organization, id)).select(Role::as_select()).first(c)).optional()?)
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
    let missing = missing.words().join(",");
    Err(Error::new(Code::MissingScope, format!("You cannot grant what you do not have: {missing}."))
        .with("needed", missing)
        .with("provided", held.words().join(",")))
}
