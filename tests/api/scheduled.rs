//! Messages that wait for their time: sent by the server itself, once, whatever happens to it meanwhile.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use dotdesk::db::{Db, Ids};
use dotdesk::method::{App, Clock, Generation, Keyring, Services};
use dotdesk::rounds::timers::run_due;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Api, databases, on_both};

async fn schedule(api: &Api, conversation: &Value, text: &str, seconds: i64) -> Value {
    let args =
        json!({ "conversation_id": conversation, "text": text, "scheduled_at": api.now().plus_seconds(seconds) });
    api.admin().ok("messages.send", args).await
}

async fn status(api: &Api, message: &Value) -> String {
    let now = api.admin().ok("messages.info", json!({ "id": message["id"] })).await;
    now["status"].as_str().unwrap().to_owned()
}

/// Another server on the same database, as after a restart.
async fn another_server(api: &Api) -> App {
    let db = Db::connect(databases::options(&api.database.url)).await.unwrap();
    let clock = Clock::Fixed(Arc::new(AtomicI64::new(api.now().millis())));
    let keyring = Keyring::new(&[Generation::new(None).unwrap()]).unwrap();
    App::new(db, clock, Ids::random(), keyring, Services::default())
}

#[test]
fn what_is_scheduled_is_sent_at_its_time() {
    on_both(async |api| {
        let conversation = api.conversation().await;
        let message = schedule(api, &conversation, "Good morning", 60).await;
        assert_eq!(message["status"], "scheduled");
        assert_eq!(run_due(&api.app).await.unwrap(), 0);
        let listed = api.admin().ok("messages.list", json!({ "conversation_id": conversation })).await;
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        api.pass_seconds(60);
        let (done, events) = api.events_of(run_due(&api.app)).await;
        assert_eq!(done.unwrap(), 1);
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].kind.as_str(), &events[0].actor["type"]), ("message.sent", &json!("system")));
        let sent = api.admin().ok("messages.info", json!({ "id": message["id"] })).await;
        assert_eq!((&sent["status"], &sent["sent_at"]), (&json!("sent"), &json!(api.now())));
        let stored = api.stored_conversation(&conversation).await;
        assert_eq!((stored.message_count, stored.waiting_since), (2, None));
        assert_eq!(stored.last_message_at, Some(api.now()));
        assert_eq!(run_due(&api.app).await.unwrap(), 0);
        let listed =
            api.admin().ok("messages.list", json!({ "conversation_id": conversation, "filters": "morning" })).await;
        assert_eq!(listed["data"], json!([sent]));
    });
}

#[test]
fn of_several_servers_one_sends_also_after_a_restart() {
    on_both(async |api| {
        let conversation = api.conversation().await;
        let mut all = Vec::new();
        for n in 0..20 {
            all.push(schedule(api, &conversation, &format!("{n}"), 60 + n).await);
        }
        api.pass_seconds(120);
        let servers = join_all((0..4).map(|_| another_server(api))).await;
        let (done, events) = api.events_of(join_all(servers.iter().map(run_due))).await;
        assert!(done.into_iter().all(|done| done.is_ok()));
        let sent = events.iter().filter(|event| event.kind == "message.sent").count();
        assert_eq!((sent, events.len()), (20, 20));
        for message in &all {
            assert_eq!(status(api, message).await, "sent");
        }
        assert_eq!(api.stored_conversation(&conversation).await.message_count, 21);
    });
}

