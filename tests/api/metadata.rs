//! Metadata of objects of every kind.

use serde_json::{Value, json};

use crate::support::{Api, on_both};

/// One object of each kind that has metadata, as type and id.
async fn objects(api: &Api) -> Vec<(&'static str, Value)> {
    let admin = api.admin();
    let company = admin.ok("companies.create", json!({ "name": "Acme" })).await;
    let contact = admin.ok("contacts.create", json!({ "name": "Jane" })).await;
    let channel = admin.ok("channels.create", json!({ "type": "api", "name": "SMS" })).await;
    vec![("company", company["id"].clone()), ("contact", contact["id"].clone()), ("channel", channel["id"].clone())]
}

#[test]
fn data_merges_at_every_level() {
    on_both(async |api| {
        let admin = api.admin();
        for (kind, id) in objects(api).await {
            let upsert = |data: Value| json!({ "type": kind, "id": id, "data": data });
            let first = admin.ok("metadata.upsert", upsert(json!({ "a": { "b": 1, "c": [1] }, "d": "x" }))).await;
            assert_eq!(first, json!({ "metadata": { "a": { "b": 1, "c": [1] }, "d": "x" } }), "{kind}");
            let (merged, events) = api
                .events_of(admin.post("metadata.upsert", &upsert(json!({ "a": { "b": null, "e": 2 }, "d": null }))))
                .await;
            assert_eq!(merged.body, json!({ "metadata": { "a": { "c": [1], "e": 2 } } }), "{kind}");
            assert_eq!(events.len(), 1);
            assert_eq!((events[0].kind.as_str(), &events[0].data["id"]), ("metadata.updated", &id));
            assert_eq!(events[0].previous, json!({ "metadata": { "a": { "b": 1, "c": [1] }, "d": "x" } }));
            let before = api.row_counts().await;
            let same = admin.ok("metadata.upsert", upsert(json!({ "a": { "e": 2 }, "gone": null }))).await;
            assert_eq!(same, merged.body);
            assert_eq!(api.row_counts().await, before, "{kind}: what changes nothing causes nothing");
        }
    });
}

#[test]
fn metadata_stays_within_its_limits() {
    on_both(async |api| {
        let admin = api.admin();
        for (kind, id) in objects(api).await {
            let upsert = |data: Value| json!({ "type": kind, "id": id, "data": data });
            let deep = (0..8).fold(json!(1), |inner, _| json!({ "a": inner }));
            admin.ok("metadata.upsert", upsert(deep.clone())).await;
            admin.ok("metadata.upsert", upsert(json!({ "x": "x".repeat(9000) }))).await;
            let before = api.row_counts().await;
            let too_deep = admin.post("metadata.upsert", &upsert(json!({ "b": deep }))).await;
            too_deep.refused(400, "invalid_arguments");
            let too_long = admin.post("metadata.upsert", &upsert(json!({ "y": "y".repeat(9000) }))).await;
            too_long.refused(400, "limit_exceeded");
            assert_eq!(api.row_counts().await, before, "{kind}");
        }
    });
}

#[test]
fn objects_that_are_not_there_are_told_apart_by_their_kinds() {
    on_both(async |api| {
        let before = api.row_counts().await;
        for kind in ["company", "contact", "channel", "conversation", "message"] {
            let upsert = json!({ "type": kind, "id": api.unknown_id(), "data": { "a": 1 } });
            let code = format!("{kind}_not_found");
            api.admin().post("metadata.upsert", &upsert).await.refused(404, &code);
        }
        let ticket = json!({ "type": "planet", "id": api.unknown_id(), "data": {} });
        api.admin().post("metadata.upsert", &ticket).await.wrong("/type", "enum");
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn whose_metadata_it_is_must_be_theirs_to_change() {
    on_both(async |api| {
        let objects = objects(api).await;
        let key = json!({ "name": "Robot", "scopes": ["conversations:write", "contacts:write"] });
        let key = api.admin().ok("apiKeys.create", key).await;
        let robot = api.client(key["secret"].as_str().unwrap());
        for (kind, id) in objects {
            let reply = robot.post("metadata.upsert", &json!({ "type": kind, "id": id, "data": { "a": 1 } })).await;
            let needed = match kind {
                "company" => "companies:write",
                "channel" => "channels:write",
                _ => {
                    assert_eq!(reply.status, 200, "{}", reply.text);
                    continue;
                }
            };
            reply.refused(403, "missing_scope");
            assert_eq!(reply.body["error"]["needed"], needed);
        }
    });
}
