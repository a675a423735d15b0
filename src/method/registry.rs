//! Every method there is, found by its name.

use std::collections::HashMap;
use std::sync::Arc;

use super::codes::Code;
use super::described::Described;
use super::entry::Entry;
use super::error::{Error, Result};
use super::suggest;

/// A chapter of the API, as people look for it: Account, Inbox.
pub struct Chapter {
    /// What it is called.
    pub name: &'static str,
    /// The methods of its resources.
    pub tables: &'static [&'static [Entry]],
}

impl Chapter {
    /// The rows of all its resources.
    pub fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        self.tables.iter().flat_map(|table| table.iter())
    }
}

/// A resource with its methods, for those who show what there is.
pub struct Resource<'a> {
    /// What stands before the dot in the names of its methods.
    pub name: &'static str,
    /// The chapter of the API that it belongs to.
    pub chapter: &'static str,
    /// Its methods.
    pub methods: Vec<&'a Described>,
}

/// Every method, by name.
pub struct Registry {
    methods: HashMap<&'static str, Arc<Described>>,
    ordered: Vec<Arc<Described>>,
}

impl Registry {
    /// The registry of these tables.
    pub fn new(chapters: &'static [Chapter]) -> Self {
        let ordered: Vec<Arc<Described>> = chapters
            .iter()
            .flat_map(|chapter| chapter.entries().map(move |entry| Arc::new(Described::new(*entry, chapter))))
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

    /// The method of this name, if its answer is one object: for doors that have no place for one that goes on.
    pub fn find_answering_once(&self, name: &str) -> Result<&Arc<Described>> {
        let method = self.find(name)?;
        match method.entry.is_stream {
            false => Ok(method),
            true => Err(Error::new(
                Code::UnknownMethod,
                format!("{0} goes on answering, which has no place here: POST /{0}.", method.name()),
            )),
        }
    }

    /// Every method, in the order of the tables.
    pub fn methods(&self) -> &[Arc<Described>] {
        &self.ordered
    }

    /// Every resource, in the order of the tables; its methods stand together, wherever the tables have them.
    pub fn resources(&self) -> Vec<Resource<'_>> {
        let mut resources: Vec<Resource<'_>> = Vec::new();
        for method in &self.ordered {
            let name = method.entry.resource();
            match resources.iter_mut().find(|resource| resource.name == name) {
                Some(resource) => resource.methods.push(method),
                None => resources.push(Resource { name, chapter: method.chapter(), methods: vec![method] }),
            }
        }
        resources
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
