//! What can be done with organizations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bootstrap::{self, NewOrganization};
use super::model::Organization;
use super::secrets::{ListSecrets, RotateWebhookSecret, SetSecret};
use super::settings::{ConnectorsPatch, DefaultModelsPatch, SettingsPatch};
use super::store;
use crate::access::authenticate::Sessions;
use crate::access::password::Passwords;
use crate::access::session;
use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Batching, Code, Context, Currency, Email, Entry, Error, FieldError, Hostname, Kind, Language, List,
    Method, Name, Nullable, Output, Patch, Rate, Result, Timezone, Tx, Url, Words,
};
use crate::resources::account::{auth, teams, users};

/// The methods of organizations.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<SetSecret>(),
    Entry::of::<ListSecrets>(),
    Entry::of::<RotateWebhookSecret>(),
];

arguments! {
    /// Sets up an empty server: its organization, the roles, and the first owner, who is logged in by it.
    ///
    /// It works once; whoever calls first owns the server. Further organizations are added on the command line.
    pub struct Create {
        /// What the organization is called.
        pub name: Name<120>,
        /// Its name in addresses and tokens: lower-case letters, digits and dashes; made from `name` if left out.
        pub slug: Option<Name<63>>,
        /// The first user, who may do everything.
        pub owner: NewOwner,
    }
}

arguments! {
    /// The first user of an organization.
    pub struct NewOwner {
        /// What the owner is called.
        pub name: Name<120>,
        /// The address to log in with.
        pub email: Email,
        /// The password, of 12 to 128 characters and hard to guess.
        pub password: Words<128>,
    }
}

/// A new organization and its owner, logged in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The organization.
    pub organization: Organization,
    /// Its owner.
    pub user: users::User,
    /// Goes with every call, as `Authorization: Bearer`.
    pub access_token: String,
    /// Gets the next access token from `auth.refresh`.
    pub refresh_token: String,
    /// How long the access token lasts, in seconds.
    pub expires_in: i64,
}

impl Output for Created {}

impl Method for Create {
    const NAME: &'static str = "organizations.create";
    const ACCESS: Access = Access::Public;
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate::AUTH;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists, Code::WeakPassword];
    const EVENTS: &'static [&'static str] =
        &["organization.created", "role.created", "user.created", "session.created"];
    const EXAMPLE: &'static str = r#"{"name":"Menlo","owner":{"name":"Jane Doe","email":"jane@example.com","password":"correct horse battery staple"}}"#;
    const BATCHING: Batching = Batching::NotAtomic;
    type Output = Created;

    async fn call(self, ctx: Context) -> Result<Created> {
        // Looked at again inside the write; here it spares the server the hash.
        if store::any(&mut *ctx.read().await?).await? {
            return Err(bootstrap::not_the_first());
        }
        if let Some(slug) = self.slug.as_deref().filter(|slug| !bootstrap::is_slug(slug)) {
            let message = format!("'{slug}' is not made of lower-case letters, digits, and dashes between them");
            return Err(Error::argument("/slug", "pattern", message));
        }
        let passwords = Passwords::of(&ctx)?;
        passwords.check(&self.owner.password, &[&self.name, &self.owner.name, &self.owner.email])?;
        let new = NewOrganization {
            name: self.name.to_string(),
            slug: self.slug.map(|slug| slug.to_string()),
            first_only: true,
            owner_name: self.owner.name.to_string(),
            owner_email: self.owner.email.to_string(),
            owner_password_hash: Some(passwords.hash(&self.owner.password).await?),
        };
        ctx.acting_as(bootstrap::creator(ctx.app()))
            .write(async move |tx| {
                if store::any(tx).await? {
                    return Err(bootstrap::not_the_first());
                }
                let (organization, user) = bootstrap::create(tx, &new).await?;
                let tokens = session::open(tx, user.row.id).await?;
                auth::store::announce_session(tx, tokens.session_id).await?;
                Ok(Created {
                    organization,
                    user,
                    access_token: tokens.access_token,
                    refresh_token: tokens.refresh_token,
                    expires_in: tokens.expires_in,
                })
            })
            .await
    }
}

arguments! {
    /// Answers your organization.
    pub struct Info {}
}

impl Method for Info {
    const NAME: &'static str = "organizations.info";
    const ACCESS: Access = Access::read(Area::Organization);
    const KIND: Kind = Kind::Read;
    type Output = Organization;

    async fn call(self, ctx: Context) -> Result<Organization> {
        let found = store::find(&mut *ctx.read().await?, ctx.organization()).await?;
        found.ok_or_else(Error::not_found::<Organization>)
    }
}

