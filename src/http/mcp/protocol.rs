//! JSON-RPC as MCP has it, in its two generations: which one a message is of, and whether it is as that one wants it.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::method::args::strict::StrictValue;

/// The revisions that are spoken. The one without a handshake comes first, because clients take the first they know.
const STATELESS: &str = "2026-07-28";
const HANDSHAKE: [&str; 2] = ["2025-11-25", "2025-06-18"];

const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";
const SERVER_KEY: &str = "io.modelcontextprotocol/serverInfo";

/// The headers that repeat what is in the body, for whatever routes requests without reading them.
const ROUTING: [&str; 3] = ["mcp-protocol-version", "mcp-method", "mcp-name"];

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;
const HEADER_MISMATCH: i32 = -32020;
const UNSUPPORTED_VERSION: i32 = -32022;

/// What an agent is told about this server before it has seen a tool.
const INSTRUCTIONS: &str = "A support desk and CRM. Each tool is one API method: teams_create is teams.create. Lists answer \
     next_cursor; send it as cursor, with the same arguments, until it is null. Times are UTC. methods_search finds any method by \
     what it does, methods_call calls it. Errors name every wrong argument and what was expected.";

/// The generation of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Era {
    /// A session was opened with `initialize`; nothing is kept of it here.
    Handshake,
    /// Every request says everything itself.
    Stateless,
}

/// A message that asks for something.
#[derive(Debug)]
pub(super) struct Asked {
    pub era: Era,
    /// A text or a number, to be sent back as it is.
    pub id: Value,
    pub method: String,
    pub params: Map<String, Value>,
}

/// What came.
#[derive(Debug)]
pub(super) enum Incoming {
    Request(Asked),
    /// A notification, or an answer to a question that was never asked.
    Nothing,
}

/// A message that cannot be answered, and its id as far as it is known.
#[derive(Debug)]
pub(super) struct Refused {
    pub id: Value,
    pub problem: Box<Problem>,
}

/// An error of the protocol. What goes wrong in a method is not one: that is a result, for the model to read.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: i32,
    message: String,
    data: Option<Value>,
}

impl Problem {
    fn new(code: i32, message: impl Into<String>) -> Self {
        let status = if code == METHOD_NOT_FOUND { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
        Self { status, code, message: message.into(), data: None }
    }

    /// The protocol has no such method, or we do not offer it.
    pub fn unknown_method(name: &str) -> Self {
        Self::new(METHOD_NOT_FOUND, format!("Method not found: {}", shown(name)))
    }

    /// The parameters are not what the method takes.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(INVALID_PARAMS, message)
    }

    /// With the status 200, as clients of the older generation expect.
    pub fn in_the_body_only(mut self) -> Self {
        self.status = StatusCode::OK;
        self
    }

    /// The status, and what stands under `error`.
    pub fn told(self) -> (StatusCode, Value) {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(data) = self.data {
            error["data"] = data;
        }
        (self.status, error)
    }
}

/// Reads a message.
pub(super) fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Incoming, Refused> {
    let refused = |id: Value, problem: Problem| Err(Refused { id, problem: Box::new(problem) });
    let message = match serde_json::from_slice::<StrictValue>(bytes) {
        Ok(StrictValue(Value::Object(message))) => message,
        Ok(_) => return refused(Value::Null, Problem::new(INVALID_REQUEST, "Send one JSON-RPC message, an object.")),
        Err(error) => return refused(Value::Null, Problem::new(PARSE_ERROR, format!("Parse error: {error}"))),
    };
    let id = message.get("id").filter(|id| id.is_string() || id.is_i64() || id.is_u64()).cloned();
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return refused(id.unwrap_or_default(), Problem::new(INVALID_REQUEST, "jsonrpc must be \"2.0\"."));
    }
    let Some(method) = message.get("method").and_then(Value::as_str) else {
        let is_answer = message.contains_key("result") || message.contains_key("error");
        return match is_answer {
            true => Ok(Incoming::Nothing),
            false => refused(id.unwrap_or_default(), Problem::new(INVALID_REQUEST, "method must be a text.")),
        };
    };
    let Some(id) = id else {
        return match message.contains_key("id") {
            false => Ok(Incoming::Nothing),
            true => refused(Value::Null, Problem::new(INVALID_REQUEST, "id must be a text or an integer.")),
        };
    };
    let params = match message.get("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) => params.clone(),
        Some(_) => return refused(id, Problem::new(INVALID_PARAMS, "params must be an object.")),
    };
    match era(headers, method, &params) {
        Ok(era) => Ok(Incoming::Request(Asked { era, id, method: method.to_owned(), params })),
        Err(problem) => refused(id, problem),
    }
}

