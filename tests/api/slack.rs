//! `/api/<method>`, as Slack's SDKs call it. Each test is named after its rule in the wire contract.

mod codings;

use dotdesk::access::limits::Quotas;
use dotdesk::db::Id;
use dotdesk::method::{Access, Described, Kind, Scope};
use serde_json::{Value, json};

use self::codings::{Coding, form};
use crate::support::fixtures::Fixtures;
use crate::support::{Api, Client, Reply, Setup, on_both, on_both_with, organization};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json;charset=utf-8";

/// The methods that answer one object.
fn methods(api: &Api) -> Vec<std::sync::Arc<Described>> {
    api.registry.methods().iter().filter(|method| !method.entry.is_stream).cloned().collect()
}

async fn send(client: &Client, method: &str, body: &str) -> Reply {
    client.send(&format!("api/{method}"), FORM, body.as_bytes().to_vec()).await
}

/// Expects the shape that every answer has, and `error`.
#[track_caller]
fn refused(reply: &Reply, status: u16, error: &str) {
    assert_eq!(
        (reply.status, &reply.body["ok"], &reply.body["error"]),
        (status, &json!(false), &json!(error)),
        "{}",
        reply.text
    );
    assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    let messages = reply.body["response_metadata"]["messages"].as_array().unwrap();
    assert!(messages.iter().all(|message| message.as_str().unwrap().starts_with("[ERROR] ")), "{}", reply.text);
}

#[test]
fn r1_r2_every_refusal_is_one_object_with_status_200() {
    on_both(async |api| {
        let fixtures = Fixtures::create(api).await;
        let before = api.row_counts().await;
        for method in methods(api).iter().filter(|method| method.name() != "api.test") {
            let name = method.name();
            if method.entry.access != Access::Public {
                refused(&send(&api.nobody(), name, "").await, 200, "not_authed");
                refused(&send(&api.client("nonsense"), name, "").await, 200, "invalid_auth");
            }
            let unknown = send(&api.admin(), name, "no_such_field=1").await;
            refused(&unknown, 200, "invalid_arguments");
            let problem =
                unknown.body["errors"].as_array().unwrap().iter().find(|error| error["pointer"] == "/no_such_field");
            assert_eq!(problem.unwrap()["code"], "unknown_field", "{name}");
            for body in ["[]", "{\"a\":"] {
                let reply = api.admin().send(&format!("api/{name}"), JSON, body.as_bytes().to_vec()).await;
                refused(&reply, 200, if body == "[]" { "json_not_object" } else { "invalid_json" });
            }
            if let Access::Scope(needed) = method.entry.access {
                let scopes = Scope::all().filter(|scope| *scope != needed);
                let token = organization::key_with(&api.app, &api.acme, scopes).await;
                let args = form(&fixtures.arguments(method), Coding::Node);
                // R14
                let reply = send(&api.client(&token), name, &args).await;
                refused(&reply, 200, "missing_scope");
                assert_eq!(reply.body["needed"], needed.to_string());
                assert!(reply.body["provided"].as_str().unwrap().contains(','));
                assert_eq!(reply.header("x-accepted-oauth-scopes"), needed.to_string());
                assert_eq!(reply.header("x-oauth-scopes"), reply.body["provided"]);
            }
        }
        assert_eq!(api.row_counts().await, before);
        let unknown = send(&api.admin(), "teams.lst", "").await;
        refused(&unknown, 200, "unknown_method");
        assert_eq!(unknown.body["req_method"], "teams.lst");
        assert_eq!(unknown.body["suggestions"][0], "teams.list");
        refused(&send(&api.admin(), "events.stream", "").await, 200, "unknown_method");
        let large = api.admin().send("api/teams.list", FORM, vec![b'a'; (1 << 20) + 1]).await;
        refused(&large, 200, "request_too_large");
    });
}

