//! Passwords that were forgotten, or never set.

use std::time::{Duration, Instant};

use super::super::store::{self, Account};
use crate::access::authenticate::server_itself;
use crate::access::links;
use crate::access::password::Passwords;
use crate::access::session;
use crate::access::store::{issue, open, organization_name, withdraw};
use crate::access::token::{self, TokenKind};
use crate::access::user::{TokenPurpose, UserKind, UserStatus};
use crate::arguments;
use crate::db::Timestamp;
use crate::method::{
    Access, Actor, ActorType, Batching, Caller, Code, Context, Email, Error, Hostname, Kind, Method, Name, Rate,
    Result, ScopeSet, Void,
};
use crate::providers::mail::{Mail, enqueue};
use crate::resources::account::users;

/// How long a reset token lasts, in seconds: 4 hours.
const RESET_SECONDS: i64 = 4 * 60 * 60;
/// How long a user waits for his next mail, in seconds: nobody can have him flooded.
const PAUSE_SECONDS: i64 = 60;
/// How long every request takes, so that the time it takes tells nothing. Writing a mail down takes a fraction of it.
const TAKES: Duration = Duration::from_millis(100);

arguments! {
    /// Sends a user a mail with which to set a new password.
    ///
    /// The answer is the same whether there is such a user or not. Whoever belongs to several organizations gets a mail for each.
    pub struct RequestPasswordReset {
        /// The user's e-mail address.
        pub email: Email,
        /// A host name of the organization, for users who belong to several.
        pub hostname: Option<Hostname>,
    }
}

impl Method for RequestPasswordReset {
    const NAME: &'static str = "auth.requestPasswordReset";
    const ACCESS: Access = Access::Public;
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate::AUTH;
    const EXAMPLE: &'static str = r#"{"email":"jane@example.com"}"#;
    const BATCHING: Batching = Batching::NotAtomic;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        let end = Instant::now() + TAKES;
        let accounts = store::accounts(&mut *ctx.read().await?, &self.email, self.hostname.as_deref()).await?;
        // One transaction for each organization: they have nothing to do with one another.
        for account in accounts.into_iter().filter(may_set_password) {
            send_token(&ctx, account).await?;
        }
        tokio::time::sleep_until(end.into()).await;
        Ok(Void {})
    }
}

async fn send_token(ctx: &Context, account: Account) -> Result<()> {
    let Some(email) = account.email.clone() else { return Ok(()) };
    let organization = account.organization_id;
    let mut conn = ctx.read().await?;
    let name = organization_name(&mut conn, organization).await?;
    let base = links::base(ctx, &mut conn, organization).await?;
    drop(conn);
    // Nobody is logged in: the server does it.
    ctx.acting_as(server_itself(organization))
        .write(async move |tx| {
            let end = tx.now().plus_seconds(RESET_SECONDS);
            if store::has_token(tx, TokenPurpose::Reset, account.id, end.plus_seconds(-PAUSE_SECONDS)).await? {
                return Ok(Void {});
            }
            let token = issue(tx, TokenKind::Reset, TokenPurpose::Reset, account.id, Some(end)).await?;
            let mail = Mail {
                to: email.clone(),
                subject: format!("Your password for {name}"),
                text: reset_text(&email, &name, base.as_deref(), &token, end),
            };
            enqueue(tx, &mail).await?;
            Ok(Void {})
        })
        .await
        .map(|Void {}| ())
}

fn reset_text(email: &str, organization: &str, base: Option<&str>, token: &str, end: Timestamp) -> String {
    let base = base.unwrap_or_default();
    format!(
        "Somebody, probably you, asked for a new password for\n{email} at {organization}.\n\n\
         To set a new password, call the API:\n\n\
         POST {base}/auth.resetPassword\n{{\"token\":\"{token}\",\n \"new_password\":\"<12 characters or more>\"}}\n\n\
         This works once, until {end}.\nIf it was not you, there is nothing to do: the password stays as it is.\n"
    )
}

arguments! {
    /// Sets a user's password with the token from a mail, and ends all sessions of the user.
    ///
    /// The token of an invitation works too: with the first password the user becomes active.
    pub struct ResetPassword {
        /// The token from the mail; good for one use.
        pub token: Name<100>,
        /// The new password: 12 to 128 characters that are hard to guess.
        pub new_password: Name<128>,
    }
}

impl Method for ResetPassword {
    const NAME: &'static str = "auth.resetPassword";
    const ACCESS: Access = Access::Public;
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate::AUTH;
    const ERRORS: &'static [Code] = &[Code::Expired, Code::WeakPassword];
    const EVENTS: &'static [&'static str] = &["user.password_changed"];
    const EXAMPLE: &'static str =
        r#"{"token":"dd_reset_0oHZkJ4q7rV2mXyW9bTnEaPcLsGdUf31_1aB2cD","new_password":"correct horse battery staple"}"#;
    const BATCHING: Batching = Batching::NotAtomic;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        let gone = || Error::new(Code::Expired, "This token was used already, or is too old; ask for another one.");
        let Some((TokenKind::Reset | TokenKind::Invite, digest)) = token::parse(&self.token) else {
            return Err(gone());
        };
        let mut conn = ctx.read().await?;
        let now = ctx.now();
        let opened = open(&mut conn, &digest).await?.filter(|opened| {
            matches!(opened.purpose, TokenPurpose::Reset | TokenPurpose::Invite)
                && opened.expires_at.is_none_or(|end| end > now)
        });
        let opened = opened.ok_or_else(gone)?;
        let account = store::account(&mut conn, opened.organization_id, opened.subject_id).await?;
        let account = account.filter(may_set_password).ok_or_else(gone)?;
        let organization = organization_name(&mut conn, opened.organization_id).await?;
        drop(conn);
        let passwords = Passwords::of(&ctx)?;
        let about = [Some(&account.name), account.email.as_ref(), account.username.as_ref()];
        let mut about: Vec<&str> = about.into_iter().flatten().map(String::as_str).collect();
        about.push(&organization);
        passwords.check(&self.new_password, &about)?;
        let hash = passwords.hash(&self.new_password).await?;
        ctx.acting_as(himself(&account))
            .write(async move |tx| {
                let before = users::store::target(tx, account.id).await?;
                if before.status == UserStatus::Inactive || !store::spend(tx, &digest).await? {
                    return Err(gone());
                }
                users::store::set_password(tx, &before, &hash).await?;
                // Whoever still has another token from an earlier mail could set the password back.
                withdraw(tx, TokenPurpose::Reset, account.id).await?;
                withdraw(tx, TokenPurpose::Invite, account.id).await?;
                session::revoke_all(tx, account.id, None).await?;
                Ok(Void {})
            })
            .await
    }
}

fn may_set_password(account: &Account) -> bool {
    account.kind == UserKind::Human && account.status != UserStatus::Inactive
}

/// The user, who showed by his token that he reads his mail; that lets him do this one thing.
fn himself(account: &Account) -> Caller {
    Caller {
        actor: Actor { kind: ActorType::User, id: account.id, name: account.name.clone() },
        user: Some(account.id),
        contact: None,
        scopes: ScopeSet::NONE,
        ..server_itself(account.organization_id)
    }
}
