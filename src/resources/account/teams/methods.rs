//! What can be done with teams.

use std::collections::HashSet;

use super::model::{Team, TeamQueryPatch};
use super::shown::{ListConversations, Metrics, PreviewQuery};
use super::{membership, query, store};
use crate::arguments;
use crate::db::{Id, Json};
use crate::method::{
    Access, Area, Code, Context, Entry, Error, FieldError, Kind, List, Method, Name, Nullable, Page, Patch, Result, Tx,
    Void, Words, stored,
};
use crate::resources::account::{organizations, roles, users};
use crate::resources::channels::channels;
use crate::resources::inbox::{conversations, views};

/// The methods of teams.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListTeams>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<Delete>(),
    Entry::of::<AddMember>(),
    Entry::of::<RemoveMember>(),
    Entry::of::<ListMembers>(),
    Entry::of::<ListConversations>(),
    Entry::of::<PreviewQuery>(),
    Entry::of::<Metrics>(),
];

arguments! {
    /// Creates a team.
    ///
    /// Members who are named twice are added once.
    pub struct Create {
        /// What the team is called; several teams may have the same name.
        pub name: Name<120>,
        /// Which conversations and tickets the members see.
        pub query: Nullable<TeamQueryPatch>,
        /// The members.
        pub user_ids: Option<List<Id, 500>>,
        /// What the team is for.
        pub description: Nullable<Words<500>>,
        /// Whether conversations may be assigned to the team; false if left out.
        pub is_support_enabled: Option<bool>,
        /// When the team works.
        pub schedule_id: Nullable<Id>,
        /// How conversations of the team find a member.
        pub assignment_policy_id: Nullable<Id>,
        /// A role whose permissions every member has besides their own.
        pub role_id: Nullable<Id>,
        /// The members who lead the team.
        pub lead_user_ids: Option<List<Id, 20>>,
        /// The team's id in another system; unique among teams.
        pub external_id: Nullable<Words<255>>,
    }
}

impl Method for Create {
    const NAME: &'static str = "teams.create";
    const ACCESS: Access = Access::write(Area::Teams);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists, Code::InvalidQuery];
    const EVENTS: &'static [&'static str] = &["team.created"];
    const EXAMPLE: &'static str = r#"{"name":"Sms Customer Service","query":{"conversations":"source:*sms AND unread_count:[1 TO *]"},"user_ids":["0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"]}"#;
    type Output = Team;

    async fn call(self, ctx: Context) -> Result<Team> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let mut team = Team {
                organization_id: tx.organization(),
                id: tx.new_id(),
                name: args.name.to_string(),
                description: stored(args.description),
                query: stored(args.query),
                user_ids: Json(args.user_ids.map(|ids| ids.0).unwrap_or_default()),
                lead_user_ids: Json(args.lead_user_ids.map(|ids| ids.0).unwrap_or_default()),
                is_support_enabled: args.is_support_enabled.unwrap_or(false),
                schedule_id: stored(args.schedule_id),
                assignment_policy_id: stored(args.assignment_policy_id),
                role_id: stored(args.role_id),
                external_id: stored(args.external_id),
                version: 1,
                created_at: tx.now(),
                updated_at: tx.now(),
            };
            query::check(tx.ctx(), None, &team.query)?;
            check_references(tx, None, &team).await?;
            collapse_duplicates(&mut team);
            store::insert(tx, team).await
        })
        .await
    }
}

arguments! {
    /// Lists the teams of the organization.
    pub struct ListTeams paged {
        /// Only teams that this user is a member of.
        pub user_id: Option<Id>,
    }
}

impl Method for ListTeams {
    const NAME: &'static str = "teams.list";
    const ACCESS: Access = Access::read(Area::Teams);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<Team>;

    async fn call(self, ctx: Context) -> Result<Page<Team>> {
        let window = ctx.page(&self)?;
        let rows = store::list(&mut *ctx.read().await?, ctx.organization(), self.user_id, &window).await?;
        Ok(window.page(&ctx, rows))
    }
}

