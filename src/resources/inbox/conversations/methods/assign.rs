use std::collections::HashMap;

use crate::access::user::{UserKind, UserStatus};
use crate::arguments;
use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Nullable, Patch, Result, Tx};
use crate::resources::account::teams;
use crate::resources::account::users::Availability;
use crate::resources::inbox::conversations::assignment::{self, Wanted};
use crate::resources::inbox::conversations::{
    Conversation, Status, store,
    visibility::{Sight, View},
};
use crate::run;
use crate::schema::{conversations, users};

arguments! {
    /// Assigns a conversation to a user, to a team, or to both.
    ///
    /// What is left out stays as it is, null takes it away. The user must be active and assignable, must not have as many open
    /// conversations as they take at once, and must see this one already, unless `force` is sent: from then on they see it because it
    /// is theirs. The team must be one that conversations may be assigned to (`is_support_enabled`). A person who gets a conversation
    /// that AI was answering has taken it over.
    pub struct Assign {
        /// The conversation.
        pub id: Id,
        /// The user who gets it; null for nobody.
        pub user_id: Patch<Nullable<Id>>,
        /// The team that gets it; null for none.
        pub team_id: Patch<Nullable<Id>>,
        /// Assign it even to a user who does not see it so far; false if left out.
        pub force: Option<bool>,
    }
}

impl Method for Assign {
    const NAME: &'static str = "conversations.assign";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["conversation.assigned", "message.ai_discarded"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7","force":true}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let wanted = Wanted {
                user: self.user_id.clone(),
                user_pointer: "/user_id",
                team: self.team_id.clone(),
                team_pointer: "/team_id",
                force: self.force.unwrap_or(false),
            };
            assign(tx, before, &wanted).await
        })
        .await
    }
}

/// Assigns a conversation, which is locked.
pub(super) async fn assign(tx: &mut Tx<'_>, before: Conversation, wanted: &Wanted) -> Result<Conversation> {
    let mut after = before.clone();
    assignment::apply(tx, &mut after, wanted).await?;
    let after = store::save(tx, before.clone(), after, "conversation.assigned").await?;
    assignment::settle(tx, &before, &after).await?;
    Ok(after)
}

arguments! {
    /// Assigns a conversation to the member of a team who has the least to do.
    ///
    /// Of the members who are active, assignable and online, who see the conversation and take one more, it goes to the one with the
    /// fewest open conversations; of several such, to the one who has been a user longest. If the conversation has one of them as its
    /// user already, nothing changes. If there is no such member, the conversation stays as it is and the error is `invalid_state`.
    pub struct AutoAssign {
        /// The conversation.
        pub id: Id,
        /// The team, which the conversation is then assigned to; the one it is assigned to if left out.
        pub team_id: Option<Id>,
    }
}

impl Method for AutoAssign {
    const NAME: &'static str = "conversations.autoAssign";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["conversation.assigned", "message.ai_discarded"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","team_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            before.require(&[Status::Open, Status::Pending])?;
            let mut wanted = Wanted {
                user_pointer: "/team_id",
                team: self.team_id.map_or(Patch::Absent, |team| Patch::Set(Nullable(Some(team)))),
                team_pointer: "/team_id",
                ..Wanted::default()
            };
            let mut after = before.clone();
            assignment::apply(tx, &mut after, &wanted).await?;
            let Some(team) = after.team_id else {
                return Err(Error::new(Code::InvalidState, "The conversation has no team; name one."));
            };
            // Those who assign in one team at the same time do so one after the other, or all would find the same member idle.
            teams::store::lock(tx, team).await?;
            let Some(user) = least_busy(tx, &after, team).await? else {
                return Err(Error::new(Code::InvalidState, "No member of the team can take the conversation now."));
            };
            wanted.user = Patch::Set(Nullable(Some(user)));
            assign(tx, before, &wanted).await
        })
        .await
    }
}

/// The member of a team who gets the next conversation.
async fn least_busy(tx: &mut Tx<'_>, conversation: &Conversation, team: Id) -> Result<Option<Id>> {
    let (organization, space) = (tx.organization(), tx.space());
    let Some(team) = teams::store::find(tx, organization, team).await? else { return Ok(None) };
    let ready: Vec<(Id, Option<i32>)> = run!(tx, |c| users::table
        .filter(users::organization_id.eq(organization).and(users::id.eq_any(&team.user_ids.0)))
        .filter(users::status.eq(UserStatus::Active).and(users::is_assignable.eq(true)))
        .filter(users::availability.eq(Availability::Online).and(users::kind.eq(UserKind::Human)))
        .order(users::id)
        .select((users::id, users::max_open_conversations))
        .load(c))?;
    if ready.iter().any(|(user, _)| conversation.assigned_to_user_id == Some(*user)) {
        return Ok(conversation.assigned_to_user_id);
    }
    let ids: Vec<Id> = ready.iter().map(|(user, _)| *user).collect();
    let busy: Vec<(Option<Id>, i64)> = run!(tx, |c| conversations::table
        .filter(conversations::organization_id.eq(space).and(conversations::assigned_to_user_id.eq_any(&ids)))
        .filter(conversations::status.eq(Status::Open).and(conversations::deleted_at.is_null()))
        .group_by(conversations::assigned_to_user_id)
        .select((conversations::assigned_to_user_id, diesel::dsl::count_star()))
        .load(c))?;
    let busy: HashMap<Id, i64> = busy.into_iter().filter_map(|(user, open)| Some((user?, open))).collect();
    let open = |user: &Id| busy.get(user).copied().unwrap_or(0);
    let mut ready: Vec<Id> = ready
        .into_iter()
        .filter(|(user, most)| most.is_none_or(|most| open(user) < i64::from(most)))
        .map(|(user, _)| user)
        .collect();
    ready.sort_by_key(|user| (open(user), *user));
    let view = View::of(tx.ctx());
    let unassigned = Conversation { assigned_to_user_id: None, ..conversation.clone() };
    for user in ready {
        if Sight::of_user(tx, view, user).await?.sees(tx, &unassigned).await? {
            return Ok(Some(user));
        }
    }
    Ok(None)
}
