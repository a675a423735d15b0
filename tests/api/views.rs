//! Views: queries under a name, and lists and counts that agree with them.

use serde_json::{Value, json};

use crate::support::{Api, on_both};

fn ids(page: &Value) -> Vec<Value> {
    page["data"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
}

async fn view(api: &Api, more: Value) -> Value {
    let mut args = json!({
        "name": "Unread", "object": "conversation", "query": "unread_count:[1 TO *]", "visibility": "organization",
    });
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    api.admin().ok("views.create", args).await
}

#[test]
fn a_view_shows_what_its_query_says_in_its_order() {
    on_both(async |api| {
        let admin = api.admin();
        let channel = api.sms().await;
        let mut all = Vec::new();
        for n in 0..4 {
            let heard = api.hear(&channel, &format!("+1-555-01{n:02}"), "Hello").await;
            all.push(heard["message"]["conversation_id"].clone());
            api.pass_seconds(1);
        }
        admin.ok("conversations.markRead", json!({ "id": all[1] })).await;
        let unread = view(api, json!({ "sort": "last_message_at:desc" })).await;
        let shown = ids(&admin.ok("conversations.list", json!({ "view_id": unread["id"] })).await);
        assert_eq!(shown, [all[3].clone(), all[2].clone(), all[0].clone()]);
        let sorted = json!({ "view_id": unread["id"], "sort": "created_at:asc" });
        assert_eq!(
            ids(&admin.ok("conversations.list", sorted).await),
            [all[0].clone(), all[2].clone(), all[3].clone()]
        );
        let narrowed = json!({ "view_id": unread["id"], "filters": format!("id:{}", all[2].as_str().unwrap()) });
        assert_eq!(ids(&admin.ok("conversations.list", narrowed).await), [all[2].clone()]);
        let contacts = view(api, json!({ "object": "contact", "query": "name:jane" })).await;
        admin.post("conversations.list", &json!({ "view_id": contacts["id"] })).await.wrong("/view_id", "unknown_id");
        admin.post("conversations.list", &json!({ "view_id": api.unknown_id() })).await.wrong("/view_id", "unknown_id");
        let counted = admin.ok("views.list", json!({ "with_counts": true })).await;
        let counts: Vec<&Value> = counted["data"].as_array().unwrap().iter().map(|view| &view["count"]).collect();
        assert_eq!(counts, [&json!(3), &json!(4)]);
        let plain = admin.ok("views.list", json!({ "object": "contact" })).await;
        assert_eq!((ids(&plain), &plain["data"][0]["count"]), (vec![contacts["id"].clone()], &Value::Null));
    });
}

#[test]
fn a_wrong_query_is_never_saved() {
    on_both(async |api| {
        let admin = api.admin();
        let made = view(api, json!({})).await;
        let create = |query: &str, sort: Value| json!({ "name": "X", "object": "conversation", "query": query, "sort": sort, "visibility": "organization" });
        let before = api.row_counts().await;
        for query in ["no_such_field:1", "status:(open", "unread_count:many", "[1 TO"] {
            let reply = admin.post("views.create", &create(query, Value::Null)).await;
            reply.refused(400, "invalid_query");
            assert_eq!(reply.body["error"]["errors"][0]["pointer"], "/query", "{}", reply.text);
            let reply = admin.post("views.update", &json!({ "id": made["id"], "query": query })).await;
            reply.refused(400, "invalid_query");
        }
        let reply = admin.post("views.create", &create("status:open", json!("text:asc"))).await;
        assert_eq!((reply.status, reply.problems()[0].0.as_str()), (400, "/sort"), "{}", reply.text);
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn who_has_a_view_is_asked_everywhere() {
    on_both(async |api| {
        let admin = api.admin();
        let scopes = ["views:read", "views:write", "conversations:read"];
        let (bea, cyd) = (api.person("Bea", &scopes).await, api.person("Cyd", &scopes).await);
        let team = admin.ok("teams.create", json!({ "name": "Support", "user_ids": [bea.id] })).await;
        let own = json!({ "name": "Mine", "object": "conversation", "query": "assigned_to_user_id:me" });
        let private = bea.client.ok("views.create", own).await;
        assert_eq!((&private["visibility"], &private["owner_user_id"]), (&json!("private"), &bea.id));
        let of_team = view(api, json!({ "visibility": "team", "team_id": team["id"] })).await;
        let of_all = view(api, json!({})).await;
        let listed = async |client: &crate::support::Client| ids(&client.ok("views.list", json!({})).await);
        assert_eq!(listed(&bea.client).await, [&private["id"], &of_team["id"], &of_all["id"]].map(Value::clone));
        assert_eq!(listed(&cyd.client).await, [of_all["id"].clone()]);
        assert_eq!(listed(&admin).await, [of_team["id"].clone(), of_all["id"].clone()]);
        for hidden in [&private, &of_team] {
            let id = json!({ "id": hidden["id"] });
            for method in ["views.info", "views.update", "views.delete"] {
                cyd.client.post(method, &id).await.refused(404, "view_not_found");
            }
            let list = json!({ "view_id": hidden["id"] });
            cyd.client.post("conversations.list", &list).await.wrong("/view_id", "unknown_id");
        }
        let shared = json!({ "id": private["id"], "visibility": "organization" });
        bea.client.ok("views.update", shared).await;
        assert_eq!(listed(&cyd.client).await, [private["id"].clone(), of_all["id"].clone()]);

        let no_team = json!({ "name": "X", "object": "contact", "query": "name:x", "visibility": "team" });
        admin.post("views.create", &no_team).await.wrong("/team_id", "required");
        let stray = json!({ "id": of_all["id"], "team_id": team["id"] });
        admin.post("views.update", &stray).await.wrong("/team_id", "not_allowed");
        let unknown = json!({ "id": of_team["id"], "team_id": api.unknown_id() });
        admin.post("views.update", &unknown).await.wrong("/team_id", "unknown_id");

        admin.ok("teams.delete", json!({ "id": team["id"] })).await;
        let left = admin.ok("views.info", json!({ "id": of_team["id"] })).await;
        assert_eq!((&left["visibility"], &left["team_id"]), (&json!("private"), &Value::Null), "it is its maker's");
        admin.ok("views.delete", json!({ "id": of_all["id"] })).await;
        admin.post("views.info", &json!({ "id": of_all["id"] })).await.refused(404, "view_not_found");
    });
}

#[test]
fn a_key_of_the_organization_has_no_private_views() {
    on_both(async |api| {
        let key = json!({ "name": "Robot", "scopes": ["views:read", "views:write"] });
        let key = api.admin().ok("apiKeys.create", key).await;
        let robot = api.client(key["secret"].as_str().unwrap());
        let private = json!({ "name": "X", "object": "contact", "query": "name:x" });
        robot.post("views.create", &private).await.wrong("/visibility", "not_allowed");
    });
}
