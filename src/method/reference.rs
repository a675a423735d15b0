//! The registry in words: every method and every object as a piece of Markdown, for language models, for tools that show
//! descriptions, and for people without a browser.

mod fields;
mod index;

use std::collections::HashMap;

use serde_json::Value;

use super::codes::Code;
use super::entry::{Access, Entry};
use super::openapi;
use super::registry::Registry;
use fields::Writer;

pub use index::index;

/// Every method and every object in words.
pub struct Reference {
    methods: HashMap<&'static str, Section>,
    /// In the order of their names.
    objects: Vec<(String, Section)>,
    /// The error codes that most methods may answer: they are said once, and not with each.
    common: Vec<String>,
}

/// A piece of the reference.
struct Section {
    text: String,
    /// The objects that it speaks of.
    names: Vec<String>,
}

impl Reference {
    /// Puts the registry into words.
    pub fn new(registry: &Registry) -> Self {
        let document = openapi::document(registry, "/");
        let operations = || {
            registry.methods().iter().map(|method| {
                let operation = &document["paths"][format!("/{}", method.name())]["post"];
                (&method.entry, operation)
            })
        };
        let common = common(operations().map(|(_, operation)| operation), registry.methods().len());
        let methods = operations().map(|(entry, operation)| (entry.name, about(entry, operation, &common)));
        let objects = document["components"]["schemas"].as_object().into_iter().flatten();
        Self {
            methods: methods.collect(),
            objects: objects.map(|(name, schema)| (name.clone(), object(schema))).collect(),
            common,
        }
    }

    /// What is to be known of a method, without its name and without the objects that it speaks of.
    pub fn about(&self, method: &str) -> Option<&str> {
        self.methods.get(method).map(|section| section.text.as_str())
    }

    /// A method and all objects that it speaks of.
    pub fn method(&self, method: &str) -> Option<String> {
        let section = self.methods.get(method)?;
        let mut text = format!("# {method}\n\n{}", section.text);
        let reached = self.reached(&section.names);
        for (name, object) in self.objects.iter().filter(|(name, _)| reached.contains(&name.as_str())) {
            text.push_str(&format!("\n## {name}\n\n{}", object.text));
        }
        Some(text)
    }

    /// All methods, and all objects that they speak of.
    pub fn whole(&self, registry: &Registry) -> String {
        let mut text = format!("# dotdesk\n\n{}", index::HOW);
        let common: Vec<String> = self.common.iter().map(|code| format!("`{code}`")).collect();
        text.push_str(&format!("- Most methods may answer the errors {}.\n", common.join(", ")));
        let mut names: Vec<String> = Vec::new();
        for resource in registry.resources() {
            text.push_str(&format!("\n## {}: {}\n", resource.chapter, resource.name));
            for method in resource.methods {
                if let Some(section) = self.methods.get(method.name()) {
                    text.push_str(&format!("\n### {}\n\n{}", method.name(), section.text));
                    names.extend_from_slice(&section.names);
                }
            }
        }
        let reached = self.reached(&names);
        text.push_str("\n## Objects\n");
        for (name, object) in self.objects.iter().filter(|(name, _)| reached.contains(&name.as_str())) {
            text.push_str(&format!("\n### {name}\n\n{}", object.text));
        }
        text
    }

    /// These objects, and those that they speak of in turn.
    fn reached<'a>(&'a self, names: &'a [String]) -> Vec<&'a str> {
        let mut reached: Vec<&str> = Vec::new();
        let mut open: Vec<&str> = names.iter().map(String::as_str).collect();
        while let Some(name) = open.pop() {
            if !reached.contains(&name) {
                reached.push(name);
                let object = self.objects.iter().find(|(known, _)| known == name);
                open.extend(object.into_iter().flat_map(|(_, section)| section.names.iter().map(String::as_str)));
            }
        }
        reached
    }
}

/// A method in words. What it takes and answers comes from its operation in the OpenAPI document, which has all that is accepted
/// beside the arguments, too.
fn about(entry: &Entry, operation: &Value, common: &[String]) -> Section {
    let mut writer = Writer::default();
    writer.paragraph(operation["description"].as_str().unwrap_or_default());
    if let Some(deprecation) = &entry.deprecated {
        writer.line(&format!("Deprecated: call `{}` in its place.", deprecation.successor));
    }
    let access = match entry.access {
        Access::Public => "no token needed".to_owned(),
        Access::Authenticated => "any token".to_owned(),
        Access::Scope(scope) => format!("scope `{scope}`"),
    };
    let contacts = if entry.for_contacts { "; contacts may call it too" } else { "" };
    let rate = format!("rate limit `{}`, cost {}", entry.rate.policy.as_str(), entry.rate.cost);
    writer.line(&format!("`POST /{}`; {access}{contacts}; {rate}.", entry.name));
    let body = &operation["requestBody"]["content"]["application/json"];
    writer.arguments(&body["schema"]);
    writer.line(&format!("Example: `{}`", entry.example));
    let responses = operation["responses"].as_object().into_iter().flatten();
    for (status, response) in responses.filter(|(status, _)| *status != "default") {
        writer.result(status, response);
    }
    let own = words(&operation["x-error-codes"]).filter(|code| !common.iter().any(|known| known == code));
    writer.words("Errors besides those of most methods", own);
    writer.words("Events", words(&operation["x-events"]));
    writer.finish()
}

/// The codes that more than half of all operations may answer, in the order of the documentation.
fn common<'a>(operations: impl Iterator<Item = &'a Value>, count: usize) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for code in operations.flat_map(|operation| words(&operation["x-error-codes"])) {
        *counts.entry(code).or_default() += 1;
    }
    let is_common = |code: &&str| counts.get(code).is_some_and(|known| known * 2 > count);
    Code::ALL.iter().map(|code| code.as_str()).filter(is_common).map(str::to_owned).collect()
}

fn words(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// An object in words.
fn object(schema: &Value) -> Section {
    let mut writer = Writer::default();
    writer.paragraph(schema["description"].as_str().unwrap_or_default());
    writer.object(schema);
    writer.finish()
}
