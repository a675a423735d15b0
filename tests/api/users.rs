//! Users: adding them, finding them, and what one may change of himself and of others.

use serde_json::{Value, json};

use crate::support::organization::PASSWORD;
use crate::support::people::Person;
use crate::support::{Api, Client, on_both, text};

async fn update(client: &Client, id: &Value, changes: Value) -> crate::support::Reply {
    let mut args = changes;
    args["id"] = id.clone();
    client.post("users.update", &args).await
}

/// An agent, who changes nothing but himself.
async fn agent(api: &Api) -> Person {
    api.person_with("Jane", &json!(api.acme.agent_role)).await
}

#[test]
fn a_user_is_added_with_everything_about_him() {
    on_both(async |api| {
        let admin = api.admin();
        let one = admin.ok("teams.create", json!({ "name": "One" })).await;
        let two = admin.ok("teams.create", json!({ "name": "Two" })).await;
        let bob = json!({
            "name": "Bob", "email": "BOB@acme.test", "username": "Bob", "skills": ["billing"], "phone": "+49 30 123456",
            "team_ids": [two["id"], one["id"], one["id"]], "metadata": { "a": { "b": 1, "c": null } },
        });
        let (bob, events) = api.events_of(admin.ok("users.create", bob)).await;
        assert_eq!(
            (&bob["email"], &bob["username"], &bob["phone"]),
            (&json!("bob@acme.test"), &json!("bob"), &json!("+4930123456"))
        );
        assert_eq!((&bob["status"], &bob["role_id"]), (&json!("invited"), &json!(api.acme.agent_role)));
        assert_eq!((&bob["availability"], &bob["is_assignable"]), (&json!("offline"), &json!(true)));
        assert_eq!(bob["team_ids"], json!([one["id"], two["id"]]));
        assert_eq!(bob["metadata"], json!({ "a": { "b": 1 } }));
        assert_eq!(admin.ok("users.info", json!({ "id": bob["id"] })).await, bob);
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["user.created", "team.member_added", "team.member_added"]);
        assert_eq!(events[0].data, bob);
        assert_eq!(admin.ok("teams.info", json!({ "id": one["id"] })).await["user_ids"], json!([bob["id"]]));
    });
}

#[test]
fn what_must_be_unique_is() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = json!({ "name": "Jane", "email": "jane@acme.test", "username": "jane", "external_id": "e1" });
        let jane = admin.ok("users.create", jane).await;
        let before = api.row_counts().await;
        for (taken, word) in [
            (json!({ "email": "Jane@acme.test" }), "email"),
            (json!({ "username": "JANE" }), "username"),
            (json!({ "external_id": "e1" }), "external_id"),
        ] {
            let mut bob = json!({ "name": "Bob", "email": "bob@acme.test" });
            dotdesk::method::merge(&mut bob, taken.clone());
            let refused = admin.post("users.create", &bob).await;
            refused.refused(409, "already_exists");
            assert!(text(&refused.body["error"]["message"]).contains(word), "{}", refused.text);
            // Elsewhere all of it is free.
            if taken.get("email").is_none() {
                api.stranger().ok("users.create", json!({ "name": "B", "email": format!("{word}@other.test") })).await;
            }
        }
        assert_ne!(api.row_counts().await, before, "only the other organization has more");
        let agent = json!(api.acme.agent);
        update(&admin, &agent, json!({ "username": "Jane" })).await.refused(409, "already_exists");
        update(&admin, &agent, json!({ "external_id": "e1" })).await.refused(409, "already_exists");
        // What one gives up, another can have.
        update(&admin, &jane["id"], json!({ "username": null })).await;
        assert_eq!(update(&admin, &agent, json!({ "username": "Jane" })).await.body["username"], "jane");
    });
}

