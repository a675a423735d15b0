//! Attachments on their way: small ones in one call, larger ones in chunks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Result;
use super::api::{Api, refused};
use super::mail::Attached;

/// How many files a message takes.
const MOST_FILES: usize = 20;
/// How many bytes go in one call.
const INLINE: usize = 8 << 20;
/// How many bytes a chunk has.
const CHUNK: usize = 4 << 20;

/// Files that were stored.
#[derive(Default)]
pub struct Files {
    /// Their ids.
    pub ids: Vec<String>,
    /// What could not be stored.
    pub left_out: Vec<String>,
}

/// Stores the attachments of a mail.
pub async fn all(api: &Api, attachments: &[Attached]) -> Result<Files> {
    let mut files = Files::default();
    for (index, file) in attachments.iter().enumerate() {
        if index >= MOST_FILES {
            files.left_out.push(format!("{} is one attachment too many", file.name));
            continue;
        }
        match store(api, file).await {
            Ok(id) => files.ids.push(id),
            Err(error) if refused(&error).is_some() => files.left_out.push(format!("{}: {error}", file.name)),
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

async fn store(api: &Api, file: &Attached) -> Result<String> {
    let about = json!({ "name": file.name, "content_type": file.content_type });
    if file.bytes.len() <= INLINE {
        let mut args = about;
        args["content_base64"] = json!(STANDARD.encode(&file.bytes));
        return id(&api.call("files.create", &args).await?);
    }
    let mut args = about;
    args["size"] = json!(file.bytes.len());
    args["sha256"] = json!(Sha256::digest(&file.bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let upload = id(&api.call("files.createUpload", &args).await?)?;
    for (index, chunk) in file.bytes.chunks(CHUNK).enumerate() {
        let args = json!({ "id": upload, "offset": index * CHUNK, "content_base64": STANDARD.encode(chunk) });
        api.call("files.appendChunk", &args).await?;
    }
    id(&api.call("files.completeUpload", &json!({ "id": upload })).await?)
}

fn id(file: &serde_json::Value) -> Result<String> {
    Ok(file["id"].as_str().ok_or("the server answered a file without an id")?.to_owned())
}
