//! Messages: what contacts write, what they are answered, and how a conversation changes by it.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

async fn list(api: &Api, conversation: &Value, more: Value) -> Vec<Value> {
    let mut args = json!({ "conversation_id": conversation });
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    api.admin().ok("messages.list", args).await["data"].as_array().unwrap().clone()
}

fn texts(messages: &[Value]) -> Vec<&str> {
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
        assert_eq!(list(api, &conversation, json!({ "direction": "outbound" })).await, [sent.clone()]);
        assert_eq!(admin.ok("messages.info", json!({ "id": sent["id"] })).await, sent);
        let contact = admin.ok("contacts.info", json!({ "id": message["author"]["id"] })).await;
        assert!(contact["last_activity_at"].is_string());
    });
}

#[test]
fn where_a_message_goes_must_be_clear() {
    on_both(async |api| {
        let admin = api.admin();
        let (channel, unknown) = (api.sms().await, api.unknown_id());
        let conversation = api.hear(&channel, "+1-555-0123", "Hello").await["message"]["conversation_id"].clone();
        let before = api.row_counts().await;
        for method in ["messages.receive", "messages.send"] {
            let refused = async |args: Value, pointer: &str, code: &str| {
                admin.post(method, &args).await.wrong(pointer, code);
            };
            let jane = json!({ "type": "phone", "value": "+1-555-0123" });
            refused(json!({ "text": "x" }), "/conversation_id", "required").await;
            refused(
                json!({ "text": "x", "conversation_id": conversation, "contact": jane }),
                "/conversation_id",
                "not_allowed",
            )
            .await;
            refused(
                json!({ "text": "x", "conversation_id": conversation, "channel_id": channel }),
                "/channel_id",
                "not_allowed",
            )
            .await;
            refused(json!({ "text": "x", "contact_id": unknown, "contact": jane }), "/contact", "not_allowed").await;
            refused(json!({ "text": "x", "contact_id": unknown, "channel_id": channel }), "/contact_id", "unknown_id")
                .await;
            refused(json!({ "text": "x", "contact": jane, "channel_id": unknown }), "/channel_id", "unknown_id").await;
            refused(json!({ "text": "x", "contact": { "type": "phone" } }), "/contact", "required").await;
            refused(json!({ "text": "x", "contact": { "type": "phone", "value": "12" } }), "/contact/value", "format")
                .await;
            for nothing in
                [json!({}), json!({ "text": "" }), json!({ "text": " \n " }), json!({ "text": null, "html": null })]
            {
                let mut args = nothing;
                args["conversation_id"] = conversation.clone();
                refused(args, "/text", "required").await;
            }
            admin
                .post(method, &json!({ "text": "x", "conversation_id": unknown }))
                .await
                .refused(404, "conversation_not_found");
        }
        assert_eq!(api.row_counts().await, before);
        let theirs = json!({ "conversation_id": conversation, "text": "x" });
        api.stranger().post("messages.receive", &theirs).await.refused(404, "conversation_not_found");
        admin.ok("channels.update", json!({ "id": channel, "is_active": false })).await;
        admin.post("messages.receive", &theirs).await.refused(409, "invalid_state");
        admin.post("messages.send", &theirs).await.refused(409, "invalid_state");
        let note = json!({ "conversation_id": conversation, "text": "x" });
        admin.ok("messages.addNote", note).await;
    });
}

#[test]
fn the_same_client_message_id_is_the_same_message_also_at_once() {
    on_both(async |api| {
        let admin = api.admin();
        let channel = api.sms().await;
        let first = json!({
            "contact": { "type": "phone", "value": "+1-555-0123" }, "channel_id": channel, "text": "Hello",
            "client_message_id": "a-1",
        });
        let replies = join_all((0..12).map(|_| admin.post("messages.receive", &first))).await;
        for reply in &replies {
            assert_eq!(reply.status, 200, "{}", reply.text);
            assert_eq!(reply.body["message"], replies[0].body["message"]);
        }
        let conversation = &replies[0].body["message"]["conversation_id"];
        assert_eq!(list(api, conversation, json!({})).await.len(), 1);
        assert_eq!(api.stored_conversation(conversation).await.unread_count, 1);

        let answer = json!({ "conversation_id": conversation, "text": "Hi", "client_message_id": "b-1" });
        let replies = join_all((0..12).map(|_| admin.post("messages.send", &answer))).await;
        assert!(replies.iter().all(|reply| reply.body["id"] == replies[0].body["id"] && reply.status == 200));
        let note = json!({ "conversation_id": conversation, "text": "Hm", "client_message_id": "c-1" });
        let replies = join_all((0..12).map(|_| admin.post("messages.addNote", &note))).await;
        assert!(replies.iter().all(|reply| reply.body["id"] == replies[0].body["id"] && reply.status == 200));
        let (_, events) = api.events_of(admin.ok("messages.send", answer)).await;
        assert!(events.is_empty());
        assert_eq!(list(api, conversation, json!({})).await.len(), 3);

        // Long after the conversation was closed it still is the same message.
        close(api, conversation).await;
        api.pass_seconds(100 * 3600);
        assert_eq!(admin.ok("messages.receive", first.clone()).await["message"]["conversation_id"], *conversation);
        assert_eq!(api.stored_conversation(conversation).await.status.as_str(), "closed");
    });
}

