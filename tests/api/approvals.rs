//! Messages that somebody must approve before they are sent.

use serde_json::{Value, json};

use crate::support::people::Person;
use crate::support::{Api, on_both};

/// A person who may write messages and sees all conversations.
async fn agent(api: &Api, name: &str) -> Person {
    let role = json!({
        "name": name, "permissions": ["messages:write", "messages:read"], "conversation_visibility": "all",
    });
    let role = api.admin().ok("roles.create", role).await;
    api.person_with(name, &role["id"]).await
}

async fn draft(person: &Person, conversation: &Value, text: &str) -> Value {
    let args = json!({ "conversation_id": conversation, "direction": "outbound", "status": "draft", "text": text });
    person.client.ok("messages.create", args).await["id"].clone()
}

#[test]
fn who_was_asked_decides_and_nobody_on_their_own_words() {
    on_both(async |api| {
        let conversation = api.conversation().await;
        let (jane, john, mary) = (agent(api, "Jane").await, agent(api, "John").await, agent(api, "Mary").await);
        let team = api.admin().ok("teams.create", json!({ "name": "Seniors", "user_ids": [mary.id] })).await;
        for (asked, may, may_not) in [
            (json!({}), vec![&john, &mary], vec![&jane]),
            (json!({ "approver_user_id": john.id }), vec![&john], vec![&jane, &mary]),
            (json!({ "team_id": team["id"] }), vec![&mary], vec![&jane, &john]),
            (json!({ "approver_user_id": john.id, "team_id": team["id"] }), vec![&john, &mary], vec![&jane]),
        ] {
            for decider in may {
                let id = draft(&jane, &conversation, "We promise").await;
                let mut args = asked.clone();
                args["id"] = id.clone();
                let asked = jane.client.ok("messages.requestApproval", args).await;
                assert_eq!(
                    (&asked["status"], &asked["approval"]["state"]),
                    (&json!("pending_approval"), &json!("pending"))
                );
                for other in &may_not {
                    other.client.post("messages.approve", &json!({ "id": id })).await.refused(403, "no_permission");
                    let reject = json!({ "id": id, "reason": "x" });
                    other.client.post("messages.reject", &reject).await.refused(403, "no_permission");
                }
                let (sent, events) = api.events_of(decider.client.ok("messages.approve", json!({ "id": id }))).await;
                assert_eq!((&sent["status"], &sent["approval"]["decided_by"]), (&json!("sent"), &decider.id));
                let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
                assert_eq!(kinds, ["message.approved", "message.sent"]);
                let (again, events) = api.events_of(decider.client.ok("messages.approve", json!({ "id": id }))).await;
                assert_eq!((again, events.len()), (sent, 0));
            }
        }
        let id = draft(&jane, &conversation, "x").await;
        let unknown = json!({ "id": id, "approver_user_id": api.unknown_id() });
        jane.client.post("messages.requestApproval", &unknown).await.wrong("/approver_user_id", "unknown_id");
        let unknown = json!({ "id": id, "team_id": api.unknown_id() });
        jane.client.post("messages.requestApproval", &unknown).await.wrong("/team_id", "unknown_id");
    });
}

#[test]
fn what_is_changed_by_the_approver_is_kept_as_it_was() {
    on_both(async |api| {
        let conversation = api.conversation().await;
        let (jane, john) = (agent(api, "Jane").await, agent(api, "John").await);
        let id = draft(&jane, &conversation, "We promise it for Friday").await;
        jane.client.ok("messages.requestApproval", json!({ "id": id })).await;
        let approve = json!({ "id": id, "text": "We expect it on Friday" });
        let sent = john.client.ok("messages.approve", approve).await;
        assert_eq!(sent["text"], "We expect it on Friday");
        assert_eq!(sent["approval"]["original_text"], "We promise it for Friday");
        assert_eq!(sent["author"]["id"], jane.id);
    });
}

