//! Reads the body of a request: bounded, decompressed; and for the native door, JSON by its label or by its looks.

use actix_web::HttpRequest;
use actix_web::dev::Decompress;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;

use crate::method::{Code, Error, Result};

/// Reads a body of at most `limit` bytes, counted after decompression.
pub(super) async fn read(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes> {
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(too_large("body", limit));
    }
    match encoding(request)? {
        None => collect(payload, limit).await,
        Some(()) => collect(Decompress::from_headers(payload, request.headers()), limit).await,
    }
}

/// Whether the body is compressed in a way that we read.
fn encoding(request: &HttpRequest) -> Result<Option<()>> {
    let Some(encoding) = request.headers().get(CONTENT_ENCODING) else { return Ok(None) };
    match encoding.to_str().map(str::trim) {
        Ok(name) if name.eq_ignore_ascii_case("identity") => Ok(None),
        Ok(name) if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("zstd") => Ok(Some(())),
        _ => Err(Error::new(Code::UnsupportedMediaType, "Send the body plain, or with Content-Encoding gzip or zstd.")),
    }
}

async fn collect<S, E>(mut stream: S, limit: usize) -> Result<Bytes>
where
    S: futures_util::Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let broken = |error: E| {
        Error::new(Code::InvalidJson, format!("The body could not be read: {error}.")).with("line", 1).with("column", 1)
    };
    let Some(first) = stream.next().await.transpose().map_err(broken)? else { return Ok(Bytes::new()) };
    let mut whole: Option<BytesMut> = None;
    let mut length = first.len();
    while length <= limit {
        match stream.next().await.transpose().map_err(broken)? {
            // Most bodies come in one piece and are not copied.
            None => return Ok(whole.map_or(first, BytesMut::freeze)),
            Some(piece) => {
                length += piece.len();
                whole.get_or_insert_with(|| BytesMut::from(&first[..])).extend_from_slice(&piece);
            }
        }
    }
    Err(too_large("body", limit))
}

/// Takes JSON by its label; and, for scripts that forget the label, what looks like JSON under the labels they send instead: then
/// the answer is true.
pub(super) fn check_label(request: &HttpRequest, bytes: &Bytes) -> Result<bool> {
    let label = request.headers().get(CONTENT_TYPE).and_then(|label| label.to_str().ok()).unwrap_or_default();
    let mut parts = label.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|part| part.to_ascii_lowercase().strip_prefix("charset=").map(str::to_owned));
    let is_json = media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"));
    if is_json {
        let charset = charset.as_deref().map(|charset| charset.trim_matches('"'));
        return match charset {
            None | Some("utf-8" | "utf8" | "us-ascii") => Ok(false),
            Some(_) => Err(Error::new(Code::UnsupportedMediaType, "Send JSON in UTF-8.")),
        };
    }
    let first = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).iter().find(|byte| !byte.is_ascii_whitespace());
    match (first, media.as_str()) {
        (None, _) => Ok(false),
        (Some(b'{'), "" | "text/plain" | "application/x-www-form-urlencoded") => Ok(true),
        _ => Err(Error::new(Code::UnsupportedMediaType, "Send a JSON object with Content-Type: application/json.")),
    }
}

/// The request is larger than we take.
pub(super) fn too_large(part: &str, limit: usize) -> Error {
    Error::new(Code::RequestTooLarge, format!("The {part} may have {limit} bytes.")).with("limit_bytes", limit)
}
