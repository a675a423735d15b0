//! The queries behind authentication: keys, sessions, users and what they may do.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::token::{self, TokenDigest, TokenKind};
use super::user::{Environment, TokenPurpose, UserStatus};
use crate::db::prelude::*;
use crate::db::{Conn, Id, Json, Timestamp};
use crate::method::{Error, Result, ScopeSet, Tx};
use crate::run;
use crate::schema::{api_keys, contacts, organizations, roles, sessions, team_members, teams, tokens, users};

/// What a stored token opens.
#[derive(Queryable)]
pub struct Opened {
    pub organization_id: Id,
    pub purpose: TokenPurpose,
    pub subject_id: Id,
    pub expires_at: Option<Timestamp>,
}

/// What a token with this digest opens, if it is known.
pub async fn open(conn: &mut Conn, digest: &TokenDigest) -> Result<Option<Opened>> {
    Ok(run!(conn, |c| tokens::table
        .find(digest.as_slice())
        .select((tokens::organization_id, tokens::purpose, tokens::subject_id, tokens::expires_at))
        .first(c))
    .optional()?)
}

/// An API key, as far as authentication needs it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct Key {
    pub name: String,
    pub environment: Environment,
    pub scopes: Json<ScopeSet>,
    pub allowed_methods: Json<Vec<String>>,
    pub ip_allowlist: Json<Vec<String>>,
    pub act_as_user_id: Option<Id>,
    pub rate_limit_per_minute: Option<i32>,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// An API key.
pub async fn key(conn: &mut Conn, organization: Id, id: Id) -> Result<Option<Key>> {
    Ok(run!(conn, |c| api_keys::table.find((organization, id)).select(Key::as_select()).first(c)).optional()?)
}

/// An address or a range of them, as `ip_allowlist` has it.
pub fn parse_range(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// A session, as far as authentication needs it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct Session {
    pub user_id: Id,
    pub impersonator_id: Option<Id>,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// A session.
pub async fn session(conn: &mut Conn, organization: Id, id: Id) -> Result<Option<Session>> {
    Ok(run!(conn, |c| sessions::table.find((organization, id)).select(Session::as_select()).first(c)).optional()?)
}

/// A user, as far as authentication needs it.
pub struct User {
    pub id: Id,
    pub name: String,
    pub status: UserStatus,
    pub scopes: ScopeSet,
}

/// A user with all he may do: by his role, and by the roles of his teams.
pub async fn user(conn: &mut Conn, organization: Id, id: Id) -> Result<Option<User>> {
    let found: Option<(String, UserStatus, Id)> = run!(conn, |c| users::table
        .find((organization, id))
        .select((users::name, users::status, users::role_id))
        .first(c))
    .optional()?;
    let Some((name, status, role)) = found else { return Ok(None) };
    let of_teams: Vec<Option<Id>> = run!(conn, |c| team_members::table
        .filter(team_members::organization_id.eq(organization).and(team_members::user_id.eq(id)))
        .inner_join(
            teams::table
                .on(teams::organization_id.eq(team_members::organization_id).and(teams::id.eq(team_members::team_id))),
        )
        .filter(teams::role_id.is_not_null())
        .select(teams::role_id)
        .load(c))?;
    let role_ids: Vec<Id> = of_teams.into_iter().flatten().chain([role]).collect();
    let permissions: Vec<Json<ScopeSet>> = run!(conn, |c| roles::table
        .filter(roles::organization_id.eq(organization).and(roles::id.eq_any(&role_ids)))
        .select(roles::permissions)
        .load(c))?;
    let scopes = permissions.into_iter().fold(ScopeSet::NONE, |all, one| all.union(one.0));
    Ok(Some(User { id, name, status, scopes }))
}

/// A contact, as far as authentication needs it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = contacts)]
pub struct Contact {
    pub name: Option<String>,
    pub is_blocked: bool,
}

/// A contact.
pub async fn contact(conn: &mut Conn, space: Id, id: Id) -> Result<Option<Contact>> {
    Ok(run!(conn, |c| contacts::table.find((space, id)).select(Contact::as_select()).first(c)).optional()?)
}

/// The user that an outside issuer's subject stands for.
pub async fn user_by_external_id(conn: &mut Conn, organization: Id, external_id: &str) -> Result<Option<Id>> {
    Ok(run!(conn, |c| users::table
        .filter(users::organization_id.eq(organization).and(users::external_id.eq(external_id)))
        .select(users::id)
        .first(c))
    .optional()?)
}

/// The user with this (lower-case) e-mail address, unless it is known already as which subject he comes: addresses are handed on,
/// and who has one now need not be who had it when the account was made.
pub async fn user_by_email(conn: &mut Conn, organization: Id, email: &str) -> Result<Option<Id>> {
    Ok(run!(conn, |c| users::table
        .filter(users::organization_id.eq(organization).and(users::email.eq(email)).and(users::external_id.is_null()))
        .select(users::id)
        .first(c))
    .optional()?)
}

/// The name of an organization.
pub async fn organization_name(conn: &mut Conn, organization: Id) -> Result<Arc<str>> {
    let name: Option<String> =
        run!(conn, |c| organizations::table.find(organization).select(organizations::name).first(c)).optional()?;
    Ok(name.unwrap_or_default().into())
}

/// The organization with this slug; without one, the only organization of the server.
pub async fn organization_by_slug(conn: &mut Conn, slug: Option<&str>) -> Result<Option<Id>> {
    let found: Vec<Id> = match slug {
        Some(slug) => run!(conn, |c| organizations::table
            .filter(organizations::slug.eq(slug))
            .select(organizations::id)
            .limit(2)
            .load(c))?,
        None => run!(conn, |c| organizations::table.select(organizations::id).limit(2).load(c))?,
    };
    Ok(if found.len() == 1 { found.first().copied() } else { None })
}

/// Notes when a key was last used, and from where.
pub async fn touch_key(conn: &mut Conn, organization: Id, id: Id, at: Timestamp, ip: Option<&str>) -> Result<()> {
    run!(conn, |c| diesel::update(api_keys::table.find((organization, id)))
        .set((api_keys::last_used_at.eq(at), api_keys::last_used_ip.eq(ip)))
        .execute(c))?;
    Ok(())
}

/// Makes a token that opens `subject`, and stores its digest.
pub async fn issue(
    tx: &mut Tx<'_>,
    kind: TokenKind,
    purpose: TokenPurpose,
    subject: Id,
    expires_at: Option<Timestamp>,
) -> Result<String> {
    let token = token::generate(kind).map_err(Error::internal)?;
    let digest = token::digest(&token);
    let organization = tx.organization();
    run!(tx, |c| diesel::insert_into(tokens::table)
        .values((
            tokens::digest.eq(digest.as_slice()),
            tokens::organization_id.eq(organization),
            tokens::purpose.eq(purpose),
            tokens::subject_id.eq(subject),
            tokens::expires_at.eq(expires_at),
        ))
        .execute(c))?;
    Ok(token)
}

/// Makes every token of one purpose that opens `subject` unknown.
pub async fn withdraw(tx: &mut Tx<'_>, purpose: TokenPurpose, subject: Id) -> Result<()> {
    let organization = tx.organization();
    run!(tx, |c| diesel::delete(
        tokens::table
            .filter(tokens::organization_id.eq(organization).and(tokens::subject_id.eq(subject)))
            .filter(tokens::purpose.eq(purpose))
    )
    .execute(c))?;
    Ok(())
}
