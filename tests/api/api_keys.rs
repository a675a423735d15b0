//! API keys: what lets programs in, for how long, from where, and no further than those who made them.

use dotdesk::http;
use serde_json::{Value, json};

use crate::support::{Api, Client, Setup, on_both, on_both_with, text};

/// A key as `apiKeys.create` answers it, made by the owner.
async fn make(api: &Api, more: Value) -> Value {
    let mut args = json!({ "name": "Export", "scopes": ["teams:read"] });
    dotdesk::method::merge(&mut args, more);
    api.admin().ok("apiKeys.create", args).await
}

fn client(api: &Api, key: &Value) -> Client {
    api.client(text(&key["secret"]))
}

/// How a client that lists teams is refused; empty if it is not.
async fn standing(client: &Client) -> String {
    client.post("teams.list", &json!({})).await.code().to_owned()
}

#[test]
fn a_key_lets_a_program_in_until_it_is_deleted() {
    on_both(async |api| {
        let admin = api.admin();
        let (made, events) = api.events_of(make(api, json!({ "rate_limit_per_minute": 30 }))).await;
        let secret = text(&made["secret"]);
        assert!(secret.starts_with("dd_live_") && secret.starts_with(text(&made["prefix"])));
        assert!(secret.ends_with(text(&made["last4"])));
        assert_eq!((&made["status"], &made["environment"]), (&json!("active"), &json!("live")));
        assert_eq!(made["created_by"], json!(api.acme.owner));
        let mut shown = made.clone();
        shown.as_object_mut().unwrap().shift_remove("secret");
        assert_eq!((events[0].kind.as_str(), &events[0].data), ("api_key.created", &shown));
        let id = json!({ "id": made["id"] });
        assert_eq!(admin.ok("apiKeys.info", id.clone()).await, shown, "without the secret");
        assert_eq!(admin.ok("apiKeys.list", json!({})).await["data"].as_array().unwrap().last(), Some(&shown));

        let export = client(api, &made);
        assert_eq!(standing(&export).await, "");
        export.post("teams.create", &json!({ "name": "X" })).await.refused(403, "missing_scope");
        let types = api.event_types_of(admin.ok("apiKeys.delete", id.clone())).await;
        assert_eq!(types, ["api_key.revoked"]);
        assert_eq!(standing(&export).await, "token_revoked", "at once");
        assert_eq!(admin.ok("apiKeys.info", id.clone()).await["status"], "revoked", "it stays to be seen");
        let types = api.event_types_of(admin.ok("apiKeys.delete", id.clone())).await;
        assert_eq!(types, [""; 0], "again");
        admin.post("apiKeys.rotate", &id).await.refused(409, "invalid_state");
        let renamed = json!({ "id": made["id"], "name": "x" });
        admin.post("apiKeys.update", &renamed).await.refused(409, "invalid_state");
    });
}

#[test]
fn a_rotated_key_has_two_secrets_for_a_while() {
    on_both(async |api| {
        let made = make(api, json!({ "environment": "test" })).await;
        let rotate = async |grace: Value| {
            let mut args = json!({ "id": made["id"] });
            dotdesk::method::merge(&mut args, json!({ "grace_seconds": grace }));
            let (rotated, events) = api.events_of(api.admin().ok("apiKeys.rotate", args)).await;
            assert_eq!(events[0].kind, "api_key.rotated");
            assert_eq!(events[0].data.get("secret"), None);
            client(api, &rotated)
        };
        let first = client(api, &made);
        let second = rotate(json!(600)).await;
        assert_eq!((standing(&first).await, standing(&second).await), (String::new(), String::new()));
        api.pass_seconds(300);
        let third = rotate(Value::Null).await;
        api.pass_seconds(300);
        assert_eq!(standing(&first).await, "token_expired", "the later rotation gave it no more time");
        assert_eq!(standing(&second).await, "");
        api.pass_seconds(3300);
        assert_eq!(standing(&second).await, "token_expired", "an hour unless it is said");
        let fourth = rotate(json!(0)).await;
        assert_eq!(standing(&third).await, "token_expired");
        assert_eq!(standing(&fourth).await, "");
        let last4 = &api.admin().ok("apiKeys.info", json!({ "id": made["id"] })).await["last4"];
        assert_ne!(last4, &made["last4"]);
    });
}