#[test]
fn first_messages_at_once_begin_one_conversation() {
    on_both(async |api| {
        let admin = api.admin();
        let channel = api.sms().await;
        let hello = |n: usize| json!({ "contact": { "type": "phone", "value": "+1-555-0123" }, "channel_id": channel, "text": format!("{n}") });
        let all: Vec<Value> = (0..12).map(hello).collect();
        let replies = join_all(all.iter().map(|args| admin.post("messages.receive", args))).await;
        let conversation = &replies[0].body["message"]["conversation_id"];
        for reply in &replies {
            assert_eq!(reply.status, 200, "{}", reply.text);
            assert_eq!(reply.body["message"]["conversation_id"], *conversation);
        }
        let stored = api.stored_conversation(conversation).await;
        assert_eq!((stored.number, stored.message_count, stored.unread_count), (1, 12, 12));
        let created = api.events().await.into_iter().filter(|event| event.kind == "conversation.created").count();
        assert_eq!(created, 1);
        let texts_at_once = json!({ "contact_id": replies[0].body["message"]["author"]["id"], "text": "x" });
        let replies = join_all((0..8).map(|_| admin.post("messages.send", &texts_at_once))).await;
        assert!(replies.iter().all(|reply| reply.status == 200), "{:?}", replies[0]);
        let begun = &replies[0].body["conversation_id"];
        assert!(begun != conversation && replies.iter().all(|reply| reply.body["conversation_id"] == *begun));
    });
}

async fn close(api: &Api, conversation: &Value) {
    let args = json!({ "conversation_id": conversation, "text": "Bye", "close": true });
    api.admin().ok("messages.send", args).await;
}

