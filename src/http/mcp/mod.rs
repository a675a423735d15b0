//! `/mcp`: every method as a tool of the Model Context Protocol, for AI agents (wire contract, 3.22).
//!
//! Two generations of the protocol are spoken, without sessions in either: the one with `initialize`, and the one where every request
//! carries its own version (`protocol.rs`). The replies are plain JSON. `tools.rs` makes the list of tools from the registry,
//! `calling.rs` makes the calls, `searching.rs` finds a method among all of them.

mod calling;
mod curated;
mod protocol;
mod searching;
mod tools;

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method as HttpMethod, StatusCode};
use actix_web::web::Payload;
use serde_json::{Value, json};

use self::protocol::{Era, Incoming, Problem};
pub(super) use self::tools::Tools;
use super::visit::Visit;
use super::{credentials, respond};
use crate::method::{Code, Error, Kind, Policy, Rate, Result, Secret};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
/// Asking what there is counts as reading.
const ASKING: Rate = Rate { policy: Policy::Read, cost: 1 };

/// Which tools are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ToolSet {
    /// The most useful ones, and the two that reach everything else: few enough for a model to choose among.
    Curated,
    /// Everything.
    All,
    /// Only the two that reach everything.
    Minimal,
}

impl ToolSet {
    fn of(path: &str) -> Result<Self> {
        match path {
            "" => Ok(Self::Curated),
            "/all" => Ok(Self::All),
            "/minimal" => Ok(Self::Minimal),
            _ => Err(Error::new(Code::UnknownMethod, "MCP is at /mcp, /mcp/all and /mcp/minimal.")),
        }
    }
}

/// Answers one message.
pub(super) async fn answer(visit: &mut Visit<'_>, payload: Payload, path: &str) -> Result<HttpResponse> {
    let set = ToolSet::of(path)?;
    if visit.http.method() != HttpMethod::POST {
        return Err(Error::new(
            Code::MethodNotAllowed,
            "Send MCP messages with POST; there are no sessions and no stream.",
        ));
    }
    let origin = visit.http.headers().get(header::ORIGIN);
    if origin.is_some_and(|origin| !visit.server.options.origins.allow(origin)) {
        return Err(Error::new(Code::NoPermission, "Web pages of this origin may not call."));
    }
    let token = credentials::token(visit.http)?.map(Secret::new);
    let caller = visit.authenticate(token.as_ref()).await?;
    let limit = visit.server.registry.methods().iter().map(|method| method.entry.body_limit).max().unwrap_or_default();
    let bytes = visit.read(payload, limit).await?;
    let (id, outcome) = match protocol::read(visit.http.headers(), &bytes) {
        Ok(Incoming::Nothing) => return Ok(HttpResponse::Accepted().finish()),
        Ok(Incoming::Request(request)) => {
            if request.method != "tools/call" {
                visit.count(&caller, ASKING)?;
            }
            let outcome = match request.method.as_str() {
                "initialize" if request.era == Era::Handshake => Ok(protocol::initialize(&request.params)),
                "ping" if request.era == Era::Handshake => Ok(json!({})),
                "server/discover" if request.era == Era::Stateless => Ok(protocol::discover()),
                "tools/list" => tools::list(visit, set, &request),
                "tools/call" => calling::call(visit, token, &request, bytes.len()).await,
                other => Err(Problem::unknown_method(other)),
            };
            let outcome = match request.era {
                Era::Handshake => outcome.map_err(Problem::in_the_body_only),
                Era::Stateless => outcome.map(protocol::complete),
            };
            (request.id, outcome)
        }
        Err(refused) => (refused.id, Err(*refused.problem)),
    };
    let (status, reply) = match outcome {
        Ok(result) => (StatusCode::OK, json!({ "jsonrpc": "2.0", "id": id, "result": result })),
        Err(problem) => {
            let (status, error) = problem.told();
            (status, json!({ "jsonrpc": "2.0", "id": id, "error": error }))
        }
    };
    Ok(respond::text(visit.http, status, JSON, serde_json::to_vec::<Value>(&reply)?))
}

/// What a tool does, for clients that ask their user before it does it.
fn annotations(kind: Kind) -> Value {
    let (is_read, is_delete) = (kind == Kind::Read, kind == Kind::Delete);
    json!({
        "readOnlyHint": is_read,
        "destructiveHint": is_delete,
        // What is gone stays gone, however often it is deleted.
        "idempotentHint": is_read || is_delete,
        "openWorldHint": false,
    })
}
