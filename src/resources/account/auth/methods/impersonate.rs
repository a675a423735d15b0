//! Acting as somebody else.

use super::super::model::{Impersonation, Session};
use super::super::store;
use crate::access::session;
use crate::access::store::user;
use crate::access::user::UserStatus;
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Credential, Error, Int, Kind, Method, Name, Result};
use crate::resources::account::roles;

/// How long it lasts if the call does not say.
const MINUTES: i64 = 15;

arguments! {
    /// Opens a session in which you act as another user.
    ///
    /// Everything done in it is recorded with both names. It works only for users who may do no more than you, lasts an hour at
    /// the most, and cannot be prolonged.
    pub struct Impersonate {
        /// The user to act as.
        pub user_id: Id,
        /// Why; it is kept with the session.
        pub reason: Name<500>,
        /// How long, in minutes; 15 if left out.
        pub minutes: Option<Int<1, 60>>,
    }
}

impl Method for Impersonate {
    const NAME: &'static str = "auth.impersonate";
    const ACCESS: Access = Access::write(Area::Users);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::MissingScope, Code::NoPermission, Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["session.impersonated"];
    const EXAMPLE: &'static str = r#"{"user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","reason":"Ticket 4711: the inbox looks empty to her","minutes":30}"#;
    type Output = Impersonation;

    async fn call(self, ctx: Context) -> Result<Impersonation> {
        // The record names who acts and who really does; a third one would be lost.
        let caller = ctx.caller()?;
        let refused = match &caller.credential {
            Credential::Session { impersonator: Some(_) } => Some("You act as somebody else already."),
            // A session has no such limits: the key would shed its own by opening one.
            Credential::ApiKey(limits)
                if caller.is_test || !limits.allowed_methods.is_empty() || !limits.ip_allowlist.is_empty() =>
            {
                Some("A key that is limited to some methods or addresses, or to tests, cannot open a session.")
            }
            _ => None,
        };
        if let Some(why) = refused {
            return Err(Error::new(Code::NoPermission, why));
        }
        let impersonator = ctx.user()?;
        ctx.write(async move |tx| {
            let organization = tx.organization();
            let unknown = || Error::argument("/user_id", "unknown_id", format!("there is no user {}", self.user_id));
            let target = user(tx, organization, self.user_id).await?.ok_or_else(unknown)?;
            if target.status != UserStatus::Active {
                return Err(Error::new(Code::InvalidState, "This user is not active."));
            }
            roles::store::require_held(tx, target.scopes)?;
            let expires_in = self.minutes.map_or(MINUTES, |minutes| minutes.0) * 60;
            let (id, access_token) =
                session::impersonate(tx, target.id, impersonator, &self.reason, expires_in).await?;
            let row = store::session(tx, organization, id).await?.ok_or_else(Error::not_found::<Session>)?;
            let current = tx.ctx().caller()?.credential_id;
            tx.emit("session.impersonated", &Session::seen_from(current, row))?;
            Ok(Impersonation { access_token, token_type: "Bearer".into(), expires_in })
        })
        .await
    }
}
