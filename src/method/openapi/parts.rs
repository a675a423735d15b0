//! What every operation has: errors, headers, security.

use serde_json::{Map, Value, json};

use crate::method::API_VERSION;
use crate::method::codes::{Code, ErrorType};

pub(super) fn info() -> Value {
    json!({
        "title": "dotdesk",
        "summary": "A support desk and CRM you drive by API.",
        "description": "Every operation is `POST /<resource>.<method>` with a JSON object as its body. Unknown fields are refused in \
            requests, and may appear in answers at any time. Switch on `error.type`; retry `rate_limit` and `server` errors with the \
            same `Idempotency-Key`.",
        "version": API_VERSION,
        "license": { "name": "MIT", "identifier": "MIT" },
    })
}

pub(super) fn security() -> Value {
    json!([{ "bearer": [] }, { "basic": [] }, { "apiKey": [] }])
}

pub(super) fn security_schemes() -> Value {
    json!({
        "bearer": { "type": "http", "scheme": "bearer", "description": "An API key, the access token of a login, or, where `x-for-contacts` says so, a contact's token." },
        "basic": { "type": "http", "scheme": "basic", "description": "The token as user name, with an empty password: `curl -u $TOKEN:`." },
        "apiKey": { "type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "For tools that can only set a header." },
    })
}

/// Visible ASCII characters; a quotation mark in front would be the beginning of a structured field.
const KEY: &str = "^[!#-~][!-~]*$";

pub(super) fn idempotency_key() -> Value {
    json!({
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": 255,
        "pattern": KEY,
        "description": "The same as the header `Idempotency-Key`, for clients that cannot set headers.",
    })
}

pub(super) fn if_version() -> Value {
    json!({
        "type": ["integer", "null"],
        "format": "int64",
        "minimum": 1,
        "description": "Do it only while the object has this version; otherwise the answer is `version_conflict`.",
    })
}

pub(super) fn dry_run() -> Value {
    json!({
        "type": ["boolean", "null"],
        "default": false,
        "description": "Answer what would be, and change nothing.",
    })
}

pub(super) fn parameters() -> Value {
    json!({
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Makes a retry safe: a second call with the same key and arguments changes nothing and gets the first \
                one's answer. Kept for 24 hours.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": KEY },
        },
        "IfMatch": {
            "name": "If-Match",
            "in": "header",
            "description": "Do it only while the object has the version of this `ETag`; otherwise the status is 412.",
            "schema": { "type": "string", "pattern": "^((W/)?\"?[0-9]{1,18}\"?|[*])$" },
            "example": "\"7\"",
        },
    })
}

/// Headers of answers: name, type, what it tells.
const HEADERS: &[(&str, &str, &str)] = &[
    ("X-Request-Id", "string", "Names this request in logs and events."),
    ("ETag", "string", "The version of the object, in quotes."),
    ("RateLimit-Policy", "string", "The rate limit that the call counts against, such as `\"write\";q=600;w=60`."),
    ("RateLimit", "string", "What is left of it, such as `\"write\";r=598;t=1`."),
    ("Retry-After", "integer", "After how many seconds to try again."),
    (
        "Idempotent-Replayed",
        "string",
        "`true` when this is the answer of an earlier call with the same `Idempotency-Key`.",
    ),
    ("Original-Request-Id", "string", "The request that did the work, when this is its answer over again."),
];

pub(super) fn headers() -> Value {
    let header = |(name, kind, text): &(&str, &str, &str)| {
        ((*name).to_owned(), json!({ "description": text, "schema": { "type": kind } }))
    };
    Value::Object(HEADERS.iter().map(header).collect())
}

pub(super) fn refer_to_headers(names: &[&str]) -> Value {
    let refer = |name: &&str| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
    Value::Object(names.iter().map(refer).collect())
}

