use crate::access::password::Passwords;
use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Code, Context, Document, Email, Error, Int, Kind, Language, List, Method, Name, Nullable, Phone,
    Result, Timezone, Tx, Url, Username, Words, stored,
};
use crate::resources::account::teams::Team;
use crate::resources::account::users::{Availability, User, UserRow, UserStatus, invitation, store};
use crate::resources::account::{roles, teams};

arguments! {
    /// Adds a person to the organization.
    ///
    /// With a `password` the user is active at once. Without one they are invited: a mail brings a token that is good for 7
    /// days, with which they set a password of their own. You cannot give a user more rights than you have yourself.
    pub struct Create {
        /// What the user is called.
        pub name: Name<120>,
        /// The address that mail goes to, and that the user logs in with; unique in the organization, and never changed.
        pub email: Email,
        /// A name to log in with, besides the address; unique in the organization.
        pub username: Nullable<Username>,
        /// What the user may do; the role `agent` if left out.
        pub role_id: Option<Id>,
        /// The password, of 12 to 128 characters; the user is active at once and not invited.
        pub password: Option<Words<128>>,
        /// Whether to send an invitation; true if left out. Without one, `users.resendInvite` sends it later.
        pub send_invite: Option<bool>,
        /// The teams to add the user to.
        pub team_ids: Option<List<Id, 100>>,
        /// Whether the user can be reached; `offline` if left out.
        pub availability: Option<Availability>,
        /// Why the user is away.
        pub away_reason: Nullable<Words<120>>,
        /// Whether work may be assigned to the user; true if left out.
        pub is_assignable: Option<bool>,
        /// How many open conversations the user takes at once; null for no limit.
        pub max_open_conversations: Nullable<Int<0, 1000>>,
        /// What the user is good at.
        pub skills: Option<List<Name<40>, 50>>,
        /// A picture.
        pub avatar_url: Nullable<Url>,
        /// The user's position.
        pub job_title: Nullable<Words<120>>,
        /// A telephone number, in international form.
        pub phone: Nullable<Phone>,
        /// The user's language.
        pub language: Nullable<Language>,
        /// The user's time zone.
        pub timezone: Nullable<Timezone>,
        /// The user's id in another system, or at the OpenID issuer they log in with; unique among users.
        pub external_id: Nullable<Words<255>>,
        /// Free data.
        pub metadata: Option<Document>,
    }
}

impl Method for Create {
    const NAME: &'static str = "users.create";
    const ACCESS: Access = Access::write(Area::Users);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists, Code::WeakPassword, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["user.created", "team.member_added"];
    const EXAMPLE: &'static str =
        r#"{"name":"Jane Doe","email":"jane@example.com","team_ids":["0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"]}"#;
    type Output = User;

    async fn call(self, ctx: Context) -> Result<User> {
        let password_hash = match &self.password {
            Some(password) => {
                let passwords = Passwords::of(&ctx)?;
                let username = self.username.0.as_deref().unwrap_or_default();
                passwords.check(password, &[&self.name, &self.email, username, &ctx.caller()?.organization_name])?;
                Some(passwords.hash(password).await?)
            }
            None => None,
        };
        ctx.write(async move |tx| {
            let args = self.clone();
            let role = match args.role_id {
                Some(role) => role,
                None => {
                    let organization = tx.organization();
                    roles::store::system(tx, organization, roles::system::AGENT).await?.id
                }
            };
            roles::store::require_grantable(tx, "/role_id", role).await?;
            let teams = named_teams(tx, args.team_ids.map(|ids| ids.0).unwrap_or_default()).await?;
            let status = if password_hash.is_some() { UserStatus::Active } else { UserStatus::Invited };
            let mut row = UserRow::person(tx, &args.name, &args.email, role, status);
            row.username = stored(args.username);
            row.availability = args.availability.unwrap_or(row.availability);
            row.away_reason = stored(args.away_reason);
            row.is_assignable = args.is_assignable.unwrap_or(row.is_assignable);
            row.max_open_conversations = stored(args.max_open_conversations);
            row.skills = stored(args.skills.unwrap_or_default());
            row.avatar_url = stored(args.avatar_url);
            row.job_title = stored(args.job_title);
            row.phone = stored(args.phone);
            row.language = stored(args.language);
            row.timezone = stored(args.timezone);
            row.external_id = stored(args.external_id);
            row.metadata = stored(args.metadata.unwrap_or_default());
            let user = User { row, team_ids: teams.iter().map(|(_, team)| team.id).collect() };
            let user = store::insert(tx, user, password_hash.as_deref()).await?;
            for (pointer, team) in teams {
                teams::membership::join(tx, team, user.id, &pointer).await?;
            }
            if user.status == UserStatus::Invited && args.send_invite.unwrap_or(true) {
                invitation::send(tx, &user).await?;
            }
            Ok(user)
        })
        .await
    }
}

/// The teams that are named, locked, each once with the pointer to where; in the order of their ids, which is that of all lists of
/// teams, and keeps two calls from waiting for each other.
async fn named_teams(tx: &mut Tx<'_>, ids: Vec<Id>) -> Result<Vec<(String, Team)>> {
    let mut named: Vec<(Id, usize)> = ids.into_iter().enumerate().map(|(index, id)| (id, index)).collect();
    named.sort_unstable();
    named.dedup_by_key(|(id, _)| *id);
    let mut teams = Vec::with_capacity(named.len());
    for (id, index) in named {
        let pointer = format!("/team_ids/{index}");
        match teams::store::lock(tx, id).await? {
            Some(team) => teams.push((pointer, team)),
            None => return Err(Error::argument(pointer, "unknown_id", format!("there is no team {id}"))),
        }
    }
    Ok(teams)
}
