use std::collections::HashSet;

use super::*;
use crate::api;

fn registry() -> Registry {
    Registry::new(api::TABLES)
}

/// Calls `visit` with every object in the document and the pointer to it.
fn walk(value: &Value, pointer: &str, visit: &mut impl FnMut(&str, &Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            visit(pointer, fields);
            for (name, value) in fields {
                walk(value, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    for document in [document(&registry(), "/"), document_3_0(&registry(), "/")] {
        let mut count = 0;
        walk(&document, "", &mut |at, fields| {
            // What stands in an example is no reference of the document, even if it looks like one.
            assert!(
                fields.get("properties").is_none_or(Value::is_object) || at.contains("/x-"),
                "{at}: properties of nothing"
            );
            if !at.contains("/example")
                && let Some(target) = fields.get("$ref").and_then(Value::as_str)
            {
                let pointer = target.strip_prefix('#').unwrap_or_else(|| panic!("{at}: {target}"));
                assert!(document.pointer(pointer).is_some(), "{at}: {target}");
                count += 1;
            }
        });
        assert!(count > 20);
    }
}

#[test]
fn every_method_is_there_with_its_own_name() {
    let registry = registry();
    let document = document(&registry, "https://desk.example.com");
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), registry.methods().len());
    let ids: HashSet<&str> = paths.values().map(|path| path["post"]["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), paths.len());
    assert_eq!(document["servers"][0]["url"], "https://desk.example.com");
}

#[test]
fn the_same_document_comes_out_every_time() {
    assert_eq!(document(&registry(), "/").to_string(), document(&registry(), "/").to_string());
    assert_eq!(document_3_0(&registry(), "/").to_string(), document_3_0(&registry(), "/").to_string());
}

#[test]
fn the_older_document_has_nothing_that_it_does_not_know() {
    let document = document_3_0(&registry(), "/");
    walk(&document, "", &mut |at, fields| {
        // Names of fields are anybody's; so is what stands in examples.
        if at.ends_with("/properties") || at.contains("/example") || at.contains("/x-") {
            return;
        }
        assert!(!fields.get("type").is_some_and(|kind| kind.is_array() || kind == "null"), "{at}");
        assert!(
            fields.get("nullable") != Some(&json!(true)) || fields.contains_key("type"),
            "{at}: nullable without a type"
        );
        for keyword in ["$defs", "$schema", "const", "examples", "prefixItems", "propertyNames"] {
            assert!(!fields.contains_key(keyword), "{at}: {keyword}");
        }
        assert!(!fields.contains_key("$ref") || fields.len() == 1, "{at}: a reference with something beside it");
    });
}

#[test]
fn shared_schemas_have_names_of_their_own() {
    let document = document(&registry(), "/");
    let names: HashSet<&str> =
        document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
    for name in &names {
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{name}");
        // Two types of one name: the second gets a number, and another one as soon as a third comes before it.
        let without_number = name.trim_end_matches(|c: char| c.is_ascii_digit());
        assert!(*name == without_number || !names.contains(without_number), "{name} is not the only {without_number}");
    }
}

#[test]
fn what_every_method_shares_hides_no_type_of_its_name() {
    let mut schemas = Schemas::new();
    registry().methods().iter().for_each(|method| drop(schemas.of(method)));
    for name in parts::error_schemas(schemas.result_of::<FieldError>()).keys() {
        let hides = |generator: &SchemaGenerator| generator.definitions().contains_key(name);
        assert!(!hides(&schemas.results) && !hides(&schemas.arguments), "{name} is the name of a type too");
    }
}

#[test]
fn an_operation_says_what_the_registry_knows() {
    let document = document(&registry(), "/");
    let update = &document["paths"]["/teams.update"]["post"];
    assert_eq!(update["operationId"], "teams_update");
    assert_eq!(update["tags"], json!(["teams"]));
    assert_eq!(update["summary"], "Changes a team");
    assert_eq!(update["x-scopes"], json!(["teams:write"]));
    assert_eq!(update["x-rate"], json!({"policy": "write", "cost": 1}));
    assert_eq!(update["x-events"], json!(["team.updated"]));
    let body = &update["requestBody"]["content"]["application/json"];
    assert_eq!(body["schema"]["additionalProperties"], false);
    assert_eq!(body["schema"]["required"], json!(["id"]));
    assert_eq!(body["schema"]["title"], "TeamsUpdateArguments");
    assert!(body["schema"]["properties"]["if_version"].is_object());
    assert!(body["schema"]["properties"]["idempotency_key"].is_object());
    assert_eq!(body["example"]["name"], "Sms Customer Service");
    assert_eq!(update["parameters"].as_array().unwrap().len(), 2);
    let answer = &update["responses"]["200"];
    assert_eq!(answer["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/Team");
    assert!(answer["headers"]["ETag"].is_object());
    let codes = update["x-error-codes"].as_array().unwrap();
    for code in ["invalid_arguments", "missing_scope", "team_not_found", "version_conflict", "already_exists"] {
        assert!(codes.contains(&code.into()), "{code}");
    }
    assert!(!codes.contains(&"invalid_cursor".into()) && !codes.contains(&"user_not_found".into()));

    let delete = &document["paths"]["/teams.delete"]["post"];
    assert!(delete["responses"]["204"]["content"].is_null() && delete["responses"]["200"].is_null());
    let list = &document["paths"]["/teams.list"]["post"];
    assert_eq!(list["parameters"], json!([]));
    assert_eq!(list["requestBody"]["required"], false);
    let fields = &list["requestBody"]["content"]["application/json"]["schema"]["properties"]["fields"];
    let team = document["components"]["schemas"]["Team"]["properties"].as_object().unwrap();
    assert_eq!(fields["items"]["enum"], json!(team.keys().collect::<Vec<_>>()));
    assert_eq!(document["paths"]["/api.methods"]["post"]["security"], json!([]));
    let tags = document["tags"].as_array().unwrap();
    assert!(tags.contains(&json!({"name": "teams", "description": "A group of users."})), "{tags:?}");
}

#[test]
fn answers_promise_what_requests_need_not_send() {
    let document = document(&registry(), "/");
    let team = &document["components"]["schemas"]["Team"];
    assert!(team["required"].as_array().unwrap().contains(&"description".into()), "{team}");
}

#[test]
fn resources_are_named_after_their_objects() {
    assert!(
        is_plural("apiKeys", "api_key")
            && is_plural("companies", "company")
            && is_plural("ticketStatuses", "ticket_status")
    );
    assert!(!is_plural("teams", "user") && !is_plural("auth", "session"));
}

#[test]
fn every_event_is_a_webhook_with_its_object() {
    let registry = registry();
    let document = document(&registry, "/");
    let webhooks = document["webhooks"].as_object().unwrap();
    for kind in registry.methods().iter().flat_map(|method| method.entry.events) {
        let schema = &webhooks[*kind]["post"]["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(schema["allOf"][1]["properties"]["type"]["const"], *kind);
    }
    assert!(webhooks.contains_key("webhook.ping"));
    let team = &webhooks["team.created"]["post"]["requestBody"]["content"]["application/json"]["schema"]["allOf"];
    assert_eq!(team[0]["$ref"], "#/components/schemas/Event");
    assert_eq!(team[1]["properties"]["data"]["$ref"], "#/components/schemas/Team");
    assert!(document_3_0(&registry, "/").get("webhooks").is_none(), "3.0 has no such thing");
}
