//! Many calls in one request.

use dotdesk::method::{Access, Batching, Kind};
use serde_json::{Value, json};

use crate::support::fixtures::Fixtures;
use crate::support::{Api, Reply, Setup, on_both, on_both_with, organization};

fn call(id: &str, method: &str, args: Value) -> Value {
    json!({ "id": id, "method": method, "args": args })
}

fn reference(to: &str) -> Value {
    json!({ "$ref": to })
}

async fn run(api: &Api, atomic: bool, calls: &[Value]) -> Reply {
    api.admin().post("batch.run", &json!({ "atomic": atomic, "calls": calls })).await
}

/// Id and status of every result.
fn statuses(reply: &Reply) -> Vec<(&str, u64)> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    let results = reply.body["results"].as_array().unwrap();
    results.iter().map(|result| (result["id"].as_str().unwrap(), result["status"].as_u64().unwrap())).collect()
}

fn code(reply: &Reply, index: usize) -> &Value {
    &reply.body["results"][index]["body"]["error"]["code"]
}

#[test]
fn later_calls_use_what_earlier_ones_answered() {
    on_both(async |api| {
        for atomic in [false, true] {
            let calls = [
                call("t", "teams.create", json!({ "name": "Sms" })),
                call("m", "teams.addMember", json!({ "id": reference("t#/id"), "user_id": api.acme.agent })),
                call(
                    "n",
                    "teams.update",
                    json!({ "id": reference("m#/id"), "name": "Text", "if_version": reference("m#/version") }),
                ),
                call("i", "teams.info", reference("t#")["id"].take()),
            ];
            let calls = [&calls[..3], &[call("i", "teams.info", json!({ "id": reference("t#/id") }))]].concat();
            let (reply, events) = api.events_of(run(api, atomic, &calls)).await;
            assert_eq!(statuses(&reply), [("t", 200), ("m", 200), ("n", 200), ("i", 200)], "{}", reply.text);
            let results = &reply.body["results"];
            assert_eq!(results[1]["body"]["user_ids"], json!([api.acme.agent]));
            assert_eq!((&results[2]["body"]["version"], &results[2]["body"]["name"]), (&json!(3), &json!("Text")));
            assert_eq!(results[3]["body"], results[2]["body"], "a call sees what those before it wrote");
            let stored = api.admin().ok("teams.info", json!({ "id": results[0]["body"]["id"] })).await;
            assert_eq!(stored, results[3]["body"]);
            let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
            assert_eq!(kinds, ["team.created", "team.member_added", "team.updated"]);
            assert_eq!(api.last_audited().await.method, "teams.update", "each call is in the audit by its own name");
            let request = reply.header("x-request-id");
            assert!(api.stored().await.holds(request), "events and audit name the request");

            let gone = [
                call("d", "teams.delete", json!({ "id": results[0]["body"]["id"] })),
                json!({ "method": "teams.list" }),
            ];
            let reply = run(api, atomic, &gone).await;
            assert_eq!(statuses(&reply), [("d", 204), ("1", 200)]);
            assert_eq!(reply.body["results"][0], json!({ "id": "d", "status": 204 }), "a void call has no body");
            assert_eq!(reply.body["results"][1]["body"], json!({ "data": [], "next_cursor": null }));
        }
    });
}

#[test]
fn references_reach_into_lists_and_whole_answers() {
    on_both(async |api| {
        let calls = [
            call("a", "teams.create", json!({ "name": "A" })),
            call("b", "teams.create", json!({ "name": "B" })),
            call("l", "teams.list", json!({ "limit": 1 })),
            call("n", "teams.list", json!({ "limit": 1, "cursor": reference("l#/next_cursor") })),
            call("u", "users.list", json!({ "limit": 10 })),
            call(
                "c",
                "teams.create",
                json!({ "name": reference("l#/data/0/name"), "user_ids": reference("u#/data/*/id") }),
            ),
            call("i", "teams.info", json!({ "id": reference("n#/data/0/id") })),
            call(
                "e",
                "api.test",
                json!({ "whole": reference("a#"), "as it is": { "$literal": { "$ref": "a#/id" } }, "no": { "$ref": "x", "y": 1 } }),
            ),
            call("args", "api.test", reference("e#/args")),
        ];
        for atomic in [false, true] {
            let reply = run(api, atomic, &calls).await;
            assert!(statuses(&reply).iter().all(|(_, status)| *status == 200), "{}", reply.text);
            let results = &reply.body["results"];
            assert_eq!(results[5]["body"]["user_ids"].as_array().unwrap().len(), 2);
            assert_eq!(results[6]["body"]["id"], results[3]["body"]["data"][0]["id"]);
            let echo = &results[7]["body"]["args"];
            assert_eq!(echo["whole"], results[0]["body"]);
            assert_eq!(echo["as it is"], json!({ "$ref": "a#/id" }));
            assert_eq!(echo["no"], json!({ "$ref": "x", "y": 1 }));
            assert_eq!(&results[8]["body"]["args"], echo, "arguments may be a reference as a whole");
        }
    });
}