#[test]
fn a_key_is_changed_and_its_end_moved() {
    on_both(async |api| {
        let made = make(api, json!({ "expires_at": api.now().plus_seconds(60) })).await;
        let update = async |changes: Value| {
            let mut args = changes;
            args["id"] = made["id"].clone();
            api.admin().post("apiKeys.update", &args).await
        };
        let export = client(api, &made);
        assert_eq!(standing(&export).await, "");
        let changed = update(json!({ "scopes": ["teams:write"], "rate_limit_per_minute": 5 })).await.body;
        assert_eq!((&changed["scopes"], &changed["rate_limit_per_minute"]), (&json!(["teams:write"]), &json!(5)));
        assert_eq!(standing(&export).await, "missing_scope", "at once");
        export.ok("teams.create", json!({ "name": "X" })).await;
        let same = api.event_types_of(update(json!({ "scopes": ["teams:write"] }))).await;
        assert_eq!(same, [""; 0]);
        let (_, events) = api.events_of(update(json!({ "scopes": ["teams:read"] }))).await;
        assert_eq!(
            (events[0].kind.as_str(), &events[0].previous),
            ("api_key.updated", &json!({ "scopes": ["teams:write"] }))
        );

        api.pass_seconds(60);
        assert_eq!(standing(&export).await, "token_expired");
        assert_eq!(update(json!({ "name": "Nightly" })).await.body["status"], "expired");
        let rotate = json!({ "id": made["id"] });
        api.admin().post("apiKeys.rotate", &rotate).await.refused(409, "invalid_state");
        let past = json!({ "expires_at": api.now().plus_seconds(-1), "allowed_methods": ["teams.list", "no"] });
        let problem = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
        let problems = update(past).await.problems();
        assert_eq!(problems, [problem("/allowed_methods/1", "pattern"), problem("/expires_at", "too_small")]);
        assert_eq!(update(json!({ "expires_at": null })).await.body["status"], "active");
        assert_eq!(standing(&export).await, "");
    });
}

#[test]
fn a_key_calls_only_its_methods() {
    on_both(async |api| {
        let limited = json!({ "scopes": ["teams:read", "teams:write"], "allowed_methods": ["teams.list"] });
        let limited = client(api, &make(api, limited).await);
        assert_eq!(standing(&limited).await, "");
        for method in ["teams.create", "auth.me", "organizations.info"] {
            limited.post(method, &json!({})).await.refused(403, "no_permission");
        }
    });
}

#[test]
fn a_key_is_used_only_from_its_addresses() {
    let options = http::Options { workers: 1, trust_proxy: true, ..http::Options::default() };
    on_both_with(Setup { options, ..Setup::default() }, async |api| {
        let ranges = json!({ "ip_allowlist": ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"] });
        let export = client(api, &make(api, ranges).await);
        for inside in ["203.0.113.200", "2001:db8::1", "198.51.100.7", "8.8.8.8, 203.0.113.1", "::ffff:203.0.113.9"] {
            assert_eq!(standing(&export.with("x-forwarded-for", inside)).await, "", "{inside}");
        }
        for outside in ["203.0.114.1", "2001:db9::1", "198.51.100.8", "203.0.113.1, 8.8.8.8", "::ffff:8.8.8.8"] {
            let reply = export.with("x-forwarded-for", outside).post("teams.list", &json!({})).await;
            reply.refused(403, "ip_not_allowed");
        }
        assert_eq!(standing(&export).await, "ip_not_allowed", "the proxy itself");
    });
}

#[test]
fn without_a_proxy_nobody_says_where_he_comes_from() {
    on_both(async |api| {
        let export = client(api, &make(api, json!({ "ip_allowlist": ["203.0.113.0/24"] })).await);
        assert_eq!(standing(&export.with("x-forwarded-for", "203.0.113.1")).await, "ip_not_allowed");
        let here = client(api, &make(api, json!({ "ip_allowlist": ["127.0.0.0/8"] })).await);
        assert_eq!(standing(&here.with("x-forwarded-for", "203.0.113.1")).await, "");
    });
}

#[test]
fn acting_as_a_user_a_key_does_what_both_may() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = api.person("Jane", &["teams:read", "users:read"]).await;
        let key = json!({ "scopes": ["teams:read", "teams:write"], "act_as_user_id": jane.id });
        let key = make(api, key).await;
        let robot = client(api, &key);
        let me = robot.ok("auth.me", json!({})).await;
        assert_eq!((&me["user"]["id"], &me["scopes"]), (&jane.id, &json!(["teams:read"])));
        assert_eq!(me["key"]["id"], key["id"]);
        robot.post("teams.create", &json!({ "name": "X" })).await.refused(403, "missing_scope");
        robot.post("users.list", &json!({})).await.refused(403, "missing_scope");

        let role = json!({ "id": api.role("Jane").await, "permissions": ["teams:write"] });
        admin.ok("roles.update", role).await;
        robot.post("teams.list", &json!({})).await.refused(403, "missing_scope");
        let (_, events) = api.events_of(robot.ok("teams.create", json!({ "name": "X" }))).await;
        assert_eq!((&events[0].actor["type"], &events[0].actor["id"]), (&json!("user"), &jane.id));
        assert_eq!(json!(api.last_audited().await.key), key["id"], "the audit names the key");

        let types = api.event_types_of(admin.ok("users.deactivate", json!({ "id": jane.id }))).await;
        assert_eq!(types, ["user.deactivated", "api_key.revoked"]);
        assert_eq!(standing(&robot).await, "token_revoked");
        admin.ok("users.activate", json!({ "id": jane.id })).await;
        assert_eq!(standing(&robot).await, "token_revoked", "for good");
    });
}

