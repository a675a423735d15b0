use crate::access::password::Passwords;
use crate::access::session;
use crate::access::store::withdraw;
use crate::access::user::TokenPurpose;
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Batching, Code, Context, Credential, Error, Kind, Method, Rate, Result, Void, Words};
use crate::resources::account::users::{User, UserKind, UserStatus, rules, store};

arguments! {
    /// Sets a user's password.
    ///
    /// Your own takes the current one besides; that of another user takes the scope `users:write`, and a user who may do no more
    /// than you. All other sessions of the user end.
    pub struct ChangePassword {
        /// The user; you if left out.
        pub id: Option<Id>,
        /// The password so far; needed for your own.
        pub current_password: Option<Words<128>>,
        /// The new password, of 12 to 128 characters and hard to guess.
        pub new_password: Words<128>,
    }
}

impl Method for ChangePassword {
    const NAME: &'static str = "users.changePassword";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate::AUTH;
    const ERRORS: &'static [Code] = &[Code::WeakPassword, Code::NoPermission, Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["user.password_changed"];
    const EXAMPLE: &'static str =
        r#"{"current_password":"correct horse battery staple","new_password":"seven quiet herons at dusk"}"#;
    const BATCHING: Batching = Batching::NotAtomic;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        let id = match self.id {
            Some(id) => id,
            None => ctx.user()?,
        };
        rules::require_reach(&ctx, id)?;
        let is_own = ctx.caller()?.user == Some(id);
        let mut conn = ctx.read().await?;
        let organization = ctx.organization();
        let user = store::find(&mut conn, organization, id).await?.ok_or_else(Error::not_found::<User>)?;
        let old_hash = store::password_hash(&mut conn, organization, id).await?;
        drop(conn);
        let passwords = Passwords::of(&ctx)?;
        if is_own {
            let Some(current) = &self.current_password else {
                return Err(Error::argument(
                    "/current_password",
                    "required",
                    "missing required field: current_password",
                ));
            };
            if !passwords.verify(current, old_hash.as_deref()).await? {
                return Err(wrong());
            }
        }
        let about = [
            &user.name,
            user.email.as_deref().unwrap_or_default(),
            user.username.as_deref().unwrap_or_default(),
            &ctx.caller()?.organization_name,
        ];
        passwords.check(&self.new_password, &about)?;
        let hash = passwords.hash(&self.new_password).await?;
        ctx.write(async move |tx| {
            let before = store::target(tx, id).await?;
            rules::require_power_over(tx, id).await?;
            if before.kind != UserKind::Human || before.status == UserStatus::Invited {
                return Err(Error::new(
                    Code::InvalidState,
                    "Only a person who has accepted the invitation has a password.",
                ));
            }
            // What was verified must still be the password.
            let organization = tx.organization();
            if is_own && store::password_hash(tx, organization, id).await? != old_hash {
                return Err(wrong());
            }
            store::set_password(tx, &before, &hash).await?;
            let caller = tx.ctx().caller()?;
            let own_session = matches!(caller.credential, Credential::Session { .. }).then_some(caller.credential_id);
            session::revoke_all(tx, id, own_session).await?;
            withdraw(tx, TokenPurpose::Reset, id).await?;
            Ok(Void {})
        })
        .await
    }
}

fn wrong() -> Error {
    Error::new(Code::NoPermission, "The current password is wrong.")
}
