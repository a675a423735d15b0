//! `dotdesk openapi`, `postman` and `methods`: what the server can do, without starting it.

use serde_json::Value;

use crate::api;
use crate::method::{Registry, openapi, postman};
use crate::resources::system::api::MethodInfo;

/// A server at whatever address the document was got from.
const HERE: &str = "/";

/// The OpenAPI document, of version 3.1, or 3.0 for tools that read no newer one.
pub fn openapi(old: bool) -> Value {
    let document = if old { openapi::document_3_0 } else { openapi::document };
    document(&Registry::new(api::TABLES), HERE)
}

/// The Postman collection, for a server where `dotdesk serve` starts one if nothing else is said.
pub fn postman() -> Value {
    postman::collection(&Registry::new(api::TABLES), "http://127.0.0.1:8080")
}

/// The methods whose names start with `prefix`, a line each.
pub fn methods(prefix: &str) -> String {
    let methods = described(prefix);
    let width = methods.iter().map(|method| method.name.len()).max().unwrap_or_default();
    methods.iter().map(|method| format!("{:width$}  {}\n", method.name, method.summary)).collect()
}

/// The methods whose names start with `prefix`, as `api.methods` answers them.
pub fn described(prefix: &str) -> Vec<MethodInfo> {
    let registry = Registry::new(api::TABLES);
    let methods = registry.methods().iter().filter(|method| method.name().starts_with(prefix));
    methods.map(|method| MethodInfo::of(method)).collect()
}