#[test]
fn what_is_taken_back_or_changed_is_not_sent() {
    on_both(async |api| {
        let admin = api.admin();
        let conversation = api.conversation().await;
        let message = schedule(api, &conversation, "Hello", 60).await;
        let past = json!({ "conversation_id": conversation, "text": "x", "scheduled_at": api.now() });
        admin.post("messages.send", &past).await.wrong("/scheduled_at", "too_small");
        let closing = json!({ "conversation_id": conversation, "text": "x", "scheduled_at": api.now().plus_seconds(5), "close": true });
        admin.post("messages.send", &closing).await.wrong("/close", "not_allowed");
        let draft = admin.ok("messages.cancelScheduled", json!({ "id": message["id"] })).await;
        assert_eq!((&draft["status"], &draft["scheduled_at"]), (&json!("draft"), &Value::Null));
        api.pass_seconds(120);
        assert_eq!(run_due(&api.app).await.unwrap(), 0);
        let again = json!({ "id": message["id"], "scheduled_at": api.now().plus_seconds(60) });
        let (_, events) = api.events_of(admin.ok("messages.schedule", again.clone())).await;
        assert_eq!(events[0].kind, "message.scheduled");
        let (_, events) = api.events_of(admin.ok("messages.schedule", again)).await;
        assert!(events.is_empty(), "the same again is no news");
        let deleted = schedule(api, &conversation, "Oh no", 60).await;
        admin.ok("messages.delete", json!({ "id": deleted["id"] })).await;
        api.pass_seconds(60);
        assert_eq!(run_due(&api.app).await.unwrap(), 1);
        assert_eq!(status(api, &message).await, "sent");
    });
}

#[test]
fn on_a_channel_that_is_not_active_it_fails_and_can_be_sent_again() {
    on_both(async |api| {
        let admin = api.admin();
        let conversation = api.conversation().await;
        let message = schedule(api, &conversation, "Hello", 60).await;
        let channel = json!(api.stored_conversation(&conversation).await.channel_id);
        admin.ok("channels.update", json!({ "id": channel, "is_active": false })).await;
        api.pass_seconds(60);
        let (done, events) = api.events_of(run_due(&api.app)).await;
        assert_eq!((done.unwrap(), events[0].kind.as_str()), (1, "message.failed"));
        assert_eq!(events[0].data["failure"]["code"], "channel_inactive");
        assert!(api.stored_conversation(&conversation).await.waiting_since.is_some(), "the contact waits still");
        admin.post("messages.resend", &json!({ "id": message["id"] })).await.refused(409, "invalid_state");
        admin.ok("channels.update", json!({ "id": channel, "is_active": true })).await;
        admin.ok("messages.resend", json!({ "id": message["id"] })).await;
        let stored = api.stored_conversation(&conversation).await;
        assert_eq!((stored.message_count, stored.waiting_since), (2, None));
    });
}

#[test]
fn what_ai_scheduled_is_thrown_away_once_a_person_took_over() {
    on_both(async |api| {
        let ada = api.ai("Ada").await;
        let conversation = api.conversation().await;
        api.hand_to(&conversation, "ai").await;
        let epoch = api.stored_conversation(&conversation).await.control_epoch;
        let args = json!({
            "conversation_id": conversation, "text": "Hello", "control_epoch": epoch,
            "scheduled_at": api.now().plus_seconds(60),
        });
        let message = ada.client.ok("messages.send", args).await;
        api.hand_to(&conversation, "human").await;
        api.pass_seconds(60);
        let (_, events) = api.events_of(run_due(&api.app)).await;
        assert_eq!(events[0].kind, "message.ai_discarded");
        assert_eq!(status(api, &message).await, "discarded");
    });
}

#[test]
fn in_the_space_of_test_keys_things_happen_there() {
    on_both(async |api| {
        let key = json!({ "name": "Test", "scopes": ["*"], "environment": "test" });
        let key = api.admin().ok("apiKeys.create", key).await;
        let tests = api.client(key["secret"].as_str().unwrap());
        let hello = json!({ "contact": { "type": "phone", "value": "+1-555-0123" }, "text": "Hello", "scheduled_at": api.now().plus_seconds(60) });
        let message = tests.ok("messages.send", hello).await;
        api.pass_seconds(60);
        assert_eq!(run_due(&api.app).await.unwrap(), 1);
        assert_eq!(tests.ok("messages.info", json!({ "id": message["id"] })).await["status"], "sent");
    });
}
