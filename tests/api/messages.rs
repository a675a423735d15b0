//! Messages: what contacts write, what they are answered, notes, and what is put down as it was.

use serde_json::{Value, json};

use crate::support::{Api, on_both};

pub async fn list(api: &Api, conversation: &Value, more: Value) -> Vec<Value> {
    let mut args = json!({ "conversation_id": conversation });
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    api.admin().ok("messages.list", args).await["data"].as_array().unwrap().clone()
}

pub fn texts(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["text"].as_str().unwrap_or_default()).collect()
}

#[test]
fn a_contact_writes_and_is_answered() {
    on_both(async |api| {
        let channel = api.sms().await;
        let admin = api.admin();
        let (received, events) = api.events_of(api.hear(&channel, "+1-555-0123", "Are you open?")).await;
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["contact.created", "conversation.created", "message.received"]);
        let message = &received["message"];
        assert_eq!((&received["code"], &received["handed_off"]), (&json!("received"), &json!(false)));
        assert_eq!((&message["direction"], &message["status"]), (&json!("inbound"), &json!("received")));
        assert_eq!((&message["author"]["type"], &message["author"]["name"]), (&json!("contact"), &json!("Jane Doe")));
        assert_eq!(events[1].data["unread_count"], 1);
        assert_eq!(events[1].data["last_message"]["text"], "Are you open?");

        let conversation = message["conversation_id"].clone();
        let answer =
            json!({ "conversation_id": conversation, "text": "Until six.", "reply_to_message_id": message["id"] });
        let (sent, events) = api.events_of(admin.ok("messages.send", answer)).await;
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["message.created", "message.sent"]);
        assert_eq!((&sent["status"], &sent["author"]["kind"]), (&json!("sent"), &json!("human")));
        assert_eq!(sent["sent_at"], sent["created_at"]);

        let again = api.hear(&channel, "+15550123", "Thanks").await;
        assert_eq!(again["message"]["conversation_id"], conversation, "the conversation goes on");
        let stored = api.stored_conversation(&conversation).await;
        assert_eq!((stored.message_count, stored.unread_count, stored.version), (3, 2, 1));
        assert!(stored.details.first_response_at.is_some() && stored.waiting_since.is_some());
        assert_eq!(stored.handler.as_str(), "human");

        let all = list(api, &conversation, json!({})).await;
        assert_eq!(texts(&all), ["Are you open?", "Until six.", "Thanks"]);
        assert_eq!(list(api, &conversation, json!({ "direction": "outbound" })).await, std::slice::from_ref(&sent));
        assert_eq!(admin.ok("messages.info", json!({ "id": sent["id"] })).await, sent);
        let contact = admin.ok("contacts.info", json!({ "id": message["author"]["id"] })).await;
        assert!(contact["last_activity_at"].is_string());
    });
}

#[test]
fn html_is_kept_and_shown_without_what_could_run() {
    on_both(async |api| {
        let conversation = api.conversation().await;
        let html = "<p onclick=\"x()\">Hi <b>there</b><script>alert(1)</script><img src=x onerror=alert(2)></p>";
        let args = json!({ "conversation_id": conversation, "html": html, "subject": "Hi" });
        let (received, events) = api.events_of(api.admin().ok("messages.receive", args)).await;
        for shown in [&received["message"], &events[0].data] {
            let shown = shown["html"].as_str().unwrap();
            assert!(shown.contains("<b>there</b>"), "{shown}");
            for bad in ["script", "alert", "onclick", "onerror"] {
                assert!(!shown.contains(bad), "{shown}");
            }
        }
        assert_eq!(received["message"]["kind"], "email");
        assert!(api.stored().await.holds("alert(1)"), "the original is kept");
    });
}

#[test]
fn notes_are_private_and_mention_people() {
    on_both(async |api| {
        let admin = api.admin();
        let conversation = api.conversation().await;
        let unknown = api.unknown_id();
        let args = json!({ "conversation_id": conversation, "text": "Look", "mentions": [api.acme.agent, unknown] });
        admin.post("messages.addNote", &args).await.wrong("/mentions/1", "unknown_id");
        let agent = api.acme.agent;
        let args = json!({ "conversation_id": conversation, "text": "Look", "mentions": [agent, agent] });
        let (note, events) = api.events_of(admin.ok("messages.addNote", args)).await;
        assert_eq!(
            (&note["visibility"], &note["status"], &note["kind"]),
            (&json!("private"), &json!("posted"), &json!("note"))
        );
        assert_eq!((&note["mentions"], events.len()), (&json!([agent]), 1));
        let stored = api.stored_conversation(&conversation).await;
        assert_eq!((stored.message_count, stored.unread_count), (2, 1));
        assert_eq!(
            stored.details.last_message.clone().unwrap().text.unwrap(),
            "Hello",
            "a note is not what was said last"
        );
        assert_eq!(list(api, &conversation, json!({ "visibility": "private" })).await, [note]);
        assert_eq!(list(api, &conversation, json!({ "visibility": "public" })).await.len(), 1);
    });
}

