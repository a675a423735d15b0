//! The rules of the wire that belong to no method: formats, labels, credentials, headers, errors, compression, CORS.

use std::io::Write;

use dotdesk::db::Timestamp;
use dotdesk::http::{self, Origins};
use serde_json::{Value, json};

use crate::support::{Setup, on_both, on_both_with};

#[test]
fn scripts_may_forget_the_label_of_json() {
    on_both(async |api| {
        let admin = api.admin();
        for label in ["", "text/plain", "application/x-www-form-urlencoded"] {
            let reply = admin.send("teams.list", label, b" {\"limit\":1}".to_vec()).await;
            assert_eq!((reply.status, reply.header("x-warning")), (200, "content_type_assumed_json"), "{label}");
            assert_eq!(admin.send("teams.list", label, Vec::new()).await.header("x-warning"), "", "{label}");
        }
        for label in ["application/json; charset=utf-8", "application/vnd.acme+json", "APPLICATION/JSON"] {
            assert_eq!(admin.send("teams.list", label, b"\xef\xbb\xbf{}".to_vec()).await.status, 200, "{label}");
        }
        let form = admin.send("teams.create", "application/x-www-form-urlencoded", b"name=Sms".to_vec()).await;
        form.refused(415, "unsupported_media_type");
        let latin = admin.send("teams.create", "application/json; charset=iso-8859-1", b"{}".to_vec()).await;
        latin.refused(415, "unsupported_media_type");
        admin.send("teams.list", "image/png", b"{}".to_vec()).await.refused(415, "unsupported_media_type");
    });
}

#[test]
fn a_javascript_literal_is_shown_as_json() {
    on_both(async |api| {
        let body = b"{name: 'Sms Customer Service'}".to_vec();
        let reply = api.admin().send("teams.create", "application/json", body).await;
        reply.refused(400, "invalid_json");
        assert_eq!((&reply.body["error"]["line"], &reply.body["error"]["column"]), (&json!(1), &json!(2)));
        assert_eq!(
            reply.body["error"]["message"],
            "Line 1, column 2: expected a double-quoted key. This looks like a JavaScript object literal; write \
             {\"name\": \"Sms Customer Service\"}."
        );
    });
}

#[test]
fn every_problem_is_named_in_the_order_of_the_document() {
    on_both(async |api| {
        let body = json!({
            "id": "7491e1a8-eff4-46d7-9f41-26730e826378", "nmae": "x", "description": 7,
            "user_ids": ["7491e1a8-eff4-46d7-9f41-26730e826378", 7, "u1"], "is_support_enabled": null,
        });
        let reply = api.admin().post("teams.update", &body).await;
        reply.refused(400, "invalid_arguments");
        let expected = [
            ("/nmae", "unknown_field"),
            ("/description", "wrong_type"),
            ("/user_ids/1", "wrong_type"),
            ("/user_ids/2", "format"),
            ("/is_support_enabled", "not_nullable"),
        ];
        assert_eq!(reply.problems(), expected.map(|(pointer, code)| (pointer.into(), code.into())));
        let error = &reply.body["error"];
        assert_eq!(
            error["message"],
            "5 problems with the arguments of teams.update: unknown field 'nmae', did you mean 'name'? (and 4 more)"
        );
        assert_eq!(error["errors"][0]["suggestions"], json!(["name"]));
        assert_eq!(
            (&error["errors"][2]["expected"], &error["errors"][2]["message"]),
            (&json!("string"), &json!("expected string, got integer"))
        );
        assert!(error["doc_url"].as_str().unwrap().ends_with("/docs/errors#invalid_arguments"));
    });
}

#[test]
fn unknown_methods_are_guessed() {
    on_both(async |api| {
        let admin = api.admin();
        for (wrong, right) in [
            ("teams.add_member", "teams.addMember"),
            ("teams.AddMember", "teams.addMember"),
            ("teams.get", "teams.info"),
            ("teams.remove", "teams.delete"),
            ("teams.lst", "teams.list"),
            ("team.list", "teams.list"),
        ] {
            let reply = admin.post(wrong, &json!({})).await;
            reply.refused(404, "unknown_method");
            assert_eq!(reply.body["error"]["suggestions"][0], right, "{wrong}: {}", reply.text);
            assert!(reply.body["error"]["message"].as_str().unwrap().contains(right), "{}", reply.text);
        }
        admin.post("teams.add-member", &json!({})).await.refused(400, "invalid_arguments");
        let nonsense = admin.post(&"x".repeat(5000), &json!({})).await;
        nonsense.refused(404, "unknown_method");
        assert!(nonsense.text.len() < 600, "no long input is echoed");
    });
}

