//! A write that is sent twice happens once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::on_both;

#[test]
fn fifty_at_once_make_one_team_and_get_one_answer() {
    on_both(async |api| {
        let client = api.admin().with("idempotency-key", "order-4711");
        let body = json!({ "name": "Sms" });
        let replies = join_all((0..50).map(|_| client.post("teams.create", &body))).await;
        for reply in &replies {
            assert_eq!((reply.status, &reply.text), (200, &replies[0].text), "{}", reply.text);
        }
        let fresh: Vec<_> = replies.iter().filter(|reply| reply.header("idempotent-replayed").is_empty()).collect();
        assert_eq!(fresh.len(), 1, "one did the work");
        let original = fresh[0].header("x-request-id");
        assert_eq!(replies.iter().filter(|reply| reply.header("original-request-id") == original).count(), 49);
        let listed = api.admin().ok("teams.list", json!({})).await;
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_key_belongs_to_one_call_of_one_credential() {
    on_both(async |api| {
        let client = api.admin().with("idempotency-key", "order-1");
        let first = client.post("teams.create", &json!({ "name": "Sms" })).await;
        let other = client.post("teams.create", &json!({ "name": "Other" })).await;
        other.refused(422, "idempotency_key_reused");
        let message = other.body["error"]["message"].as_str().unwrap();
        assert!(message.contains("teams.create") && message.contains(first.header("x-request-id")), "{message}");
        let method = client.post("teams.delete", &json!({ "id": first.body["id"] })).await;
        method.refused(422, "idempotency_key_reused");
        let theirs =
            api.stranger().with("idempotency-key", "order-1").post("teams.create", &json!({ "name": "X" })).await;
        assert_eq!((theirs.status, theirs.header("idempotent-replayed")), (200, ""));
    });
}

#[test]
fn spelling_does_not_matter_and_failures_are_not_kept() {
    on_both(async |api| {
        let admin = api.admin();
        let client = admin.with("idempotency-key", "\"k-1\"");
        let unknown = json!({ "name": "Sms", "user_ids": [api.unknown_id()] });
        client.post("teams.create", &unknown).await.refused(400, "invalid_arguments");
        let made =
            client.send("teams.create", "application/json", br#"{"name":"Sms","description":""}"#.to_vec()).await;
        assert_eq!((made.status, made.header("idempotent-replayed")), (200, ""), "the failed call kept nothing");
        let again = client.send("teams.create", "application/json", br#"{"description":null, "name":"Sms"}"#.to_vec());
        assert_eq!(again.await.text, made.text);
        let argument = json!({ "name": "Sms", "idempotency_key": "k-1" });
        assert_eq!(admin.post("teams.create", &argument).await.text, made.text);
        client
            .post("teams.create", &json!({ "name": "Sms", "idempotency_key": "k-2" }))
            .await
            .refused(400, "idempotency_key_invalid");
        admin
            .with("idempotency-key", "sp ace")
            .post("teams.create", &json!({ "name": "Sms" }))
            .await
            .refused(400, "idempotency_key_invalid");
    });
}

#[test]
fn a_key_is_forgotten_after_a_day_and_reads_ignore_it() {
    on_both(async |api| {
        let client = api.admin().with("idempotency-key", "daily");
        let body = json!({ "name": "Sms" });
        let first: Value = client.ok("teams.create", body.clone()).await;
        api.pass_seconds(24 * 60 * 60 - 1);
        assert_eq!(client.ok("teams.create", body.clone()).await, first);
        api.pass_seconds(1);
        assert_ne!(client.ok("teams.create", body).await["id"], first["id"]);
        assert_eq!(client.post("teams.list", &json!({})).await.header("idempotent-replayed"), "");
        let odd = api.admin().with("idempotency-key", "sp ace").with("if-match", "soon");
        assert_eq!(odd.post("teams.list", &json!({})).await.status, 200);
    });
}