arguments! {
    /// Answers one team.
    pub struct Info {
        /// The team.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "teams.info";
    const ACCESS: Access = Access::read(Area::Teams);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Team;

    async fn call(self, ctx: Context) -> Result<Team> {
        let found = store::find(&mut *ctx.read().await?, ctx.organization(), self.id).await?;
        found.ok_or_else(Error::not_found::<Team>)
    }
}

arguments! {
    /// Changes a team.
    ///
    /// Fields that are left out stay as they are; null clears what can be cleared. `user_ids` replaces the list of members.
    pub struct Update {
        /// The team.
        pub id: Id,
        /// What the team is called.
        pub name: Patch<Name<120>>,
        /// Which conversations and tickets the members see; null clears both queries.
        pub query: Patch<Nullable<TeamQueryPatch>>,
        /// The members.
        pub user_ids: Patch<List<Id, 500>>,
        /// What the team is for.
        pub description: Patch<Nullable<Words<500>>>,
        /// Whether conversations may be assigned to the team.
        pub is_support_enabled: Patch<bool>,
        /// When the team works.
        pub schedule_id: Patch<Nullable<Id>>,
        /// How conversations of the team find a member.
        pub assignment_policy_id: Patch<Nullable<Id>>,
        /// A role whose permissions every member has besides their own.
        pub role_id: Patch<Nullable<Id>>,
        /// The members who lead the team.
        pub lead_user_ids: Patch<List<Id, 20>>,
        /// The team's id in another system; unique among teams.
        pub external_id: Patch<Nullable<Words<255>>>,
    }
}

impl Method for Update {
    const NAME: &'static str = "teams.update";
    const ACCESS: Access = Access::write(Area::Teams);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists, Code::InvalidQuery];
    const EVENTS: &'static [&'static str] = &["team.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","name":"Sms Customer Service"}"#;
    type Output = Team;

    async fn call(self, ctx: Context) -> Result<Team> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, args.id).await?;
            let mut team = before.clone();
            args.name.apply(&mut team.name);
            args.query.apply(&mut team.query);
            args.user_ids.apply(&mut team.user_ids);
            args.description.apply(&mut team.description);
            args.is_support_enabled.apply(&mut team.is_support_enabled);
            args.schedule_id.apply(&mut team.schedule_id);
            args.assignment_policy_id.apply(&mut team.assignment_policy_id);
            args.role_id.apply(&mut team.role_id);
            args.lead_user_ids.apply(&mut team.lead_user_ids);
            args.external_id.apply(&mut team.external_id);
            query::check(tx.ctx(), Some(&before.query), &team.query)?;
            check_references(tx, Some(&before), &team).await?;
            collapse_duplicates(&mut team);
            store::save(tx, before, team, "team.updated").await
        })
        .await
    }
}

arguments! {
    /// Deletes a team.
    ///
    /// Its members stay; what belonged to the team belongs to no team from then on, or to `move_to_team_id`.
    pub struct Delete {
        /// The team.
        pub id: Id,
        /// The team that takes over what belonged to this one.
        pub move_to_team_id: Option<Id>,
    }
}

impl Method for Delete {
    const NAME: &'static str = "teams.delete";
    const ACCESS: Access = Access::write(Area::Teams);
    const KIND: Kind = Kind::Delete;
    const EVENTS: &'static [&'static str] =
        &["team.deleted", "organization.updated", "channel.updated", "conversation.assigned", "view.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let team = store::target(tx, self.id).await?;
            if let Some(heir) = self.move_to_team_id {
                let organization = tx.organization();
                if heir == team.id || store::find(tx, organization, heir).await?.is_none() {
                    return Err(Error::argument("/move_to_team_id", "unknown_id", "there is no such other team"));
                }
            }
            store::delete(tx, &team).await?;
            organizations::store::replace_default_team(tx, team.id, self.move_to_team_id).await?;
            channels::store::replace_default_team(tx, team.id, self.move_to_team_id).await?;
            conversations::heirs::of_team(tx, team.id, self.move_to_team_id).await?;
            views::store::replace_team(tx, team.id, self.move_to_team_id).await?;
            Ok(Void {})
        })
        .await
    }
}

