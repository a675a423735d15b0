//! All SQL of organizations.

use super::model::{Organization, Secret, SecretName};
use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::method::{Code, Error, OrConflict, Result, Tx};
use crate::schema::{hostnames, installation, organizations, secrets};
use crate::{lock, run};

/// An organization.
pub async fn find(conn: &mut Conn, id: Id) -> Result<Option<Organization>> {
    Ok(run!(conn, |c| organizations::table.find(id).select(Organization::as_select()).first(c)).optional()?)
}

/// Whether the server has an organization.
pub async fn any(conn: &mut Conn) -> Result<bool> {
    let found: Option<Id> =
        run!(conn, |c| organizations::table.select(organizations::id).limit(1).first(c)).optional()?;
    Ok(found.is_some())
}

/// Which of these slugs are taken.
pub async fn taken_slugs(conn: &mut Conn, slugs: &[String]) -> Result<Vec<String>> {
    Ok(run!(conn, |c| organizations::table
        .filter(organizations::slug.eq_any(slugs))
        .select(organizations::slug)
        .load(c))?)
}

/// The caller's organization, locked.
pub async fn lock(tx: &mut Tx<'_>) -> Result<Option<Organization>> {
    let id = tx.organization();
    Ok(lock!(tx, organizations::table.find(id).select(Organization::as_select()))?)
}

/// The caller's organization, which the write is about, locked.
pub async fn target(tx: &mut Tx<'_>) -> Result<Organization> {
    let found = lock(tx).await?;
    tx.target(found)
}

/// Stores a new organization and announces it.
pub async fn insert(tx: &mut Tx<'_>, organization: Organization) -> Result<Organization> {
    run!(tx, |c| diesel::insert_into(organizations::table).values(&organization).execute(c))
        .or_conflict(|_| Error::new(Code::AlreadyExists, "Another organization has this slug."))?;
    tx.emit("organization.created", &organization)?;
    Ok(organization)
}

/// Notes that the server is set up now; `false` if it was before. Of two calls at the same moment the second waits for the first.
pub async fn claim_installation(tx: &mut Tx<'_>) -> Result<bool> {
    let organization = tx.organization();
    let added = run!(tx, |c| diesel::insert_into(installation::table)
        .values((installation::id.eq(1), installation::organization_id.eq(organization)))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(added == 1)
}

/// Stores what has become of the organization and announces it. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: Organization, mut after: Organization) -> Result<Organization> {
    if after == before {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = tx.now();
    run!(tx, |c| diesel::update(organizations::table.find(after.id)).set(&after).execute(c))?;
    keep_hostnames(tx, &before, &after).await?;
    tx.emit_change("organization.updated", &before, &after)?;
    Ok(after)
}

/// Where the user was the organization's default, another one takes his place, or none.
pub async fn replace_default_user(tx: &mut Tx<'_>, user: Id, heir: Option<Id>) -> Result<()> {
    match lock(tx).await? {
        Some(before) if before.default_user_id == Some(user) => {
            let after = Organization { default_user_id: heir, ..before.clone() };
            save(tx, before, after).await.map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Where the team was the organization's default, another one takes its place, or none.
pub async fn replace_default_team(tx: &mut Tx<'_>, team: Id, heir: Option<Id>) -> Result<()> {
    match lock(tx).await? {
        Some(before) if before.default_team_id == Some(team) => {
            let after = Organization { default_team_id: heir, ..before.clone() };
            save(tx, before, after).await.map(|_| ())
        }
        _ => Ok(()),
    }
}

async fn keep_hostnames(tx: &mut Tx<'_>, before: &Organization, after: &Organization) -> Result<()> {
    let gone: Vec<&String> = before.hostnames.iter().filter(|name| !after.hostnames.contains(name)).collect();
    if !gone.is_empty() {
        run!(tx, |c| diesel::delete(hostnames::table.filter(hostnames::organization_id.eq(after.id)))
            .filter(hostnames::hostname.eq_any(&gone))
            .execute(c))?;
    }
    for name in after.hostnames.iter().filter(|name| !before.hostnames.contains(name)) {
        run!(tx, |c| diesel::insert_into(hostnames::table)
            .values((hostnames::hostname.eq(name), hostnames::organization_id.eq(after.id)))
            .execute(c))
        .or_conflict(|_| Error::new(Code::AlreadyExists, format!("Another organization has the host name {name}.")))?;
    }
    Ok(())
}

/// A secret as it is kept.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = secrets, primary_key(organization_id, name), treat_none_as_null = true)]
pub struct SecretRow {
    pub organization_id: Id,
    pub name: SecretName,
    /// Opened with the server's own secret, for the purpose `secret:<name>`.
    pub sealed: Vec<u8>,
    pub last4: String,
    /// The secret before this one.
    pub previous_sealed: Option<Vec<u8>>,
    /// Until when the secret before this one is still good.
    pub previous_until: Option<Timestamp>,
    pub set_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

impl From<SecretRow> for Secret {
    fn from(row: SecretRow) -> Self {
        Self {
            organization_id: row.organization_id,
            name: row.name,
            last4: Some(row.last4).filter(|last4| !last4.is_empty()),
            set_at: Some(row.set_at),
            expires_at: row.expires_at,
        }
    }
}

/// A secret, if it is set.
pub async fn secret(conn: &mut Conn, organization: Id, name: SecretName) -> Result<Option<SecretRow>> {
    Ok(run!(conn, |c| secrets::table.find((organization, name)).select(SecretRow::as_select()).first(c)).optional()?)
}

/// The secrets of an organization, by name.
pub async fn secrets(conn: &mut Conn, organization: Id) -> Result<Vec<Secret>> {
    let rows: Vec<SecretRow> = run!(conn, |c| secrets::table
        .filter(secrets::organization_id.eq(organization))
        .order(secrets::name)
        .select(SecretRow::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(Secret::from).collect())
}

/// Stores a secret, in place of the one before, and announces that there is a new one.
pub async fn put_secret(tx: &mut Tx<'_>, row: SecretRow) -> Result<Secret> {
    run!(tx, |c| diesel::insert_into(secrets::table)
        .values(&row)
        .on_conflict((secrets::organization_id, secrets::name))
        .do_update()
        .set(&row)
        .execute(c))?;
    let secret = Secret::from(row);
    tx.emit("secret.updated", &secret)?;
    Ok(secret)
}

/// Takes a secret away and announces that; of one that is not there nothing is said.
pub async fn remove_secret(tx: &mut Tx<'_>, name: SecretName) -> Result<Secret> {
    let organization_id = tx.organization();
    let removed = run!(tx, |c| diesel::delete(secrets::table.find((organization_id, name))).execute(c))?;
    let secret = Secret { organization_id, name, last4: None, set_at: None, expires_at: None };
    if removed > 0 {
        tx.emit("secret.updated", &secret)?;
    }
    Ok(secret)
}
