//! To whom a conversation is assigned, and what follows from that.

use serde_json::json;

use super::control;
use super::model::{Conversation, Handler, Status};
use super::timeline::{self, Happening};
use super::visibility::{Sight, View};
use crate::access::user::{UserKind, UserStatus};
use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Code, Error, Nullable, Patch, Result, Tx};
use crate::resources::account::teams;
use crate::schema::{conversations, users};
use crate::{lock, run};

/// To whom a conversation is to be assigned; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The user, or nobody.
    pub user: Patch<Nullable<Id>>,
    /// The argument that names the user.
    pub user_pointer: &'static str,
    /// The team, or none.
    pub team: Patch<Nullable<Id>>,
    /// The argument that names the team.
    pub team_pointer: &'static str,
    /// Whether it matters not that the user does not see the conversation so far.
    pub force: bool,
}

/// What decides whether a user may be given a conversation.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct Assignee {
    /// The user.
    pub id: Id,
    /// Whether it is a person.
    pub kind: UserKind,
    status: UserStatus,
    is_assignable: bool,
    max_open_conversations: Option<i32>,
}

/// Changes to whom a conversation is assigned. A person who gets one that AI had has taken it over: it is open, and what AI had
/// written is to be thrown away by [`settle`], once the conversation is stored.
pub async fn apply(tx: &mut Tx<'_>, conversation: &mut Conversation, wanted: &Wanted) -> Result<()> {
    if let Patch::Set(team) = &wanted.team
        && team.0 != conversation.team_id
    {
        if let Some(team) = team.0 {
            require_team(tx, wanted.team_pointer, team).await?;
        }
        conversation.team_id = team.0;
    }
    let Patch::Set(user) = &wanted.user else { return Ok(()) };
    let Some(user) = user.0 else {
        conversation.assigned_to_user_id = None;
        return Ok(());
    };
    if conversation.assigned_to_user_id == Some(user) {
        return Ok(());
    }
    let pointer = wanted.user_pointer;
    let assignee = require_assignee(tx, pointer, user).await?;
    let view = View::of(tx.ctx());
    // The one who has it so far sees it; that must not be what counts for the next one.
    let unassigned = Conversation { assigned_to_user_id: None, ..conversation.clone() };
    if !wanted.force && !Sight::of_user(tx, view, user).await?.sees(tx, &unassigned).await? {
        let message = "this user does not see the conversation; send `force` to assign it all the same";
        return Err(Error::argument(pointer, "not_visible", message));
    }
    if conversation.status == Status::Open || conversation.status == Status::Pending {
        require_room(tx, &assignee).await?;
    }
    conversation.assigned_to_user_id = Some(user);
    conversation.hand_to_kind(assignee.kind);
    Ok(())
}

impl Conversation {
    /// Puts it into the hands of people, or of AI, if it is not there already. In people's hands nothing is pending.
    pub fn hand_to_kind(&mut self, kind: UserKind) {
        let handler = match kind {
            UserKind::Human => Handler::Human,
            UserKind::Ai => Handler::Ai,
        };
        if self.handler != handler {
            self.hand_to(handler);
        }
        if handler == Handler::Human && self.status == Status::Pending {
            self.status = Status::Open;
        }
    }
}

/// Puts down what has changed about whom a conversation is assigned to, and throws away what AI had written if people have it now.
pub async fn settle(tx: &mut Tx<'_>, before: &Conversation, after: &Conversation) -> Result<()> {
    if before.team_id != after.team_id {
        let (happening, team) = match after.team_id {
            Some(team) => (Happening::TeamAssigned, Some(team)),
            None => (Happening::TeamUnassigned, before.team_id),
        };
        timeline::record(tx, after, happening, json!({ "team_id": team, "previous_team_id": before.team_id })).await?;
    }
    if before.assigned_to_user_id != after.assigned_to_user_id {
        let (happening, user) = match after.assigned_to_user_id {
            Some(user) => (Happening::Assigned, Some(user)),
            None => (Happening::Unassigned, before.assigned_to_user_id),
        };
        let data = json!({ "user_id": user, "previous_user_id": before.assigned_to_user_id });
        timeline::record(tx, after, happening, data).await?;
    }
    if before.control_epoch != after.control_epoch && after.handler == Handler::Human {
        control::discard_ai_drafts(tx, after).await?;
    }
    Ok(())
}

/// A user who may be given conversations, locked: of two conversations that would fill the last place, one does.
pub async fn require_assignee(tx: &mut Tx<'_>, pointer: &str, user: Id) -> Result<Assignee> {
    let organization = tx.organization();
    let found: Option<Assignee> = lock!(tx, users::table.find((organization, user)).select(Assignee::as_select()))?;
    let assignee = found.ok_or_else(|| Error::argument(pointer, "unknown_id", format!("there is no user {user}")))?;
    // Who takes work on does so whether or not others may assign it to them.
    let is_self = tx.ctx().caller()?.user == Some(user);
    if assignee.status == UserStatus::Active && (assignee.is_assignable || is_self) {
        return Ok(assignee);
    }
    Err(Error::argument(pointer, "not_assignable", "nothing can be assigned to this user"))
}

/// Refuses a conversation to a user who has as many as they take at once.
pub async fn require_room(tx: &mut Tx<'_>, assignee: &Assignee) -> Result<()> {
    let Some(most) = assignee.max_open_conversations else { return Ok(()) };
    let space = tx.space();
    let open: i64 = run!(tx, |c| conversations::table
        .filter(conversations::organization_id.eq(space).and(conversations::assigned_to_user_id.eq(assignee.id)))
        .filter(conversations::status.eq(Status::Open).and(conversations::deleted_at.is_null()))
        .count()
        .get_result(c))?;
    if open < i64::from(most) {
        return Ok(());
    }
    let message = format!("The user has {open} open conversations and takes {most} at once.");
    Err(Error::new(Code::LimitExceeded, message).with("limit", most))
}

async fn require_team(tx: &mut Tx<'_>, pointer: &str, team: Id) -> Result<()> {
    teams::store::require(tx, &[(pointer.to_owned(), team)]).await?;
    let organization = tx.organization();
    match teams::store::find(tx, organization, team).await? {
        Some(team) if team.is_support_enabled => Ok(()),
        _ => Err(Error::argument(
            pointer,
            "not_assignable",
            "nothing can be assigned to this team; see is_support_enabled",
        )),
    }
}
