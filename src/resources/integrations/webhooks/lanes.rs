//! All SQL of lanes: what changes with every delivery of a webhook, and who delivers.

use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::events;
use crate::method::Result;
use crate::schema::{feeds, webhook_cursors, webhook_lanes};
use crate::{lock, run};

/// A webhook by its key.
pub type Key = (Id, Id);

/// What changes with every delivery of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhook_lanes, primary_key(organization_id, webhook_id), treat_none_as_null = true)]
pub struct Lane {
    pub organization_id: Id,
    pub webhook_id: Id,
    /// The event after which it gets events: that of its own creation. None as long as the feed has not come to that.
    pub starts_after: Option<i64>,
    /// When there is something to do.
    pub due_at: Option<Timestamp>,
    /// Until when somebody does it.
    pub leased_until: Option<Timestamp>,
    /// Who does.
    pub lease_owner: Option<Id>,
    /// Deliveries of events up to this one that are not over are to be called off.
    pub cancel_through: Option<i64>,
    /// Until when the receiver wants nothing.
    pub hold_until: Option<Timestamp>,
    pub consecutive_failures: i32,
    pub failing_since: Option<Timestamp>,
    pub last_delivery_at: Option<Timestamp>,
}

/// What callers see of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub consecutive_failures: i32,
    pub last_delivery_at: Option<Timestamp>,
}

impl From<&Lane> for Figures {
    fn from(lane: &Lane) -> Self {
        Self { consecutive_failures: lane.consecutive_failures, last_delivery_at: lane.last_delivery_at }
    }
}

impl Lane {
    /// The lane of a new webhook.
    pub fn new((organization_id, webhook_id): Key) -> Self {
        Self {
            organization_id,
            webhook_id,
            starts_after: None,
            due_at: None,
            leased_until: None,
            lease_owner: None,
            cancel_through: None,
            hold_until: None,
            consecutive_failures: 0,
            failing_since: None,
            last_delivery_at: None,
        }
    }

    /// Whether somebody else than `owner` delivers at `now`.
    pub fn is_taken(&self, owner: Id, now: Timestamp) -> bool {
        self.lease_owner.is_some_and(|other| other != owner) && self.leased_until.is_some_and(|until| until > now)
    }

    /// Gives the lane to `owner`, until `until`.
    pub fn lease(&mut self, owner: Id, until: Timestamp) {
        (self.lease_owner, self.leased_until) = (Some(owner), Some(until));
    }

    /// Gives the lane back.
    pub fn release(&mut self) {
        (self.lease_owner, self.leased_until) = (None, None);
    }

    /// Whether the receiver wants nothing at `now`.
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.hold_until.is_some_and(|until| until > now)
    }

    /// Has somebody look at the lane at `at`, or before; but not while the receiver wants nothing.
    pub fn wake(&mut self, at: Timestamp) {
        let at = self.hold_until.map_or(at, |until| until.max(at));
        self.due_at = Some(self.due_at.map_or(at, |due| due.min(at)));
    }
}

/// The lane of a webhook.
pub async fn find(conn: &mut Conn, key: Key) -> Result<Option<Lane>> {
    Ok(run!(conn, |c| webhook_lanes::table.find(key).select(Lane::as_select()).first(c)).optional()?)
}

/// The lane of a webhook, locked.
pub async fn lock(conn: &mut Conn, key: Key) -> Result<Option<Lane>> {
    Ok(lock!(conn, webhook_lanes::table.find(key).select(Lane::as_select()))?)
}

/// The lanes of some webhooks.
pub async fn of(conn: &mut Conn, space: Id, webhooks: &[Id]) -> Result<Vec<Lane>> {
    Ok(run!(conn, |c| webhook_lanes::table
        .filter(webhook_lanes::organization_id.eq(space).and(webhook_lanes::webhook_id.eq_any(webhooks)))
        .select(Lane::as_select())
        .load(c))?)
}

