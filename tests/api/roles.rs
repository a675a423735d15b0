//! Roles: made, changed, and taken away without leaving anybody without one.

use serde_json::{Value, json};

use crate::support::{Api, on_both};

async fn night(api: &Api) -> Value {
    let role = json!({ "name": "Night", "permissions": ["conversations:read", "teams:read"] });
    api.admin().ok("roles.create", role).await
}

#[test]
fn a_role_is_made_and_changed() {
    on_both(async |api| {
        let admin = api.admin();
        let (role, events) = api.events_of(night(api)).await;
        assert_eq!((events[0].kind.as_str(), &events[0].data), ("role.created", &role));
        assert_eq!((&role["conversation_visibility"], &role["is_system"]), (&json!("team"), &json!(false)));
        assert_eq!(role["permissions"], json!(["teams:read", "conversations:read"]), "in the order of the catalogue");
        assert_eq!(admin.ok("roles.info", json!({ "id": role["id"] })).await, role);
        assert_eq!(admin.ok("roles.update", role.clone()).await, role, "what was read can be sent back");

        let changes = json!({ "id": role["id"], "description": "At night", "conversation_visibility": "assigned" });
        let (changed, events) = api.events_of(admin.ok("roles.update", changes)).await;
        assert_eq!((&changed["version"], &changed["permissions"]), (&json!(2), &role["permissions"]));
        let old = json!({ "description": null, "conversation_visibility": "team" });
        assert_eq!((events[0].kind.as_str(), &events[0].previous), ("role.updated", &old));
        let cleared = json!({ "id": role["id"], "description": null, "permissions": [] });
        let cleared = admin.ok("roles.update", cleared).await;
        assert_eq!((&cleared["description"], &cleared["permissions"]), (&Value::Null, &json!([])));
        let unknown = json!({ "id": role["id"], "permissions": ["teams:reed"] });
        let refused = admin.post("roles.update", &unknown).await;
        assert_eq!(refused.problems()[0].0, "/permissions/0", "{}", refused.text);
    });
}

#[test]
fn a_name_is_taken_once() {
    on_both(async |api| {
        let admin = api.admin();
        let role = night(api).await;
        for name in ["Night", "owner"] {
            admin.post("roles.create", &json!({ "name": name, "permissions": [] })).await.refused(409, "name_taken");
        }
        admin.post("roles.update", &json!({ "id": role["id"], "name": "agent" })).await.refused(409, "name_taken");
        api.stranger().ok("roles.create", json!({ "name": "Night", "permissions": [] })).await;
    });
}

#[test]
fn five_roles_come_with_the_organization_and_stay_as_they_are() {
    on_both(async |api| {
        let admin = api.admin();
        let roles = admin.ok("roles.list", json!({})).await;
        let roles = roles["data"].as_array().unwrap();
        let names: Vec<_> = roles.iter().map(|role| &role["name"]).collect();
        assert_eq!(names, ["owner", "admin", "supervisor", "agent", "viewer"]);
        assert_eq!(roles[0]["permissions"], json!(["*"]));
        for role in roles {
            assert_eq!(role["is_system"], true);
            let id = &role["id"];
            admin.post("roles.update", &json!({ "id": id, "name": "X" })).await.refused(409, "invalid_state");
            let delete = json!({ "id": id, "replace_with_role_id": api.acme.agent_role });
            admin.post("roles.delete", &delete).await.refused(409, "invalid_state");
        }
    });
}

#[test]
fn a_role_in_use_is_deleted_only_with_one_in_its_place() {
    on_both(async |api| {
        let admin = api.admin();
        let role = night(api).await;
        let jane = api.person_with("Jane", &role["id"]).await;
        let team = admin.ok("teams.create", json!({ "name": "Night", "role_id": role["id"] })).await;
        let delete = async |heir: Value| {
            let mut args = json!({ "id": role["id"] });
            dotdesk::method::merge(&mut args, json!({ "replace_with_role_id": heir }));
            admin.post("roles.delete", &args).await
        };
        delete(Value::Null).await.refused(409, "in_use");
        for heir in [&role["id"], &json!(api.unknown_id()), &json!(api.other.agent_role)] {
            delete(heir.clone()).await.wrong("/replace_with_role_id", "unknown_id");
        }
        jane.client.ok("teams.list", json!({})).await;
        jane.client.post("roles.list", &json!({})).await.refused(403, "missing_scope");
        let viewer = api.role("viewer").await;
        let (deleted, events) = api.events_of(delete(viewer.clone())).await;
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        assert_eq!((events.len(), events[0].kind.as_str(), &events[0].data), (1, "role.deleted", &role));
        jane.client.ok("roles.list", json!({})).await;
        admin.post("roles.info", &json!({ "id": role["id"] })).await.refused(404, "role_not_found");
        assert_eq!(admin.ok("users.info", json!({ "id": jane.id })).await["role_id"], viewer);
        assert_eq!(admin.ok("teams.info", json!({ "id": team["id"] })).await["role_id"], viewer);
    });
}

#[test]
fn a_role_nobody_has_just_goes() {
    on_both(async |api| {
        let role = night(api).await;
        let types = api.event_types_of(api.admin().ok("roles.delete", json!({ "id": role["id"] }))).await;
        assert_eq!(types, ["role.deleted"]);
        assert_ne!(night(api).await["id"], role["id"], "its name is free again");
    });
}