arguments! {
    /// Changes your organization.
    ///
    /// Fields that are left out stay as they are, inside `default_models`, `connectors` and `settings` too; null sets back what
    /// can be set back. `hostnames` replaces the list.
    pub struct Update {
        /// The organization; it can only be your own, and may be left out.
        pub id: Option<Id>,
        /// What it is called.
        pub name: Patch<Name<120>>,
        /// Its website.
        pub website: Patch<Nullable<Url>>,
        /// The language for everything that sets none.
        pub language: Patch<Language>,
        /// The time zone for everything that sets none.
        pub timezone: Patch<Timezone>,
        /// The currency for everything that sets none.
        pub currency: Patch<Currency>,
        /// The host names by which its users and visitors reach the server; each belongs to one organization.
        pub hostnames: Patch<List<Hostname, 20>>,
        /// The user for work that nobody else takes.
        pub default_user_id: Patch<Nullable<Id>>,
        /// The team for work that no other team takes.
        pub default_team_id: Patch<Nullable<Id>>,
        /// The AI models that are used where none is named.
        pub default_models: Patch<Nullable<DefaultModelsPatch>>,
        /// How the server reaches the organization's own systems.
        pub connectors: Patch<Nullable<ConnectorsPatch>>,
        /// How conversations are handled.
        pub settings: Patch<Nullable<SettingsPatch>>,
    }
}

impl Method for Update {
    const NAME: &'static str = "organizations.update";
    const ACCESS: Access = Access::write(Area::Organization);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists];
    const EVENTS: &'static [&'static str] = &["organization.updated"];
    const EXAMPLE: &'static str = r#"{"timezone":"Europe/Berlin","settings":{"auto_close_after_hours":48}}"#;
    type Output = Organization;

    async fn call(self, ctx: Context) -> Result<Organization> {
        if self.id.is_some_and(|id| id != ctx.organization()) {
            return Err(Error::not_found::<Organization>());
        }
        ctx.write(async move |tx| {
            let args = self.clone();
            keep_references(tx, &args).await?;
            let before = store::target(tx).await?;
            let mut organization = before.clone();
            args.name.apply(&mut organization.name);
            args.website.apply(&mut organization.website);
            args.language.apply(&mut organization.language);
            args.timezone.apply(&mut organization.timezone);
            args.currency.apply(&mut organization.currency);
            args.hostnames.apply(&mut organization.hostnames);
            args.default_user_id.apply(&mut organization.default_user_id);
            args.default_team_id.apply(&mut organization.default_team_id);
            args.default_models.apply(&mut organization.default_models);
            args.connectors.apply(&mut organization.connectors);
            args.settings.apply(&mut organization.settings);
            let mut named = std::collections::HashSet::new();
            organization.hostnames.retain(|name| named.insert(name.clone()));
            check_references(tx, &before, &organization).await?;
            // Every caller carries the name.
            if organization.name != before.name {
                Sessions::forget(tx)?;
            }
            store::save(tx, before, organization).await
        })
        .await
    }
}

/// Keeps what is named from being deleted meanwhile. This comes before the organization is locked, because whoever deletes a user
/// or a team locks in that order too.
async fn keep_references(tx: &mut Tx<'_>, args: &Update) -> Result<()> {
    if let Patch::Set(Nullable(Some(user))) = args.default_user_id {
        users::store::keep(tx, &[user]).await?;
    }
    if let Patch::Set(Nullable(Some(team))) = args.default_team_id {
        teams::store::lock(tx, team).await?;
    }
    Ok(())
}

/// Refuses ids that lead nowhere. What the organization refers to already is not looked up again.
async fn check_references(tx: &mut Tx<'_>, before: &Organization, after: &Organization) -> Result<()> {
    if let Some(user) = after.default_user_id.filter(|_| after.default_user_id != before.default_user_id) {
        users::store::require(tx, &[("/default_user_id".into(), user)]).await?;
    }
    if let Some(team) = after.default_team_id.filter(|_| after.default_team_id != before.default_team_id)
        && teams::store::find(tx, after.id, team).await?.is_none()
    {
        return Err(Error::argument("/default_team_id", "unknown_id", format!("there is no team {team}")));
    }
    // There are no models yet, so no id of one can be right.
    let unknown: Vec<FieldError> = after
        .default_models
        .named()
        .map(|(name, id)| {
            FieldError::new(format!("/default_models/{name}"), "unknown_id", format!("there is no model {id}"))
        })
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::arguments(tx.ctx().method(), unknown)) }
}
