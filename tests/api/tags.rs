//! Tags: one list for all objects, whatever their spelling, and what happens when many change them at once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

async fn company(api: &Api, tags: Value) -> Value {
    api.admin().ok("companies.create", json!({ "name": "Acme", "tags": tags })).await
}

/// Every tag with its uses.
async fn usage(api: &Api) -> Vec<(String, Value)> {
    let listed = api.admin().ok("tags.list", json!({ "limit": 1000 })).await;
    let mut all: Vec<(String, Value)> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| (tag["name"].as_str().unwrap().to_owned(), tag["usage"].clone()))
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

#[test]
fn tags_are_one_whatever_their_spelling() {
    on_both(async |api| {
        let admin = api.admin();
        let made = json!({ "name": " Very  urgent ", "color": "#cc0000", "description": "Now" });
        let made = admin.ok("tags.create", made).await;
        assert_eq!(
            (&made["name"], &made["color"], &made["usage"]),
            (&json!("Very urgent"), &json!("#cc0000"), &json!({}))
        );
        assert!(made.get("version").is_none() && made.get("key").is_none());
        admin.post("tags.create", &json!({ "name": "very URGENT" })).await.refused(409, "already_exists");
        let one = company(api, json!(["VERY urgent", "Vip", "vip", " VIP "])).await;
        assert_eq!(one["tags"], json!(["Very urgent", "Vip"]));
        let two = company(api, json!(["vip"])).await;
        assert_eq!(two["tags"], json!(["Vip"]), "as it is on the list");
        assert_eq!(
            usage(api).await,
            [("Very urgent".into(), json!({ "company": 1 })), ("Vip".into(), json!({ "company": 2 }))]
        );
        let added = admin.ok("companies.addTag", json!({ "id": two["id"], "tag": "very urgent" })).await;
        assert_eq!((&added["tags"], &added["version"]), (&json!(["Vip", "Very urgent"]), &json!(2)));
        let removed = admin.ok("companies.removeTag", json!({ "id": two["id"], "tag": "VIP" })).await;
        assert_eq!(removed["tags"], json!(["Very urgent"]));
        let replaced = admin.ok("companies.update", json!({ "id": one["id"], "tags": ["new"] })).await;
        assert_eq!(replaced["tags"], json!(["new"]));
        admin.ok("companies.delete", json!({ "id": two["id"] })).await;
        assert_eq!(
            usage(api).await,
            [("Very urgent".into(), json!({})), ("Vip".into(), json!({})), ("new".into(), json!({ "company": 1 }))]
        );
    });
}

