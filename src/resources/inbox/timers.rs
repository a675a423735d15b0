//! What is to happen at a given time: a conversation that was put off comes back, a message is sent.
//!
//! A timer is set and taken away in the transaction of what it is about, so there is none without its cause. The server looks for
//! those that are due ([`crate::rounds::timers`]) and does what they are for; what a timer is about is looked at again then, under its
//! lock, and that is what makes it happen once, whoever else found the same timer.

use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::method::{Result, Tx};
use crate::resources::inbox::{conversations, messages};
use crate::schema::timers;
use crate::{run, text_enum};

text_enum! {
    /// What is to happen.
    pub enum TimerKind {
        /// A conversation that was put off comes back.
        Unsnooze = "unsnooze",
        /// A scheduled message is sent.
        SendMessage = "send_message",
    }
}

impl TimerKind {
    /// The method that had it set: what is done at its time counts as a call of that, in the audit.
    pub fn method(self) -> &'static str {
        match self {
            Self::Unsnooze => "conversations.snooze",
            Self::SendMessage => "messages.schedule",
        }
    }
}

/// Something that is to happen at a given time.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = timers)]
pub struct Timer {
    /// The organization itself, for a server that works for it cannot tell it from its space.
    pub organization_id: Id,
    /// What is to happen.
    pub kind: TimerKind,
    /// To what.
    pub id: Id,
    /// Whether that is in the space of test keys.
    pub is_test: bool,
    /// When.
    pub due_at: Timestamp,
}

/// Has something happen at a given time; if it was to happen at another, then no more at that.
pub async fn set(tx: &mut Tx<'_>, kind: TimerKind, id: Id, due_at: Timestamp) -> Result<()> {
    let is_test = tx.ctx().caller()?.is_test;
    let timer = Timer { organization_id: tx.organization(), kind, id, is_test, due_at };
    run!(tx, |c| diesel::insert_into(timers::table)
        .values(&timer)
        .on_conflict((timers::organization_id, timers::kind, timers::id))
        .do_update()
        .set(timers::due_at.eq(due_at))
        .execute(c))?;
    Ok(())
}

/// Keeps something from happening, or notes that it has happened.
pub async fn clear(tx: &mut Tx<'_>, kind: TimerKind, id: Id) -> Result<()> {
    let key = (tx.organization(), kind, id);
    run!(tx, |c| diesel::delete(timers::table.find(key)).execute(c))?;
    Ok(())
}

/// The timers that are due by `now`, those first that have been for longest.
pub async fn due(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<Timer>> {
    Ok(run!(conn, |c| timers::table
        .filter(timers::due_at.le(now))
        .order(timers::due_at)
        .limit(most)
        .select(Timer::as_select())
        .load(c))?)
}

/// Does what a timer is for, if that still holds.
pub async fn fire(tx: &mut Tx<'_>, timer: &Timer) -> Result<()> {
    match timer.kind {
        TimerKind::Unsnooze => conversations::wake(tx, timer.id).await?,
        TimerKind::SendMessage => messages::send_due(tx, timer.id).await?,
    }
    // Only if it was not set anew meanwhile.
    let key = (timer.organization_id, timer.kind, timer.id);
    run!(tx, |c| diesel::delete(timers::table.find(key)).filter(timers::due_at.le(timer.due_at)).execute(c))?;
    Ok(())
}

/// Puts off a timer whose matter could not be done, so that it does not keep others from theirs.
pub async fn put_off(conn: &mut Conn, timer: &Timer, until: Timestamp) -> Result<()> {
    let key = (timer.organization_id, timer.kind, timer.id);
    run!(conn, |c| diesel::update(timers::table.find(key))
        .filter(timers::due_at.eq(timer.due_at))
        .set(timers::due_at.eq(until))
        .execute(c))?;
    Ok(())
}