#[test]
fn what_is_rejected_is_a_draft_again() {
    on_both(async |api| {
        let conversation = api.conversation().await;
        let (jane, john) = (agent(api, "Jane").await, agent(api, "John").await);
        let id = draft(&jane, &conversation, "We promise").await;
        jane.client.ok("messages.requestApproval", json!({ "id": id })).await;
        let reject = json!({ "id": id, "reason": "No dates" });
        let (rejected, events) = api.events_of(john.client.ok("messages.reject", reject.clone())).await;
        assert_eq!((&rejected["status"], &rejected["approval"]["reason"]), (&json!("draft"), &json!("No dates")));
        assert_eq!(events[0].kind, "message.rejected");
        let (_, events) = api.events_of(john.client.ok("messages.reject", reject)).await;
        assert!(events.is_empty());
        jane.client.ok("messages.update", json!({ "id": id, "text": "Soon" })).await;
        let asked = jane.client.ok("messages.requestApproval", json!({ "id": id })).await;
        assert_eq!((&asked["approval"]["state"], &asked["approval"]["reason"]), (&json!("pending"), &Value::Null));
        john.client.ok("messages.approve", json!({ "id": id })).await;
    });
}

#[test]
fn a_person_approves_what_ai_wrote_unless_it_is_out_of_date() {
    on_both(async |api| {
        let admin = api.admin();
        let ada = api.ai("Ada").await;
        admin.ok("organizations.update", json!({ "settings": { "require_ai_approval": true } })).await;
        let conversation = api.conversation().await;
        api.hand_to(&conversation, "ai").await;
        let epoch = api.stored_conversation(&conversation).await.control_epoch;
        let answer = |text: &str| json!({ "conversation_id": conversation, "text": text, "control_epoch": epoch });
        let asked = ada.client.ok("messages.send", answer("Yes")).await;
        ada.client.post("messages.approve", &json!({ "id": asked["id"] })).await.refused(403, "no_permission");
        let sent = admin.ok("messages.approve", json!({ "id": asked["id"] })).await;
        assert_eq!((&sent["status"], &sent["author"]["kind"]), (&json!("sent"), &json!("ai")));
        let asked = ada.client.ok("messages.send", answer("No")).await;
        api.hand_to(&conversation, "human").await;
        let (refused, events) = api.events_of(admin.post("messages.approve", &json!({ "id": asked["id"] }))).await;
        refused.refused(409, "invalid_state");
        assert_eq!(events[0].kind, "message.ai_discarded");
        assert_eq!(admin.ok("messages.info", json!({ "id": asked["id"] })).await["status"], "discarded");
    });
}

#[test]
fn everybody_finds_what_waits_for_them() {
    on_both(async |api| {
        let conversation = api.conversation().await;
        let (jane, john, mary) = (agent(api, "Jane").await, agent(api, "John").await, agent(api, "Mary").await);
        let team = api.admin().ok("teams.create", json!({ "name": "Seniors", "user_ids": [mary.id] })).await;
        let mut ids = Vec::new();
        for asked in [json!({}), json!({ "approver_user_id": john.id }), json!({ "team_id": team["id"] })] {
            let mut args = asked;
            args["id"] = draft(&jane, &conversation, "x").await;
            ids.push(jane.client.ok("messages.requestApproval", args).await["id"].clone());
        }
        let waiting = async |person: &Person| -> Vec<Value> {
            let listed = person.client.ok("messages.listApprovals", json!({})).await;
            listed["data"].as_array().unwrap().iter().map(|message| message["id"].clone()).collect()
        };
        assert_eq!(waiting(&john).await, ids[..2]);
        assert_eq!(waiting(&mary).await, [ids[0].clone(), ids[2].clone()]);
        let all = api.admin().ok("messages.listApprovals", json!({})).await;
        assert_eq!(all["data"].as_array().unwrap().len(), 3);
        john.client.ok("messages.approve", json!({ "id": ids[0] })).await;
        assert_eq!(waiting(&mary).await, ids[2..]);
        let nobody = api.person("Nobody", &["messages:read", "messages:write"]).await;
        assert!(waiting(&nobody).await.is_empty(), "what is not seen is not there");
    });
}
