//! Files that the server itself writes, piece by piece: each piece is stored by one transaction, and the last one puts them together.

use super::model::{File, FileRow, FileStatus, Scan, ScanState};
use super::storage::{self, Brought};
use super::store::{self, Chunk};
use crate::db::prelude::*;
use crate::db::{Id, Json};
use crate::lock_to_delete;
use crate::method::{Error, Result, Tx};
use crate::schema::files;

/// Adds a piece, which the store of files has under a key that nothing else uses.
pub async fn add_piece(tx: &mut Tx<'_>, id: Id, start: i64, size: i64, sha256: &str, key: &str) -> Result<()> {
    let mut file = lock(tx, id).await?.ok_or_else(Error::not_found::<File>)?;
    storage::adopt_key(tx, key).await?;
    // A piece without bytes is none; what lies under its key goes with the others.
    let chunk = Chunk {
        organization_id: file.organization_id,
        file_id: id,
        start,
        size,
        sha256: sha256.to_owned(),
        key: key.to_owned(),
    };
    store::insert_chunk(tx, &chunk).await?;
    file.size += size;
    file.received_size += size;
    store::save(tx, shown(file)).await?;
    Ok(())
}

/// Makes a file of its pieces, which are all there.
pub async fn put_together(tx: &mut Tx<'_>, id: Id, whole: &Brought) -> Result<File> {
    let mut file = lock(tx, id).await?.ok_or_else(Error::not_found::<File>)?;
    storage::adopt(tx, whole).await?;
    let now = tx.now();
    storage::drop_chunks(tx, file.organization_id, id, now).await?;
    file.size = whole.size;
    file.received_size = whole.size;
    file.sha256 = Some(whole.sha256.clone());
    file.status = FileStatus::Ready;
    file.scan = Json(Scan { state: ScanState::Clean, at: Some(now), ..Scan::default() });
    store::save(tx, shown(file)).await
}

/// Takes away a file that was not finished, with its pieces.
pub async fn give_up(tx: &mut Tx<'_>, id: Id) -> Result<()> {
    let Some(file) = lock(tx, id).await?.filter(|file| file.status == FileStatus::Uploading) else { return Ok(()) };
    let now = tx.now();
    storage::drop_chunks(tx, file.organization_id, id, now).await?;
    store::delete(tx, &shown(file)).await
}

/// Deletes a file that belongs to nothing, and is locked.
pub async fn remove(tx: &mut Tx<'_>, file: &File) -> Result<()> {
    let now = tx.now();
    storage::drop_chunks(tx, file.organization_id, file.id, now).await?;
    let has_bytes = matches!(file.status, FileStatus::Ready | FileStatus::Quarantined);
    if let Some(sha256) = file.sha256.as_deref().filter(|_| has_bytes) {
        storage::release(tx, sha256).await?;
    }
    store::delete(tx, file).await?;
    tx.emit("file.deleted", file)
}

/// Deletes a file that the server has written, unless somebody did already, or has attached it to something.
pub async fn remove_if_unused(tx: &mut Tx<'_>, id: Id) -> Result<()> {
    let Some(row) = lock(tx, id).await? else { return Ok(()) };
    let ctx = tx.ctx().clone();
    match store::complete(&ctx, tx, vec![row]).await?.pop() {
        Some(file) if file.linked_to.is_empty() => remove(tx, &file).await,
        _ => Ok(()),
    }
}

async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<FileRow>> {
    let space = tx.space();
    Ok(lock_to_delete!(tx, files::table.find((space, id)).select(FileRow::as_select()))?)
}

/// A file that belongs to nothing.
fn shown(row: FileRow) -> File {
    File { row, url: None, linked_to: Vec::new() }
}
