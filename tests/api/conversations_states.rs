//! Where conversations stand: every transition that there is, every one that there is not, and what comes of time passing.

use dotdesk::rounds::timers::run_due;
use serde_json::{Value, json};

use crate::conversations::conversation;
use crate::support::{Api, on_both};

/// A conversation that stands here.
async fn standing(api: &Api, status: &str) -> Value {
    let made = conversation(api, json!({})).await;
    let id = made["id"].clone();
    let admin = api.admin();
    let method = match status {
        "open" => return made,
        "pending" => ("conversations.setPending", json!({ "id": id })),
        "snoozed" => ("conversations.snooze", json!({ "id": id, "until_reply": true })),
        "closed" => ("conversations.close", json!({ "id": id, "resolution": "resolved" })),
        "spam" => ("conversations.markSpam", json!({ "id": id })),
        other => panic!("no such state: {other}"),
    };
    admin.ok(method.0, method.1).await
}

/// What a call makes of a conversation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Comes {
    /// It stands elsewhere, and this event says so.
    To(&'static str, &'static str),
    /// Nothing changes.
    Same,
    /// It is refused.
    Refused,
}

#[test]
fn every_transition_is_made_or_refused_as_the_table_says() {
    use Comes::{Refused, Same, To};

    let closed = To("closed", "conversation.closed");
    let reopened = To("open", "conversation.reopened");
    let snoozed = To("snoozed", "conversation.snoozed");
    let pending = To("pending", "conversation.updated");
    let taken = To("open", "conversation.taken_over");
    let released = To("pending", "conversation.released");
    let handed = To("open", "conversation.handed_off");
    // From:       open      pending   snoozed   closed    spam
    let table: [(&str, Value, [Comes; 5]); 11] = [
        ("close", json!({ "resolution": "resolved" }), [closed, closed, closed, Same, Refused]),
        ("reopen", json!({}), [Same, Refused, Refused, reopened, Refused]),
        ("snooze", json!({ "until_reply": true }), [snoozed, snoozed, Same, Refused, Refused]),
        ("unsnooze", json!({}), [Same, Refused, reopened, Refused, Refused]),
        ("setPending", json!({}), [pending, Same, Refused, Refused, Refused]),
        ("takeOver", json!({}), [taken, taken, Refused, Refused, Refused]),
        ("release", json!({}), [released, released, Refused, Refused, Refused]),
        ("handoff", json!({ "reason": "api" }), [handed, handed, Refused, Refused, Refused]),
        ("markSpam", json!({}), [closed, closed, closed, closed, Same]),
        ("unmarkSpam", json!({}), [Same, Refused, Refused, Refused, reopened]),
        ("autoAssign", json!({}), [Refused, Refused, Refused, Refused, Refused]),
    ];
    on_both(async |api| {
        let admin = api.admin();
        for (verb, args, outcomes) in &table {
            for (from, expected) in ["open", "pending", "snoozed", "closed", "spam"].into_iter().zip(outcomes) {
                let before = standing(api, from).await;
                let mut args = args.clone();
                args["id"] = before["id"].clone();
                let method = format!("conversations.{verb}");
                let (reply, events) = api.events_of(admin.post(&method, &args)).await;
                let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
                let context = format!("{verb} from {from}: {} {kinds:?}", reply.text);
                match expected {
                    To(status, event) => {
                        assert_eq!((reply.status, &reply.body["status"]), (200, &json!(status)), "{context}");
                        assert_eq!(kinds, [*event], "{context}");
                        assert_eq!(reply.body["version"], before["version"].as_i64().unwrap() + 1, "{context}");
                        let (again, events) = api.events_of(admin.post(&method, &args)).await;
                        assert_eq!((again.status, &again.body), (200, &reply.body), "{context}: once more");
                        assert!(events.is_empty(), "{context}: once more");
                    }
                    Same => {
                        assert_eq!((reply.status, &reply.body), (200, &before), "{context}");
                        assert!(kinds.is_empty(), "{context}");
                    }
                    Refused => {
                        reply.refused(409, "invalid_state");
                        assert!(kinds.is_empty(), "{context}");
                        let now = admin.ok("conversations.info", json!({ "id": before["id"] })).await;
                        assert_eq!(now, before, "{context}");
                    }
                }
            }
        }
    });
}

