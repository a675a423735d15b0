//! What teams see, and how much of it there is to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::Team;
use super::store;
use crate::arguments;
use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::method::{
    Access, Area, Context, EXACT_TOTAL, Error, Kind, List, Method, Output, Page, Policy, Rate, Result, Words,
};
use crate::query::{Listing, Predicate};
use crate::resources::account::users;
use crate::resources::inbox::conversations::visibility::{self, Sight, View};
use crate::resources::inbox::conversations::{self, Conversation, Status};
use crate::run;
use crate::schema::conversations as table;

/// How many conversations a preview shows.
const SAMPLE: i64 = 5;
/// How many first answers the middle is taken of, at the most.
const ANSWERS: i64 = 10_000;

arguments! {
    /// Lists the conversations that the query of a team shows.
    ///
    /// Of these you get the ones that you see yourself. A team without a query shows none.
    pub struct ListConversations filtered {
        /// The team.
        pub id: Id,
    }
}

impl Method for ListConversations {
    const NAME: &'static str = "teams.listConversations";
    const ACCESS: Access = Access::read(Area::Conversations);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","filters":"NOT status:closed"}"#;
    type Output = Page<Conversation>;

    async fn call(self, ctx: Context) -> Result<Page<Conversation>> {
        let list = Listing::new(&ctx, &self, &conversations::FIELDS)?;
        let inner = ctx.clone();
        let (list, rows) = ctx
            .scan(async move |conn| {
                let team = find(conn, &inner, self.id).await?;
                let sight = Sight::of(&inner, conn).await?;
                let shown = visibility::shown_by(View::of(&inner), inner.caller()?.user.unwrap_or(Id::NIL), &team);
                let list =
                    list.and(shown.map_or_else(Predicate::nothing, |query| query.predicate())).and(sight.predicate());
                let rows = conversations::store::list(conn, inner.space(), &list).await?;
                Ok((list, rows))
            })
            .await?;
        list.page(&ctx, rows)
    }
}

/// What a query would show.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Preview {
    /// How many conversations match.
    pub count: i64,
    /// False when more than 10,000 match: `count` stops there.
    pub count_is_exact: bool,
    /// The newest of them.
    pub sample: Vec<Conversation>,
    /// What would change for each member.
    pub visibility_diff: Vec<SightChange>,
}

impl Output for Preview {}

/// What a user would see more and less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SightChange {
    /// The user.
    pub user_id: Id,
    /// How many conversations they would see that they do not see now; up to 10,001.
    pub gains: i64,
    /// How many conversations they see now and would not see any more; up to 10,001.
    pub loses: i64,
}

arguments! {
    /// Shows what a query would let a team see, before it is saved.
    ///
    /// Nothing is changed. The answer tells how many conversations match, the newest five, and how many each user would gain and
    /// lose, given everything else by which they see conversations.
    pub struct PreviewQuery {
        /// The query, such as `source:*sms AND unread_count:[1 TO *]`.
        pub query: Words<2000>,
        /// The team whose query it would replace; a new team if left out.
        pub team_id: Option<Id>,
        /// The users to compare for; the members of the team, the first twenty of them, if left out.
        pub user_ids: Option<List<Id, 20>>,
    }
}

impl Method for PreviewQuery {
    const NAME: &'static str = "teams.previewQuery";
    const ACCESS: Access = Access::write(Area::Teams);
    const KIND: Kind = Kind::Read;
    const RATE: Rate = Rate { policy: Policy::Search, cost: 5 };
    const EXAMPLE: &'static str = r#"{"query":"source:*sms AND unread_count:[1 TO *]"}"#;
    type Output = Preview;

    async fn call(self, ctx: Context) -> Result<Preview> {
        let view = View::of(&ctx);
        let asker = visibility::asker(view, ctx.caller()?.user.unwrap_or(Id::NIL));
        let query = conversations::FIELDS.check(&self.query, &asker).map_err(|error| error.of_argument("/query"))?;
        let inner = ctx.clone();
        ctx.scan(async move |conn| {
            let own = Sight::of(&inner, conn).await?.predicate();
            let matching = own.and(query.predicate());
            let count = count(conn, view.space, matching.clone()).await?;
            let sample: Vec<Conversation> = run!(conn, |c| table::table
                .filter(table::organization_id.eq(view.space).and(table::deleted_at.is_null()))
                .filter(matching.clone())
                .order(table::id.desc())
                .limit(SAMPLE)
                .select(Conversation::as_select())
                .load(c))?;
            let visibility_diff = self.compare(conn, &inner, view).await?;
            Ok(Preview { count: count.min(EXACT_TOTAL), count_is_exact: count <= EXACT_TOTAL, sample, visibility_diff })
        })
        .await
    }
}

