//! Two contacts that become one, and two again; and who may be there twice.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::contacts_gone::purge;
use crate::support::{Api, Reply, on_both};

const DAY: i64 = 24 * 60 * 60;

async fn contact(api: &Api, fields: Value) -> Value {
    api.admin().ok("contacts.create", fields).await
}

async fn info(api: &Api, contact: &Value) -> Value {
    api.admin().ok("contacts.info", json!({ "id": contact["id"] })).await
}

async fn merge(api: &Api, source: &Value, destination: &Value) -> Value {
    let body = json!({ "source_id": source["id"], "destination_id": destination["id"] });
    api.admin().ok("contacts.merge", body).await
}

async fn try_merge(api: &Api, source: &Value, destination: &Value) -> Reply {
    let body = json!({ "source_id": source["id"], "destination_id": destination["id"] });
    api.admin().post("contacts.merge", &body).await
}

async fn unmerge(api: &Api, merged: &Value) -> Value {
    api.admin().ok("contacts.unmerge", json!({ "merge_id": merged["merge_id"] })).await
}

/// The fields of a contact that a merge and its undoing leave as they were.
fn lasting(contact: &Value) -> Value {
    let mut contact = contact.clone();
    for name in ["version", "updated_at"] {
        contact.as_object_mut().unwrap().remove(name);
    }
    contact
}

async fn pair(api: &Api) -> (Value, Value) {
    let source = json!({
        "name": "J. Doe", "title": "CTO", "email": "j@example.com", "phone": "+15550111", "external_id": "s", "tags": ["vip", "new"],
        "notes": "From the fair", "metadata": { "a": 1, "b": { "c": 2 } }, "user_id": api.acme.agent,
        "identities": [{ "type": "slack", "value": "U1" }],
    });
    let destination = json!({
        "name": "Jane Doe", "email": "jane@example.com", "tags": ["VIP", "old"], "metadata": { "a": 9, "b": { "d": 3 } },
    });
    (contact(api, source).await, contact(api, destination).await)
}

#[test]
fn the_destination_wins_and_gets_what_it_lacks() {
    on_both(async |api| {
        let admin = api.admin();
        let (source, destination) = pair(api).await;
        let consent = |contact: &Value, channel: &str, value: &str| json!({ "id": contact["id"], "channel": channel, "value": value });
        admin.ok("contacts.setConsent", consent(&source, "email", "denied")).await;
        admin.ok("contacts.setConsent", consent(&source, "sms", "granted")).await;
        admin.ok("contacts.setConsent", consent(&destination, "email", "granted")).await;
        let body = json!({ "source_id": source["id"], "destination_id": destination["id"] });
        let (reply, events) = api.events_of(admin.post("contacts.merge", &body)).await;
        let merged = reply.body;
        assert_eq!(
            (&merged["id"], &merged["name"], &merged["title"]),
            (&destination["id"], &json!("Jane Doe"), &json!("CTO"))
        );
        assert_eq!((&merged["email"], &merged["phone"]), (&json!("jane@example.com"), &json!("+15550111")));
        assert_eq!((&merged["external_id"], &merged["user_id"]), (&json!("s"), &json!(api.acme.agent)));
        assert_eq!(merged["metadata"], json!({ "a": 9, "b": { "d": 3, "c": 2 } }));
        assert_eq!(merged["tags"], json!(["vip", "old", "new"]));
        assert_eq!((&merged["consent"]["email"], &merged["consent"]["sms"]), (&json!("denied"), &json!("granted")));
        let values: Vec<&str> =
            merged["identities"].as_array().unwrap().iter().map(|one| one["value"].as_str().unwrap()).collect();
        assert_eq!(values, ["j@example.com", "+15550111", "U1", "jane@example.com"]);
        let told: Vec<(&str, &Value, &Value)> =
            events.iter().map(|one| (one.kind.as_str(), &one.data["id"], &one.data["merged_into_id"])).collect();
        assert_eq!(
            told,
            [
                ("contact.merged", &destination["id"], &Value::Null),
                ("contact.merged", &source["id"], &destination["id"])
            ]
        );
        let gone = admin.post("contacts.info", &json!({ "id": source["id"] })).await;
        gone.refused(404, "contact_not_found");
        assert_eq!(gone.body["error"]["merged_into_id"], destination["id"]);
        let update = admin.post("contacts.update", &json!({ "id": source["id"], "name": "X" })).await;
        assert_eq!(update.body["error"]["merged_into_id"], destination["id"]);
        let by_identity = json!({ "identity": { "type": "slack", "value": "U1" } });
        assert_eq!(admin.ok("contacts.info", by_identity).await["id"], destination["id"]);
    });
}

