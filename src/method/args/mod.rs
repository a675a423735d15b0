//! From the body of a request to the arguments of a method.
//!
//! The fast path is one pass of serde. Only when that fails is the body read again as JSON and compared with the method's schema,
//! so that the answer names every problem at once. The second reading also serves the arguments that every method understands
//! without declaring them (see [`Extras`]).

mod check;
mod integers;
mod javascript;
pub mod strict;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::codes::Code;
use super::described::Described;
use super::error::{Error, FieldError, Result};
use strict::StrictValue;

/// The body of a call, before anything is known of it.
pub enum Input {
    /// JSON as it came.
    Bytes(bytes::Bytes),
    /// A JSON object that was made elsewhere: from a form, a batch, a tool call.
    Object(Map<String, Value>),
}

/// What every method accepts beside its own arguments.
#[derive(Debug, Default)]
pub struct Extras {
    /// `idempotency_key`, for clients that cannot set headers.
    pub idempotency_key: Option<String>,
    /// `if_version`: change the object only while it has this version.
    pub if_version: Option<i64>,
    /// `dry_run`: answer what would be, and change nothing.
    pub dry_run: bool,
    /// Read-only fields that came back with an update; they must be what they are.
    pub echoes: Map<String, Value>,
    /// The request spoke of `page_size`; the answer gets `pagination_data`, as clients of that dialect read it.
    pub wants_pagination_data: bool,
}

/// Reads the arguments of `method`.
pub fn read<A: DeserializeOwned>(method: &Described, input: Input) -> Result<(A, Extras)> {
    let object = match input {
        Input::Object(object) => {
            if !object.iter().any(|(name, value)| name.contains('\0') || has_nul(value))
                && let Ok(args) = A::deserialize(&object)
            {
                return Ok((args, Extras::default()));
            }
            object
        }
        Input::Bytes(bytes) => {
            let text = trimmed(&bytes);
            // An escaped NUL is valid JSON that no database takes; the slow path says so.
            if memchr::memmem::find(text, b"\\u0000").is_none()
                && let Ok(args) = serde_json::from_slice(text)
            {
                return Ok((args, Extras::default()));
            }
            parse(text)?
        }
    };
    check::arguments(method, object)
}

/// Whether a text in the value has a character that no database takes.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A body as a JSON object, or why it is none; an empty one has no arguments.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>> {
    parse(trimmed(bytes))
}

/// A body without its byte order mark; the empty object for an empty one.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.iter().all(u8::is_ascii_whitespace) { b"{}" } else { text }
}

fn parse(text: &[u8]) -> Result<Map<String, Value>> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = <StrictValue as serde::Deserialize>::deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value.0))
        .map_err(|error| invalid_json(text, &error))?;
    match value {
        Value::Object(object) => Ok(object),
        other => Err(Error::new(
            Code::JsonNotObject,
            format!("The body must be a JSON object of arguments, not {}.", check::article(&other)),
        )),
    }
}

fn invalid_json(text: &[u8], error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    let reason = error.to_string();
    let reason = reason.rsplit_once(" at line ").map_or(reason.as_str(), |(reason, _)| reason);
    let reason = match (std::str::from_utf8(text), reason) {
        (Err(_), _) => "not valid UTF-8",
        (_, "key must be a string") => "expected a double-quoted key",
        (_, "EOF while parsing an object" | "EOF while parsing a list" | "EOF while parsing a value") => {
            "the text ends too early"
        }
        (_, reason) => reason,
    };
    let hint = javascript::hint(text).map(|hint| format!(" {hint}")).unwrap_or_default();
    Error::new(Code::InvalidJson, format!("Line {line}, column {column}: {reason}.{hint}"))
        .with("line", line)
        .with("column", column)
}

/// A problem at one place, in the words of the contract.
fn problem(pointer: &str, code: &str, message: String) -> FieldError {
    FieldError::new(pointer, code, message)
}
