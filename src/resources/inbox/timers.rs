//! What is to happen at a given time, whether or not anybody calls then. The rounds of [`crate::jobs`] look for what is due.

use crate::db::prelude::*;
use crate::db::{Id, Timestamp};
use crate::method::{Result, Tx};
use crate::schema::timers;
use crate::{run, text_enum};

text_enum! {
    /// What is to happen.
    pub enum TimerKind {
        /// A conversation that was put off comes back.
        Unsnooze = "unsnooze",
    }
}

/// Something that is to happen at a given time.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = timers)]
pub struct Timer {
    /// The organization it happens in.
    pub organization_id: Id,
    /// What is to happen.
    pub kind: TimerKind,
    /// What it is to happen to.
    pub id: Id,
    /// When.
    pub due_at: Timestamp,
    /// Whether it happens in the space of test keys.
    pub is_test: bool,
}

/// Has something happen at `due_at`, and not when it was to happen before.
pub async fn set(tx: &mut Tx<'_>, kind: TimerKind, id: Id, due_at: Timestamp) -> Result<()> {
    let is_test = tx.ctx().caller()?.is_test;
    let timer = Timer { organization_id: tx.organization(), kind, id, due_at, is_test };
    run!(tx, |c| diesel::insert_into(timers::table)
        .values(&timer)
        .on_conflict((timers::organization_id, timers::kind, timers::id))
        .do_update()
        .set(timers::due_at.eq(due_at))
        .execute(c))?;
    Ok(())
}

/// Has it not happen.
pub async fn clear(tx: &mut Tx<'_>, kind: TimerKind, id: Id) -> Result<()> {
    let organization = tx.organization();
    run!(tx, |c| diesel::delete(timers::table.find((organization, kind, id))).execute(c))?;
    Ok(())
}

/// Takes a timer that is due. Of several servers that do so at once, one hears that it is the one.
pub async fn take(tx: &mut Tx<'_>, timer: &Timer) -> Result<bool> {
    let taken = run!(tx, |c| diesel::delete(timers::table.find((timer.organization_id, timer.kind, timer.id)))
        .filter(timers::due_at.eq(timer.due_at))
        .execute(c))?;
    Ok(taken == 1)
}
