//! `/mcp`: the methods as tools of the Model Context Protocol.

use std::collections::HashSet;

use dotdesk::access::limits::Quotas;
use dotdesk::http::{self, Origins};
use dotdesk::method::{Access, Kind};
use serde_json::{Value, json};

use crate::support::fixtures::Fixtures;
use crate::support::{Api, Client, Reply, Setup, on_both, on_both_with, organization};

const MODERN: &str = "2026-07-28";
const JSON: &str = "application/json";

/// A request of the generation with a handshake.
async fn legacy(client: &Client, path: &str, method: &str, params: Value) -> Reply {
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    client.with("mcp-protocol-version", "2025-11-25").send(path, JSON, body.to_string().into_bytes()).await
}

/// A request that says everything itself.
async fn modern(client: &Client, method: &str, mut params: Value) -> Reply {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": { "name": "x", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let mut client = client.with("mcp-protocol-version", MODERN).with("mcp-method", method);
    if let Some(name) = params["name"].as_str() {
        client = client.with("mcp-name", name);
    }
    let body = json!({ "jsonrpc": "2.0", "id": "seven", "method": method, "params": params });
    client.send("mcp", JSON, body.to_string().into_bytes()).await
}

async fn call(client: &Client, name: &str, arguments: Value) -> Value {
    let reply = legacy(client, "mcp", "tools/call", json!({ "name": name, "arguments": arguments })).await;
    assert_eq!((reply.status, &reply.body["id"]), (200, &json!(7)), "{name}: {}", reply.text);
    reply.body["result"].clone()
}

/// Every tool, page by page.
async fn tools(client: &Client, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let reply = legacy(client, path, "tools/list", json!({ "cursor": cursor })).await;
        let result = &reply.body["result"];
        all.extend(result["tools"].as_array().unwrap_or_else(|| panic!("{}", reply.text)).clone());
        cursor = result["nextCursor"].clone();
        if cursor.is_null() {
            return all;
        }
    }
}

fn names(tools: &[Value]) -> Vec<&str> {
    tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[test]
fn both_generations_say_hello() {
    on_both(async |api| {
        let admin = api.admin();
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "x", "version": "1" } });
        let reply = legacy(&admin, "mcp", "initialize", hello).await;
        let result = &reply.body["result"];
        assert_eq!((reply.status, &result["protocolVersion"]), (200, &json!("2025-06-18")), "{}", reply.text);
        assert_eq!(
            (&result["capabilities"], &result["serverInfo"]["name"]),
            (&json!({ "tools": {} }), &json!("dotdesk"))
        );
        assert_eq!(legacy(&admin, "mcp", "ping", json!({})).await.body["result"], json!({}));
        let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
        let reply = admin.send("mcp", JSON, note.into_bytes()).await;
        assert_eq!((reply.status, reply.text.as_str()), (202, ""));

        let reply = modern(&admin, "server/discover", json!({})).await;
        let result = &reply.body["result"];
        assert_eq!((reply.status, &reply.body["id"]), (200, &json!("seven")), "{}", reply.text);
        assert_eq!(result["supportedVersions"], json!([MODERN, "2025-11-25", "2025-06-18"]));
        assert_eq!((&result["resultType"], &result["cacheScope"]), (&json!("complete"), &json!("public")));
        assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "dotdesk");
        assert!(reply.header("x-request-id").starts_with("req_"));
    });
}