#[test]
fn wrong_references_and_weak_passwords_add_nobody() {
    on_both(async |api| {
        let admin = api.admin();
        let team = admin.ok("teams.create", json!({ "name": "One" })).await;
        let create = async |more: Value| {
            let mut bob = json!({ "name": "Bob", "email": "bob@acme.test" });
            dotdesk::method::merge(&mut bob, more);
            admin.post("users.create", &bob).await
        };
        let before = api.row_counts().await;
        create(json!({ "role_id": team["id"] })).await.wrong("/role_id", "unknown_id");
        create(json!({ "role_id": api.other.agent_role })).await.wrong("/role_id", "unknown_id");
        let teams = json!({ "team_ids": [team["id"], api.unknown_id()] });
        create(teams).await.wrong("/team_ids/1", "unknown_id");
        create(json!({ "kind": "ai" })).await.wrong("/kind", "unknown_field");
        create(json!({ "email": "bob" })).await.wrong("/email", "format");
        for weak in ["short", "password1234", "", "bob@acme.test"] {
            create(json!({ "password": weak })).await.refused(400, "weak_password");
        }
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn everybody_changes_himself_but_not_what_he_may_do() {
    on_both(async |api| {
        let jane = agent(api).await;
        let mut me = jane.client.ok("users.me", json!({})).await;
        let (same, events) = api.events_of(jane.client.ok("users.update", me.clone())).await;
        assert_eq!((same, events.len()), (me.clone(), 0), "what was read can be sent back");
        me["job_title"] = "Lead".into();
        me["status"] = "inactive".into();
        jane.client.post("users.update", &me).await.wrong("/status", "read_only");
        me["status"] = "active".into();
        let (changed, events) = api.events_of(jane.client.ok("users.update", me)).await;
        assert_eq!((&changed["version"], &changed["job_title"]), (&json!(2), &json!("Lead")));
        assert_eq!((events[0].kind.as_str(), &events[0].previous), ("user.updated", &json!({ "job_title": null })));
        let stale = json!({ "name": "X", "if_version": 1 });
        update(&jane.client, &jane.id, stale).await.refused(409, "version_conflict");

        for more in [json!({ "role_id": api.role("viewer").await }), json!({ "external_id": "x" })] {
            let refused = update(&jane.client, &jane.id, more).await;
            assert_eq!(refused.refused(403, "missing_scope").body["error"]["needed"], "users:write");
        }
        update(&jane.client, &jane.id, json!({ "email": "j@acme.test" })).await.refused(400, "invalid_arguments");
        for (method, args) in [
            ("users.update", json!({ "id": api.acme.owner, "name": "X" })),
            ("users.update", json!({ "id": api.unknown_id(), "name": "X" })),
            ("users.setAvailability", json!({ "user_id": api.acme.owner, "availability": "away" })),
            ("users.setSignature", json!({ "user_id": api.acme.owner, "language": "en", "text": "X" })),
            ("users.deleteSignature", json!({ "user_id": api.acme.owner, "language": "en" })),
            ("users.changePassword", json!({ "id": api.acme.owner, "new_password": PASSWORD })),
        ] {
            jane.client.post(method, &args).await.refused(403, "missing_scope");
        }
    });
}

#[test]
fn a_login_name_follows_its_change() {
    on_both(async |api| {
        let jane = agent(api).await;
        let log_in = async |name: &str| {
            api.nobody().post("auth.login", &json!({ "username": name, "password": PASSWORD })).await.status
        };
        update(&jane.client, &jane.id, json!({ "username": "Janey" })).await;
        assert_eq!(log_in("janey").await, 200);
        update(&jane.client, &jane.id, json!({ "username": "jane" })).await;
        assert_eq!((log_in("janey").await, log_in("jane").await), (401, 200));
        assert_eq!(update(&jane.client, &jane.id, json!({ "username": "" })).await.body["username"], Value::Null);
        assert_eq!(log_in("jane").await, 401);
        assert_eq!(api.log_in(&jane.email).await["user"]["id"], jane.id);
    });
}

#[test]
fn metadata_merges_by_key_and_keeps_its_limit() {
    on_both(async |api| {
        let jane = agent(api).await;
        let change = async |metadata: Value| update(&jane.client, &jane.id, json!({ "metadata": metadata })).await;
        let big = "x".repeat(9000);
        change(json!({ "a": big })).await;
        change(json!({ "b": big })).await.wrong("/metadata", "too_long");
        assert_eq!(change(json!({ "a": null, "z": 1 })).await.body["metadata"], json!({ "z": 1 }));
        assert_eq!(change(json!({ "b": big })).await.status, 200);
    });
}

#[test]
fn whoever_is_away_says_so() {
    on_both(async |api| {
        let jane = agent(api).await;
        let set = async |client: &Client, args: Value| client.post("users.setAvailability", &args).await;
        let until = api.now().plus_seconds(3600);
        let lunch = json!({ "availability": "away", "away_reason": "Lunch", "until": until });
        let (away, events) = api.events_of(set(&jane.client, lunch.clone())).await;
        assert_eq!(events[0].kind, "user.availability_changed");
        assert_eq!((&away.body["away_reason"], &away.body["available_again_at"]), (&json!("Lunch"), &json!(until)));
        api.pass_seconds(3600);
        let (again, events) = api.events_of(set(&jane.client, lunch)).await;
        assert_eq!((again.status, events.len()), (401, 0), "the token is over");
        let client = api.session(&jane.email).await;
        let past = json!({ "availability": "busy", "until": api.now() });
        assert_eq!(set(&client, past).await.code(), "invalid_arguments");
        let boss = api.person("Boss", &["*"]).await.client;
        let back = set(&boss, json!({ "user_id": jane.id, "availability": "online" })).await.body;
        assert_eq!((&back["away_reason"], &back["available_again_at"]), (&Value::Null, &Value::Null));
    });
}

#[test]
fn signatures_are_kept_by_language_and_without_scripts() {
    on_both(async |api| {
        let jane = agent(api).await;
        let of = |more: Value| {
            let mut args = json!({ "user_id": jane.id });
            dotdesk::method::merge(&mut args, more);
            args
        };
        let client = &jane.client;
        let html = json!({ "language": "EN", "html": "<b onclick=x>Hi</b><script>1</script>" });
        let signature = client.ok("users.setSignature", of(html)).await;
        assert_eq!(signature, json!({ "language": "en", "html": "<b>Hi</b>", "text": null }));
        let nothing = of(json!({ "language": "en", "html": "<script>1</script>" }));
        client.post("users.setSignature", &nothing).await.wrong("/html", "required");
        let en = of(json!({ "language": "en" }));
        assert_eq!(client.ok("users.signatureInfo", en.clone()).await, signature);
        let list = client.ok("users.listSignatures", of(json!({}))).await;
        assert_eq!(list, json!({ "data": [signature], "next_cursor": null }));
        for language in "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn".split(' ') {
            client.ok("users.setSignature", of(json!({ "language": language, "text": "x" }))).await;
        }
        let one_more = of(json!({ "language": "de", "text": "x" }));
        client.post("users.setSignature", &one_more).await.refused(400, "limit_exceeded");
        let types = api.event_types_of(client.ok("users.deleteSignature", en.clone())).await;
        assert_eq!(types, ["user.updated"]);
        client.post("users.deleteSignature", &en).await.refused(404, "signature_not_found");
        client.post("users.signatureInfo", &en).await.refused(404, "signature_not_found");
        client.ok("users.setSignature", one_more).await;
    });
}

#[test]
fn a_list_is_of_those_one_asks_for() {
    on_both(async |api| {
        let admin = api.admin();
        let bob = admin.ok("users.create", json!({ "name": "Bob", "email": "bob@acme.test" })).await;
        let team = json!({ "name": "One", "user_ids": [bob["id"], api.acme.owner] });
        let team = admin.ok("teams.create", team).await;
        let names = async |args: Value| -> Vec<String> {
            let page = admin.ok("users.list", args).await;
            page["data"].as_array().unwrap().iter().map(|user| text(&user["name"]).to_owned()).collect()
        };
        assert_eq!(names(json!({})).await, ["Olivia Owner", "Anton Agent", "Bob"]);
        assert_eq!(names(json!({ "status": "invited" })).await, ["Bob"]);
        assert_eq!(names(json!({ "kind": "ai" })).await, [""; 0]);
        assert_eq!(names(json!({ "team_id": team["id"] })).await, ["Olivia Owner", "Bob"]);
        assert_eq!(names(json!({ "team_id": team["id"], "status": "active" })).await, ["Olivia Owner"]);
        let agents = json!({ "role_id": api.acme.agent_role, "sort": "created_at:desc" });
        assert_eq!(names(agents).await, ["Bob", "Anton Agent"]);
        let page = admin.ok("users.list", json!({ "limit": 2, "include": ["total"], "fields": ["name"] })).await;
        assert_eq!((&page["total"], &page["data"][1]["name"]), (&json!(3), &json!("Anton Agent")));
        assert_eq!(names(json!({ "limit": 2, "cursor": page["next_cursor"] })).await, ["Bob"]);
    });
}

#[test]
fn a_deleted_user_leaves_nothing_that_lets_him_in() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = agent(api).await;
        let one = json!({ "name": "One", "user_ids": [jane.id, api.acme.owner] });
        let one = admin.ok("teams.create", one).await;
        let two = admin.ok("teams.create", json!({ "name": "Two", "lead_user_ids": [jane.id] })).await;
        admin.ok("organizations.update", json!({ "default_user_id": jane.id })).await;
        let key = json!({ "name": "Robot", "scopes": ["*"], "act_as_user_id": jane.id });
        let key = admin.ok("apiKeys.create", key).await;
        let robot = api.client(text(&key["secret"]));
        robot.ok("users.me", json!({})).await;

        let wrong = json!({ "id": jane.id, "reassign_to_user_id": jane.id });
        admin.post("users.delete", &wrong).await.wrong("/reassign_to_user_id", "unknown_id");
        admin.post("users.delete", &json!({ "id": jane.id, "if_version": 7 })).await.refused(409, "version_conflict");
        let types = api.event_types_of(admin.ok("users.delete", json!({ "id": jane.id, "if_version": 1 }))).await;
        let expected =
            ["user.deleted", "team.member_removed", "team.member_removed", "organization.updated", "api_key.revoked"];
        assert_eq!(types, expected);

        admin.post("users.info", &json!({ "id": jane.id })).await.refused(404, "user_not_found");
        admin.post("users.delete", &json!({ "id": jane.id })).await.refused(404, "user_not_found");
        jane.client.post("users.me", &json!({})).await.refused(401, "token_revoked");
        robot.post("users.me", &json!({})).await.refused(401, "token_revoked");
        let refresh = json!({ "refresh_token": jane.login["refresh_token"] });
        api.nobody().post("auth.refresh", &refresh).await.refused(401, "invalid_auth");
        let login = json!({ "email": jane.email, "password": PASSWORD });
        api.nobody().post("auth.login", &login).await.refused(401, "invalid_auth");
        let kept = admin.ok("apiKeys.info", json!({ "id": key["id"] })).await;
        assert_eq!((&kept["status"], &kept["act_as_user_id"]), (&json!("revoked"), &Value::Null));
        assert_eq!(admin.ok("teams.info", json!({ "id": one["id"] })).await["user_ids"], json!([api.acme.owner]));
        assert_eq!(admin.ok("teams.info", json!({ "id": two["id"] })).await["lead_user_ids"], json!([]));
        assert_eq!(admin.ok("organizations.info", json!({})).await["default_user_id"], Value::Null);
        // His name is free again.
        assert_ne!(agent(api).await.id, jane.id);
    });
}