#[test]
fn undone_at_once_both_are_as_they_were() {
    on_both(async |api| {
        let (source, destination) = pair(api).await;
        let merged = merge(api, &source, &destination).await;
        let before = api.row_counts().await;
        let (two, events) = api.events_of(unmerge(api, &merged)).await;
        assert_eq!(lasting(&two["source"]), lasting(&source));
        let mut expected = lasting(&destination);
        expected["tags"] = json!(["vip", "old"]);
        assert_eq!(lasting(&two["destination"]), expected, "but for the spelling of a tag");
        let told: Vec<(&str, &Value)> = events.iter().map(|one| (one.kind.as_str(), &one.data["id"])).collect();
        assert_eq!(told, [("contact.unmerged", &destination["id"]), ("contact.unmerged", &source["id"])]);
        assert_eq!(info(api, &source).await, two["source"]);
        assert_eq!(info(api, &destination).await, two["destination"]);
        assert_ne!(api.row_counts().await, before);
        let (again, events) = api.events_of(unmerge(api, &merged)).await;
        assert_eq!((again, events.len()), (two, 0), "it was undone already");
        merge(api, &source, &destination).await;
    });
}

#[test]
fn undone_later_what_happened_since_stays() {
    on_both(async |api| {
        let admin = api.admin();
        let (source, destination) = pair(api).await;
        let merged = merge(api, &source, &destination).await;
        let id = &destination["id"];
        let slack = merged["identities"].as_array().unwrap().iter().find(|one| one["type"] == "slack").unwrap();
        let change = json!({
            "id": id, "title": "CEO", "metadata": { "b": { "c": 7 }, "e": 5 }, "tags": ["old", "new", "later"], "phone": "+15550222",
            "email": "j@example.com",
        });
        admin.ok("contacts.update", change).await;
        admin.ok("contacts.addIdentity", json!({ "id": id, "type": "telegram", "value": "@jane" })).await;
        let third = contact(api, json!({ "name": "Third" })).await;
        let moved = json!({ "id": third["id"], "type": "slack", "value": "U1", "move": true });
        admin.ok("contacts.addIdentity", moved).await;
        let two = unmerge(api, &merged).await;
        let (back, rest) = (&two["source"], &two["destination"]);
        assert_eq!((&rest["title"], &rest["notes"], &rest["external_id"]), (&json!("CEO"), &Value::Null, &Value::Null));
        assert_eq!(rest["metadata"], json!({ "a": 9, "b": { "d": 3, "c": 7 }, "e": 5 }));
        assert_eq!(rest["tags"], json!(["old", "later"]));
        assert_eq!((&rest["email"], &rest["phone"]), (&json!("jane@example.com"), &Value::Null));
        assert_eq!(
            (&back["title"], &back["email"], &back["phone"]),
            (&json!("CTO"), &json!("j@example.com"), &json!("+15550222"))
        );
        assert_eq!((&back["external_id"], &back["tags"]), (&json!("s"), &json!(["vip", "new"])));
        let values: Vec<&str> =
            back["identities"].as_array().unwrap().iter().map(|one| one["value"].as_str().unwrap()).collect();
        assert_eq!(values, ["j@example.com", "+15550222"], "what went elsewhere stays there");
        assert_eq!(info(api, &third).await["identities"][0]["id"], slack["id"]);
    });
}

