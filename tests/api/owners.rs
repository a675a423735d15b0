//! Power: there is always an owner, and nobody gets more than he has by way of somebody else.

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::people::Person;
use crate::support::{Api, on_both};

const NEW: &str = "rolling quokka harvests nine umbrellas";

/// One who may do everything that there is a scope for, which is less than an owner may.
async fn administrator(api: &Api) -> Person {
    api.person_with("Adam", &api.role("admin").await).await
}

async fn owner(api: &Api, name: &str) -> Person {
    api.person_with(name, &api.role("owner").await).await
}

#[test]
fn the_last_active_owner_stays() {
    on_both(async |api| {
        let admin = api.admin();
        let owner_id = json!(api.acme.owner);
        let ways = [
            ("users.deactivate", json!({ "id": owner_id })),
            ("users.delete", json!({ "id": owner_id })),
            ("users.update", json!({ "id": owner_id, "role_id": api.role("admin").await })),
        ];
        for (method, args) in &ways {
            admin.post(method, args).await.refused(409, "in_use");
        }
        // Neither an owner who was only invited nor one who was deactivated is somebody to count on.
        let invited = json!({ "name": "Ina", "email": "ina@acme.test", "role_id": api.role("owner").await });
        let invited = admin.ok("users.create", invited).await;
        let second = owner(api, "Second").await;
        admin.ok("users.deactivate", json!({ "id": second.id })).await;
        for (method, args) in &ways {
            admin.post(method, args).await.refused(409, "in_use");
        }
        admin.ok("users.delete", json!({ "id": invited["id"] })).await;
        admin.ok("users.activate", json!({ "id": second.id })).await;
        let second = api.session(&second.email).await;
        let (method, args) = &ways[2];
        second.ok(method, args.clone()).await;
        let himself = json!({ "id": second.ok("users.me", json!({})).await["id"] });
        second.post("users.deactivate", &himself).await.refused(409, "in_use");
    });
}

#[test]
fn of_two_owners_who_put_each_other_out_one_stays() {
    on_both(async |api| {
        let one = owner(api, "One").await;
        let two = owner(api, "Two").await;
        // A third owner would let both go.
        one.client.ok("users.deactivate", json!({ "id": api.acme.owner })).await;
        for _ in 0..4 {
            let (client_one, client_two) = (api.session(&one.email).await, api.session(&two.email).await);
            let (of_one, of_two) = (json!({ "id": one.id }), json!({ "id": two.id }));
            let duel =
                join(client_one.post("users.deactivate", &of_two), client_two.post("users.deactivate", &of_one)).await;
            let (stays, loser, reply) = match duel {
                (first, second) if first.status == 200 => (client_one, of_two, second),
                (first, second) => {
                    assert_eq!(second.status, 200, "{}", second.text);
                    (client_two, of_one, first)
                }
            };
            assert!(["in_use", "token_revoked"].contains(&reply.code()), "{}", reply.text);
            stays.ok("users.activate", loser).await;
        }
    });
}

#[test]
fn who_may_do_more_is_not_yours_to_change() {
    on_both(async |api| {
        let adam = administrator(api).await.client;
        let owner = json!(api.acme.owner);
        let before = api.row_counts().await;
        for (method, args) in [
            ("users.update", json!({ "id": owner, "name": "X" })),
            ("users.changePassword", json!({ "id": owner, "new_password": NEW })),
            ("users.delete", json!({ "id": owner })),
            ("users.deactivate", json!({ "id": owner })),
            ("users.activate", json!({ "id": owner })),
            ("users.setAvailability", json!({ "user_id": owner, "availability": "away" })),
            ("users.setSignature", json!({ "user_id": owner, "language": "en", "text": "X" })),
            ("users.deleteSignature", json!({ "user_id": owner, "language": "en" })),
        ] {
            adam.post(method, &args).await.refused(403, "no_permission");
        }
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn nobody_hands_out_more_than_he_has() {
    on_both(async |api| {
        let adam = administrator(api).await;
        let owner = api.role("owner").await;
        let all = api.admin().ok("roles.create", json!({ "name": "All", "permissions": ["*"] })).await;
        let team = json!({ "name": "All", "role_id": all["id"] });
        let team = api.admin().ok("teams.create", team).await;
        let before = api.row_counts().await;
        let bob = |more: Value| {
            let mut args = json!({ "name": "Bob", "email": "bob@acme.test" });
            dotdesk::method::merge(&mut args, more);
            args
        };
        for (method, args) in [
            ("users.create", bob(json!({ "role_id": owner }))),
            ("users.create", bob(json!({ "role_id": all["id"] }))),
            ("users.create", bob(json!({ "team_ids": [team["id"]] }))),
            ("users.update", json!({ "id": adam.id, "role_id": owner })),
            ("users.update", json!({ "id": api.acme.agent, "role_id": all["id"] })),
            ("teams.addMember", json!({ "id": team["id"], "user_id": adam.id })),
            ("teams.update", json!({ "id": team["id"], "user_ids": [adam.id] })),
            ("teams.create", json!({ "name": "X", "role_id": all["id"], "user_ids": [adam.id] })),
            ("roles.create", json!({ "name": "X", "permissions": ["*"] })),
            ("roles.update", json!({ "id": all["id"], "permissions": [] })),
            ("roles.update", json!({ "id": all["id"], "name": "X" })),
            ("roles.delete", json!({ "id": all["id"], "replace_with_role_id": api.acme.agent_role })),
            ("apiKeys.create", json!({ "name": "X", "scopes": ["*"] })),
            ("apiKeys.create", json!({ "name": "X", "scopes": [], "act_as_user_id": api.acme.owner })),
            ("auth.impersonate", json!({ "user_id": api.acme.owner, "reason": "X" })),
        ] {
            let reply = adam.client.post(method, &args).await;
            reply.refused(403, "missing_scope");
            assert_eq!(reply.body["error"]["needed"], "*", "{method}");
        }
        assert_eq!(api.row_counts().await, before);
    });
}
