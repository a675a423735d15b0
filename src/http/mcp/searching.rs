//! The two tools that reach everything: `methods_search` and `methods_call`.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::annotations;
use super::tools::{self, Tool};
use crate::http::visit::Visit;
use crate::method::{Described, Error, FieldError, Kind, Policy, Rate, Result};

/// Finds methods.
pub(super) const SEARCH: &str = "methods_search";
/// Calls any of them.
pub(super) const CALL: &str = "methods_call";

const FOUND: usize = 5;
const MOST_FOUND: usize = 20;

/// How the two stand in the list of tools.
pub(super) fn meta_tools() -> [Value; 2] {
    let search = json!({
        "name": SEARCH,
        "title": "Find methods",
        "description": "Finds methods of the API by what they do or what they are called, with the schemas of their arguments. \
            Only those are found that your token may call. Call them with methods_call.",
        "inputSchema": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "query": { "type": "string", "minLength": 1, "description": "Words, such as: merge two contacts." },
                "limit": {
                    "type": "integer", "minimum": 1, "maximum": MOST_FOUND,
                    "description": "How many methods to answer, at the most; 5 if left out.",
                },
            },
            "required": ["query"],
        },
        "outputSchema": {
            "type": "object",
            "properties": { "methods": { "type": "array", "items": { "type": "object" }, "description": "Best first." } },
            "required": ["methods"],
        },
        "annotations": annotations(Kind::Read),
    });
    let call = json!({
        "name": CALL,
        "title": "Call any method",
        "description": "Calls a method of the API by its name, such as teams.create, with its arguments.",
        "inputSchema": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "method": { "type": "string", "description": "The name of the method." },
                "args": { "type": "object", "description": "Its arguments, as its schema has them." },
            },
            "required": ["method"],
        },
        // It may be any method, so the worst has to be expected.
        "annotations": {
            "readOnlyHint": false, "destructiveHint": true, "idempotentHint": false, "openWorldHint": false,
        },
    });
    [search, call]
}

/// Answers a search.
pub(super) fn search(visit: &mut Visit<'_>, arguments: Map<String, Value>) -> Result<Value> {
    if let Some(caller) = visit.caller.clone() {
        visit.count(&caller, Rate { policy: Policy::Search, cost: 1 })?;
    }
    let (query, limit) = terms(&arguments)?;
    let words = words(&query);
    let all = visit.server.tools.all(&visit.server.registry);
    let mut found: Vec<(usize, &Tool)> = all
        .iter()
        .filter(|tool| tool.is_open_to(visit))
        .map(|tool| (rank(&tool.method, query.trim(), &words), tool))
        .filter(|(rank, _)| *rank > 0)
        .collect();
    // Of equals, the one that comes first in the registry.
    found.sort_by_key(|(rank, _)| Reverse(*rank));
    let methods: Vec<Value> = found
        .iter()
        .take(limit)
        .map(|(_, tool)| {
            json!({
                "name": tool.method.name(),
                "summary": tool.method.summary(),
                "description": tool.method.description(),
                "kind": tools::kind(&tool.method),
                "args": tool.input_schema(),
            })
        })
        .collect();
    tools::result(json!({ "methods": methods }).to_string())
}

fn terms(arguments: &Map<String, Value>) -> Result<(String, usize)> {
    let mut problems = Vec::new();
    for name in arguments.keys().filter(|name| !matches!(name.as_str(), "query" | "limit")) {
        problems.push(FieldError::new(format!("/{name}"), "unknown_field", format!("unknown field '{name}'")));
    }
    let query = arguments.get("query").and_then(Value::as_str).unwrap_or_default();
    if query.trim().is_empty() {
        problems.push(FieldError::new("/query", "required", "missing required field: query"));
    }
    let limit = match arguments.get("limit") {
        None | Some(Value::Null) => FOUND,
        Some(limit) => {
            let number = limit.as_u64().and_then(|limit| usize::try_from(limit).ok());
            number.filter(|limit| (1..=MOST_FOUND).contains(limit)).unwrap_or_else(|| {
                let message = format!("expected an integer from 1 to {MOST_FOUND}");
                problems.push(FieldError::new("/limit", "wrong_type", message));
                FOUND
            })
        }
    };
    if problems.is_empty() { Ok((query.to_owned(), limit)) } else { Err(Error::arguments(SEARCH, problems)) }
}

/// How well a method answers a search: its name counts more than its summary, and that more than the rest.
fn rank(method: &Described, query: &str, wanted: &[String]) -> usize {
    if method.name().eq_ignore_ascii_case(query) {
        return usize::MAX;
    }
    let (name, summary, description) = (words(method.name()), words(method.summary()), words(method.description()));
    let has = |words: &[String], wanted: &String| words.iter().any(|word| word == wanted);
    wanted
        .iter()
        .map(|word| {
            8 * usize::from(has(&name, word))
                + 3 * usize::from(has(&summary, word))
                + usize::from(has(&description, word))
        })
        .sum()
}

/// The words of a text, in lower case and in the singular, `addMember` being two.
fn words(text: &str) -> Vec<String> {
    let mut apart = String::with_capacity(text.len() + 8);
    let mut after_lower = false;
    for c in text.chars() {
        if c.is_uppercase() && after_lower {
            apart.push(' ');
        }
        after_lower = c.is_lowercase();
        apart.extend(c.to_lowercase());
    }
    let pieces = apart.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1);
    pieces.map(singular).collect()
}

fn singular(word: &str) -> String {
    match word.strip_suffix("ies") {
        Some(stem) if !stem.is_empty() => format!("{stem}y"),
        _ => word.strip_suffix('s').filter(|stem| stem.len() > 2 && !stem.ends_with('s')).unwrap_or(word).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::mcp::curated;
    use crate::method::Registry;

    fn best(query: &str) -> Vec<&'static str> {
        let registry = Registry::new(crate::api::TABLES);
        let words = words(query);
        let mut found: Vec<(usize, &'static str)> = registry
            .methods()
            .iter()
            .map(|method| (rank(method, query, &words), method.name()))
            .filter(|(rank, _)| *rank > 0)
            .collect();
        found.sort_by_key(|(rank, _)| Reverse(*rank));
        found.into_iter().take(3).map(|(_, name)| name).collect()
    }

    #[test]
    fn what_is_meant_is_found_first() {
        for (query, expected) in [
            ("teams.create", "teams.create"),
            ("merge two contacts", "contacts.merge"),
            ("add a member to a team", "teams.addMember"),
            ("close a conversation", "conversations.close"),
            ("create webhooks", "webhooks.create"),
        ] {
            let found = best(query);
            assert!(found.contains(&expected), "{query}: {found:?}");
        }
        assert!(best("xylophone").is_empty());
    }

    #[test]
    fn every_curated_tool_is_there() {
        let registry = Registry::new(crate::api::TABLES);
        for name in curated::METHODS {
            assert!(registry.methods().iter().any(|method| method.name() == *name), "{name}");
        }
        assert!(curated::METHODS.len() + meta_tools().len() <= 40);
    }
}
