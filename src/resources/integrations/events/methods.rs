//! What can be done with the feed.

use std::time::{Duration, Instant};

use super::filter::{self, EventQuery, Filter, Types};
use super::model::{Batch, Envelope, EventId, Latest};
use super::place::{self, Place};
use super::reading::Reading;
use super::sight::{self, FeedSight};
use super::stream;
use super::ticket::{self, Ticket};
use crate::arguments;
use crate::events::store;
use crate::method::{
    Access, Area, Batching, Code, Context, Entry, Error, EventStream, Int, Kind, Method, Result, formats,
};
use crate::query::Asker;

/// The methods of the feed.
pub const METHODS: &[Entry] = &[
    Entry::of::<ListEvents>(),
    Entry::of::<Info>(),
    Entry::of::<LatestEvent>(),
    Entry::of::<Stream>(),
    Entry::of::<CreateTicket>(),
];

/// How many events one answer has when the request does not say.
const DEFAULT_LIMIT: usize = 100;
/// How much of a call's time is left for the answer when waiting for events ends.
const ANSWERING: Duration = Duration::from_secs(3);
/// How often it is looked for what other servers wrote.
const LOOK: Duration = Duration::from_secs(1);

arguments! {
    /// Answers what happened since: the change feed.
    ///
    /// Every committed change is one event, numbered 1, 2, 3 … in the order of the commits; no number is skipped, and none shows up
    /// late. Read everything once with the lists, ask events.latest where the feed was before, and from then on ask only for what
    /// is new: send `next_cursor` of one answer as `after` of the next. With `wait_seconds`, a call waits for something to happen.
    ///
    /// You see what you could read otherwise: events about objects whose scope you lack, and about conversations that your teams'
    /// queries do not show, are left out. An event that took a conversation out of your sight has only its id in `data`, and
    /// `out_of_sight`. Events are kept for 30 days unless the server is set otherwise; after that the place is `cursor_expired`, and
    /// everything has to be read once more.
    pub struct ListEvents {
        /// The place after which to read: `next_cursor` of the last answer, or a `seq`; from the oldest event that is kept if left
        /// out.
        pub after: Option<Place>,
        /// Which types of events: `team.updated`, `team.*`; all if left out.
        pub types: Option<Types>,
        /// Which objects, by queries.
        pub query: Option<EventQuery>,
        /// How many seconds to wait if there is nothing yet; 0 if left out.
        pub wait_seconds: Option<Int<0, 25>>,
        /// How many events to answer, at the most; 100 if left out.
        pub limit: Option<Int<1, 500>>,
    }
}

impl Method for ListEvents {
    const NAME: &'static str = "events.list";
    // It may wait, and a transaction must not.
    const BATCHING: Batching = Batching::NotAtomic;
    const ACCESS: Access = Access::read(Area::Events);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::CursorExpired, Code::InvalidQuery, Code::MissingScope];
    const EXAMPLE: &'static str = r#"{"after":"0","types":["team.*"],"limit":100}"#;
    type Output = Batch;

    async fn call(self, ctx: Context) -> Result<Batch> {
        let filter = wanted(&ctx, self.types.as_ref(), self.query.as_ref())?;
        let after = self.after.map(|place| place.0);
        let most = self.limit.map_or(DEFAULT_LIMIT, |limit| limit.0 as usize);
        let wait = Duration::from_secs(self.wait_seconds.map_or(0, |seconds| seconds.0 as u64));
        let until = (Instant::now() + wait).min(ctx.request().deadline - ANSWERING);
        // Subscribed before it is looked, so that nothing slips through between the two.
        let mut moved = ctx.app().signals().feed();
        let mut conn = ctx.read().await?;
        let feed = place::check(&mut conn, ctx.space(), after).await?;
        let mut reading = Reading::new(after.unwrap_or(feed.oldest_seq - 1), filter);
        loop {
            moved.mark_unchanged();
            let sight = FeedSight::of(&ctx, &mut conn).await?;
            let found = reading.next(&ctx, &mut conn, &sight, most).await?;
            let left = until.saturating_duration_since(Instant::now());
            if !found.events.is_empty() || !found.is_end || left.is_zero() {
                let data = found.events.into_iter().map(|event| Envelope::new(event.json)).collect::<Result<_, _>>()?;
                let next_cursor = reading.place.to_string();
                return Ok(Batch { data, next_cursor, oldest_sequence: feed.oldest_seq });
            }
            drop(conn);
            let _ = tokio::time::timeout(left.min(LOOK), moved.changed()).await;
            conn = ctx.read().await?;
        }
    }
}

arguments! {
    /// Answers one event.
    pub struct Info {
        /// The event.
        pub id: EventId,
    }
}