#[test]
fn what_the_protocol_does_not_have_is_refused_as_it_says() {
    on_both(async |api| {
        let admin = api.admin();
        for (reply, status, code) in [
            (legacy(&admin, "mcp", "resources/list", json!({})).await, 200, -32601),
            (modern(&admin, "resources/list", json!({})).await, 404, -32601),
            (modern(&admin, "initialize", json!({})).await, 404, -32601),
            (legacy(&admin, "mcp", "tools/call", json!({ "name": "no_such" })).await, 200, -32602),
            (modern(&admin, "tools/call", json!({ "name": "no_such" })).await, 400, -32602),
            (legacy(&admin, "mcp", "tools/list", json!({ "cursor": "no_such" })).await, 200, -32602),
            (admin.send("mcp", JSON, b"[]".to_vec()).await, 400, -32600),
            (admin.send("mcp", JSON, b"{".to_vec()).await, 400, -32700),
            (admin.send("mcp", JSON, Vec::new()).await, 400, -32700),
        ] {
            assert_eq!((reply.status, &reply.body["error"]["code"]), (status, &json!(code)), "{}", reply.text);
        }
        for verb in [reqwest::Method::GET, reqwest::Method::DELETE] {
            let reply = admin.request(verb, "/mcp").await;
            reply.refused(405, "method_not_allowed");
            assert!(reply.header("allow").contains("POST"));
        }
        let reply = legacy(&api.nobody(), "mcp", "tools/list", json!({})).await;
        reply.refused(401, "not_authed");
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"api\"");
        legacy(&api.client("nonsense"), "mcp", "initialize", json!({})).await.refused(401, "invalid_auth");
        legacy(&admin, "mcp/other", "tools/list", json!({})).await.refused(404, "unknown_method");
    });
}

#[test]
fn every_method_is_a_tool() {
    on_both(async |api| {
        let admin = api.admin();
        let all = tools(&admin, "mcp/all").await;
        let listed: HashSet<&str> = names(&all).into_iter().collect();
        let methods: Vec<_> = api.registry.methods().iter().filter(|method| !method.entry.is_stream).collect();
        assert_eq!((listed.len(), all.len()), (methods.len(), methods.len()));
        for method in methods {
            let name = method.name().replace('.', "_");
            let tool = all.iter().find(|tool| tool["name"] == *name).unwrap_or_else(|| panic!("{name} is no tool"));
            assert_eq!((&tool["title"], &tool["inputSchema"]["type"]), (&json!(method.name()), &json!("object")));
            assert_eq!(tool["outputSchema"]["type"], "object", "{name}");
            assert!(tool["description"].as_str().unwrap().len() > 15);
            let (is_read, is_delete) = (method.entry.kind == Kind::Read, method.entry.kind == Kind::Delete);
            assert_eq!(tool["annotations"]["readOnlyHint"], is_read, "{name}");
            assert_eq!(tool["annotations"]["destructiveHint"], is_delete, "{name}");
            let takes_key = !is_read && method.entry.access != Access::Public;
            assert_eq!(tool["inputSchema"]["properties"]["idempotency_key"].is_object(), takes_key, "{name}");
        }
        assert_eq!(tools(&admin, "mcp/all").await, all, "the order is always the same");

        let curated = tools(&admin, "mcp").await;
        assert!(curated.len() <= 40 && curated.len() > 30, "{}", curated.len());
        assert_eq!(names(&curated)[curated.len() - 2..], ["methods_search", "methods_call"]);
        assert_eq!(names(&tools(&admin, "mcp/minimal").await), ["methods_search", "methods_call"]);
    });
}

#[test]
fn what_a_token_may_not_do_it_does_not_see() {
    on_both(async |api| {
        let scopes = ["teams:read".parse().unwrap()];
        let client = api.client(&organization::key_with(&api.app, &api.acme, scopes).await);
        let seen = tools(&client, "mcp/all").await;
        let seen = names(&seen);
        assert!(seen.contains(&"teams_list") && seen.contains(&"auth_test"));
        assert!(!seen.contains(&"teams_create") && !seen.contains(&"contacts_list"));
        let found = call(&client, "methods_search", json!({ "query": "create a team", "limit": 20 })).await;
        let found: Vec<&str> = found["structuredContent"]["methods"]
            .as_array()
            .unwrap()
            .iter()
            .map(|found| found["name"].as_str().unwrap())
            .collect();
        assert!(found.contains(&"teams.info") && !found.contains(&"teams.create"), "{found:?}");
        let refused = call(&client, "teams_create", json!({ "name": "Sms" })).await;
        assert_eq!(refused["isError"], true);
        assert!(refused["content"][0]["text"].as_str().unwrap().contains("missing_scope"));
    });
}

