//! Conversations: how they begin, what can be changed of them, who has to do with them.

use serde_json::{Value, json};

use crate::support::{Api, on_both};

/// A conversation with a new contact.
pub async fn conversation(api: &Api, more: Value) -> Value {
    let contact = api.admin().ok("contacts.create", json!({ "name": "Jane" })).await;
    let mut args = json!({ "contact_id": contact["id"] });
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    api.admin().ok("conversations.create", args).await
}

async fn info(api: &Api, conversation: &Value) -> Value {
    api.admin().ok("conversations.info", json!({ "id": conversation["id"] })).await
}

/// The ids of a list.
fn ids(page: &Value) -> Vec<Value> {
    page["data"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
}

#[test]
fn a_conversation_begins_as_it_was_asked_for() {
    on_both(async |api| {
        let admin = api.admin();
        let contact = admin.ok("contacts.create", json!({ "name": "Jane" })).await;
        let args = json!({
            "contact_id": contact["id"], "subject": "My order", "priority": "high", "language": "de",
            "tags": ["Urgent", "urgent", "VIP"], "visitor_name": "JD", "visitor_email": "Jane@Example.com",
            "external": { "system": "zendesk", "id": "4711", "id_type": "ticket_id" }, "external_id": "ext-1",
            "metadata": { "source": { "google": { "place_id": "1234" } } }, "assist_mode": true,
        });
        let (reply, events) = api.events_of(admin.post("conversations.create", &args)).await;
        let made = reply.body;
        assert_eq!(made["status"], "open", "{made}");
        assert_eq!((&made["handler"], &made["control_epoch"], &made["number"]), (&json!("none"), &json!(1), &json!(1)));
        assert_eq!(made["tags"], json!(["Urgent", "VIP"]));
        assert_eq!(made["visitor_email"], "jane@example.com");
        assert_eq!(made["external"]["id_type"], "ticket_id");
        assert_eq!(
            (&made["channel_type"], &made["source"], &made["is_read"]),
            (&json!("api"), &json!("api"), &json!(true))
        );
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["channel.created", "conversation.created"]);
        assert_eq!(events[1].data, made);

        for by in [json!({ "id": made["id"] }), json!({ "number": 1 }), json!({ "external_id": "ext-1" })] {
            assert_eq!(admin.ok("conversations.info", by).await, made);
        }
        admin.post("conversations.info", &json!({})).await.wrong("/id", "required");
        let both = json!({ "id": made["id"], "number": 1 });
        admin.post("conversations.info", &both).await.wrong("/id", "required");
        admin.post("conversations.info", &json!({ "number": 99 })).await.refused(404, "conversation_not_found");
        api.stranger().post("conversations.info", &json!({ "number": 1 })).await.refused(404, "conversation_not_found");

        let again = json!({ "contact_id": contact["id"], "external_id": "ext-1" });
        let before = api.row_counts().await;
        admin.post("conversations.create", &again).await.refused(409, "already_exists");
        assert_eq!(api.row_counts().await, before);
        let second = admin.ok("conversations.create", json!({ "contact_id": contact["id"] })).await;
        assert_eq!(second["number"], 2);
        let contact = admin.ok("contacts.info", json!({ "id": contact["id"] })).await;
        assert_eq!((&contact["conversation_count"], &contact["open_conversation_count"]), (&json!(2), &json!(2)));
        assert_eq!(contact["version"], 1, "counts are no change of the contact");
    });
}

