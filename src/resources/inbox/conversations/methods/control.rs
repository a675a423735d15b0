use serde_json::json;

use crate::access::user::UserKind;
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Nullable, Patch, Result, Tx, Words, stored};
use crate::resources::inbox::conversations::assignment::{self, Assignee, Wanted};
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::{Conversation, Handler, Handoff, HandoffReason, Status, store};

arguments! {
    /// Takes a conversation over from AI.
    ///
    /// From then on a person answers the contact: the conversation is open and assigned to that person, and `control_epoch` has risen.
    /// What AI had written and was not sent yet is thrown away, and what it goes on to compute under the older epoch is refused. Of
    /// several people who take a conversation over at the same moment, one gets it.
    pub struct TakeOver {
        /// The conversation.
        pub id: Id,
        /// The person who gets it; the caller if left out.
        pub user_id: Option<Id>,
    }
}

impl Method for TakeOver {
    const NAME: &'static str = "conversations.takeOver";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::NoPermission];
    const EVENTS: &'static [&'static str] = &["conversation.taken_over", "message.ai_discarded"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        let user = match self.user_id {
            Some(user) => user,
            None => ctx.user()?,
        };
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            if before.status == Status::Open
                && before.handler == Handler::Human
                && before.assigned_to_user_id == Some(user)
            {
                return Ok(before);
            }
            before.require(&[Status::Open, Status::Pending])?;
            require_kind(tx, "/user_id", user, UserKind::Human).await?;
            if before.handler == Handler::Human
                && let Some(other) = before.assigned_to_user_id.filter(|other| *other != user)
            {
                let message = "A person has the conversation already; call conversations.assign to give it to another.";
                return Err(Error::new(Code::InvalidState, message)
                    .with("from", before.status.as_str())
                    .with("assigned_to_user_id", other.to_string()));
            }
            let mut after = before.clone();
            after.status = Status::Open;
            after.assigned_to_user_id = Some(user);
            after.hand_to(Handler::Human);
            let after = store::save(tx, before.clone(), after, "conversation.taken_over").await?;
            let data = json!({ "user_id": user, "control_epoch": after.control_epoch });
            timeline::record(tx, &after, Happening::TakenOver, data).await?;
            assignment::settle(tx, &before, &after).await?;
            Ok(after)
        })
        .await
    }
}

arguments! {
    /// Gives a conversation to AI.
    ///
    /// It does not wait for a person any more, and is assigned to the AI teammate that is named. `control_epoch` has risen: AI must
    /// read the conversation again before it answers.
    pub struct Release {
        /// The conversation.
        pub id: Id,
        /// The AI teammate that gets it; if left out, the one that has it, or whichever serves the channel.
        pub teammate_id: Option<Id>,
    }
}

impl Method for Release {
    const NAME: &'static str = "conversations.release";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["conversation.released"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            before.require(&[Status::Open, Status::Pending])?;
            let is_ai = before.handler == Handler::Ai;
            let teammate = match self.teammate_id {
                Some(teammate) => {
                    require_kind(tx, "/teammate_id", teammate, UserKind::Ai).await?;
                    Some(teammate)
                }
                None => before.assigned_to_user_id.filter(|_| is_ai),
            };
            if is_ai && before.status == Status::Pending && before.assigned_to_user_id == teammate {
                return Ok(before);
            }
            let mut after = before.clone();
            after.status = Status::Pending;
            after.assigned_to_user_id = teammate;
            after.hand_to(Handler::Ai);
            let after = store::save(tx, before.clone(), after, "conversation.released").await?;
            let data = json!({ "teammate_id": teammate, "control_epoch": after.control_epoch });
            timeline::record(tx, &after, Happening::Released, data).await?;
            assignment::settle(tx, &before, &after).await?;
            Ok(after)
        })
        .await
    }
}

arguments! {
    /// Hands a conversation to people.
    ///
    /// AI does so when it cannot go on, and programs may do so for their own reasons. The conversation is open and waits for a person;
    /// what AI had written and was not sent yet is thrown away.
    pub struct HandOff {
        /// The conversation.
        pub id: Id,
        /// Why.
        pub reason: HandoffReason,
        /// What has happened so far, for whoever takes it on.
        pub summary: Nullable<Words<4000>>,
        /// The team that gets it; if left out, the one that has it.
        pub to_team_id: Option<Id>,
        /// The person who gets it; if left out, whoever takes it.
        pub to_user_id: Option<Id>,
    }
}

impl Method for HandOff {
    const NAME: &'static str = "conversations.handoff";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["conversation.handed_off", "message.ai_discarded"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","reason":"contact_requested","summary":"Wants a refund"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let handoff = Handoff {
                id: tx.new_id(),
                reason: self.reason,
                summary: stored(self.summary.clone()),
                to_team_id: self.to_team_id,
                to_user_id: self.to_user_id,
                at: tx.now(),
            };
            if before.status == Status::Open
                && before.handler == Handler::Human
                && before.details.handoff.as_ref().is_some_and(|last| last.says_what(&handoff))
            {
                return Ok(before);
            }
            before.require(&[Status::Open, Status::Pending])?;
            if let Some(user) = self.to_user_id {
                require_kind(tx, "/to_user_id", user, UserKind::Human).await?;
            }
            let some = |id: Option<Id>| id.map_or(Patch::Absent, |id| Patch::Set(Nullable(Some(id))));
            let wanted = Wanted {
                user: some(self.to_user_id),
                user_pointer: "/to_user_id",
                team: some(self.to_team_id),
                team_pointer: "/to_team_id",
                // To be handed a conversation is how a person comes to see it.
                force: true,
            };
            let mut after = before.clone();
            // It was AI that had it, or nobody; a person who has it keeps it unless another one is named.
            if before.handler != Handler::Human && self.to_user_id.is_none() {
                after.assigned_to_user_id = None;
            }
            assignment::apply(tx, &mut after, &wanted).await?;
            after.status = Status::Open;
            if after.control_epoch == before.control_epoch {
                after.hand_to(Handler::Human);
            }
            let data = json!({ "handoff": handoff, "control_epoch": after.control_epoch });
            after.details.handoff = Some(handoff);
            let after = store::save(tx, before.clone(), after, "conversation.handed_off").await?;
            timeline::record(tx, &after, Happening::Handoff, data).await?;
            assignment::settle(tx, &before, &after).await?;
            Ok(after)
        })
        .await
    }
}

impl Handoff {
    /// Whether another handing over says the same as this one.
    fn says_what(&self, other: &Self) -> bool {
        let what = |one: &Self| (one.reason, one.summary.clone(), one.to_team_id, one.to_user_id);
        what(self) == what(other)
    }
}

/// Refuses a user who is no person, or no AI teammate, or who is not active.
async fn require_kind(tx: &mut Tx<'_>, pointer: &str, user: Id, kind: UserKind) -> Result<Assignee> {
    let assignee = assignment::require_assignee(tx, pointer, user).await?;
    if assignee.kind == kind {
        return Ok(assignee);
    }
    let message = match kind {
        UserKind::Human => "this is an AI teammate; name a person",
        UserKind::Ai => "this is a person; name an AI teammate",
    };
    Err(Error::argument(pointer, "not_assignable", message))
}
