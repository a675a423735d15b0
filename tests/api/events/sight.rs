//! Who sees which events.

use serde_json::{Value, json};

use super::{latest, read, types};
use crate::support::{Api, on_both, text};

/// An agent in a team that sees what comes by sms, and the id of a conversation they see.
async fn agent_and_conversation(api: &Api) -> (crate::support::people::Person, Value) {
    let admin = api.admin();
    let agent = api.person_with("Mei", &api.role("agent").await).await;
    let query = json!({ "conversations": "source:*sms AND NOT tags:secret" });
    admin.ok("teams.create", json!({ "name": "Sms", "query": query, "user_ids": [agent.id] })).await;
    let channel = admin.ok("channels.create", json!({ "type": "api", "name": "Sms", "source": "acme.sms" })).await;
    let contact = admin.ok("contacts.create", json!({ "name": "Ada" })).await;
    let args = json!({ "contact_id": contact["id"], "channel_id": channel["id"] });
    let conversation = admin.ok("conversations.create", args).await;
    (agent, conversation)
}

#[test]
fn what_teams_do_not_show_is_not_in_the_feed() {
    on_both(async |api| {
        let admin = api.admin();
        let (agent, _) = agent_and_conversation(api).await;
        let web = admin.ok("channels.create", json!({ "type": "api", "name": "Web", "source": "acme.web" })).await;
        let contact = admin.ok("contacts.create", json!({ "name": "Bob" })).await;
        let hidden = json!({ "contact_id": contact["id"], "channel_id": web["id"] });
        let hidden = admin.ok("conversations.create", hidden).await;
        let note = json!({ "conversation_id": hidden["id"], "text": "Nobody of the team may read this" });
        admin.ok("messages.addNote", note).await;
        admin.ok("conversations.addTag", json!({ "id": hidden["id"], "tag": "vip" })).await;
        api.settle().await;
        let seen = read(&agent.client, 0, json!({})).await;
        let hidden_id = text(&hidden["id"]);
        assert!(!seen.iter().any(|event| event.to_string().contains(hidden_id)), "{seen:?}");
        assert!(types(&seen).contains(&"conversation.created"), "the other one is there");
        let all = read(&admin, 0, json!({})).await;
        let event = all.iter().find(|event| event["object"]["id"] == hidden["id"]).unwrap();
        agent.client.post("events.info", &json!({ "id": event["id"] })).await.refused(404, "event_not_found");
    });
}

/// What leaves a user's sight is told once more, without what is in it; what is in it later is not told.
#[test]
fn what_leaves_the_sight_says_so_and_no_more() {
    on_both(async |api| {
        let admin = api.admin();
        let (agent, conversation) = agent_and_conversation(api).await;
        let id = &conversation["id"];
        api.settle().await;
        let start = latest(&admin).await;
        admin.ok("conversations.addTag", json!({ "id": id, "tag": "secret" })).await;
        admin.ok("conversations.update", json!({ "id": id, "subject": "Very secret" })).await;
        api.settle().await;
        let seen = read(&agent.client, start, json!({})).await;
        let of_it: Vec<&Value> = seen.iter().filter(|event| &event["object"]["id"] == id).collect();
        assert_eq!(of_it.len(), 1, "{of_it:?}");
        assert_eq!(of_it[0]["data"], json!({ "id": id, "out_of_sight": true }));
        assert_eq!(of_it[0]["previous"], Value::Null);
        assert!(read(&admin, start, json!({})).await.len() > of_it.len());

        admin.ok("conversations.removeTag", json!({ "id": id, "tag": "secret" })).await;
        api.settle().await;
        let seen = read(&agent.client, start, json!({ "types": ["conversation.*"] })).await;
        assert!(
            seen.len() >= 3
                && seen.iter().all(|event| event["data"]["subject"].is_null() || event["data"]["number"].is_i64())
        );
        assert!(seen.iter().all(|event| event["data"].get("out_of_sight").is_none()), "it is within sight again");
    });
}

#[test]
fn scopes_decide_about_kinds_of_objects() {
    on_both(async |api| {
        let admin = api.admin();
        admin.ok("teams.create", json!({ "name": "Sms" })).await;
        admin.ok("contacts.create", json!({ "name": "Ada" })).await;
        let key = json!({ "name": "Teams", "scopes": ["events:read", "teams:read"] });
        let key = admin.ok("apiKeys.create", key).await;
        let limited = api.client(text(&key["secret"]));
        api.settle().await;
        let seen = read(&limited, 0, json!({})).await;
        assert!(!seen.is_empty() && types(&seen).iter().all(|kind| kind.starts_with("team.")), "{:?}", types(&seen));
        let refused = limited.post("events.list", &json!({ "types": ["contact.created"] })).await;
        refused.refused(403, "missing_scope");
        assert_eq!(refused.body["error"]["needed"], "contacts:read");
        let none = admin.ok("apiKeys.create", json!({ "name": "None", "scopes": ["teams:read"] })).await;
        for method in ["events.list", "events.latest", "events.stream", "events.createTicket"] {
            api.client(text(&none["secret"])).post(method, &json!({})).await.refused(403, "missing_scope");
        }
    });
}

#[test]
fn private_views_are_told_to_nobody_else() {
    on_both(async |api| {
        let admin = api.admin();
        let mei = api.person("Mei", &["views:read", "views:write", "events:read"]).await;
        let view = json!({ "name": "Mine", "object": "conversation", "query": "tags:secret" });
        mei.client.ok("views.create", view).await;
        api.settle().await;
        let of = |events: Vec<Value>| events.iter().filter(|event| event["type"] == "view.created").count();
        assert_eq!(of(read(&mei.client, 0, json!({})).await), 1);
        assert_eq!(of(read(&admin, 0, json!({})).await), 0);
    });
}
