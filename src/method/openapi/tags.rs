//! Resources as tags, by chapter; and which object a resource is named after.

use serde_json::{Map, Value, json};

use super::Schemas;
use crate::method::registry::{Registry, Resource};

/// One tag a resource, in the order of the registry; described by its object, where it is named after one.
pub(super) fn tags(registry: &Registry, schemas: &Schemas) -> Value {
    let tag = |resource: &Resource<'_>| {
        let name = resource.name;
        let object = schemas.objects.iter().find(|(of, object)| *of == name && is_plural(name, &snake(object)));
        let definition = object.and_then(|(_, object)| schemas.results.definitions().get(object));
        match definition.and_then(|definition| definition["description"].as_str()) {
            Some(description) => json!({ "name": name, "description": description }),
            None => json!({ "name": name }),
        }
    };
    registry.resources().iter().map(tag).collect()
}

/// The tags of each chapter of the API, in the form that several readers of OpenAPI group them by.
pub(super) fn tag_groups(registry: &Registry) -> Value {
    let mut groups: Map<String, Value> = Map::new();
    for resource in registry.resources() {
        if let Some(tags) = groups.entry(resource.chapter).or_insert_with(|| json!([])).as_array_mut() {
            tags.push(resource.name.into());
        }
    }
    groups.into_iter().map(|(name, tags)| json!({ "name": name, "tags": tags })).collect()
}

/// Whether a resource is named after this object: `apiKeys` after `api_key`, `companies` after `company`.
pub(super) fn is_plural(resource: &str, object: &str) -> bool {
    let words = snake(resource);
    words == format!("{object}s")
        || words == format!("{object}es")
        || object.strip_suffix('y').is_some_and(|stem| words == format!("{stem}ies"))
}

/// `apiKeys` as `api_keys`.
pub(super) fn snake(camel: &str) -> String {
    let mut snake = String::with_capacity(camel.len() + 4);
    for c in camel.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