pub(super) fn responses() -> Value {
    json!({
        "Error": {
            "description": "It did not work; `error.code` says why. The operation's `x-error-codes` lists the codes it may answer.",
            "headers": refer_to_headers(&["X-Request-Id", "Retry-After"]),
            "content": {
                "application/json": { "schema": { "$ref": "#/components/schemas/Error" } },
                "application/problem+json": { "schema": { "$ref": "#/components/schemas/ProblemDetails" } },
            },
        },
    })
}

/// The schemas of errors, in our form and in that of RFC 9457.
pub(super) fn error_schemas(field_error: Value) -> Map<String, Value> {
    let mut types: Vec<&str> = Vec::new();
    for word in Code::ALL.iter().map(|code| code.error_type().as_str()).chain([ErrorType::Precondition.as_str()]) {
        if !types.contains(&word) {
            types.push(word);
        }
    }
    let codes: Map<String, Value> = Code::ALL
        .iter()
        .map(|code| {
            let about =
                json!({ "type": code.error_type().as_str(), "status": code.status(), "meaning": code.meaning() });
            (code.as_str().to_owned(), about)
        })
        .collect();
    let code = json!({ "type": "string", "description": "What exactly went wrong; never renamed, new ones may appear.", "x-codes": codes });
    let errors = json!({ "type": "array", "items": field_error, "description": "Every argument that is wrong, with `invalid_arguments`." });
    let schemas = json!({
        "Error": {
            "type": "object",
            "required": ["error"],
            "properties": { "error": { "$ref": "#/components/schemas/ErrorBody" } },
        },
        "ErrorBody": {
            "type": "object",
            "description": "What went wrong. Codes may bring fields of their own.",
            "required": ["type", "code", "message", "request_id"],
            "properties": {
                "type": { "type": "string", "enum": types, "description": "What kind of thing went wrong; the list is closed: switch on this." },
                "code": code,
                "message": { "type": "string", "description": "The same in words, for people." },
                "errors": errors,
                "suggestions": { "type": "array", "items": { "type": "string" }, "description": "The nearest names, with `unknown_method`." },
                "needed": { "type": "string", "description": "The scope that is missing, with `missing_scope`." },
                "provided": { "type": "string", "description": "The scopes of the token, with `missing_scope`." },
                "current_version": { "type": "integer", "format": "int64", "description": "The object's version, with `version_conflict`." },
                "current": { "type": "object", "description": "The object as it is now, with `version_conflict`." },
                "retry_after": { "type": "integer", "description": "After how many seconds to try again." },
                "policy": { "type": "string", "description": "The rate limit that is used up, with `ratelimited`." },
                "line": { "type": "integer", "description": "Where the body stops being JSON, with `invalid_json`." },
                "column": { "type": "integer", "description": "Where the body stops being JSON, with `invalid_json`." },
                "limit_bytes": { "type": "integer", "description": "How much is allowed, with `request_too_large`." },
                "doc_url": { "type": "string", "description": "Where more is to be read." },
                "request_id": { "type": "string", "description": "Names this request in our logs." },
            },
        },
        "ProblemDetails": {
            "type": "object",
            "description": "The same as RFC 9457 has it, for clients that accept `application/problem+json`.",
            "required": ["type", "title", "status", "detail", "instance", "code"],
            "properties": {
                "type": { "type": "string", "description": "Where more is to be read." },
                "title": { "type": "string", "description": "The code in words." },
                "status": { "type": "integer", "description": "The status of the answer." },
                "detail": { "type": "string", "description": "What went wrong, in words." },
                "instance": { "type": "string", "description": "Names this request in our logs." },
                "code": { "type": "string", "description": "What exactly went wrong." },
                "errors": {
                    "type": "array",
                    "description": "Every argument that is wrong.",
                    "items": {
                        "type": "object",
                        "required": ["pointer", "detail", "code"],
                        "properties": {
                            "pointer": { "type": "string", "description": "Where in the body, as a JSON pointer in a fragment." },
                            "detail": { "type": "string", "description": "What is wrong, in words." },
                            "code": { "type": "string", "description": "What is wrong." },
                        },
                    },
                },
            },
        },
    });
    match schemas {
        Value::Object(schemas) => schemas,
        _ => Map::new(),
    }
}
