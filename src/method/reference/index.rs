//! The table of contents, as llmstxt.org has it.

use std::fmt::Write;

use crate::method::registry::Registry;

/// What is to be known of every call.
pub(super) const HOW: &str = "\
> A support desk and CRM you drive by API: organizations, users, teams, contacts, companies, conversations, messages, channels,
> files, webhooks, and the feed of all that happens.

- Every operation is `POST /<resource>.<method>` with a JSON object as its body, and `Authorization: Bearer <token>`.
- Unknown arguments are refused; fields may be added to answers at any time. Ids are UUIDs, times are RFC 3339 in UTC.
- Lists answer `{\"data\": […], \"next_cursor\": …}`: send the same arguments again with `cursor` until `next_cursor` is null.
- An error is `{\"error\": {\"type\", \"code\", \"message\", \"errors\"?, \"request_id\"}}`. Switch on `type`: wait and retry
  `rate_limit` and `server` with the same `Idempotency-Key`; read again and decide again on `conflict`; fix the code on the rest.
- Agents that speak the Model Context Protocol find the same methods as tools at `/mcp`.
- A write with the header `Idempotency-Key` (or the argument `idempotency_key`) is done once, however often it is sent.
";

/// What there is besides the methods' own pages.
const DOCUMENTS: &[(&str, &str, &str)] = &[
    ("All methods and objects", "/llms-full.txt", "everything below in one text"),
    ("OpenAPI 3.1", "/openapi.json", "the same for generators; `/openapi-3.0.json` for older ones"),
    ("Error codes", "/docs/errors", "every code with its type, its status and what to do"),
    ("Changes", "/docs/changes", "methods on their way out"),
    ("Reference", "/docs", "for people, with a console"),
];

/// Every method with a line on what it does and where to read more.
pub fn index(registry: &Registry, url: &str) -> String {
    let url = url.trim_end_matches('/');
    let mut text = format!("# dotdesk\n\n{HOW}\n## Documents\n\n");
    for (name, path, about) in DOCUMENTS {
        let _ = writeln!(text, "- [{name}]({url}{path}): {about}");
    }
    let mut chapter = "";
    for resource in registry.resources() {
        if resource.chapter != chapter {
            chapter = resource.chapter;
            let _ = write!(text, "\n## {chapter}\n\n");
        }
        for method in resource.methods {
            let name = method.name();
            let _ = writeln!(text, "- [{name}]({url}/docs/{name}.md): {}", method.summary());
        }
    }
    text
}
