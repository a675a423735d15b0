//! Acting as somebody else: with no more rights than one's own, for a while, and under both names.

use serde_json::{Value, json};

use crate::support::people::Person;
use crate::support::{Api, Client, Reply, on_both, text};

const BOTH: &[&str] = &["teams:read", "teams:write"];

async fn boss(api: &Api) -> Person {
    api.person("Boss", &["users:write", "teams:read", "teams:write"]).await
}

async fn act(client: &Client, user: &Value) -> Reply {
    client.post("auth.impersonate", &json!({ "user_id": user, "reason": "Ticket 4711", "minutes": 5 })).await
}

async fn acting(api: &Api, client: &Client, user: &Value) -> Client {
    let reply = act(client, user).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    api.client(text(&reply.body["access_token"]))
}

async fn standing(client: &Client) -> String {
    client.post("teams.list", &json!({})).await.code().to_owned()
}

#[test]
fn what_is_done_bears_both_names() {
    on_both(async |api| {
        let boss = boss(api).await;
        let jane = api.person("Jane", BOTH).await;
        let (reply, events) = api.events_of(act(&boss.client, &jane.id)).await;
        assert_eq!(reply.body["expires_in"], 300);
        assert!(reply.body.get("refresh_token").is_none(), "it cannot be prolonged");
        assert_eq!((events[0].kind.as_str(), &events[0].actor["id"]), ("session.impersonated", &boss.id));
        let session = &events[0].data;
        assert_eq!((&session["impersonator_id"], &session["user_id"]), (&boss.id, &jane.id));
        assert_eq!(session["impersonation_reason"], "Ticket 4711");

        let as_jane = api.client(text(&reply.body["access_token"]));
        assert_eq!(as_jane.ok("users.me", json!({})).await["id"], jane.id);
        act(&as_jane, &jane.id).await.refused(403, "missing_scope");
        let (_, events) = api.events_of(as_jane.ok("teams.create", json!({ "name": "Sms" }))).await;
        assert_eq!(events[0].actor["id"], jane.id, "the event names who is acted as");
        let entry = api.last_audited().await;
        assert_eq!((entry.method.as_str(), &json!(entry.actor)), ("teams.create", &jane.id));
        assert_eq!(json!(entry.impersonator), boss.id, "the audit names both");

        // She sees it among her sessions, and can end it.
        let sessions = jane.client.ok("auth.listSessions", json!({})).await;
        assert_eq!(sessions["data"][1]["impersonator_id"], boss.id);
        jane.client.ok("auth.revokeSession", json!({ "session_id": sessions["data"][1]["id"] })).await;
        assert_eq!(standing(&as_jane).await, "token_revoked");

        let as_jane = acting(api, &boss.client, &jane.id).await;
        api.pass_seconds(300);
        assert_eq!(standing(&as_jane).await, "token_expired");
    });
}

#[test]
fn nobody_gains_by_it() {
    on_both(async |api| {
        let boss = boss(api).await;
        let jane = api.person("Jane", BOTH).await;
        act(&boss.client, &json!(api.acme.owner)).await.refused(403, "missing_scope");
        act(&jane.client, &boss.id).await.refused(403, "missing_scope");
        act(&boss.client, &json!(api.unknown_id())).await.wrong("/user_id", "unknown_id");
        act(&boss.client, &json!(api.other.owner)).await.wrong("/user_id", "unknown_id");
        api.admin().ok("users.deactivate", json!({ "id": jane.id })).await;
        act(&boss.client, &jane.id).await.refused(409, "invalid_state");

        // Who acts as another cannot go on to a third: his name would be lost.
        let deputy = api.person("Deputy", &["users:write"]).await;
        let as_deputy = acting(api, &boss.client, &deputy.id).await;
        let john = api.person("John", &[]).await;
        act(&as_deputy, &john.id).await.refused(403, "no_permission");
        let robot = api.admin().ok("apiKeys.create", json!({ "name": "Robot", "scopes": ["*"] })).await;
        act(&api.client(text(&robot["secret"])), &john.id).await.refused(403, "no_permission");
    });
}

#[test]
fn it_never_allows_more_than_the_one_who_really_acts_may_do() {
    on_both(async |api| {
        let admin = api.admin();
        let boss = boss(api).await;
        let jane = api.person("Jane", BOTH).await;
        let as_jane = acting(api, &boss.client, &jane.id).await;
        assert_eq!(standing(&as_jane).await, "");
        // She is promoted meanwhile; he is not.
        admin.ok("users.update", json!({ "id": jane.id, "role_id": api.role("owner").await })).await;
        jane.client.ok("roles.list", json!({})).await;
        as_jane.post("roles.list", &json!({})).await.refused(403, "missing_scope");
        assert_eq!(standing(&as_jane).await, "");
        // He loses a right meanwhile.
        let role = boss.client.ok("auth.me", json!({})).await["role"]["id"].clone();
        admin.ok("roles.update", json!({ "id": role, "permissions": ["users:write"] })).await;
        assert_eq!(standing(&as_jane).await, "missing_scope");
    });
}

#[test]
fn it_ends_with_the_one_who_really_acts() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = api.person("Jane", BOTH).await;
        let changes = [
            ("One", "users.deactivate", json!({})),
            ("Two", "users.delete", json!({})),
            ("Three", "users.changePassword", json!({ "new_password": "rolling quokka harvests nine umbrellas" })),
        ];
        for (name, method, mut args) in changes {
            let boss = api.person(name, &["users:write", "teams:read", "teams:write"]).await;
            let as_jane = acting(api, &boss.client, &jane.id).await;
            assert_eq!(standing(&as_jane).await, "");
            args["id"] = boss.id.clone();
            admin.ok(method, args).await;
            assert_eq!(standing(&as_jane).await, "token_revoked", "{method}");
        }
        let sessions = jane.client.ok("auth.listSessions", json!({})).await;
        assert_eq!(sessions["data"].as_array().unwrap().len(), 1, "only her own");
    });
}

#[test]
fn a_limited_key_does_not_get_an_unlimited_session() {
    on_both(async |api| {
        let jane = api.person("Jane", BOTH).await;
        for limit in [
            json!({ "allowed_methods": ["auth.impersonate"] }),
            json!({ "ip_allowlist": ["127.0.0.1"] }),
            json!({ "environment": "test" }),
        ] {
            let mut key = json!({ "name": "Robot", "scopes": ["*"], "act_as_user_id": api.acme.owner });
            dotdesk::method::merge(&mut key, limit);
            let key = api.admin().ok("apiKeys.create", key).await;
            act(&api.client(text(&key["secret"])), &jane.id).await.refused(403, "no_permission");
        }
    });
}