#[test]
fn tags_are_found_by_a_part_of_their_names() {
    on_both(async |api| {
        company(api, json!(["50% off", "50 off", "under_score", "back\\slash", "Ärger"])).await;
        for (search, found) in [
            ("50%", vec!["50% off"]),
            ("OFF", vec!["50% off", "50 off"]),
            ("r_s", vec!["under_score"]),
            ("k\\s", vec!["back\\slash"]),
            ("äRG", vec!["Ärger"]),
            ("nothing", vec![]),
        ] {
            let listed = api.admin().ok("tags.list", json!({ "search": search })).await;
            let names: Vec<_> =
                listed["data"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
            let (mut names, mut found) = (names, found);
            names.sort_unstable();
            found.sort_unstable();
            assert_eq!(names, found, "{search}");
        }
    });
}

#[test]
fn a_new_name_is_in_all_objects() {
    on_both(async |api| {
        let admin = api.admin();
        let tagged = company(api, json!(["a", "urgent", "z"])).await;
        let other = company(api, json!(["a"])).await;
        let renamed = admin.ok("tags.update", json!({ "name": "URGENT", "new_name": "Now", "color": "red" })).await;
        assert_eq!(
            (&renamed["name"], &renamed["color"], &renamed["usage"]),
            (&json!("Now"), &json!("red"), &json!({ "company": 1 }))
        );
        let tagged = admin.ok("companies.info", json!({ "id": tagged["id"] })).await;
        assert_eq!((&tagged["tags"], &tagged["version"]), (&json!(["a", "Now", "z"]), &json!(2)));
        assert_eq!(admin.ok("companies.info", json!({ "id": other["id"] })).await, other);
        // Only the spelling changes.
        admin.ok("tags.update", json!({ "name": "now", "new_name": "NOW" })).await;
        let tagged = admin.ok("companies.info", json!({ "id": tagged["id"] })).await;
        assert_eq!(tagged["tags"], json!(["a", "NOW", "z"]));
        let before = api.row_counts().await;
        admin.post("tags.update", &json!({ "name": "now", "new_name": "A" })).await.refused(409, "already_exists");
        admin.post("tags.update", &json!({ "name": "unknown", "new_name": "A" })).await.refused(404, "tag_not_found");
        admin.post("tags.delete", &json!({ "name": "unknown" })).await.refused(404, "tag_not_found");
        admin.ok("tags.update", json!({ "name": "now", "new_name": "NOW", "color": "red" })).await;
        assert_eq!(api.row_counts().await, before);
        admin.ok("tags.delete", json!({ "name": "now" })).await;
        let tagged = admin.ok("companies.info", json!({ "id": tagged["id"] })).await;
        assert_eq!((&tagged["tags"], &tagged["version"]), (&json!(["a", "z"]), &json!(4)));
        let kinds: Vec<String> = api.events().await.into_iter().map(|event| event.kind).collect();
        assert_eq!(kinds[kinds.len() - 2..], ["company.updated", "tag.deleted"]);
    });
}

#[test]
fn all_kinds_of_objects_share_their_tags() {
    on_both(async |api| {
        let admin = api.admin();
        let company = company(api, json!(["vip"])).await;
        let contact = admin.ok("contacts.create", json!({ "name": "Jane", "tags": ["VIP", "x"] })).await;
        let conversation = admin.ok("conversations.create", json!({ "contact_id": contact["id"] })).await;
        let tag = json!({ "id": conversation["id"], "tag": "Vip" });
        admin.ok("conversations.addTag", tag).await;
        let deleted = admin.ok("conversations.create", json!({ "contact_id": contact["id"] })).await;
        admin.ok("conversations.addTag", json!({ "id": deleted["id"], "tag": "vip" })).await;
        admin.ok("conversations.delete", json!({ "id": deleted["id"] })).await;
        let renamed = admin.ok("tags.update", json!({ "name": "vip", "new_name": "gold" })).await;
        assert_eq!((&renamed["usage"]["company"], &renamed["usage"]["contact"]), (&json!(1), &json!(1)));
        admin.ok("conversations.restore", json!({ "id": deleted["id"] })).await;
        for (method, object, tags) in [
            ("companies.info", &company, json!(["gold"])),
            ("contacts.info", &contact, json!(["gold", "x"])),
            ("conversations.info", &conversation, json!(["gold"])),
            ("conversations.info", &deleted, json!(["gold"])),
        ] {
            assert_eq!(admin.ok(method, json!({ "id": object["id"] })).await["tags"], tags, "{method}");
        }
        admin.ok("tags.delete", json!({ "name": "GOLD" })).await;
        for (method, object, tags) in [
            ("companies.info", &company, json!([])),
            ("contacts.info", &contact, json!(["x"])),
            ("conversations.info", &conversation, json!([])),
        ] {
            assert_eq!(admin.ok(method, json!({ "id": object["id"] })).await["tags"], tags, "{method}");
        }
    });
}

#[test]
fn an_object_has_a_hundred_tags_at_most() {
    on_both(async |api| {
        let admin = api.admin();
        let tags: Vec<String> = (0..100).map(|n| format!("t{n}")).collect();
        let full = company(api, json!(tags)).await;
        let one_more = json!({ "id": full["id"], "tag": "one more" });
        admin.post("companies.addTag", &one_more).await.refused(400, "limit_exceeded");
        admin.ok("companies.addTag", json!({ "id": full["id"], "tag": "T99" })).await;
        let long = json!({ "id": full["id"], "tag": "x".repeat(51) });
        admin.post("companies.addTag", &long).await.wrong("/tag", "too_long");
    });
}

#[test]
fn a_thousand_changes_at_once_lose_nothing() {
    on_both(async |api| {
        let admin = api.admin();
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(company(api, json!([])).await["id"].clone());
        }
        for batch in 0..10 {
            let calls = (0..100).map(|n| {
                let (admin, id) = (admin.clone(), ids[n % 4].clone());
                // Every company gets its own 25 tags of the batch, in spellings that clash with those of others.
                let tag = format!("{}{}", if n % 2 == 0 { "Tag " } else { "TAG " }, (batch * 25 + n / 4) % 90);
                async move { admin.post("companies.addTag", &json!({ "id": id, "tag": tag })).await }
            });
            for reply in join_all(calls).await {
                assert_eq!(reply.status, 200, "{}", reply.text);
            }
        }
        for id in &ids {
            let company = admin.ok("companies.info", json!({ "id": id })).await;
            assert_eq!(company["tags"].as_array().unwrap().len(), 90);
            assert_eq!(company["version"], 91, "every tag that was added counts once");
        }
        let usage = usage(api).await;
        assert_eq!(usage.len(), 90);
        assert!(usage.iter().all(|(_, uses)| *uses == json!({ "company": 4 })), "{usage:?}");
    });
}

#[test]
fn a_tag_that_goes_while_it_is_given_is_there_or_not() {
    on_both(async |api| {
        let admin = api.admin();
        for round in 0..8 {
            let mut ids = Vec::new();
            for _ in 0..6 {
                ids.push(company(api, json!(["vip"])).await["id"].clone());
            }
            let fresh = company(api, json!([])).await["id"].clone();
            let mut calls: Vec<(&str, Value)> = ids
                .iter()
                .map(|id| match round % 2 {
                    0 => ("companies.addTag", json!({ "id": id, "tag": "other" })),
                    _ => ("companies.update", json!({ "id": id, "tags": ["vip", "more"] })),
                })
                .collect();
            calls.push(("companies.addTag", json!({ "id": fresh, "tag": "VIP" })));
            calls.insert(
                3,
                match round % 4 {
                    0 | 1 => ("tags.delete", json!({ "name": "vip" })),
                    _ => ("tags.update", json!({ "name": "vip", "new_name": format!("important {round}") })),
                },
            );
            let replies = join_all(calls.iter().map(|(method, args)| admin.post(method, args))).await;
            for (reply, call) in replies.iter().zip(&calls) {
                assert!(reply.status < 300, "{call:?}: {}", reply.text);
            }
            // What the objects say and what the list counts is the same.
            let mut counted = std::collections::BTreeMap::<String, i64>::new();
            let all = admin.ok("companies.list", json!({ "limit": 1000 })).await;
            for company in all["data"].as_array().unwrap() {
                for tag in company["tags"].as_array().unwrap() {
                    *counted.entry(tag.as_str().unwrap().to_owned()).or_default() += 1;
                }
            }
            let listed = usage(api).await.into_iter().filter(|(_, uses)| *uses != json!({}));
            let listed: Vec<(String, i64)> =
                listed.map(|(name, uses)| (name, uses["company"].as_i64().unwrap())).collect();
            assert_eq!(listed, counted.into_iter().collect::<Vec<_>>());
            for id in ids.iter().chain([&fresh]) {
                admin.ok("companies.delete", json!({ "id": id })).await;
            }
        }
    });
}
