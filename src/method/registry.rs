//! Every method there is, found by its name.

use std::collections::HashMap;
use std::sync::Arc;

use super::codes::Code;
use super::described::Described;
use super::entry::Entry;
use super::error::{Error, Result};
use super::suggest;

/// Every method, by name.
pub struct Registry {
    methods: HashMap<&'static str, Arc<Described>>,
    ordered: Vec<Arc<Described>>,
}

impl Registry {
    /// The registry of these tables.
    pub fn new(tables: &[&[Entry]]) -> Self {
        let ordered: Vec<Arc<Described>> = tables
            .iter()
            .flat_map(|table| table.iter())
            .map(|entry| Arc::new(Described::new(*entry, tables)))
            .collect();
        let methods = ordered.iter().map(|method| (method.name(), method.clone())).collect();
        Self { methods, ordered }
    }

    /// The method of this name; `mark-read` finds `markRead`.
    pub fn find(&self, name: &str) -> Result<&Arc<Described>> {
        if let Some(method) = self.methods.get(name) {
            return Ok(method);
        }
        if name.contains('-')
            && let Some(method) = self.methods.get(camel(name).as_str())
        {
            return Ok(method);
        }
        Err(self.unknown(name))
    }

    /// Every method, in the order of the tables.
    pub fn methods(&self) -> &[Arc<Described>] {
        &self.ordered
    }

    fn unknown(&self, name: &str) -> Error {
        let near = suggest::methods(name, self.ordered.iter().map(|method| method.entry.name));
        let shown: String = name.chars().take(64).collect();
        let message = match near.first() {
            Some(best) => format!("There is no method '{shown}'. Did you mean '{best}'?"),
            None => format!("There is no method '{shown}'. POST /api.methods lists them all."),
        };
        Error::new(Code::UnknownMethod, message).with("suggestions", near)
    }
}

/// `mark-read` as `markRead`.
fn camel(kebab: &str) -> String {
    let mut name = String::with_capacity(kebab.len());
    let mut upper = false;
    for c in kebab.chars() {
        match c {
            '-' => upper = true,
            c if upper => {
                name.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => name.push(c),
        }
    }
    name
}
