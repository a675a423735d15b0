//! Conversations that become one and several again, and the timeline that tells of it.

use serde_json::{Value, json};

use crate::support::{Api, on_both};

/// A conversation of a contact on a channel of its own, in which these texts were said.
async fn talk(api: &Api, contact: &Value, texts: &[&str]) -> Value {
    let admin = api.admin();
    let channel = api.sms().await;
    let mut id = Value::Null;
    for text in texts {
        let args = json!({ "contact_id": contact, "channel_id": channel, "text": text });
        id = admin.ok("messages.receive", args).await["message"]["conversation_id"].clone();
        api.pass_seconds(1);
    }
    id
}

async fn contact(api: &Api) -> Value {
    api.admin().ok("contacts.create", json!({ "name": "Jane" })).await["id"].clone()
}

async fn info(api: &Api, id: &Value) -> Value {
    api.admin().ok("conversations.info", json!({ "id": id })).await
}

async fn history(api: &Api, id: &Value, types: &[&str]) -> Vec<Value> {
    let args = json!({ "id": id, "types": types });
    api.admin().ok("conversations.history", args).await["data"].as_array().unwrap().clone()
}

async fn texts(api: &Api, id: &Value) -> Vec<String> {
    let messages = history(api, id, &["message"]).await;
    messages.iter().map(|item| item["message"]["text"].as_str().unwrap().to_owned()).collect()
}

/// The merge that the timeline of a conversation tells last.
async fn merge_of(api: &Api, id: &Value) -> Value {
    let happened = history(api, id, &["event"]).await;
    let merged = happened.iter().rev().find(|item| item["event"]["type"] == "merged").unwrap();
    merged["event"]["data"]["merge_id"].clone()
}

#[test]
fn merged_messages_stand_in_the_order_of_their_times() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api).await;
        let one = talk(api, &jane, &["1"]).await;
        let two = talk(api, &jane, &["2", "3"]).await;
        let four = json!({ "conversation_id": one, "text": "4" });
        admin.ok("messages.receive", four).await;
        admin.ok("conversations.addFollower", json!({ "id": two, "user_id": api.acme.agent })).await;
        let before = (info(api, &one).await, info(api, &two).await);
        let merge = json!({ "source_ids": [two], "destination_id": one });

        let mut rehearsal = merge.clone();
        rehearsal["dry_run"] = json!(true);
        let counts = api.row_counts().await;
        let would_be = admin.ok("conversations.merge", rehearsal).await;
        assert_eq!(api.row_counts().await, counts);
        assert_eq!((info(api, &one).await, info(api, &two).await), before);

        let (reply, events) = api.events_of(admin.post("conversations.merge", &merge)).await;
        let merged = reply.body;
        assert_eq!((&merged["message_count"], &merged["unread_count"]), (&json!(4), &json!(4)), "{merged}");
        assert_eq!(merged["message_count"], would_be["message_count"]);
        assert_eq!(merged["last_message"]["text"], "4");
        assert_eq!(merged["waiting_since"], before.0["waiting_since"]);
        assert_eq!(merged["follower_user_ids"], json!([api.acme.agent]));
        assert_eq!(texts(api, &one).await, ["1", "2", "3", "4"]);
        assert_eq!(events.len(), 2);
        assert!(events.iter().all(|event| event.kind == "conversation.merged"));
        let source = info(api, &two).await;
        assert_eq!((&source["status"], &source["close_reason"]), (&json!("closed"), &json!("merge")));
        assert_eq!((&source["merged_into_id"], &source["message_count"]), (&one, &json!(0)));
        let owner = admin.ok("contacts.info", json!({ "id": jane })).await;
        assert_eq!((&owner["conversation_count"], &owner["open_conversation_count"]), (&json!(2), &json!(1)));
        assert!(api.event_types_of(admin.post("conversations.merge", &merge)).await.is_empty(), "it is so already");

        // What comes in for the source goes on in the destination.
        admin.ok("messages.receive", json!({ "conversation_id": two, "text": "5" })).await;
        assert_eq!(texts(api, &one).await, ["1", "2", "3", "4", "5"]);
        admin.post("conversations.reopen", &json!({ "id": two })).await.refused(409, "invalid_state");

        let unmerge = json!({ "merge_id": merge_of(api, &one).await });
        let (apart, events) = api.events_of(admin.post("conversations.unmerge", &unmerge)).await;
        let ids: Vec<&Value> = apart.body["data"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
        assert_eq!((ids, events.len()), (vec![&one, &two], 2), "{}", apart.text);
        assert_eq!(
            (texts(api, &one).await, texts(api, &two).await),
            (vec!["1".into(), "4".into(), "5".into()], vec!["2".to_owned(), "3".into()])
        );
        let source = info(api, &two).await;
        for field in
            ["status", "close_reason", "closed_at", "merged_into_id", "unread_count", "last_message", "waiting_since"]
        {
            assert_eq!(source[field], before.1[field], "{field}");
        }
        assert!(api.event_types_of(admin.post("conversations.unmerge", &unmerge)).await.is_empty(), "it is so already");
        let owner = admin.ok("contacts.info", json!({ "id": jane })).await;
        assert_eq!(owner["open_conversation_count"], 2);
    });
}

