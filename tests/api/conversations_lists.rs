//! Lists, counts and searches of conversations: they agree with each other, and none shows what is out of sight.

use serde_json::{Value, json};

use crate::support::{Api, on_both};

fn ids(page: &Value) -> Vec<Value> {
    page["data"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
}

/// Some conversations that differ.
async fn some(api: &Api) -> Vec<Value> {
    let admin = api.admin();
    let channel = api.sms().await;
    let mut all = Vec::new();
    for (n, text) in ["I want a refund", "Refunds are slow", "Where is my order?", "Thanks", "refund please", "Hi"]
        .iter()
        .enumerate()
    {
        let heard = api.hear(&channel, &format!("+1-555-01{n:02}"), text).await;
        all.push(heard["message"]["conversation_id"].clone());
        api.pass_seconds(1);
    }
    admin.ok("conversations.assign", json!({ "id": all[0], "user_id": api.acme.agent, "force": true })).await;
    admin.ok("conversations.assign", json!({ "id": all[1], "user_id": api.acme.agent, "force": true })).await;
    admin.ok("conversations.close", json!({ "id": all[1], "resolution": "resolved" })).await;
    admin.ok("conversations.snooze", json!({ "id": all[2], "until_reply": true })).await;
    for tag in ["Urgent", "VIP"] {
        admin.ok("conversations.addTag", json!({ "id": all[3], "tag": tag })).await;
    }
    admin.ok("conversations.addTag", json!({ "id": all[4], "tag": "vip" })).await;
    admin.ok("conversations.update", json!({ "id": all[4], "priority": "urgent" })).await;
    admin.ok("conversations.delete", json!({ "id": all[5] })).await;
    all
}

#[test]
fn counts_equal_the_lists_they_stand_for() {
    on_both(async |api| {
        some(api).await;
        let admin = api.admin();
        let role = api.role("agent").await;
        let bea = api.person_with("Bea", &role).await;
        for client in [&admin, &bea.client] {
            for (group_by, field) in [
                ("status", "status"),
                ("assignee", "assigned_to_user_id"),
                ("team", "team_id"),
                ("channel", "channel_id"),
                ("tag", "tags"),
            ] {
                for filters in ["", "status:open", "NOT tags:vip", "text:refund*"] {
                    let args = json!({ "group_by": group_by, "filters": filters });
                    let counts = client.ok("conversations.counts", args).await;
                    for group in counts["groups"].as_array().unwrap() {
                        let mut query = match group["key"].as_str() {
                            Some(key) => format!("{field}:\"{key}\""),
                            None => format!("NOT _exists_:{field}"),
                        };
                        if !filters.is_empty() {
                            query = format!("({query}) AND ({filters})");
                        }
                        let list = json!({ "filters": query, "include": ["total"] });
                        let list = client.ok("conversations.list", list).await;
                        assert_eq!(list["total"], group["count"], "{query}: {counts}");
                    }
                }
            }
        }
        let statuses = admin.ok("conversations.counts", json!({ "group_by": "status" })).await;
        let expected = json!([
            { "key": "open", "count": 3 }, { "key": "closed", "count": 1 }, { "key": "snoozed", "count": 1 },
        ]);
        assert_eq!(statuses["groups"], expected);
        let tags = admin.ok("conversations.counts", json!({ "group_by": "tag" })).await;
        assert_eq!(tags["groups"], json!([{ "key": "VIP", "count": 2 }, { "key": "Urgent", "count": 1 }]));
        let assignees = admin.ok("conversations.counts", json!({ "group_by": "assignee" })).await;
        assert_eq!(assignees["groups"][0], json!({ "key": null, "count": 3 }));
        let wrong = json!({ "group_by": "status", "filters": "no_such:1" });
        admin.post("conversations.counts", &wrong).await.refused(400, "invalid_query");
    });
}

#[test]
fn lists_are_filtered_sorted_and_walked() {
    on_both(async |api| {
        let all = some(api).await;
        let admin = api.admin();
        let list = async |args: Value| ids(&admin.ok("conversations.list", args).await);
        assert_eq!(list(json!({})).await, all[..5]);
        let of = |indexes: &[usize]| -> Vec<Value> { indexes.iter().map(|&at| all[at].clone()).collect() };
        assert_eq!(list(json!({ "filters": "text:refund*" })).await, of(&[0, 1, 4]));
        assert_eq!(list(json!({ "filters": "refund" })).await, of(&[0, 4]));
        assert_eq!(list(json!({ "filters": "tags:vip AND unread_count:[1 TO *]" })).await, of(&[3, 4]));
        assert_eq!(list(json!({ "filters": "source:*sms", "status": "open" })).await, of(&[0, 3, 4]));
        assert_eq!(list(json!({ "assigned_to_user_id": api.acme.agent, "status": "closed" })).await, of(&[1]));
        assert_eq!(list(json!({ "sort": "priority:desc", "limit": 1 })).await, of(&[4]));
        assert_eq!(list(json!({ "sort": "last_message_at:desc" })).await, of(&[4, 3, 2, 1, 0]));
        assert_eq!(list(json!({ "handed_off": true })).await, of(&[]));
        for sort in [
            "number:desc",
            "last_message_at:asc",
            "priority:asc",
            "unread_count:desc",
            "snoozed_until:asc",
            "closed_at:desc",
        ] {
            let whole = list(json!({ "sort": sort })).await;
            let (mut walked, mut cursor) = (Vec::new(), Value::Null);
            loop {
                let page = admin.ok("conversations.list", json!({ "sort": sort, "limit": 2, "cursor": cursor })).await;
                walked.extend(ids(&page));
                cursor = page["next_cursor"].clone();
                if cursor.is_null() {
                    break;
                }
            }
            assert_eq!(walked, whole, "{sort}");
            assert_eq!(walked.len(), 5, "{sort}");
        }
        admin.post("conversations.list", &json!({ "filters": "no_such:1" })).await.refused(400, "invalid_query");
    });
}

#[test]
fn a_search_finds_what_the_caller_sees_and_nothing_else() {
    on_both(async |api| {
        let all = some(api).await;
        let admin = api.admin();
        admin.ok("messages.addNote", json!({ "conversation_id": all[3], "text": "No refund for this one" })).await;
        let found = admin.ok("conversations.search", json!({ "query": "refund" })).await;
        let of = |field: &str, id: &str| -> Vec<Value> {
            found[field].as_array().unwrap().iter().map(|hit| hit[id].clone()).collect()
        };
        assert_eq!(of("conversations", "id"), [4, 1, 0].map(|at: usize| all[at].clone()));
        assert_eq!(of("messages", "conversation_id"), [3, 4, 1, 0].map(|at: usize| all[at].clone()));
        let jane = admin.ok("conversations.search", json!({ "query": "Jane Do" })).await;
        assert_eq!(jane["contacts"].as_array().unwrap().len(), 6);
        let only = json!({ "query": "refund", "types": ["message"], "limit": 1 });
        let only = admin.ok("conversations.search", only).await;
        assert_eq!((only["messages"].as_array().unwrap().len(), &only["conversations"]), (1, &json!([])));
        let both = admin.ok("conversations.search", json!({ "query": "want refund" })).await;
        assert_eq!(both["conversations"].as_array().unwrap().len(), 1);
        let contact = admin.ok("conversations.info", json!({ "id": all[4] })).await["contact_id"].clone();
        let theirs = admin.ok("conversations.search", json!({ "query": "refund", "contact_id": contact })).await;
        assert_eq!(
            (theirs["messages"].as_array().unwrap().len(), theirs["conversations"].as_array().unwrap().len()),
            (1, 1)
        );
        for nothing in ["…", "nothinglikethis"] {
            let found = admin.ok("conversations.search", json!({ "query": nothing })).await;
            assert_eq!(found, json!({ "conversations": [], "messages": [], "contacts": [] }));
        }

        let role = json!({
            "name": "Narrow", "conversation_visibility": "assigned",
            "permissions": ["conversations:read", "messages:read"],
        });
        let role = admin.ok("roles.create", role).await;
        let bea = api.person_with("Bea", &role["id"]).await;
        let search = json!({ "query": "refund" });
        assert_eq!(
            bea.client.ok("conversations.search", search.clone()).await,
            json!({ "conversations": [], "messages": [], "contacts": [] })
        );
        admin.ok("conversations.addFollower", json!({ "id": all[4], "user_id": bea.id })).await;
        let found = bea.client.ok("conversations.search", search).await;
        assert_eq!(
            (ids(&json!({ "data": found["conversations"] })), found["messages"].as_array().unwrap().len()),
            (vec![all[4].clone()], 1)
        );
    });
}

#[test]
fn words_go_where_their_messages_go() {
    on_both(async |api| {
        let admin = api.admin();
        let contact = admin.ok("contacts.create", json!({ "name": "Jane" })).await["id"].clone();
        let mut two = Vec::new();
        for text in ["apples", "pears"] {
            let channel = api.sms().await;
            let args = json!({ "contact_id": contact, "channel_id": channel, "text": text });
            two.push(admin.ok("messages.receive", args).await["message"]["conversation_id"].clone());
        }
        let list =
            async |word: &str| ids(&admin.ok("conversations.list", json!({ "filters": format!("text:{word}") })).await);
        assert_eq!((list("apples").await, list("pears").await), (vec![two[0].clone()], vec![two[1].clone()]));
        admin.ok("conversations.merge", json!({ "source_ids": [two[1]], "destination_id": two[0] })).await;
        assert_eq!((list("apples").await, list("pears").await), (vec![two[0].clone()], vec![two[0].clone()]));
        let history = admin.ok("conversations.history", json!({ "id": two[0], "types": ["event"] })).await;
        let merge = history["data"][0]["event"]["data"]["merge_id"].clone();
        admin.ok("conversations.unmerge", json!({ "merge_id": merge })).await;
        assert_eq!((list("apples").await, list("pears").await), (vec![two[0].clone()], vec![two[1].clone()]));
    });
}

#[test]
fn words_are_found_by_their_beginnings_newest_first() {
    on_both(async |api| {
        let admin = api.admin();
        let heard = api.hear(&api.sms().await, "+1-555-0100", "Hi").await;
        let say = async |text: &str| {
            api.pass_seconds(1);
            let said = json!({ "conversation_id": heard["message"]["conversation_id"], "text": text });
            admin.ok("messages.receive", said).await["message"]["id"].clone()
        };
        let many: Vec<String> = (10..90).map(|n| format!("ord{n}")).collect();
        let (first, second) = (say("refunded at once").await, say("The refund. The refunding!").await);
        let (third, ords) = (say("re-opened").await, say(&many.join(" ")).await);
        for (query, expected) in [
            ("r", vec![&third, &second, &first]),
            ("re", vec![&third, &second, &first]),
            ("refu", vec![&second, &first]),
            ("refun ", vec![]),
            ("refund ", vec![&second]),
            ("the refund", vec![&second]),
            ("refundings", vec![]),
            ("refundi", vec![&second]),
            // So many words that they are not looked for one by one.
            ("ord", vec![&ords]),
            ("ord1", vec![&ords]),
            ("ord10 ord89", vec![&ords]),
            ("ord9", vec![]),
        ] {
            let found = admin.ok("conversations.search", json!({ "query": query, "types": ["message"] })).await;
            let found: Vec<&Value> = found["messages"].as_array().unwrap().iter().map(|found| &found["id"]).collect();
            assert_eq!(found, expected, "{query:?}");
        }
        // More of them than are read at once.
        let mut latest = Vec::new();
        for n in 0..230 {
            latest.insert(0, say(&format!("common {n}")).await);
        }
        let search = json!({ "query": "comm", "types": ["message"], "limit": 100 });
        let found = admin.ok("conversations.search", search).await;
        let found: Vec<&Value> = found["messages"].as_array().unwrap().iter().map(|found| &found["id"]).collect();
        assert_eq!(found, latest.iter().take(100).collect::<Vec<_>>());
    });
}
