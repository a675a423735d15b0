use super::BODY_LIMIT;
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Name, Page, Patch, Result, Tx, Words};
use crate::resources::account::{teams, users};
use crate::resources::inbox::conversations::people::{self, Part};
use crate::resources::inbox::conversations::visibility::Sight;
use crate::resources::inbox::messages::thread::Thread;
use crate::resources::inbox::messages::{ApprovalState, Message, MessageStatus, author, sending, store};
use crate::resources::inbox::timers::{self, TimerKind};

arguments! {
    /// Asks for the approval of a draft before it is sent.
    ///
    /// Name a user or a team; if neither is named, everybody who may write messages may decide, but the one who wrote it. A user who is
    /// named sees the conversation from then on.
    pub struct RequestApproval {
        /// The draft.
        pub id: Id,
        /// The user who is to decide.
        pub approver_user_id: Option<Id>,
        /// The team, one of whose members is to decide.
        pub team_id: Option<Id>,
    }
}

impl Method for RequestApproval {
    const NAME: &'static str = "messages.requestApproval";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["message.approval_requested"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        ctx.write(async move |tx| {
            let (conversation, before) = store::target(tx, self.id).await?;
            let approval = &before.details.approval;
            if before.status == MessageStatus::PendingApproval
                && (approval.approver_user_id, approval.team_id) == (self.approver_user_id, self.team_id)
            {
                return Ok(before);
            }
            before.require(&[MessageStatus::Draft])?;
            before.require_something()?;
            if let Some(user) = self.approver_user_id {
                users::store::require(tx, &[("/approver_user_id".into(), user)]).await?;
                people::add(tx, conversation.id, user, Part::Mentioned).await?;
            }
            if let Some(team) = self.team_id {
                teams::store::require(tx, &[("/team_id".into(), team)]).await?;
            }
            let mut after = before.clone();
            after.ask_for_approval(tx.now(), self.approver_user_id, self.team_id);
            store::save(tx, before, after, "message.approval_requested").await
        })
        .await
    }
}

arguments! {
    /// Approves a message and sends it.
    ///
    /// Whoever was asked may do so; nobody approves what they wrote themselves. With `text` or `html` it is changed before it is
    /// sent; what it said before is kept in `approval`.
    pub struct Approve {
        /// The message.
        pub id: Id,
        /// What it is to say.
        pub text: Option<Name<100000>>,
        /// The same as HTML.
        pub html: Option<Name<500000>>,
    }
}

impl Method for Approve {
    const NAME: &'static str = "messages.approve";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::NoPermission, Code::TakeoverRequired];
    const EVENTS: &'static [&'static str] =
        &["message.approved", "message.sent", "message.scheduled", "message.ai_discarded"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    const BODY_LIMIT: usize = BODY_LIMIT;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        let message = ctx.write(async move |tx| self.decide(tx).await).await?;
        match message.status {
            MessageStatus::Discarded => Err(sending::too_late(&message)),
            _ => Ok(message),
        }
    }
}

impl Approve {
    async fn decide(&self, tx: &mut Tx<'_>) -> Result<Message> {
        let (conversation, before) = store::target(tx, self.id).await?;
        if before.details.approval.state == ApprovalState::Approved && before.status != MessageStatus::Draft {
            return Ok(before);
        }
        before.require(&[MessageStatus::PendingApproval])?;
        let decider = require_decider(tx, &before).await?;
        let thread = Thread::of(conversation);
        if before.details.control_epoch.is_some_and(|epoch| epoch != thread.conversation.control_epoch) {
            let mut after = before.clone();
            after.status = MessageStatus::Discarded;
            let discarded = store::save(tx, before, after, "message.ai_discarded").await?;
            sending::note_discarded(tx, &thread.conversation, &discarded).await?;
            return Ok(discarded);
        }
        thread.require_channel(tx).await?;
        let mut queued = before.clone();
        super::schedule::stand_behind(tx, &thread.conversation, &mut queued).await?;
        queued.status = MessageStatus::Queued;
        let approval = &mut queued.details.0.approval;
        approval.state = ApprovalState::Approved;
        approval.decided_by = Some(decider);
        approval.decided_at = Some(tx.now());
        if self.text.is_some() || self.html.is_some() {
            approval.original_text = before.text.clone();
            approval.original_html = before.html.clone();
            queued.text = self.text.as_deref().map(str::to_owned).or(queued.text);
            let html: Option<Words<500_000>> = self.html.as_deref().map(Words::from);
            match html {
                Some(html) => super::update::set_html(&mut queued, Patch::Set(Some(html).into()).sent()),
                // The HTML says what the text said before it was changed.
                None => queued.html = None,
            }
            queued.settle_kind();
        }
        let queued = store::save(tx, before, queued, "message.approved").await?;
        let mut after = queued.clone();
        if let Some(at) = after.scheduled_at.filter(|at| *at > tx.now()) {
            after.status = MessageStatus::Scheduled;
            timers::set(tx, TimerKind::SendMessage, after.id, at).await?;
            return store::save(tx, queued, after, "message.scheduled").await;
        }
        sending::mark_sent(tx, &mut after);
        Ok(thread.say(tx, queued, after, "message.sent").await?.0)
    }
}

