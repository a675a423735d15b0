//! Which conversations a caller sees. What they do not see does not exist for them, in whatever method.

use super::fields::FIELDS;
use super::model::Conversation;
use serde_json::{Value, json};

use crate::access::user::ConversationVisibility;
use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::method::{Context, Result};
use crate::query::{Asker, Checked, Facts, Predicate};
use crate::resources::account::teams::{self, Team};
use crate::run;
use crate::schema::{conversations, roles, users};

/// The conversations that a caller sees.
#[derive(Clone, Debug)]
pub enum Sight {
    /// All of the space: keys that act for the organization, and users whose role says so.
    All,
    /// Those of a contact.
    OfContact(Id),
    /// What a user has to do with, and what the queries of their teams show.
    Limited(Limits),
}

/// What a user with limited sight sees.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The space that they look into.
    pub space: Id,
    /// The user.
    pub user: Id,
    /// Their teams: what is assigned to one of them is seen, and what its query shows. None if the role shows only what is the
    /// user's own.
    pub teams: Vec<Id>,
    queries: Vec<Checked>,
}

/// In what time and space a user looks.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The organization.
    pub organization: Id,
    /// The space of it.
    pub space: Id,
    /// What `now` means in queries.
    pub now: Timestamp,
}

impl View {
    /// The caller's.
    pub fn of(ctx: &Context) -> Self {
        Self { organization: ctx.organization(), space: ctx.space(), now: ctx.now() }
    }
}

impl Sight {
    /// The sight of the one who calls.
    pub async fn of(ctx: &Context, conn: &mut Conn) -> Result<Self> {
        let caller = ctx.caller()?;
        if let Some(contact) = caller.contact {
            return Ok(Self::OfContact(contact));
        }
        match caller.user {
            Some(user) if !caller.is_owner() => Self::of_user(conn, View::of(ctx), user).await,
            _ => Ok(Self::All),
        }
    }

    /// The sight of a user.
    pub async fn of_user(conn: &mut Conn, view: View, user: Id) -> Result<Self> {
        match reach(conn, view.organization, user).await? {
            ConversationVisibility::All => Ok(Self::All),
            ConversationVisibility::Assigned => Ok(Self::with_teams(view, user, &[])),
            ConversationVisibility::Team => {
                let teams = teams::store::of_user(conn, view.organization, user).await?;
                Ok(Self::with_teams(view, user, &teams))
            }
        }
    }

    /// The sight of a user whose role shows what these teams show.
    pub fn with_teams(view: View, user: Id, teams: &[Team]) -> Self {
        Self::Limited(Limits {
            space: view.space,
            user,
            teams: teams.iter().map(|team| team.id).collect(),
            queries: teams.iter().filter_map(|team| shown_by(view, user, team)).collect(),
        })
    }

    /// What is seen, as a condition on conversations.
    pub fn predicate(&self) -> Predicate {
        match self {
            Self::All => Predicate::everything(),
            Self::OfContact(contact) => Predicate::of_ids("conversations.contact_id = ?", &[*contact]),
            Self::Limited(limits) => limits.predicate(),
        }
    }

    /// Whether a conversation is within sight.
    pub async fn sees(&self, conn: &mut Conn, conversation: &Conversation) -> Result<bool> {
        match self {
            Self::All => return Ok(true),
            Self::OfContact(contact) => return Ok(conversation.contact_id == *contact),
            Self::Limited(limits) if limits.has(conversation) => return Ok(true),
            Self::Limited(_) => {}
        }
        matches(conn, conversation, self.predicate()).await
    }
}

impl Limits {
    /// Whether a conversation is the user's own, or one of their teams'.
    fn has(&self, conversation: &Conversation) -> bool {
        conversation.assigned_to_user_id == Some(self.user)
            || conversation.team_id.is_some_and(|team| self.teams.contains(&team))
    }

    /// Whether a conversation was within sight when it was as this, in JSON.
    pub fn had(&self, before: &Value) -> bool {
        let id = |field: &str| before[field].as_str().and_then(|id| id.parse::<Id>().ok());
        let follows = || before["follower_user_ids"].as_array().is_some_and(|ids| ids.contains(&json!(self.user)));
        id("assigned_to_user_id") == Some(self.user)
            || id("team_id").is_some_and(|team| self.teams.contains(&team))
            || follows()
            || self.queries.iter().any(|query| query.matches(&Facts::of(&FIELDS, before)))
    }

    fn predicate(&self) -> Predicate {
        let own = Predicate::of_ids("conversations.assigned_to_user_id = ?", &[self.user]);
        let teams = self.teams.iter().map(|team| Predicate::of_ids("conversations.team_id = ?", &[*team]));
        let concerned = Predicate::of_ids(
            "conversations.id IN (SELECT conversation_id FROM conversation_people WHERE organization_id = ? AND user_id = ? AND \
             (follows OR is_mentioned))",
            &[self.space, self.user],
        );
        Predicate::any([own, concerned].into_iter().chain(teams).chain(self.queries.iter().map(Checked::predicate)))
    }
}

/// Which conversations the role of a user shows.
pub async fn reach(conn: &mut Conn, organization: Id, user: Id) -> Result<ConversationVisibility> {
    let of_role: Option<ConversationVisibility> = run!(conn, |c| users::table
        .inner_join(
            roles::table.on(users::organization_id.eq(roles::organization_id).and(users::role_id.eq(roles::id)))
        )
        .filter(users::organization_id.eq(organization).and(users::id.eq(user)))
        .select(roles::conversation_visibility)
        .first(c))
    .optional()?;
    Ok(of_role.unwrap_or(ConversationVisibility::Assigned))
}

/// What the query of a team shows to a user; nothing for a team without one.
pub fn shown_by(view: View, user: Id, team: &Team) -> Option<Checked> {
    let text = team.query.conversations.as_deref()?;
    match FIELDS.check(text, &asker(view, user)) {
        Ok(query) => Some(query),
        Err(error) => {
            // It was checked when it was saved; a later version of the server may no longer know a field of it.
            tracing::warn!(team = %team.id, error = ?error, "the query of a team shows nothing, because it is wrong");
            None
        }
    }
}

/// Who asks when the query of a team is asked for a user.
pub fn asker(view: View, user: Id) -> Asker {
    Asker {
        now: view.now,
        space: view.space,
        organization: view.organization,
        user: Some(user),
        teams: None,
        scopes: crate::method::ScopeSet::ALL,
    }
}

/// Whether a conversation, as it is stored, passes a condition.
pub async fn matches(conn: &mut Conn, conversation: &Conversation, predicate: Predicate) -> Result<bool> {
    let key = (conversation.organization_id, conversation.id);
    let found: Option<Id> =
        run!(conn, |c| conversations::table.find(key).filter(predicate.clone()).select(conversations::id).first(c))
            .optional()?;
    Ok(found.is_some())
}
