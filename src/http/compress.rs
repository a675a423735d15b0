//! Compresses answers that are worth it.

use std::io::Write;

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_ENCODING;

/// From how many bytes on an answer is compressed.
const WORTHWHILE: usize = 1024;

/// The encodings we write, best first for answers of this size.
pub(super) const ENCODINGS: [&str; 3] = ["zstd", "br", "gzip"];

/// The answer compressed as the client likes it, and the name of the encoding; `None` to send it as it is.
pub(super) fn compress(request: &HttpRequest, body: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let encoding = encoding(request, body.len())?;
    Some((encoding, encode(encoding, body)?))
}

/// How the client likes a body of this size to be compressed; `None` for not at all.
pub(super) fn encoding(request: &HttpRequest, size: usize) -> Option<&'static str> {
    if size < WORTHWHILE {
        return None;
    }
    choose(request.headers().get(ACCEPT_ENCODING)?.to_str().ok()?)
}

/// The body in one of [`ENCODINGS`].
pub(super) fn encode(encoding: &str, body: &[u8]) -> Option<Vec<u8>> {
    match encoding {
        "zstd" => zstd::bulk::compress(body, 3).ok(),
        "br" => {
            let mut out = brotli::CompressorWriter::new(Vec::new(), 16 * 1024, 4, 20);
            out.write_all(body).ok()?;
            Some(out.into_inner())
        }
        _ => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(body).ok()?;
            out.finish().ok()
        }
    }
}

/// The best of our encodings that `Accept-Encoding` allows (RFC 9110, section 12.5.3).
fn choose(accepted: &str) -> Option<&'static str> {
    let weight = |wanted: &str| {
        accepted.split(',').find_map(|part| {
            let mut pieces = part.split(';').map(str::trim);
            let name = pieces.next()?;
            let weight = pieces.find_map(|piece| piece.strip_prefix("q=")?.trim().parse::<f32>().ok()).unwrap_or(1.0);
            name.eq_ignore_ascii_case(wanted).then_some(weight)
        })
    };
    let mut best: Option<(&'static str, f32)> = None;
    for encoding in ENCODINGS {
        let weight = weight(encoding).or_else(|| weight("*")).unwrap_or(0.0);
        if weight > best.map_or(0.0, |(_, weight)| weight) {
            best = Some((encoding, weight));
        }
    }
    best.map(|(encoding, _)| encoding)
}

#[cfg(test)]
mod tests {
    use super::choose;

    #[test]
    fn the_client_chooses() {
        assert_eq!(choose("gzip, deflate"), Some("gzip"));
        assert_eq!(choose("gzip, deflate, br, zstd"), Some("zstd"));
        assert_eq!(choose("gzip;q=1.0, br;q=0.5"), Some("gzip"));
        assert_eq!(choose("zstd;q=0, *"), Some("br"));
        assert_eq!(choose("identity"), None);
        assert_eq!(choose(""), None);
    }
}
