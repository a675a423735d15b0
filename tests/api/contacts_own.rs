//! What contacts can do with their own conversations, by a token of their own; and nothing beyond.

use serde_json::{Value, json};

use crate::support::{Api, Client, on_both};

async fn token(api: &Api, email: &str) -> (Client, Value) {
    let answer = api.admin().ok("contacts.authenticate", json!({ "email": email, "name": "Jane" })).await;
    (api.client(answer["token"].as_str().unwrap()), answer["contact"]["id"].clone())
}

#[test]
fn a_contact_opens_reads_and_rates_their_own_conversation() {
    on_both(async |api| {
        let admin = api.admin();
        let (jane, id) = token(api, "jane@example.com").await;
        let (joan, _) = token(api, "joan@example.com").await;
        let opening = json!({ "subject": "My order", "message": { "text": "Where is it?" } });
        let (reply, events) = api.events_of(jane.post("conversations.create", &opening)).await;
        let made = reply.body;
        assert_eq!((&made["contact_id"], &made["unread_count"]), (&id, &json!(1)), "{made}");
        assert!(events.iter().all(|event| event.actor["type"] == "contact"));
        let conversation = json!({ "id": made["id"] });

        admin.ok("messages.addNote", json!({ "conversation_id": made["id"], "text": "Secret" })).await;
        admin.ok("conversations.addTag", json!({ "id": made["id"], "tag": "angry" })).await;
        let answer = admin.ok("messages.send", json!({ "conversation_id": made["id"], "text": "Here" })).await;
        jane.ok("conversations.addCheckpoint", json!({ "id": made["id"], "payload": { "step": 2 } })).await;
        let history = jane.ok("conversations.history", json!({ "id": made["id"], "include": ["total"] })).await;
        let texts: Vec<&Value> =
            history["data"].as_array().unwrap().iter().map(|item| &item["message"]["text"]).collect();
        assert_eq!(texts, [&json!("Where is it?"), &json!("Here"), &Value::Null]);
        assert_eq!((&history["total"], &history["data"][2]["event"]["data"]), (&json!(3), &json!({ "step": 2 })));

        jane.ok("conversations.markRead", conversation.clone()).await;
        assert_eq!(admin.ok("messages.info", json!({ "id": answer["id"] })).await["status"], "read");
        assert_eq!(
            admin.ok("conversations.info", conversation.clone()).await["unread_count"],
            1,
            "that is the others' to read"
        );
        assert!(api.event_types_of(jane.post("conversations.markRead", &conversation)).await.is_empty());
        admin.ok("csat.request", json!({ "conversation_id": made["id"] })).await;
        jane.ok("csat.submit", json!({ "conversation_id": made["id"], "score": 5 })).await;
        let listed = jane.ok("conversations.list", json!({})).await;
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);

        for method in ["info", "history", "markRead"] {
            let method = format!("conversations.{method}");
            joan.post(&method, &conversation).await.refused(404, "conversation_not_found");
        }
        let checkpoint = json!({ "id": made["id"], "payload": {} });
        joan.post("conversations.addCheckpoint", &checkpoint).await.refused(404, "conversation_not_found");
        let score = json!({ "conversation_id": made["id"], "score": 1 });
        joan.post("csat.submit", &score).await.wrong("/conversation_id", "unknown_id");
        assert_eq!(joan.ok("conversations.list", json!({})).await["data"], json!([]));
        joan.post("conversations.close", &json!({ "id": made["id"], "resolution": "resolved" }))
            .await
            .refused(403, "no_permission");
    });
}

