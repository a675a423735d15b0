//! How content contacts were.

use serde_json::{Value, json};

use crate::support::on_both;

#[test]
fn a_contact_is_asked_and_answers_and_thinks_again() {
    on_both(async |api| {
        let admin = api.admin();
        let id = api.conversation().await;
        let of = |more: Value| {
            let mut args = json!({ "conversation_id": id });
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            args
        };
        admin.post("csat.submit", &of(json!({ "score": 5 }))).await.refused(404, "csat_survey_not_found");
        let (asked, events) = api.events_of(admin.post("csat.request", &of(json!({})))).await;
        assert_eq!((&asked.body["status"], &asked.body["score"]), (&json!("requested"), &Value::Null));
        assert_eq!(asked.body["channel"], "api");
        assert_eq!((events[0].kind.as_str(), &events[0].data), ("csat.requested", &asked.body));
        let again = admin.post("csat.request", &of(json!({}))).await;
        again.refused(409, "already_exists");
        assert_eq!(again.body["error"]["existing_id"], asked.body["id"]);

        admin.post("csat.submit", &of(json!({ "score": 6 }))).await.wrong("/score", "too_large");
        admin.post("csat.submit", &of(json!({ "score": 0 }))).await.wrong("/score", "too_small");
        let answer = of(json!({ "score": 2, "comment": "Slow" }));
        let (given, events) = api.events_of(admin.post("csat.submit", &answer)).await;
        assert_eq!((&given.body["status"], &given.body["score"], events.len()), (&json!("submitted"), &json!(2), 1));
        assert_eq!(events[0].kind, "csat.submitted");
        let shown = admin.ok("conversations.info", json!({ "id": id })).await;
        assert_eq!((&shown["csat"]["score"], &shown["csat"]["comment"]), (&json!(2), &json!("Slow")));
        assert!(api.event_types_of(admin.post("csat.submit", &answer)).await.is_empty(), "the same answer again");
        let better = admin.ok("csat.submit", of(json!({ "score": 4 }))).await;
        assert_eq!((&better["score"], &better["comment"], &better["id"]), (&json!(4), &Value::Null, &asked.body["id"]));
        assert_eq!(admin.ok("csat.info", json!({ "id": better["id"] })).await, better);

        api.pass_seconds(14 * 24 * 3600);
        admin.post("csat.submit", &of(json!({ "score": 1 }))).await.refused(410, "expired");
        let second = admin.ok("csat.request", of(json!({}))).await;
        assert_ne!(second["id"], better["id"]);
        api.pass_seconds(14 * 24 * 3600);
        assert_eq!(admin.ok("csat.info", json!({ "id": second["id"] })).await["status"], "expired");
        let list = async |filter: Value| admin.ok("csat.list", filter).await["data"].as_array().unwrap().len();
        assert_eq!(
            (list(json!({})).await, list(json!({ "score": 4 })).await, list(json!({ "score": 5 })).await),
            (2, 1, 0)
        );
        assert_eq!(list(of(json!({}))).await, 2);
        let history = admin.ok("conversations.history", json!({ "id": id, "types": ["event"] })).await;
        let happened: Vec<&Value> =
            history["data"].as_array().unwrap().iter().map(|item| &item["event"]["type"]).collect();
        assert_eq!(happened, ["csat_requested", "csat_submitted", "csat_submitted", "csat_requested"]);
    });
}

#[test]
fn closing_asks_if_it_is_told_to_and_spam_is_never_asked() {
    on_both(async |api| {
        let admin = api.admin();
        let id = api.conversation().await;
        let close = json!({ "id": id, "resolution": "resolved", "request_csat": true, "note": "Refunded" });
        let kinds = api.event_types_of(admin.post("conversations.close", &close)).await;
        assert_eq!(kinds, ["conversation.closed", "message.created", "csat.requested"]);
        let notes = admin.ok("messages.list", json!({ "conversation_id": id, "direction": "internal" })).await;
        assert_eq!(
            (&notes["data"][0]["text"], &notes["data"][0]["visibility"]),
            (&json!("Refunded"), &json!("private"))
        );
        let spam = api.conversation().await;
        admin.ok("conversations.markSpam", json!({ "id": spam })).await;
        admin.post("csat.request", &json!({ "conversation_id": spam })).await.refused(409, "invalid_state");
    });
}

#[test]
fn surveys_of_conversations_out_of_sight_do_not_exist() {
    on_both(async |api| {
        let admin = api.admin();
        let role = json!({
            "name": "Narrow", "permissions": ["csat:read", "csat:write"], "conversation_visibility": "assigned",
        });
        let role = admin.ok("roles.create", role).await;
        let bea = api.person_with("Bea", &role["id"]).await;
        let id = api.conversation().await;
        let survey = admin.ok("csat.request", json!({ "conversation_id": id })).await;
        bea.client.post("csat.info", &json!({ "id": survey["id"] })).await.refused(404, "csat_survey_not_found");
        let submit = json!({ "conversation_id": id, "score": 1 });
        bea.client.post("csat.submit", &submit).await.wrong("/conversation_id", "unknown_id");
        assert_eq!(bea.client.ok("csat.list", json!({})).await["data"], json!([]));
        admin.ok("conversations.addFollower", json!({ "id": id, "user_id": bea.id })).await;
        assert_eq!(bea.client.ok("csat.list", json!({})).await["data"][0]["id"], survey["id"]);
        bea.client.ok("csat.submit", submit).await;
    });
}