arguments! {
    /// Refuses to approve a message: it is a draft again.
    ///
    /// Whoever was asked may do so.
    pub struct Reject {
        /// The message.
        pub id: Id,
        /// What is wrong with it.
        pub reason: Name<2000>,
    }
}

impl Method for Reject {
    const NAME: &'static str = "messages.reject";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::NoPermission];
    const EVENTS: &'static [&'static str] = &["message.rejected"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","reason":"We do not promise a date."}"#;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        ctx.write(async move |tx| {
            let (_, before) = store::target(tx, self.id).await?;
            if before.status == MessageStatus::Draft && before.details.approval.state == ApprovalState::Rejected {
                return Ok(before);
            }
            before.require(&[MessageStatus::PendingApproval])?;
            let decider = require_decider(tx, &before).await?;
            let mut after = before.clone();
            after.status = MessageStatus::Draft;
            let approval = &mut after.details.0.approval;
            approval.state = ApprovalState::Rejected;
            approval.decided_by = Some(decider);
            approval.decided_at = Some(tx.now());
            approval.reason = Some(self.reason.to_string());
            store::save(tx, before, after, "message.rejected").await
        })
        .await
    }
}

/// The caller, if it is theirs to decide: a person who was asked, and did not write it. Owners decide on everything that others wrote.
async fn require_decider(tx: &mut Tx<'_>, message: &Message) -> Result<Id> {
    let refused = |message: &str| Err(Error::new(Code::NoPermission, message));
    let (organization, caller) = (tx.organization(), author::of_caller(tx).await?);
    let Some(user) = caller.user().filter(|_| caller.is_person()) else {
        return refused("Only a person decides on what is sent.");
    };
    if message.author.user() == Some(user) {
        return refused("Nobody decides on what they wrote themselves.");
    }
    let approval = &message.details.approval;
    let was_asked = match (approval.approver_user_id, approval.team_id) {
        (None, None) => true,
        (approver, _) if approver == Some(user) => true,
        (_, Some(team)) => teams::store::of_users(tx, organization, &[user]).await?.contains(&(user, team)),
        _ => false,
    };
    if was_asked || tx.ctx().caller()?.is_owner() { Ok(user) } else { refused("Somebody else was asked to decide.") }
}

arguments! {
    /// Lists the messages that wait for the caller's approval.
    ///
    /// These are what the caller, one of their teams, or nobody in particular was asked to decide on, in the conversations that the
    /// caller sees. Owners, and keys that act for the organization itself, see all that wait.
    pub struct ListApprovals paged {
    }
}

impl Method for ListApprovals {
    const NAME: &'static str = "messages.listApprovals";
    const ACCESS: Access = Access::read(Area::Messages);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<Message>;

    async fn call(self, ctx: Context) -> Result<Page<Message>> {
        let window = ctx.page(&self)?;
        let mut conn = ctx.read().await?;
        let caller = ctx.caller()?;
        let asked = match caller.user.filter(|_| !caller.is_owner()) {
            Some(user) => {
                let of_user = teams::store::of_users(&mut conn, caller.organization, &[user]).await?;
                Some((user, of_user.into_iter().map(|(_, team)| team).collect()))
            }
            None => None,
        };
        let sight = Sight::of(&ctx, &mut conn).await?;
        let (mut rows, total) = store::approvals(&mut conn, ctx.space(), asked, &sight, &window).await?;
        store::show_files(&ctx, &mut conn, &mut rows).await?;
        Ok(window.page(&ctx, (rows, total)))
    }
}
