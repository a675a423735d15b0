//! A file for whoever has its token.

use std::ops::Range;

use super::model::{File, FileRow, FileStatus};
use super::{storage, store};
use crate::db::Id;
use crate::method::{App, Code, Error, Result};
use crate::providers::blobs::{BlobError, Blobs, ByteStream};

/// A file that may be sent to whoever asked for it.
pub struct Public {
    /// What is known of it.
    pub row: FileRow,
    /// The SHA-256 digest of its bytes, in hexadecimal.
    pub sha256: String,
    key: String,
}

/// Content types that browsers show without running anything in them. Everything else is for saving.
const SHOWN: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"];

impl Public {
    /// The file that a token opens now. One that is not ready, or was quarantined, is not there.
    pub async fn find(app: &App, token: &str) -> Result<Self> {
        let mut conn = app.db.read().await?;
        let Some((space, id)): Option<(Id, Id)> = store::holder(&mut conn, token).await? else {
            return Err(Error::not_found::<File>());
        };
        let row = store::row(&mut conn, space, id).await?.filter(|row| row.status == FileStatus::Ready);
        let row = row.ok_or_else(Error::not_found::<File>)?;
        if row.expires_at.is_some_and(|end| end <= app.now()) {
            return Err(Error::new(Code::Expired, "This address does not work any more; ask for the file again."));
        }
        let sha256 = row.sha256.clone().ok_or_else(Error::not_found::<File>)?;
        let key = storage::key_of(&mut conn, space, &sha256).await?.ok_or_else(Error::not_found::<File>)?;
        Ok(Self { row, sha256, key })
    }

    /// Whether a browser may show it in place; else it is for saving.
    pub fn is_shown(&self) -> bool {
        SHOWN.contains(&self.row.content_type.as_str())
    }

    /// How many bytes it has.
    pub fn size(&self) -> u64 {
        self.row.size.unsigned_abs()
    }

    /// Some of its bytes, a little at a time.
    pub async fn stream(&self, app: &App, range: Range<u64>) -> Result<ByteStream> {
        let blobs: &Blobs = app.services().get().ok_or_else(|| Error::internal("this server stores no files"))?;
        match blobs.stream(&self.key, range).await {
            Err(BlobError::Missing(_)) => Err(Error::not_found::<File>()),
            stream => Ok(stream?),
        }
    }
}