#[test]
fn chains_come_apart_from_their_end_and_never_close() {
    on_both(async |api| {
        let named = async |name: &str| contact(api, json!({ "name": name, "external_id": name })).await;
        let (a, b, c) = (named("a").await, named("b").await, named("c").await);
        try_merge(api, &a, &a).await.refused(409, "cycle");
        let one = merge(api, &a, &b).await;
        try_merge(api, &b, &a).await.refused(409, "cycle");
        let two = merge(api, &b, &c).await;
        try_merge(api, &c, &a).await.refused(409, "cycle");
        try_merge(api, &c, &b).await.refused(409, "cycle");
        let twice = try_merge(api, &a, &c).await;
        twice.wrong("/source_id", "unknown_id");
        assert_eq!(twice.body["error"]["errors"][0]["merged_into_id"], b["id"]);
        let early = api.admin().post("contacts.unmerge", &json!({ "merge_id": one["merge_id"] })).await;
        early.refused(409, "invalid_state");
        assert_eq!(early.body["error"]["merged_into_id"], c["id"]);
        unmerge(api, &two).await;
        unmerge(api, &one).await;
        for contact in [&a, &b, &c] {
            assert_eq!(lasting(&info(api, contact).await), lasting(contact));
        }
        merge(api, &b, &a).await;
        let unknown = json!({ "source_id": api.unknown_id(), "destination_id": b["id"] });
        let unknown = api.admin().post("contacts.merge", &unknown).await;
        assert_eq!(unknown.problems().len(), 2, "{}", unknown.text);
    });
}

#[test]
fn merges_that_race_make_one_contact_and_lose_nothing() {
    on_both(async |api| {
        let admin = api.admin();
        let mut all = Vec::new();
        for n in 0..8 {
            all.push(contact(api, json!({ "email": format!("c{n}@example.com") })).await);
        }
        let mut left = all.clone();
        while left.len() > 1 {
            let tries = left.iter().enumerate().map(|(n, source)| try_merge(api, source, &left[(n + 1) % left.len()]));
            let replies = join_all(tries.collect::<Vec<_>>()).await;
            for reply in &replies {
                assert!(matches!(reply.code(), "" | "cycle" | "invalid_arguments"), "{}", reply.text);
            }
            let listed = admin.ok("contacts.list", json!({})).await;
            assert!(listed["data"].as_array().unwrap().len() < left.len());
            left = listed["data"].as_array().unwrap().clone();
        }
        assert_eq!(left[0]["identities"].as_array().unwrap().len(), 8);
    });
}

#[test]
fn a_rehearsal_changes_nothing() {
    on_both(async |api| {
        let (source, destination) = pair(api).await;
        let before = api.row_counts().await;
        let body = json!({ "source_id": source["id"], "destination_id": destination["id"], "dry_run": true });
        let merged = api.admin().ok("contacts.merge", body).await;
        assert_eq!(merged["title"], "CTO");
        assert_eq!(api.row_counts().await, before);
        assert_eq!(info(api, &source).await, source);
        assert_eq!(info(api, &destination).await, destination);
    });
}

#[test]
fn after_ninety_days_it_stays_merged() {
    on_both(async |api| {
        let admin = api.admin();
        let (source, destination) = pair(api).await;
        let merged = merge(api, &source, &destination).await;
        let again = json!({ "merge_id": merged["merge_id"] });
        api.stranger().post("contacts.unmerge", &again).await.refused(404, "merge_not_found");
        api.pass_seconds(90 * DAY);
        admin.post("contacts.unmerge", &again).await.refused(410, "expired");
        assert_eq!((purge(api).await, purge(api).await), (1, 0));
        admin.post("contacts.unmerge", &again).await.refused(410, "expired");
        let gone = admin.post("contacts.info", &json!({ "id": source["id"] })).await;
        assert_eq!(gone.body["error"]["merged_into_id"], destination["id"], "where it went is still known");
    });
}