#[test]
fn one_that_fails_keeps_only_those_from_running_that_need_it() {
    on_both(async |api| {
        let unknown = api.unknown_id();
        let calls = [
            call("a", "teams.create", json!({ "name": "A" })),
            call("x", "teams.update", json!({ "id": unknown, "name": "X" })),
            call("y", "teams.addMember", json!({ "id": reference("x#/id"), "user_id": api.acme.agent })),
            call("z", "teams.delete", json!({ "id": reference("y#/id") })),
            call("typo", "teams.crate", json!({})),
            call("w", "teams.create", json!({ "name": 5, "nam": 1 })),
            call("b", "teams.create", json!({ "name": "B" })),
            call("stale", "teams.update", json!({ "id": reference("b#/id"), "name": "C", "if_version": 7 })),
        ];
        let (reply, events) = api.events_of(run(api, false, &calls)).await;
        let expected =
            [("a", 200), ("x", 404), ("y", 424), ("z", 424), ("typo", 404), ("w", 400), ("b", 200), ("stale", 409)];
        assert_eq!(statuses(&reply), expected);
        assert_eq!(events.len(), 2);
        assert_eq!(code(&reply, 1), "team_not_found");
        assert_eq!((code(&reply, 2), code(&reply, 3)), (&json!("dependency_failed"), &json!("dependency_failed")));
        let dependency = &reply.body["results"][2]["body"]["error"];
        assert_eq!((&dependency["failed"], &dependency["type"]), (&json!("x"), &json!("conflict")));
        assert_eq!(dependency["request_id"], reply.header("x-request-id"));
        assert_eq!(reply.body["results"][4]["body"]["error"]["suggestions"][0], "teams.create");
        let alone = api.admin().post("teams.create", &json!({ "name": 5, "nam": 1 })).await;
        assert_eq!(reply.body["results"][5]["body"]["error"]["errors"], alone.body["error"]["errors"]);
        assert_eq!(reply.body["results"][7]["body"]["error"]["current_version"], 1);
    });
}

#[test]
fn an_atomic_batch_is_done_as_a_whole_or_not_at_all() {
    on_both(async |api| {
        let admin = api.admin();
        let kept = admin.ok("teams.create", json!({ "name": "Kept" })).await;
        let before = api.row_counts().await;
        let good = [
            call("a", "teams.create", json!({ "name": "A" })),
            call("k", "teams.update", json!({ "id": kept["id"], "name": "Changed" })),
            call("d", "teams.delete", json!({ "id": reference("a#/id") })),
        ];
        let unknown = api.unknown_id();
        let bad: [(Value, u16, &str); 6] = [
            (call("f", "teams.update", json!({ "id": unknown, "name": "X" })), 404, "team_not_found"),
            (call("f", "teams.info", json!({ "id": reference("a#/id") })), 404, "team_not_found"),
            (call("f", "teams.create", json!({ "name": 5 })), 400, "invalid_arguments"),
            (call("f", "teams.crate", json!({})), 404, "unknown_method"),
            (call("f", "teams.update", json!({ "id": kept["id"], "if_version": 1 })), 409, "version_conflict"),
            (call("f", "teams.info", json!({ "id": reference("d#/id") })), 400, "invalid_arguments"),
        ];
        for (last, status, cause) in bad {
            let calls = [&good[..], &[last]].concat();
            let (reply, events) = api.events_of(run(api, true, &calls)).await;
            reply.refused(status, "batch_aborted");
            let error = &reply.body["error"];
            assert_eq!((&error["failed"], &error["failed_index"]), (&json!("f"), &json!(3)), "{}", reply.text);
            assert_eq!((&error["cause"]["code"], &error["cause"]["type"]), (&json!(cause), &error["type"]));
            assert!(events.is_empty(), "{events:?}");
            assert_eq!(api.row_counts().await, before, "{cause}: nothing is there, no event and no audit entry");
            assert_eq!(admin.ok("teams.info", json!({ "id": kept["id"] })).await, kept);
        }
        assert_eq!(statuses(&run(api, true, &good).await).len(), 3);
    });
}