#[test]
fn a_token_may_come_in_four_ways_but_only_one() {
    on_both(async |api| {
        let (nobody, key) = (api.nobody(), &api.acme.key);
        let basic = base64(format!("{key}:").as_bytes());
        for (header, value) in [
            ("authorization", format!("bearer {key}")),
            ("authorization", format!("Basic {basic}")),
            ("x-api-key", key.clone()),
        ] {
            assert_eq!(nobody.with(header, &value).post("teams.list", &json!({})).await.status, 200, "{header}");
        }
        let same_twice = api.admin().with("x-api-key", key);
        assert_eq!(same_twice.post("teams.list", &json!({})).await.status, 200);
        let two = api.admin().with("x-api-key", &api.other.key);
        two.post("teams.list", &json!({})).await.refused(400, "invalid_auth_header");
        for odd in ["Digest abc", "Bearer", "Bearer a b", &format!("Basic {}", base64(b"user:password"))] {
            let reply = nobody.with("authorization", odd).post("teams.list", &json!({})).await;
            reply.refused(400, "invalid_auth_header");
        }
    });
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn every_answer_has_a_request_id_of_the_server() {
    on_both(async |api| {
        let (admin, nobody) = (api.admin().with("x-request-id", "zap-run-77"), api.nobody());
        let fine = admin.post("teams.list", &json!({})).await;
        let refused = nobody.post("teams.list", &json!({})).await;
        let missing = nobody.post("no.such", &json!({})).await;
        let page = nobody.get("/health").await;
        assert_eq!(fine.header("x-client-request-id"), "zap-run-77");
        for reply in [&fine, &refused, &missing, &page] {
            let id = reply.header("x-request-id");
            assert!(id.len() == 36 && id.starts_with("req_") && id[4..].bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
        }
        assert_eq!(refused.body["error"]["request_id"], refused.header("x-request-id"));
        let spoofed = api.admin().with("x-request-id", &"x".repeat(129)).post("teams.list", &json!({})).await;
        assert_eq!(spoofed.header("x-client-request-id"), "");
    });
}

#[test]
fn problem_documents_and_indented_json_are_had_by_asking() {
    on_both(async |api| {
        let problem = api.admin().with("accept", "application/problem+json");
        let reply = problem.post("teams.info", &json!({ "id": "x", "a/b": 1 })).await;
        assert_eq!((reply.status, reply.header("content-type")), (400, "application/problem+json"));
        assert_eq!(reply.body["title"], "Invalid arguments");
        assert_eq!(reply.body["instance"], format!("urn:request:{}", reply.header("x-request-id")));
        assert_eq!(reply.body["errors"][0]["pointer"], "#/id");
        assert_eq!(reply.body["errors"][1]["pointer"], "#/a~1b");
        let pretty = api.admin().with("accept", "application/json; indent=2").post("teams.list", &json!({})).await;
        assert!(pretty.text.starts_with("{\n  \"data\""), "{}", pretty.text);
        let odd = api.admin().with("accept", "image/png").post("teams.list", &json!({})).await;
        assert_eq!((odd.status, odd.header("content-type")), (200, "application/json; charset=utf-8"));
    });
}

#[test]
fn etags_follow_the_version_and_if_match_guards_it() {
    on_both(async |api| {
        let admin = api.admin();
        let created = admin.post("teams.create", &json!({ "name": "Sms" })).await;
        assert_eq!(created.header("etag"), "\"1\"");
        let id = &created.body["id"];
        let first = admin.with("if-match", "\"1\"").post("teams.update", &json!({ "id": id, "name": "New" })).await;
        assert_eq!((first.status, first.header("etag")), (200, "\"2\""));
        let stale = admin.with("if-match", "\"1\"").post("teams.update", &json!({ "id": id, "name": "Newer" })).await;
        stale.refused(412, "version_conflict");
        assert_eq!(stale.body["error"]["message"], "Team changed: you have version 1, current is 2.");
        assert_eq!(stale.body["error"]["current"], first.body);
        let any = admin.with("if-match", "*").post("teams.update", &json!({ "id": id, "name": "Newest" })).await;
        assert_eq!(any.status, 200);
        admin
            .with("if-match", "soon")
            .post("teams.update", &json!({ "id": id }))
            .await
            .refused(400, "invalid_arguments");
    });
}

#[test]
fn large_answers_are_compressed_and_compressed_bodies_are_read() {
    on_both(async |api| {
        let admin = api.admin();
        for n in 0..20 {
            admin.ok("teams.create", json!({ "name": format!("Team {n}") })).await;
        }
        let plain = admin.post("teams.list", &json!({})).await;
        assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "Accept-Encoding"));
        for encoding in ["gzip", "zstd", "br"] {
            let reply = admin.with("accept-encoding", encoding).post("teams.list", &json!({})).await;
            assert_eq!(reply.header("content-encoding"), encoding);
            let length: usize = reply.header("content-length").parse().unwrap();
            assert!(length < plain.text.len() / 4, "{encoding}: {length}");
        }
        let small = admin.with("accept-encoding", "gzip").post("api.test", &json!({})).await;
        assert_eq!(small.header("content-encoding"), "");

        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(b"{\"limit\":3}").unwrap();
        let body = gzip.finish().unwrap();
        let read = admin.with("content-encoding", "gzip").send("teams.list", "application/json", body.clone()).await;
        assert_eq!(read.body["data"].as_array().unwrap().len(), 3);
        let zstd = zstd::bulk::compress(b"{\"limit\":4}", 0).unwrap();
        let read = admin.with("content-encoding", "zstd").send("teams.list", "application/json", zstd).await;
        assert_eq!(read.body["data"].as_array().unwrap().len(), 4);
        let odd = admin.with("content-encoding", "br").send("teams.list", "application/json", body.clone()).await;
        odd.refused(415, "unsupported_media_type");
        let broken =
            admin.with("content-encoding", "gzip").send("teams.list", "application/json", b"{}".to_vec()).await;
        assert_eq!(broken.status, 400, "{}", broken.text);

        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        bomb.write_all(&vec![b' '; 64 << 20]).unwrap();
        let compressed = admin.with("content-encoding", "gzip");
        let reply = compressed.send("teams.list", "application/json", bomb.finish().unwrap()).await;
        reply.refused(413, "request_too_large");
    });
}

