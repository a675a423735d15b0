//! A row of the registry with its schemas and its words.

use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;

use futures_util::FutureExt;
use schemars::SchemaGenerator;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::Value;

use super::codes::Code;
use super::entry::{Answer, Call, Entry, Kind};
use super::error::{Error, Result};
use super::registry::Chapter;

/// A method with its schemas and its words.
pub struct Described {
    /// The row of the registry.
    pub entry: Entry,
    chapter: &'static str,
    /// The `info` method of the same resource: it tells what a method that answers nothing is about.
    info: Option<Entry>,
    schemas: OnceLock<Schemas>,
}

struct Schemas {
    arguments: Value,
    result: Value,
    item_fields: Vec<String>,
    takes_if_version: bool,
}

impl Described {
    /// Describes a row.
    pub(super) fn new(entry: Entry, chapter: &Chapter) -> Self {
        let is_info = |other: &&Entry| other.name.strip_prefix(entry.resource()) == Some(".info");
        let info = chapter.entries().find(is_info).copied();
        Self { entry, chapter: chapter.name, info, schemas: OnceLock::new() }
    }

    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        self.entry.name
    }

    /// The chapter of the API that it belongs to.
    pub fn chapter(&self) -> &'static str {
        self.chapter
    }

    /// The schema of the arguments, references resolved to its own `$defs`.
    pub fn arguments(&self) -> &Value {
        &self.schemas().arguments
    }

    /// The schema of the result, its top level inline.
    pub fn result(&self) -> &Value {
        &self.schemas().result
    }

    /// The fields of the objects that a list answers.
    pub fn item_fields(&self) -> &[String] {
        &self.schemas().item_fields
    }

    /// The whole doc comment.
    pub fn description(&self) -> &str {
        self.arguments()["description"].as_str().unwrap_or_default()
    }

    /// The first sentence of the doc comment.
    pub fn summary(&self) -> &str {
        let text = self.description();
        let paragraph = text.split("\n\n").next().unwrap_or_default();
        paragraph.find(". ").map_or(paragraph, |end| &paragraph[..=end]).trim_end_matches('.')
    }

    /// Whether the method changes one object that has versions, so that `if_version` makes sense.
    pub fn takes_if_version(&self) -> bool {
        self.schemas().takes_if_version
    }

    /// Calls the method. A read is given up at its deadline; a write ends by itself, for it is refused past its deadline, and once
    /// it is being committed it must not be called off.
    pub async fn call(&self, call: Call) -> Result<Answer> {
        let deadline = call.request.deadline;
        let running = AssertUnwindSafe((self.entry.call)(call)).catch_unwind();
        let outcome = match self.entry.kind {
            Kind::Read => tokio::time::timeout_at(deadline.into(), running)
                .await
                .map_err(|_| Error::new(Code::RequestTimeout, "The call took too long; retry."))?,
            Kind::Write | Kind::Delete => running.await,
        };
        outcome.unwrap_or_else(|_| Err(Error::internal("the method panicked")))
    }

    /// Adds the schemas of arguments and result to a document that many methods share.
    pub fn schemas_into(&self, arguments: &mut SchemaGenerator, results: &mut SchemaGenerator) -> (Value, Value) {
        ((self.entry.arguments)(arguments), (self.entry.result)(results))
    }

    fn schemas(&self) -> &Schemas {
        self.schemas.get_or_init(|| {
            let arguments = standalone(self.entry.arguments, Contract::Deserialize);
            let result = standalone(self.entry.result, Contract::Serialize);
            let item = &result["properties"]["data"]["items"];
            let item = match item["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
                Some(path) => result.pointer(path).unwrap_or(item),
                None => item,
            };
            let item_fields = item["properties"].as_object().map(|fields| fields.keys().cloned().collect());
            let takes_if_version = self.entry.kind != Kind::Read
                && arguments["properties"]["id"].is_object()
                && match self.info {
                    Some(info) if self.entry.is_void => has_version(&standalone(info.result, Contract::Serialize)),
                    _ => has_version(&result),
                };
            Schemas { item_fields: item_fields.unwrap_or_default(), takes_if_version, arguments, result }
        })
    }
}

fn has_version(result: &Value) -> bool {
    result["properties"]["version"].is_object()
}

/// A schema that stands on its own: its root inline, everything it refers to in `$defs`.
fn standalone(make: fn(&mut SchemaGenerator) -> Value, contract: Contract) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.contract = contract);
    let mut generator = settings.into_generator();
    let root = make(&mut generator);
    let mut definitions = generator.take_definitions(true);
    let name = root["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
    let mut schema = match name {
        Some(name) => definitions.shift_remove(name).unwrap_or(Value::Null),
        None => root,
    };
    if !definitions.is_empty() {
        schema["$defs"] = Value::Object(definitions);
    }
    schema
}
