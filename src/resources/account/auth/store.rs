//! All SQL of logging in.

use super::model::{Session, SessionRow};
use crate::access::token::TokenDigest;
use crate::access::user::{TokenPurpose, UserKind, UserStatus};
use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::method::{Error, Result, Tx, Window};
use crate::schema::{hostnames, logins, sessions, tokens, users};
use crate::{lock, run, run_page};

/// How many organizations one address is looked up in, at the most.
const MOST_ACCOUNTS: i64 = 20;

/// A user, as far as letting him in needs it.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct Account {
    pub organization_id: Id,
    pub id: Id,
    pub kind: UserKind,
    pub name: String,
    pub email: Option<String>,
    pub username: Option<String>,
    pub status: UserStatus,
    pub password_hash: Option<String>,
    pub first_seen_at: Option<Timestamp>,
}

/// The users who log in with this (lower-case) name: in the organization of a host name, or wherever they are.
pub async fn accounts(conn: &mut Conn, name: &str, hostname: Option<&str>) -> Result<Vec<Account>> {
    let mut found: Vec<(Id, Id)> = run!(conn, |c| logins::table
        .filter(logins::name.eq(name))
        .select((logins::organization_id, logins::user_id))
        .limit(MOST_ACCOUNTS)
        .load(c))?;
    if let Some(hostname) = hostname {
        let organization: Option<Id> =
            run!(conn, |c| hostnames::table.find(hostname).select(hostnames::organization_id).first(c)).optional()?;
        found.retain(|(of, _)| Some(*of) == organization);
    }
    let mut accounts = Vec::with_capacity(found.len());
    for (organization, id) in found {
        accounts.extend(account(conn, organization, id).await?);
    }
    Ok(accounts)
}

/// One user.
pub async fn account(conn: &mut Conn, organization: Id, id: Id) -> Result<Option<Account>> {
    Ok(run!(conn, |c| users::table.find((organization, id)).select(Account::as_select()).first(c)).optional()?)
}

/// One user, locked. Whoever needs the lock of a session too takes this one first.
pub async fn lock_account(tx: &mut Tx<'_>, id: Id) -> Result<Option<Account>> {
    let organization = tx.organization();
    Ok(lock!(tx, users::table.find((organization, id)).select(Account::as_select()))?)
}

/// Notes that a user is there. That changes nothing about him, so it counts as no change: no version, no event.
pub async fn note_seen(tx: &mut Tx<'_>, account: &Account) -> Result<()> {
    let now = tx.now();
    run!(tx, |c| diesel::update(users::table.find((account.organization_id, account.id)))
        .set((users::first_seen_at.eq(Some(account.first_seen_at.unwrap_or(now))), users::last_seen_at.eq(Some(now))))
        .execute(c))?;
    Ok(())
}

/// Whether a user has a token of this purpose that ends after `end`.
pub async fn has_token(tx: &mut Tx<'_>, purpose: TokenPurpose, user: Id, end: Timestamp) -> Result<bool> {
    let organization = tx.organization();
    let found: Vec<Id> = run!(tx, |c| tokens::table
        .filter(tokens::organization_id.eq(organization).and(tokens::subject_id.eq(user)))
        .filter(tokens::purpose.eq(purpose).and(tokens::expires_at.gt(end)))
        .select(tokens::subject_id)
        .limit(1)
        .load(c))?;
    Ok(!found.is_empty())
}

/// Uses a token up; false if it is not there any more.
pub async fn spend(tx: &mut Tx<'_>, digest: &TokenDigest) -> Result<bool> {
    let organization = tx.organization();
    let spent = run!(tx, |c| diesel::delete(
        tokens::table.filter(tokens::digest.eq(digest.as_slice()).and(tokens::organization_id.eq(organization)))
    )
    .execute(c))?;
    Ok(spent == 1)
}

/// A session.
pub async fn session(conn: &mut Conn, organization: Id, id: Id) -> Result<Option<SessionRow>> {
    Ok(run!(conn, |c| sessions::table.find((organization, id)).select(SessionRow::as_select()).first(c)).optional()?)
}

/// A session, locked.
pub async fn lock_session(tx: &mut Tx<'_>, id: Id) -> Result<Option<SessionRow>> {
    let organization = tx.organization();
    Ok(lock!(tx, sessions::table.find((organization, id)).select(SessionRow::as_select()))?)
}

/// The sessions of a user that go on.
pub async fn live_sessions(conn: &mut Conn, organization: Id, user: Id, now: Timestamp) -> Result<Vec<SessionRow>> {
    Ok(run!(conn, |c| live(organization, user, now).order(sessions::id).select(SessionRow::as_select()).load(c))?)
}

/// The sessions of a user that go on, a page of them, as they look from the session `current`.
pub async fn list_sessions(
    conn: &mut Conn,
    organization: Id,
    user: Id,
    now: Timestamp,
    current: Id,
    window: &Window,
) -> Result<(Vec<Session>, Option<i64>)> {
    let (rows, total) = run_page!(conn, window, sessions::id, SessionRow, live(organization, user, now));
    Ok((rows.into_iter().map(|row| Session::seen_from(current, row)).collect(), total))
}

#[diesel::dsl::auto_type(no_type_alias)]
fn live(organization: Id, user: Id, now: Timestamp) -> _ {
    let of_user = sessions::organization_id.eq(organization).and(sessions::user_id.eq(user));
    sessions::table.filter(of_user.and(sessions::revoked_at.is_null()).and(sessions::expires_at.gt(now)))
}

/// Announces a session that was just opened.
pub async fn announce_session(tx: &mut Tx<'_>, id: Id) -> Result<()> {
    let organization = tx.organization();
    let row = session(tx, organization, id).await?.ok_or_else(Error::not_found::<Session>)?;
    tx.emit("session.created", &Session::seen_from(id, row))
}
