//! Why somebody sees a conversation.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::Conversation;
use super::visibility::{self, View};
use crate::access::user::{ConversationVisibility, UserStatus};
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::Result;
use crate::query::words;
use crate::resources::account::teams::{self, Team};
use crate::schema::{conversation_people, roles, users};
use crate::{run, text_enum};

text_enum! {
    /// By what rule somebody sees a conversation.
    pub enum Via {
        /// Their role shows all conversations.
        Role = "role",
        /// It is assigned to them.
        Assigned = "assigned",
        /// It is assigned to a team of theirs.
        Team = "team",
        /// The query of a team of theirs shows it.
        TeamQuery = "team_query",
        /// They follow it.
        Follows = "follows",
        /// They are mentioned in it.
        Mentioned = "mentioned",
    }
}

/// A rule by which somebody sees a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// The rule.
    pub via: Via,
    /// The team, for rules of teams.
    pub team_id: Option<Id>,
}

/// Somebody who sees a conversation, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Viewer {
    /// The user.
    pub user_id: Id,
    /// Every rule by which they see it.
    pub via: Vec<Reason>,
}

/// A user, and which conversations the role shows.
type Person = (Id, ConversationVisibility);

/// Everybody who may log in and sees the conversation; of one user only, if one is named.
pub async fn viewers(
    conn: &mut Conn,
    view: View,
    conversation: &Conversation,
    only: Option<Id>,
) -> Result<Vec<Viewer>> {
    let parts: Vec<(Id, bool, bool)> = run!(conn, |c| conversation_people::table
        .filter(conversation_people::organization_id.eq(conversation.organization_id))
        .filter(conversation_people::conversation_id.eq(conversation.id))
        .select((conversation_people::user_id, conversation_people::follows, conversation_people::is_mentioned))
        .load(c))?;
    let teams = teams::store::all(conn, view.organization).await?;
    let mut shown = Shown { view, conversation, known: HashMap::new() };
    let mut viewers = Vec::new();
    for (user, reach) in people(conn, view.organization, only).await? {
        let mut via = Vec::new();
        let mut add = |rule, team_id| via.push(Reason { via: rule, team_id });
        if reach == ConversationVisibility::All {
            add(Via::Role, None);
        }
        if conversation.assigned_to_user_id == Some(user) {
            add(Via::Assigned, None);
        }
        if let Some((_, follows, is_mentioned)) = parts.iter().find(|(of, ..)| *of == user) {
            if *follows {
                add(Via::Follows, None);
            }
            if *is_mentioned {
                add(Via::Mentioned, None);
            }
        }
        if reach != ConversationVisibility::Assigned {
            for team in teams.iter().filter(|team| team.user_ids.contains(&user)) {
                if conversation.team_id == Some(team.id) {
                    add(Via::Team, Some(team.id));
                }
                if shown.by(conn, team, user).await? {
                    add(Via::TeamQuery, Some(team.id));
                }
            }
        }
        if !via.is_empty() {
            viewers.push(Viewer { user_id: user, via });
        }
    }
    Ok(viewers)
}

async fn people(conn: &mut Conn, organization: Id, only: Option<Id>) -> Result<Vec<Person>> {
    Ok(run!(conn, |c| users::table
        .inner_join(
            roles::table.on(users::organization_id.eq(roles::organization_id).and(users::role_id.eq(roles::id)))
        )
        .filter(users::organization_id.eq(organization).and(users::status.eq(UserStatus::Active)))
        .filter(
            users::id.eq(only.unwrap_or(Id::NIL)).or(diesel::dsl::sql::<diesel::sql_types::Bool>(if only.is_none() {
                "TRUE"
            } else {
                "FALSE"
            }))
        )
        .order(users::id)
        .select((users::id, roles::conversation_visibility))
        .load(c))?)
}

/// What the queries of teams show, each asked once.
struct Shown<'a> {
    view: View,
    conversation: &'a Conversation,
    known: HashMap<(Id, Id), bool>,
}

impl Shown<'_> {
    async fn by(&mut self, conn: &mut Conn, team: &Team, user: Id) -> Result<bool> {
        let Some(text) = team.query.conversations.as_deref() else { return Ok(false) };
        // Only a query that speaks of "me" or "my_teams" can show different things to different members.
        let is_personal = words::tokens(text).iter().any(|word| word == "me" || word == "my");
        let key = (team.id, if is_personal { user } else { Id::NIL });
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let shows = match visibility::shown_by(self.view, user, team) {
            Some(query) => visibility::matches(conn, self.conversation, query.predicate()).await?,
            None => false,
        };
        self.known.insert(key, shows);
        Ok(shows)
    }
}
