//! Writes answers and errors, in the format that the client asked for.

use std::convert::Infallible;

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{StatusCode, header::ACCEPT};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::compress::compress;
use crate::access::limits::{Standing, WINDOW_SECONDS};
use crate::db::Timestamp;
use crate::method::{Answer, ByteStream, Caller, Code, Deprecation, Described, Error, ErrorType};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// How the client wants its answers.
#[derive(Clone, Copy, Default)]
pub(super) struct Wants {
    problem: bool,
    indent: bool,
}

impl Wants {
    pub fn of(request: &HttpRequest) -> Self {
        let Some(accept) = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()) else {
            return Self::default();
        };
        Self {
            problem: accept.contains("application/problem+json"),
            indent: accept.contains("application/json") && accept.contains("indent="),
        }
    }
}

/// The answer of a method. What is the same for everybody (`cacheable`) has an `ETag` made of its bytes, and is not sent to
/// those who have it.
pub(super) fn answer(request: &HttpRequest, wants: Wants, answer: Answer, cacheable: bool) -> HttpResponse {
    let Answer { body, stream, version, accepted, original_request_id, .. } = answer;
    if let Some(stream) = stream {
        return events(stream);
    }
    if let Some(body) = body.as_deref().filter(|_| cacheable) {
        let etag = etag_of(body);
        let mut response = match has(request, &etag) {
            true => HttpResponse::NotModified().finish(),
            false => json(request, wants, StatusCode::OK, JSON, body.to_vec()),
        };
        set(&mut response, "etag", &etag);
        return response;
    }
    let mut response = match body {
        None => HttpResponse::NoContent().finish(),
        Some(body) if accepted => json(request, wants, StatusCode::ACCEPTED, JSON, body),
        Some(body) => json(request, wants, StatusCode::OK, JSON, body),
    };
    version_headers(&mut response, version, original_request_id.as_deref());
    response
}

/// The version of the object that is answered; and which request did the work, if this is its answer over again.
pub(super) fn version_headers(response: &mut HttpResponse, version: Option<i64>, original: Option<&str>) {
    if let Some(version) = version {
        set(response, "etag", &format!("\"{version}\""));
    }
    if let Some(original) = original {
        set(response, "idempotent-replayed", "true");
        set(response, "original-request-id", original);
    }
}

/// Server-sent events, to be passed on by every proxy as they come.
fn events(stream: ByteStream) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream.map(|piece| Ok::<_, Infallible>(piece.into())))
}

/// An error, with the headers that belong to it.
pub(super) fn error(
    request: &HttpRequest,
    wants: Wants,
    request_id: &str,
    base_url: &str,
    error: &Error,
) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (label, body) = match wants.problem {
        true => (PROBLEM, problem_body(error, request_id, base_url)),
        false => (JSON, json!({ "error": error.body(request_id, base_url) })),
    };
    let mut response = json(request, wants, status, label, serde_json::to_vec(&body).unwrap_or_default());
    if let Some(seconds) = error.retry_after_seconds() {
        set(&mut response, "retry-after", &seconds.to_string());
    }
    match error.code() {
        Code::NotAuthed => set(&mut response, "www-authenticate", "Bearer realm=\"api\""),
        _ if error.error_type() == ErrorType::Authentication => {
            set(&mut response, "www-authenticate", "Bearer realm=\"api\", error=\"invalid_token\"");
        }
        Code::MissingScope => {
            let needed = error.details().get("needed").and_then(Value::as_str).unwrap_or_default();
            let challenge = format!("Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"{needed}\"");
            set(&mut response, "www-authenticate", &challenge);
        }
        Code::MethodNotAllowed => set(&mut response, "allow", "POST, OPTIONS"),
        _ => {}
    }
    response
}

/// The error as a problem document (RFC 9457).
fn problem_body(error: &Error, request_id: &str, base_url: &str) -> Value {
    let code = error.code().as_str();
    let mut title = code.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let mut body = json!({
        "type": error.doc_url(base_url),
        "title": title,
        "status": error.status(),
        "detail": error.message(),
        "instance": format!("urn:request:{request_id}"),
        "code": code,
    });
    if !error.fields().is_empty() {
        let errors: Vec<Value> = error
            .fields()
            .iter()
            .map(|field| {
                let pointer = format!("#{}", encode_fragment(&field.pointer));
                json!({ "pointer": pointer, "detail": field.message, "code": field.code })
            })
            .collect();
        body["errors"] = errors.into();
    }
    for (name, value) in error.details() {
        body[name.as_str()] = value.clone();
    }
    body
}

