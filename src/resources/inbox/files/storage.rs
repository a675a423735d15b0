//! Brings bytes to the store before a transaction, counts in the transaction who uses them, and takes away what nobody uses.
//!
//! The store knows no transactions, so the database knows at all times what the store may have that is not used. A key is noted in
//! `unused_blobs` before bytes are stored under it; the transaction that first uses them takes it out there; the one that last used
//! them puts it back in. Whoever takes bytes away claims the row first, and a key that was claimed is never used again. So a server
//! that dies at any moment leaves at most bytes that somebody will take away later, never a file without its bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::model::{File, FileRow, FileStatus};
use super::store;
use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::method::{App, Code, Context, Error, Result, Tx};
use crate::providers::blobs::{BlobError, Blobs};
use crate::schema::{blobs, file_chunks, files, unused_blobs};
use crate::{lock, run, run_each};

/// How long bytes may be stored without being used: longer than any call takes.
const UNUSED_SECONDS: i64 = 60 * 60;
/// How long whoever has claimed bytes may take to take them away, before another one does.
const CLAIM_SECONDS: i64 = 10 * 60;
/// How long an upload may rest before it is given up.
pub const ABANDONED_SECONDS: i64 = 24 * 60 * 60;
/// How many rows one round of the purge looks at.
const BATCH: i64 = 100;
/// How often a call stores its bytes again when those that were there are taken away under its hands.
const ATTEMPTS: usize = 3;

/// Bytes that the store has, and that a transaction may now use.
#[derive(Clone)]
pub struct Brought {
    /// Their SHA-256 digest in hexadecimal.
    pub sha256: String,
    /// How many they are.
    pub size: i64,
    /// The key they were stored under, if they were not there before.
    key: Option<String>,
    gone: Arc<AtomicBool>,
}