#[test]
fn what_is_not_well_formed_is_named_and_nothing_is_called() {
    on_both(async |api| {
        let before = api.row_counts().await;
        let create = |id: &str| call(id, "teams.create", json!({ "name": "A" }));
        let refer = |to: Value| call("b", "teams.info", json!({ "id": to }));
        let too_many: Vec<Value> = (0..101).map(|n| create(&n.to_string())).collect();
        let wrong: Vec<(Vec<Value>, &str, &str)> = vec![
            (too_many, "/calls", "too_many_items"),
            (vec![create("a"), create("a")], "/calls/1/id", "duplicate"),
            (vec![create("1"), json!({ "method": "teams.list" })], "/calls/1/id", "duplicate"),
            (vec![create("a#b")], "/calls/0/id", "pattern"),
            (vec![json!({ "id": "a" })], "/calls/0/method", "required"),
            (vec![json!({ "method": "teams.list", "arg": {} })], "/calls/0/arg", "unknown_field"),
            (vec![json!({ "method": "teams.list", "args": [] })], "/calls/0/args", "wrong_type"),
            (vec![create("a"), refer(reference("nowhere#/id"))], "/calls/1/args/id", "unresolved_ref"),
            (vec![refer(reference("c#/id")), create("c")], "/calls/0/args/id", "unresolved_ref"),
            (vec![refer(reference("b#/id"))], "/calls/0/args/id", "unresolved_ref"),
            (vec![create("a"), refer(reference("a"))], "/calls/1/args/id", "format"),
            (vec![create("a"), refer(reference("a#id"))], "/calls/1/args/id", "format"),
            (vec![create("a"), refer(reference("a#/~2"))], "/calls/1/args/id", "format"),
            (vec![create("a"), refer(json!({ "$ref": 5 }))], "/calls/1/args/id", "format"),
            (vec![create("a"), call("b", "batch.run", json!({ "calls": [] }))], "/calls/1/method", "not_allowed"),
            (
                vec![call("f", "files.create", json!({ "name": "a", "content_base64": "" }))],
                "/calls/0/method",
                "not_allowed",
            ),
        ];
        for (calls, pointer, code) in &wrong {
            for atomic in [false, true] {
                run(api, atomic, calls).await.wrong(pointer, code);
            }
        }
        let login = [create("a"), call("l", "auth.login", json!({ "email": "a@b.test", "password": "x" }))];
        run(api, true, &login).await.wrong("/calls/1/method", "not_allowed");
        let several = [create("a"), create("a"), refer(reference("x#"))];
        assert_eq!(run(api, false, &several).await.problems().len(), 2);
        assert_eq!(api.row_counts().await, before);
        for atomic in [false, true] {
            assert_eq!(run(api, atomic, &[]).await.body, json!({ "results": [] }), "who asks for nothing gets nothing");
        }
    });
}

#[test]
fn references_into_nothing_fail_that_call() {
    on_both(async |api| {
        let team = api.admin().ok("teams.create", json!({ "name": "A" })).await;
        let calls = [
            call("t", "teams.list", json!({})),
            call("d", "teams.delete", json!({ "id": team["id"] })),
            call("1", "teams.info", json!({ "id": reference("t#/data/5/id") })),
            call("2", "teams.info", json!({ "id": reference("t#/data/0/no") })),
            call("3", "teams.info", json!({ "id": reference("d#/id") })),
            call("4", "teams.info", json!({ "id": reference("t#/data/00/id") })),
            call("5", "teams.info", json!({ "id": reference("t#/data/0") })),
            call("6", "teams.info", reference("t#/data/0/id")),
        ];
        let reply = run(api, false, &calls).await;
        let all: Vec<u64> = statuses(&reply).iter().map(|(_, status)| *status).collect();
        assert_eq!(all, [200, 204, 400, 400, 400, 400, 400, 400]);
        let errors = |index: usize| &reply.body["results"][index]["body"]["error"]["errors"][0];
        for index in 2..=5 {
            assert_eq!((&errors(index)["pointer"], &errors(index)["code"]), (&json!("/id"), &json!("unresolved_ref")));
        }
        assert_eq!(errors(4)["message"], "the call 'd' answers nothing");
        assert_eq!(errors(6)["code"], "wrong_type", "what is found is checked like any argument");
        assert_eq!(code(&reply, 7), "json_not_object");
    });
}