#[test]
fn what_a_new_conversation_refers_to_must_be_there() {
    on_both(async |api| {
        let admin = api.admin();
        let contact = admin.ok("contacts.create", json!({ "name": "Jane" })).await;
        let foreign = api.stranger().ok("contacts.create", json!({ "name": "Not ours" })).await;
        let before = api.row_counts().await;
        let create = async |args: Value| admin.post("conversations.create", &args).await;
        create(json!({ "contact_id": api.unknown_id() })).await.wrong("/contact_id", "unknown_id");
        create(json!({ "contact_id": foreign["id"] })).await.wrong("/contact_id", "unknown_id");
        let channel = json!({ "contact_id": contact["id"], "channel_id": api.unknown_id() });
        create(channel).await.wrong("/channel_id", "unknown_id");
        let both = json!({ "contact_id": contact["id"], "channel_id": api.unknown_id(), "channel_type": "api" });
        create(both).await.wrong("/channel_type", "not_allowed");
        let field = json!({ "contact_id": contact["id"], "custom_fields": { "no_such": 1 } });
        create(field).await.wrong("/custom_fields/no_such", "unknown_field");
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn a_list_is_narrowed_by_what_it_is_asked_for() {
    on_both(async |api| {
        let admin = api.admin();
        let one = conversation(api, json!({})).await;
        let two = conversation(api, json!({ "channel_type": "internal" })).await;
        let three = conversation(api, json!({})).await;
        admin.ok("conversations.assign", json!({ "id": three["id"], "user_id": api.acme.agent, "force": true })).await;
        admin.ok("conversations.markSpam", json!({ "id": one["id"] })).await;
        let list = async |filter: Value| ids(&admin.ok("conversations.list", filter).await);
        assert_eq!(list(json!({})).await, [&one["id"], &two["id"], &three["id"]].map(Value::clone));
        assert_eq!(list(json!({ "contact_id": two["contact_id"] })).await, [two["id"].clone()]);
        assert_eq!(list(json!({ "channel_type": "internal" })).await, [two["id"].clone()]);
        assert_eq!(list(json!({ "status": "closed" })).await, [one["id"].clone()]);
        assert_eq!(list(json!({ "is_spam": false })).await, [two["id"].clone(), three["id"].clone()]);
        assert_eq!(list(json!({ "assigned_to_user_id": api.acme.agent })).await, [three["id"].clone()]);
        assert_eq!(list(json!({ "team_id": api.unknown_id() })).await, Vec::<Value>::new());
        assert_eq!(list(json!({ "updated_after": api.now().plus_seconds(1) })).await, Vec::<Value>::new());
    });
}

#[test]
fn an_update_changes_what_is_sent_and_nothing_else() {
    on_both(async |api| {
        let admin = api.admin();
        let made = conversation(api, json!({ "subject": "A", "tags": ["one"], "metadata": { "a": 1, "b": 2 } })).await;
        let before = api.row_counts().await;
        let same = admin.ok("conversations.update", json!({ "id": made["id"], "subject": "A" })).await;
        assert_eq!(same, made);
        assert_eq!(api.row_counts().await, before, "no change, no event");
        let sent_back = admin.ok("conversations.update", made.clone()).await;
        assert_eq!(sent_back, made, "what info answers can be sent back");

        let update = json!({
            "id": made["id"], "subject": null, "priority": "urgent", "tags": ["two"], "metadata": { "a": null, "c": 3 },
            "external": { "system": "salesforce", "id": "5" },
        });
        let (reply, events) = api.events_of(admin.post("conversations.update", &update)).await;
        let changed = reply.body;
        assert_eq!(changed["subject"], Value::Null);
        assert_eq!(changed["metadata"], json!({ "b": 2, "c": 3 }));
        assert_eq!((&changed["tags"], &changed["version"]), (&json!(["two"]), &json!(2)));
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].kind, "conversation.updated");
        assert_eq!(events[0].previous["priority"], "none");
        let state = json!({ "id": made["id"], "status": "closed" });
        admin.post("conversations.update", &state).await.wrong("/status", "read_only");
        let company = json!({ "id": made["id"], "company_id": api.unknown_id() });
        admin.post("conversations.update", &company).await.wrong("/company_id", "unknown_id");
    });
}

#[test]
fn a_deleted_conversation_can_be_restored_for_thirty_days() {
    on_both(async |api| {
        let admin = api.admin();
        let made = conversation(api, json!({})).await;
        let id = json!({ "id": made["id"] });
        let contact = async || admin.ok("contacts.info", json!({ "id": made["contact_id"] })).await;
        assert_eq!(admin.ok("conversations.restore", id.clone()).await, made, "it is there");
        admin.ok("conversations.delete", id.clone()).await;
        assert_eq!(contact().await["conversation_count"], 0);
        for method in ["info", "update", "delete", "reopen", "markRead"] {
            let method = format!("conversations.{method}");
            admin.post(&method, &id).await.refused(404, "conversation_not_found");
        }
        assert_eq!(ids(&admin.ok("conversations.list", json!({})).await), Vec::<Value>::new());
        api.stranger().post("conversations.restore", &id).await.refused(404, "conversation_not_found");
        let (restored, events) = api.events_of(admin.post("conversations.restore", &id)).await;
        assert_eq!((restored.status, events[0].kind.as_str()), (200, "conversation.restored"));
        assert_eq!(contact().await["open_conversation_count"], 1);
        assert_eq!(info(api, &made).await, restored.body);

        admin.ok("conversations.delete", id.clone()).await;
        api.pass_seconds(30 * 24 * 60 * 60 - 1);
        admin.ok("conversations.restore", id.clone()).await;
        admin.ok("conversations.delete", id.clone()).await;
        api.pass_seconds(30 * 24 * 60 * 60);
        admin.post("conversations.restore", &id).await.refused(410, "expired");
    });
}

#[test]
fn tags_are_added_once_whatever_their_case() {
    on_both(async |api| {
        let admin = api.admin();
        let made = conversation(api, json!({})).await;
        let tag = |tag: &str| json!({ "id": made["id"], "tag": tag });
        let (tagged, events) = api.events_of(admin.post("conversations.addTag", &tag("Urgent"))).await;
        assert_eq!((&tagged.body["tags"], events[0].kind.as_str()), (&json!(["Urgent"]), "conversation.tagged"));
        assert!(api.event_types_of(admin.post("conversations.addTag", &tag("URGENT"))).await.is_empty());
        assert!(api.event_types_of(admin.post("conversations.removeTag", &tag("other"))).await.is_empty());
        let (gone, events) = api.events_of(admin.post("conversations.removeTag", &tag("urgent"))).await;
        assert_eq!((&gone.body["tags"], events[0].kind.as_str()), (&json!([]), "conversation.untagged"));
        for n in 0..100 {
            admin.ok("conversations.addTag", tag(&format!("tag {n}"))).await;
        }
        admin.post("conversations.addTag", &tag("one more")).await.refused(400, "limit_exceeded");
    });
}

#[test]
fn followers_come_and_go() {
    on_both(async |api| {
        let made = conversation(api, json!({})).await;
        let admin = api.admin();
        let user = json!({ "id": made["id"], "user_id": api.acme.agent });
        let followed = admin.ok("conversations.addFollower", user.clone()).await;
        assert_eq!(followed["follower_user_ids"], json!([api.acme.agent]));
        assert!(api.event_types_of(admin.post("conversations.addFollower", &user)).await.is_empty());
        let unfollowed = admin.ok("conversations.removeFollower", user.clone()).await;
        assert_eq!(unfollowed["follower_user_ids"], json!([]));
        assert!(api.event_types_of(admin.post("conversations.removeFollower", &user)).await.is_empty());
        let unknown = json!({ "id": made["id"], "user_id": api.unknown_id() });
        admin.post("conversations.addFollower", &unknown).await.wrong("/user_id", "unknown_id");
    });
}

#[test]
fn a_conversation_moves_to_another_contact_with_all_that_counts() {
    on_both(async |api| {
        let admin = api.admin();
        let made = conversation(api, json!({})).await;
        let other = admin.ok("contacts.create", json!({ "name": "Joan" })).await;
        let args = json!({ "id": made["id"], "contact_id": other["id"] });
        let moved = admin.ok("conversations.setContact", args.clone()).await;
        assert_eq!(moved["contact_id"], other["id"]);
        assert!(api.event_types_of(admin.post("conversations.setContact", &args)).await.is_empty());
        let count =
            async |id: &Value| admin.ok("contacts.info", json!({ "id": id })).await["conversation_count"].clone();
        assert_eq!((count(&made["contact_id"]).await, count(&other["id"]).await), (json!(0), json!(1)));
        let unknown = json!({ "id": made["id"], "contact_id": api.unknown_id() });
        admin.post("conversations.setContact", &unknown).await.wrong("/contact_id", "unknown_id");
    });
}

#[test]
fn a_conversation_may_begin_with_a_message_of_a_contact_who_is_new() {
    on_both(async |api| {
        let admin = api.admin();
        let contact = json!({ "type": "email", "value": "jane@example.com", "name": "Jane" });
        let args = json!({ "contact": contact, "message": { "text": "Hello" }, "subject": "My order" });
        let (reply, events) = api.events_of(admin.post("conversations.create", &args)).await;
        let made = reply.body;
        assert_eq!((&made["message_count"], &made["unread_count"]), (&json!(1), &json!(1)), "{made}");
        assert_eq!(made["last_message"]["text"], "Hello");
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["contact.created", "channel.created", "conversation.created", "message.received"]);
        let mut outbound = args.clone();
        outbound["message"] = json!({ "direction": "outbound", "html": "<p>Hi<script>alert(1)</script></p>" });
        let (reply, events) = api.events_of(admin.post("conversations.create", &outbound)).await;
        assert_eq!((&reply.body["unread_count"], &reply.body["handler"]), (&json!(0), &json!("human")));
        assert_eq!(reply.body["contact_id"], made["contact_id"]);
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["conversation.created", "message.created", "message.sent"]);
        let history = admin.ok("conversations.history", json!({ "id": reply.body["id"] })).await;
        assert!(!history.to_string().contains("alert"), "{history}");

        let refused = async |args: Value, pointer: &str, code: &str| {
            admin.post("conversations.create", &args).await.wrong(pointer, code);
        };
        refused(json!({}), "/contact_id", "required").await;
        refused(json!({ "contact_id": made["contact_id"], "contact": contact }), "/contact", "not_allowed").await;
        refused(json!({ "contact": contact, "message": { "text": " " } }), "/message/text", "required").await;
        let files = json!({ "contact": contact, "message": { "file_ids": [api.unknown_id()] } });
        refused(files, "/message/file_ids/0", "unknown_id").await;
    });
}
