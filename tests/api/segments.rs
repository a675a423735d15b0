//! Segments: contacts that a query finds, by a name.

use dotdesk::resources::crm::segments::count_again;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

async fn contact(api: &Api, fields: Value) -> Value {
    api.admin().ok("contacts.create", fields).await
}

#[test]
fn a_segment_has_the_contacts_that_its_query_finds() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api, json!({ "name": "Jane", "type": "customer" })).await;
        contact(api, json!({ "name": "John" })).await;
        let create = json!({ "name": "Customers", "query": "type:customer" });
        let (created, events) = api.events_of(admin.post("segments.create", &create)).await;
        let segment = created.body;
        assert_eq!((&segment["count"], &segment["counted_at"]), (&json!(1), &json!(api.now())));
        assert_eq!((events.len(), events[0].kind.as_str()), (1, "segment.created"));
        let contacts = async |more: Value| {
            let mut body = json!({ "id": segment["id"] });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            admin.ok("segments.listContacts", body).await["data"].clone()
        };
        assert_eq!(contacts(json!({})).await, json!([jane]));
        let anna = contact(api, json!({ "name": "Anna", "type": "customer" })).await;
        assert_eq!(contacts(json!({})).await, json!([jane, anna]), "as they are at this moment");
        assert_eq!(contacts(json!({ "sort": "name:asc" })).await, json!([anna, jane]));
        assert_eq!(contacts(json!({ "filters": "name:ann*" })).await, json!([anna]));

        let counted = async || admin.ok("segments.info", json!({ "id": segment["id"] })).await;
        assert_eq!(counted().await["count"], 1, "as it was counted");
        assert_eq!(count_again(&api.app).await.unwrap(), 0, "that was just now");
        api.pass_seconds(601);
        assert_eq!(count_again(&api.app).await.unwrap(), 1);
        let again = counted().await;
        assert_eq!(
            (&again["count"], &again["counted_at"], &again["version"]),
            (&json!(2), &json!(api.now()), &json!(1))
        );
        assert_eq!(admin.ok("segments.list", json!({})).await["data"], json!([again]));

        let mut edited = segment.clone();
        edited["name"] = "Those who pay".into();
        let renamed = admin.ok("segments.update", edited).await;
        assert_eq!(
            (&renamed["name"], &renamed["count"]),
            (&json!("Those who pay"), &json!(2)),
            "old counts may come back"
        );
        let all = admin.ok("segments.update", json!({ "id": segment["id"], "query": "created_at:<=now" })).await;
        assert_eq!((&all["count"], &all["version"]), (&json!(3), &json!(3)));
        let deleted = admin.post("segments.delete", &json!({ "id": segment["id"] })).await;
        assert_eq!(deleted.status, 204);
        for method in ["segments.info", "segments.listContacts"] {
            admin.post(method, &json!({ "id": segment["id"] })).await.refused(404, "segment_not_found");
        }
    });
}

#[test]
fn a_wrong_query_is_no_segment() {
    on_both(async |api| {
        let admin = api.admin();
        let before = api.row_counts().await;
        for query in ["nmae:x", "type:", "(name:x", "status:open", "conversation_count:many"] {
            let reply = admin.post("segments.create", &json!({ "name": "X", "query": query })).await;
            reply.refused(400, "invalid_query");
            assert_eq!(reply.body["error"]["errors"][0]["pointer"], "/query", "{}", reply.text);
        }
        assert_eq!(api.row_counts().await, before);
        admin.post("segments.create", &json!({ "name": "X", "query": " " })).await.wrong("/query", "too_short");
    });
}
