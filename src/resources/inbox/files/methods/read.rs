//! `files.info`, `read`, `list`.

use super::INLINE_BYTES;
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Batching, Code, Context, Error, Int, Kind, Method, Name, Page, Result, binary};
use crate::providers::blobs::{BlobError, Blobs};
use crate::resources::inbox::files::model::{File, FileStatus, MAX_BYTES, Part};
use crate::resources::inbox::files::{storage, store};

arguments! {
    /// Answers one file, without its bytes.
    pub struct Info {
        /// The file.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "files.info";
    const ACCESS: Access = Access::read(Area::Files);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = File;

    async fn call(self, ctx: Context) -> Result<File> {
        let found = store::find(&ctx, &mut *ctx.read().await?, self.id).await?;
        found.ok_or_else(Error::not_found::<File>)
    }
}

arguments! {
    /// Answers the bytes of a file as base64, up to 8 MiB at a time.
    ///
    /// Name the file by `id` or by `file_token`.
    pub struct Read {
        /// The file.
        pub id: Option<Id>,
        /// The token of the file, from its `url`.
        pub file_token: Option<Name<64>>,
        /// Where to begin; 0 if left out.
        pub offset: Option<Int<0, { MAX_BYTES as i64 }>>,
        /// How many bytes to answer at the most; 8 MiB if left out.
        pub length: Option<Int<1, { INLINE_BYTES as i64 }>>,
    }
}

impl Method for Read {
    const NAME: &'static str = "files.read";
    const ACCESS: Access = Access::read(Area::Files);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    const BATCHING: Batching = Batching::NotAtomic;
    type Output = Part;

    async fn call(self, ctx: Context) -> Result<Part> {
        let mut conn = ctx.read().await?;
        let found = match (self.id, &self.file_token) {
            (Some(id), None) => store::find(&ctx, &mut conn, id).await?,
            (None, Some(token)) => store::find_by_token(&ctx, &mut conn, token).await?,
            (None, None) => return Err(Error::argument("/id", "required", "name the file by id or by file_token")),
            (Some(_), Some(_)) => {
                return Err(Error::argument("/file_token", "not_allowed", "send either id or file_token"));
            }
        };
        let file = found.ok_or_else(Error::not_found::<File>)?;
        if file.status != FileStatus::Ready {
            return Err(Error::new(
                Code::InvalidState,
                format!("The file is {}; its bytes are shown to nobody.", file.status),
            ));
        }
        let key = match &file.sha256 {
            Some(sha256) => storage::key_of(&mut conn, ctx.space(), sha256).await?,
            None => None,
        };
        // Between the two statements somebody may have deleted it.
        let key = key.ok_or_else(Error::not_found::<File>)?;
        drop(conn);
        let start = self.offset.map_or(0, |offset| offset.0);
        if start > file.size {
            let message = format!("the file has {} bytes", file.size);
            return Err(Error::argument("/offset", "too_large", message));
        }
        let end = file.size.min(start + self.length.map_or(INLINE_BYTES as i64, |length| length.0));
        let bytes = match Blobs::of(&ctx)?.read(&key, start.unsigned_abs()..end.unsigned_abs()).await {
            Err(BlobError::Missing(_)) => return Err(Error::not_found::<File>()),
            bytes => bytes?,
        };
        Ok(Part {
            content_base64: binary::encode(&bytes),
            offset: start,
            size: file.size,
            content_type: file.content_type.clone(),
        })
    }
}

arguments! {
    /// Lists the files.
    pub struct ListFiles paged {
        /// Only files that are so far.
        pub status: Option<FileStatus>,
    }
}

impl Method for ListFiles {
    const NAME: &'static str = "files.list";
    const ACCESS: Access = Access::read(Area::Files);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<File>;

    async fn call(self, ctx: Context) -> Result<Page<File>> {
        let window = ctx.page(&self)?;
        let rows = store::list(&ctx, &mut *ctx.read().await?, self.status, &window).await?;
        Ok(window.page(&ctx, rows))
    }
}
