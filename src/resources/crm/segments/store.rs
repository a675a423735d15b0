//! All SQL of segments.

use super::model::Segment;
use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp, Transaction};
use crate::method::{Result, Tx, Window};
use crate::schema::segments;
use crate::{lock, run, run_each, run_page};

/// A segment.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<Segment>> {
    Ok(run!(conn, |c| segments::table.find((space, id)).select(Segment::as_select()).first(c)).optional()?)
}

/// The segment that a write is about, locked.
///
/// Contacts are counted again while somebody edits a segment: what was read of that may be sent back, whatever it is by now.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<Segment> {
    let space = tx.space();
    let found: Option<Segment> = lock!(tx, segments::table.find((space, id)).select(Segment::as_select()))?;
    let Some(segment) = found else { return tx.target(None) };
    let echoes = &tx.ctx().options().echoes;
    let count = echoes.get("count").and_then(|count| count.as_i64());
    let counted_at = echoes.get("counted_at").and_then(|at| at.as_str()?.parse().ok());
    let as_read = Segment {
        count: count.unwrap_or(segment.count),
        counted_at: counted_at.unwrap_or(segment.counted_at),
        ..segment.clone()
    };
    tx.target(Some(as_read))?;
    Ok(segment)
}

/// The segments of a space.
pub async fn list(conn: &mut Conn, space: Id, window: &Window) -> Result<(Vec<Segment>, Option<i64>)> {
    Ok(run_page!(conn, window, segments::id, Segment, segments::table.filter(segments::organization_id.eq(space))))
}

/// Stores a new segment and announces it.
pub async fn insert(tx: &mut Tx<'_>, segment: Segment) -> Result<Segment> {
    run!(tx, |c| diesel::insert_into(segments::table).values(&segment).execute(c))?;
    tx.emit("segment.created", &segment)?;
    Ok(segment)
}

/// Stores what has become of a segment and announces it. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: Segment, mut after: Segment) -> Result<Segment> {
    if after == before {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = tx.now();
    run!(tx, |c| diesel::update(segments::table.find((after.organization_id, after.id))).set(&after).execute(c))?;
    tx.emit_change("segment.updated", &before, &after)?;
    Ok(after)
}

/// Takes a segment away and announces it.
pub async fn delete(tx: &mut Tx<'_>, segment: &Segment) -> Result<()> {
    run!(tx, |c| diesel::delete(segments::table.find((segment.organization_id, segment.id))).execute(c))?;
    tx.emit("segment.deleted", segment)
}

/// Segments whose contacts were last counted before this instant, up to `limit`.
pub async fn counted_before(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<Vec<Segment>> {
    Ok(run!(conn, |c| segments::table
        .filter(segments::counted_at.lt(before))
        .order(segments::counted_at)
        .limit(limit)
        .select(Segment::as_select())
        .load(c))?)
}

/// Notes how many contacts segments have; one that was changed meanwhile keeps what it has.
pub async fn note_counts(tx: &mut Transaction, counted: &[(Segment, i64)], at: Timestamp) -> Result<()> {
    run_each!(tx, counted, |c, one| diesel::update(segments::table.find((one.0.organization_id, one.0.id)))
        .filter(segments::version.eq(one.0.version))
        .set((segments::count.eq(one.1), segments::counted_at.eq(at)))
        .execute(c))?;
    Ok(())
}
