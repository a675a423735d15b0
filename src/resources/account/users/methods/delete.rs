use crate::access::session;
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Kind, Method, Result, Void};
use crate::resources::account::users::{rules, store};
use crate::resources::account::{organizations, teams};
use crate::resources::crm::contacts;
use crate::resources::inbox::conversations;

arguments! {
    /// Deletes a user for good.
    ///
    /// Their sessions end, the keys that act as them are revoked, and they leave their teams and follow nothing any more. What they had open belongs to
    /// `reassign_to_user_id` from then on, or to nobody; so does their place as the organization's default user. The last active owner cannot be deleted, nor can a user
    /// who may do more than you.
    pub struct Delete {
        /// The user.
        pub id: Id,
        /// The active user who takes over open conversations, and the place as default user of the organization.
        pub reassign_to_user_id: Option<Id>,
    }
}

impl Method for Delete {
    const NAME: &'static str = "users.delete";
    const ACCESS: Access = Access::write(Area::Users);
    const KIND: Kind = Kind::Delete;
    const ERRORS: &'static [Code] = &[Code::InUse, Code::NoPermission];
    const EVENTS: &'static [&'static str] = &[
        "user.deleted",
        "team.member_removed",
        "organization.updated",
        "api_key.revoked",
        "conversation.assigned",
        "conversation.updated",
        "contact.updated",
    ];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","reassign_to_user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let user = store::target_to_delete(tx, self.id).await?;
            rules::require_power_over(tx, self.id).await?;
            rules::require_heir(tx, &user, self.reassign_to_user_id).await?;
            let was_owner = rules::is_active_owner(tx, &user).await?;
            // The first event names what the audit entry is about.
            tx.emit("user.deleted", &user)?;
            teams::membership::leave_all(tx, self.id).await?;
            organizations::store::replace_default_user(tx, self.id, self.reassign_to_user_id).await?;
            store::revoke_keys(tx, self.id).await?;
            conversations::heirs::of_user(tx, self.id, self.reassign_to_user_id).await?;
            contacts::heirs::of_user(tx, self.id, self.reassign_to_user_id).await?;
            conversations::heirs::forget_user(tx, self.id).await?;
            // His own sessions go with him; those in which he acts as another belong to the other and would stay.
            session::revoke_all(tx, self.id, None).await?;
            store::delete(tx, self.id).await?;
            if was_owner {
                rules::require_an_owner(tx).await?;
            }
            Ok(Void {})
        })
        .await
    }
}
