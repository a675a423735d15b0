//! All SQL of deliveries.

use super::delivery::{DeliveryRow, DeliveryStatus, WebhookDelivery};
use super::lanes::Key;
use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::events::StoredEvent;
use crate::method::{Result, Tx};
use crate::query::{Fetched, Listing};
use crate::schema::{events, webhook_deliveries};
use crate::{lock, run, run_each, run_list};

diesel::alias! {
    const WAITING: Alias<Waiting> = webhook_deliveries as waiting;
}

/// Which deliveries a list is about; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those that stand so.
    pub status: Option<DeliveryStatus>,
    /// Those of events of this type.
    pub event_type: Option<String>,
}

/// A delivery.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<DeliveryRow>> {
    let row = run!(conn, |c| webhook_deliveries::table.find((space, id)).select(DeliveryRow::as_select()).first(c));
    Ok(row.optional()?)
}

/// A delivery, locked.
pub async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<DeliveryRow>> {
    let space = tx.space();
    Ok(lock!(tx, webhook_deliveries::table.find((space, id)).select(DeliveryRow::as_select()))?)
}

/// The deliveries of a webhook that a filter and a query let through.
pub async fn list(
    conn: &mut Conn,
    (space, webhook): Key,
    filter: Filter,
    list: &Listing,
) -> Result<Fetched<WebhookDelivery>> {
    let statuses = filter.status.map_or(DeliveryStatus::ALL.to_vec(), |status| vec![status]);
    let of_webhook = || {
        webhook_deliveries::table
            .filter(webhook_deliveries::organization_id.eq(space).and(webhook_deliveries::webhook_id.eq(webhook)))
            .filter(webhook_deliveries::status.eq_any(&statuses))
    };
    let fetched = match &filter.event_type {
        None => run_list!(conn, list, DeliveryRow, webhook_deliveries::id, of_webhook()),
        Some(kind) => run_list!(
            conn,
            list,
            DeliveryRow,
            webhook_deliveries::id,
            of_webhook().filter(webhook_deliveries::event_type.eq(kind))
        ),
    };
    let Fetched { rows, keys, total } = fetched;
    Ok(Fetched { rows: rows.into_iter().map(WebhookDelivery::from).collect(), keys, total })
}

/// Adds deliveries.
pub async fn insert(conn: &mut Conn, rows: &[DeliveryRow]) -> Result<()> {
    run_each!(conn, rows, |c, row| diesel::insert_into(webhook_deliveries::table).values(row).execute(c))?;
    Ok(())
}

/// Which of these objects have deliveries that are not over, so that further ones must wait.
pub async fn held(conn: &mut Conn, (space, webhook): Key, objects: &[Id]) -> Result<Vec<Id>> {
    Ok(run!(conn, |c| webhook_deliveries::table
        .filter(webhook_deliveries::organization_id.eq(space).and(webhook_deliveries::webhook_id.eq(webhook)))
        .filter(webhook_deliveries::object_id.eq_any(objects).and(webhook_deliveries::holds_object))
        .select(webhook_deliveries::object_id)
        .distinct()
        .load(c))?)
}

/// The deliveries of a webhook that are due by `now`, in the order in which they are to be attempted.
pub async fn due(conn: &mut Conn, (space, webhook): Key, now: Timestamp, most: i64) -> Result<Vec<DeliveryRow>> {
    Ok(run!(conn, |c| webhook_deliveries::table
        .filter(webhook_deliveries::organization_id.eq(space).and(webhook_deliveries::webhook_id.eq(webhook)))
        .filter(webhook_deliveries::next_attempt_at.le(now))
        .order((webhook_deliveries::next_attempt_at, webhook_deliveries::seq))
        .limit(most)
        .select(DeliveryRow::as_select())
        .load(c))?)
}

/// When the next attempt of a webhook is due.
pub async fn next(conn: &mut Conn, (space, webhook): Key) -> Result<Option<Timestamp>> {
    let next: Option<Option<Timestamp>> = run!(conn, |c| webhook_deliveries::table
        .filter(webhook_deliveries::organization_id.eq(space).and(webhook_deliveries::webhook_id.eq(webhook)))
        .filter(webhook_deliveries::next_attempt_at.is_not_null())
        .order((webhook_deliveries::next_attempt_at, webhook_deliveries::seq))
        .select(webhook_deliveries::next_attempt_at)
        .first(c))
    .optional()?;
    Ok(next.flatten())
}

/// Stores what has become of deliveries after an attempt, but not of those that were called off meanwhile.
pub async fn save(conn: &mut Conn, rows: &[DeliveryRow]) -> Result<()> {
    use webhook_deliveries as d;
    run_each!(conn, rows, |c, row| diesel::update(d::table.find((row.organization_id, row.id)))
        .filter(d::status.ne(DeliveryStatus::Canceled))
        .set((
            d::status.eq(row.status),
            d::attempt_count.eq(row.attempt_count),
            d::attempts.eq(&row.attempts),
            d::next_attempt_at.eq(row.next_attempt_at),
            d::holds_object.eq(row.holds_object),
        ))
        .execute(c))?;
    Ok(())
}