#[test]
fn what_is_made_of_references_has_the_limits_of_a_body() {
    on_both(async |api| {
        let long = "x".repeat(150_000);
        let doubled = |of: &str| json!({ "a": reference(of), "b": reference(of), "c": reference(of) });
        let calls = [
            call("1", "api.test", json!({ "text": long })),
            call("2", "api.test", doubled("1#/args")),
            call("3", "api.test", doubled("2#/args")),
            call("4", "api.test", json!({ "fine": reference("2#/args/a/text") })),
        ];
        let reply = run(api, false, &calls).await;
        assert_eq!(statuses(&reply), [("1", 200), ("2", 200), ("3", 413), ("4", 200)]);
        assert_eq!(reply.body["results"][2]["body"]["error"]["limit_bytes"], 1 << 20);

        let nest =
            |of: &str| json!({ "a": { "a": { "a": { "a": { "a": { "a": { "a": { "a": reference(of) } } } } } } } });
        let deep: Vec<Value> = (0..6)
            .map(|n| {
                call(&n.to_string(), "api.test", if n == 0 { json!({}) } else { nest(&format!("{}#/args", n - 1)) })
            })
            .collect();
        let reply = run(api, false, &deep).await;
        let all: Vec<u64> = statuses(&reply).iter().map(|(_, status)| *status).collect();
        assert_eq!(all, [200, 200, 200, 200, 400, 424]);
        assert_eq!(reply.body["results"][4]["body"]["error"]["errors"][0]["code"], "too_deep");

        let large: Vec<Value> = (0..100)
            .map(|n| {
                call(
                    &n.to_string(),
                    "api.test",
                    if n == 0 { json!({ "t": "y".repeat(500_000) }) } else { reference("0#/args") },
                )
            })
            .collect();
        let reply = run(api, false, &large).await;
        let all = statuses(&reply);
        let made = all.iter().filter(|(_, status)| *status == 200).count();
        assert!((30..=40).contains(&made), "{made}");
        assert_eq!((all[99].1, code(&reply, 99)), (400, &json!("limit_exceeded")));
        assert!(reply.text.len() < 20 << 20);
        run(api, true, &large).await.refused(400, "batch_aborted");
    });
}

#[test]
fn scopes_and_limits_of_keys_hold_for_each_call() {
    on_both(async |api| {
        let admin = api.admin();
        let calls = json!([
            call("r", "teams.list", json!({})),
            call("w", "teams.create", json!({ "name": "A" })),
            call("i", "api.info", json!({})),
        ]);
        let scopes = dotdesk::method::Scope::all().filter(|scope| scope.to_string() == "teams:read");
        let token = organization::key_with(&api.app, &api.acme, scopes).await;
        let reader = api.client(&token);
        let reply = reader.post("batch.run", &json!({ "calls": calls })).await;
        assert_eq!(statuses(&reply), [("r", 200), ("w", 403), ("i", 200)]);
        assert_eq!(reply.body["results"][1]["body"]["error"]["needed"], "teams:write");
        let aborted = reader.post("batch.run", &json!({ "atomic": true, "calls": calls })).await;
        aborted.refused(403, "batch_aborted");
        assert_eq!(aborted.body["error"]["cause"]["code"], "missing_scope");

        let narrow = json!({ "name": "Narrow", "scopes": ["teams:read", "teams:write"], "allowed_methods": ["batch.run", "teams.list"] });
        let narrow = admin.ok("apiKeys.create", narrow).await;
        let reply = api.client(narrow["secret"].as_str().unwrap()).post("batch.run", &json!({ "calls": calls })).await;
        assert_eq!(statuses(&reply), [("r", 200), ("w", 403), ("i", 200)]);
        assert_eq!(code(&reply, 1), "no_permission");

        let stranger = api.stranger().post("batch.run", &json!({ "calls": [calls[0]] })).await;
        assert_eq!(stranger.body["results"][0]["body"]["data"], json!([]));
    });
}