#[test]
fn a_contact_says_nothing_of_how_they_are_treated() {
    on_both(async |api| {
        let (jane, id) = token(api, "jane@example.com").await;
        let (_, other) = token(api, "joan@example.com").await;
        let before = api.row_counts().await;
        let refused = async |args: Value, pointer: &str| {
            jane.post("conversations.create", &args).await.wrong(pointer, "not_allowed");
        };
        refused(json!({ "contact_id": other }), "/contact_id").await;
        refused(json!({ "contact": { "external_id": "1" } }), "/contact").await;
        refused(json!({ "trust_uploads": true }), "/trust_uploads").await;
        refused(json!({ "is_verified": true }), "/is_verified").await;
        refused(json!({ "tags": ["vip"] }), "/tags").await;
        refused(json!({ "message": { "text": "x", "direction": "outbound" } }), "/message/direction").await;
        assert_eq!(api.row_counts().await, before);
        jane.ok("conversations.create", json!({ "contact_id": id })).await;
    });
}

#[test]
fn a_contact_reads_writes_and_votes_in_their_own_conversations_alone() {
    on_both(async |api| {
        let admin = api.admin();
        let (client, id) = token(api, "jane@example.com").await;
        let john = admin.ok("contacts.create", json!({ "name": "John" })).await;
        let channel = json!({ "type": "api", "name": "Chat", "source": "acme.chat" });
        let channel = admin.ok("channels.create", channel).await;
        let open = json!({ "contact_id": john["id"], "channel_id": channel["id"] });
        let other = admin.ok("conversations.create", open).await;
        let say = json!({ "conversation_id": other["id"], "text": "For John" });
        let for_john = admin.ok("messages.send", say).await;

        let write = async |more: Value| {
            let mut body = json!({ "channel_id": channel["id"], "text": "Are you open today?" });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            client.post("messages.receive", &body).await
        };
        let written = write(json!({})).await;
        assert_eq!(written.status, 200, "{}", written.text);
        let written = &written.body["message"];
        assert_eq!((&written["author"]["type"], &written["author"]["id"]), (&json!("contact"), &id));
        let own = &written["conversation_id"];
        let before = api.row_counts().await;
        let elsewhere = json!({ "conversation_id": other["id"], "channel_id": null });
        write(elsewhere).await.refused(404, "conversation_not_found");
        for (field, value) in [
            ("contact_id", john["id"].clone()),
            ("contact", json!({ "type": "email", "value": "john@example.com" })),
            ("conversation_external_id", json!("thread-1")),
            ("external_message_id", json!("m-1")),
        ] {
            write(json!({ field: value })).await.wrong(&format!("/{field}"), "not_allowed");
        }
        assert_eq!(api.row_counts().await, before);

        let answer = admin.ok("messages.send", json!({ "conversation_id": own, "text": "Until six." })).await;
        let note = admin.ok("messages.addNote", json!({ "conversation_id": own, "text": "Asks every day" })).await;
        let draft = json!({ "conversation_id": own, "direction": "outbound", "status": "draft", "text": "Or until" });
        admin.ok("messages.create", draft).await;
        for more in [json!({}), json!({ "include_drafts": true }), json!({ "visibility": "private" })] {
            let mut body = json!({ "conversation_id": own });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let listed = client.ok("messages.list", body).await;
            let texts: Vec<&Value> = listed["data"].as_array().unwrap().iter().map(|one| &one["text"]).collect();
            assert_eq!(texts, ["Are you open today?", "Until six."], "{more}");
        }
        let hidden = client.post("messages.list", &json!({ "conversation_id": other["id"] })).await;
        hidden.refused(404, "conversation_not_found");
        let asked = json!({ "conversation_id": own, "filters": "direction:inbound" });
        client.post("messages.list", &asked).await.wrong("/filters", "not_allowed");

        let vote = async |id: &Value| client.post("messages.vote", &json!({ "id": id, "vote": "up" })).await;
        assert_eq!(vote(&answer["id"]).await.body["feedback"]["vote"], "up");
        vote(&written["id"]).await.refused(409, "invalid_state");
        for hidden in [&for_john["id"], &note["id"]] {
            let before = api.row_counts().await;
            vote(hidden).await.refused(404, "message_not_found");
            assert_eq!(api.row_counts().await, before);
        }
    });
}
