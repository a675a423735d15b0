//! The registry as an OpenAPI document, for generators, consoles and people: 3.1, and 3.0 for tools that read no newer one.
//!
//! Nothing here knows a method by name. Paths, schemas, scopes, limits and words all come from the registry.

mod older;
mod parts;
mod plain;
mod tags;
mod webhooks;

use self::tags::is_plural;
pub use self::webhooks::OF_THE_SERVER;
use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::codes::Code;
use super::described::Described;
use super::entry::{Access, Kind};
use super::error::FieldError;
use super::registry::Registry;

/// Where the schemas are that several methods share.
const COMPONENTS: &str = "/components/schemas";

/// The document, version 3.1.
pub fn document(registry: &Registry, base_url: &str) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = registry
        .methods()
        .iter()
        .map(|method| (format!("/{}", method.name()), json!({ "post": operation(method, &mut schemas) })))
        .collect();
    let tags = tags::tags(registry, &schemas);
    let webhooks = webhooks::webhooks(registry, &schemas);
    let errors = parts::error_schemas(schemas.result_of::<FieldError>());
    let shared = schemas.finish(&mut paths, errors);
    json!({
        "openapi": "3.1.1",
        "info": parts::info(),
        "servers": [{ "url": base_url }],
        "security": parts::security(),
        "tags": tags,
        "x-tagGroups": tags::tag_groups(registry),
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": shared,
            "responses": parts::responses(),
            "parameters": shared_parameters(),
            "headers": parts::headers(),
            "securitySchemes": parts::security_schemes(),
        },
    })
}

/// The document, version 3.0.
pub fn document_3_0(registry: &Registry, base_url: &str) -> Value {
    older::lower(document(registry, base_url))
}

/// Collects the schemas of a document. What is sent and what is answered have generators of their own, because a type may
/// require less of the one than it promises of the other.
struct Schemas {
    arguments: SchemaGenerator,
    results: SchemaGenerator,
    /// The shared schemas of what methods answer, each with the resource of its method.
    objects: Vec<(&'static str, String)>,
}

impl Schemas {
    fn new() -> Self {
        let generator = |contract: Contract| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = COMPONENTS.into();
                settings.contract = contract;
            });
            settings.into_generator()
        };
        Self {
            arguments: generator(Contract::Deserialize),
            results: generator(Contract::Serialize),
            objects: Vec::new(),
        }
    }

    /// The schema of a method's body, inline, and that of its answer, by reference.
    fn of(&mut self, method: &Described) -> (Value, Value) {
        let (mut arguments, result) = method.schemas_into(&mut self.arguments, &mut self.results);
        if let Some(name) = component_name(&arguments)
            && let Some(inline) = self.arguments.definitions_mut().shift_remove(name)
        {
            arguments = inline;
        }
        match component_name(&result) {
            // Nobody gets to see the schema of nothing.
            Some(name) if method.entry.is_void => drop(self.results.definitions_mut().shift_remove(name)),
            Some(name) => self.objects.push((method.entry.resource(), name.to_owned())),
            None => {}
        }
        plain::simplify(&mut arguments);
        (arguments, result)
    }

    fn result_of<T: JsonSchema>(&mut self) -> Value {
        self.results.subschema_for::<T>().to_value()
    }

    /// Everything that is shared, by name. What is sent in another form than it is answered gets a name of its own.
    fn finish(mut self, paths: &mut Map<String, Value>, more: Map<String, Value>) -> Value {
        let mut sent = self.arguments.take_definitions(false);
        let answered = self.results.take_definitions(false);
        let differs = |name: &str, schema: &Value| answered.get(name).is_some_and(|other| other != schema);
        let twofold: Vec<String> =
            sent.iter().filter(|(name, schema)| differs(name, schema)).map(|(name, _)| name.clone()).collect();
        for name in &twofold {
            let (from, to) = (format!("#{COMPONENTS}/{name}"), format!("#{COMPONENTS}/{name}Input"));
            sent.values_mut().for_each(|schema| redirect(schema, &from, &to));
            paths.values_mut().for_each(|path| redirect(&mut path["post"]["requestBody"], &from, &to));
            if let Some(schema) = sent.shift_remove(name) {
                sent.insert(format!("{name}Input"), schema);
            }
        }
        let mut all: Vec<(String, Value)> = sent.into_iter().chain(answered).chain(more).collect();
        all.iter_mut().for_each(|(_, schema)| plain::simplify(schema));
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Value::Object(all.into_iter().collect())
    }
}