#[test]
fn headers_have_a_limit() {
    on_both(async |api| {
        let reply = api.admin().with("x-padding", &"x".repeat(16 << 10)).post("teams.list", &json!({})).await;
        reply.refused(413, "request_too_large");
        assert_eq!(reply.body["error"]["limit_bytes"], 16 << 10);
    });
}

#[test]
fn pages_of_any_origin_may_call() {
    on_both(async |api| {
        let page = api.nobody().with("origin", "https://app.example");
        let preflight = page
            .with("access-control-request-method", "POST")
            .with("access-control-request-headers", "authorization,content-type")
            .request(reqwest::Method::OPTIONS, "/teams.list")
            .await;
        assert_eq!((preflight.status, preflight.text.as_str()), (204, ""));
        assert_eq!(preflight.header("access-control-allow-origin"), "*");
        assert_eq!(preflight.header("access-control-allow-methods"), "POST, GET, OPTIONS");
        assert_eq!(preflight.header("access-control-max-age"), "7200");
        assert!(preflight.header("access-control-allow-headers").contains("Idempotency-Key"));
        let refused = page.post("teams.list", &json!({})).await;
        refused.refused(401, "not_authed");
        assert_eq!(refused.header("access-control-allow-origin"), "*", "browsers hide errors without it");
        assert!(refused.header("access-control-expose-headers").contains("Retry-After"));
        assert_eq!(refused.header("access-control-allow-credentials"), "");
    });
}

#[test]
fn listed_origins_are_echoed_and_others_are_not() {
    let options = http::Options {
        workers: 1,
        origins: Origins::Listed(vec!["https://app.example".into()]),
        ..http::Options::default()
    };
    on_both_with(Setup { options, ..Setup::default() }, async |api| {
        let listed = api.admin().with("origin", "https://app.example").post("teams.list", &json!({})).await;
        assert_eq!(listed.header("access-control-allow-origin"), "https://app.example");
        assert_eq!((listed.header("access-control-allow-credentials"), listed.header("vary")), ("true", "Origin"));
        let other = api.admin().with("origin", "https://evil.example").post("teams.list", &json!({})).await;
        assert_eq!((other.header("access-control-allow-origin"), other.header("vary")), ("", "Origin"));
    });
}

