//! Logging in, and finding out who one is.

use serde_json::{Value, json};

use crate::support::organization::PASSWORD;
use crate::support::{on_both, text};

#[test]
fn a_user_logs_in_with_his_address_or_his_name() {
    on_both(async |api| {
        let agent = json!(api.acme.agent);
        api.admin().ok("users.update", json!({ "id": agent, "username": "anton" })).await;
        let browser = api.nobody().with("user-agent", "Netscape 4");
        let body = json!({ "email": "Agent@Acme.test", "password": PASSWORD });
        let (login, events) = api.events_of(browser.ok("auth.login", body)).await;
        assert_eq!((&login["token_type"], &login["expires_in"]), (&json!("Bearer"), &json!(900)));
        assert!(text(&login["refresh_token"]).starts_with("dd_refresh_"));
        assert_eq!((&login["user"]["id"], &login["user"]["first_seen_at"]), (&agent, &json!(api.now())));
        assert_eq!(login["user"]["version"], 2, "being seen is no change");
        assert_eq!((events[0].kind.as_str(), &events[0].actor["id"]), ("session.created", &agent));
        let session = &events[0].data;
        assert_eq!((&session["user_id"], &session["ip"]), (&agent, &json!("127.0.0.1")));
        assert_eq!(session["user_agent"], "Netscape 4");

        let client = api.client(text(&login["access_token"]));
        assert_eq!(client.ok("users.me", json!({})).await, login["user"]);

        api.pass_seconds(60);
        let again = api.nobody().ok("auth.login", json!({ "username": "Anton", "password": PASSWORD })).await;
        assert_eq!(again["user"]["first_seen_at"], login["user"]["first_seen_at"]);
        assert_eq!(again["user"]["last_seen_at"], json!(api.now()));
        client.ok("users.me", json!({})).await;
    });
}

