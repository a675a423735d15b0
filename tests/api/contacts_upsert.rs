//! Creating a contact or changing the one that is there, whichever it takes.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::on_both;

#[test]
fn of_fifty_at_once_one_creates() {
    on_both(async |api| {
        let admin = api.admin();
        for round in 0..4 {
            let by = ["email", "phone", "external_id", "identity"][round];
            let upsert = json!({
                "match_on": by, "email": format!("u{round}@example.com"), "phone": format!("+4930123456{round}"),
                "external_id": format!("u-{round}"), "identities": [{ "type": "slack", "value": format!("U{round}") }],
            });
            let replies = join_all((0..50).map(|n| {
                let mut upsert = upsert.clone();
                upsert["metadata"] = json!({ format!("n{n}"): n });
                let admin = admin.clone();
                async move { admin.ok("contacts.upsert", upsert).await }
            }))
            .await;
            let created = replies.iter().filter(|reply| reply["created"] == true).count();
            assert_eq!(created, 1, "{by}");
            assert!(replies.iter().all(|reply| reply["id"] == replies[0]["id"]), "{by}");
            let contact = admin.ok("contacts.info", json!({ "id": replies[0]["id"] })).await;
            assert_eq!(contact["metadata"].as_object().unwrap().len(), 50, "{by}: nothing was lost");
            assert_eq!((&contact["version"], contact["identities"].as_array().unwrap().len()), (&json!(50), 3));
        }
        let all = admin.ok("contacts.list", json!({ "include": ["total"] })).await;
        assert_eq!(all["total"], 4);
        let events = api.events().await;
        assert_eq!(events.iter().filter(|event| event.kind == "contact.created").count(), 4);
    });
}

#[test]
fn what_is_found_gets_what_is_sent_and_keeps_the_rest() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = json!({ "name": "Jane", "email": "jane@example.com", "title": "CTO", "notes": "x" });
        let jane = admin.ok("contacts.create", jane).await;
        let upsert = async |body: Value| admin.ok("contacts.upsert", body).await;
        let more = json!({
            "match_on": "email", "email": "JANE@example.com", "notes": null, "external_id": "j1", "phone": "+15550111",
            "identities": [{ "type": "telegram", "value": "@jane" }],
        });
        let found = upsert(more.clone()).await;
        assert_eq!((&found["created"], &found["id"], &found["version"]), (&json!(false), &jane["id"], &json!(2)));
        assert_eq!(
            (&found["title"], &found["notes"], &found["phone"]),
            (&json!("CTO"), &Value::Null, &json!("+15550111"))
        );
        let before = api.row_counts().await;
        let again = upsert(more).await;
        assert_eq!(again, found, "the same again changes nothing");
        assert_eq!(api.row_counts().await, before);
        let by_number = upsert(json!({ "match_on": "identity", "phone": "+15550111", "name": "Jane Doe" })).await;
        assert_eq!((&by_number["id"], &by_number["name"]), (&jane["id"], &json!("Jane Doe")));
        let by_id = upsert(json!({ "match_on": "external_id", "external_id": "j1", "email": "doe@example.com" })).await;
        assert_eq!((&by_id["id"], &by_id["email"]), (&jane["id"], &json!("doe@example.com")));
        for (match_on, pointer) in
            [("email", "/email"), ("phone", "/phone"), ("external_id", "/external_id"), ("identity", "/identities")]
        {
            let reply = admin.post("contacts.upsert", &json!({ "match_on": match_on, "name": "X" })).await;
            reply.wrong(pointer, "required");
        }
    });
}

#[test]
fn what_belongs_to_two_is_a_conflict_that_names_both() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = admin.ok("contacts.create", json!({ "email": "jane@example.com" })).await;
        let john = admin.ok("contacts.create", json!({ "external_id": "john", "phone": "+15550111" })).await;
        let before = api.row_counts().await;
        let both = json!([jane["id"], john["id"]]);
        for conflict in [
            json!({ "match_on": "email", "email": "jane@example.com", "phone": "+15550111" }),
            json!({ "match_on": "email", "email": "jane@example.com", "external_id": "john" }),
            json!({ "match_on": "external_id", "external_id": "john", "email": "jane@example.com" }),
            json!({ "match_on": "identity", "phone": "+15550111", "email": "jane@example.com" }),
        ] {
            let reply = admin.post("contacts.upsert", &conflict).await;
            reply.refused(409, "merge_conflict");
            assert_eq!(reply.body["error"]["ids"], both, "{}", reply.text);
        }
        let half = json!({ "match_on": "external_id", "external_id": "new", "email": "jane@example.com" });
        let half = admin.post("contacts.upsert", &half).await;
        half.refused(409, "merge_conflict");
        assert_eq!(half.body["error"]["ids"], json!([jane["id"]]));
        assert_eq!(api.row_counts().await, before);
    });
}