/// What a form brings to a method is what JSON brings: the fingerprint of the idempotency key is that of the typed arguments, so a
/// replay under the same key tells that they are the same.
#[test]
fn r3_every_write_answers_its_fields_beside_ok() {
    on_both(async |api| {
        for method in methods(api).iter().filter(|method| method.entry.kind != Kind::Read) {
            let name = method.name();
            if method.entry.access == Access::Public || !Fixtures::runs_by_itself(method) {
                continue;
            }
            let fixtures = Fixtures::create(api).await;
            let args = fixtures.arguments(method);
            let client = api.client(&fixtures.token(method)).with("idempotency-key", &format!("slack-{name}"));
            let first = client.post(name, &args).await;
            assert!(first.status < 300, "{name} {args}: {}", first.text);
            for coding in [Coding::Node, Coding::Python, Coding::PythonData] {
                let reply = send(&client, name, &form(&args, coding)).await;
                assert_eq!(reply.status, 200, "{name}: {}", reply.text);
                assert_eq!(reply.header("idempotent-replayed"), "true", "{name}: {}", reply.text);
                beside_ok(&reply, &first);
            }
        }
    });
}

#[test]
fn r4_every_read_answers_its_fields_beside_ok() {
    on_both(async |api| {
        let fixtures = Fixtures::create(api).await;
        for method in methods(api).iter().filter(|method| method.entry.kind == Kind::Read) {
            let name = method.name();
            let args = fixtures.arguments(method);
            let client = api.client(&fixtures.token(method));
            let native = client.post(name, &args).await;
            assert_eq!(native.status, 200, "{name} {args}: {}", native.text);
            let path = format!("api/{name}");
            let as_json = client.send(&path, JSON, args.to_string().into_bytes()).await;
            beside_ok(&as_json, &native);
            for coding in [Coding::Node, Coding::Python, Coding::PythonData] {
                let query = form(&args, coding);
                beside_ok(&send(&client, name, &query).await, &native);
                // R5: what only reads may be asked with GET, and asynchronous Python puts everything into the address.
                beside_ok(&client.request(reqwest::Method::GET, &format!("/{path}?{query}")).await, &native);
                beside_ok(&client.send(&format!("{path}?{query}"), FORM, Vec::new()).await, &native);
            }
        }
        for method in methods(api).iter().filter(|method| method.entry.kind != Kind::Read) {
            let reply = api.admin().request(reqwest::Method::GET, &format!("/api/{}", method.name())).await;
            refused(&reply, 200, "method_not_allowed");
        }
    });
}

/// The native answer with `ok`; for a list, with where the next page starts as the SDKs look for it.
#[track_caller]
fn beside_ok(reply: &Reply, native: &Reply) {
    assert_eq!((reply.status, &reply.body["ok"]), (200, &json!(true)), "{} in place of {}", reply.text, native.text);
    assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    let mut expected = if native.status == 204 { json!({}) } else { native.body.clone() };
    let mut got = reply.body.clone();
    got.as_object_mut().unwrap().remove("ok");
    if let Some(metadata) = got.as_object_mut().unwrap().remove("response_metadata") {
        let cursor = expected["next_cursor"].as_str().unwrap_or_default();
        assert_eq!(metadata, json!({ "next_cursor": cursor }), "{}", reply.text);
    } else {
        assert!(expected.get("data").is_none() || expected["next_cursor"].is_string(), "{}", reply.text);
    }
    // Both were made at times of their own.
    for one in [&mut got, &mut expected] {
        for changing in ["as_of", "asked_at", "generated_at"] {
            one.as_object_mut().unwrap().remove(changing);
        }
    }
    assert_eq!(got, expected);
}

