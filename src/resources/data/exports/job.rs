//! The job of an export: page after page becomes a piece of the file, and in the end the pieces become one.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::model::{Export, ExportFormat, ExportObject, ExportStatus};
use super::{store, write};
use crate::db::{Id, Json, Timestamp};
use crate::jobs::{Job, JobStatus, Kind, Step};
use crate::method::{Access, Area, Code, Context, Error, Result, Tx};
use crate::resources::inbox::files::storage::{self, Brought};
use crate::resources::inbox::files::{self, FileRow, FileStatus, MAX_BYTES, Scan, assembly};

/// How many objects one step writes down.
const AT_ONCE: i64 = 500;
/// After how many seconds the file is deleted.
const KEPT_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The job of an export.
#[derive(Serialize, Deserialize)]
pub struct ExportJob {
    pub(super) export_id: Id,
    pub(super) upload_id: Id,
    pub(super) name: String,
    pub(super) token: String,
    pub(super) object: ExportObject,
    pub(super) query: Option<String>,
    pub(super) fields: Vec<String>,
    pub(super) format: ExportFormat,
    /// What `now` means in the query.
    pub(super) asked_at: Timestamp,
}

/// How far it is.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Place {
    /// The last object that is written down.
    after: Id,
    /// How many objects are.
    rows: i64,
    /// How many bytes they are.
    bytes: i64,
    /// Whether that is all, and the pieces are to be put together.
    is_written: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self { after: Id::NIL, rows: 0, bytes: 0, is_written: false }
    }
}

/// What a step stores.
pub enum Material {
    /// A piece of the file, which lies in the store of files already.
    Piece { key: String, sha256: String, size: i64, next: Place },
    /// The whole file.
    Whole(Brought),
}

impl Kind for ExportJob {
    const NAME: &'static str = "export";
    const METHOD: &'static str = "exports.create";
    const ACCESS: Access = Access::write(Area::Exports);
    type Cursor = Place;
    type Material = Material;

    async fn gather(&self, ctx: &Context, place: &Place) -> Result<Material> {
        if place.is_written {
            let pieces = storage::pieces(ctx, self.upload_id).await?;
            return Ok(Material::Whole(storage::bring(ctx, pieces).await?));
        }
        let passing = self.object.passing(ctx, self.query.as_deref(), self.asked_at)?;
        let objects = self.object.page(ctx, passing, place.after, AT_ONCE).await?;
        let is_last = objects.len() < AT_ONCE as usize;
        let piece = write::piece(self.format, &self.fields, &objects, place.rows == 0, is_last)?;
        let next = Place {
            after: objects.last().map_or(place.after, |(id, _)| *id),
            rows: place.rows + objects.len() as i64,
            bytes: place.bytes + piece.len() as i64,
            is_written: is_last,
        };
        if next.bytes > MAX_BYTES as i64 {
            let message = "The file would have more than 50 MiB; narrow the query, or leave fields out.";
            return Err(Error::new(Code::LimitExceeded, message).with("limit_bytes", MAX_BYTES));
        }
        let (size, pieces) = (piece.len() as i64, vec![Bytes::from(piece)]);
        let sha256 = storage::sha256(&pieces).await?;
        let key = storage::store(ctx, &sha256, pieces).await?;
        Ok(Material::Piece { key, sha256, size, next })
    }

    async fn step(&self, tx: &mut Tx<'_>, _: &Job, place: &Place, material: &Material) -> Result<Step<Place>> {
        let Some(mut export) = store::lock(tx, self.export_id).await? else {
            return Err(Error::not_found::<Export>());
        };
        if place.rows == 0 && !place.is_written {
            self.begin(tx).await?;
        }
        let next = match material {
            Material::Piece { key, sha256, size, next } => {
                assembly::add_piece(tx, self.upload_id, place.bytes, *size, sha256, key).await?;
                export.status = ExportStatus::Running;
                export.row_count = next.rows;
                Some(*next)
            }
            Material::Whole(brought) => {
                let file = assembly::put_together(tx, self.upload_id, brought).await?;
                tx.emit("file.created", &file)?;
                export.file_id = Some(self.upload_id);
                export.expires_at = file.expires_at;
                None
            }
        };
        store::save(tx, &export).await?;
        Ok(Step { next, items: Vec::new(), total: Some(export.row_count) })
    }

    async fn ended(&self, tx: &mut Tx<'_>, job: &Job) -> Result<()> {
        let Some(mut export) = store::lock(tx, self.export_id).await? else { return Ok(()) };
        export.status = match job.status {
            JobStatus::Canceled => ExportStatus::Canceled,
            JobStatus::Failed => ExportStatus::Failed,
            _ => ExportStatus::Completed,
        };
        export.failure = job.failure.clone();
        export.ended_at = job.ended_at;
        if export.status != ExportStatus::Completed {
            assembly::give_up(tx, self.upload_id).await?;
        }
        store::save(tx, &export).await?;
        tx.emit("export.completed", &export)
    }
}

impl ExportJob {
    /// Stores the file, of which there is nothing yet.
    async fn begin(&self, tx: &mut Tx<'_>) -> Result<()> {
        let row = FileRow {
            organization_id: tx.space(),
            id: self.upload_id,
            name: self.name.clone(),
            content_type: self.format.content_type().to_owned(),
            size: 0,
            received_size: 0,
            sha256: None,
            status: FileStatus::Uploading,
            token: self.token.clone(),
            expires_at: Some(tx.now().plus_seconds(KEPT_SECONDS)),
            scan: Json(Scan::default()),
            contact_id: None,
            created_at: tx.now(),
            updated_at: tx.now(),
        };
        files::store::insert(tx, row).await?;
        Ok(())
    }
}
