//! Logging in with a password.

use super::super::model::LoggedIn;
use super::super::store::{self, Account};
use crate::access::authenticate::caller_for_login;
use crate::access::password::Passwords;
use crate::access::session::{self, Tokens};
use crate::access::user::{UserKind, UserStatus};
use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Batching, Code, Context, Email, Error, FieldError, Hostname, Kind, Method, Name, Rate, Result, Tx, Username,
};
use crate::resources::account::users::{self, User};

arguments! {
    /// Opens a session for a user, by name and password.
    ///
    /// Whatever is wrong, be it the name, the password, or that the user is not active, the answer is the same.
    pub struct Login {
        /// The user's login name; this or `email`.
        pub username: Option<Username>,
        /// The user's e-mail address; this or `username`.
        pub email: Option<Email>,
        /// The password.
        pub password: Name<128>,
        /// A host name of the organization, for users who belong to several.
        pub hostname: Option<Hostname>,
    }
}

impl Method for Login {
    const NAME: &'static str = "auth.login";
    const ACCESS: Access = Access::Public;
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate::AUTH;
    const EVENTS: &'static [&'static str] = &["session.created"];
    const EXAMPLE: &'static str = r#"{"email":"jane@example.com","password":"correct horse battery staple"}"#;
    const BATCHING: Batching = Batching::NotAtomic;
    type Output = LoggedIn;

    async fn call(self, ctx: Context) -> Result<LoggedIn> {
        let wrong = || Error::new(Code::InvalidAuth, "The name or the password is wrong.");
        let name = self.name()?;
        let account = only(store::accounts(&mut *ctx.read().await?, name, self.hostname.as_deref()).await?);
        // There is always something to check, so that an unknown name takes as long as a wrong password.
        let hash = account.as_ref().and_then(|account| account.password_hash.as_deref());
        let matches = Passwords::of(&ctx)?.verify(&self.password, hash).await?;
        let Some(account) = account.filter(|_| matches) else { return Err(wrong()) };
        let caller = caller_for_login(&ctx, account.organization_id, account.id, Id::NIL).await?;
        ctx.acting_as(caller)
            .write(async move |tx| {
                // Much may have happened while the password was checked.
                let present = store::lock_account(tx, account.id).await?;
                let still = present.filter(|now| is_admitted(now) && now.password_hash == account.password_hash);
                let account = still.ok_or_else(wrong)?;
                let tokens = session::open(tx, account.id).await?;
                store::note_seen(tx, &account).await?;
                store::announce_session(tx, tokens.session_id).await?;
                logged_in(tx, account.id, tokens).await
            })
            .await
    }
}

impl Login {
    fn name(&self) -> Result<&str> {
        match (&self.username, &self.email) {
            (Some(username), None) => Ok(username),
            (None, Some(email)) => Ok(email),
            (None, None) => {
                let missing = |name: &str| {
                    FieldError::new(format!("/{name}"), "required", "send one of the two: username or email")
                };
                Err(Error::arguments(Self::NAME, vec![missing("username"), missing("email")]))
            }
            (Some(_), Some(_)) => {
                let message = "send one of the two, not both: username or email";
                Err(Error::arguments(Self::NAME, vec![FieldError::new("/email", "duplicate", message)]))
            }
        }
    }
}

/// The one who may log in, where the name leaves no doubt who that is.
fn only(accounts: Vec<Account>) -> Option<Account> {
    let mut admitted = accounts.into_iter().filter(is_admitted);
    match (admitted.next(), admitted.next()) {
        (Some(account), None) => Some(account),
        _ => None,
    }
}

fn is_admitted(account: &Account) -> bool {
    account.kind == UserKind::Human && account.status == UserStatus::Active
}

/// The answer to a login or a refresh.
pub(super) async fn logged_in(tx: &mut Tx<'_>, user: Id, tokens: Tokens) -> Result<LoggedIn> {
    let organization = tx.organization();
    let user = users::store::find(tx, organization, user).await?.ok_or_else(Error::not_found::<User>)?;
    Ok(LoggedIn {
        access_token: tokens.access_token,
        token_type: "Bearer".into(),
        expires_in: tokens.expires_in,
        refresh_token: tokens.refresh_token,
        user,
    })
}