impl PreviewQuery {
    async fn compare(&self, conn: &mut Conn, ctx: &Context, view: View) -> Result<Vec<SightChange>> {
        let team = match self.team_id {
            None => None,
            Some(id) => {
                let found = store::find(conn, view.organization, id).await?;
                Some(found.ok_or_else(|| Error::argument("/team_id", "unknown_id", "there is no such team"))?)
            }
        };
        let users = match (&self.user_ids, &team) {
            (Some(users), _) => users.0.clone(),
            (None, Some(team)) => team.user_ids.iter().take(20).copied().collect(),
            (None, None) => Vec::new(),
        };
        let mut changes = Vec::with_capacity(users.len());
        for (index, user) in users.into_iter().enumerate() {
            if users::store::find(conn, view.organization, user).await?.is_none() {
                let pointer = format!("/user_ids/{index}");
                return Err(Error::argument(pointer, "unknown_id", format!("there is no user {user}")));
            }
            changes.push(self.compare_for(conn, ctx, view, team.as_ref(), user).await?);
        }
        Ok(changes)
    }

    async fn compare_for(
        &self,
        conn: &mut Conn,
        ctx: &Context,
        view: View,
        team: Option<&Team>,
        user: Id,
    ) -> Result<SightChange> {
        use crate::access::user::ConversationVisibility as Reach;
        if visibility::reach(conn, view.organization, user).await? != Reach::Team {
            // Such a user sees what they see by other rules than queries.
            return Ok(SightChange { user_id: user, gains: 0, loses: 0 });
        }
        let now = store::of_user(conn, view.organization, user).await?;
        let mut then: Vec<Team> =
            now.iter().filter(|known| Some(known.id) != team.map(|team| team.id)).cloned().collect();
        let before = Sight::with_teams(view, user, &now).predicate();
        let mut after = vec![Sight::with_teams(view, user, &then).predicate()];
        if let Some(team) = team {
            // What is assigned to the team stays in sight, whatever its query.
            then.clear();
            let mut without = team.clone();
            without.query.conversations = None;
            then.push(without);
            after.push(Sight::with_teams(view, user, &then).predicate());
        }
        let asker = visibility::asker(view, user);
        let query = conversations::FIELDS.check(&self.query, &asker).map_err(|error| error.of_argument("/query"))?;
        after.push(query.predicate());
        let after = Predicate::any(after);
        let gains = count(conn, ctx.space(), after.clone().and(before.clone().not())).await?;
        let loses = count(conn, ctx.space(), before.and(after.not())).await?;
        Ok(SightChange { user_id: user, gains, loses })
    }
}

/// How many conversations pass a condition, up to one more than is exact.
async fn count(conn: &mut Conn, space: Id, predicate: Predicate) -> Result<i64> {
    let ids: Vec<Id> = run!(conn, |c| table::table
        .filter(table::organization_id.eq(space).and(table::deleted_at.is_null()))
        .filter(predicate.clone())
        .limit(EXACT_TOTAL + 1)
        .select(table::id)
        .load(c))?;
    Ok(ids.len() as i64)
}

/// How much a team has to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TeamMetrics {
    /// Conversations of the team that are open.
    pub open_count: i64,
    /// Of these, those in which the contact waits for an answer.
    pub waiting_count: i64,
    /// Of the open ones, those that are assigned to nobody.
    pub unassigned_count: i64,
    /// Since when the contact has been waiting who has waited longest.
    pub waiting_since: Option<Timestamp>,
    /// After how many seconds half of the contacts had their first answer; of the conversations that began in the time asked for.
    pub first_response_seconds: Option<i64>,
    /// How many open conversations each member has.
    pub load: Vec<MemberLoad>,
}

