//! `GET /f/<token>`: the bytes of a file, for whoever has its token.
//!
//! What people have sent is not to be trusted in a browser: only what it merely shows is shown, nothing runs, nothing is taken for
//! something else than it says it is.

use std::fmt::Write;
use std::ops::Range;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use super::respond;
use super::server::Server;
use crate::method::Result;
use crate::resources::inbox::files::public::Public;

/// How long a browser may keep a file, in seconds; the address may stop to work any time.
const MAX_AGE: i64 = 3600;

/// The file that this token opens.
pub(super) async fn file(server: &Server, http: &HttpRequest, token: &str) -> Result<HttpResponse> {
    let app = &server.app;
    let file = Public::find(app, token).await?;
    let etag = format!("\"{}\"", file.sha256);
    let size = file.size();
    if respond::has(http, &etag) || text_of(http, "if-none-match").is_some_and(|etags| etags.trim() == "*") {
        let mut response = HttpResponse::NotModified();
        describe(&mut response, &file, &etag, app.now().seconds());
        return Ok(response.finish());
    }
    let (status, range) = match wanted(http, &etag, size) {
        Wanted::Whole => (StatusCode::OK, 0..size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Nothing => {
            let mut response = HttpResponse::RangeNotSatisfiable();
            response.insert_header((header::CONTENT_RANGE, format!("bytes */{size}")));
            return Ok(response.finish());
        }
    };
    let mut response = HttpResponse::build(status);
    describe(&mut response, &file, &etag, app.now().seconds());
    response.insert_header((header::CONTENT_TYPE, label(&file.row.content_type)));
    response.insert_header((header::CONTENT_DISPOSITION, disposition(file.is_shown(), &file.row.name)));
    if status == StatusCode::PARTIAL_CONTENT {
        let last = range.end.saturating_sub(1);
        response.insert_header((header::CONTENT_RANGE, format!("bytes {}-{last}/{size}", range.start)));
    }
    let length = range.end - range.start;
    // Whoever asks with HEAD is told the length of what GET would bring, and the store is not asked for it.
    let range = if http.method() == actix_web::http::Method::HEAD { 0..0 } else { range };
    let stream = file.stream(app, range).await?;
    Ok(response.body(SizedStream::new(length, stream)))
}

fn describe(response: &mut HttpResponseBuilder, file: &Public, etag: &str, now: i64) {
    let left = file.row.expires_at.map_or(MAX_AGE, |end| (end.seconds() - now).clamp(0, MAX_AGE));
    let policy = match file.row.content_type.as_str() {
        // Browsers show PDF documents with a part of their own, which they refuse to start in a sandbox.
        "application/pdf" => "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'",
        _ => "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
    };
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CACHE_CONTROL, format!("private, max-age={left}")))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        // Mails and pages elsewhere show pictures from here.
        .insert_header(("cross-origin-resource-policy", "cross-origin"));
}

/// The content type; text without a word about its letters is taken for UTF-8.
fn label(content_type: &str) -> HeaderValue {
    let label = if content_type == "text/plain" { "text/plain; charset=utf-8" } else { content_type };
    HeaderValue::from_str(label).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// How and under which name to take the file (RFC 6266): one name for everybody, and the real one for who reads RFC 8187.
fn disposition(is_shown: bool, name: &str) -> String {
    let kind = if is_shown { "inline" } else { "attachment" };
    let plain: String = name
        .chars()
        .map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '/' | '%') { c } else { '_' })
        .collect();
    let mut header = format!("{kind}; filename=\"{plain}\"");
    if plain != name {
        header.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => header.push(char::from(byte)),
                other => drop(write!(header, "%{other:02X}")),
            }
        }
    }
    header
}

/// Which part of a file is asked for.
#[derive(Debug, PartialEq)]
enum Wanted {
    Whole,
    Part(Range<u64>),
    Nothing,
}

fn wanted(http: &HttpRequest, etag: &str, size: u64) -> Wanted {
    // A part of what the client has a part of already, or else the whole (RFC 9110, section 13.1.5). Dates are not kept.
    if text_of(http, "if-range").is_some_and(|known| known.trim() != etag) {
        return Wanted::Whole;
    }
    text_of(http, "range").map_or(Wanted::Whole, |range| part(range, size))
}

/// The part that a `Range` header names. What it does not understand it ignores, and so are several parts at once (RFC 9110, section
/// 14.2).
fn part(range: &str, size: u64) -> Wanted {
    let spec = range.trim().strip_prefix("bytes=").and_then(|spec| spec.trim().split_once('-'));
    let Some((first, last)) = spec else { return Wanted::Whole };
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let range = match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() => first..size,
        (Some(first), Some(last)) if first <= last => first..size.min(last.saturating_add(1)),
        (None, Some(length)) if first.is_empty() => size.saturating_sub(length)..size,
        _ => return Wanted::Whole,
    };
    if range.start < range.end { Wanted::Part(range) } else { Wanted::Nothing }
}

fn text_of<'a>(http: &'a HttpRequest, name: &str) -> Option<&'a str> {
    http.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_as_the_standard_says() {
        let cases = [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=2-", Wanted::Part(2..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=5-500", Wanted::Part(5..10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=4-3", Wanted::Whole),
            ("bytes=0-1,4-5", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("bytes=", Wanted::Whole),
            ("bytes=99999999999999999999-", Wanted::Whole),
        ];
        for (range, expected) in cases {
            assert_eq!(part(range, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Wanted::Nothing);
    }

    #[test]
    fn names_are_told_to_everybody() {
        assert_eq!(disposition(true, "a b.png"), "inline; filename=\"a b.png\"");
        assert_eq!(
            disposition(false, "Größe \"1\".txt"),
            "attachment; filename=\"Gr__e _1_.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%221%22.txt"
        );
        assert_eq!(
            disposition(false, "a\r\nX: y"),
            "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"
        );
    }
}