/// Makes every reference to `from` one to `to`.
fn redirect(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "$ref" && value == from {
                    *value = to.into();
                } else {
                    redirect(value, from, to);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, from, to)),
        _ => {}
    }
}

/// The name of the shared schema that a reference leads to.
fn component_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix('#')?.strip_prefix(COMPONENTS)?.strip_prefix('/')
}

fn operation(method: &Described, schemas: &mut Schemas) -> Value {
    let entry = &method.entry;
    let (arguments, result) = schemas.of(method);
    let mut operation = json!({
        "operationId": entry.name.replace('.', "_"),
        "tags": [entry.resource()],
        "summary": method.summary(),
        "description": method.description(),
        "parameters": parameters(method),
        "requestBody": request_body(method, arguments),
        "responses": responses(method, result),
        "x-kind": entry.kind,
        "x-scopes": match entry.access {
            Access::Scope(scope) => vec![scope.to_string()],
            Access::Public | Access::Authenticated => Vec::new(),
        },
        "x-for-contacts": entry.for_contacts,
        "x-rate": entry.rate,
        "x-events": entry.events,
        "x-error-codes": error_codes(method).iter().map(|code| code.as_str()).collect::<Vec<_>>(),
    });
    if entry.access == Access::Public {
        operation["security"] = json!([]);
    }
    if let Some(deprecation) = &entry.deprecated {
        operation["deprecated"] = true.into();
        operation["x-successor"] = deprecation.successor.into();
    }
    operation
}

fn shared_parameters() -> Value {
    let mut parameters = parts::parameters();
    for (name, header) in webhooks::parameters() {
        parameters[name] = header;
    }
    parameters
}

fn parameters(method: &Described) -> Value {
    let takes = |name: &str| json!({ "$ref": format!("#/components/parameters/{name}") });
    let mut parameters = Vec::new();
    if takes_idempotency_key(method) {
        parameters.push(takes("IdempotencyKey"));
    }
    if method.takes_if_version() {
        parameters.push(takes("IfMatch"));
    }
    parameters.into()
}

/// Whether a repeated call can be told from a new one: it writes, and for somebody whose key it is.
fn takes_idempotency_key(method: &Described) -> bool {
    method.entry.kind != Kind::Read && method.entry.access != Access::Public
}

/// The body, with what every method of its kind accepts beside its own arguments.
fn request_body(method: &Described, mut arguments: Value) -> Value {
    if let Some(schema) = arguments.as_object_mut() {
        // The operation says it already.
        schema.shift_remove("description");
        // Generators make a type of each body, and of equal ones only one, if they have no names.
        schema.insert("title".into(), title(method.name()).into());
    }
    add_shared_arguments(method, &mut arguments);
    name_fields(&mut arguments, method);
    let is_required = arguments["required"].as_array().is_some_and(|required| !required.is_empty());
    let mut content = json!({ "schema": arguments });
    if let Ok(example) = serde_json::from_str::<Value>(method.entry.example) {
        content["example"] = example;
    }
    json!({ "required": is_required, "content": { "application/json": content } })
}

/// `teams.addMember` as `TeamsAddMemberArguments`.
fn title(method: &str) -> String {
    let mut title = String::with_capacity(method.len() + 9);
    for word in method.split('.') {
        let (first, rest) = word.split_at(word.len().min(1));
        title.extend(first.chars().map(|c| c.to_ascii_uppercase()));
        title.push_str(rest);
    }
    title.push_str("Arguments");
    title
}

