//! Messages of AI: people come first, and what AI writes may have to be approved.

use serde_json::json;

use crate::messages::{list, texts};
use crate::support::on_both;

#[test]
fn people_come_before_ai() {
    on_both(async |api| {
        let admin = api.admin();
        let ada = api.ai("Ada").await;
        let conversation = api.conversation().await;
        api.hand_to(&conversation, "ai").await;
        let epoch = api.stored_conversation(&conversation).await.control_epoch;
        let answer =
            |text: &str, epoch: i64| json!({ "conversation_id": conversation, "text": text, "control_epoch": epoch });
        let without = json!({ "conversation_id": conversation, "text": "x" });
        ada.client.post("messages.send", &without).await.wrong("/control_epoch", "required");
        let sent = ada.client.ok("messages.send", answer("We are open until six.", epoch)).await;
        assert_eq!((&sent["status"], &sent["author"]["kind"]), (&json!("sent"), &json!("ai")));
        assert_eq!(sent["author"]["id"], json!(ada.id));

        // A person must say so.
        admin.post("messages.send", &without).await.refused(403, "takeover_required");
        let taken = json!({ "conversation_id": conversation, "text": "Anton here", "take_over": true });
        let (sent, events) = api.events_of(admin.ok("messages.send", taken)).await;
        assert_eq!(sent["status"], "sent");
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["conversation.taken_over", "message.created", "message.sent"]);
        let now = api.stored_conversation(&conversation).await;
        assert_eq!((now.control_epoch, now.handler.as_str(), now.status.as_str()), (epoch + 1, "human", "open"));
        assert_eq!(now.assigned_to_user_id, Some(api.acme.owner));

        // What was computed before is refused, and that it was is kept.
        let (late, events) = api.events_of(ada.client.post("messages.send", &answer("Late", epoch))).await;
        late.refused(409, "invalid_state");
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].kind.as_str(), &events[0].data["status"]), ("message.ai_discarded", &json!("discarded")));
        let id = &late.body["error"]["message_id"];
        assert_eq!(admin.ok("messages.info", json!({ "id": id })).await["text"], "Late");
        let keyed = ada.client.with("idempotency-key", "late");
        keyed.post("messages.send", &answer("Later", epoch)).await.refused(409, "invalid_state");
        keyed.post("messages.send", &answer("Later", epoch)).await.refused(409, "invalid_state");
        ada.client.post("messages.send", &answer("Now", epoch + 1)).await.refused(409, "invalid_state");
        assert_eq!(
            texts(&list(api, &conversation, json!({ "direction": "outbound" })).await),
            ["We are open until six.", "Anton here"]
        );
        assert_eq!(list(api, &conversation, json!({ "include_drafts": true })).await.len(), 6);
    });
}

#[test]
fn a_person_and_ai_who_answer_at_once_do_not_talk_over_each_other() {
    on_both(async |api| {
        let admin = api.admin();
        let ada = api.ai("Ada").await;
        let channel = api.sms().await;
        for round in 0..8 {
            let heard = api.hear(&channel, &format!("+1-555-01{round:02}"), "Hello").await;
            let conversation = heard["message"]["conversation_id"].clone();
            api.hand_to(&conversation, "ai").await;
            let epoch = api.stored_conversation(&conversation).await.control_epoch;
            let by_ai = json!({ "conversation_id": conversation, "text": "AI", "control_epoch": epoch });
            let by_person = json!({ "conversation_id": conversation, "text": "Person", "take_over": true });
            let (ai, person) = futures_util::future::join(
                ada.client.post("messages.send", &by_ai),
                admin.post("messages.send", &by_person),
            )
            .await;
            assert_eq!(person.status, 200, "{}", person.text);
            let said = list(api, &conversation, json!({ "direction": "outbound" })).await;
            match ai.status {
                200 => assert_eq!(texts(&said), ["AI", "Person"]),
                _ => {
                    ai.refused(409, "invalid_state");
                    assert_eq!(texts(&said), ["Person"]);
                }
            }
        }
    });
}

#[test]
fn ai_asks_or_only_suggests_where_the_organization_wants_it_so() {
    on_both(async |api| {
        let admin = api.admin();
        let ada = api.ai("Ada").await;
        let conversation = api.conversation().await;
        api.hand_to(&conversation, "ai").await;
        let epoch = api.stored_conversation(&conversation).await.control_epoch;
        let answer = json!({ "conversation_id": conversation, "text": "Yes", "control_epoch": epoch });
        admin.ok("organizations.update", json!({ "settings": { "require_ai_approval": true } })).await;
        let asked = ada.client.ok("messages.send", answer.clone()).await;
        assert_eq!((&asked["status"], &asked["approval"]["state"]), (&json!("pending_approval"), &json!("pending")));
        admin.ok("organizations.update", json!({ "settings": { "ai_enabled": false } })).await;
        ada.client.post("messages.send", &answer).await.refused(403, "no_permission");
    });
}