/// The generation of a request; or what is missing for it to be of the one that it says.
fn era(headers: &HeaderMap, method: &str, params: &Map<String, Value>) -> Result<Era, Problem> {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let meta = params.get("_meta").and_then(Value::as_object);
    let claimed = meta.and_then(|meta| meta.get(VERSION_KEY));
    match (header("mcp-protocol-version"), claimed) {
        (None, None) => return Ok(Era::Handshake),
        (Some(version), None) if HANDSHAKE.contains(&version) => return Ok(Era::Handshake),
        // The handshake settles the version, so what the header says is not settled yet.
        (Some(version), None) if method == "initialize" && version != STATELESS => return Ok(Era::Handshake),
        (Some(version), None) if version != STATELESS => return Err(unsupported(version)),
        _ => {}
    }
    let missing: Vec<&str> = [VERSION_KEY, CAPABILITIES_KEY]
        .into_iter()
        .filter(|key| !meta.is_some_and(|meta| meta.contains_key(*key)))
        .collect();
    if !missing.is_empty() {
        return Err(Problem::new(INVALID_PARAMS, format!("params._meta lacks {}.", missing.join(" and "))));
    }
    if let Some(twice) = ROUTING.iter().find(|name| headers.get_all(**name).count() > 1) {
        return Err(Problem::new(HEADER_MISMATCH, format!("The header {twice} was sent twice.")));
    }
    let same = |name: &str, value: Option<&str>| match (header(name).and_then(decoded), value) {
        (Some(header), Some(value)) if header == value => Ok(()),
        _ => Err(Problem::new(HEADER_MISMATCH, format!("The header {name} is not what the body says."))),
    };
    let version = claimed.and_then(Value::as_str);
    same("mcp-protocol-version", version)?;
    same("mcp-method", Some(method))?;
    if method == "tools/call"
        && let Some(name) = params.get("name")
    {
        same("mcp-name", name.as_str())?;
    }
    match version {
        Some(STATELESS) => Ok(Era::Stateless),
        other => Err(unsupported(other.unwrap_or_default())),
    }
}

/// A header's value; what does not fit a header is sent as `=?base64?…?=`.
fn decoded(value: &str) -> Option<String> {
    match value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        Some(coded) => STANDARD.decode(coded).ok().and_then(|bytes| String::from_utf8(bytes).ok()),
        None => Some(value.to_owned()),
    }
}

fn unsupported(requested: &str) -> Problem {
    let mut problem = Problem::new(UNSUPPORTED_VERSION, "Unsupported protocol version");
    problem.data = Some(json!({ "supported": supported(), "requested": shown(requested) }));
    problem
}

fn supported() -> Vec<&'static str> {
    std::iter::once(STATELESS).chain(HANDSHAKE).collect()
}

fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

fn server() -> Value {
    json!({ "name": "dotdesk", "version": env!("CARGO_PKG_VERSION") })
}

/// The answer to `initialize`: the version that was asked for if it is spoken here, else our newest of that generation.
pub(super) fn initialize(params: &Map<String, Value>) -> Value {
    let [newest, _] = HANDSHAKE;
    let asked = params.get("protocolVersion").and_then(Value::as_str);
    let version = asked.filter(|version| HANDSHAKE.contains(version)).unwrap_or(newest);
    json!({
        "protocolVersion": version,
        "capabilities": { "tools": {} },
        "serverInfo": server(),
        "instructions": INSTRUCTIONS,
    })
}

/// The answer to `server/discover`, the same for everybody.
pub(super) fn discover() -> Value {
    json!({
        "supportedVersions": supported(),
        "capabilities": { "tools": {} },
        "instructions": INSTRUCTIONS,
        "ttlMs": 3_600_000,
        "cacheScope": "public",
    })
}

