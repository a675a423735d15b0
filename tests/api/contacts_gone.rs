//! Contacts that are deleted, and come back.

use std::time::{Duration, Instant};

use dotdesk::method::Result;
use dotdesk::resources::crm::contacts::copies;
use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

const DAY: i64 = 24 * 60 * 60;

async fn contact(api: &Api, fields: Value) -> Value {
    api.admin().ok("contacts.create", fields).await
}

/// Takes out the copies whose time is over, as the server does by itself; answers how many those were.
pub async fn purge(api: &Api) -> usize {
    let (now, deadline) = (api.now(), Instant::now() + Duration::from_secs(10));
    let purged: Result<usize> = api.app.db.write(deadline, async move |tx| copies::purge(tx, now, 10).await).await;
    purged.unwrap()
}

#[test]
fn a_deleted_contact_is_gone_and_comes_back_whole() {
    on_both(async |api| {
        let admin = api.admin();
        let full = json!({
            "name": "Jane", "email": "jane@example.com", "phone": "+15550111", "external_id": "j", "tags": ["vip"],
            "metadata": { "a": [1] }, "user_id": api.acme.agent,
        });
        let jane = contact(api, full).await;
        let id = json!({ "id": jane["id"] });
        let (deleted, events) = api.events_of(admin.post("contacts.delete", &id)).await;
        assert_eq!((deleted.status, events[0].kind.as_str()), (204, "contact.deleted"));
        assert_eq!(events[0].data, jane);
        for (method, body) in [
            ("contacts.info", id.clone()),
            ("contacts.info", json!({ "external_id": "j" })),
            ("contacts.info", json!({ "identity": { "type": "email", "value": "jane@example.com" } })),
            ("contacts.update", json!({ "id": jane["id"], "name": "X" })),
            ("contacts.delete", id.clone()),
        ] {
            admin.post(method, &body).await.refused(404, "contact_not_found");
        }
        assert_eq!(admin.ok("contacts.findByIdentity", json!({ "value": "+15550111" })).await["data"], json!([]));
        assert_eq!(admin.ok("contacts.list", json!({})).await["data"], json!([]));
        let (restored, events) = api.events_of(admin.post("contacts.restore", &id)).await;
        assert_eq!((restored.status, events[0].kind.as_str()), (200, "contact.restored"), "{}", restored.text);
        let mut expected = jane.clone();
        expected["version"] = 2.into();
        assert_eq!(restored.body, expected);
        assert_eq!(admin.ok("contacts.info", id.clone()).await, expected);
        let (again, events) = api.events_of(admin.post("contacts.restore", &id)).await;
        assert_eq!((again.body, events.len()), (expected, 0), "it is there already");
        api.stranger().post("contacts.restore", &id).await.refused(404, "contact_not_found");
    });
}

#[test]
fn what_it_was_known_by_may_be_taken_meanwhile() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api, json!({ "email": "jane@example.com", "external_id": "j" })).await;
        admin.post("contacts.delete", &json!({ "id": jane["id"] })).await;
        let heir = contact(api, json!({ "email": "jane@example.com" })).await;
        let refused = admin.post("contacts.restore", &json!({ "id": jane["id"] })).await;
        refused.refused(409, "already_exists");
        assert_eq!(refused.body["error"]["existing_id"], heir["id"]);
        admin.ok("contacts.update", json!({ "id": heir["id"], "email": null, "name": "Heir" })).await;
        admin.ok("contacts.restore", json!({ "id": jane["id"] })).await;
    });
}

#[test]
fn after_thirty_days_it_is_too_late() {
    on_both(async |api| {
        let admin = api.admin();
        let (jane, john) =
            (contact(api, json!({ "name": "Jane" })).await, contact(api, json!({ "name": "John" })).await);
        for contact in [&jane, &john] {
            admin.post("contacts.delete", &json!({ "id": contact["id"] })).await;
        }
        api.pass_seconds(30 * DAY - 1);
        admin.ok("contacts.restore", json!({ "id": jane["id"] })).await;
        api.pass_seconds(1);
        admin.post("contacts.restore", &json!({ "id": john["id"] })).await.refused(410, "expired");
        assert_eq!((purge(api).await, purge(api).await), (1, 0), "the copy goes, and once is enough");
        admin.post("contacts.restore", &json!({ "id": john["id"] })).await.refused(410, "expired");
        admin.ok("contacts.info", json!({ "id": jane["id"] })).await;
    });
}

#[test]
fn of_a_deletion_and_a_change_at_once_neither_is_lost() {
    on_both(async |api| {
        let admin = api.admin();
        for round in 0..10 {
            let jane = contact(api, json!({ "name": "Jane" })).await;
            let (update, delete) =
                (json!({ "id": jane["id"], "title": format!("T{round}") }), json!({ "id": jane["id"] }));
            let (updated, deleted) =
                join(admin.post("contacts.update", &update), admin.post("contacts.delete", &delete)).await;
            assert_eq!(deleted.status, 204, "{}", deleted.text);
            let restored = admin.ok("contacts.restore", delete).await;
            match updated.status {
                200 => assert_eq!(restored["title"], update["title"]),
                _ => drop(updated.refused(404, "contact_not_found")),
            }
        }
    });
}
