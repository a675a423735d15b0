//! Two calls at the same moment, one of which takes away what the other refers to.

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::organization::PASSWORD;
use crate::support::{Api, Reply, on_both};

/// How often each race is run: most of the times one call is over before the other begins.
const ROUNDS: usize = 10;

async fn both(api: &Api, one: (&str, Value), two: (&str, Value)) -> (Reply, Reply) {
    let admin = api.admin();
    join(admin.post(one.0, &one.1), admin.post(two.0, &two.1)).await
}

#[test]
fn while_a_role_goes_nobody_is_left_with_it() {
    on_both(async |api| {
        let admin = api.admin();
        let viewer = api.role("viewer").await;
        for round in 0..ROUNDS {
            let role = json!({ "name": format!("Night {round}"), "permissions": [] });
            let role = admin.ok("roles.create", role).await;
            let give = json!({ "id": api.acme.agent, "role_id": role["id"] });
            let mut delete = json!({ "id": role["id"] });
            if round % 2 == 1 {
                delete["replace_with_role_id"] = viewer.clone();
            }
            let (deleted, given) = both(api, ("roles.delete", delete), ("users.update", give)).await;
            let agent = admin.ok("users.info", json!({ "id": api.acme.agent })).await;
            match (deleted.status, given.status) {
                (204, 200) => assert_eq!(agent["role_id"], viewer),
                (204, _) => drop(given.wrong("/role_id", "unknown_id")),
                (_, 200) if round % 2 == 0 => drop(deleted.refused(409, "in_use")),
                _ => panic!("{} {}", deleted.text, given.text),
            }
            admin.ok("users.update", json!({ "id": api.acme.agent, "role_id": viewer })).await;
        }
    });
}

#[test]
fn while_a_user_goes_no_team_keeps_him() {
    on_both(async |api| {
        let admin = api.admin();
        for round in 0..ROUNDS {
            let jane = api.person_with(&format!("Jane{round}"), &json!(api.acme.agent_role)).await;
            let team = admin.ok("teams.create", json!({ "name": "Sms" })).await;
            let join = match round % 2 {
                0 => ("teams.addMember", json!({ "id": team["id"], "user_id": jane.id })),
                _ => ("teams.update", json!({ "id": team["id"], "lead_user_ids": [jane.id] })),
            };
            let (deleted, joined) = both(api, ("users.delete", json!({ "id": jane.id })), join).await;
            assert_eq!(deleted.status, 204, "{}", deleted.text);
            if joined.status != 200 {
                joined.wrong(["/user_id", "/lead_user_ids/0"][round % 2], "unknown_id");
            }
            let team = admin.ok("teams.info", json!({ "id": team["id"] })).await;
            assert_eq!((&team["user_ids"], &team["lead_user_ids"]), (&json!([]), &json!([])));
            let listed = admin.ok("teams.listMembers", json!({ "id": team["id"] })).await;
            assert_eq!(listed["data"], json!([]));
        }
    });
}

#[test]
fn while_a_default_goes_the_organization_does_not_keep_it() {
    on_both(async |api| {
        let admin = api.admin();
        for round in 0..ROUNDS {
            let (field, delete) = match round % 2 {
                0 => {
                    let jane =
                        json!({ "name": "Jane", "email": format!("jane{round}@acme.test"), "send_invite": false });
                    ("default_user_id", ("users.delete", admin.ok("users.create", jane).await))
                }
                _ => {
                    let team = json!({ "name": "Sms" });
                    ("default_team_id", ("teams.delete", admin.ok("teams.create", team).await))
                }
            };
            let (method, id) = (delete.0, &delete.1["id"]);
            let (deleted, set) =
                both(api, (method, json!({ "id": id })), ("organizations.update", json!({ field: id }))).await;
            assert_eq!(deleted.status, 204, "{}", deleted.text);
            if set.status != 200 {
                set.wrong(&format!("/{field}"), "unknown_id");
            }
            assert_eq!(admin.ok("organizations.info", json!({})).await[field], Value::Null);
        }
    });
}

#[test]
fn while_a_user_goes_no_key_acts_as_him() {
    on_both(async |api| {
        let admin = api.admin();
        for round in 0..ROUNDS {
            let jane = api.person_with(&format!("Jane{round}"), &json!(api.acme.agent_role)).await;
            let key = json!({ "name": "Robot", "scopes": [], "act_as_user_id": jane.id });
            let (deleted, made) = both(api, ("users.delete", json!({ "id": jane.id })), ("apiKeys.create", key)).await;
            assert_eq!(deleted.status, 204, "{}", deleted.text);
            match made.status {
                200 => {
                    let kept = admin.ok("apiKeys.info", json!({ "id": made.body["id"] })).await;
                    assert_eq!((&kept["status"], &kept["act_as_user_id"]), (&json!("revoked"), &Value::Null));
                }
                _ => drop(made.wrong("/act_as_user_id", "unknown_id")),
            }
        }
    });
}

#[test]
fn while_a_user_goes_he_does_not_come_in() {
    on_both(async |api| {
        for round in 0..ROUNDS {
            let jane = api.person_with(&format!("Jane{round}"), &json!(api.acme.agent_role)).await;
            let login = json!({ "email": jane.email, "password": PASSWORD });
            let method = if round % 2 == 0 { "users.delete" } else { "users.deactivate" };
            let (gone, login) = both(api, (method, json!({ "id": jane.id })), ("auth.login", login)).await;
            assert!(gone.status < 300, "{}", gone.text);
            match login.status {
                200 => {
                    let client = api.client(login.body["access_token"].as_str().unwrap());
                    client.post("auth.me", &json!({})).await.refused(401, "token_revoked");
                }
                401 => {}
                _ => panic!("{}", login.text),
            }
        }
    });
}
