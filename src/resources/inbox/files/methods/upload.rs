//! `files.createUpload`, `appendChunk`, `completeUpload`: files that come in chunks.

use std::sync::LazyLock;

use tokio::sync::Semaphore;

use super::{BODY_LIMIT, judge};
use crate::arguments;
use crate::db::{Id, Json, Timestamp};
use crate::method::{
    Access, Area, Batching, Binary, Code, Context, Error, Int, Kind, MediaType, Method, Name, Result, Sha256Hex, Tx,
};
use crate::providers::blobs::BlobError;
use crate::resources::inbox::files::model::{File, FileRow, FileStatus, MAX_BYTES, Scan, ScanState};
use crate::resources::inbox::files::store::Chunk;
use crate::resources::inbox::files::{storage, store};

/// The most bytes of a chunk.
const CHUNK_BYTES: usize = 4 << 20;
/// The most chunks of a file.
const MAX_CHUNKS: usize = 2000;
/// How many uploads are put together at the same time: each is in memory meanwhile.
const AT_ONCE: usize = 4;

arguments! {
    /// Starts the upload of a file that comes in chunks, of up to 50 MiB.
    ///
    /// Send the chunks with `files.appendChunk`, then call `files.completeUpload`. An upload that nothing is added to for a day is given
    /// up.
    pub struct CreateUpload {
        /// What the file is called, with its extension.
        pub name: Name<255>,
        /// What it is, such as `video/mp4`.
        pub content_type: MediaType,
        /// How many bytes it has.
        pub size: Int<1, { MAX_BYTES as i64 }>,
        /// The SHA-256 digest of its bytes in hexadecimal, to have it checked.
        pub sha256: Option<Sha256Hex>,
        /// When the file's public address stops to work; never if left out.
        pub expires_at: Option<Timestamp>,
    }
}

impl Method for CreateUpload {
    const NAME: &'static str = "files.createUpload";
    const ACCESS: Access = Access::write(Area::Files);
    const KIND: Kind = Kind::Write;
    const FOR_CONTACTS: bool = true;
    const EXAMPLE: &'static str = r#"{"name":"call.mp4","content_type":"video/mp4","size":12345678}"#;
    type Output = File;

    async fn call(self, ctx: Context) -> Result<File> {
        let token = store::new_token()?;
        ctx.write(async move |tx| {
            let row = FileRow {
                organization_id: tx.space(),
                id: tx.new_id(),
                name: self.name.to_string(),
                content_type: self.content_type.to_string(),
                size: self.size.0,
                received_size: 0,
                sha256: self.sha256.as_deref().map(str::to_owned),
                status: FileStatus::Uploading,
                token: token.clone(),
                expires_at: self.expires_at,
                scan: Json(Scan::default()),
                contact_id: tx.ctx().caller()?.contact,
                created_at: tx.now(),
                updated_at: tx.now(),
            };
            store::insert(tx, row).await
        })
        .await
    }
}

arguments! {
    /// Adds bytes to an upload, in their order.
    ///
    /// Sending a chunk again that has arrived does nothing, so a chunk whose answer got lost can simply be sent again. `received_size`
    /// in the answer says where the next one begins.
    pub struct AppendChunk {
        /// The file.
        pub id: Id,
        /// Where in the file the chunk begins: how many bytes have been sent before.
        pub offset: Int<0, { MAX_BYTES as i64 }>,
        /// The bytes, as base64.
        pub content_base64: Binary<CHUNK_BYTES>,
    }
}

