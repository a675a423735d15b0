//! Deletes the files of exports when their time is over.

use super::model::ExportStatus;
use super::store;
use crate::access::authenticate::server_itself;
use crate::db::Id;
use crate::method::{App, Context, Result, Void};
use crate::resources::inbox::files::assembly;

/// How many exports are looked up at a time.
const BATCH: i64 = 50;

/// Deletes the files of exports that are over by now; answers how many.
pub async fn expire(app: &App) -> Result<usize> {
    let mut count = 0;
    loop {
        let due = store::expired(&mut *app.db.read().await?, app.now(), BATCH).await?;
        for (space, export) in &due {
            one(app, *space, *export).await?;
        }
        count += due.len();
        if due.len() < BATCH as usize {
            return Ok(count);
        }
    }
}

async fn one(app: &App, space: Id, id: Id) -> Result<()> {
    // The files of a space are all that is touched here, so it matters not which organization it belongs to.
    let ctx = Context::internal(app.clone(), server_itself(space), "exports.create");
    ctx.write(async move |tx| {
        let Some(mut export) = store::lock(tx, id).await? else { return Ok(Void {}) };
        if let Some(file) = export.file_id.take() {
            assembly::remove_if_unused(tx, file).await?;
        }
        export.status = ExportStatus::Expired;
        store::save(tx, &export).await?;
        Ok(Void {})
    })
    .await?;
    Ok(())
}
