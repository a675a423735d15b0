use serde_json::json;

use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Result, Tx};
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::{Conversation, Status, store};

/// For how long a conversation can be put off, in seconds: a year, and the day that a leap year has more.
const LONGEST: i64 = 366 * 24 * 60 * 60;

arguments! {
    /// Puts a conversation off until a time, or until the contact writes.
    ///
    /// It comes back by itself, as an open one: when the time has come, or with the contact's next message, whichever is first. Putting
    /// it off again changes the time.
    pub struct Snooze {
        /// The conversation.
        pub id: Id,
        /// When it comes back, within a year.
        pub until: Option<Timestamp>,
        /// In place of `until`: it comes back when the contact writes.
        pub until_reply: Option<bool>,
    }
}

impl Method for Snooze {
    const NAME: &'static str = "conversations.snooze";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["conversation.snoozed"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","until_reply":true}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        let until = until(&ctx, "", self.until, self.until_reply)?;
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            snooze(tx, before, until).await
        })
        .await
    }
}

/// Until when to put a conversation off; none for until the contact writes. `at` is the pointer to what the arguments are in.
pub(super) fn until(
    ctx: &Context,
    at: &str,
    until: Option<Timestamp>,
    until_reply: Option<bool>,
) -> Result<Option<Timestamp>> {
    let refuse = |name: &str, code: &str, message: &str| Err(Error::argument(format!("{at}/{name}"), code, message));
    let until = match (until, until_reply) {
        (Some(until), None | Some(false)) => until,
        (None, Some(true)) => return Ok(None),
        (Some(_), Some(true)) => return refuse("until_reply", "not_allowed", "send either until or until_reply"),
        (None, None | Some(false)) => {
            return refuse("until", "required", "say until when, or send until_reply: true");
        }
    };
    if until <= ctx.now() {
        return refuse("until", "too_small", "this is in the past");
    }
    if until > ctx.now().plus_seconds(LONGEST) {
        return refuse("until", "too_large", "a conversation can be put off for a year at the most");
    }
    Ok(Some(until))
}

/// Puts a conversation off, which is locked.
pub(super) async fn snooze(tx: &mut Tx<'_>, before: Conversation, until: Option<Timestamp>) -> Result<Conversation> {
    if before.status == Status::Snoozed && before.snoozed_until == until {
        return Ok(before);
    }
    before.require(&[Status::Open, Status::Pending, Status::Snoozed])?;
    let mut after = before.clone();
    after.snooze(until);
    let after = store::save(tx, before, after, "conversation.snoozed").await?;
    timeline::record(tx, &after, Happening::Snoozed, json!({ "until": until })).await?;
    Ok(after)
}

arguments! {
    /// Brings back a conversation that was put off.
    pub struct Unsnooze {
        /// The conversation.
        pub id: Id,
    }
}

impl Method for Unsnooze {
    const NAME: &'static str = "conversations.unsnooze";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["conversation.reopened"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            if before.status == Status::Open {
                return Ok(before);
            }
            before.require(&[Status::Snoozed])?;
            let mut after = before.clone();
            after.open();
            let after = store::save(tx, before, after, "conversation.reopened").await?;
            timeline::record(tx, &after, Happening::Unsnoozed, json!({})).await?;
            Ok(after)
        })
        .await
    }
}

arguments! {
    /// Leaves an open conversation to AI or automation: it does not wait for a person any more.
    pub struct SetPending {
        /// The conversation.
        pub id: Id,
    }
}

impl Method for SetPending {
    const NAME: &'static str = "conversations.setPending";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["conversation.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            if before.status == Status::Pending {
                return Ok(before);
            }
            before.require(&[Status::Open])?;
            let after = Conversation { status: Status::Pending, ..before.clone() };
            store::save(tx, before, after, "conversation.updated").await
        })
        .await
    }
}