impl Output for TeamMetrics {}

/// How much a member of a team has to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberLoad {
    /// The member.
    pub user_id: Id,
    /// Their open conversations, of the team or not.
    pub open_count: i64,
}

arguments! {
    /// Counts what a team has to do, and how fast it answers.
    ///
    /// The conversations of a team are those that are assigned to it.
    pub struct Metrics {
        /// The team.
        pub id: Id,
        /// Count first answers of conversations that began at this instant or later; a week ago if left out.
        pub from: Option<Timestamp>,
        /// Count first answers of conversations that began before this instant; now if left out.
        pub to: Option<Timestamp>,
    }
}

impl Method for Metrics {
    const NAME: &'static str = "teams.metrics";
    const ACCESS: Access = Access::read(Area::Reports);
    const KIND: Kind = Kind::Read;
    const RATE: Rate = Rate { policy: Policy::Search, cost: 1 };
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","from":"2026-11-01T00:00:00Z"}"#;
    type Output = TeamMetrics;

    async fn call(self, ctx: Context) -> Result<TeamMetrics> {
        let inner = ctx.clone();
        ctx.scan(async move |conn| {
            let team = find(conn, &inner, self.id).await?;
            self.count(conn, &inner, &team).await
        })
        .await
    }
}

impl Metrics {
    async fn count(&self, conn: &mut Conn, ctx: &Context, team: &Team) -> Result<TeamMetrics> {
        let space = ctx.space();
        let open: Vec<(Option<Id>, Option<Timestamp>)> = run!(conn, |c| table::table
            .filter(table::organization_id.eq(space).and(table::deleted_at.is_null()))
            .filter(table::team_id.eq(team.id).and(table::status.eq(Status::Open)))
            .select((table::assigned_to_user_id, table::waiting_since))
            .load(c))?;
        let load: Vec<(Option<Id>, i64)> = run!(conn, |c| table::table
            .filter(table::organization_id.eq(space).and(table::deleted_at.is_null()))
            .filter(table::assigned_to_user_id.eq_any(&team.user_ids.0).and(table::status.eq(Status::Open)))
            .group_by(table::assigned_to_user_id)
            .select((table::assigned_to_user_id, diesel::dsl::count_star()))
            .load(c))?;
        let of_member = |user: &Id| load.iter().find(|(of, _)| of == &Some(*user)).map_or(0, |(_, count)| *count);
        Ok(TeamMetrics {
            open_count: open.len() as i64,
            waiting_count: open.iter().filter(|(_, since)| since.is_some()).count() as i64,
            unassigned_count: open.iter().filter(|(user, _)| user.is_none()).count() as i64,
            waiting_since: open.iter().filter_map(|(_, since)| *since).min(),
            first_response_seconds: self.first_response(conn, ctx, team).await?,
            load: team.user_ids.iter().map(|user| MemberLoad { user_id: *user, open_count: of_member(user) }).collect(),
        })
    }

    /// The middle one of the times until the first answer.
    async fn first_response(&self, conn: &mut Conn, ctx: &Context, team: &Team) -> Result<Option<i64>> {
        let to = self.to.unwrap_or(ctx.now());
        let from = self.from.unwrap_or(to.plus_seconds(-7 * 24 * 60 * 60));
        let began: Vec<Conversation> = run!(conn, |c| table::table
            .filter(table::organization_id.eq(ctx.space()).and(table::deleted_at.is_null()))
            .filter(table::team_id.eq(team.id))
            .filter(table::created_at.ge(from).and(table::created_at.lt(to)))
            .order(table::id.desc())
            .limit(ANSWERS)
            .select(Conversation::as_select())
            .load(c))?;
        let mut seconds: Vec<i64> = began
            .iter()
            .filter_map(|one| Some((one.details.first_response_at?.millis() - one.created_at.millis()) / 1000))
            .collect();
        seconds.sort_unstable();
        Ok(seconds.get(seconds.len() / 2).copied())
    }
}

async fn find(conn: &mut Conn, ctx: &Context, id: Id) -> Result<Team> {
    store::find(conn, ctx.organization(), id).await?.ok_or_else(Error::not_found::<Team>)
}
