//! Sessions: a user who has logged in, from one client. An access token lasts minutes, a refresh token gets the next one.

use super::authenticate::Sessions;
use super::jwt::{LIFETIME_SECONDS, TokenSigner};
use super::store;
use super::token::{self, TokenKind};
use super::user::TokenPurpose;
use crate::db::prelude::*;
use crate::db::{Id, Timestamp};
use crate::method::{Result, Tx};
use crate::run;
use crate::schema::sessions;

/// How long a session lasts without use, in seconds: 30 days.
pub const IDLE_SECONDS: i64 = 30 * 24 * 60 * 60;

/// The tokens of a session that was just opened or refreshed.
pub struct Tokens {
    /// The session.
    pub session_id: Id,
    /// Goes with every call.
    pub access_token: String,
    /// How long the access token lasts, in seconds.
    pub expires_in: i64,
    /// Gets the next access token; good for one use.
    pub refresh_token: String,
}

#[derive(Insertable)]
#[diesel(table_name = sessions)]
struct NewSession {
    organization_id: Id,
    id: Id,
    user_id: Id,
    ip: Option<String>,
    user_agent: Option<String>,
    refresh_digest: Option<Vec<u8>>,
    impersonator_id: Option<Id>,
    impersonation_reason: Option<String>,
    created_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
}

/// Opens a session for a user of the transaction's organization.
pub async fn open(tx: &mut Tx<'_>, user: Id) -> Result<Tokens> {
    let id = tx.new_id();
    let tokens = make_tokens(tx, id, user).await?;
    let mut row = new_session(tx, id, user, IDLE_SECONDS);
    row.refresh_digest = Some(token::digest(&tokens.refresh_token).to_vec());
    insert(tx, &row).await?;
    Ok(tokens)
}

/// Opens a session in which `impersonator` acts as `user`, and answers it with its access token. It ends for good after `seconds`:
/// there is no refresh token.
pub async fn impersonate(
    tx: &mut Tx<'_>,
    user: Id,
    impersonator: Id,
    reason: &str,
    seconds: i64,
) -> Result<(Id, String)> {
    let id = tx.new_id();
    let (access_token, _) = TokenSigner::of(tx.ctx())?.sign(tx.organization(), user, id, tx.now(), seconds)?;
    let mut row = new_session(tx, id, user, seconds);
    row.impersonator_id = Some(impersonator);
    row.impersonation_reason = Some(reason.to_owned());
    insert(tx, &row).await?;
    Ok((id, access_token))
}

fn new_session(tx: &Tx<'_>, id: Id, user: Id, lifetime: i64) -> NewSession {
    let request = tx.ctx().request();
    NewSession {
        organization_id: tx.organization(),
        id,
        user_id: user,
        ip: request.ip.map(|ip| ip.to_string()),
        user_agent: request.user_agent.as_ref().map(|agent| agent.chars().take(500).collect()),
        refresh_digest: None,
        impersonator_id: None,
        impersonation_reason: None,
        created_at: tx.now(),
        last_used_at: tx.now(),
        expires_at: tx.now().plus_seconds(lifetime),
    }
}

async fn insert(tx: &mut Tx<'_>, row: &NewSession) -> Result<()> {
    run!(tx, |c| diesel::insert_into(sessions::table).values(row).execute(c))?;
    Ok(())
}

/// New tokens for a session that goes on; the refresh token before them is good for nothing from then on.
pub async fn renew(tx: &mut Tx<'_>, session: Id, user: Id) -> Result<Tokens> {
    let tokens = make_tokens(tx, session, user).await?;
    let digest = token::digest(&tokens.refresh_token).to_vec();
    let (organization, now) = (tx.organization(), tx.now());
    run!(tx, |c| diesel::update(sessions::table.find((organization, session)))
        .set((
            sessions::refresh_digest.eq(Some(&digest)),
            sessions::last_used_at.eq(now),
            sessions::expires_at.eq(now.plus_seconds(IDLE_SECONDS)),
        ))
        .execute(c))?;
    Ok(tokens)
}

/// Ends one session.
pub async fn revoke(tx: &mut Tx<'_>, session: Id) -> Result<()> {
    let (organization, now) = (tx.organization(), tx.now());
    run!(tx, |c| diesel::update(sessions::table.find((organization, session)))
        .set(sessions::revoked_at.eq(now))
        .execute(c))?;
    Sessions::forget(tx)
}

/// New tokens for a session; the refresh token's digest is the caller's to store with it.
async fn make_tokens(tx: &mut Tx<'_>, session: Id, user: Id) -> Result<Tokens> {
    let now = tx.now();
    let end = Some(now.plus_seconds(IDLE_SECONDS));
    let refresh_token = store::issue(tx, TokenKind::Refresh, TokenPurpose::Refresh, session, end).await?;
    let signer = TokenSigner::of(tx.ctx())?;
    let (access_token, _) = signer.sign(tx.organization(), user, session, now, LIFETIME_SECONDS)?;
    Ok(Tokens { session_id: session, access_token, expires_in: LIFETIME_SECONDS, refresh_token })
}

/// Ends every session of a user, those in which he acts as another too, but for one that may go on.
pub async fn revoke_all(tx: &mut Tx<'_>, user: Id, except: Option<Id>) -> Result<()> {
    let (organization, now) = (tx.organization(), tx.now());
    run!(tx, |c| diesel::update(
        sessions::table
            .filter(sessions::organization_id.eq(organization))
            .filter(sessions::user_id.eq(user).or(sessions::impersonator_id.eq(user)))
            .filter(sessions::revoked_at.is_null().and(sessions::id.ne(except.unwrap_or(Id::NIL))))
    )
    .set(sessions::revoked_at.eq(now))
    .execute(c))?;
    Sessions::forget(tx)
}
