//! The same change to many conversations.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::assign::assign;
use super::{close, snooze};
use crate::arguments;
use crate::db::Timestamp;
use crate::jobs::Job;
use crate::jobs::bulk::{self, Bulk, BulkJob, Ids};
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Policy, Rate, Result, Scope, Tx};
use crate::query::{Predicate, Table};
use crate::resources::crm::companies;
use crate::resources::crm::tags::{self, TaggedType};
use crate::resources::inbox::conversations::arguments::conversation_changes;
use crate::resources::inbox::conversations::arguments::types::*;
use crate::resources::inbox::conversations::assignment::Wanted;
use crate::resources::inbox::conversations::fields::FIELDS;
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::visibility::Sight;
use crate::resources::inbox::conversations::{Conversation, Resolution, list, store};
use crate::text_enum;

/// The job of `conversations.bulkUpdate`.
pub type ConversationsBulk = BulkJob<Change>;

conversation_changes! {
    /// What to set of each conversation.
    #[schemars(rename = "ConversationChanges")]
    pub struct Changes {}
}

arguments! {
    /// To whom to assign each conversation, as `conversations.assign` does.
    pub struct Assignment {
        /// The user who gets it; null for nobody.
        pub user_id: Patch<Nullable<Id>>,
        /// The team that gets it; null for none.
        pub team_id: Patch<Nullable<Id>>,
        /// Assign it even to a user who does not see it so far; false if left out.
        pub force: Option<bool>,
    }
}

text_enum! {
    /// What to do with each conversation.
    pub enum Action {
        /// Close it, as `conversations.close` does; `resolution` is required.
        Close = "close",
        /// Open it again, as `conversations.reopen` does.
        Reopen = "reopen",
        /// Put it off, as `conversations.snooze` does; `until` or `until_reply` is required.
        Snooze = "snooze",
        /// Close it as spam, as `conversations.markSpam` does.
        Spam = "spam",
    }
}

arguments! {
    /// What else there is to say about an action.
    pub struct ActionArguments {
        /// With `close`: whether the contact was helped.
        pub resolution: Option<Resolution>,
        /// With `close`: ask the contact how content they were; false if left out.
        pub request_csat: Option<bool>,
        /// With `snooze`: when it comes back, within a year.
        pub until: Option<Timestamp>,
        /// With `snooze`, in place of `until`: it comes back when the contact writes.
        pub until_reply: Option<bool>,
        /// With `reopen`: why.
        pub reason: Option<Words<500>>,
        /// With `spam`: block the contact too, which needs the scope contacts:write; false if left out.
        pub block_contact: Option<bool>,
    }
}

arguments! {
    /// Changes many conversations.
    ///
    /// The answer is a job, which goes through the conversations that the caller sees, one after the other; `jobs.listResults` says what
    /// became of each. What cannot be done with one conversation keeps none of the others from it. For 24 hours `jobs.revert` undoes
    /// it; what contacts were asked, and that they were blocked, stays.
    pub struct BulkUpdate {
        /// The conversations, by their ids.
        pub ids: Option<Ids>,
        /// In place of `ids`: the conversations that this query finds, 100,000 at the most; needs the scope conversations:read too.
        pub filters: Option<Words<2000>>,
        /// What to set of each: the fields of `conversations.update`.
        pub set: Option<Changes>,
        /// Tags to add to those that each has.
        pub add_tags: Option<List<Name<50>, 100>>,
        /// Tags to take off each.
        pub remove_tags: Option<List<Name<50>, 100>>,
        /// To whom to assign each.
        pub assign: Option<Assignment>,
        /// What to do with each, last of all.
        pub action: Option<Action>,
        /// What the action needs.
        pub action_args: Option<ActionArguments>,
        /// Whether the job only finds out what would change, and changes nothing; false if left out.
        pub dry_run: Option<bool>,
    }
}

impl Method for BulkUpdate {
    const NAME: &'static str = "conversations.bulkUpdate";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate { policy: Policy::Bulk, cost: 1 };
    const ERRORS: &'static [Code] = &[Code::LimitExceeded, Code::InvalidQuery];
    const EXAMPLE: &'static str =
        r#"{"ids":["0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"],"action":"close","action_args":{"resolution":"resolved"}}"#;
    const ACCEPTED: bool = true;
    type Output = Job;

    async fn call(self, ctx: Context) -> Result<Job> {
        let step = match (self.action, self.action_args) {
            (None, None) => None,
            (None, Some(_)) => return Err(Error::argument("/action", "required", "name the action")),
            (Some(action), args) => Some(Step::of(&ctx, action, args.unwrap_or_default())?),
        };
        let Self { ids, filters, set, add_tags, remove_tags, assign, dry_run, .. } = self;
        if set.is_none() && add_tags.is_none() && remove_tags.is_none() && assign.is_none() && step.is_none() {
            return Err(Error::argument("/set", "required", "say what to change: set, add_tags, assign, action …"));
        }
        let change = Change { set, add_tags, remove_tags, assign, step };
        bulk::ask(ctx, ids, filters, change, dry_run == Some(true)).await
    }
}

/// An action with all that it needs.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Close { resolution: Resolution, requests_csat: bool },
    Reopen { reason: Option<String> },
    Snooze { until: Option<Timestamp> },
    Spam { blocks: bool },
}

