//! Takes events out of the feeds when they were kept long enough.

use std::time::{Duration, Instant};

use crate::db::prelude::*;
use crate::db::{Id, Timestamp, Transaction};
use crate::method::{App, Result};
use crate::schema::{events, feeds};
use crate::{lock, run};

/// How long events are kept unless the server is told otherwise: 30 days.
pub const DAYS: u32 = 30;
/// How many events one transaction takes out, so that no caller waits long for it.
const BATCH: i64 = 500;
/// How long one transaction may take.
const PATIENCE: Duration = Duration::from_secs(30);
const SECONDS_A_DAY: i64 = 86_400;

/// How many days events are kept: a service of the server.
pub struct Retention(pub u32);

/// Takes out every event that was kept long enough; answers how many those were.
pub async fn run(app: &App) -> Result<usize> {
    let days = app.services().get::<Retention>().map_or(DAYS, |retention| retention.0);
    let until = app.now().plus_seconds(-i64::from(days) * SECONDS_A_DAY);
    let mut conn = app.db.read().await?;
    let organizations: Vec<Id> = run!(conn, |c| feeds::table.select(feeds::organization_id).load(c))?;
    drop(conn);
    let mut count = 0;
    for organization in organizations {
        loop {
            let work = async move |tx: &mut Transaction| batch(tx, organization, until).await;
            let taken = app.db.write(Instant::now() + PATIENCE, work).await?;
            count += taken;
            if taken < BATCH as usize {
                break;
            }
        }
    }
    Ok(count)
}

/// Takes out the oldest events, up to the first one that is still kept: the feed has a beginning, and no holes after it.
async fn batch(tx: &mut Transaction, organization: Id, until: Timestamp) -> Result<usize> {
    let feed = feeds::table.find(organization).select(feeds::oldest_seq);
    let held: Option<i64> = lock!(tx, feed)?;
    let Some(oldest) = held else { return Ok(0) };
    let first: Vec<(i64, Timestamp)> = run!(tx, |c| events::table
        .filter(events::organization_id.eq(organization).and(events::seq.ge(oldest)))
        .order(events::seq)
        .limit(BATCH)
        .select((events::seq, events::created_at))
        .load(c))?;
    let over = first.iter().take_while(|(_, at)| *at < until).count();
    let Some((last, _)) = over.checked_sub(1).and_then(|index| first.get(index)) else { return Ok(0) };
    run!(tx, |c| diesel::delete(
        events::table.filter(events::organization_id.eq(organization).and(events::seq.le(*last)))
    )
    .execute(c))?;
    run!(tx, |c| diesel::update(feeds::table.find(organization)).set(feeds::oldest_seq.eq(last + 1)).execute(c))?;
    Ok(over)
}