#[test]
fn a_closed_conversation_goes_on_for_a_while() {
    on_both(async |api| {
        let channel = api.sms().await;
        let first = api.hear(&channel, "+1-555-0123", "Hello").await["message"]["conversation_id"].clone();
        close(api, &first).await;
        let closed = api.stored_conversation(&first).await;
        assert_eq!((closed.status.as_str(), closed.version), ("closed", 2));
        // 72 hours, unless the organization says otherwise.
        api.pass_seconds(72 * 3600 - 1);
        let (again, events) = api.events_of(api.hear(&channel, "+1-555-0123", "And one more thing")).await;
        assert_eq!(again["message"]["conversation_id"], first);
        assert!(events.iter().any(|event| event.kind == "conversation.reopened"));
        let open = api.stored_conversation(&first).await;
        assert_eq!((open.status.as_str(), open.closed_at, open.details.resolution), ("open", None, None));
        close(api, &first).await;
        api.pass_seconds(72 * 3600);
        let later = api.hear(&channel, "+1-555-0123", "Hello again").await["message"]["conversation_id"].clone();
        assert_ne!(later, first);
        assert_eq!(api.stored_conversation(&first).await.status.as_str(), "closed");
        // What is said to the contact goes into the one that goes on.
        let contact = open.contact_id;
        let sent = json!({ "contact_id": contact, "channel_id": channel, "text": "Hello Jane" });
        assert_eq!(api.admin().ok("messages.send", sent).await["conversation_id"], later);
        let other = api.sms().await;
        let elsewhere = json!({ "contact_id": contact, "channel_id": other, "text": "Hello Jane" });
        let begun = api.admin().ok("messages.send", elsewhere).await["conversation_id"].clone();
        assert!(begun != later && begun != first);
        assert_eq!(api.stored_conversation(&begun).await.handler.as_str(), "human");
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
fn people_come_before_ai() {
    on_both(async |api| {
        let admin = api.admin();
        let ada = api.ai("Ada").await;
        let conversation = api.conversation().await;
        api.hand_to(&conversation, "ai").await;
        let epoch = api.stored_conversation(&conversation).await.control_epoch;
        let answer =
            |text: &str, epoch: i64| json!({ "conversation_id": conversation, "text": text, "control_epoch": epoch });
        let without = json!({ "conversation_id": conversation, "text": "x" });
        ada.client.post("messages.send", &without).await.wrong("/control_epoch", "required");
        let sent = ada.client.ok("messages.send", answer("We are open until six.", epoch)).await;
        assert_eq!((&sent["status"], &sent["author"]["kind"]), (&json!("sent"), &json!("ai")));
        assert_eq!(sent["author"]["id"], json!(ada.id));

        // A person must say so.
        admin.post("messages.send", &without).await.refused(403, "takeover_required");
        let taken = json!({ "conversation_id": conversation, "text": "Anton here", "take_over": true });
        let (sent, events) = api.events_of(admin.ok("messages.send", taken)).await;
        assert_eq!(sent["status"], "sent");
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["conversation.taken_over", "message.created", "message.sent"]);
        let now = api.stored_conversation(&conversation).await;
        assert_eq!((now.control_epoch, now.handler.as_str(), now.status.as_str()), (epoch + 1, "human", "open"));
        assert_eq!(now.assigned_to_user_id, Some(api.acme.owner));

        // What was computed before is refused, and that it was is kept.
        let (late, events) = api.events_of(ada.client.post("messages.send", &answer("Late", epoch))).await;
        late.refused(409, "invalid_state");
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].kind.as_str(), &events[0].data["status"]), ("message.ai_discarded", &json!("discarded")));
        let id = &late.body["error"]["message_id"];
        assert_eq!(admin.ok("messages.info", json!({ "id": id })).await["text"], "Late");
        let keyed = ada.client.with("idempotency-key", "late");
        keyed.post("messages.send", &answer("Later", epoch)).await.refused(409, "invalid_state");
        keyed.post("messages.send", &answer("Later", epoch)).await.refused(409, "invalid_state");
        ada.client.post("messages.send", &answer("Now", epoch + 1)).await.refused(409, "invalid_state");
        assert_eq!(
            texts(&list(api, &conversation, json!({ "direction": "outbound" })).await),
            ["We are open until six.", "Anton here"]
        );
        assert_eq!(list(api, &conversation, json!({ "include_drafts": true })).await.len(), 6);
    });
}

#[test]
fn a_person_and_ai_who_answer_at_once_do_not_talk_over_each_other() {
    on_both(async |api| {
        let admin = api.admin();
        let ada = api.ai("Ada").await;
        let channel = api.sms().await;
        for round in 0..8 {
            let heard = api.hear(&channel, &format!("+1-555-01{round:02}"), "Hello").await;
            let conversation = heard["message"]["conversation_id"].clone();
            api.hand_to(&conversation, "ai").await;
            let epoch = api.stored_conversation(&conversation).await.control_epoch;
            let by_ai = json!({ "conversation_id": conversation, "text": "AI", "control_epoch": epoch });
            let by_person = json!({ "conversation_id": conversation, "text": "Person", "take_over": true });
            let (ai, person) = futures_util::future::join(
                ada.client.post("messages.send", &by_ai),
                admin.post("messages.send", &by_person),
            )
            .await;
            assert_eq!(person.status, 200, "{}", person.text);
            let said = list(api, &conversation, json!({ "direction": "outbound" })).await;
            match ai.status {
                200 => assert_eq!(texts(&said), ["AI", "Person"]),
                _ => {
                    ai.refused(409, "invalid_state");
                    assert_eq!(texts(&said), ["Person"]);
                }
            }
        }
    });
}