/// A result as the generation without sessions wants it.
pub(super) fn complete(mut result: Value) -> Value {
    if let Some(fields) = result.as_object_mut() {
        fields.insert("resultType".into(), "complete".into());
        fields.insert("_meta".into(), json!({ SERVER_KEY: server() }));
    }
    result
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn call(version: &str) -> Vec<u8> {
        let meta = json!({ VERSION_KEY: version, CAPABILITIES_KEY: {} });
        let params = json!({ "name": "teams_info", "arguments": {}, "_meta": meta });
        json!({ "jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": params }).to_string().into_bytes()
    }

    fn refusal(pairs: &[(&'static str, &str)], body: &[u8]) -> (u16, i64) {
        let (status, error) = read(&headers(pairs), body).unwrap_err().problem.told();
        (status.as_u16(), error["code"].as_i64().unwrap())
    }

    #[test]
    fn a_request_without_a_version_is_of_the_older_generation() {
        let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
        for pairs in [&[][..], &[("mcp-protocol-version", "2025-06-18")], &[("mcp-protocol-version", "2025-11-25")]] {
            let Ok(Incoming::Request(asked)) = read(&headers(pairs), body) else { panic!("refused: {pairs:?}") };
            assert_eq!((asked.era, asked.id), (Era::Handshake, json!(1)));
        }
        assert_eq!(refusal(&[("mcp-protocol-version", "2025-03-26")], body), (400, -32022));
        assert_eq!(refusal(&[("mcp-protocol-version", STATELESS)], body), (400, -32602));
    }

    #[test]
    fn headers_must_say_what_the_body_says() {
        let good = [("mcp-protocol-version", STATELESS), ("mcp-method", "tools/call"), ("mcp-name", "teams_info")];
        let body = call(STATELESS);
        let Ok(Incoming::Request(asked)) = read(&headers(&good), &body) else { panic!("refused") };
        assert_eq!(asked.era, Era::Stateless);
        let coded = [good[0], good[1], ("mcp-name", "=?base64?dGVhbXNfaW5mbw==?=")];
        assert!(read(&headers(&coded), &body).is_ok());
        for index in 0..good.len() {
            let mut lacking = good.to_vec();
            lacking.remove(index);
            assert_eq!(refusal(&lacking, &body), (400, -32020), "without {}", good[index].0);
            let mut wrong = good.to_vec();
            wrong[index].1 = "another";
            assert_eq!(refusal(&wrong, &body), (400, -32020), "with another {}", good[index].0);
            let mut twice = good.to_vec();
            twice.push(good[index]);
            assert_eq!(refusal(&twice, &body), (400, -32020), "with two of {}", good[index].0);
        }
        let future = [("mcp-protocol-version", "2031-01-01"), good[1], good[2]];
        assert_eq!(refusal(&future, &call("2031-01-01")), (400, -32022));
    }

    #[test]
    fn what_is_no_request_is_told_apart() {
        for (body, code) in [
            (&b"{"[..], -32700),
            (b"[]", -32600),
            (br#"{"id":1,"method":"ping"}"#, -32600),
            (br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600),
            (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
            (br#"{"jsonrpc":"2.0","id":1}"#, -32600),
            (br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, -32602),
        ] {
            assert_eq!(refusal(&[], body), (400, code), "{}", String::from_utf8_lossy(body));
        }
        for body in [
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":3,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"x"}}"#,
        ] {
            assert!(matches!(read(&headers(&[]), body.as_bytes()), Ok(Incoming::Nothing)), "{body}");
        }
    }

    #[test]
    fn the_handshake_settles_on_a_version_that_both_speak() {
        let settled = |version: &str| {
            let params = json!({ "protocolVersion": version });
            initialize(params.as_object().unwrap())["protocolVersion"].as_str().unwrap().to_owned()
        };
        assert_eq!(settled("2025-06-18"), "2025-06-18");
        assert_eq!(settled("2025-11-25"), "2025-11-25");
        assert_eq!(settled("2024-11-05"), "2025-11-25");
        assert_eq!(settled(STATELESS), "2025-11-25");
    }
}
