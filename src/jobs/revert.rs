//! Undoing what a job did, object by object, the last first.

use serde::{Deserialize, Serialize};

use super::kind::{Item, Kind, Step};
use super::model::Job;
use super::store;
use crate::db::Id;
use crate::method::{Code, Error, ErrorType, Result, Tx};

/// How many objects one step undoes.
const AT_ONCE: i64 = 50;

/// Before which result of the other job to go on.
#[derive(Serialize, Deserialize)]
pub struct Before(Id);

impl Default for Before {
    fn default() -> Self {
        Self(Id::MAX)
    }
}

/// Undoes some of what the other job did.
pub async fn step<K: Kind>(tx: &mut Tx<'_>, job: &Job, before: Before) -> Result<Step<Before>> {
    let space = tx.space();
    let reverted = job.reverts_job_id.ok_or_else(|| Error::internal("this job undoes nothing"))?;
    let done = store::undoable(tx, space, reverted, before.0, AT_ONCE).await?;
    let next = if done.len() < AT_ONCE as usize { None } else { done.last().map(|(id, _)| Before(*id)) };
    let mut items = Vec::with_capacity(done.len());
    for (_, done) in done {
        let part = tx.begin_part().await?;
        let outcome = K::undo(tx, &done).await;
        let item = match tx.end_part(part, outcome, true).await? {
            Ok(()) => Item::succeeded(done.object_id),
            Err(error) if was_changed(&error) => Item::skipped(Some(done.object_id), Some(&error)),
            Err(error) => Item::failed(Some(done.object_id), &error),
        };
        items.push(item);
    }
    Ok(Step { next, items, total: None })
}

/// Whether an object could not be undone because somebody changed it, or took it away, since.
fn was_changed(error: &Error) -> bool {
    error.code() == Code::VersionConflict || error.error_type() == ErrorType::NotFound
}
