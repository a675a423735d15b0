//! Headers that a webhook sends along: anything that is not the server's own, and that does not change how the request is read.

use std::collections::BTreeMap;

use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::model::HIDDEN;
use crate::method::FieldError;

/// How many a webhook may have.
const MOST: usize = 20;
/// How long a value may be.
const LONGEST: usize = 1000;

/// Headers that say how the request is to be read or carried (RFC 9110, RFC 9112), or that the server sets itself.
const OURS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];
/// Beginnings of such headers.
const OUR_FAMILIES: &[&str] = &["webhook-", "svix-", "proxy-", "sec-", "x-forwarded-"];

/// Puts what was sent among the headers that are there: null takes one away, and one that comes back as it is shown stays. Answers what
/// is wrong with it.
pub fn merge(headers: &mut BTreeMap<String, String>, sent: &Map<String, Value>) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    for (name, value) in sent {
        let pointer = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
        let mut refuse = |code: &str, why: &str| wrong.push(FieldError::new(&pointer, code, why));
        let lower = name.to_ascii_lowercase();
        if HeaderName::from_bytes(lower.as_bytes()).is_err() || lower.len() > 100 {
            refuse("pattern", "expected the name of a header such as X-Api-Key");
            continue;
        }
        if OURS.contains(&lower.as_str()) || OUR_FAMILIES.iter().any(|family| lower.starts_with(family)) {
            refuse("not_allowed", "this header is set by the server, or says how the request is to be read");
            continue;
        }
        match value {
            Value::Null => {
                headers.remove(&lower);
            }
            Value::String(text) if text == HIDDEN && headers.contains_key(&lower) => {}
            Value::String(text) if text.len() > LONGEST => {
                refuse("too_long", &format!("longer than {LONGEST} characters"))
            }
            Value::String(text) if is_value(text) => {
                headers.insert(lower, text.clone());
            }
            Value::String(_) => refuse("pattern", "expected visible ASCII characters and spaces"),
            _ => refuse("wrong_type", "expected text"),
        }
    }
    if headers.len() > MOST {
        wrong.push(FieldError::new("/headers", "too_long", format!("more than {MOST} headers")));
    }
    wrong
}

fn is_value(text: &str) -> bool {
    !text.is_empty()
        && text == text.trim()
        && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        && HeaderValue::from_str(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn codes(headers: &mut BTreeMap<String, String>, sent: Value) -> Vec<(String, String)> {
        let wrong = merge(headers, sent.as_object().unwrap());
        wrong.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn headers_are_set_kept_and_taken_away() {
        let mut headers = BTreeMap::new();
        assert_eq!(codes(&mut headers, json!({ "X-Api-Key": "a b", "Authorization": "Bearer x" })), []);
        assert_eq!(codes(&mut headers, json!({ "x-api-key": HIDDEN, "AUTHORIZATION": null })), []);
        assert_eq!(headers, BTreeMap::from([("x-api-key".to_owned(), "a b".to_owned())]));
    }

    #[test]
    fn what_is_the_servers_own_is_refused() {
        for name in
            ["Host", "content-type", "Webhook-Id", "webhook-signature", "Transfer-Encoding", "Proxy-Authorization"]
        {
            let refused = codes(&mut BTreeMap::new(), json!({ name: "x" }));
            assert_eq!(refused, [(format!("/headers/{name}"), "not_allowed".to_owned())]);
        }
        for (name, value, code) in [
            ("a b", json!("x"), "pattern"),
            ("", json!("x"), "pattern"),
            ("x-a", json!("a\r\nhost: b"), "pattern"),
            ("x-a", json!(""), "pattern"),
            ("x-a", json!("ü"), "pattern"),
            ("x-a", json!(1), "wrong_type"),
            ("x-a", json!("x".repeat(1001)), "too_long"),
        ] {
            assert_eq!(codes(&mut BTreeMap::new(), json!({ name: value }))[0].1, code, "{name} {value}");
        }
        let many: Map<String, Value> = (0..21).map(|n| (format!("x-{n}"), json!("v"))).collect();
        assert_eq!(codes(&mut BTreeMap::new(), Value::Object(many))[0].1, "too_long");
    }
}
