//! Jobs that make the same change to many objects of one kind, named by their ids or found by a query.

use std::future::Future;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::kind::{Done, Item, Kind, Step};
use super::model::Job;
use super::queue::{self, New};
use crate::db::{Id, Timestamp};
use crate::method::{Access, Code, Context, Error, List, Object, Result, Scope, Tx, Words};
use crate::query::{Asker, Predicate, Table};

/// The most objects that one job changes.
pub const MOST: i64 = 100_000;
/// How many objects one step changes: few enough that no caller waits long for a row, or for SQLite's one writer.
const AT_ONCE: usize = 50;

/// The most ids that a call can name.
pub type Ids = List<Id, 1000>;

/// A change to many objects. The struct that implements it is the change.
pub trait Bulk: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The method, and the kind of job.
    const NAME: &'static str;
    /// The scope that is needed.
    const WRITE: Scope;
    /// The scope that is needed as well where a query finds the objects.
    const READ: Scope;
    /// The fields that the query may speak of.
    const FIELDS: &'static Table;
    /// What is changed.
    type Object: Object;

    /// The ids after `after` of the objects that the caller may change and that pass, up to `most`, in their order.
    fn find(ctx: &Context, passing: Predicate, after: Id, most: i64) -> impl Future<Output = Result<Vec<Id>>>;

    /// Changes one object as its own methods do, and answers what it has become.
    fn change(&self, tx: &mut Tx<'_>, id: Id) -> impl Future<Output = Result<Self::Object>>;

    /// Gives an object back the values that it had, unless it has another version by now.
    fn restore(
        tx: &mut Tx<'_>,
        id: Id,
        version: Option<i64>,
        values: Map<String, Value>,
    ) -> impl Future<Output = Result<()>>;
}

/// Which objects are to be changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    Ids(Vec<Id>),
    Filters(String),
}

/// The job of a bulk change.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct BulkJob<B: Bulk> {
    which: Which,
    change: B,
    dry_run: bool,
    /// What `now` means in the query.
    asked_at: Timestamp,
}

/// Where a step begins: after so many of the ids, or after this one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Place {
    done: usize,
    after: Id,
}

impl Default for Place {
    fn default() -> Self {
        Self { done: 0, after: Id::NIL }
    }
}

/// Asks for a bulk change: what is changed is named by `ids` or found by `filters`.
pub async fn ask<B: Bulk>(
    ctx: Context,
    ids: Option<Ids>,
    filters: Option<Words<2000>>,
    change: B,
    dry_run: bool,
) -> Result<Job> {
    let which = match (ids, filters) {
        (Some(ids), None) => {
            let mut ids = ids.0;
            // In the order in which everybody locks them, each once.
            ids.sort();
            ids.dedup();
            Which::Ids(ids)
        }
        (None, Some(filters)) => Which::Filters(filters.to_string()),
        (Some(_), Some(_)) => return Err(Error::argument("/filters", "not_allowed", "send ids or filters, not both")),
        (None, None) => return Err(Error::argument("/ids", "required", "say which: send ids or filters")),
    };
    let job = BulkJob { which, change, dry_run, asked_at: ctx.now() };
    let total = job.count(&ctx).await?;
    ctx.write(async move |tx| queue::add(tx, &job, New { total, dry_run, reversible: true, subject_id: None }).await)
        .await
}

impl<B: Bulk> BulkJob<B> {
    async fn count(&self, ctx: &Context) -> Result<i64> {
        let filters = match &self.which {
            Which::Ids(ids) => return Ok(ids.len() as i64),
            Which::Filters(filters) => filters,
        };
        let held = ctx.caller()?.scopes;
        if !held.has(B::READ) {
            return Err(Error::new(
                Code::MissingScope,
                format!("To find them by a query needs the scope {}.", B::READ),
            )
            .with("needed", B::READ.to_string())
            .with("provided", held.words().join(",")));
        }
        let found = B::find(ctx, self.passing(ctx, filters)?, Id::NIL, MOST + 1).await?;
        if found.len() as i64 > MOST {
            let message = format!("The query finds more than {MOST}; narrow it, and send several.");
            return Err(Error::new(Code::LimitExceeded, message).with("limit", MOST));
        }
        Ok(found.len() as i64)
    }

    fn passing(&self, ctx: &Context, filters: &str) -> Result<Predicate> {
        let asker = Asker { now: self.asked_at, ..Asker::of(ctx) };
        Ok(B::FIELDS.check(filters, &asker).map_err(|error| error.of_argument("/filters"))?.predicate())
    }

    async fn one(&self, tx: &mut Tx<'_>, id: Id) -> Result<Item> {
        let part = tx.begin_part().await?;
        let outcome = self.change.change(tx, id).await;
        let previous = match &outcome {
            Ok(_) => tx.previous(&part, id)?,
            Err(_) => Map::new(),
        };
        Ok(match tx.end_part(part, outcome, !self.dry_run).await? {
            Err(error) => Item::failed(Some(id), &error),
            Ok(_) if previous.is_empty() => Item::skipped(Some(id), None),
            Ok(_) if self.dry_run => Item { previous, ..Item::succeeded(id) },
            Ok(object) => {
                let undo = Some(Value::Object(previous.clone()));
                Item { version: object.version(), undo, previous, ..Item::succeeded(id) }
            }
        })
    }
}

impl<B: Bulk> Kind for BulkJob<B> {
    const NAME: &'static str = B::NAME;
    const METHOD: &'static str = B::NAME;
    const ACCESS: Access = Access::Scope(B::WRITE);
    type Cursor = Place;
    /// The ids of the next objects, and whether they are the last ones.
    type Material = (Vec<Id>, bool);

    async fn gather(&self, ctx: &Context, place: &Place) -> Result<(Vec<Id>, bool)> {
        match &self.which {
            Which::Ids(ids) => {
                let next: Vec<Id> = ids.iter().skip(place.done).take(AT_ONCE).copied().collect();
                let is_last = place.done + next.len() >= ids.len();
                Ok((next, is_last))
            }
            Which::Filters(filters) => {
                let next = B::find(ctx, self.passing(ctx, filters)?, place.after, AT_ONCE as i64).await?;
                let is_last = next.len() < AT_ONCE;
                Ok((next, is_last))
            }
        }
    }

    async fn step(
        &self,
        tx: &mut Tx<'_>,
        _: &Job,
        place: &Place,
        (ids, is_last): &(Vec<Id>, bool),
    ) -> Result<Step<Place>> {
        let mut items = Vec::with_capacity(ids.len());
        for id in ids {
            items.push(self.one(tx, *id).await?);
        }
        let after = ids.last().copied().unwrap_or(place.after);
        let next = (!is_last).then_some(Place { done: place.done + ids.len(), after });
        Ok(Step { next, items, total: None })
    }

    async fn undo(tx: &mut Tx<'_>, done: &Done) -> Result<()> {
        match &done.undo {
            Value::Object(values) => B::restore(tx, done.object_id, done.version, values.clone()).await,
            _ => Err(Error::internal("what is kept to undo a change is no object")),
        }
    }
}

/// An object with some of its fields put back to what they were; what callers do not see of it is for the caller to keep.
pub fn put_back<T: Serialize + DeserializeOwned + Object>(
    now: &T,
    version: Option<i64>,
    values: Map<String, Value>,
) -> Result<T> {
    if now.version() != version {
        return Err(Error::new(Code::VersionConflict, "It was changed since."));
    }
    let mut object = serde_json::to_value(now)?;
    if let Value::Object(fields) = &mut object {
        fields.extend(values);
    }
    Ok(serde_json::from_value(object)?)
}
