//! Sessions: going on with them, ending them, and those in which one acts as another.

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{Client, on_both, text};

/// Whether a client's token works; if not, how it is refused.
async fn standing(client: &Client) -> String {
    client.post("auth.me", &json!({})).await.code().to_owned()
}

#[test]
fn a_refresh_token_is_good_for_one_use_and_a_second_ends_the_session() {
    on_both(async |api| {
        let refresh = async |token: &Value| {
            let body = json!({ "refresh_token": token });
            api.nobody().post("auth.refresh", &body).await
        };
        let first = api.log_in("agent@acme.test").await;
        api.pass_seconds(600);
        let second = refresh(&first["refresh_token"]).await.body;
        assert_eq!(second["user"]["last_seen_at"], json!(api.now()));
        let client = api.client(text(&second["access_token"]));
        let sessions = client.ok("auth.listSessions", json!({})).await;
        assert_eq!(sessions["data"].as_array().unwrap().len(), 1, "it is the same session");
        assert_eq!(sessions["data"][0]["is_current"], true);
        assert_eq!(sessions["data"][0]["last_used_at"], json!(api.now()));
        let third = refresh(&second["refresh_token"]).await.body;
        let client = api.client(text(&third["access_token"]));
        assert_eq!(standing(&client).await, "");

        let (reuse, events) = api.events_of(refresh(&first["refresh_token"])).await;
        reuse.refused(401, "token_revoked");
        assert!(reuse.text.contains("used before"), "{}", reuse.text);
        assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["session.revoked"]);
        assert_eq!(standing(&client).await, "token_revoked");
        refresh(&third["refresh_token"]).await.refused(401, "token_revoked");

        refresh(&json!("dd_refresh_x")).await.refused(401, "invalid_auth");
        refresh(&json!(api.acme.key)).await.refused(401, "invalid_auth");
        refresh(&first["access_token"]).await.wrong("/refresh_token", "too_long");
        let idle = api.log_in("agent@acme.test").await;
        api.pass_seconds(30 * 24 * 3600);
        refresh(&idle["refresh_token"]).await.refused(410, "expired");
    });
}

#[test]
fn of_two_refreshes_at_once_one_wins_and_the_session_ends() {
    on_both(async |api| {
        let login = api.log_in("agent@acme.test").await;
        let body = json!({ "refresh_token": login["refresh_token"] });
        let nobody = api.nobody();
        let both = join(nobody.post("auth.refresh", &body), nobody.post("auth.refresh", &body));
        let ((one, two), events) = api.events_of(both).await;
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{} {}", one.text, two.text);
        assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["session.revoked"]);
        assert_eq!(standing(&api.client(text(&login["access_token"]))).await, "token_revoked");
    });
}

#[test]
fn a_user_who_was_deactivated_cannot_go_on() {
    on_both(async |api| {
        let jane = api.person("Jane", &["teams:read"]).await;
        assert_eq!(standing(&jane.client).await, "");
        api.admin().ok("users.deactivate", json!({ "id": jane.id })).await;
        assert_eq!(standing(&jane.client).await, "token_revoked");
        let body = json!({ "refresh_token": jane.login["refresh_token"] });
        api.nobody().post("auth.refresh", &body).await.refused(401, "account_inactive");
        api.admin().ok("users.activate", json!({ "id": jane.id })).await;
        api.nobody().post("auth.refresh", &body).await.refused(401, "token_revoked");
        assert_eq!(standing(&jane.client).await, "token_revoked");
        assert_eq!(standing(&api.session(&jane.email).await).await, "");
    });
}

#[test]
fn what_a_session_may_do_changes_with_the_role_at_once() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = api.person("Jane", &["teams:read"]).await;
        let list = async || jane.client.post("teams.list", &json!({})).await;
        assert_eq!(list().await.status, 200);
        admin.ok("users.update", json!({ "id": jane.id, "role_id": api.role("viewer").await })).await;
        assert_eq!(list().await.status, 200);
        let none = admin.ok("roles.create", json!({ "name": "None", "permissions": [] })).await;
        admin.ok("users.update", json!({ "id": jane.id, "role_id": none["id"] })).await;
        let refused = list().await;
        refused.refused(403, "missing_scope");
        assert_eq!(refused.body["error"]["needed"], "teams:read");
        admin.ok("roles.update", json!({ "id": none["id"], "permissions": ["teams:read"] })).await;
        assert_eq!(list().await.status, 200);
        admin.ok("users.delete", json!({ "id": jane.id })).await;
        list().await.refused(401, "token_revoked");
    });
}

