use crate::access::authenticate::Sessions;
use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Code, Context, Document, Error, Int, Kind, Language, List, Method, Name, Nullable, Patch, Phone, Result,
    Timezone, Url, Username, Words,
};
use crate::resources::account::roles;
use crate::resources::account::users::{Availability, User, rules, store};

arguments! {
    /// Changes a user.
    ///
    /// Everybody may change their own user, but for role and `external_id`; those, and other users, need the scope `users:write`.
    /// A user who may do more than you is not yours to change. Fields that are left out stay as they are, null clears what can be
    /// cleared, and `metadata` merges by key.
    pub struct Update {
        /// The user.
        pub id: Id,
        /// What the user is called.
        pub name: Patch<Name<120>>,
        /// A name to log in with, besides the address; unique in the organization.
        pub username: Patch<Nullable<Username>>,
        /// What the user may do; a role that grants no more than you may do yourself.
        pub role_id: Patch<Id>,
        /// Whether the user can be reached.
        pub availability: Patch<Availability>,
        /// Why the user is away.
        pub away_reason: Patch<Nullable<Words<120>>>,
        /// Whether work may be assigned to the user.
        pub is_assignable: Patch<bool>,
        /// How many open conversations the user takes at once; null for no limit.
        pub max_open_conversations: Patch<Nullable<Int<0, 1000>>>,
        /// What the user is good at.
        pub skills: Patch<List<Name<40>, 50>>,
        /// A picture.
        pub avatar_url: Patch<Nullable<Url>>,
        /// The user's position.
        pub job_title: Patch<Nullable<Words<120>>>,
        /// A telephone number, in international form.
        pub phone: Patch<Nullable<Phone>>,
        /// The user's language.
        pub language: Patch<Nullable<Language>>,
        /// The user's time zone.
        pub timezone: Patch<Nullable<Timezone>>,
        /// The user's id in another system, or at the OpenID issuer they log in with; unique among users.
        pub external_id: Patch<Nullable<Words<255>>>,
        /// Free data, by key; null removes a key.
        pub metadata: Patch<Document>,
    }
}

impl Method for Update {
    const NAME: &'static str = "users.update";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists, Code::InUse, Code::NoPermission];
    const EVENTS: &'static [&'static str] = &["user.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","job_title":"Team lead"}"#;
    type Output = User;

    async fn call(self, ctx: Context) -> Result<User> {
        rules::require_reach(&ctx, self.id)?;
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, args.id).await?;
            rules::require_power_over(tx, before.row.id).await?;
            let mut user = before.clone();
            args.name.apply(&mut user.name);
            args.username.apply(&mut user.username);
            args.role_id.apply(&mut user.role_id);
            args.availability.apply(&mut user.availability);
            args.away_reason.apply(&mut user.away_reason);
            args.is_assignable.apply(&mut user.is_assignable);
            args.max_open_conversations.apply(&mut user.max_open_conversations);
            args.skills.apply(&mut user.skills);
            args.avatar_url.apply(&mut user.avatar_url);
            args.job_title.apply(&mut user.job_title);
            args.phone.apply(&mut user.phone);
            args.language.apply(&mut user.language);
            args.timezone.apply(&mut user.timezone);
            args.external_id.apply(&mut user.external_id);
            args.metadata.apply(&mut user.metadata);
            if let Some(problem) = Document::problem(&user.metadata) {
                return Err(Error::argument("/metadata", "too_long", format!("with what is there already {problem}")));
            }
            if user.availability != before.availability {
                user.available_again_at = None;
            }
            // Who logs in as whom is not for the user himself to say: he could take the place of one who has yet to come.
            if user.role_id != before.role_id || user.external_id != before.external_id {
                rules::require_administrator(tx.ctx())?;
            }
            if user.role_id == before.role_id {
                return store::save(tx, before, user, "user.updated").await;
            }
            roles::store::require_grantable(tx, "/role_id", user.role_id).await?;
            Sessions::forget(tx)?;
            let was_owner = rules::is_active_owner(tx, &before).await?;
            let user = store::save(tx, before, user, "user.updated").await?;
            if was_owner {
                rules::require_an_owner(tx).await?;
            }
            Ok(user)
        })
        .await
    }
}