impl Method for AppendChunk {
    const NAME: &'static str = "files.appendChunk";
    const ACCESS: Access = Access::write(Area::Files);
    const KIND: Kind = Kind::Write;
    const FOR_CONTACTS: bool = true;
    const BODY_LIMIT: usize = BODY_LIMIT;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::LimitExceeded];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","offset":0,"content_base64":"AAAAGGZ0eXBtcDQy"}"#;
    const BATCHING: Batching = Batching::Never;
    type Output = File;

    async fn call(self, ctx: Context) -> Result<File> {
        let bytes = self.content_base64.0;
        if bytes.is_empty() {
            return Err(Error::argument("/content_base64", "too_short", "a chunk has at least one byte"));
        }
        let piece = Piece {
            start: self.offset.0,
            size: bytes.len() as i64,
            sha256: storage::sha256(std::slice::from_ref(&bytes)).await?,
        };
        // What will be refused need not be stored first. The transaction looks again.
        let file = store::find(&ctx, &mut *ctx.read().await?, self.id).await?;
        let file = file.ok_or_else(Error::not_found::<File>)?;
        let chunks = store::chunks(&mut *ctx.read().await?, ctx.space(), self.id).await?;
        let key = match place(&file, &chunks, &piece) {
            Ok(Place::Next) => Some(storage::store(&ctx, &piece.sha256, vec![bytes]).await?),
            Ok(Place::Arrived) | Err(_) => None,
        };
        let (id, used) = (self.id, key.clone());
        let outcome = ctx.write(async move |tx| append(tx, id, &piece, used.as_deref()).await).await;
        if let Some(key) = key {
            storage::discard_unless_used(&ctx, &key).await;
        }
        outcome
    }
}

/// A chunk that was sent.
struct Piece {
    start: i64,
    size: i64,
    sha256: String,
}

/// Where a chunk belongs.
enum Place {
    /// Behind what has arrived.
    Next,
    /// It has arrived already.
    Arrived,
}

fn place(file: &File, chunks: &[Chunk], piece: &Piece) -> Result<Place> {
    let state =
        |message: String| Err(Error::new(Code::InvalidState, message).with("received_size", file.received_size));
    if file.status != FileStatus::Uploading {
        return state(format!("The upload is over: the file is {}.", file.status));
    }
    match chunks.iter().find(|chunk| chunk.start == piece.start) {
        Some(chunk) if chunk.size == piece.size && chunk.sha256 == piece.sha256 => return Ok(Place::Arrived),
        Some(_) => return state("Other bytes have arrived at this offset before.".into()),
        None if piece.start != file.received_size => {
            return state(format!("The next chunk begins at offset {}.", file.received_size));
        }
        None => {}
    }
    if piece.start + piece.size > file.size {
        return Err(Error::new(
            Code::LimitExceeded,
            format!("The file was announced with {} bytes; these are more.", file.size),
        ));
    }
    if chunks.len() >= MAX_CHUNKS {
        return Err(Error::new(
            Code::LimitExceeded,
            format!("A file comes in at most {MAX_CHUNKS} chunks; send larger ones."),
        ));
    }
    Ok(Place::Next)
}

async fn append(tx: &mut Tx<'_>, id: Id, piece: &Piece, key: Option<&str>) -> Result<File> {
    let mut file = store::target(tx, id).await?;
    let space = tx.space();
    let chunks = store::chunks(tx, space, id).await?;
    match (place(&file, &chunks, piece)?, key) {
        (Place::Arrived, _) => Ok(file),
        // It had no place yet when this call looked, and has one now: the chunk before it came in between.
        (Place::Next, None) => Err(Error::new(
            Code::ServiceUnavailable,
            "Chunks of this upload arrive at the same moment; send this one again.",
        )),
        (Place::Next, Some(key)) => {
            storage::adopt_key(tx, key).await?;
            let chunk = Chunk {
                organization_id: space,
                file_id: id,
                start: piece.start,
                size: piece.size,
                sha256: piece.sha256.clone(),
                key: key.to_owned(),
            };
            store::insert_chunk(tx, &chunk).await?;
            file.row.received_size += piece.size;
            store::save(tx, file).await
        }
    }
}

arguments! {
    /// Ends an upload: the file is ready once its bytes have been checked.
    ///
    /// If they are not those of the announced `sha256`, the file is `rejected` and they are not kept. If they are not what the content
    /// type says, it is `quarantined`: it is kept, but shown to nobody.
    pub struct CompleteUpload {
        /// The file.
        pub id: Id,
    }
}