#[test]
fn r5_the_address_counts_more_than_the_body() {
    on_both(async |api| {
        let admin = api.admin();
        for name in ["A", "B", "C"] {
            admin.ok("teams.create", json!({ "name": name })).await;
        }
        // What slack_sdk's AsyncWebClient does when it walks a list that was asked for with json=.
        let first = admin.send("api/teams.list", JSON, b"{\"limit\":2}".to_vec()).await;
        let cursor = first.body["response_metadata"]["next_cursor"].as_str().unwrap();
        assert_eq!(first.body["next_cursor"], cursor);
        let second = admin.send(&format!("api/teams.list?cursor={cursor}"), JSON, b"{\"limit\":2}".to_vec()).await;
        assert_eq!((second.body["data"].as_array().unwrap().len(), &second.body["ok"]), (1, &json!(true)));
        assert_eq!(second.body["response_metadata"]["next_cursor"], "");
        assert!(second.body["next_cursor"].is_null());
        let both = send(&admin, "teams.list?limit=1", "limit=3").await;
        assert_eq!(both.body["data"].as_array().unwrap().len(), 1);
        // R11
        for limit in [200, 1000] {
            assert_eq!(send(&admin, "teams.list", &format!("limit={limit}")).await.body["ok"], true);
        }
        refused(&send(&admin, "teams.list", "limit=1001").await, 200, "invalid_arguments");
    });
}

#[test]
fn r6_bodies_of_every_type_are_read() {
    on_both(async |api| {
        let admin = api.admin();
        for label in ["", "text/plain", FORM, "application/x-www-form-urlencoded; charset=UTF-8"] {
            for (body, assumed) in [(&b"name=Sms"[..], ""), (b" {\"name\":\"Sms\"}", "content_type_assumed_json")] {
                let reply = admin.send("api/teams.create", label, body.to_vec()).await;
                assert_eq!(
                    (&reply.body["ok"], &reply.body["name"]),
                    (&json!(true), &json!("Sms")),
                    "{label}: {}",
                    reply.text
                );
                assert_eq!(reply.header("x-warning"), assumed);
            }
        }
        for label in ["", JSON, FORM, "image/png", "multipart/form-data"] {
            assert_eq!(admin.send("api/teams.list", label, Vec::new()).await.body["ok"], true, "{label}");
        }
        let parts = b"--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n\xc3\x84rger\r\n--x--\r\n".to_vec();
        let reply = admin.send("api/teams.create", "multipart/form-data; boundary=x", parts.clone()).await;
        assert_eq!(reply.body["name"], "Ärger", "{}", reply.text);
        for (label, body, error) in [
            ("multipart/form-data", parts.clone(), "invalid_form_data"),
            ("multipart/form-data; boundary=y", parts, "invalid_form_data"),
            ("application/json; charset=iso-8859-1", b"{}".to_vec(), "invalid_charset"),
            ("application/x-www-form-urlencoded; charset=utf-16", b"name=x".to_vec(), "invalid_charset"),
            (FORM, b"name=%ff".to_vec(), "invalid_charset"),
            ("image/png", b"x".to_vec(), "unsupported_media_type"),
        ] {
            refused(&admin.send("api/teams.create", label, body).await, 200, error);
        }
    });
}