#[test]
fn history_keeps_its_times_and_wakes_nobody() {
    on_both(async |api| {
        let admin = api.admin();
        let channel = api.sms().await;
        let old = |minute: u32, direction: &str, text: &str| {
            json!({
                "contact": { "type": "email", "value": "old@example.com" }, "channel_id": channel, "text": text,
                "direction": direction, "created_at": format!("2019-05-01T10:{minute:02}:00Z"),
                "client_message_id": text,
            })
        };
        let (first, events) = api.events_of(admin.ok("messages.create", old(0, "inbound", "Where is it?"))).await;
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["contact.created", "conversation.created", "message.created"]);
        admin.ok("messages.create", old(20, "inbound", "Thanks")).await;
        let mut by_agent = old(10, "outbound", "On its way");
        by_agent["author_user_id"] = json!(api.acme.agent);
        let answer = admin.ok("messages.create", by_agent).await;
        assert_eq!(
            (&answer["author"]["name"], &answer["sent_at"]),
            (&json!("Anton Agent"), &json!("2019-05-01T10:10:00.000Z"))
        );
        let conversation = &first["conversation_id"];
        assert_eq!(texts(&list(api, conversation, json!({})).await), ["Where is it?", "On its way", "Thanks"]);
        let stored = api.stored_conversation(conversation).await;
        assert_eq!((stored.unread_count, stored.message_count, stored.waiting_since), (0, 3, None));
        assert_eq!(stored.created_at.to_string(), "2019-05-01T10:00:00.000Z");
        assert_eq!(stored.last_message_at.unwrap().to_string(), "2019-05-01T10:20:00.000Z");
        assert_eq!(stored.details.last_message.clone().unwrap().text.unwrap(), "Thanks");
        let since = json!({ "since": "2019-05-01T10:05:00Z" });
        assert_eq!(texts(&list(api, conversation, since).await), ["On its way", "Thanks"]);
        let again = admin.ok("messages.create", old(0, "inbound", "Where is it?")).await;
        assert_eq!(again["id"], first["id"]);

        let historian = api.person("Historian", &["messages:write"]).await;
        let refused = historian.client.post("messages.create", &old(0, "inbound", "x")).await;
        refused.refused(403, "missing_scope");
        assert_eq!(refused.body["error"]["needed"], "imports:write");
        let mut future = old(0, "inbound", "x");
        future["created_at"] = json!(api.now().plus_seconds(60));
        admin.post("messages.create", &future).await.wrong("/created_at", "too_large");
    });
}

#[test]
fn what_is_put_down_as_it_is_must_fit_its_direction() {
    on_both(async |api| {
        let admin = api.admin();
        let conversation = api.conversation().await;
        let of = |more: Value| {
            let mut args = json!({ "conversation_id": conversation, "text": "x" });
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            args
        };
        let before = api.row_counts().await;
        for (args, pointer) in [
            (json!({ "direction": "inbound", "status": "sent" }), "/status"),
            (json!({ "direction": "inbound", "status": "draft" }), "/status"),
            (json!({ "direction": "outbound", "status": "received" }), "/status"),
            (json!({ "direction": "internal", "status": "draft" }), "/status"),
            (json!({ "direction": "internal", "visibility": "public" }), "/visibility"),
            (json!({ "direction": "inbound", "visibility": "private" }), "/visibility"),
            (json!({ "direction": "outbound", "visibility": "private" }), "/visibility"),
            (json!({ "direction": "outbound", "author_user_id": api.acme.agent }), "/author_user_id"),
        ] {
            admin.post("messages.create", &of(args)).await.wrong(pointer, "not_allowed");
        }
        let answered = json!({ "direction": "outbound", "reply_to_message_id": api.unknown_id() });
        admin.post("messages.create", &of(answered)).await.wrong("/reply_to_message_id", "unknown_id");
        assert_eq!(api.row_counts().await, before);
        let note = admin.ok("messages.create", of(json!({ "direction": "internal" }))).await;
        assert_eq!((&note["kind"], &note["status"]), (&json!("note"), &json!("posted")));
        let draft = admin.ok("messages.create", of(json!({ "direction": "outbound", "status": "draft" }))).await;
        assert_eq!(list(api, &conversation, json!({})).await.len(), 2, "a draft was not said");
        assert_eq!(list(api, &conversation, json!({ "include_drafts": true })).await.len(), 3);
        let sent = admin.ok("messages.send", json!({ "message_id": draft["id"] })).await;
        assert_eq!((&sent["id"], &sent["status"], &sent["version"]), (&draft["id"], &json!("sent"), &json!(2)));
        let with_text = json!({ "message_id": draft["id"], "text": "y" });
        admin.post("messages.send", &with_text).await.wrong("/text", "not_allowed");
        let (again, events) = api.events_of(admin.ok("messages.send", json!({ "message_id": draft["id"] }))).await;
        assert_eq!((again, events.len()), (sent, 0));
        let inbound = admin.ok("messages.create", of(json!({ "direction": "inbound" }))).await;
        assert_eq!(api.stored_conversation(&conversation).await.unread_count, 2);
        admin.post("messages.send", &json!({ "message_id": inbound["id"] })).await.refused(409, "invalid_state");
        admin
            .post("messages.send", &json!({ "message_id": api.unknown_id() }))
            .await
            .wrong("/message_id", "unknown_id");
    });
}

#[test]
fn test_keys_have_an_inbox_of_their_own() {
    on_both(async |api| {
        let key = json!({ "name": "Test", "scopes": ["*"], "environment": "test" });
        let key = api.admin().ok("apiKeys.create", key).await;
        let tests = api.client(key["secret"].as_str().unwrap());
        let hello = json!({ "contact": { "type": "phone", "value": "+1-555-0123" }, "text": "Hello" });
        let in_test = tests.ok("messages.receive", hello.clone()).await;
        let live = api.admin().ok("messages.receive", hello).await;
        assert_ne!(in_test["message"]["conversation_id"], live["message"]["conversation_id"]);
        let id = json!({ "id": in_test["message"]["id"] });
        tests.ok("messages.info", id.clone()).await;
        api.admin().post("messages.info", &id).await.refused(404, "message_not_found");
        tests.post("messages.info", &json!({ "id": live["message"]["id"] })).await.refused(404, "message_not_found");
    });
}