#[test]
fn ai_asks_or_only_suggests_where_the_organization_wants_it_so() {
    on_both(async |api| {
        let admin = api.admin();
        let ada = api.ai("Ada").await;
        let conversation = api.conversation().await;
        api.hand_to(&conversation, "ai").await;
        let epoch = api.stored_conversation(&conversation).await.control_epoch;
        let answer = json!({ "conversation_id": conversation, "text": "Yes", "control_epoch": epoch });
        admin.ok("organizations.update", json!({ "settings": { "require_ai_approval": true } })).await;
        let asked = ada.client.ok("messages.send", answer.clone()).await;
        assert_eq!((&asked["status"], &asked["approval"]["state"]), (&json!("pending_approval"), &json!("pending")));
        admin.ok("organizations.update", json!({ "settings": { "ai_enabled": false } })).await;
        ada.client.post("messages.send", &answer).await.refused(403, "no_permission");
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

#[test]
fn threads_of_another_system_are_conversations() {
    on_both(async |api| {
        let admin = api.admin();
        let channel = api.sms().await;
        let of = |address: &str, thread: &str, text: &str| {
            json!({
                "contact": { "type": "email", "value": address, "name": address }, "channel_id": channel, "text": text,
                "conversation_external_id": thread, "subject": "Order 5",
            })
        };
        let all: Vec<Value> = (0..8).map(|n| of("jane@example.com", "t-1", &format!("{n}"))).collect();
        let replies = join_all(all.iter().map(|args| admin.post("messages.receive", args))).await;
        let conversation = replies[0].body["message"]["conversation_id"].clone();
        assert!(replies.iter().all(|reply| reply.body["message"]["conversation_id"] == conversation));
        let stored = api.stored_conversation(&conversation).await;
        assert_eq!((stored.external_id.as_deref(), stored.subject.as_deref()), (Some("t-1"), Some("Order 5")));

        // Somebody else may join in: they wrote it, and the conversation stays with the one who began it.
        let joined = admin.ok("messages.receive", of("john@example.com", "t-1", "Me too")).await["message"].clone();
        assert_eq!(
            (&joined["conversation_id"], &joined["author"]["name"]),
            (&conversation, &json!("john@example.com"))
        );
        assert_eq!(api.stored_conversation(&conversation).await.contact_id, stored.contact_id);
        let other = admin.ok("messages.receive", of("jane@example.com", "t-2", "Another thing")).await;
        assert_ne!(other["message"]["conversation_id"], conversation);
        let answer = admin.ok("messages.send", of("jane@example.com", "t-1", "Yes")).await;
        assert_eq!(answer["conversation_id"], conversation);
        let both = json!({ "conversation_id": conversation, "conversation_external_id": "t-1", "text": "x" });
        admin.post("messages.send", &both).await.wrong("/conversation_external_id", "not_allowed");
    });
}

#[test]
fn what_blocked_contacts_write_is_put_aside() {
    on_both(async |api| {
        let admin = api.admin();
        let channel = api.sms().await;
        let first = api.hear(&channel, "+1-555-0123", "Hello").await["message"].clone();
        block(api, &first["author"]["id"]).await;
        let (ignored, _) = api.events_of(api.hear(&channel, "+1-555-0123", "Buy now")).await;
        assert_eq!((&ignored["code"], &ignored["message"]["is_ignored"]), (&json!("ignored"), &json!(true)));
        let conversation = &first["conversation_id"];
        assert_eq!(ignored["message"]["conversation_id"], *conversation);
        assert_eq!(api.stored_conversation(conversation).await.unread_count, 1);
        close(api, conversation).await;
        api.pass_seconds(100 * 3600);
        let (_, events) = api.events_of(api.hear(&channel, "+1-555-0123", "Buy now!")).await;
        assert!(events.iter().all(|event| !event.kind.starts_with("conversation.")), "nothing is opened again");
        let elsewhere = json!({ "contact_id": first["author"]["id"], "text": "And here" });
        let ignored = admin.ok("messages.receive", elsewhere).await;
        let begun = api.stored_conversation(&ignored["message"]["conversation_id"]).await;
        assert_eq!((begun.status.as_str(), begun.unread_count), ("closed", 0), "where there is none, it begins closed");
    });
}

/// Blocks a contact.
async fn block(api: &Api, contact: &Value) {
    use dotdesk::resources::crm::contacts::store;
    let id: dotdesk::db::Id = serde_json::from_value(contact.clone()).unwrap();
    let caller = dotdesk::access::authenticate::server_itself(api.acme.id);
    let ctx = dotdesk::method::Context::internal(api.app.clone(), caller, "setup");
    ctx.write(async move |tx| {
        let before = store::lock(tx, id).await?.unwrap();
        let mut after = before.clone();
        after.is_blocked = true;
        store::save(tx, before, after, "contact.blocked").await
    })
    .await
    .unwrap();
}