#[test]
fn what_cannot_be_merged_is_refused_with_the_reason() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api).await;
        let joan = contact(api).await;
        let (a, b, c) =
            (talk(api, &jane, &["a"]).await, talk(api, &jane, &["b"]).await, talk(api, &jane, &["c"]).await);
        let other = talk(api, &joan, &["x"]).await;
        let merge = async |sources: Value, destination: &Value| {
            admin.post("conversations.merge", &json!({ "source_ids": sources, "destination_id": destination })).await
        };
        let before = api.row_counts().await;
        merge(json!([a]), &a).await.refused(409, "cycle");
        merge(json!([b, a]), &a).await.refused(409, "cycle");
        merge(json!([other]), &a).await.refused(409, "merge_conflict");
        merge(json!([b, api.unknown_id()]), &a).await.wrong("/source_ids/1", "unknown_id");
        merge(json!([b]), &json!(api.unknown_id())).await.wrong("/destination_id", "unknown_id");
        let many: Vec<_> = (0..21).map(|_| api.unknown_id()).collect();
        merge(json!(many), &a).await.wrong("/source_ids", "too_many_items");
        let unknown = json!({ "merge_id": api.unknown_id() });
        admin.post("conversations.unmerge", &unknown).await.wrong("/merge_id", "unknown_id");
        assert_eq!(api.row_counts().await, before);

        assert_eq!(merge(json!([a]), &b).await.status, 200);
        let back = merge(json!([b]), &a).await;
        back.refused(409, "cycle");
        assert_eq!(back.body["error"]["merged_into_id"], b);
        assert_eq!(merge(json!([b]), &c).await.status, 200);
        merge(json!([c]), &a).await.refused(409, "cycle");
        let elsewhere = merge(json!([a]), &c).await;
        elsewhere.refused(409, "merge_conflict");
        assert_eq!(elsewhere.body["error"]["merged_into_id"], b);

        // The later merge is undone first.
        let first = json!({ "merge_id": merge_of(api, &a).await });
        admin.post("conversations.unmerge", &first).await.refused(409, "merge_conflict");
        admin.ok("conversations.unmerge", json!({ "merge_id": merge_of(api, &c).await })).await;
        api.pass_seconds(30 * 24 * 3600);
        admin.post("conversations.unmerge", &first).await.refused(410, "expired");
    });
}

#[test]
fn merges_in_a_circle_at_once_leave_one_way() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api).await;
        for _ in 0..4 {
            let (a, b, c) =
                (talk(api, &jane, &["a"]).await, talk(api, &jane, &["b"]).await, talk(api, &jane, &["c"]).await);
            let circle = [(&a, &b), (&b, &c), (&c, &a)];
            let calls: Vec<Value> =
                circle.iter().map(|(from, to)| json!({ "source_ids": [from], "destination_id": to })).collect();
            let replies =
                futures_util::future::join_all(calls.iter().map(|args| admin.post("conversations.merge", args))).await;
            for reply in &replies {
                let fits = reply.status == 200 || matches!(reply.code(), "cycle" | "merge_conflict");
                assert!(fits, "{}", reply.text);
            }
            let mut ends = 0;
            for id in [&a, &b, &c] {
                ends += usize::from(info(api, id).await["merged_into_id"].is_null());
            }
            assert!(ends >= 1, "somewhere it goes on");
            let mut said = 0;
            for id in [&a, &b, &c] {
                said += texts(api, id).await.len();
            }
            assert_eq!(said, 3, "nothing is lost, nothing is there twice");
        }
    });
}

