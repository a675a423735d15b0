//! The registry as a list of tools.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value, json};

use super::curated;
use super::protocol::{Asked, Problem};
use super::searching;
use super::{ToolSet, annotations};
use crate::access::permit::permit;
use crate::http::visit::Visit;
use crate::method::{Access, Described, Kind, Registry, Result, openapi};

/// How many tools one answer lists: the largest take tens of kilobytes.
const PAGE: usize = 50;
/// For how long clients may go by a list: tools change with the server's version, and with what the token may do.
const KEEP_MILLIS: u32 = 300_000;

/// The tools, made once.
#[derive(Default)]
pub(in crate::http) struct Tools(OnceLock<Vec<Tool>>);

/// One method as a tool.
pub(super) struct Tool {
    pub method: Arc<Described>,
    /// The method's name in the letters that tools may have.
    pub name: String,
    /// How it stands in the list.
    listed: Value,
}

impl Tools {
    /// Every method that answers once.
    pub(super) fn all(&self, registry: &Registry) -> &[Tool] {
        self.0.get_or_init(|| {
            let methods = registry.methods().iter().filter(|method| !method.entry.is_stream);
            methods.map(|method| Tool::of(method.clone())).collect()
        })
    }

    /// The tool of this name; the method's own name will do.
    pub(super) fn find(&self, registry: &Registry, name: &str) -> Option<&Tool> {
        self.all(registry).iter().find(|tool| tool.name == name || tool.method.name() == name)
    }
}

impl Tool {
    fn of(method: Arc<Described>) -> Self {
        let name = method.name().replace('.', "_");
        let listed = json!({
            "name": name,
            "title": method.name(),
            "description": method.description(),
            "inputSchema": input_schema(&method),
            "outputSchema": output_schema(&method),
            "annotations": annotations(method.entry.kind),
        });
        Self { method, name, listed }
    }

    /// The schema of what it takes.
    pub fn input_schema(&self) -> &Value {
        &self.listed["inputSchema"]
    }

    /// Whether who calls may call it: what they may not, they are not shown.
    pub fn is_open_to(&self, visit: &Visit<'_>) -> bool {
        let permitted = |caller: &Arc<_>| permit(caller, &self.method, visit.ip).is_ok();
        self.method.entry.access == Access::Public || visit.caller.as_ref().is_some_and(permitted)
    }
}

fn input_schema(method: &Described) -> Value {
    let mut schema = method.arguments().clone();
    if let Some(schema) = schema.as_object_mut() {
        // The tool says it already.
        schema.shift_remove("description");
    }
    openapi::add_shared_arguments(method, &mut schema);
    schema
}

/// The schema of what it answers, without its words: programs check by it, and models read the answers themselves. Who chooses `fields` gets objects without the others, so none of those is promised.
fn output_schema(method: &Described) -> Value {
    if method.entry.is_void {
        return json!({
            "type": "object", "properties": { "deleted": { "type": "boolean" } }, "required": ["deleted"],
        });
    }
    let mut schema = method.result().clone();
    if method.arguments()["properties"]["fields"].is_object() {
        let item = &schema["properties"]["data"]["items"];
        let path = item["$ref"].as_str().and_then(|path| path.strip_prefix('#')).unwrap_or("/properties/data/items");
        let path = path.to_owned();
        if let Some(item) = schema.pointer_mut(&path).and_then(Value::as_object_mut) {
            item.shift_remove("required");
        }
    }
    without_words(&mut schema);
    schema
}

/// Takes the descriptions out of a schema; a field that is called so stays.
fn without_words(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.retain(|name, value| name != "description" || !value.is_string());
            fields.values_mut().for_each(without_words);
        }
        Value::Array(items) => items.iter_mut().for_each(without_words),
        _ => {}
    }
}

/// The answer to `tools/list`.
pub(super) fn list(visit: &Visit<'_>, set: ToolSet, asked: &Asked) -> Result<Value, Problem> {
    let registry = &visit.server.registry;
    let all = visit.server.tools.all(registry);
    let chosen: Vec<&Tool> = match set {
        ToolSet::All => all.iter().collect(),
        ToolSet::Minimal => Vec::new(),
        ToolSet::Curated => {
            let find = |name: &&str| all.iter().find(|tool| tool.method.name() == *name);
            curated::METHODS.iter().filter_map(find).collect()
        }
    };
    let after = match asked.params.get("cursor") {
        None | Some(Value::Null) => None,
        Some(Value::String(cursor)) if all.iter().any(|tool| tool.name == *cursor) => Some(cursor),
        Some(_) => return Err(Problem::invalid_params("cursor is not one that this list answered.")),
    };
    let start = after.and_then(|last| chosen.iter().position(|tool| tool.name == *last)).map_or(0, |last| last + 1);
    let mut rest = chosen.into_iter().skip(start).filter(|tool| tool.is_open_to(visit)).peekable();
    let page: Vec<&Tool> = rest.by_ref().take(PAGE).collect();
    let mut tools: Vec<Value> = page.iter().map(|tool| tool.listed.clone()).collect();
    if after.is_none() && set != ToolSet::All {
        tools.extend(searching::meta_tools());
    }
    let mut result = Map::new();
    result.insert("tools".into(), tools.into());
    if let (Some(_), Some(last)) = (rest.peek(), page.last()) {
        result.insert("nextCursor".into(), last.name.clone().into());
    }
    result.insert("ttlMs".into(), KEEP_MILLIS.into());
    result.insert("cacheScope".into(), "private".into());
    Ok(Value::Object(result))
}

/// What a tool answered, as text for models and as JSON for programs.
pub(super) fn result(body: String) -> Result<Value> {
    let value: Value = serde_json::from_str(&body)?;
    Ok(json!({ "content": [{ "type": "text", "text": body }], "structuredContent": value, "isError": false }))
}

/// What kind of thing the tool does, in a word.
pub(super) fn kind(method: &Described) -> &'static str {
    match method.entry.kind {
        Kind::Read => "read",
        Kind::Write => "write",
        Kind::Delete => "delete",
    }
}
