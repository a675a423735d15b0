//! Ending sessions, and seeing which there are.

use super::super::model::{Session, SessionRow};
use super::super::store;
use crate::access::session;
use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Caller, Code, Context, Credential, Error, Kind, Method, Page, Result, Scope, Tx, Void,
};
use crate::resources::account::users;

/// What it takes to see and end the sessions of others.
const OTHERS: Scope = Scope::write(Area::Users);

arguments! {
    /// Ends the session that the call is made in.
    ///
    /// Its access token stops working at once on this server, and within seconds on others.
    pub struct Logout {
        /// Ends every session of the user.
        pub all: Option<bool>,
    }
}

impl Method for Logout {
    const NAME: &'static str = "auth.logout";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::NoPermission];
    const EVENTS: &'static [&'static str] = &["session.revoked"];
    const EXAMPLE: &'static str = r#"{"all":true}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        let caller = ctx.caller()?;
        if !matches!(caller.credential, Credential::Session { .. }) {
            return Err(Error::new(
                Code::NoPermission,
                "Only a session can be logged out of. A key ends with apiKeys.delete, an outside token at its issuer.",
            ));
        }
        let (user, current, all) = (ctx.user()?, caller.credential_id, self.all == Some(true));
        ctx.write(async move |tx| {
            let (organization, now) = (tx.organization(), tx.now());
            let ending = match all {
                true => store::live_sessions(tx, organization, user, now).await?,
                false => live(tx, current).await?.into_iter().collect(),
            };
            for row in ending {
                end(tx, current, row).await?;
            }
            Ok(Void {})
        })
        .await
    }
}

arguments! {
    /// Lists the sessions that go on: your own, or those of another user.
    pub struct ListSessions paged {
        /// Another user; that takes the scope users:write.
        pub user_id: Option<Id>,
    }
}

impl Method for ListSessions {
    const NAME: &'static str = "auth.listSessions";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::MissingScope, Code::NoPermission];
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<Session>;

    async fn call(self, ctx: Context) -> Result<Page<Session>> {
        let window = ctx.page(&self)?;
        let caller = ctx.caller()?;
        let (organization, current) = (ctx.organization(), caller.credential_id);
        let mut conn = ctx.read().await?;
        let user = match self.user_id {
            Some(other) if caller.user != Some(other) => {
                if !caller.scopes.has(OTHERS) {
                    return Err(missing_scope(&ctx, caller));
                }
                let known = users::store::find(&mut conn, organization, other).await?;
                let unknown = || Error::argument("/user_id", "unknown_id", format!("there is no user {other}"));
                known.ok_or_else(unknown)?.id
            }
            _ => ctx.user()?,
        };
        let rows = store::list_sessions(&mut conn, organization, user, ctx.now(), current, &window).await?;
        Ok(window.page(&ctx, rows))
    }
}

arguments! {
    /// Ends a session: one of your own, or with the scope users:write that of another user.
    pub struct RevokeSession {
        /// The session.
        pub session_id: Id,
    }
}

impl Method for RevokeSession {
    const NAME: &'static str = "auth.revokeSession";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::SessionNotFound];
    const EVENTS: &'static [&'static str] = &["session.revoked"];
    const EXAMPLE: &'static str = r#"{"session_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        let caller = ctx.caller()?;
        let (user, sees_all, current) = (caller.user, caller.scopes.has(OTHERS), caller.credential_id);
        ctx.write(async move |tx| {
            // Whoever may not list the sessions of others does not learn here which there are.
            let row = live(tx, self.session_id).await?.filter(|row| sees_all || user == Some(row.user_id));
            end(tx, current, row.ok_or_else(Error::not_found::<Session>)?).await?;
            Ok(Void {})
        })
        .await
    }
}

/// A session that goes on, locked.
async fn live(tx: &mut Tx<'_>, id: Id) -> Result<Option<SessionRow>> {
    let now = tx.now();
    Ok(store::lock_session(tx, id).await?.filter(|row| row.revoked_at.is_none() && row.expires_at > now))
}

async fn end(tx: &mut Tx<'_>, current: Id, row: SessionRow) -> Result<()> {
    session::revoke(tx, row.id).await?;
    tx.emit("session.revoked", &Session::seen_from(current, row))
}

fn missing_scope(ctx: &Context, caller: &Caller) -> Error {
    let message = format!("{} needs the scope {OTHERS} for the sessions of others.", ctx.method());
    Error::new(Code::MissingScope, message)
        .with("needed", OTHERS.to_string())
        .with("provided", caller.scopes.words().join(","))
}
