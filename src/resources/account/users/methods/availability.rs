use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{Access, Code, Context, Error, Kind, Method, Nullable, Result, Words, stored};
use crate::resources::account::users::{Availability, User, rules, store};

arguments! {
    /// Says whether a user can be reached.
    ///
    /// Reason and time belong to this one absence: where they are left out, those of an earlier one are cleared. For another user
    /// it takes the scope `users:write`.
    pub struct SetAvailability {
        /// The user; you if left out.
        pub user_id: Option<Id>,
        /// Whether the user can be reached.
        pub availability: Availability,
        /// Why not.
        pub away_reason: Nullable<Words<120>>,
        /// When the user will be back; kept as `available_again_at`.
        pub until: Nullable<Timestamp>,
    }
}

impl Method for SetAvailability {
    const NAME: &'static str = "users.setAvailability";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::NoPermission];
    const EVENTS: &'static [&'static str] = &["user.availability_changed"];
    const EXAMPLE: &'static str = r#"{"availability":"away","away_reason":"Lunch","until":"2026-11-20T13:00:00Z"}"#;
    type Output = User;

    async fn call(self, ctx: Context) -> Result<User> {
        let id = match self.user_id {
            Some(id) => id,
            None => ctx.user()?,
        };
        rules::require_reach(&ctx, id)?;
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, id).await?;
            rules::require_power_over(tx, id).await?;
            let mut user = before.clone();
            user.availability = args.availability;
            user.away_reason = stored(args.away_reason);
            user.available_again_at = stored(args.until);
            // A repeated call is not to fail because time went by.
            if user != before && user.available_again_at.is_some_and(|until| until <= tx.now()) {
                return Err(Error::argument("/until", "too_small", "must lie in the future"));
            }
            store::save(tx, before, user, "user.availability_changed").await
        })
        .await
    }
}