/// A JSON pointer as a URI fragment (RFC 6901, section 6).
fn encode_fragment(pointer: &str) -> String {
    let mut encoded = String::with_capacity(pointer.len());
    for byte in pointer.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b'!'
            | b'$'
            | b'&'
            | b'\''
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b';'
            | b'='
            | b':'
            | b'@'
            | b'?' => encoded.push(char::from(byte)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// A body of JSON, pretty or compressed if that is wanted.
pub(super) fn json(
    request: &HttpRequest,
    wants: Wants,
    status: StatusCode,
    label: HeaderValue,
    mut body: Vec<u8>,
) -> HttpResponse {
    if wants.indent
        && let Ok(value) = serde_json::from_slice::<Value>(&body)
        && let Ok(pretty) = serde_json::to_vec_pretty(&value)
    {
        body = pretty;
    }
    text(request, status, label, body)
}

/// A body of any type, compressed if that is wanted.
pub(super) fn text(request: &HttpRequest, status: StatusCode, label: HeaderValue, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CONTENT_TYPE, label));
    if body.len() >= 1024 {
        response.insert_header((header::VARY, HeaderValue::from_static("Accept-Encoding")));
    }
    match compress(request, &body) {
        None => response.body(body),
        Some((encoding, compressed)) => {
            response.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static(encoding)));
            response.body(compressed)
        }
    }
}

/// Where the caller stands with the rate limits, in both header families.
pub(super) fn rate_headers(response: &mut HttpResponse, standing: &Standing, now: Timestamp) {
    let Standing { policy, quota, remaining, reset } = standing;
    let name = policy.as_str();
    set(response, "ratelimit-policy", &format!("\"{name}\";q={quota};w={WINDOW_SECONDS}"));
    set(response, "ratelimit", &format!("\"{name}\";r={remaining};t={reset}"));
    set(response, "x-ratelimit-limit", &quota.to_string());
    set(response, "x-ratelimit-remaining", &remaining.to_string());
    set(response, "x-ratelimit-reset", &(now.seconds() + i64::from(*reset)).to_string());
    set(response, "x-ratelimit-resource", name);
}

/// What a refused scope looks like in the headers that GitHub and Slack clients read.
pub(super) fn scope_headers(response: &mut HttpResponse, caller: &Caller, needed: &str) {
    set(response, "x-oauth-scopes", &caller.scopes.words().join(","));
    set(response, "x-accepted-oauth-scopes", needed);
}

/// A method on its way out says so (RFC 9745, RFC 8594).
pub(super) fn deprecation_headers(response: &mut HttpResponse, method: &Described, deprecation: &Deprecation) {
    let Deprecation { since, sunset, successor } = deprecation;
    set(response, "deprecation", &format!("@{since}"));
    if let Ok(at) = jiff::Timestamp::from_second(*sunset) {
        set(response, "sunset", &at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    }
    let anchor = method.name().replace('.', "-");
    set(
        response,
        "link",
        &format!(
            "</docs/changes#{anchor}>; rel=\"deprecation\", </docs/methods#{successor}>; rel=\"successor-version\""
        ),
    );
}

/// An `ETag` made of a body's bytes.
pub(super) fn etag_of(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// Whether the client has what this `ETag` stands for already.
pub(super) fn has(request: &HttpRequest, etag: &str) -> bool {
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|etags| etags.to_str().ok());
    known.is_some_and(|etags| etags.split(',').any(|known| known.trim().trim_start_matches("W/") == etag))
}

/// Sets a header; what cannot stand in a header is left out.
pub(super) fn set(response: &mut HttpResponse, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(header::HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::Registry;

    #[test]
    fn a_method_on_its_way_out_says_when_and_what_instead() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/vectors/wire-headers.json")).unwrap();
        let registry = Registry::new(crate::api::TABLES);
        let mut response = HttpResponse::Ok().finish();
        let deprecation = Deprecation { since: 1_688_169_599, sunset: 1_719_791_999, successor: "teams.list" };
        deprecation_headers(&mut response, registry.find("teams.info").unwrap(), &deprecation);
        let header = |name| response.headers().get(name).unwrap().to_str().unwrap();
        let told = |name: &str, value: &str| format!("{name}: {value}");
        assert_eq!(told("Deprecation", header("deprecation")), vectors["deprecation"]["raw"]);
        assert_eq!(told("Sunset", header("sunset")), vectors["deprecation"]["sunset"]);
        assert_eq!(
            header("link"),
            "</docs/changes#teams-info>; rel=\"deprecation\", </docs/methods#teams.list>; rel=\"successor-version\""
        );
    }

    #[test]
    fn pointers_become_fragments() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/vectors/wire-json-pointer.json")).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let fragment = format!("#{}", encode_fragment(case["pointer"].as_str().unwrap()));
            assert_eq!(fragment, case["uri_fragment"].as_str().unwrap());
        }
    }
}
