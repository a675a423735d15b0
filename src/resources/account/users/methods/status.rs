use crate::access::authenticate::Sessions;
use crate::access::session;
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Result};
use crate::resources::account::organizations;
use crate::resources::account::users::{User, UserStatus, rules, store};
use crate::resources::crm::contacts;
use crate::resources::inbox::conversations;

arguments! {
    /// Lets a user who was deactivated log in again.
    ///
    /// Activating an active user changes nothing. One who was invited becomes active by accepting, not by this.
    pub struct Activate {
        /// The user.
        pub id: Id,
    }
}

impl Method for Activate {
    const NAME: &'static str = "users.activate";
    const ACCESS: Access = Access::write(Area::Users);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::NoPermission];
    const EVENTS: &'static [&'static str] = &["user.activated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = User;

    async fn call(self, ctx: Context) -> Result<User> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            rules::require_power_over(tx, self.id).await?;
            if before.status == UserStatus::Invited {
                let message =
                    "This user was invited and becomes active by accepting; users.resendInvite sends a reminder.";
                return Err(Error::new(Code::InvalidState, message));
            }
            let mut user = before.clone();
            user.status = UserStatus::Active;
            Sessions::forget(tx)?;
            store::save(tx, before, user, "user.activated").await
        })
        .await
    }
}

arguments! {
    /// Keeps a user from logging in, without deleting anything.
    ///
    /// Their sessions end, and the keys that act as them are revoked for good. Deactivating an inactive user changes nothing. The
    /// last active owner cannot be deactivated, nor can a user who may do more than you.
    pub struct Deactivate {
        /// The user.
        pub id: Id,
        /// The active user who takes over open conversations, contacts, and the place as default user of the organization. Without
        /// one, all of it stays as it is.
        pub reassign_to_user_id: Option<Id>,
    }
}

impl Method for Deactivate {
    const NAME: &'static str = "users.deactivate";
    const ACCESS: Access = Access::write(Area::Users);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::InUse, Code::NoPermission];
    const EVENTS: &'static [&'static str] =
        &["user.deactivated", "api_key.revoked", "organization.updated", "conversation.assigned", "contact.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = User;

    async fn call(self, ctx: Context) -> Result<User> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            rules::require_power_over(tx, self.id).await?;
            rules::require_heir(tx, &before, self.reassign_to_user_id).await?;
            match before.status {
                UserStatus::Active => {}
                UserStatus::Inactive => return Ok(before),
                UserStatus::Invited => {
                    let message = "This user has not accepted the invitation yet; delete the user to withdraw it.";
                    return Err(Error::new(Code::InvalidState, message));
                }
            }
            let was_owner = rules::is_active_owner(tx, &before).await?;
            let mut user = before.clone();
            user.status = UserStatus::Inactive;
            let user = store::save(tx, before, user, "user.deactivated").await?;
            session::revoke_all(tx, self.id, None).await?;
            store::revoke_keys(tx, self.id).await?;
            if let Some(heir) = self.reassign_to_user_id {
                organizations::store::replace_default_user(tx, self.id, Some(heir)).await?;
                conversations::heirs::of_user(tx, self.id, Some(heir)).await?;
                contacts::heirs::of_user(tx, self.id, Some(heir)).await?;
            }
            if was_owner {
                rules::require_an_owner(tx).await?;
            }
            Ok(user)
        })
        .await
    }
}