#[test]
fn who_leaves_hands_over_to_somebody_who_stays() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = agent(api).await;
        let bob = admin.ok("users.create", json!({ "name": "Bob", "email": "bob@acme.test" })).await;
        admin.ok("organizations.update", json!({ "default_user_id": jane.id })).await;
        for heir in [&bob["id"], &jane.id, &json!(api.other.agent)] {
            let args = json!({ "id": jane.id, "reassign_to_user_id": heir });
            admin.post("users.deactivate", &args).await.wrong("/reassign_to_user_id", "unknown_id");
        }
        let args = json!({ "id": jane.id, "reassign_to_user_id": api.acme.agent });
        let types = api.event_types_of(admin.ok("users.deactivate", args)).await;
        assert_eq!(types, ["user.deactivated", "organization.updated"]);
        assert_eq!(admin.ok("organizations.info", json!({})).await["default_user_id"], json!(api.acme.agent));

        let again = api.event_types_of(admin.ok("users.deactivate", json!({ "id": jane.id }))).await;
        assert_eq!(again, [""; 0]);
        assert_eq!(api.event_types_of(admin.ok("users.activate", json!({ "id": jane.id }))).await, ["user.activated"]);
        assert_eq!(api.event_types_of(admin.ok("users.activate", json!({ "id": jane.id }))).await, [""; 0]);
        for method in ["users.activate", "users.deactivate"] {
            admin.post(method, &json!({ "id": bob["id"] })).await.refused(409, "invalid_state");
        }
        admin.post("users.resendInvite", &json!({ "id": jane.id })).await.refused(409, "invalid_state");
    });
}

#[test]
fn who_is_deleted_follows_nothing_any_more() {
    on_both(async |api| {
        let admin = api.admin();
        let conversation = crate::conversations::conversation(api, json!({ "subject": "Followed" })).await;
        for user in [api.acme.owner, api.acme.agent] {
            let follow = json!({ "id": conversation["id"], "user_id": user });
            admin.ok("conversations.addFollower", follow).await;
        }
        let delete = json!({ "id": api.acme.agent });
        let (reply, events) = api.events_of(admin.post("users.delete", &delete)).await;
        assert_eq!(reply.status, 204, "{}", reply.text);
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["user.deleted", "conversation.updated"]);
        let after = admin.ok("conversations.info", json!({ "id": conversation["id"] })).await;
        assert_eq!(after["follower_user_ids"], json!([api.acme.owner]));
    });
}