impl Step {
    fn of(ctx: &Context, action: Action, args: ActionArguments) -> Result<Self> {
        let given = [
            ("resolution", args.resolution.is_some(), Action::Close),
            ("request_csat", args.request_csat.is_some(), Action::Close),
            ("until", args.until.is_some(), Action::Snooze),
            ("until_reply", args.until_reply.is_some(), Action::Snooze),
            ("reason", args.reason.is_some(), Action::Reopen),
            ("block_contact", args.block_contact.is_some(), Action::Spam),
        ];
        if let Some((name, _, of)) = given.iter().find(|(_, is_given, of)| *is_given && *of != action) {
            let message = format!("{name} belongs to the action {of}");
            return Err(Error::argument(format!("/action_args/{name}"), "not_allowed", message));
        }
        Ok(match action {
            Action::Close => Self::Close {
                resolution: args.resolution.ok_or_else(|| {
                    Error::argument("/action_args/resolution", "required", "say whether the contact was helped")
                })?,
                requests_csat: args.request_csat == Some(true),
            },
            Action::Reopen => Self::Reopen { reason: args.reason.map(|reason| reason.to_string()) },
            Action::Snooze => Self::Snooze { until: snooze::until(ctx, "/action_args", args.until, args.until_reply)? },
            Action::Spam => {
                let blocks = args.block_contact == Some(true);
                if blocks {
                    close::require_blocking(ctx)?;
                }
                Self::Spam { blocks }
            }
        })
    }

    async fn apply(&self, tx: &mut Tx<'_>, conversation: Conversation) -> Result<Conversation> {
        match self {
            Self::Close { resolution, requests_csat } => {
                close::close(tx, conversation, *resolution, None, *requests_csat).await
            }
            Self::Reopen { reason } => close::reopen_closed(tx, conversation, reason.clone()).await,
            Self::Snooze { until } => snooze::snooze(tx, conversation, *until).await,
            Self::Spam { blocks } => {
                // Whoever asked for it may not any more by now.
                if *blocks {
                    close::require_blocking(&tx.ctx().clone())?;
                }
                close::mark_spam(tx, conversation, *blocks).await
            }
        }
    }
}

/// What becomes of each conversation.
#[derive(Clone, Serialize, Deserialize)]
pub struct Change {
    set: Option<Changes>,
    add_tags: Option<List<Name<50>, 100>>,
    remove_tags: Option<List<Name<50>, 100>>,
    assign: Option<Assignment>,
    step: Option<Step>,
}

impl Bulk for Change {
    const NAME: &'static str = BulkUpdate::NAME;
    const WRITE: Scope = Scope::write(Area::Conversations);
    const READ: Scope = Scope::read(Area::Conversations);
    const FIELDS: &'static Table = &FIELDS;
    type Object = Conversation;

    async fn find(ctx: &Context, passing: Predicate, after: Id, most: i64) -> Result<Vec<Id>> {
        let space = ctx.space();
        let sight = Sight::of(ctx, &mut *ctx.read().await?).await?;
        let passing = passing.and(sight.predicate());
        ctx.scan(async move |conn| list::ids(conn, space, &passing, after, most).await).await
    }

    async fn change(&self, tx: &mut Tx<'_>, id: Id) -> Result<Conversation> {
        let mut conversation = store::target(tx, id).await?;
        if let Some(set) = self.set.clone() {
            conversation = set.put_into(tx, conversation).await?;
        }
        let wanted = tags::changed(&conversation.tags, self.add_tags.as_ref(), self.remove_tags.as_ref());
        if wanted != conversation.tags.0 {
            let mut tagged = conversation.clone();
            tags::store::retag(tx, TaggedType::Conversation, id, &mut tagged.tags, wanted).await?;
            conversation = super::store_changed(tx, conversation, tagged).await?;
        }
        if let Some(assignment) = &self.assign {
            let wanted = Wanted {
                user: assignment.user_id.clone(),
                user_pointer: "/assign/user_id",
                team: assignment.team_id.clone(),
                team_pointer: "/assign/team_id",
                force: assignment.force == Some(true),
            };
            conversation = assign(tx, conversation, &wanted).await?;
        }
        match &self.step {
            Some(step) => step.apply(tx, conversation).await,
            None => Ok(conversation),
        }
    }

    async fn restore(tx: &mut Tx<'_>, id: Id, version: Option<i64>, values: Map<String, Value>) -> Result<()> {
        let now = store::target(tx, id).await?;
        let mut before = bulk::put_back(&now, version, values)?;
        before.organization_id = now.organization_id;
        before.deleted_at = now.deleted_at;
        // Who answers may be another one again; but what was computed meanwhile is refused all the same.
        before.control_epoch = now.control_epoch + i64::from(before.handler != now.handler);
        if let Some(company) = before.company_id.filter(|_| before.company_id != now.company_id) {
            companies::store::require(tx, "/company_id", company).await?;
        }
        let tags = std::mem::replace(&mut before.tags, now.tags.clone());
        tags::store::retag(tx, TaggedType::Conversation, id, &mut before.tags, tags.0).await?;
        let event = match (now.goes_on(), before.goes_on()) {
            (false, true) => "conversation.reopened",
            (true, false) => "conversation.closed",
            _ => "conversation.updated",
        };
        let restored = super::store_changed_as(tx, now.clone(), before, event).await?;
        let details = &restored.details;
        let closed = json!({ "resolution": details.resolution, "close_reason": details.close_reason });
        let happening = match (now.goes_on(), restored.goes_on()) {
            (false, true) => Some((Happening::Reopened, json!({ "reason": null }))),
            (true, false) => Some((Happening::Closed, closed)),
            _ => None,
        };
        if let Some((happening, data)) = happening {
            timeline::record(tx, &restored, happening, data).await?;
        }
        Ok(())
    }
}
