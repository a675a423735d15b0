//! `files.create`: files that are small enough for one call.

use super::{BODY_LIMIT, INLINE_BYTES, judge};
use crate::arguments;
use crate::db::{Json, Timestamp};
use crate::method::{Access, Area, Batching, Binary, Code, Context, Error, Kind, MediaType, Method, Name, Result, Url};
use crate::providers::fetch::Fetch;
use crate::resources::inbox::files::model::{File, FileRow};
use crate::resources::inbox::files::{signatures, storage, store};

arguments! {
    /// Stores a file of up to 8 MiB: its bytes as base64, or an address to fetch it from.
    ///
    /// Larger ones come in chunks: `files.createUpload`. Equal bytes are stored once, however many files have them. If the bytes are not
    /// what the content type says, the file is `quarantined`: it is kept, but shown to nobody.
    pub struct Create {
        /// What the file is called, with its extension.
        pub name: Name<255>,
        /// What it is, such as `image/png`; if left out, what it is fetched as, or what its bytes look like.
        pub content_type: Option<MediaType>,
        /// The bytes, as base64.
        pub content_base64: Option<Binary<INLINE_BYTES>>,
        /// An address that the file is fetched from: http or https, on the public internet, without redirects.
        pub source_url: Option<Url>,
        /// When the file's public address stops to work; never if left out.
        pub expires_at: Option<Timestamp>,
    }
}

impl Method for Create {
    const NAME: &'static str = "files.create";
    const ACCESS: Access = Access::write(Area::Files);
    const KIND: Kind = Kind::Write;
    const FOR_CONTACTS: bool = true;
    const BODY_LIMIT: usize = BODY_LIMIT;
    const ERRORS: &'static [Code] = &[Code::UnsafeUrl, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["file.created"];
    const EXAMPLE: &'static str = r#"{"name":"hello.txt","content_type":"text/plain","content_base64":"SGVsbG8="}"#;
    const BATCHING: Batching = Batching::Never;
    type Output = File;

    async fn call(self, ctx: Context) -> Result<File> {
        let Self { name, content_type, content_base64, source_url, expires_at } = self;
        let mut content_type = content_type.map(|content_type| content_type.to_string());
        let bytes = match (content_base64, source_url) {
            (Some(content), None) => content.0,
            (None, Some(url)) => {
                let fetched = Fetch::of(&ctx)?.get("/source_url", &url, INLINE_BYTES).await?;
                content_type = content_type.or_else(|| media_type(fetched.content_type?));
                fetched.bytes
            }
            (None, None) => {
                let message = "send the bytes as content_base64, or an address as source_url";
                return Err(Error::argument("/content_base64", "required", message));
            }
            (Some(_), Some(_)) => {
                let message = "send either content_base64 or source_url";
                return Err(Error::argument("/source_url", "not_allowed", message));
            }
        };
        let content_type = content_type.unwrap_or_else(|| signatures::content_type_of(&bytes).to_owned());
        let (status, scan) = judge(&content_type, &bytes, ctx.now());
        let token = store::new_token()?;
        storage::with_blob(&ctx, vec![bytes], async |brought| {
            let (name, content_type, scan) = (name.to_string(), content_type.clone(), scan.clone());
            let token = token.clone();
            ctx.write(async move |tx| {
                storage::adopt(tx, &brought).await?;
                let row = FileRow {
                    organization_id: tx.space(),
                    id: tx.new_id(),
                    name: name.clone(),
                    content_type: content_type.clone(),
                    size: brought.size,
                    received_size: brought.size,
                    sha256: Some(brought.sha256.clone()),
                    status,
                    token: token.clone(),
                    expires_at,
                    scan: Json(scan.clone()),
                    contact_id: tx.ctx().caller()?.contact,
                    created_at: tx.now(),
                    updated_at: tx.now(),
                };
                let file = store::insert(tx, row).await?;
                tx.emit("file.created", &file)?;
                Ok(file)
            })
            .await
        })
        .await
    }
}

/// A content type that another server has sent, in the form in which we keep them; `None` if it is in none.
fn media_type(text: String) -> Option<String> {
    serde_json::from_value::<MediaType>(text.into()).ok().map(|media_type| media_type.to_string())
}