#[test]
fn every_tool_answers_what_its_method_answers() {
    on_both(async |api| {
        let fixtures = Fixtures::create(api).await;
        for method in
            api.registry.methods().iter().filter(|method| method.entry.kind == Kind::Read && !method.entry.is_stream)
        {
            let args = fixtures.arguments(method);
            let client = api.client(&fixtures.token(method));
            let native = client.post(method.name(), &args).await;
            let result = call(&client, &method.name().replace('.', "_"), args.clone()).await;
            assert_eq!(
                (&result["isError"], &result["structuredContent"]),
                (&json!(false), &native.body),
                "{}",
                method.name()
            );
            let text = result["content"][0]["text"].as_str().unwrap();
            assert_eq!(serde_json::from_str::<Value>(text).unwrap(), native.body);
            let any = call(&client, "methods_call", json!({ "method": method.name(), "args": args })).await;
            assert_eq!(any, result, "{}", method.name());
        }
    });
}

#[test]
fn tools_write_once_and_errors_are_for_the_model_to_read() {
    on_both(async |api| {
        let admin = api.admin();
        let args = json!({ "name": "Sms", "idempotency_key": "by-agent" });
        let team = call(&admin, "teams_create", args.clone()).await;
        assert_eq!(call(&admin, "teams_create", args).await["structuredContent"], team["structuredContent"]);
        let id = &team["structuredContent"]["id"];

        let reply = modern(&admin, "tools/call", json!({ "name": "teams_info", "arguments": { "id": "nope" } })).await;
        let result = &reply.body["result"];
        assert_eq!(
            (reply.status, &result["isError"], &result["resultType"]),
            (200, &json!(true), &json!("complete")),
            "{}",
            reply.text
        );
        let error: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&error["error"]["code"], &error["error"]["request_id"]),
            (&json!("invalid_arguments"), &json!(reply.header("x-request-id")))
        );
        assert!(result.get("structuredContent").is_none());

        let gone = call(&admin, "teams_delete", json!({ "id": id })).await;
        assert_eq!((&gone["isError"], &gone["structuredContent"]), (&json!(false), &json!({ "deleted": true })));
        for (name, arguments, code) in [
            ("teams_info", json!({ "id": id }), "team_not_found"),
            ("methods_call", json!({ "method": "teams.lst" }), "unknown_method"),
            ("methods_call", json!({ "method": "events.stream" }), "unknown_method"),
            ("methods_call", json!({ "args": {} }), "invalid_arguments"),
            ("methods_call", json!({ "method": "teams.list", "limit": 1 }), "invalid_arguments"),
            ("methods_search", json!({ "query": "x", "limit": 21 }), "invalid_arguments"),
            ("methods_search", json!({}), "invalid_arguments"),
        ] {
            let result = call(&admin, name, arguments.clone()).await;
            let text = result["content"][0]["text"].as_str().unwrap();
            assert!(result["isError"] == true && text.contains(code), "{name} {arguments}: {text}");
        }
    });
}

#[test]
fn limits_hold_for_tools_too() {
    let setup = Setup { quotas: "read=2,write=1".parse::<Quotas>().unwrap(), ..Setup::default() };
    on_both_with(setup, async |api: &Api| {
        let admin = api.admin();
        assert_eq!(call(&admin, "teams_create", json!({ "name": "A" })).await["isError"], false);
        let refused = call(&admin, "teams_create", json!({ "name": "B" })).await;
        assert!(refused["content"][0]["text"].as_str().unwrap().contains("ratelimited"));
        for _ in 0..2 {
            assert_eq!(legacy(&admin, "mcp", "tools/list", json!({})).await.status, 200);
        }
        let reply = legacy(&admin, "mcp", "tools/list", json!({})).await;
        reply.refused(429, "ratelimited");
        assert!(reply.header("retry-after").parse::<u32>().unwrap() >= 1);
    });
}

#[test]
fn only_listed_web_pages_may_speak_to_it() {
    let options =
        http::Options { origins: Origins::Listed(vec!["https://app.example".into()]), ..Setup::default().options };
    on_both_with(Setup { options, ..Setup::default() }, async |api: &Api| {
        let from = async |origin: &str| legacy(&api.admin().with("origin", origin), "mcp", "ping", json!({})).await;
        assert_eq!(from("https://app.example").await.status, 200);
        from("https://evil.example").await.refused(403, "no_permission");
    });
}
