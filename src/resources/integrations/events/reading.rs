//! Goes through the feed: from a place on, with what the caller may see and wants to see.

use super::filter::Filter;
use super::sight::{FeedSight, Shown};
use crate::db::Conn;
use crate::events::store;
use crate::method::{Context, Result};

/// How many events are read at a time.
const CHUNK: i64 = 500;
/// How many events one answer looks at, at the most, when few of them are for the caller.
const LOOKED_AT: i64 = 5000;

/// A reader of the feed.
pub struct Reading {
    /// The last place that was looked at.
    pub place: i64,
    filter: Filter,
}

/// What a reader found.
pub struct Found {
    /// The events for the caller.
    pub events: Vec<Shown>,
    /// Whether there is nothing more to look at for now.
    pub is_end: bool,
}

impl Reading {
    /// A reader who has read up to this place.
    pub fn new(place: i64, filter: Filter) -> Self {
        Self { place, filter }
    }

    /// Reads on: at the most so many events, or none if none of the next few thousand is for the caller.
    pub async fn next(&mut self, ctx: &Context, conn: &mut Conn, sight: &FeedSight, most: usize) -> Result<Found> {
        let mut events: Vec<Shown> = Vec::new();
        let until = self.place.saturating_add(LOOKED_AT);
        loop {
            let chunk = store::after(conn, ctx.space(), self.place, CHUNK).await?;
            let (count, last) = (chunk.len(), chunk.last().map_or(self.place, |event| event.seq));
            let wanted = self.filter.keep(conn, chunk).await?;
            let shown = sight.show(ctx, conn, wanted).await?;
            let room = most - events.len();
            let is_cut = shown.len() > room;
            events.extend(shown.into_iter().take(room));
            self.place = match events.last().filter(|_| is_cut) {
                Some(event) => event.seq,
                None => last,
            };
            let is_end = (count as i64) < CHUNK && !is_cut;
            if is_end || events.len() == most || self.place >= until {
                return Ok(Found { events, is_end });
            }
        }
    }
}