#[test]
fn a_batch_is_counted_as_its_calls_before_the_first_is_made() {
    let setup = Setup { quotas: "write=10,read=100,auth=2".parse().unwrap(), ..Setup::default() };
    on_both_with(setup, async |api| {
        let teams = |count: usize| -> Vec<Value> {
            (0..count).map(|n| call(&n.to_string(), "teams.create", json!({ "name": "A" }))).collect()
        };
        let reply = run(api, true, &teams(6)).await;
        assert_eq!(statuses(&reply).len(), 6);
        assert_eq!(reply.header("ratelimit").split(';').nth(1), Some("r=4"), "{:?}", reply.headers);
        let before = api.row_counts().await;
        let full = run(api, false, &teams(5)).await;
        full.refused(429, "ratelimited");
        assert!(full.header("retry-after").parse::<u32>().unwrap() >= 1);
        run(api, false, &teams(11)).await.refused(400, "limit_exceeded");
        assert_eq!(api.row_counts().await, before, "a batch is never half done for that");
        assert_eq!(statuses(&run(api, false, &teams(4)).await).len(), 4, "what was refused was not counted");
        let login = call("l", "auth.login", json!({ "email": "owner@acme.test", "password": "wrong" }));
        let guesses: Vec<Value> =
            (0..3).map(|n| json!({ "method": login["method"], "args": login["args"], "id": n.to_string() })).collect();
        assert_eq!(statuses(&run(api, false, &guesses[..2]).await), [("0", 401), ("1", 401)]);
        run(api, false, &guesses[..1]).await.refused(429, "ratelimited");
    });
}

#[test]
fn a_batch_sent_again_does_nothing_twice() {
    on_both(async |api| {
        let calls = |name: &str| {
            json!([
                call("t", "teams.create", json!({ "name": name })),
                call("x", "teams.update", json!({ "id": api.unknown_id(), "name": "X" })),
                call("l", "teams.list", json!({})),
                call("m", "teams.addMember", json!({ "id": reference("l#/data/0/id"), "user_id": api.acme.agent })),
            ])
        };
        let client = api.admin().with("idempotency-key", "batch-1");
        let first = client.post("batch.run", &json!({ "calls": calls("Sms") })).await;
        assert_eq!(statuses(&first), [("t", 200), ("x", 404), ("l", 200), ("m", 200)]);
        // Whatever the reads answer by now, what was done stays done.
        api.admin().ok("teams.update", json!({ "id": first.body["results"][0]["body"]["id"], "name": "Other" })).await;
        let before = api.row_counts().await;
        let (again, events) = api.events_of(client.post("batch.run", &json!({ "calls": calls("Sms") }))).await;
        assert_eq!(statuses(&again), statuses(&first));
        assert_eq!(again.body["results"][0], first.body["results"][0]);
        assert_eq!(again.body["results"][3], first.body["results"][3]);
        assert_eq!(again.body["results"][2]["body"]["data"][0]["name"], "Other", "a read is made again");
        assert!(events.is_empty());
        client.post("batch.run", &json!({ "calls": calls("Other") })).await.refused(422, "idempotency_key_reused");
        client
            .post("batch.run", &json!({ "atomic": true, "calls": calls("Sms") }))
            .await
            .refused(422, "idempotency_key_reused");
        assert_eq!(api.row_counts().await, before);

        let inner = [call("t", "teams.create", json!({ "name": "A", "idempotency_key": "mine" }))];
        let reply = client.with("idempotency-key", "batch-2").post("batch.run", &json!({ "calls": inner })).await;
        assert_eq!(reply.body["results"][0]["body"]["error"]["errors"][0]["pointer"], "/idempotency_key");

        let atomic = json!({ "atomic": true, "calls": [call("t", "teams.create", json!({ "name": "B" })), call("l", "teams.list", json!({}))] });
        let client = api.admin().with("idempotency-key", "batch-3");
        let aborted = json!({ "atomic": true, "calls": calls("C") });
        client.post("batch.run", &aborted).await.refused(404, "batch_aborted");
        let first = client.post("batch.run", &atomic).await;
        assert_eq!(first.header("idempotent-replayed"), "", "a batch that was not done keeps nothing");
        api.admin().ok("teams.create", json!({ "name": "Later" })).await;
        let again = client.post("batch.run", &atomic).await;
        assert_eq!((&again.text, again.header("idempotent-replayed")), (&first.text, "true"));
    });
}

