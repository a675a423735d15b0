//! What holds for every method, asked of every method that is listed: a method is covered on the day it joins the registry.

use dotdesk::method::{Access, Described, Kind, Scope};
use serde_json::{Map, Value, json};

use crate::support::fixtures::Fixtures;
use crate::support::{Api, on_both, organization};

/// Names that the Slack-compatible surface puts beside a result's own fields (rule R3).
const RESERVED_RESULTS: &[&str] = &["ok", "error", "errors", "warning", "needed", "provided", "response_metadata"];
const RESERVED_ARGUMENTS: &[&str] = &["token", "idempotency_key"];

/// A token argument that a method needs by its own nature. This list may only shrink.
const MAY_TAKE_TOKEN: &[&str] = &["auth.resetPassword"];

fn methods(api: &Api) -> Vec<std::sync::Arc<Described>> {
    api.registry.methods().to_vec()
}

fn properties(schema: &Value) -> Map<String, Value> {
    schema["properties"].as_object().cloned().unwrap_or_default()
}

fn is_list(method: &Described) -> bool {
    let arguments = properties(method.arguments());
    arguments.contains_key("cursor") && arguments.contains_key("limit")
}

#[test]
fn methods_are_named_and_documented() {
    let registry = dotdesk::method::Registry::new(dotdesk::api::TABLES);
    let mut seen = std::collections::HashSet::new();
    for method in registry.methods() {
        let name = method.name();
        assert!(seen.insert(name), "{name} is listed twice");
        assert!(name.len() <= 64, "{name} is too long for a tool name");
        let parts: Vec<&str> = name.split('.').collect();
        let is_camel = |part: &&str| {
            part.starts_with(|c: char| c.is_ascii_lowercase()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        assert!(parts.len() >= 2 && parts.iter().all(is_camel), "{name} is off the pattern");
        assert!(method.description().len() > 15, "{name} has no doc comment");
        assert!(method.summary().len() < 120, "{name}: the first sentence is too long: {}", method.summary());
        for (field, schema) in properties(method.arguments()) {
            let described = schema["description"].as_str().is_some_and(|text| text.len() > 3);
            assert!(described, "{name}: the argument {field} has no doc comment");
            let is_reserved = RESERVED_ARGUMENTS.contains(&field.as_str()) && !MAY_TAKE_TOKEN.contains(&name);
            assert!(!is_reserved, "{name}: the argument {field} has a reserved name");
        }
        for (field, schema) in properties(method.result()) {
            let described = schema["description"].is_string() || schema["$ref"].is_string();
            assert!(described, "{name}: the result's {field} has no doc comment");
            assert!(!RESERVED_RESULTS.contains(&field.as_str()), "{name}: the result's {field} has a reserved name");
        }
        let example: Value = serde_json::from_str(method.entry.example).unwrap();
        for field in example.as_object().unwrap().keys() {
            let known = method.arguments()["properties"].get(field).is_some() || name == "api.test";
            assert!(known, "{name}: the example has {field}, which is no argument");
        }
        let may_cause = method.entry.kind != Kind::Read || method.entry.events.is_empty();
        assert!(may_cause, "{name} only reads, and says that it causes events");
    }
}

#[test]
fn nobody_gets_in_without_a_good_token() {
    on_both(async |api| {
        let expired = organization::key(
            &api.app,
            api.acme.id,
            None,
            dotdesk::method::ScopeSet::ALL,
            Some(api.now().plus_seconds(-1)),
        )
        .await;
        let forged = "dd_live_00000000000000000000000000000000_000000";
        let unknown = dotdesk::access::token::generate(dotdesk::access::token::TokenKind::Live).unwrap();
        let before = api.row_counts().await;
        for method in methods(api).iter().filter(|method| method.entry.access != Access::Public) {
            let name = method.name();
            let none = api.nobody().post(name, &json!({})).await;
            none.refused(401, "not_authed");
            assert_eq!(none.header("www-authenticate"), "Bearer realm=\"api\"", "{name}");
            for token in [forged, unknown.as_str(), "nonsense", "a.b.c"] {
                let reply = api.client(token).post(name, &json!({})).await;
                reply.refused(401, "invalid_auth");
                assert!(reply.header("www-authenticate").contains("invalid_token"), "{name}");
            }
            api.client(&expired).post(name, &json!({})).await.refused(401, "token_expired");
        }
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn every_scope_is_needed() {
    on_both(async |api| {
        let fixtures = Fixtures::create(api).await;
        for method in methods(api) {
            let Access::Scope(needed) = method.entry.access else { continue };
            let token =
                organization::key_with(&api.app, &api.acme, Scope::all().filter(|scope| *scope != needed)).await;
            let before = api.row_counts().await;
            let reply = api.client(&token).post(method.name(), &fixtures.arguments(&method)).await;
            reply.refused(403, "missing_scope");
            assert_eq!(reply.body["error"]["needed"], needed.to_string());
            assert_eq!(reply.header("x-accepted-oauth-scopes"), needed.to_string());
            assert!(reply.header("www-authenticate").contains("insufficient_scope"));
            assert_eq!(api.row_counts().await, before, "{}", method.name());
        }
    });
}

#[test]
fn another_organizations_objects_do_not_exist() {
    on_both(async |api| {
        let fixtures = Fixtures::create(api).await;
        let before = api.row_counts().await;
        for method in methods(api) {
            let target = properties(method.arguments());
            let has_target = ["id", "session_id"].iter().any(|name| target.contains_key(*name));
            if !has_target || method.entry.access == Access::Public {
                continue;
            }
            let mut args = fixtures.arguments(&method);
            if target.contains_key("id") && args.get("id").is_none() {
                args["id"] = json!(api.acme.id);
            }
            let reply = api.stranger().post(method.name(), &args).await;
            assert_eq!(reply.status, 404, "{}: {}", method.name(), reply.text);
            assert!(reply.code().ends_with("_not_found"), "{}: {}", method.name(), reply.text);
        }
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn wrong_arguments_are_all_named_and_change_nothing() {
    on_both(async |api| {
        let fixtures = Fixtures::create(api).await;
        let admin = api.admin();
        let before = api.row_counts().await;
        for method in methods(api).iter().filter(|method| method.name() != "api.test") {
            let name = method.name();
            let good = fixtures.arguments(method);
            let with = |field: &str, value: Value| {
                let mut args = good.clone();
                args[field] = value;
                args
            };
            let unknown = admin.post(name, &with("no_such_field", json!(1))).await;
            unknown.wrong("/no_such_field", "unknown_field");

            for required in method.arguments()["required"].as_array().into_iter().flatten() {
                let required = required.as_str().unwrap();
                let mut args = good.clone();
                args.as_object_mut().unwrap().remove(required);
                admin.post(name, &args).await.wrong(&format!("/{required}"), "required");
            }
            for (field, schema) in properties(method.arguments()) {
                let pointer = format!("/{field}");
                let types = types(&schema);
                let wrong = if types.contains(&"object".into()) { json!("text") } else { json!({ "a": 1 }) };
                if !types.is_empty() {
                    let reply = admin.post(name, &with(&field, wrong)).await;
                    reply.wrong(&pointer, "wrong_type");
                }
                if wants_object(method.arguments(), &schema) {
                    // What serde derives for a struct takes a list of its fields' values too.
                    for list in [json!([]), json!([null]), json!([null, null, null, null])] {
                        admin.post(name, &with(&field, list)).await.wrong(&pointer, "wrong_type");
                    }
                }
                let required = method.arguments()["required"].as_array().is_some_and(|all| all.contains(&json!(field)));
                if !types.is_empty() && !types.contains(&"null".into()) && required {
                    admin.post(name, &with(&field, Value::Null)).await.wrong(&pointer, "not_nullable");
                }
                if types.contains(&"string".into()) && schema["enum"].is_null() {
                    // Bytes as base64 may be longer than any other text.
                    if schema["format"] != "base64" {
                        let long = admin.post(name, &with(&field, "x".repeat(600_000).into())).await;
                        long.refused(400, if field == "cursor" { "invalid_cursor" } else { "invalid_arguments" });
                    }
                    let nul = admin.post(name, &with(&field, "a\0b".into())).await;
                    assert_eq!(nul.status, 400, "{name} {field}: {}", nul.text);
                    assert!(nul.problems().iter().any(|(at, _)| *at == pointer), "{name} {field}: {}", nul.text);
                }
            }
            let everything_wrong = json!({ "no": 1, "such": 2, "field": 3 });
            assert!(admin.post(name, &everything_wrong).await.problems().len() >= 3, "{name}");
        }
        assert_eq!(api.row_counts().await, before);
    });
}

/// Whether an argument is an object with fields of its own, and never a list.
fn wants_object(root: &Value, schema: &Value) -> bool {
    if let Some(path) = schema["$ref"].as_str() {
        return wants_object(root, root.pointer(path.trim_start_matches('#')).unwrap());
    }
    let choices: Vec<&Value> =
        ["anyOf", "oneOf"].iter().filter_map(|word| schema[*word].as_array()).flatten().collect();
    if choices.is_empty() {
        return types(schema).contains(&"object".into()) && !types(schema).contains(&"array".into());
    }
    let is_null = |choice: &&Value| types(choice) == ["null"];
    choices.iter().all(|choice| is_null(choice) || wants_object(root, choice))
}

/// The types a schema allows, through `anyOf` and `$ref` as far as tests need.
fn types(schema: &Value) -> Vec<String> {
    match &schema["type"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn an_integer_may_be_written_with_a_fraction_of_nothing() {
    on_both(async |api| {
        let admin = api.admin();
        let fixtures = Fixtures::create(api).await;
        for method in methods(api).iter().filter(|method| is_list(method)) {
            let mut args = fixtures.arguments(method);
            args["fields"] = json!(["id"]);
            args["limit"] = json!(2);
            let plain = admin.ok(method.name(), args.clone()).await;
            for spelling in ["2.0", "2e0", "20e-1"] {
                args["limit"] = serde_json::from_str(spelling).unwrap();
                assert!(args["limit"].is_f64());
                assert_eq!(admin.ok(method.name(), args.clone()).await, plain, "{} {spelling}", method.name());
            }
            for wrong in [json!(2.5), json!(1e300), json!(-0.5)] {
                args["limit"] = wrong;
                admin.post(method.name(), &args).await.refused(400, "invalid_arguments");
            }
        }
        // Where anything may stand, it stays as it was sent.
        let sent = json!({ "number": 2.0, "deep": [{ "number": 3.0 }] });
        let contact = admin.ok("contacts.create", json!({ "name": "Ada", "metadata": sent })).await;
        assert_eq!(contact["metadata"].to_string(), sent.to_string());
        let update = json!({ "id": contact["id"], "name": "Eve", "if_version": 1.0 });
        assert_eq!(admin.ok("contacts.update", update.clone()).await["version"], 2);
        admin.post("contacts.update", &update).await.refused(409, "version_conflict");
    });
}

#[test]
fn bodies_that_are_no_arguments_are_refused() {
    on_both(async |api| {
        let admin = api.admin();
        let before = api.row_counts().await;
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(32), "]".repeat(32));
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat((1 << 20) - 7));
        assert_eq!(large.len(), (1 << 20) + 1);
        for method in methods(api) {
            let name = method.name();
            for (body, status, code) in [
                (&b"[]"[..], 400, "json_not_object"),
                (b"null", 400, "json_not_object"),
                (b"\"text\"", 400, "json_not_object"),
                (b"{", 400, "invalid_json"),
                (b"{\"a\":1,}", 400, "invalid_json"),
                (b"{\"a\":NaN}", 400, "invalid_json"),
                (b"{\"a\":1e999}", 400, "invalid_json"),
                (b"{\"a\":\"\\ud800\"}", 400, "invalid_json"),
                (b"{\"a\":\"\xff\"}", 400, "invalid_json"),
                (b"{\"a\":1} x", 400, "invalid_json"),
                (b"{\"a\":1,\"a\":2}", 400, "invalid_json"),
                (deep.as_bytes(), 400, "invalid_json"),
            ] {
                let reply = admin.send(name, "application/json", body.to_vec()).await;
                assert_eq!((reply.status, reply.code()), (status, code), "{name} {body:?}: {}", reply.text);
                if code == "invalid_json" {
                    assert!(reply.body["error"]["line"].is_u64() && reply.body["error"]["column"].is_u64());
                }
            }
            if method.entry.body_limit == dotdesk::method::BODY_LIMIT {
                let reply = admin.send(name, "application/json", large.clone().into_bytes()).await;
                reply.refused(413, "request_too_large");
                assert_eq!(reply.body["error"]["limit_bytes"], 1 << 20);
            }
        }
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn every_list_can_be_walked() {
    on_both(async |api| {
        let fixtures = Fixtures::create(api).await;
        let admin = api.admin();
        for method in methods(api).iter().filter(|method| is_list(method)) {
            let name = method.name();
            let with = |more: Value| {
                let mut args = fixtures.arguments(method);
                for drop in ["limit", "cursor", "sort", "fields", "include"] {
                    args.as_object_mut().unwrap().remove(drop);
                }
                args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                args
            };
            admin.post(name, &with(json!({ "limit": 0 }))).await.wrong("/limit", "too_small");
            admin.post(name, &with(json!({ "limit": 1001 }))).await.wrong("/limit", "too_large");
            let whole = admin.ok(name, with(json!({ "limit": 1000, "include": ["total"] }))).await;
            assert!(whole["next_cursor"].is_null());
            let whole_data = whole["data"].as_array().unwrap();
            assert!(whole_data.len() >= 2, "{name}: the fixtures have less than two");
            assert_eq!((&whole["total"], &whole["total_is_exact"]), (&json!(whole_data.len()), &json!(true)));

            for order in ["created_at:asc", "created_at:desc"] {
                let mut walked = Vec::new();
                let mut cursor = Value::Null;
                loop {
                    let page = admin.ok(name, with(json!({ "limit": 1, "cursor": cursor, "sort": order }))).await;
                    let data = page["data"].as_array().unwrap();
                    assert_eq!(data.len(), 1, "{name}: a page is full");
                    walked.extend(data.clone());
                    cursor = page["next_cursor"].clone();
                    if cursor.is_null() {
                        break;
                    }
                    let text = cursor.as_str().unwrap();
                    assert!(text.starts_with("c1.") && text.len() <= 200);
                }
                if order.ends_with("desc") {
                    walked.reverse();
                }
                assert_eq!(&walked, whole_data, "{name} {order}");
            }

            let one = admin.ok(name, with(json!({ "limit": 1, "fields": ["id"] }))).await;
            assert_eq!(one["data"][0].as_object().unwrap().len(), 1, "{name}");
            admin.post(name, &with(json!({ "fields": ["no_such"] }))).await.wrong("/fields/0", "enum");
            let cursor = one["next_cursor"].as_str().unwrap();
            let theirs = api.stranger().post(name, &with(json!({ "limit": 1, "cursor": cursor }))).await;
            assert!(matches!(theirs.code(), "invalid_cursor" | "invalid_arguments") || theirs.status == 404, "{name}");
            let other_order = admin.post(name, &with(json!({ "sort": "created_at:desc", "cursor": cursor }))).await;
            other_order.refused(400, "invalid_cursor");
            admin.post(name, &with(json!({ "cursor": "c1.AAAA" }))).await.refused(400, "invalid_cursor");
            let airy = admin.ok(name, with(json!({ "page_size": 1 }))).await;
            assert_eq!(airy["pagination_data"]["next_cursor"], airy["next_cursor"]);
        }
    });
}

#[test]
fn every_write_with_a_key_happens_once() {
    on_both(async |api| {
        for method in api.registry.methods().iter().filter(|method| method.entry.kind != Kind::Read) {
            if method.entry.access == Access::Public || !Fixtures::runs_by_itself(method) {
                continue;
            }
            let fixtures = Fixtures::create(api).await;
            let args = fixtures.arguments(method);
            let key = format!("once-{}", method.name());
            let client = api.client(&fixtures.token(method)).with("idempotency-key", &key);
            let (first, events) = api.events_of(client.post(method.name(), &args)).await;
            assert!(first.status < 300, "{} {args}: {}", method.name(), first.text);
            // A batch causes what its calls cause.
            for event in events.into_iter().filter(|_| method.name() != "batch.run") {
                let declared = method.entry.events.contains(&event.kind.as_str());
                assert!(declared, "{} does not say that it causes {}", method.name(), event.kind);
            }
            let before = api.row_counts().await;
            let second = client.post(method.name(), &args).await;
            assert_eq!((second.status, &second.text), (first.status, &first.text), "{}", method.name());
            assert_eq!(second.header("idempotent-replayed"), "true", "{}", method.name());
            assert_eq!(second.header("original-request-id"), first.header("x-request-id"));
            assert_eq!(api.row_counts().await, before, "{}: a replay stores nothing", method.name());
            let argument = {
                let mut args = args.clone();
                args["idempotency_key"] = key.clone().into();
                api.client(&fixtures.token(method)).post(method.name(), &args).await
            };
            assert_eq!(argument.text, first.text, "{}: the key may come as an argument", method.name());
        }
    });
}

#[test]
fn a_stale_version_changes_nothing() {
    on_both(async |api| {
        for method in api.registry.methods().iter().filter(|method| method.takes_if_version()) {
            let fixtures = Fixtures::create(api).await;
            let mut args = fixtures.arguments(method);
            let before = api.row_counts().await;
            let unmet = api.admin().with("if-match", "\"999\"").post(method.name(), &args).await;
            unmet.refused(412, "version_conflict");
            assert_eq!(unmet.body["error"]["type"], "precondition");
            args["if_version"] = 999.into();
            let stale = api.admin().post(method.name(), &args).await;
            stale.refused(409, "version_conflict");
            let current = &stale.body["error"]["current"];
            assert_eq!(stale.body["error"]["current_version"], current["version"], "{}", method.name());
            assert!(args.get("id").is_none_or(|id| *id == current["id"]));
            args["if_version"] = "one".into();
            api.admin().post(method.name(), &args).await.wrong("/if_version", "wrong_type");
            assert_eq!(api.row_counts().await, before, "{}", method.name());
        }
    });
}

#[test]
fn get_put_and_a_trailing_slash_are_told_what_to_do() {
    on_both(async |api| {
        for method in methods(api) {
            let path = format!("/{}", method.name());
            for verb in [reqwest::Method::GET, reqwest::Method::PUT, reqwest::Method::DELETE, reqwest::Method::PATCH] {
                let reply = api.admin().request(verb, &path).await;
                reply.refused(405, "method_not_allowed");
                assert_eq!(reply.header("allow"), "POST, OPTIONS");
                assert!(reply.body["error"]["message"].as_str().unwrap().contains("curl http"), "{}", reply.text);
            }
            let slash = api.admin().post(&format!("{}/", method.name()), &json!({})).await;
            slash.refused(404, "unknown_method");
            assert_eq!(slash.body["error"]["suggestions"][0], method.name());
            let query = api.admin().post(&format!("{}?a=1", method.name()), &json!({})).await;
            query.refused(400, "invalid_arguments");
        }
    });
}