impl Method for Info {
    const NAME: &'static str = "events.info";
    const ACCESS: Access = Access::read(Area::Events);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::EventNotFound];
    const EXAMPLE: &'static str = r#"{"id":"evt_0193f3a1b2c37d4e8f90a1b2c3d4e5f6"}"#;
    type Output = Envelope;

    async fn call(self, ctx: Context) -> Result<Envelope> {
        let mut conn = ctx.read().await?;
        let found = store::find(&mut conn, ctx.space(), self.id.0).await?;
        let sight = FeedSight::of(&ctx, &mut conn).await?;
        let shown = sight.show(&ctx, &mut conn, found.into_iter().collect()).await?;
        match shown.into_iter().next() {
            Some(event) => Ok(Envelope::new(event.json)?),
            None => Err(Error::new(Code::EventNotFound, "There is no such event, or it is not kept any more.")),
        }
    }
}

arguments! {
    /// Answers how far the feed goes.
    ///
    /// To follow everything: ask this first, then read what there is with the lists, then events.list with `after` set to `sequence`.
    /// What changed meanwhile comes again as an event, and nothing is missed.
    pub struct LatestEvent {}
}

impl Method for LatestEvent {
    const NAME: &'static str = "events.latest";
    const ACCESS: Access = Access::read(Area::Events);
    const KIND: Kind = Kind::Read;
    type Output = Latest;

    async fn call(self, ctx: Context) -> Result<Latest> {
        let feed = store::feed(&mut *ctx.read().await?, ctx.space()).await?;
        Ok(Latest { sequence: feed.last_seq, oldest_sequence: feed.oldest_seq })
    }
}

arguments! {
    /// Streams what happens, as server-sent events, for as long as the connection is open.
    ///
    /// Each event has its `seq` as `id`, its type as `event`, and all of it as `data`. A client that connects again with the header
    /// `Last-Event-ID`, as browsers do by themselves, goes on where it was. Without a place the stream begins now. A client that
    /// does not keep up is cut off and can go on where it was. Browsers open the stream with a ticket: events.createTicket.
    pub struct Stream {
        /// The place after which to begin: a `seq`; from now on if left out. The header `Last-Event-ID` goes before it.
        pub after: Option<Place>,
        /// Which types of events: `team.updated`, `team.*`; all if left out.
        pub types: Option<Types>,
        /// Which objects, by queries.
        pub query: Option<EventQuery>,
    }
}

impl Method for Stream {
    const NAME: &'static str = "events.stream";
    const BATCHING: Batching = Batching::Never;
    const ACCESS: Access = Access::read(Area::Events);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] =
        &[Code::CursorExpired, Code::InvalidQuery, Code::MissingScope, Code::TooManyConcurrentRequests];
    const EXAMPLE: &'static str = r#"{"types":["team.*"]}"#;
    type Output = EventStream;

    async fn call(self, ctx: Context) -> Result<EventStream> {
        let filter = wanted(&ctx, self.types.as_ref(), self.query.as_ref())?;
        let seen = match &ctx.request().last_event_id {
            Some(text) => Some(formats::event_place(text).map_err(|_| {
                Error::argument("", "format", "Last-Event-ID takes the id of the last event, such as 184467")
            })?),
            None => None,
        };
        let after = seen.or(self.after.map(|place| place.0));
        let feed = place::check(&mut *ctx.read().await?, ctx.space(), after).await?;
        let reading = Reading::new(after.unwrap_or(feed.last_seq), filter);
        Ok(EventStream::new(stream::open(ctx, reading).await?))
    }
}

arguments! {
    /// Makes a ticket with which a browser opens the stream: `new EventSource(url)`.
    ///
    /// For five minutes the ticket opens events.stream without a token, as often as the browser connects again, for as long as the
    /// token that made it is valid. It shows what its maker sees. Who has the ticket can read along: keep it out of logs.
    pub struct CreateTicket {
        /// The place after which to begin: a `seq`; from when the connection is opened if left out.
        pub after: Option<Place>,
        /// Which types of events: `team.updated`, `team.*`; all if left out.
        pub types: Option<Types>,
        /// Which objects, by queries.
        pub query: Option<EventQuery>,
    }
}

impl Method for CreateTicket {
    const NAME: &'static str = "events.createTicket";
    const ACCESS: Access = Access::read(Area::Events);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::CursorExpired, Code::InvalidQuery, Code::MissingScope];
    const EXAMPLE: &'static str = r#"{"types":["conversation.*"]}"#;
    type Output = Ticket;

    async fn call(self, ctx: Context) -> Result<Ticket> {
        wanted(&ctx, self.types.as_ref(), self.query.as_ref())?;
        place::check(&mut *ctx.read().await?, ctx.space(), self.after.map(|place| place.0)).await?;
        let request = ctx.request();
        let token = request.token.as_ref().ok_or_else(|| Error::internal("a call without a token"))?;
        let arguments = serde_json::from_value(serde_json::to_value(&self)?)?;
        ticket::make(ctx.app(), &request.base_url, token, arguments)
    }
}

/// What is wanted of the feed, if all of it is understood and may be read.
fn wanted(ctx: &Context, types: Option<&Types>, query: Option<&EventQuery>) -> Result<Filter> {
    let types: &[_] = types.map_or(&[], |types| types);
    filter::check_types(ctx, types)?;
    sight::check_scopes(ctx, types)?;
    Filter::new(types, query, &Asker::of(ctx))
}
