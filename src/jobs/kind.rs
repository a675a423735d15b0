//! What a kind of job is: typed arguments, and a step.

use std::future::Future;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::model::{Job, Problem, ResultStatus};
use super::turn::{Stopped, Turn, go_on};
use crate::db::Id;
use crate::method::{Access, Code, Context, Error, Result, Tx};

/// One kind of job. The struct that implements it is its arguments, which are stored as JSON.
pub trait Kind: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The word that is stored; never renamed.
    const NAME: &'static str;
    /// The method that its changes are audited as.
    const METHOD: &'static str;
    /// What whoever asked for it must still be allowed while it is being done.
    const ACCESS: Access;
    /// Where a step begins; stored as JSON between steps.
    type Cursor: Serialize + DeserializeOwned + Default + Send + Sync + 'static;
    /// What is gathered for a step before its transaction begins.
    type Material: Send + Sync + 'static;

    /// Gathers what the next step needs and must not be read within its transaction, because it takes long or lies elsewhere. It may
    /// run more often than the step, and changes nothing.
    fn gather(&self, ctx: &Context, cursor: &Self::Cursor) -> impl Future<Output = Result<Self::Material>>;

    /// Does one bounded piece of the work, within the transaction that stores what is answered here.
    fn step(
        &self,
        tx: &mut Tx<'_>,
        job: &Job,
        cursor: &Self::Cursor,
        material: &Self::Material,
    ) -> impl Future<Output = Result<Step<Self::Cursor>>>;

    /// Undoes what was done to one object; refused if the object has changed since.
    fn undo(tx: &mut Tx<'_>, done: &Done) -> impl Future<Output = Result<()>> {
        let _ = (tx, done);
        async { Err(Error::new(Code::InvalidState, "This cannot be undone.")) }
    }

    /// Whatever belongs to the end of the job, in its last transaction.
    fn ended(&self, tx: &mut Tx<'_>, job: &Job) -> impl Future<Output = Result<()>> {
        let _ = (tx, job);
        async { Ok(()) }
    }
}

/// What a step did.
pub struct Step<C> {
    /// Where the next step begins; none if the job is done.
    pub next: Option<C>,
    /// What became of the objects of this step.
    pub items: Vec<Item>,
    /// How many objects the job is about, where that was found out by this step.
    pub total: Option<i64>,
}

/// What became of one object.
#[derive(Clone, Debug)]
pub struct Item {
    /// The object.
    pub object_id: Option<Id>,
    /// The row of what is imported, from 1.
    pub row: Option<i64>,
    /// What became of it.
    pub status: ResultStatus,
    /// Why it could not be done, or was left alone.
    pub error: Option<Problem>,
    /// The fields that changed, with their old values.
    pub previous: Map<String, Value>,
    /// The object's version afterwards, where it can be undone.
    pub version: Option<i64>,
    /// What is needed to undo it.
    pub undo: Option<Value>,
}

impl Item {
    /// An object with which it went well.
    pub fn succeeded(object_id: Id) -> Self {
        Self::of(Some(object_id), ResultStatus::Succeeded)
    }

    /// An object, or a row, with which it did not.
    pub fn failed(object_id: Option<Id>, error: &Error) -> Self {
        Self { error: Some(error.into()), ..Self::of(object_id, ResultStatus::Failed) }
    }

    /// An object that was left alone.
    pub fn skipped(object_id: Option<Id>, error: Option<&Error>) -> Self {
        Self { error: error.map(Problem::from), ..Self::of(object_id, ResultStatus::Skipped) }
    }

    fn of(object_id: Option<Id>, status: ResultStatus) -> Self {
        Self { object_id, row: None, status, error: None, previous: Map::new(), version: None, undo: None }
    }
}

/// What was done to one object, for those who undo it.
#[derive(Clone, Debug)]
pub struct Done {
    /// The object.
    pub object_id: Id,
    /// Its version when it had been done.
    pub version: Option<i64>,
    /// What the job kept for this.
    pub undo: Value,
}

/// A kind without its types: a row of the list of kinds.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The word that is stored.
    pub name: &'static str,
    pub(super) method: &'static str,
    pub(super) access: Access,
    pub(super) work: fn(Turn) -> LocalBoxFuture<'static, Result<(), Stopped>>,
    pub(super) ended: for<'t> fn(&'t mut Tx<'_>, &'t str, &'t Job) -> LocalBoxFuture<'t, Result<()>>,
}

impl Entry {
    /// The row of a kind.
    pub const fn of<K: Kind>() -> Self {
        Self {
            name: K::NAME,
            method: K::METHOD,
            access: K::ACCESS,
            work: |turn| go_on::<K>(turn).boxed_local(),
            ended: |tx, arguments, job| ended::<K>(tx, arguments, job).boxed_local(),
        }
    }
}

async fn ended<K: Kind>(tx: &mut Tx<'_>, arguments: &str, job: &Job) -> Result<()> {
    let kind: K = serde_json::from_str(arguments)?;
    kind.ended(tx, job).await
}