/// Adds the lane of a new webhook, and has its feed read from here on, if it is the first of its space.
pub async fn insert(conn: &mut Conn, lane: &Lane) -> Result<()> {
    let space = lane.organization_id;
    let feed = events::store::feed(conn, space).await?;
    run!(conn, |c| diesel::insert_into(webhook_lanes::table).values(lane).execute(c))?;
    // Its own creation has no place in the feed yet, so it comes after this one.
    run!(conn, |c| diesel::insert_into(webhook_cursors::table)
        .values((webhook_cursors::organization_id.eq(space), webhook_cursors::seq.eq(feed.last_seq)))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Stores what has become of a lane that is locked.
pub async fn save(conn: &mut Conn, lane: &Lane) -> Result<()> {
    let key = (lane.organization_id, lane.webhook_id);
    run!(conn, |c| diesel::update(webhook_lanes::table.find(key)).set(lane).execute(c))?;
    Ok(())
}

/// Gives back all lanes of one server, which is about to stop: whatever it has not noted as sent, another one may send at once.
pub async fn give_back(conn: &mut Conn, owner: Id) -> Result<usize> {
    Ok(run!(conn, |c| diesel::update(webhook_lanes::table)
        .filter(webhook_lanes::lease_owner.eq(owner))
        .set((webhook_lanes::lease_owner.eq(None::<Id>), webhook_lanes::leased_until.eq(None::<Timestamp>)))
        .execute(c))?)
}

/// Takes a lane away.
pub async fn delete(conn: &mut Conn, key: Key) -> Result<()> {
    run!(conn, |c| diesel::delete(webhook_lanes::table.find(key)).execute(c))?;
    Ok(())
}

/// The lanes that are due and nobody's, or `owner`'s already, those first that have waited for longest.
pub async fn due(conn: &mut Conn, owner: Id, now: Timestamp, most: i64) -> Result<Vec<Key>> {
    let is_ours = || webhook_lanes::lease_owner.eq(owner);
    Ok(run!(conn, |c| webhook_lanes::table
        .filter(webhook_lanes::due_at.le(now))
        .filter(webhook_lanes::leased_until.is_null().or(webhook_lanes::leased_until.le(now)).or(is_ours()))
        .order(webhook_lanes::due_at)
        .limit(most)
        .select((webhook_lanes::organization_id, webhook_lanes::webhook_id))
        .load(c))?)
}

/// A feed with events that were not turned into deliveries yet.
#[derive(Clone, Copy, Debug, Queryable)]
pub struct Behind {
    /// Whose feed it is.
    pub space: Id,
    /// The last event that was.
    pub seq: i64,
    /// The newest event.
    pub last_seq: i64,
}

/// The feeds with events that were not turned into deliveries yet.
pub async fn behind(conn: &mut Conn, most: i64) -> Result<Vec<Behind>> {
    Ok(run!(conn, |c| webhook_cursors::table
        .inner_join(feeds::table.on(feeds::organization_id.eq(webhook_cursors::organization_id)))
        .filter(feeds::last_seq.gt(webhook_cursors::seq))
        .select((webhook_cursors::organization_id, webhook_cursors::seq, feeds::last_seq))
        .limit(most)
        .load(c))?)
}

/// Moves the cursor of a feed, if it still is where it was found. Whoever moves it first makes the deliveries.
pub async fn advance(conn: &mut Conn, space: Id, from: i64, to: i64) -> Result<bool> {
    let moved = run!(conn, |c| diesel::update(webhook_cursors::table.find(space))
        .filter(webhook_cursors::seq.eq(from))
        .set(webhook_cursors::seq.eq(to))
        .execute(c))?;
    Ok(moved == 1)
}

/// How far a feed was turned into deliveries.
pub async fn cursor(conn: &mut Conn, space: Id) -> Result<i64> {
    let seq: Option<i64> =
        run!(conn, |c| webhook_cursors::table.find(space).select(webhook_cursors::seq).first(c)).optional()?;
    Ok(seq.unwrap_or(0))
}

/// The spaces that have or had webhooks.
pub async fn spaces(conn: &mut Conn) -> Result<Vec<Id>> {
    Ok(run!(conn, |c| webhook_cursors::table.select(webhook_cursors::organization_id).load(c))?)
}