#[test]
fn the_same_client_message_id_on_both_sides_is_no_obstacle() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api).await;
        let (one, two) = (talk(api, &jane, &["1"]).await, talk(api, &jane, &["2"]).await);
        for id in [&one, &two] {
            admin
                .ok("messages.receive", json!({ "conversation_id": id, "text": "same", "client_message_id": "m-1" }))
                .await;
        }
        admin.ok("conversations.merge", json!({ "source_ids": [two], "destination_id": one })).await;
        assert_eq!(texts(api, &one).await.len(), 4);
        let again = json!({ "conversation_id": two, "text": "same", "client_message_id": "m-1" });
        admin.ok("messages.receive", again).await;
        assert_eq!(texts(api, &one).await.len(), 4, "it is known there");
    });
}

#[test]
fn some_messages_become_a_conversation_of_their_own() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api).await;
        let one = talk(api, &jane, &["1", "2", "3"]).await;
        let other = talk(api, &jane, &["x"]).await;
        let messages = history(api, &one, &["message"]).await;
        let foreign = history(api, &other, &["message"]).await;
        let split = |ids: Value| json!({ "id": one, "message_ids": ids, "subject": "Something else" });
        admin.post("conversations.split", &split(json!([]))).await.wrong("/message_ids", "required");
        let wrong = split(json!([messages[1]["id"], foreign[0]["id"]]));
        admin.post("conversations.split", &wrong).await.wrong("/message_ids/1", "unknown_id");
        let (reply, events) =
            api.events_of(admin.post("conversations.split", &split(json!([messages[1]["id"]])))).await;
        let new = reply.body;
        assert_eq!(
            (&new["subject"], &new["message_count"], &new["contact_id"]),
            (&json!("Something else"), &json!(1), &jane)
        );
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["conversation.created", "conversation.updated"]);
        assert_eq!(events[0].data, new);
        assert_eq!(texts(api, &one).await, ["1", "3"]);
        let moved = history(api, &new["id"], &["message"]).await;
        assert_eq!((&moved[0]["id"], &moved[0]["created_at"]), (&messages[1]["id"], &messages[1]["created_at"]));
        assert_eq!(info(api, &one).await["unread_count"], 2);
    });
}

#[test]
fn the_timeline_is_walked_in_either_direction() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api).await;
        let id = talk(api, &jane, &["1", "2"]).await;
        admin.ok("conversations.addTag", json!({ "id": id, "tag": "urgent" })).await;
        admin.ok("messages.addNote", json!({ "conversation_id": id, "text": "Careful" })).await;
        admin.ok("conversations.update", json!({ "id": id, "priority": "high" })).await;
        admin.ok("messages.send", json!({ "conversation_id": id, "text": "3" })).await;
        let draft = json!({ "conversation_id": id, "direction": "outbound", "status": "draft", "text": "not yet" });
        admin.ok("messages.create", draft).await;
        let what = |item: &Value| match item["type"].as_str().unwrap() {
            "message" => item["message"]["text"].as_str().unwrap().to_owned(),
            _ => item["event"]["type"].as_str().unwrap().to_owned(),
        };
        let expected = ["1", "2", "tag_added", "Careful", "priority_changed", "3"];
        for order in ["created_at:asc", "created_at:desc"] {
            for limit in [1, 2, 3, 50] {
                let (mut walked, mut cursor) = (Vec::new(), Value::Null);
                loop {
                    let args =
                        json!({ "id": id, "limit": limit, "sort": order, "cursor": cursor, "include": ["total"] });
                    let page = admin.ok("conversations.history", args).await;
                    assert_eq!(page["total"], 6);
                    walked.extend(page["data"].as_array().unwrap().iter().map(&what));
                    cursor = page["next_cursor"].clone();
                    if cursor.is_null() {
                        break;
                    }
                }
                if order.ends_with("desc") {
                    walked.reverse();
                }
                assert_eq!(walked, expected, "{order} by {limit}");
            }
        }
        let checkpoint = json!({ "id": id, "payload": { "step": 3 } });
        let put = admin.ok("conversations.addCheckpoint", checkpoint).await;
        assert_eq!((&put["type"], &put["event"]["data"]), (&json!("event"), &json!({ "step": 3 })));
        assert_eq!(history(api, &id, &["event"]).await.last().unwrap(), &put);
    });
}

