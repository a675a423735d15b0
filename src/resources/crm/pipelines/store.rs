//! All SQL of pipelines and stages.

use super::model::Stage;
use crate::db::Id;
use crate::db::prelude::*;
use crate::lock;
use crate::method::{Result, Tx};
use crate::schema::stages;

/// Stages, locked in the order of their ids, which keeps two calls from waiting for each other. Whoever places companies in stages
/// locks these first, and companies after them.
pub async fn lock_stages(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Stage>> {
    let organization = tx.space();
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    let mut locked = Vec::new();
    for id in ids {
        let found: Option<Stage> = lock!(tx, stages::table.find((organization, id)).select(Stage::as_select()))?;
        locked.extend(found);
    }
    Ok(locked)
}
