//! Messages that come in: to which conversation they belong, and that each comes in once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::messages::list;
use crate::support::{Api, on_both};

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
