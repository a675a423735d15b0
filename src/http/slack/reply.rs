//! What Slack's SDKs get back: one object with `ok`, whatever happened.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use crate::http::respond;
use crate::method::{Answer, Code, Deprecation, Described, Error};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The answer of a method: its fields beside `ok` (R3).
pub(super) fn answer(http: &HttpRequest, method: &Described, answer: Answer) -> HttpResponse {
    let Answer { body, version, next_cursor, rehearsed_error, original_request_id, .. } = answer;
    let mut text = match rehearsed_error {
        Some(error) => format!(r#"{{"ok":false,"error":{}"#, Value::String(error)).into_bytes(),
        None => br#"{"ok":true"#.to_vec(),
    };
    // Both ends of the result are cut off: its fields go between what is ours.
    let fields = body.as_deref().and_then(|body| body.strip_prefix(b"{")?.strip_suffix(b"}"));
    if let Some(fields) = fields.filter(|fields| !fields.is_empty()) {
        text.reserve(fields.len() + 256);
        text.push(b',');
        text.extend_from_slice(fields);
    }
    let metadata = metadata(method, next_cursor);
    if !metadata.is_empty() {
        if let Some(warnings) = metadata.get("warnings").and_then(|warnings| warnings.get(0)) {
            text.extend_from_slice(format!(r#","warning":{warnings}"#).as_bytes());
        }
        text.extend_from_slice(format!(r#","response_metadata":{}"#, Value::Object(metadata)).as_bytes());
    }
    text.push(b'}');
    let mut response = respond::text(http, StatusCode::OK, JSON, text);
    respond::version_headers(&mut response, version, original_request_id.as_deref());
    response
}

/// What stands beside the result: where the next page begins (R4), and whether the method is on its way out (R13).
fn metadata(method: &Described, next_cursor: Option<String>) -> Map<String, Value> {
    let mut metadata = Map::new();
    if let Some(cursor) = next_cursor {
        metadata.insert("next_cursor".into(), cursor.into());
    }
    if let Some(deprecation) = &method.entry.deprecated {
        metadata.insert("warnings".into(), json!(["method_deprecated"]));
        metadata.insert("messages".into(), json!([deprecated(method.name(), deprecation)]));
    }
    metadata
}

fn deprecated(name: &str, Deprecation { sunset, successor, .. }: &Deprecation) -> String {
    let stops = jiff::Timestamp::from_second(*sunset).map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
    format!("[WARN] {name} is deprecated, use {successor}; it stops on {stops}")
}

/// An error (R2, R10, R12, R14).
pub(super) fn refuse(http: &HttpRequest, method: Option<&Described>, error: &Error) -> HttpResponse {
    let mut body = Map::new();
    body.insert("ok".into(), false.into());
    body.insert("error".into(), error.code().as_str().into());
    if error.code() == Code::UnknownMethod {
        let name: String = http.path().trim_start_matches("/api/").chars().take(100).collect();
        body.insert("req_method".into(), name.into());
    }
    // No more than these three: the Go SDK takes an entry of any other shape for a broken answer.
    let told: Vec<Value> = error
        .fields()
        .iter()
        .map(|field| json!({ "pointer": field.pointer, "message": field.message, "code": field.code }))
        .collect();
    if !told.is_empty() {
        body.insert("errors".into(), told.into());
    }
    for (name, value) in error.details() {
        body.insert(name.clone(), value.clone());
    }
    let mut messages: Vec<String> = error
        .fields()
        .iter()
        .map(|field| format!("[ERROR] {} [json-pointer:{}]", field.message, field.pointer))
        .collect();
    if messages.is_empty() {
        messages.push(format!("[ERROR] {}", error.message()));
    }
    if let Some((name, deprecation)) = method.and_then(|method| Some((method.name(), method.entry.deprecated?))) {
        body.insert("warning".into(), "method_deprecated".into());
        messages.push(deprecated(name, &deprecation));
    }
    body.insert("response_metadata".into(), json!({ "messages": messages }));
    let text = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = respond::text(http, status(error), JSON, text);
    if let Some(seconds) = error.retry_after_seconds() {
        respond::set(&mut response, "retry-after", &seconds.to_string());
    }
    response
}

/// 200, unless the SDK is to send the same again (R1): it does so up to ten times, without an idempotency key, so that must be
/// harmless (R16).
fn status(error: &Error) -> StatusCode {
    match error.status() {
        429 => StatusCode::TOO_MANY_REQUESTS,
        500 => StatusCode::INTERNAL_SERVER_ERROR,
        503 | 504 if !error.is_in_doubt() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    }
}
