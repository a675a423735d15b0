//! Going on with a session.

use serde::{Deserialize, Serialize};

use super::super::model::{LoggedIn, Session};
use super::super::store;
use super::login::logged_in;
use crate::access::authenticate::caller_for_login;
use crate::access::session;
use crate::access::store::open;
use crate::access::token::{self, TokenDigest, TokenKind};
use crate::access::user::{TokenPurpose, UserStatus};
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Code, Context, Error, Kind, Method, Name, Rate, Result, Tx};

arguments! {
    /// Exchanges a refresh token for the next access token, and for the next refresh token.
    ///
    /// A refresh token is good for one use. One that comes a second time was stolen, from one side or the other: the whole
    /// session ends.
    pub struct Refresh {
        /// The newest refresh token of the session.
        pub refresh_token: Name<100>,
    }
}

/// What became of a session. An error would undo the revocation, so the write itself always succeeds.
#[derive(Serialize, Deserialize)]
enum Outcome {
    GoesOn(Box<LoggedIn>),
    Expired,
    Revoked,
    Reused,
}

impl Method for Refresh {
    const NAME: &'static str = "auth.refresh";
    const ACCESS: Access = Access::Public;
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate::AUTH;
    const ERRORS: &'static [Code] = &[Code::Expired];
    const EVENTS: &'static [&'static str] = &["session.revoked"];
    const EXAMPLE: &'static str = r#"{"refresh_token":"dd_refresh_0oHZkJ4q7rV2mXyW9bTnEaPcLsGdUf31_1aB2cD"}"#;
    type Output = LoggedIn;

    async fn call(self, ctx: Context) -> Result<LoggedIn> {
        let invalid = || Error::new(Code::InvalidAuth, "This is not a valid refresh token.");
        let revoked = || Error::new(Code::TokenRevoked, "This session was ended; log in again.");
        let expired = || Error::new(Code::Expired, "This session was not used for too long; log in again.");
        let Some((TokenKind::Refresh, digest)) = token::parse(&self.refresh_token) else { return Err(invalid()) };
        let mut conn = ctx.read().await?;
        let opened = open(&mut conn, &digest).await?.filter(|opened| opened.purpose == TokenPurpose::Refresh);
        let opened = opened.ok_or_else(invalid)?;
        if opened.expires_at.is_some_and(|end| end <= ctx.now()) {
            return Err(expired());
        }
        let (organization, id) = (opened.organization_id, opened.subject_id);
        let session = store::session(&mut conn, organization, id).await?.ok_or_else(revoked)?;
        drop(conn);
        let caller = caller_for_login(&ctx, organization, session.user_id, id).await?;
        let user = session.user_id;
        match ctx.acting_as(caller).write(async move |tx| renew(tx, id, user, &digest).await).await? {
            Outcome::GoesOn(tokens) => Ok(*tokens),
            Outcome::Expired => Err(expired()),
            Outcome::Revoked => Err(revoked()),
            Outcome::Reused => Err(Error::new(
                Code::TokenRevoked,
                "This refresh token was used before. The session has been ended, in case it was stolen; log in again.",
            )),
        }
    }
}

async fn renew(tx: &mut Tx<'_>, id: Id, user: Id, digest: &TokenDigest) -> Result<Outcome> {
    let account = store::lock_account(tx, user).await?.filter(|account| account.status == UserStatus::Active);
    let Some(account) = account else { return Ok(Outcome::Revoked) };
    let row = store::lock_session(tx, id).await?.filter(|row| row.revoked_at.is_none());
    let Some(row) = row else { return Ok(Outcome::Revoked) };
    if row.expires_at <= tx.now() {
        return Ok(Outcome::Expired);
    }
    if row.refresh_digest.as_deref() != Some(digest.as_slice()) {
        session::revoke(tx, id).await?;
        tx.emit("session.revoked", &Session::seen_from(id, row))?;
        return Ok(Outcome::Reused);
    }
    let tokens = session::renew(tx, id, user).await?;
    store::note_seen(tx, &account).await?;
    Ok(Outcome::GoesOn(Box::new(logged_in(tx, user, tokens).await?)))
}