/// The SHA-256 digest of bytes, in hexadecimal.
pub async fn sha256(pieces: &[Bytes]) -> Result<String> {
    let pieces = pieces.to_vec();
    // Some milliseconds for each MiB: too long for a thread that serves others.
    let digest = tokio::task::spawn_blocking(move || {
        pieces.iter().fold(Sha256::new(), |digest, piece| digest.chain_update(piece)).finalize()
    });
    Ok(digest.await.map_err(Error::internal)?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Stores bytes and runs `work`, a call's transaction that uses them through [`adopt`]. If that fails, nothing is left of them.
pub async fn with_blob<T>(ctx: &Context, pieces: Vec<Bytes>, work: impl AsyncFn(Brought) -> Result<T>) -> Result<T> {
    let sha256 = sha256(&pieces).await?;
    let size = pieces.iter().map(|piece| piece.len() as i64).sum();
    let mut attempt = 1;
    loop {
        let is_known = is_known(&mut *ctx.read().await?, ctx.space(), &sha256).await?;
        let key = if is_known { None } else { Some(store(ctx, &sha256, pieces.clone()).await?) };
        let brought = Brought { sha256: sha256.clone(), size, key: key.clone(), gone: Arc::default() };
        let outcome = work(brought.clone()).await;
        if let Some(key) = key {
            discard_unless_used(ctx, &key).await;
        }
        // They were there, and their last user went away before this one came: now they have to be stored again.
        if outcome.is_err() && brought.gone.load(Ordering::Relaxed) && attempt < ATTEMPTS {
            attempt += 1;
            continue;
        }
        return outcome;
    }
}

/// The bytes that have arrived of an upload.
pub async fn pieces(ctx: &Context, id: Id) -> Result<Vec<Bytes>, BlobError> {
    let unavailable = |error: Error| BlobError::Unavailable(format!("{error:?}"));
    let mut conn = ctx.read().await.map_err(unavailable)?;
    let chunks = store::chunks(&mut conn, ctx.space(), id).await.map_err(unavailable)?;
    drop(conn);
    let store = Blobs::of(ctx).map_err(unavailable)?;
    let mut pieces = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        pieces.push(store.read(&chunk.key, 0..chunk.size.unsigned_abs()).await?);
    }
    Ok(pieces)
}

/// Stores bytes that a transaction is to use through [`adopt`]; if none does, they go after a while.
pub async fn bring(ctx: &Context, pieces: Vec<Bytes>) -> Result<Brought> {
    let sha256 = sha256(&pieces).await?;
    let size = pieces.iter().map(|piece| piece.len() as i64).sum();
    let key = store(ctx, &sha256, pieces).await?;
    Ok(Brought { sha256, size, key: Some(key), gone: Arc::default() })
}

/// Stores bytes under a key of their own and answers it. Nothing uses them yet.
pub async fn store(ctx: &Context, sha256: &str, pieces: Vec<Bytes>) -> Result<String> {
    let space = ctx.space();
    let (first, second) = (sha256.get(..2).unwrap_or("00"), sha256.get(2..4).unwrap_or("00"));
    let key = format!("{}/{first}/{second}/{sha256}.{}", space.hex(), ctx.app().new_id().hex());
    let row = (
        unused_blobs::organization_id.eq(space),
        unused_blobs::key.eq(key.clone()),
        unused_blobs::due_at.eq(ctx.now().plus_seconds(UNUSED_SECONDS)),
        unused_blobs::is_claimed.eq(false),
    );
    let noted: Result<usize> = ctx
        .app()
        .db
        .write(ctx.request().deadline, async move |tx| {
            Ok(run!(tx, |c| diesel::insert_into(unused_blobs::table).values(row.clone()).execute(c))?)
        })
        .await;
    noted?;
    match Blobs::of(ctx)?.put(&key, pieces).await {
        Ok(()) => Ok(key),
        Err(error) => {
            discard_unless_used(ctx, &key).await;
            Err(error.into())
        }
    }
}

/// Takes bytes away that this call has stored, unless its transaction uses them. If that fails the purge will do it.
pub async fn discard_unless_used(ctx: &Context, key: &str) {
    if let Err(error) = take_out(ctx.app(), ctx.space(), key, ctx.now().plus_seconds(UNUSED_SECONDS)).await {
        tracing::warn!(?error, key, "bytes that nothing uses could not be taken away yet");
    }
}

/// A file that an argument names, if the caller may see it and it can be read.
pub async fn require(ctx: &Context, pointer: &str, id: Id) -> Result<File> {
    let found = store::find(ctx, &mut *ctx.read().await?, id).await?;
    let file = found.ok_or_else(|| Error::argument(pointer, "unknown_id", format!("there is no file {id}")))?;
    match file.status {
        FileStatus::Ready => Ok(file),
        status => Err(Error::argument(pointer, "not_ready", format!("the file is {status}"))),
    }
}

/// All bytes of a file that an argument names.
pub async fn read_whole(ctx: &Context, pointer: &str, id: Id) -> Result<Bytes> {
    let file = require(ctx, pointer, id).await?;
    let key = match &file.sha256 {
        Some(sha256) => key_of(&mut *ctx.read().await?, ctx.space(), sha256).await?,
        None => None,
    };
    let key = key.ok_or_else(|| Error::argument(pointer, "unknown_id", format!("there is no file {id}")))?;
    Ok(Blobs::of(ctx)?.read(&key, 0..file.size.unsigned_abs()).await?)
}

async fn is_known(conn: &mut Conn, space: Id, sha256: &str) -> Result<bool> {
    Ok(key_of(conn, space, sha256).await?.is_some())
}

/// The key under which the store has these bytes.
pub async fn key_of(conn: &mut Conn, space: Id, sha256: &str) -> Result<Option<String>> {
    Ok(run!(conn, |c| blobs::table.find((space, sha256)).select(blobs::key).first(c)).optional()?)
}

/// Uses bytes for one file more.
pub async fn adopt(tx: &mut Tx<'_>, brought: &Brought) -> Result<()> {
    let space = tx.space();
    if let Some(key) = &brought.key {
        let row = (
            blobs::organization_id.eq(space),
            blobs::sha256.eq(&brought.sha256),
            blobs::key.eq(key),
            blobs::size.eq(brought.size),
            blobs::use_count.eq(1_i64),
        );
        let made = run!(tx, |c| diesel::insert_into(blobs::table).values(row).on_conflict_do_nothing().execute(c))?;
        if made == 1 {
            return adopt_key(tx, key).await;
        }
        // Another call was first with the same bytes; these here stay unused and go.
    }
    let counted = run!(tx, |c| diesel::update(blobs::table.find((space, &brought.sha256)))
        .set(blobs::use_count.eq(blobs::use_count + 1))
        .execute(c))?;
    if counted == 0 {
        brought.gone.store(true, Ordering::Relaxed);
        return Err(again());
    }
    Ok(())
}

/// Uses what is stored under a key that nothing else uses.
pub async fn adopt_key(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    let space = tx.space();
    let taken = run!(tx, |c| diesel::delete(unused_blobs::table.find((space, key)))
        .filter(unused_blobs::is_claimed.eq(false))
        .execute(c))?;
    if taken == 1 { Ok(()) } else { Err(again()) }
}

#[track_caller]
fn again() -> Error {
    Error::new(Code::ServiceUnavailable, "The same bytes were being taken away. Nothing was changed; retry.")
}

/// Uses bytes for one file less; without a file that has them they go.
pub async fn release(tx: &mut Tx<'_>, sha256: &str) -> Result<()> {
    let space = tx.space();
    let found: Option<(String, i64)> =
        lock!(tx, blobs::table.find((space, sha256)).select((blobs::key, blobs::use_count)))?;
    match found {
        Some((key, count)) if count <= 1 => {
            run!(tx, |c| diesel::delete(blobs::table.find((space, sha256))).execute(c))?;
            let now = tx.now();
            release_keys(tx, space, now, vec![key]).await
        }
        Some((_, count)) => {
            run!(tx, |c| diesel::update(blobs::table.find((space, sha256)))
                .set(blobs::use_count.eq(count - 1))
                .execute(c))?;
            Ok(())
        }
        None => Ok(()),
    }
}

/// Leaves what is stored under these keys to the purge.
pub async fn release_keys(conn: &mut Conn, space: Id, now: Timestamp, keys: Vec<String>) -> Result<()> {
    run_each!(conn, &keys, |c, key| diesel::insert_into(unused_blobs::table)
        .values((
            unused_blobs::organization_id.eq(space),
            unused_blobs::key.eq(key),
            unused_blobs::due_at.eq(now),
            unused_blobs::is_claimed.eq(false),
        ))
        .execute(c))?;
    Ok(())
}

/// Gives up uploads that nobody went on with, and takes away the bytes that nothing uses; answers how many of both. Several servers
/// may do so at once.
pub async fn purge(app: &App) -> Result<usize> {
    let mut count = 0;
    loop {
        let abandoned = give_up(app).await?;
        count += abandoned;
        if abandoned < BATCH as usize {
            break;
        }
    }
    // Keys that could not be taken away are due again later, so a round ends in any case.
    loop {
        let now = app.now();
        let mut conn = app.db.read().await?;
        let due: Vec<(Id, String)> = run!(conn, |c| unused_blobs::table
            .filter(unused_blobs::due_at.le(now))
            .order(unused_blobs::due_at)
            .limit(BATCH)
            .select((unused_blobs::organization_id, unused_blobs::key))
            .load(c))?;
        drop(conn);
        for (space, key) in &due {
            match take_out(app, *space, key, now).await {
                Ok(taken) => count += usize::from(taken),
                Err(error) => tracing::warn!(?error, key, "bytes that nothing uses could not be taken away yet"),
            }
        }
        if due.len() < BATCH as usize {
            return Ok(count);
        }
    }
}

/// Takes away what is stored under a key, if nothing uses it and it is due by then; answers whether it did.
async fn take_out(app: &App, space: Id, key: &str, due: Timestamp) -> Result<bool> {
    let Some(store) = app.services().get::<Blobs>() else { return Ok(false) };
    let (owned, claim_ends) = (key.to_owned(), app.now().plus_seconds(CLAIM_SECONDS));
    let claimed: Result<usize> = app
        .db
        .write(deadline(), async move |tx| {
            Ok(run!(tx, |c| diesel::update(unused_blobs::table.find((space, &owned)))
                .filter(unused_blobs::due_at.le(due))
                .set((unused_blobs::is_claimed.eq(true), unused_blobs::due_at.eq(claim_ends)))
                .execute(c))?)
        })
        .await;
    if claimed? == 0 {
        return Ok(false);
    }
    store.delete(key).await?;
    let owned = key.to_owned();
    let done: Result<usize> = app
        .db
        .write(deadline(), async move |tx| {
            Ok(run!(tx, |c| diesel::delete(unused_blobs::table.find((space, &owned))).execute(c))?)
        })
        .await;
    done.map(|_| true)
}

/// Gives up some of the uploads that nobody went on with.
async fn give_up(app: &App) -> Result<usize> {
    let now = app.now();
    let since = now.plus_seconds(-ABANDONED_SECONDS);
    app.db
        .write(deadline(), async move |tx| {
            let old: Vec<FileRow> = run!(tx, |c| files::table
                .filter(files::status.eq(FileStatus::Uploading).and(files::updated_at.le(since)))
                .order((files::organization_id, files::id))
                .limit(BATCH)
                .select(FileRow::as_select())
                .load(c))?;
            for file in &old {
                let (space, id) = (file.organization_id, file.id);
                let still: Option<FileStatus> = lock!(
                    tx,
                    files::table
                        .find((space, id))
                        .filter(files::status.eq(FileStatus::Uploading).and(files::updated_at.le(since)))
                        .select(files::status)
                )?;
                if still.is_some() {
                    drop_chunks(tx, space, id, now).await?;
                    run!(tx, |c| diesel::delete(files::table.find((space, id))).execute(c))?;
                }
            }
            Ok::<usize, Error>(old.len())
        })
        .await
}

/// Forgets the chunks of an upload and leaves their bytes to the purge.
pub async fn drop_chunks(conn: &mut Conn, space: Id, file: Id, now: Timestamp) -> Result<()> {
    let of_file = file_chunks::organization_id.eq(space).and(file_chunks::file_id.eq(file));
    let keys: Vec<String> = run!(conn, |c| file_chunks::table.filter(of_file).select(file_chunks::key).load(c))?;
    run!(conn, |c| diesel::delete(file_chunks::table.filter(of_file)).execute(c))?;
    release_keys(conn, space, now, keys).await
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(30)
}