#[test]
fn r7_texts_become_what_the_schema_asks_for() {
    on_both(async |api| {
        let admin = api.admin();
        let user = api.acme.owner;
        let team =
            send(&admin, "teams.create", &format!("name=Sms&description=x&user_ids={user}&is_support_enabled=True"))
                .await;
        assert_eq!(
            (&team.body["user_ids"], &team.body["is_support_enabled"]),
            (&json!([user]), &json!(true)),
            "{}",
            team.text
        );
        let id = team.body["id"].as_str().unwrap();
        let cleared =
            send(&admin, "teams.update", &format!("id={id}&description=&query=null&user_ids=&if_version=1")).await;
        assert_eq!(
            (&cleared.body["description"], &cleared.body["user_ids"]),
            (&Value::Null, &json!([])),
            "{}",
            cleared.text
        );
        let query = r#"query={"conversations":"source:*sms"}"#;
        let nested = send(&admin, "teams.update", &format!("id={id}&{query}&is_support_enabled=0")).await;
        assert_eq!(nested.body["query"]["conversations"], "source:*sms", "{}", nested.text);
        assert_eq!(nested.body["is_support_enabled"], false);
        let wrong = send(
            &admin,
            "teams.update",
            &format!("id={id}&is_support_enabled=yes&user_ids=[1]&if_version=x&if_version=y"),
        )
        .await;
        refused(&wrong, 200, "invalid_arguments");
        let pointers: Vec<&Value> =
            wrong.body["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
        assert_eq!(pointers, ["/if_version", "/is_support_enabled", "/user_ids/0"], "{}", wrong.text);
    });
}

#[test]
fn r8_a_python_repr_is_told_what_to_do() {
    on_both(async |api| {
        let reply = send(&api.admin(), "teams.create", "name=x&query=%7B%27conversations%27%3A+%27a%27%7D").await;
        refused(&reply, 200, "invalid_arguments");
        let text = "must be a JSON object (looks like a Python repr: pass json=… or json.dumps(value))";
        assert_eq!(reply.body["errors"], json!([{ "pointer": "/query", "message": text, "code": "wrong_type" }]));
        let line = format!("[ERROR] {text} [json-pointer:/query]");
        assert_eq!(reply.body["response_metadata"]["messages"], json!([line]));
    });
}

#[test]
fn r9_the_token_may_come_as_an_argument() {
    on_both(async |api| {
        let token = &api.acme.key;
        let nobody = api.nobody();
        assert_eq!(send(&nobody, "auth.test", &format!("token={token}")).await.body["ok"], true);
        assert_eq!(send(&nobody, &format!("auth.test?token={token}"), "").await.body["ok"], true);
        let body = json!({ "token": token, "name": "Sms", "team_id": "T123" }).to_string();
        let reply = nobody.send("api/teams.create", JSON, body.into_bytes()).await;
        assert_eq!((&reply.body["ok"], &reply.body["name"]), (&json!(true), &json!("Sms")), "{}", reply.text);
        refused(&send(&nobody, "auth.test", "token=nonsense").await, 200, "invalid_auth");
        refused(&nobody.send("api/auth.test", JSON, b"{\"tok\\u0065n\":5}".to_vec()).await, 200, "not_authed");
        // The header counts; what Node leaves in the body beside it is nothing.
        assert_eq!(send(&api.admin(), "auth.test", "token=nonsense&team_id=T1").await.body["ok"], true);
        let lower = nobody.with("authorization", &format!("bearer {token}"));
        assert_eq!(send(&lower, "auth.test", "").await.body["ok"], true);
        // The native door knows no such argument.
        nobody.post("auth.test", &json!({ "token": token })).await.refused(401, "not_authed");
    });
}

#[test]
fn r10_too_many_calls_are_told_when_to_come_back() {
    let setup = Setup { quotas: "read=2".parse::<Quotas>().unwrap(), ..Setup::default() };
    on_both_with(setup, async |api: &Api| {
        for _ in 0..2 {
            assert_eq!(send(&api.admin(), "teams.list", "").await.status, 200);
        }
        let reply = send(&api.admin(), "teams.list", "").await;
        refused(&reply, 429, "ratelimited");
        assert!(reply.header("retry-after").parse::<u32>().unwrap() >= 1);
        assert_eq!(reply.header("x-ratelimit-remaining"), "0");
    });
}

#[test]
fn r12_wrong_arguments_are_listed_as_slack_lists_them() {
    on_both(async |api| {
        let reply = api.admin().send("api/teams.create", JSON, b"{\"nmae\":\"x\"}".to_vec()).await;
        let expected = json!({
            "ok": false,
            "error": "invalid_arguments",
            "errors": [
                { "pointer": "/nmae", "code": "unknown_field", "message": "unknown field 'nmae', did you mean 'name'?" },
                { "pointer": "/name", "code": "required", "message": "missing required field: name" },
            ],
            "response_metadata": { "messages": [
                "[ERROR] unknown field 'nmae', did you mean 'name'? [json-pointer:/nmae]",
                "[ERROR] missing required field: name [json-pointer:/name]",
            ] },
        });
        assert_eq!((reply.status, reply.body), (200, expected));
    });
}

#[test]
fn r15_the_two_tests_answer_as_slacks_do() {
    on_both(async |api| {
        let test = send(&api.admin(), "auth.test", "").await;
        for field in ["url", "team", "user", "team_id", "user_id", "bot_id"] {
            assert!(test.body[field].is_string(), "{field}: {}", test.text);
        }
        assert_eq!(test.header("x-accepted-oauth-scopes"), "");
        assert_ne!(test.header("x-oauth-scopes"), "");
        let echo = send(&api.nobody(), "api.test", "foo=bar&n=1").await;
        assert_eq!(echo.body, json!({ "ok": true, "args": { "foo": "bar", "n": "1" } }));
        let error = send(&api.nobody(), "api.test", "error=my_error&foo=bar").await;
        assert_eq!(error.status, 200);
        assert_eq!(
            error.body,
            json!({ "ok": false, "error": "my_error", "args": { "error": "my_error", "foo": "bar" } })
        );
    });
}

#[test]
fn r17_nothing_is_redirected_and_what_is_large_is_compressed() {
    on_both(async |api| {
        refused(&send(&api.admin(), "teams.list/", "").await, 200, "unknown_method");
        refused(&send(&api.admin(), "", "").await, 200, "unknown_method");
        let kebab = send(&api.admin(), "api.Test", "").await;
        refused(&kebab, 200, "unknown_method");
        let packed =
            api.nobody().with("accept-encoding", "gzip, deflate").send("api/api.methods", FORM, Vec::new()).await;
        assert_eq!((packed.status, packed.header("content-encoding")), (200, "gzip"));
        assert_eq!(packed.header("content-type"), "application/json; charset=utf-8");
    });
}

#[test]
fn r18_a_file_goes_where_the_method_takes_bytes() {
    on_both(async |api| {
        let admin = api.admin();
        let part = |name: &str, file_name: &str| {
            format!(
                "--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\nhello\r\n"
            )
        };
        let upload = async |method: &str, parts: &str| {
            let body = format!("{parts}--x--\r\n").into_bytes();
            admin.send(&format!("api/{method}"), "multipart/form-data; boundary=x", body).await
        };
        let named = upload("files.create", &part("file", "hello.bin")).await;
        assert_eq!(
            (&named.body["ok"], &named.body["name"], &named.body["size"]),
            (&json!(true), &json!("hello.bin"), &json!(5)),
            "{}",
            named.text
        );
        let title = "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nmine.bin\r\n";
        let renamed = upload("files.create", &format!("{}{title}", part("content_base64", "hello.bin"))).await;
        assert_eq!(renamed.body["name"], "mine.bin", "{}", renamed.text);
        refused(&upload("files.create", &part("attachment", "a")).await, 200, "invalid_form_data");
        refused(&upload("teams.create", &part("name", "a")).await, 200, "invalid_form_data");
        refused(&upload("teams.create", &part("file", "a")).await, 200, "invalid_form_data");
    });
}

#[test]
fn a_key_counts_through_both_doors() {
    on_both(async |api| {
        let client = api.admin().with("idempotency-key", "both-doors");
        let slack = send(&client, "teams.create", "name=Sms").await;
        let native = client.post("teams.create", &json!({ "name": "Sms" })).await;
        assert_eq!((native.header("idempotent-replayed"), &native.body["id"]), ("true", &slack.body["id"]));
        assert_eq!(slack.header("etag"), "\"1\"");
        let reused = send(&client, "teams.create", "name=Other").await;
        refused(&reused, 200, "idempotency_key_reused");
        let missing = send(&api.admin(), "teams.info", &format!("id={}", api.unknown_id())).await;
        refused(&missing, 200, "team_not_found");
        let id: Id = slack.body["id"].as_str().unwrap().parse().unwrap();
        let gone = send(&api.admin(), "teams.delete", &format!("id={id}")).await;
        assert_eq!((gone.status, gone.body), (200, json!({ "ok": true })));
    });
}
