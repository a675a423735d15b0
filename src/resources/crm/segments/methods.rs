//! What can be done with segments.

use std::time::{Duration, Instant};

use super::model::Segment;
use super::store;
use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{
    Access, App, Area, Code, Context, Entry, Error, Kind, Method, Name, Page, Patch, Result, ScopeSet, Void,
};
use crate::query::{Asker, Checked, Listing};
use crate::resources::crm::contacts::{Contact, FIELDS, listing};

/// The methods of segments.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListSegments>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<Delete>(),
    Entry::of::<ListContacts>(),
];

arguments! {
    /// Creates a segment: the contacts that a query finds, by a name.
    pub struct Create {
        /// What the segment is called.
        pub name: Name<120>,
        /// Which contacts belong to it, in the query language. `now` is the instant at which the segment is used.
        pub query: Name<2000>,
    }
}

impl Method for Create {
    const NAME: &'static str = "segments.create";
    const ACCESS: Access = Access::write(Area::Segments);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidQuery];
    const EVENTS: &'static [&'static str] = &["segment.created"];
    const EXAMPLE: &'static str =
        r#"{"name":"Customers at rest","query":"type:customer AND last_activity_at:<now-90d"}"#;
    type Output = Segment;

    async fn call(self, ctx: Context) -> Result<Segment> {
        let count = count(&ctx, &self.query).await?;
        ctx.write(async move |tx| {
            let segment = Segment {
                organization_id: tx.space(),
                id: tx.new_id(),
                name: self.name.to_string(),
                query: self.query.to_string(),
                count,
                counted_at: tx.now(),
                version: 1,
                created_at: tx.now(),
                updated_at: tx.now(),
            };
            store::insert(tx, segment).await
        })
        .await
    }
}

arguments! {
    /// Lists the segments, with the number of contacts each had when they were last counted.
    pub struct ListSegments paged {}
}

impl Method for ListSegments {
    const NAME: &'static str = "segments.list";
    const ACCESS: Access = Access::read(Area::Segments);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<Segment>;

    async fn call(self, ctx: Context) -> Result<Page<Segment>> {
        let window = ctx.page(&self)?;
        let rows = store::list(&mut *ctx.read().await?, ctx.space(), &window).await?;
        Ok(window.page(&ctx, rows))
    }
}

arguments! {
    /// Answers one segment.
    pub struct Info {
        /// The segment.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "segments.info";
    const ACCESS: Access = Access::read(Area::Segments);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Segment;

    async fn call(self, ctx: Context) -> Result<Segment> {
        let found = store::find(&mut *ctx.read().await?, ctx.space(), self.id).await?;
        found.ok_or_else(Error::not_found::<Segment>)
    }
}

arguments! {
    /// Changes a segment.
    ///
    /// Fields that are left out stay as they are. With a new query the contacts are counted again.
    pub struct Update {
        /// The segment.
        pub id: Id,
        /// What the segment is called.
        pub name: Patch<Name<120>>,
        /// Which contacts belong to it.
        pub query: Patch<Name<2000>>,
    }
}

impl Method for Update {
    const NAME: &'static str = "segments.update";
    const ACCESS: Access = Access::write(Area::Segments);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidQuery];
    const EVENTS: &'static [&'static str] = &["segment.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","query":"type:customer"}"#;
    type Output = Segment;

    async fn call(self, ctx: Context) -> Result<Segment> {
        let count = match self.query.sent() {
            Some(query) => Some(count(&ctx, query).await?),
            None => None,
        };
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, args.id).await?;
            let mut segment = before.clone();
            args.name.apply(&mut segment.name);
            args.query.apply(&mut segment.query);
            if let Some(count) = count.filter(|_| segment.query != before.query) {
                segment.count = count;
                segment.counted_at = tx.now();
            }
            store::save(tx, before, segment).await
        })
        .await
    }
}

arguments! {
    /// Deletes a segment; its contacts stay.
    pub struct Delete {
        /// The segment.
        pub id: Id,
    }
}

impl Method for Delete {
    const NAME: &'static str = "segments.delete";
    const ACCESS: Access = Access::write(Area::Segments);
    const KIND: Kind = Kind::Delete;
    const EVENTS: &'static [&'static str] = &["segment.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let segment = store::target(tx, self.id).await?;
            store::delete(tx, &segment).await?;
            Ok(Void {})
        })
        .await
    }
}

arguments! {
    /// Lists the contacts of a segment, as they are at this moment.
    pub struct ListContacts filtered {
        /// The segment.
        pub id: Id,
    }
}

impl Method for ListContacts {
    const NAME: &'static str = "segments.listContacts";
    const ACCESS: Access = Access::read(Area::Contacts);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::InvalidQuery];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Page<Contact>;

    async fn call(self, ctx: Context) -> Result<Page<Contact>> {
        let space = ctx.space();
        let found = store::find(&mut *ctx.read().await?, space, self.id).await?;
        let segment = found.ok_or_else(Error::not_found::<Segment>)?;
        let which = checked(&segment.query, &Asker::of(&ctx))?;
        let list = Listing::new(&ctx, &self, &FIELDS)?.and(which.predicate());
        let (list, found) = ctx
            .scan(async move |conn| {
                let found = listing::list(conn, space, listing::Filter::default(), &list).await?;
                Ok((list, found))
            })
            .await?;
        list.page(&ctx, found)
    }
}

/// Checks a query and counts the contacts that it finds.
async fn count(ctx: &Context, query: &str) -> Result<i64> {
    let (space, which) = (ctx.space(), checked(query, &Asker::of(ctx))?.predicate());
    ctx.scan(async move |conn| listing::count(conn, space, &which).await).await
}

fn checked(query: &str, asker: &Asker) -> Result<Checked> {
    FIELDS.check(query, asker).map_err(|error| error.of_argument("/query"))
}

/// How old a count becomes before the contacts are counted again.
const COUNTED_FOR_SECONDS: i64 = 600;
/// How many segments one round counts.
const ROUND: i64 = 100;

/// Counts the contacts of segments again whose count is old; answers how many segments those were.
pub async fn count_again(app: &App) -> Result<usize> {
    let now = app.now();
    let deadline = Instant::now() + Duration::from_secs(60);
    let counted = app
        .db
        .scan(deadline, async move |conn| -> Result<Vec<(Segment, i64)>> {
            let mut counted = Vec::new();
            for segment in store::counted_before(conn, now.plus_seconds(-COUNTED_FOR_SECONDS), ROUND).await? {
                let count = match checked(&segment.query, &in_space(segment.organization_id, now)) {
                    Ok(which) => listing::count(conn, segment.organization_id, &which.predicate()).await?,
                    // Saved under other rules; nobody gets it to find anything.
                    Err(_) => 0,
                };
                counted.push((segment, count));
            }
            Ok(counted)
        })
        .await?;
    let count = counted.len();
    if count > 0 {
        app.db.write(deadline, async move |tx| store::note_counts(tx, &counted, now).await).await?;
    }
    Ok(count)
}

/// Nobody in particular, who may ask for everything of a space.
fn in_space(space: Id, now: Timestamp) -> Asker {
    Asker { now, space, organization: space, user: None, teams: None, scopes: ScopeSet::ALL }
}