#[test]
fn rate_limits_are_told_and_kept() {
    let setup = Setup { quotas: "write=3,auth=2".parse().unwrap(), ..Setup::default() };
    on_both_with(setup, async |api| {
        let admin = api.admin();
        let first = admin.post("teams.create", &json!({ "name": "A" })).await;
        assert_eq!(first.header("ratelimit-policy"), "\"write\";q=3;w=60");
        assert_eq!(first.header("ratelimit"), "\"write\";r=2;t=20");
        assert_eq!((first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")), ("3", "2"));
        assert_eq!(first.header("x-ratelimit-resource"), "write");
        let reset: i64 = first.header("x-ratelimit-reset").parse().unwrap();
        assert_eq!(reset, api.now().seconds() + 20);
        admin.ok("teams.create", json!({ "name": "B" })).await;
        admin.ok("teams.create", json!({ "name": "C" })).await;
        let full = admin.post("teams.create", &json!({ "name": "D" })).await;
        full.refused(429, "ratelimited");
        let wait: i64 = full.header("retry-after").parse().unwrap();
        assert!((1..=20).contains(&wait), "{wait}");
        assert_eq!(
            (&full.body["error"]["retry_after"], &full.body["error"]["policy"]),
            (&json!(wait), &json!("write"))
        );
        assert_eq!(admin.post("teams.list", &json!({})).await.header("x-ratelimit-resource"), "read");
        assert_eq!(api.stranger().post("teams.create", &json!({ "name": "E" })).await.status, 200, "not their quota");

        let guess = api.client("dd_live_nonsense");
        for _ in 0..2 {
            guess.post("teams.list", &json!({})).await.refused(401, "invalid_auth");
        }
        guess.post("teams.list", &json!({})).await.refused(429, "ratelimited");
    });
}

#[test]
fn times_are_read_in_any_offset_and_written_in_utc() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/wire-ids-time.json")).unwrap();
    for pair in vectors["timestamps"]["accept"].as_array().unwrap() {
        let time: Timestamp = pair[0].as_str().unwrap().parse().unwrap_or_else(|_| panic!("{pair}"));
        assert_eq!(time.to_string(), pair[1].as_str().unwrap());
    }
    for text in vectors["timestamps"]["reject"].as_array().unwrap() {
        let expected = "expected a timestamp with offset such as 2026-11-20T00:00:00Z";
        assert_eq!(text.as_str().unwrap().parse::<Timestamp>(), Err(expected), "{text}");
    }
}

#[test]
fn merge_patches_follow_the_rfc() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/wire-json-merge-patch.json")).unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let mut target = case["target"].clone();
        dotdesk::method::merge(&mut target, case["patch"].clone());
        assert_eq!(target, case["result"], "{case}");
    }
}

#[test]
fn idempotency_keys_are_read_bare_and_quoted() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/wire-headers.json")).unwrap();
    for case in vectors["idempotency_key"]["accept"].as_array().unwrap() {
        let key = dotdesk::method::idempotency::parse_key(case["raw"].as_str().unwrap()).unwrap();
        assert_eq!(key, case["key"].as_str().unwrap());
    }
    for raw in vectors["idempotency_key"]["reject"].as_array().unwrap() {
        assert!(dotdesk::method::idempotency::parse_key(raw.as_str().unwrap()).is_err(), "{raw}");
    }
}

#[test]
fn the_documents_beside_the_methods_are_there() {
    on_both(async |api| {
        let nobody = api.nobody();
        assert_eq!(nobody.get("/health").await.body["status"], "ok");
        assert_eq!(nobody.get("/ready").await.body["status"], "ready");
        let keys = nobody.get("/.well-known/jwks.json").await;
        assert_eq!((&keys.body["keys"][0]["kty"], &keys.body["keys"][0]["crv"]), (&json!("OKP"), &json!("Ed25519")));
        assert!(nobody.get("/metrics").await.text.contains("dotdesk_requests_total"));
        assert!(nobody.get("/docs/errors").await.text.contains("id=\"invalid_arguments\""));
        let openapi = nobody.get("/openapi.json").await;
        assert_eq!(openapi.body["openapi"], "3.1.1");
        let again = nobody.with("if-none-match", openapi.header("etag")).get("/openapi.json").await;
        assert_eq!((again.status, again.text.as_str()), (304, ""));
        let methods = nobody.post("api.methods", &json!({ "prefix": "teams." })).await;
        assert!(
            methods.body["data"].as_array().unwrap().iter().all(|m| m["name"].as_str().unwrap().starts_with("teams."))
        );
        let knows = nobody.with("if-none-match", methods.header("etag"));
        assert_eq!(knows.post("api.methods", &json!({ "prefix": "teams." })).await.status, 304);
        let errors = nobody.ok("api.errors", json!({})).await;
        assert!(errors["data"].as_array().unwrap().iter().any(|error| error["code"] == "team_not_found"));
        assert_eq!(nobody.ok("api.test", json!({ "foo": "bar" })).await, json!({ "args": { "foo": "bar" } }));
        let me = api.admin().ok("auth.test", json!({})).await;
        assert_eq!((&me["team"], &me["user_id"]), (&json!("Acme"), &json!(api.acme.owner)));
        assert_eq!(me["url"], format!("{}/", api.url));
    });
}
