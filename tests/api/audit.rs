//! Who did what to which object.

use serde_json::{Value, json};

use crate::support::{Api, on_both, organization};

async fn entries(api: &Api, args: Value) -> Vec<Value> {
    api.admin().ok("audit.list", args).await["data"].as_array().unwrap().clone()
}

/// Method and result of each entry.
fn told(entries: &[Value]) -> Vec<(&str, &str)> {
    entries.iter().map(|entry| (entry["method"].as_str().unwrap(), entry["result"].as_str().unwrap())).collect()
}

#[test]
fn every_write_tells_who_did_what_to_what() {
    on_both(async |api| {
        let admin = api.admin();
        let start = api.now();
        api.pass_seconds(1);
        let team = admin.ok("teams.create", json!({ "name": "Sms" })).await;
        api.pass_seconds(1);
        let update = json!({ "id": team["id"], "name": "Text", "description": "All of it" });
        let updated = admin.post("teams.update", &update).await;
        admin.post("teams.update", &update).await;
        admin.ok("teams.addMember", json!({ "id": team["id"], "user_id": api.acme.agent })).await;
        admin.post("teams.delete", &json!({ "id": team["id"] })).await;
        admin.post("teams.update", &update).await.refused(404, "team_not_found");

        let all = entries(api, json!({ "target": { "type": "team", "id": team["id"] } })).await;
        let expected = [
            ("teams.create", "team.created"),
            ("teams.update", "team.updated"),
            ("teams.addMember", "team.member_added"),
            ("teams.delete", "team.deleted"),
        ];
        assert_eq!(told(&all), expected, "what changed nothing left no entry");
        let entry = &all[1];
        let changes = json!([
            { "field": "name", "from": "Sms", "to": "Text" },
            { "field": "description", "from": null, "to": "All of it" },
        ]);
        assert_eq!(entry["changes"], changes);
        assert_eq!(entry["at"], json!(start.plus_seconds(2)));
        let actor = json!({ "type": "user", "id": api.acme.owner, "name": "Olivia Owner" });
        assert_eq!((&entry["actor"], &entry["target"]), (&actor, &json!({ "type": "team", "id": team["id"] })));
        assert!(entry["api_key_id"].is_string());
        assert_eq!((&entry["ip"], &entry["impersonator_id"]), (&json!("127.0.0.1"), &Value::Null));
        assert_eq!(entry["request_id"], updated.header("x-request-id"));
        assert_eq!(entry["is_test"], false);
        assert_eq!(all[2]["changes"], json!([{ "field": "user_ids", "from": [], "to": [api.acme.agent] }]));
        assert_eq!(all[0]["changes"], json!([]));
        assert_eq!(admin.ok("audit.info", json!({ "id": entry["id"] })).await, *entry);
        api.stranger().post("audit.info", &json!({ "id": entry["id"] })).await.refused(404, "audit_entry_not_found");
        let theirs = api.stranger().ok("audit.list", json!({ "target": { "id": team["id"] } })).await;
        assert_eq!(theirs["data"], json!([]));
    });
}

#[test]
fn a_call_that_changes_several_objects_has_an_entry_for_each() {
    on_both(async |api| {
        let admin = api.admin();
        let mut teams = Vec::new();
        for name in ["A", "B"] {
            teams.push(admin.ok("teams.create", json!({ "name": name })).await["id"].clone());
        }
        let user = json!({ "name": "Jane", "email": "jane@acme.test", "team_ids": teams });
        let created = admin.post("users.create", &user).await;
        assert_eq!(created.status, 200, "{}", created.text);
        let of_request = format!("request_id:{}", created.header("x-request-id"));
        let all = entries(api, json!({ "filters": of_request })).await;
        let mut targets: Vec<&Value> = all.iter().map(|entry| &entry["target"]["id"]).collect();
        assert_eq!(targets.len(), 3, "{all:?}");
        for id in [&created.body["id"], &teams[0], &teams[1]] {
            targets.retain(|target| *target != id);
        }
        assert!(targets.is_empty());
        let batch = json!({ "atomic": true, "calls": [
            { "method": "teams.create", "args": { "name": "C" } },
            { "method": "teams.create", "args": { "name": "D" } },
        ] });
        let batch = admin.post("batch.run", &batch).await;
        let of_batch = entries(api, json!({ "filters": format!("request_id:{}", batch.header("x-request-id")) })).await;
        assert_eq!(told(&of_batch), [("teams.create", "team.created"), ("teams.create", "team.created")]);
    });
}

