//! Which conversations a caller sees. What they do not see does not exist for them, in whatever method.

use super::model::Conversation;
use crate::access::user::ConversationVisibility;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Context, Result};
use crate::run;
use crate::schema::{conversation_people, roles, team_members, users};

/// The conversations that a caller sees.
#[derive(Clone, Debug)]
pub enum Sight {
    /// All of the space: keys that act for the organization, and users whose role says so.
    All,
    /// What a user has to do with, and what the queries of their teams show.
    Limited(Limits),
}

/// What a user with limited sight sees.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The user.
    pub user: Id,
    /// Their teams: what is assigned to one of them is seen. None if the role shows only what is the user's own.
    pub teams: Vec<Id>,
}

impl Sight {
    /// The sight of the one who calls.
    pub async fn of(ctx: &Context, conn: &mut Conn) -> Result<Self> {
        let caller = ctx.caller()?;
        match caller.user {
            Some(user) if !caller.is_owner() => Self::of_user(conn, caller.organization, user).await,
            _ => Ok(Self::All),
        }
    }

    /// The sight of a user.
    pub async fn of_user(conn: &mut Conn, organization: Id, user: Id) -> Result<Self> {
        let of_role: Option<ConversationVisibility> = run!(conn, |c| users::table
            .inner_join(
                roles::table.on(users::organization_id.eq(roles::organization_id).and(users::role_id.eq(roles::id)))
            )
            .filter(users::organization_id.eq(organization).and(users::id.eq(user)))
            .select(roles::conversation_visibility)
            .first(c))
        .optional()?;
        let teams = match of_role {
            Some(ConversationVisibility::All) => return Ok(Self::All),
            Some(ConversationVisibility::Team) => run!(conn, |c| team_members::table
                .filter(team_members::organization_id.eq(organization).and(team_members::user_id.eq(user)))
                .select(team_members::team_id)
                .load(c))?,
            Some(ConversationVisibility::Assigned) | None => Vec::new(),
        };
        Ok(Self::Limited(Limits { user, teams }))
    }

    /// Whether a conversation is within sight.
    pub async fn sees(&self, conn: &mut Conn, conversation: &Conversation) -> Result<bool> {
        let Self::Limited(limits) = self else { return Ok(true) };
        if conversation.assigned_to_user_id == Some(limits.user)
            || conversation.team_id.is_some_and(|team| limits.teams.contains(&team))
        {
            return Ok(true);
        }
        let part: Option<Id> = run!(conn, |c| conversation_people::table
            .find((conversation.organization_id, limits.user, conversation.id))
            .filter(conversation_people::follows.or(conversation_people::is_mentioned))
            .select(conversation_people::user_id)
            .first(c))
        .optional()?;
        Ok(part.is_some())
    }
}