#[test]
fn what_a_contact_is_known_by_may_be_taken_before_it_is_back() {
    on_both(async |api| {
        let admin = api.admin();
        let (source, destination) = pair(api).await;
        let merged = merge(api, &source, &destination).await;
        admin.ok("contacts.update", json!({ "id": destination["id"], "external_id": "d" })).await;
        let thief = contact(api, json!({ "external_id": "s" })).await;
        let before = api.row_counts().await;
        let refused = admin.post("contacts.unmerge", &json!({ "merge_id": merged["merge_id"] })).await;
        refused.refused(409, "already_exists");
        assert_eq!(refused.body["error"]["existing_id"], thief["id"]);
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn who_may_be_there_twice_is_listed_with_the_evidence() {
    on_both(async |api| {
        let admin = api.admin();
        let number = contact(api, json!({ "name": "A", "phone": "+15550111" })).await;
        contact(api, json!({ "name": "B", "email": "b@example.com" })).await;
        let whatsapp = json!({ "name": "C", "identities": [{ "type": "whatsapp", "value": "+15550111" }] });
        let whatsapp = contact(api, whatsapp).await;
        let gmail = contact(api, json!({ "email": "jane.doe@gmail.com", "phone": "+15550222" })).await;
        let spelled = json!({
            "email": "janedoe+shop@googlemail.com", "identities": [{ "type": "whatsapp", "value": "+15550222" }],
        });
        let spelled = contact(api, spelled).await;
        contact(api, json!({ "name": "A" })).await;
        let found = admin.ok("contacts.findDuplicates", json!({ "include": ["total"] })).await;
        let pairs = found["data"].as_array().unwrap();
        assert_eq!((pairs.len(), &found["total"]), (2, &json!(2)));
        assert_eq!((&pairs[0]["a"], &pairs[0]["b"], &pairs[0]["id"]), (&number, &whatsapp, &whatsapp["id"]));
        assert_eq!(
            (&pairs[0]["score"], &pairs[0]["evidence"]),
            (&json!(0.9), &json!([{ "type": "phone", "value": "+15550111" }]))
        );
        assert_eq!((&pairs[1]["a"], &pairs[1]["b"], &pairs[1]["score"]), (&gmail, &spelled, &json!(0.985)));
        let of = admin.ok("contacts.findDuplicates", json!({ "contact_id": gmail["id"] })).await;
        assert_eq!(of["data"], json!([pairs[1]]), "the older one finds the newer one");
        let none = json!({ "contact_id": api.unknown_id() });
        admin.post("contacts.findDuplicates", &none).await.wrong("/contact_id", "unknown_id");
        merge(api, &whatsapp, &number).await;
        let left = admin.ok("contacts.findDuplicates", json!({})).await;
        assert_eq!(left["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn conversations_go_along_and_come_back() {
    on_both(async |api| {
        let admin = api.admin();
        let (source, destination) = pair(api).await;
        let channel = json!({ "type": "api", "name": "Chat", "source": "acme.chat" });
        let channel = admin.ok("channels.create", channel).await;
        let open = async |contact: &Value| {
            let body = json!({ "contact_id": contact["id"], "channel_id": channel["id"] });
            admin.ok("conversations.create", body).await["id"].clone()
        };
        let (first, second, own) = (open(&source).await, open(&source).await, open(&destination).await);
        let counts = async |contact: &Value| {
            let contact = info(api, contact).await;
            (contact["conversation_count"].as_i64().unwrap(), contact["open_conversation_count"].as_i64().unwrap())
        };
        let owner = async |id: &Value| admin.ok("conversations.info", json!({ "id": id })).await["contact_id"].clone();
        assert_eq!((counts(&source).await, counts(&destination).await), ((2, 2), (1, 1)));
        let merged = merge(api, &source, &destination).await;
        assert_eq!(counts(&destination).await, (3, 3));
        for id in [&first, &second, &own] {
            assert_eq!(owner(id).await, destination["id"]);
        }
        admin.ok("conversations.close", json!({ "id": second, "resolution": "resolved" })).await;
        assert_eq!(counts(&destination).await, (3, 2));
        let later = open(&destination).await;
        unmerge(api, &merged).await;
        assert_eq!((counts(&source).await, counts(&destination).await), ((2, 1), (2, 2)));
        assert_eq!((owner(&first).await, owner(&second).await), (source["id"].clone(), source["id"].clone()));
        assert_eq!((owner(&own).await, owner(&later).await), (destination["id"].clone(), destination["id"].clone()));
    });
}