#[test]
fn entries_are_found_by_who_what_and_when() {
    on_both(async |api| {
        let admin = api.admin();
        let agent =
            organization::key(&api.app, api.acme.id, Some(api.acme.agent), dotdesk::method::ScopeSet::ALL, None).await;
        let agent = api.client(&agent);
        api.pass_seconds(60);
        let first = api.now();
        let one = admin.ok("companies.create", json!({ "name": "One" })).await;
        api.pass_seconds(60);
        let second = api.now();
        let two = agent.ok("companies.create", json!({ "name": "Two" })).await;
        agent.ok("tags.create", json!({ "name": "urgent" })).await;
        api.pass_seconds(60);
        let third = api.now();
        admin.ok("companies.update", json!({ "id": two["id"], "name": "Three" })).await;

        let targets = async |args: Value| -> Vec<Value> {
            entries(api, args).await.iter().map(|entry| entry["target"]["id"].clone()).collect()
        };
        let since = |more: Value| {
            let mut args = json!({ "from": first });
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            args
        };
        let (one, two) = (&one["id"], &two["id"]);
        assert_eq!(targets(since(json!({ "method": "companies.create" }))).await, [one.clone(), two.clone()]);
        assert_eq!(targets(since(json!({ "actor_id": api.acme.owner }))).await, [one.clone(), two.clone()]);
        assert_eq!(
            targets(since(json!({ "actor_id": api.acme.agent, "target": { "type": "company" } }))).await,
            std::slice::from_ref(two)
        );
        assert_eq!(
            targets(json!({ "target": { "id": two }, "sort": "at:desc", "limit": 1 })).await,
            std::slice::from_ref(two)
        );
        assert_eq!(entries(api, json!({ "from": first, "to": second })).await.len(), 1, "`to` is not part of it");
        assert_eq!(entries(api, json!({ "from": second, "to": third })).await.len(), 2);
        assert_eq!(entries(api, json!({ "from": third })).await.len(), 1);
        assert_eq!(entries(api, json!({ "from": third.plus_seconds(1) })).await.len(), 0);
        for (filters, count) in [
            (format!("at:[{first} TO {second}]"), 3),
            (format!("at:>{second}"), 1),
            ("actor.id:me AND method:companies.*".to_owned(), 2),
            ("actor.name:anton*".to_owned(), 2),
            ("target.type:tag AND result:tag.created".to_owned(), 1),
            ("ip:127.0.0.1 AND is_test:false AND actor.type:user".to_owned(), 4),
        ] {
            assert_eq!(entries(api, since(json!({ "filters": filters }))).await.len(), count, "{filters}");
        }
        let wrong = admin.post("audit.list", &json!({ "filters": "acter.id:me" })).await;
        assert!(wrong.status == 400 && wrong.text.contains("actor.id"), "{}", wrong.text);
        assert_eq!(targets(json!({ "method": "no \"such\\ thing*" })).await, Vec::<Value>::new());
    });
}

#[test]
fn impersonation_is_shown_and_test_keys_see_their_own() {
    on_both(async |api| {
        let admin = api.admin();
        let login = json!({ "email": "owner@acme.test", "password": organization::PASSWORD });
        let login = api.nobody().ok("auth.login", login).await;
        let boss = api.client(login["access_token"].as_str().unwrap());
        let act = json!({ "user_id": api.acme.agent, "reason": "Ticket 4711" });
        let acting = boss.ok("auth.impersonate", act).await;
        let anton = api.client(acting["access_token"].as_str().unwrap());
        anton.ok("users.setAvailability", json!({ "user_id": api.acme.agent, "availability": "online" })).await;
        let entry = &entries(api, json!({ "actor_id": api.acme.agent })).await[0];
        assert_eq!((&entry["impersonator_id"], &entry["api_key_id"]), (&json!(api.acme.owner), &Value::Null));
        let began = entries(api, json!({ "method": "auth.impersonate" })).await;
        assert_eq!(began[0]["actor"]["id"], json!(api.acme.owner));

        let key =
            json!({ "name": "Test", "environment": "test", "scopes": ["audit:read", "teams:write", "contacts:write"] });
        let key = admin.ok("apiKeys.create", key).await;
        let tester = api.client(key["secret"].as_str().unwrap());
        assert_eq!(tester.ok("audit.list", json!({})).await["data"], json!([]));
        tester.post("audit.info", &json!({ "id": entry["id"] })).await.refused(404, "audit_entry_not_found");
        let contact = tester.ok("contacts.create", json!({ "name": "Jane" })).await;
        let seen = tester.ok("audit.list", json!({})).await;
        assert_eq!((&seen["data"][0]["target"]["id"], &seen["data"][0]["is_test"]), (&contact["id"], &json!(true)));
        let all = entries(api, json!({ "filters": "is_test:true" })).await;
        assert_eq!(
            all,
            *seen["data"].as_array().unwrap(),
            "the account's own audit has what is done with test keys, too"
        );
    });
}