#[test]
fn sessions_are_listed_and_ended() {
    on_both(async |api| {
        let jane = api.person("Jane", &[]).await;
        let john = api.person("John", &[]).await.client;
        let boss = api.person("Boss", &["users:write"]).await.client;
        let first = &jane.client;
        let (second, third) = (api.session(&jane.email).await, api.session(&jane.email).await);
        let list = second.ok("auth.listSessions", json!({ "limit": 2, "include": ["total"] })).await;
        assert_eq!(list["total"], 3);
        let current: Vec<_> = list["data"].as_array().unwrap().iter().map(|session| &session["is_current"]).collect();
        assert_eq!(current, [false, true]);

        let of_jane = json!({ "user_id": jane.id });
        let refused = john.post("auth.listSessions", &of_jane).await;
        assert_eq!(refused.refused(403, "missing_scope").body["error"]["needed"], "users:write");
        assert_eq!(boss.ok("auth.listSessions", of_jane).await["data"].as_array().unwrap().len(), 3);
        boss.post("auth.listSessions", &json!({ "user_id": api.unknown_id() })).await.wrong("/user_id", "unknown_id");
        boss.post("auth.listSessions", &json!({ "user_id": api.other.owner })).await.wrong("/user_id", "unknown_id");

        let this = json!({ "session_id": list["data"][0]["id"] });
        john.post("auth.revokeSession", &this).await.refused(404, "session_not_found");
        api.stranger().post("auth.revokeSession", &this).await.refused(404, "session_not_found");
        assert_eq!(second.post("auth.revokeSession", &this).await.status, 204);
        assert_eq!(standing(first).await, "token_revoked");
        second.post("auth.revokeSession", &this).await.refused(404, "session_not_found");
        let of_third = &third.ok("auth.listSessions", json!({})).await["data"][1]["id"];
        let types = api.event_types_of(boss.ok("auth.revokeSession", json!({ "session_id": of_third }))).await;
        assert_eq!(types, ["session.revoked"]);
        assert_eq!(standing(&third).await, "token_revoked");
        assert_eq!(standing(&second).await, "");
    });
}

#[test]
fn logging_out_ends_one_session_or_all_of_them() {
    on_both(async |api| {
        let jane = api.person("Jane", &[]).await;
        let john = api.person("John", &[]).await.client;
        let (other, another) = (api.session(&jane.email).await, api.session(&jane.email).await);
        assert_eq!(standing(&jane.client).await, "");
        let types = api.event_types_of(jane.client.ok("auth.logout", json!({}))).await;
        assert_eq!(types, ["session.revoked"]);
        assert_eq!(standing(&jane.client).await, "token_revoked");
        jane.client.post("auth.logout", &json!({})).await.refused(401, "token_revoked");
        let body = json!({ "refresh_token": jane.login["refresh_token"] });
        api.nobody().post("auth.refresh", &body).await.refused(401, "token_revoked");
        assert_eq!(standing(&other).await, "");
        let types = api.event_types_of(another.ok("auth.logout", json!({ "all": true }))).await;
        assert_eq!(types, ["session.revoked", "session.revoked"]);
        assert_eq!(
            (standing(&other).await, standing(&another).await),
            ("token_revoked".into(), "token_revoked".into())
        );
        assert_eq!(standing(&john).await, "");

        // A key is in no session, whoever it acts as.
        api.admin().post("auth.logout", &json!({})).await.refused(403, "no_permission");
        let key = api.admin().ok("apiKeys.create", json!({ "name": "Robot", "scopes": ["*"] })).await;
        let robot = api.client(text(&key["secret"]));
        robot.post("auth.logout", &json!({})).await.refused(403, "no_permission");
        robot.post("auth.listSessions", &json!({})).await.refused(403, "no_permission");
    });
}
