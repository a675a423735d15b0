//! The registry as a Postman collection, version 2.1: a folder for each chapter and resource, a request for each method with an
//! example of its answer.

use serde_json::{Map, Value, json};

use super::API_VERSION;
use super::described::Described;
use super::entry::{Access, Kind};
use super::openapi;
use super::reference::Reference;
use super::registry::{Registry, Resource};
use super::sample::Sampler;

/// The collection's own id, by which a later import is known to be the same.
const ID: &str = "6d0f7d5e-5b0a-4c39-9d3e-1f5a0c7e2b84";

const FORM: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// The collection; its requests go to `base_url` unless whoever has it sets the variable to another.
pub fn collection(registry: &Registry, base_url: &str) -> Value {
    let document = openapi::document(registry, base_url);
    let reference = Reference::new(registry);
    let mut chapters: Vec<(&str, Vec<Value>)> = Vec::new();
    for resource in registry.resources() {
        let folder = folder(&resource, &document, &reference);
        match chapters.last_mut() {
            Some((name, folders)) if *name == resource.chapter => folders.push(folder),
            _ => chapters.push((resource.chapter, vec![folder])),
        }
    }
    let chapters = chapters.into_iter().map(|(name, folders)| json!({ "name": name, "item": folders }));
    json!({
        "info": {
            "_postman_id": ID,
            "name": "dotdesk",
            "description": document["info"]["description"],
            "version": API_VERSION,
            "schema": FORM,
        },
        "auth": { "type": "bearer", "bearer": [{ "key": "token", "value": "{{token}}", "type": "string" }] },
        "variable": [
            { "key": "base_url", "value": base_url, "type": "string", "description": "Where the server is." },
            { "key": "token", "value": "", "type": "string", "description": "An API key, or the access token of a login." },
        ],
        "item": chapters.collect::<Vec<_>>(),
    })
}

fn folder(resource: &Resource<'_>, document: &Value, reference: &Reference) -> Value {
    let tag = document["tags"].as_array().into_iter().flatten().find(|tag| tag["name"] == resource.name);
    let mut folder = json!({ "name": resource.name });
    if let Some(description) = tag.and_then(|tag| tag.get("description")) {
        folder["description"] = description.clone();
    }
    folder["item"] = resource.methods.iter().map(|method| item(method, document, reference)).collect();
    folder
}

fn item(method: &Described, document: &Value, reference: &Reference) -> Value {
    let name = method.name();
    let operation = &document["paths"][format!("/{name}")]["post"];
    let example: Map<String, Value> = serde_json::from_str(method.entry.example).unwrap_or_default();
    let mut request = request(method, &example);
    let answer = answer(method, &request, operation, &Sampler::new(document, &example));
    request["description"] = reference.about(name).unwrap_or_default().into();
    json!({ "name": name, "request": request, "response": [answer] })
}

fn request(method: &Described, example: &Map<String, Value>) -> Value {
    let entry = &method.entry;
    let mut headers = vec![json!({ "key": "Content-Type", "value": "application/json" })];
    if entry.kind != Kind::Read && entry.access != Access::Public {
        headers.push(json!({
            "key": "Idempotency-Key",
            "value": "{{$guid}}",
            "description": "Makes a retry safe: set one of your own and send it again.",
            "disabled": true,
        }));
    }
    let mut request = json!({
        "method": "POST",
        "header": headers,
        "body": { "mode": "raw", "raw": pretty(example), "options": { "raw": { "language": "json" } } },
        "url": { "raw": format!("{{{{base_url}}}}/{}", entry.name), "host": ["{{base_url}}"], "path": [entry.name] },
    });
    if entry.access == Access::Public {
        request["auth"] = json!({ "type": "noauth" });
    }
    request
}

/// An example of the answer, made from the schema.
fn answer(method: &Described, request: &Value, operation: &Value, sampler: &Sampler<'_>) -> Value {
    let responses = operation["responses"].as_object().into_iter().flatten();
    let success = responses.filter_map(|(status, response)| Some((status.parse::<u16>().ok()?, response))).next();
    let (code, response) = success.unwrap_or((200, &Value::Null));
    let (kind, language, body) = match &response["content"] {
        Value::Object(content) => match content.iter().next() {
            Some((kind, content)) if kind == "application/json" => {
                (Some(kind.as_str()), "json", pretty(&sampler.value(&content["schema"])))
            }
            // What goes on for as long as somebody listens has no example that would be whole.
            kind => (kind.map(|(kind, _)| kind.as_str()), "text", String::new()),
        },
        _ => (None, "text", String::new()),
    };
    let header: Vec<Value> = kind.iter().map(|kind| json!({ "key": "Content-Type", "value": kind })).collect();
    json!({
        "name": format!("{} (example)", method.name()),
        "originalRequest": request,
        "code": code,
        "status": match code { 202 => "Accepted", 204 => "No Content", _ => "OK" },
        "_postman_previewlanguage": language,
        "header": header,
        "cookie": [],
        "body": body,
    })
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