/// A list can answer only some fields of its objects: those that they have.
fn name_fields(arguments: &mut Value, method: &Described) {
    let Some(properties) = arguments.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let is_list = properties.contains_key("cursor") && properties.contains_key("limit");
    if let Some(fields) = properties.get_mut("fields").filter(|_| is_list && !method.item_fields().is_empty()) {
        fields["items"] = json!({ "type": "string", "enum": method.item_fields() });
    }
}

/// Adds to the schema of a method's arguments what every method of its kind accepts beside them.
pub fn add_shared_arguments(method: &Described, arguments: &mut Value) {
    if takes_idempotency_key(method) {
        accept(arguments, "idempotency_key", parts::idempotency_key());
    }
    if method.takes_if_version() {
        accept(arguments, "if_version", parts::if_version());
    }
    if method.entry.dry_run {
        accept(arguments, "dry_run", parts::dry_run());
    }
}

fn accept(arguments: &mut Value, name: &str, schema: Value) {
    if let Some(arguments) = arguments.as_object_mut()
        && let Some(properties) = arguments.entry("properties").or_insert_with(|| json!({})).as_object_mut()
    {
        properties.entry(name).or_insert(schema);
    }
}

fn responses(method: &Described, result: Value) -> Value {
    let mut headers: Vec<&str> = vec!["X-Request-Id", "RateLimit-Policy", "RateLimit"];
    if takes_idempotency_key(method) {
        headers.extend(["Idempotent-Replayed", "Original-Request-Id"]);
    }
    let is_versioned = !method.entry.is_void && method.result()["properties"]["version"].is_object();
    if is_versioned {
        headers.push("ETag");
    }
    let headers = parts::refer_to_headers(&headers);
    let (status, success) = match method.entry.is_void {
        true => ("204", json!({ "description": "Done; there is nothing to answer.", "headers": headers })),
        false => {
            let description = method.result()["description"].as_str().unwrap_or("The answer.");
            let kind = if method.entry.is_stream { "text/event-stream" } else { "application/json" };
            let content = json!({ kind: { "schema": result } });
            let status = if method.entry.accepted { "202" } else { "200" };
            (status, json!({ "description": description, "headers": headers, "content": content }))
        }
    };
    json!({ status: success, "default": { "$ref": "#/components/responses/Error" } })
}

/// Every code that the method may answer, in the order of the documentation.
fn error_codes(method: &Described) -> Vec<Code> {
    let entry = &method.entry;
    let properties = &method.arguments()["properties"];
    let takes_key = takes_idempotency_key(method);
    let may_answer = |code: Code| match code {
        Code::InvalidQuery => properties["filters"].is_object() || entry.errors.contains(&code),
        Code::InvalidCursor => properties["cursor"].is_object(),
        Code::NotAuthed
        | Code::InvalidAuthHeader
        | Code::InvalidAuth
        | Code::TokenExpired
        | Code::TokenRevoked
        | Code::AccountInactive
        | Code::NoPermission
        | Code::IpNotAllowed => entry.access != Access::Public,
        Code::MissingScope => matches!(entry.access, Access::Scope(_)),
        Code::IdempotencyKeyInvalid | Code::IdempotencyInProgress | Code::IdempotencyKeyReused => takes_key,
        Code::VersionConflict => method.takes_if_version(),
        Code::InvalidJson
        | Code::JsonNotObject
        | Code::InvalidArguments
        | Code::RequestTooLarge
        | Code::UnsupportedMediaType
        | Code::Ratelimited
        | Code::InternalError
        | Code::ServiceUnavailable
        | Code::RequestTimeout => true,
        code => properties["id"].is_object() && is_target_missing(code, entry.resource()),
    };
    Code::ALL.iter().copied().filter(|code| may_answer(*code) || entry.errors.contains(code)).collect()
}

/// Whether the code says that one of this resource's objects is not there: `api_key_not_found` of `apiKeys`.
fn is_target_missing(code: Code, resource: &str) -> bool {
    let Some(object) = code.as_str().strip_suffix("_not_found") else { return false };
    is_plural(resource, object)
}

#[cfg(test)]
mod tests;