#[test]
fn whatever_is_wrong_the_answer_is_the_same() {
    on_both(async |api| {
        let admin = api.admin();
        let john = api.person("John", &[]).await;
        admin.ok("users.update", json!({ "id": john.id, "username": "john" })).await;
        admin.ok("users.deactivate", json!({ "id": john.id })).await;
        admin.ok("users.create", json!({ "name": "Bob", "email": "bob@acme.test" })).await;
        let mut answers = Vec::new();
        for body in [
            json!({ "email": "agent@acme.test", "password": "wrong" }),
            json!({ "email": "nobody@acme.test", "password": PASSWORD }),
            json!({ "username": "nobody", "password": PASSWORD }),
            json!({ "username": "john", "password": PASSWORD }),
            json!({ "email": john.email, "password": PASSWORD }),
            json!({ "email": "bob@acme.test", "password": PASSWORD }),
            json!({ "email": "agent@acme.test", "password": PASSWORD, "hostname": "nowhere.test" }),
        ] {
            let before = api.row_counts().await;
            let reply = api.nobody().post("auth.login", &body).await;
            reply.refused(401, "invalid_auth");
            assert_eq!(api.row_counts().await, before, "{body}");
            let mut answer = reply.body.clone();
            answer["error"].as_object_mut().unwrap().remove("request_id");
            let mut headers: Vec<_> = reply.headers.keys().map(|name| name.as_str().to_owned()).collect();
            headers.sort();
            answers.push((answer, headers));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    });
}

#[test]
fn one_name_is_needed_and_not_two() {
    on_both(async |api| {
        let reply = api.nobody().post("auth.login", &json!({ "password": "x" })).await;
        let required = |pointer: &str| (pointer.to_owned(), "required".to_owned());
        assert_eq!(reply.problems(), [required("/username"), required("/email")]);
        let both = json!({ "password": "x", "email": "a@acme.test", "username": "anton" });
        api.nobody().post("auth.login", &both).await.wrong("/email", "duplicate");
    });
}

#[test]
fn the_host_name_tells_organizations_apart() {
    on_both(async |api| {
        api.admin().ok("organizations.update", json!({ "hostnames": ["desk.acme.test"] })).await;
        api.stranger().ok("organizations.update", json!({ "hostnames": ["desk.other.test"] })).await;
        let there = json!({ "name": "Anton", "email": "agent@acme.test", "password": PASSWORD });
        let there = api.stranger().ok("users.create", there).await;
        let login = async |host: Value| {
            let mut body = json!({ "email": "agent@acme.test", "password": PASSWORD });
            dotdesk::method::merge(&mut body, json!({ "hostname": host }));
            api.nobody().post("auth.login", &body).await
        };
        login(Value::Null).await.refused(401, "invalid_auth");
        assert_eq!(login(json!("Desk.Acme.test")).await.body["user"]["id"], json!(api.acme.agent));
        assert_eq!(login(json!("desk.other.test")).await.body["user"]["id"], there["id"]);

        api.stranger().ok("users.deactivate", json!({ "id": there["id"] })).await;
        login(json!("desk.other.test")).await.refused(401, "invalid_auth");
        let only = login(Value::Null).await;
        assert_eq!(only.body["user"]["id"], json!(api.acme.agent), "one is left who may log in");
    });
}

#[test]
fn an_access_token_lasts_a_quarter_of_an_hour() {
    on_both(async |api| {
        let client = api.session("agent@acme.test").await;
        api.pass_seconds(15 * 60 - 1);
        client.ok("users.me", json!({})).await;
        api.pass_seconds(1);
        client.post("users.me", &json!({})).await.refused(401, "token_expired");
    });
}

#[test]
fn everybody_learns_who_he_is() {
    on_both(async |api| {
        let jane = api.person("Jane", &["teams:read", "teams:write"]).await;
        let team = jane.client.ok("teams.create", json!({ "name": "Sms", "user_ids": [jane.id] })).await;
        let me = jane.client.ok("auth.me", json!({})).await;
        assert_eq!((&me["user"]["id"], &me["key"]), (&jane.id, &Value::Null));
        assert_eq!(me["organization"], api.admin().ok("organizations.info", json!({})).await);
        assert_eq!((&me["role"]["name"], &me["role"]["id"]), (&json!("Jane"), &me["user"]["role_id"]));
        assert_eq!(me["scopes"], json!(["teams:read", "teams:write"]));
        assert_eq!(me["teams"], json!([team]));
        assert_eq!(me["user"], jane.client.ok("users.me", json!({})).await);

        let key = json!({ "name": "Export", "scopes": ["teams:read"] });
        let key = api.admin().ok("apiKeys.create", key).await;
        let export = api.client(text(&key["secret"]));
        let me = export.ok("auth.me", json!({})).await;
        assert_eq!((&me["user"], &me["role"], &me["teams"]), (&Value::Null, &Value::Null, &json!([])));
        assert_eq!((&me["key"]["id"], &me["scopes"]), (&key["id"], &json!(["teams:read"])));
        export.post("users.me", &json!({})).await.refused(403, "no_permission");
    });
}

#[test]
fn rights_come_from_the_role_and_from_the_roles_of_teams() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = api.person("Jane", &["teams:read"]).await;
        let role = json!({ "name": "Keys", "permissions": ["keys:read"] });
        let role = admin.ok("roles.create", role).await;
        let list = async |code: &str| match code {
            "" => drop(jane.client.ok("apiKeys.list", json!({})).await),
            code => drop(jane.client.post("apiKeys.list", &json!({})).await.refused(403, code)),
        };
        list("missing_scope").await;
        let team = json!({ "name": "Keepers", "role_id": role["id"], "user_ids": [jane.id] });
        let team = admin.ok("teams.create", team).await;
        list("").await;
        admin.ok("roles.update", json!({ "id": role["id"], "permissions": [] })).await;
        list("missing_scope").await;
        admin.ok("roles.update", json!({ "id": role["id"], "permissions": ["keys:read"] })).await;
        list("").await;
        admin.ok("teams.removeMember", json!({ "id": team["id"], "user_id": jane.id })).await;
        list("missing_scope").await;
    });
}