impl Method for CompleteUpload {
    const NAME: &'static str = "files.completeUpload";
    const ACCESS: Access = Access::write(Area::Files);
    const KIND: Kind = Kind::Write;
    const FOR_CONTACTS: bool = true;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["file.created"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    const BATCHING: Batching = Batching::NotAtomic;
    type Output = File;

    async fn call(self, ctx: Context) -> Result<File> {
        static TURNS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(AT_ONCE));
        let _turn = TURNS.acquire().await.map_err(Error::internal)?;
        let file = store::find(&ctx, &mut *ctx.read().await?, self.id).await?;
        let file = file.ok_or_else(Error::not_found::<File>)?;
        if let Err(error) = complete(&file) {
            return replay_or(&ctx, self.id, error).await;
        }
        let pieces = match storage::pieces(&ctx, self.id).await {
            Ok(pieces) => pieces,
            // Another call was faster and has taken the chunks with it.
            Err(BlobError::Missing(_)) => return replay_or(&ctx, self.id, Error::new(Code::InvalidState, OVER)).await,
            Err(error) => return Err(error.into()),
        };
        let sha256 = storage::sha256(&pieces).await?;
        if let Some(announced) = file.sha256.clone().filter(|announced| *announced != sha256) {
            return reject(&ctx, self.id, format!("announced was the digest {announced}, the bytes have {sha256}"))
                .await;
        }
        let head = pieces.first().cloned().unwrap_or_default();
        let (status, scan) = judge(&file.content_type, &head, ctx.now());
        let id = self.id;
        storage::with_blob(&ctx, pieces, async |brought| {
            let scan = scan.clone();
            ctx.write(async move |tx| {
                let mut file = target(tx, id).await?;
                storage::adopt(tx, &brought).await?;
                forget_chunks(tx, id).await?;
                file.row.sha256 = Some(brought.sha256.clone());
                file.row.status = status;
                file.row.scan = Json(scan.clone());
                let file = store::save(tx, file).await?;
                tx.emit("file.created", &file)?;
                Ok(file)
            })
            .await
        })
        .await
    }
}

const OVER: &str = "The upload is over.";

/// Whether all bytes have arrived.
fn complete(file: &File) -> Result<()> {
    if file.status != FileStatus::Uploading {
        return Err(Error::new(Code::InvalidState, format!("{OVER} The file is {}.", file.status)));
    }
    if file.received_size != file.size {
        let message = format!("{} of {} bytes have arrived.", file.received_size, file.size);
        return Err(Error::new(Code::InvalidState, message).with("received_size", file.received_size));
    }
    Ok(())
}

async fn target(tx: &mut Tx<'_>, id: Id) -> Result<File> {
    let file = store::target(tx, id).await?;
    complete(&file)?;
    Ok(file)
}

/// The refusal, unless this call has an answer already: with the idempotency key of the call that ended the upload.
async fn replay_or(ctx: &Context, id: Id, refusal: Error) -> Result<File> {
    let (code, message) = (refusal.code(), refusal.message().to_owned());
    ctx.write(async move |tx| {
        target(tx, id).await?;
        Err(Error::new(code, message.clone()))
    })
    .await
}

async fn reject(ctx: &Context, id: Id, message: String) -> Result<File> {
    ctx.write(async move |tx| {
        let mut file = target(tx, id).await?;
        forget_chunks(tx, id).await?;
        file.row.status = FileStatus::Rejected;
        let scan =
            Scan { state: ScanState::Failed, at: Some(tx.now()), message: Some(message.clone()), ..Scan::default() };
        file.row.scan = Json(scan);
        store::save(tx, file).await
    })
    .await
}

async fn forget_chunks(tx: &mut Tx<'_>, id: Id) -> Result<()> {
    let (space, now) = (tx.space(), tx.now());
    storage::drop_chunks(tx, space, id, now).await
}
