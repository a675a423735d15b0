use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Result, Void};
use crate::resources::account::users::{UserStatus, invitation, store};

arguments! {
    /// Sends an invitation again.
    ///
    /// The token of an earlier invitation is good for nothing from then on; the new one lasts 7 days.
    pub struct ResendInvite {
        /// The user, who has not accepted yet.
        pub id: Id,
    }
}

impl Method for ResendInvite {
    const NAME: &'static str = "users.resendInvite";
    const ACCESS: Access = Access::write(Area::Users);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let user = store::target(tx, self.id).await?;
            if user.status != UserStatus::Invited {
                return Err(Error::new(Code::InvalidState, "This user has no invitation to accept."));
            }
            invitation::send(tx, &user).await?;
            Ok(Void {})
        })
        .await
    }
}