arguments! {
    /// Adds a user to a team.
    ///
    /// Adding a user who is a member already changes nothing.
    pub struct AddMember {
        /// The team.
        pub id: Id,
        /// The user to add; human or AI.
        pub user_id: Id,
    }
}

impl Method for AddMember {
    const NAME: &'static str = "teams.addMember";
    const ACCESS: Access = Access::write(Area::Teams);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["team.member_added"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    type Output = Team;

    async fn call(self, ctx: Context) -> Result<Team> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            users::store::require(tx, &[("/user_id".into(), self.user_id)]).await?;
            membership::join(tx, before, self.user_id, "/user_id").await
        })
        .await
    }
}

arguments! {
    /// Takes a user out of a team.
    ///
    /// Removing a user who is not a member changes nothing.
    pub struct RemoveMember {
        /// The team.
        pub id: Id,
        /// The user to remove.
        pub user_id: Id,
    }
}

impl Method for RemoveMember {
    const NAME: &'static str = "teams.removeMember";
    const ACCESS: Access = Access::write(Area::Teams);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["team.member_removed"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    type Output = Team;

    async fn call(self, ctx: Context) -> Result<Team> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            users::store::require(tx, &[("/user_id".into(), self.user_id)]).await?;
            membership::leave(tx, before, self.user_id).await
        })
        .await
    }
}

arguments! {
    /// Lists the users who are members of a team.
    pub struct ListMembers paged {
        /// The team.
        pub id: Id,
    }
}

impl Method for ListMembers {
    const NAME: &'static str = "teams.listMembers";
    const ACCESS: Access = Access::read(Area::Teams);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Page<users::User>;

    async fn call(self, ctx: Context) -> Result<Page<users::User>> {
        let window = ctx.page(&self)?;
        let mut conn = ctx.read().await?;
        let organization = ctx.organization();
        store::find(&mut conn, organization, self.id).await?.ok_or_else(Error::not_found::<Team>)?;
        let rows = users::store::of_team(&mut conn, organization, self.id, &window).await?;
        Ok(window.page(&ctx, rows))
    }
}

/// Refuses ids that lead nowhere, and a role that gives members more than the caller has himself. What the team refers to
/// already is not looked up again.
async fn check_references(tx: &mut Tx<'_>, before: Option<&Team>, team: &Team) -> Result<()> {
    let known = |id: &Id| before.is_some_and(|team| team.user_ids.contains(id) || team.lead_user_ids.contains(id));
    let named = |name: &str, ids: &[Id]| -> Vec<(String, Id)> {
        let new = ids.iter().enumerate().filter(|(_, id)| !known(id));
        new.map(|(index, id)| (format!("/{name}/{index}"), *id)).collect()
    };
    let people = [named("user_ids", &team.user_ids), named("lead_user_ids", &team.lead_user_ids)].concat();
    users::store::require(tx, &people).await?;
    if let Some(role) = team.role_id
        && (!people.is_empty() || before.and_then(|team| team.role_id) != Some(role))
    {
        roles::store::require_grantable(tx, "/role_id", role).await?;
    }
    // There are no schedules and assignment policies yet, so no id of one can be right.
    let unknown: Vec<FieldError> =
        [("/schedule_id", team.schedule_id), ("/assignment_policy_id", team.assignment_policy_id)]
            .into_iter()
            .filter(|(_, id)| id.is_some())
            .map(|(pointer, _)| FieldError::new(pointer, "unknown_id", "there is no object with this id"))
            .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::arguments(tx.ctx().method(), unknown)) }
}

fn collapse_duplicates(team: &mut Team) {
    for ids in [&mut team.user_ids.0, &mut team.lead_user_ids.0] {
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(*id));
    }
}