#[test]
fn a_refusal_says_where_it_stands_and_where_it_could() {
    on_both(async |api| {
        let closed = standing(api, "closed").await;
        let reply = api.admin().post("conversations.snooze", &json!({ "id": closed["id"], "until_reply": true })).await;
        reply.refused(409, "invalid_state");
        assert_eq!(reply.body["error"]["from"], "closed");
        assert_eq!(reply.body["error"]["allowed"], json!(["open", "pending", "snoozed"]));
    });
}

#[test]
fn closing_and_opening_keep_the_books() {
    on_both(async |api| {
        let admin = api.admin();
        let made = conversation(api, json!({})).await;
        let id = made["id"].clone();
        let open_count = async || {
            admin.ok("contacts.info", json!({ "id": made["contact_id"] })).await["open_conversation_count"].clone()
        };
        let closed = admin.ok("conversations.close", json!({ "id": id, "resolution": "unresolved" })).await;
        assert_eq!((&closed["resolution"], &closed["close_reason"]), (&json!("unresolved"), &json!("user")));
        assert_eq!(closed["closed_at"], json!(api.now()));
        assert_eq!(open_count().await, 0);
        let other = json!({ "id": id, "resolution": "resolved" });
        admin.post("conversations.close", &other).await.refused(409, "invalid_state");
        let opened = admin.ok("conversations.reopen", json!({ "id": id, "reason": "wrote again" })).await;
        assert_eq!(
            (&opened["resolution"], &opened["close_reason"], &opened["closed_at"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
        assert_eq!(open_count().await, 1);
        admin.ok("conversations.delete", json!({ "id": id })).await;
        assert_eq!(open_count().await, 0);

        let history = admin.post("conversations.history", &json!({ "id": id })).await;
        history.refused(404, "conversation_not_found");
        admin.ok("conversations.restore", json!({ "id": id })).await;
        let history = admin.ok("conversations.history", json!({ "id": id })).await;
        let happened: Vec<&Value> =
            history["data"].as_array().unwrap().iter().map(|item| &item["event"]["type"]).collect();
        assert_eq!(happened, ["closed", "reopened"]);
        assert_eq!(history["data"][1]["event"]["data"]["reason"], "wrote again");
    });
}

#[test]
fn a_key_of_the_organization_closes_as_a_program() {
    on_both(async |api| {
        let key = json!({ "name": "Robot", "scopes": ["conversations:read", "conversations:write"] });
        let key = api.admin().ok("apiKeys.create", key).await;
        let robot = api.client(key["secret"].as_str().unwrap());
        let made = conversation(api, json!({})).await;
        let closed = robot.ok("conversations.close", json!({ "id": made["id"], "resolution": "resolved" })).await;
        assert_eq!(closed["close_reason"], "api");
        let made = conversation(api, json!({})).await;
        robot.post("conversations.takeOver", &json!({ "id": made["id"] })).await.refused(403, "no_permission");
        let named = json!({ "id": made["id"], "user_id": api.acme.agent });
        assert_eq!(robot.ok("conversations.takeOver", named).await["assigned_to_user_id"], json!(api.acme.agent));
    });
}

#[test]
fn fields_that_a_closed_conversation_must_have_are_asked_for() {
    on_both(async |api| {
        let admin = api.admin();
        let field = json!({
            "object": "conversation", "name": "outcome", "display_name": "Outcome", "type": "text",
            "is_required_on": "close",
        });
        admin.ok("customFields.create", field).await;
        let made = conversation(api, json!({})).await;
        let close = json!({ "id": made["id"], "resolution": "resolved" });
        admin.post("conversations.close", &close).await.wrong("/custom_fields/outcome", "required");
        let fields = json!({ "id": made["id"], "custom_fields": { "outcome": "refunded" } });
        admin.ok("conversations.update", fields).await;
        admin.ok("conversations.close", close).await;
    });
}

#[test]
fn what_was_put_off_comes_back_on_time_and_once() {
    on_both(async |api| {
        let admin = api.admin();
        let made = conversation(api, json!({})).await;
        let id = json!({ "id": made["id"] });
        let snooze =
            async |until: Value| admin.post("conversations.snooze", &json!({ "id": made["id"], "until": until })).await;
        snooze(json!(api.now())).await.wrong("/until", "too_small");
        snooze(json!(api.now().plus_seconds(367 * 24 * 3600))).await.wrong("/until", "too_large");
        admin.post("conversations.snooze", &id).await.wrong("/until", "required");
        let both = json!({ "id": made["id"], "until": api.now().plus_seconds(60), "until_reply": true });
        admin.post("conversations.snooze", &both).await.wrong("/until_reply", "not_allowed");

        let hour = api.now().plus_seconds(3600);
        assert_eq!(snooze(json!(hour)).await.body["snoozed_until"], json!(hour));
        let later = hour.plus_seconds(3600);
        let again = snooze(json!(later)).await;
        assert_eq!((&again.body["status"], &again.body["snoozed_until"]), (&json!("snoozed"), &json!(later)));
        api.pass_seconds(3601);
        assert_eq!(run_due(&api.app).await.unwrap(), 0, "it was put off again");
        api.pass_seconds(3600);
        let (done, events) = api.events_of(run_due(&api.app)).await;
        assert_eq!((done.unwrap(), events.len()), (1, 1));
        assert_eq!((events[0].kind.as_str(), &events[0].actor["type"]), ("conversation.reopened", &json!("system")));
        assert_eq!(events[0].data["status"], "open");
        assert_eq!(run_due(&api.app).await.unwrap(), 0, "once");

        for undo in ["conversations.unsnooze", "conversations.delete"] {
            snooze(json!(api.now().plus_seconds(60))).await;
            admin.ok(undo, id.clone()).await;
            api.pass_seconds(61);
            assert_eq!(run_due(&api.app).await.unwrap(), 0, "{undo}");
        }
        admin.ok("conversations.restore", id.clone()).await;
        assert_eq!(run_due(&api.app).await.unwrap(), 1, "its time had come while it was deleted");
        assert_eq!(admin.ok("conversations.info", id).await["status"], "open");
    });
}

#[test]
fn several_servers_bring_a_conversation_back_once() {
    on_both(async |api| {
        let admin = api.admin();
        for _ in 0..10 {
            let made = conversation(api, json!({})).await;
            let snooze = json!({ "id": made["id"], "until": api.now().plus_seconds(60) });
            admin.ok("conversations.snooze", snooze).await;
        }
        api.pass_seconds(61);
        let rounds = (0..4).map(|_| run_due(&api.app));
        let (done, events) = api.events_of(futures_util::future::join_all(rounds)).await;
        assert!(done.iter().all(Result::is_ok), "{done:?}");
        assert_eq!(events.len(), 10);
        assert!(events.iter().all(|event| event.kind == "conversation.reopened"));
    });
}

#[test]
fn a_test_key_puts_off_in_its_own_space() {
    on_both(async |api| {
        let key = json!({ "name": "Test", "scopes": ["*"], "environment": "test" });
        let key = api.admin().ok("apiKeys.create", key).await;
        let tester = api.client(key["secret"].as_str().unwrap());
        let contact = tester.ok("contacts.create", json!({ "name": "Nobody" })).await;
        let made = tester.ok("conversations.create", json!({ "contact_id": contact["id"] })).await;
        let id = json!({ "id": made["id"] });
        api.admin().post("conversations.info", &id).await.refused(404, "conversation_not_found");
        let until = api.now().plus_seconds(60);
        tester.ok("conversations.snooze", json!({ "id": made["id"], "until": until })).await;
        api.pass_seconds(60);
        assert_eq!(run_due(&api.app).await.unwrap(), 1);
        assert_eq!(tester.ok("conversations.info", id).await["status"], "open");
    });
}

#[test]
fn the_contact_may_be_blocked_with_the_spam() {
    on_both(async |api| {
        let admin = api.admin();
        let made = conversation(api, json!({})).await;
        let block = json!({ "id": made["id"], "block_contact": true });
        let agent = api.person("Bea", &["conversations:write"]).await;
        agent.client.post("conversations.markSpam", &block).await.refused(403, "missing_scope");
        let kinds = api.event_types_of(admin.post("conversations.markSpam", &block)).await;
        assert_eq!(kinds, ["conversation.closed", "contact.blocked"]);
        assert!(api.event_types_of(admin.post("conversations.markSpam", &block)).await.is_empty());
        let contact = json!({ "contact_id": made["contact_id"] });
        admin.post("conversations.create", &contact).await.refused(403, "contact_blocked");
    });
}