#[test]
fn a_key_of_its_own_outlives_its_maker() {
    on_both(async |api| {
        let boss = api.person("Boss", &["keys:write", "teams:read"]).await;
        let key = json!({ "name": "Export", "scopes": ["teams:read"] });
        let key = boss.client.ok("apiKeys.create", key).await;
        api.admin().ok("users.delete", json!({ "id": boss.id })).await;
        let export = client(api, &key);
        assert_eq!(standing(&export).await, "");
        let me = export.ok("auth.me", json!({})).await;
        assert_eq!((&me["user"], &me["key"]["created_by"]), (&Value::Null, &boss.id));
    });
}

#[test]
fn nobody_makes_a_key_that_reaches_further_than_he() {
    on_both(async |api| {
        let boss = api.person("Boss", &["keys:write", "teams:read"]).await.client;
        let jane = api.person("Jane", &["teams:read"]).await;
        let make = async |client: &Client, more: Value| {
            let mut args = json!({ "name": "Export", "scopes": ["teams:read"] });
            dotdesk::method::merge(&mut args, more);
            client.post("apiKeys.create", &args).await
        };
        let too_much = make(&boss, json!({ "scopes": ["teams:read", "teams:write"] })).await;
        too_much.refused(403, "missing_scope");
        assert_eq!(too_much.body["error"]["needed"], "teams:write");
        make(&boss, json!({ "scopes": ["*"] })).await.refused(403, "missing_scope");
        make(&boss, json!({ "act_as_user_id": api.acme.owner })).await.refused(403, "missing_scope");
        make(&boss, json!({ "act_as_user_id": api.unknown_id() })).await.wrong("/act_as_user_id", "unknown_id");
        make(&boss, json!({ "act_as_user_id": api.other.agent })).await.wrong("/act_as_user_id", "unknown_id");
        api.admin().ok("users.deactivate", json!({ "id": jane.id })).await;
        let as_jane = make(&boss, json!({ "act_as_user_id": jane.id })).await.body;
        assert_eq!(standing(&client(api, &as_jane)).await, "account_inactive");

        let strong = make(&api.admin(), json!({ "scopes": ["*"] })).await.body;
        let id = json!({ "id": strong["id"] });
        boss.post("apiKeys.rotate", &id).await.refused(403, "missing_scope");
        let renamed = json!({ "id": strong["id"], "name": "Mine" });
        boss.post("apiKeys.update", &renamed).await.refused(403, "missing_scope");
        let narrowed = json!({ "id": strong["id"], "scopes": ["teams:read"] });
        boss.ok("apiKeys.update", narrowed).await;
    });
}

#[test]
fn a_limited_key_makes_only_limited_keys() {
    on_both(async |api| {
        let limited = json!({
            "scopes": ["keys:write", "teams:read"], "environment": "test",
            "allowed_methods": ["apiKeys.create", "teams.list"], "ip_allowlist": ["127.0.0.0/24"],
        });
        let limited = client(api, &make(api, limited).await);
        let fits = json!({
            "name": "Export", "scopes": ["teams:read"], "environment": "test",
            "allowed_methods": ["teams.list"], "ip_allowlist": ["127.0.0.7"],
        });
        limited.ok("apiKeys.create", fits.clone()).await;
        for wider in [
            json!({ "environment": "live" }),
            json!({ "allowed_methods": [] }),
            json!({ "allowed_methods": ["teams.list", "teams.info"] }),
            json!({ "ip_allowlist": [] }),
            json!({ "ip_allowlist": ["127.0.0.7", "127.0.0.0/16"] }),
        ] {
            let mut args = fits.clone();
            dotdesk::method::merge(&mut args, wider);
            limited.post("apiKeys.create", &args).await.refused(403, "no_permission");
        }
    });
}
