//! `tools/call`: a method, called by its tool.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::protocol::{Asked, Problem};
use super::searching::{self, CALL, SEARCH};
use super::tools;
use crate::http::body;
use crate::http::visit::Visit;
use crate::method::{Described, Error, FieldError, Input, Result, Secret};

/// The result of a call: what the method answered, or its error for the model to read and do better.
pub(super) async fn call(
    visit: &mut Visit<'_>,
    token: Option<Secret>,
    asked: &Asked,
    size: usize,
) -> Result<Value, Problem> {
    let name = asked.params.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| Problem::invalid_params("name must be the name of a tool."))?;
    let arguments = match asked.params.get("arguments") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(arguments)) => arguments.clone(),
        Some(_) => return Err(Problem::invalid_params("arguments must be an object.")),
    };
    let outcome = match name {
        SEARCH => searching::search(visit, arguments),
        CALL => match named(visit, arguments) {
            Ok((method, arguments)) => make(visit, &method, token, arguments, size).await,
            Err(error) => Err(error),
        },
        name => {
            let tool = visit.server.tools.find(&visit.server.registry, name);
            let shown: String = name.chars().take(64).collect();
            let tool = tool.ok_or_else(|| Problem::invalid_params(format!("Unknown tool: {shown}")))?;
            make(visit, &tool.method, token, arguments, size).await
        }
    };
    Ok(outcome.unwrap_or_else(|error| {
        visit.log_failure(&error);
        visit.meant = Some(error.status());
        let body = json!({ "error": error.body(&visit.id, &visit.base_url) });
        json!({ "content": [{ "type": "text", "text": body.to_string() }], "isError": true })
    }))
}

/// Calls a method.
async fn make(
    visit: &mut Visit<'_>,
    method: &Arc<Described>,
    token: Option<Secret>,
    arguments: Map<String, Value>,
    size: usize,
) -> Result<Value> {
    visit.permit(method)?;
    if size > method.entry.body_limit {
        return Err(body::too_large("message", method.entry.body_limit));
    }
    let answer = visit.call(method, token, Input::Object(arguments)).await?;
    match answer.body {
        Some(body) => tools::result(String::from_utf8(body).map_err(Error::internal)?),
        None => tools::result(r#"{"deleted":true}"#.to_owned()),
    }
}

/// The method that `methods_call` names, and the arguments for it.
fn named(visit: &Visit<'_>, mut arguments: Map<String, Value>) -> Result<(Arc<Described>, Map<String, Value>)> {
    let mut problems = Vec::new();
    let method = arguments.shift_remove("method");
    let name = method.as_ref().and_then(Value::as_str);
    if name.is_none() {
        problems.push(FieldError::new("/method", "required", "missing required field: method"));
    }
    let inner = match arguments.shift_remove("args") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(inner)) => inner,
        Some(_) => {
            problems.push(FieldError::new("/args", "wrong_type", "expected object"));
            Map::new()
        }
    };
    let unknown = |name: &String| FieldError::new(format!("/{name}"), "unknown_field", "send the arguments in args");
    problems.extend(arguments.keys().map(unknown));
    match name {
        Some(name) if problems.is_empty() => {
            let server = visit.server;
            let method = match server.tools.find(&server.registry, name) {
                Some(tool) => tool.method.clone(),
                None => server.registry.find_answering_once(name)?.clone(),
            };
            Ok((method, inner))
        }
        _ => Err(Error::arguments(CALL, problems)),
    }
}