/// Stores when a delivery is attempted again that was over, or was to be attempted later.
pub async fn begin_again(conn: &mut Conn, row: &DeliveryRow) -> Result<()> {
    use webhook_deliveries as d;
    run!(conn, |c| diesel::update(d::table.find((row.organization_id, row.id)))
        .set((
            d::status.eq(row.status),
            d::attempt_count.eq(row.attempt_count),
            d::next_attempt_at.eq(row.next_attempt_at)
        ))
        .execute(c))?;
    Ok(())
}

/// Has the first delivery about each of these objects attempted, where it waited for one that is over by now. It counts as due since it
/// was made, so that it comes before later ones.
pub async fn release(conn: &mut Conn, (space, webhook): Key, objects: &[Id]) -> Result<()> {
    use webhook_deliveries as d;
    run_each!(conn, objects, |c, object| {
        let first = WAITING
            .filter(WAITING.field(d::organization_id).eq(space))
            .filter(WAITING.field(d::webhook_id).eq(webhook))
            .filter(WAITING.field(d::object_id).eq(*object))
            .filter(WAITING.field(d::holds_object))
            .order(WAITING.field(d::seq))
            .select(WAITING.field(d::id))
            .limit(1);
        diesel::update(d::table)
            .filter(d::organization_id.eq(space))
            .filter(d::id.nullable().eq(first.single_value()))
            .filter(d::next_attempt_at.is_null())
            .set(d::next_attempt_at.eq(d::created_at.nullable()))
            .execute(c)
    })?;
    Ok(())
}

/// Calls off the deliveries of events up to `through` that are not over, at most so many; answers how many those were.
pub async fn cancel(conn: &mut Conn, key: Key, through: i64, most: i64) -> Result<usize> {
    use webhook_deliveries as d;
    let (space, webhook) = key;
    let of_webhook = || {
        d::table
            .filter(d::organization_id.eq(space).and(d::webhook_id.eq(webhook)))
            .filter(d::seq.le(through))
            .select((d::id, d::object_id))
            .limit(most)
    };
    // Whatever is not over holds its object, or is due at some time.
    let mut rows: Vec<(Id, Id)> = run!(conn, |c| of_webhook().filter(d::holds_object).load(c))?;
    let due: Vec<(Id, Id)> = run!(conn, |c| of_webhook().filter(d::next_attempt_at.is_not_null()).load(c))?;
    rows.extend(due);
    rows.sort_unstable();
    rows.dedup();
    run_each!(conn, &rows, |c, row| diesel::update(d::table.find((space, row.0)))
        .set((
            d::status.eq(DeliveryStatus::Canceled),
            d::next_attempt_at.eq(None::<Timestamp>),
            d::holds_object.eq(false),
        ))
        .execute(c))?;
    // Later ones may have waited for these.
    let mut objects: Vec<Id> = rows.iter().map(|(_, object)| *object).collect();
    objects.sort_unstable();
    objects.dedup();
    release(conn, key, &objects).await?;
    Ok(rows.len())
}

/// The deliveries of events to a webhook that stand so, after the first id and before the second, at most so many, in their order.
pub async fn over(
    conn: &mut Conn,
    (space, webhook): Key,
    (after, before): (Id, Id),
    statuses: &[DeliveryStatus],
    most: i64,
) -> Result<Vec<Id>> {
    use webhook_deliveries as d;
    Ok(run!(conn, |c| d::table
        .filter(d::organization_id.eq(space).and(d::webhook_id.eq(webhook)))
        .filter(d::id.gt(after).and(d::id.lt(before)).and(d::seq.is_not_null()))
        .filter(d::status.eq_any(statuses))
        .order(d::id)
        .select(d::id)
        .limit(most)
        .load(c))?)
}

/// The event of the last delivery that a webhook has from before the id `before`.
pub async fn last_before(conn: &mut Conn, (space, webhook): Key, before: Id) -> Result<Option<i64>> {
    let seq: Option<Option<i64>> = run!(conn, |c| webhook_deliveries::table
        .filter(webhook_deliveries::organization_id.eq(space).and(webhook_deliveries::webhook_id.eq(webhook)))
        .filter(webhook_deliveries::id.lt(before).and(webhook_deliveries::seq.is_not_null()))
        .order(webhook_deliveries::id.desc())
        .select(webhook_deliveries::seq)
        .first(c))
    .optional()?;
    Ok(seq.flatten())
}

/// The events at these places of a feed.
pub async fn events_at(conn: &mut Conn, space: Id, places: &[i64]) -> Result<Vec<StoredEvent>> {
    Ok(run!(conn, |c| events::table
        .filter(events::organization_id.eq(space).and(events::seq.eq_any(places)))
        .select(StoredEvent::as_select())
        .load(c))?)
}

/// Takes out the deliveries of a space from before the id `before`, at most so many; answers how many those were.
pub async fn purge(conn: &mut Conn, space: Id, before: Id, most: i64) -> Result<usize> {
    use webhook_deliveries as d;
    let ids: Vec<Id> = run!(conn, |c| d::table
        .filter(d::organization_id.eq(space).and(d::id.lt(before)))
        .order(d::id)
        .select(d::id)
        .limit(most)
        .load(c))?;
    run_each!(conn, &ids, |c, id| diesel::delete(d::table.find((space, *id))).execute(c))?;
    Ok(ids.len())
}