#[test]
fn the_same_batch_at_the_same_time_is_done_once() {
    on_both(async |api| {
        for atomic in [true, false] {
            let client = api.admin().with("idempotency-key", if atomic { "one" } else { "each" });
            let calls: Vec<Value> =
                (0..5).map(|n| call(&n.to_string(), "teams.create", json!({ "name": "A" }))).collect();
            let body = json!({ "atomic": atomic, "calls": calls });
            let before = api.admin().ok("teams.list", json!({ "limit": 1000 })).await["data"].as_array().unwrap().len();
            let replies = futures_util::future::join_all((0..8).map(|_| client.post("batch.run", &body))).await;
            for reply in &replies {
                assert_eq!(reply.body["results"], replies[0].body["results"], "{}", reply.text);
            }
            let after = api.admin().ok("teams.list", json!({ "limit": 1000 })).await["data"].as_array().unwrap().len();
            assert_eq!(after - before, 5);
        }
    });
}

#[test]
fn a_dry_run_leaves_the_rest_of_the_batch_alone() {
    on_both(async |api| {
        let name =
            api.registry.methods().iter().find(|method| method.name() == "contacts.merge" && method.entry.dry_run);
        assert!(name.is_some());
        let contact = |n: u32| call(&n.to_string(), "contacts.create", json!({ "name": format!("Jane {n}") }));
        let merge = |id: &str, dry: bool| {
            let args = json!({ "source_id": reference("1#/id"), "destination_id": reference("0#/id"), "dry_run": dry });
            call(id, "contacts.merge", args)
        };
        let info = |id: &str| call(id, "contacts.info", json!({ "id": reference("1#/id") }));
        for atomic in [false, true] {
            let calls = [contact(0), contact(1), merge("dry", true), info("there"), merge("real", false)];
            let reply = run(api, atomic, &calls).await;
            assert!(statuses(&reply).iter().all(|(_, status)| *status == 200), "{}", reply.text);
            let gone = [contact(0), contact(1), merge("real", false), info("gone")];
            let reply = run(api, atomic, &gone).await;
            if atomic {
                reply.refused(404, "batch_aborted");
            } else {
                assert_eq!(statuses(&reply).last(), Some(&("gone", 404)));
            }
        }
    });
}

#[test]
fn every_method_takes_part_in_a_batch_and_in_its_undoing() {
    on_both(async |api| {
        let fixtures = Fixtures::create(api).await;
        let fails = call("fails", "teams.info", json!({ "id": api.unknown_id() }));
        let before = api.row_counts().await;
        let stored = api.events().await.len();
        for method in api.registry.methods() {
            let name = method.name();
            if !Fixtures::runs_by_itself(method) {
                continue;
            }
            let first = call("first", name, fixtures.arguments(method));
            let client = api.client(&fixtures.token(method));
            let reply = client.post("batch.run", &json!({ "atomic": true, "calls": [first, fails] })).await;
            match method.entry.batching {
                Batching::Any => {
                    let public = method.entry.access == Access::Public && method.entry.kind != Kind::Read;
                    let cause = &reply.body["error"]["cause"];
                    // What needs a token of its own in the arguments fails here as it does alone, but it is tried.
                    let tried = reply.body["error"]["failed_index"] == 1 || (public && cause["type"] != "server");
                    assert!(tried, "{name}: {}", reply.text);
                }
                Batching::NotAtomic | Batching::Never => {
                    reply.wrong("/calls/0/method", "not_allowed");
                }
            }
            assert_eq!(api.row_counts().await, before, "{name} left something behind");
        }
        assert_eq!(api.events().await.len(), stored);
        let user = json!({ "name": "A", "email": "a@acme.test", "password": organization::PASSWORD });
        let reply = run(api, true, &[call("u", "users.create", user)]).await;
        reply.refused(400, "batch_aborted");
        assert_eq!(reply.body["error"]["cause"]["code"], "not_atomic");
    });
}