#[test]
fn what_was_read_is_counted() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api).await;
        let id = talk(api, &jane, &["1", "2", "3"]).await;
        let messages = history(api, &id, &["message"]).await;
        let unread = async || info(api, &id).await["unread_count"].clone();
        let read = |up_to: &Value| json!({ "id": id, "up_to_message_id": up_to });
        let (_, events) = api.events_of(admin.post("conversations.markRead", &read(&messages[1]["id"]))).await;
        assert_eq!((unread().await, events.len()), (json!(1), 1));
        assert_eq!((events[0].kind.as_str(), &events[0].data["unread_count"]), ("conversation.read", &json!(1)));
        let status =
            async |n: usize| admin.ok("messages.info", json!({ "id": messages[n]["id"] })).await["status"].clone();
        assert_eq!((status(1).await, status(2).await), (json!("read"), json!("received")));
        assert!(api.event_types_of(admin.post("conversations.markRead", &read(&messages[1]["id"]))).await.is_empty());
        admin.ok("conversations.markRead", json!({ "id": id })).await;
        assert_eq!((unread().await, info(api, &id).await["is_read"].clone()), (json!(0), json!(true)));
        assert_eq!(info(api, &id).await["version"], 1, "to read it is not to change it");
        assert!(api.event_types_of(admin.post("conversations.markRead", &json!({ "id": id }))).await.is_empty());

        let (_, events) = api.events_of(admin.post("conversations.markUnread", &json!({ "id": id }))).await;
        assert_eq!((unread().await, events[0].kind.as_str()), (json!(1), "conversation.updated"));
        admin.ok("conversations.markUnread", json!({ "id": id, "from_message_id": messages[0]["id"] })).await;
        assert_eq!(unread().await, 3);
        assert!(api.event_types_of(admin.post("conversations.markUnread", &json!({ "id": id }))).await.is_empty());
        let unknown = json!({ "id": id, "from_message_id": api.unknown_id(), "up_to_message_id": api.unknown_id() });
        for (method, field) in [("markRead", "up_to_message_id"), ("markUnread", "from_message_id")] {
            let args = json!({ "id": id, field: unknown[field] });
            let reply = admin.post(&format!("conversations.{method}"), &args).await;
            reply.wrong(&format!("/{field}"), "unknown_id");
        }
    });
}

#[test]
fn what_was_deleted_too_long_ago_is_gone_with_its_messages() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api).await;
        let kept = talk(api, &jane, &["kept"]).await;
        let before = api.row_counts().await;
        let id = talk(api, &jane, &["1", "2"]).await;
        admin.ok("conversations.addTag", json!({ "id": id, "tag": "urgent" })).await;
        admin.ok("csat.request", json!({ "conversation_id": id })).await;
        admin.ok("conversations.delete", json!({ "id": id })).await;
        api.pass_seconds(30 * 24 * 3600 - 10);
        dotdesk::rounds::purge::run(&api.app).await.unwrap();
        assert_eq!(texts_of_deleted(api, &id).await, 2, "it can still be restored");
        api.pass_seconds(10);
        dotdesk::rounds::purge::run(&api.app).await.unwrap();
        assert_eq!(texts_of_deleted(api, &id).await, 0);
        admin.post("conversations.restore", &json!({ "id": id })).await.refused(404, "conversation_not_found");
        assert_eq!(texts(api, &kept).await, ["kept"]);
        let of = |counts: &[(String, i64)]| -> Vec<(String, i64)> {
            let theirs =
                ["conversations", "messages", "conversation_events", "csat_surveys", "tag_uses", "search_words"];
            counts.iter().filter(|(table, _)| theirs.contains(&table.as_str())).cloned().collect()
        };
        assert_eq!(of(&api.row_counts().await), of(&before));
    });
}

async fn texts_of_deleted(api: &Api, id: &Value) -> i64 {
    use dotdesk::db::prelude::*;
    use dotdesk::run;
    use dotdesk::schema::messages;

    let id: dotdesk::db::Id = serde_json::from_value(id.clone()).unwrap();
    let mut conn = api.app.db.read().await.unwrap();
    run!(conn, |c| messages::table.filter(messages::conversation_id.eq(id)).count().get_result(c)).unwrap()
}
