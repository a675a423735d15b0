//! What becomes of what does not arrive.

use std::collections::HashSet;

use dotdesk::resources::integrations::webhooks::store;
use dotdesk::resources::integrations::webhooks::verdict::SCHEDULE;
use dotdesk::rounds::purge;
use serde_json::{Value, json};

use super::names;
use super::receiver::{OK, Receiver, Reply};
use crate::support::on_both;

#[test]
fn an_attempt_is_made_ten_times_and_then_only_if_asked_for() {
    on_both(async |api| {
        let admin = api.admin();
        let receiver = Receiver::answering(|_| Reply::With(500, "", "no"));
        let webhook = api.webhook(&receiver, json!({ "events": ["team.created"] })).await;
        let start = api.now();
        api.new_team("Blue").await;
        for (count, pause) in SCHEDULE.iter().enumerate() {
            // A second webhook keeps the first one's receiver from failing at everything for three days.
            if *pause > 0 {
                api.pass_seconds(pause * 9 / 10 - 1);
                api.deliver().await;
                assert_eq!(receiver.got().len(), count, "too early");
                api.pass_seconds(pause / 5 + 2);
            }
            if count == 9 {
                break;
            }
            api.deliver().await;
            assert_eq!(receiver.got().len(), count + 1, "too late");
        }
        assert!(api.now() > start);
        let [delivery] = &api.deliveries(&webhook).await[..] else { panic!() };
        assert_eq!((&delivery["status"], &delivery["attempt_count"]), (&json!("retrying"), &json!(9)));
        api.deliver().await;
        let got = receiver.take();
        assert_eq!(got.len(), 10);
        assert_eq!(got.iter().map(|received| received.header("webhook-id")).collect::<HashSet<_>>().len(), 1);
        let stamps: HashSet<_> = got.iter().map(|received| received.header("webhook-timestamp")).collect();
        assert_eq!(stamps.len(), 10, "each attempt is signed anew");
        let [delivery] = &api.deliveries(&webhook).await[..] else { panic!() };
        assert_eq!((&delivery["status"], &delivery["next_attempt_at"]), (&json!("dead"), &json!(null)));
        assert_eq!(delivery["attempts"].as_array().unwrap().len(), 10);
        assert_eq!(api.webhook_now(&webhook).await["status"], "disabled", "it has failed for more than three days");
        api.pass_seconds(1_000_000);
        api.deliver().await;
        assert_eq!(receiver.take().len(), 0);

        let again = json!({ "delivery_id": delivery["id"] });
        admin.post("webhooks.redeliver", &again).await.refused(409, "invalid_state");
        admin.ok("webhooks.resume", json!({ "id": webhook["id"] })).await;
        receiver.answer(|_| OK);
        let pending = admin.ok("webhooks.redeliver", again.clone()).await;
        assert_eq!((&pending["status"], &pending["attempt_count"]), (&json!("pending"), &json!(0)));
        assert_eq!(admin.ok("webhooks.redeliver", again.clone()).await, pending, "twice is no more than once");
        api.deliver().await;
        let sent = receiver.take();
        assert_eq!((sent.len(), sent[0].header("webhook-id")), (1, got[0].header("webhook-id")));
        assert_eq!(sent[0].body, got[0].body);
        let [delivery] = &api.deliveries(&webhook).await[..] else { panic!() };
        assert_eq!((&delivery["status"], delivery["attempts"].as_array().unwrap().len()), (&json!("delivered"), 11));
        // What has arrived can be sent again, too.
        admin.ok("webhooks.redeliver", again).await;
        api.deliver().await;
        assert_eq!(receiver.take().len(), 1);
    });
}

#[test]
fn a_receiver_is_left_alone_for_as_long_as_it_asks() {
    on_both(async |api| {
        let receiver = Receiver::answering(|_| Reply::With(429, "Retry-After: 7200\r\n", "busy"));
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        for n in 0..3 {
            api.new_team(&format!("{n}")).await;
        }
        api.deliver().await;
        // Several may have been under way when the first answer came.
        let first = receiver.take().len();
        assert!((1..=3).contains(&first));
        api.new_team("3").await;
        api.pass_seconds(7199);
        api.deliver().await;
        assert_eq!(receiver.take().len(), 0);
        receiver.answer(|_| OK);
        api.pass_seconds(1);
        api.deliver().await;
        let mut got = names(&receiver.take());
        got.sort();
        assert_eq!(got, ["0", "1", "2", "3"]);
        assert!(api.deliveries(&webhook).await.iter().all(|delivery| delivery["status"] == "delivered"));
    });
}

#[test]
fn a_receiver_that_is_gone_gets_nothing_more() {
    on_both(async |api| {
        let admin = api.admin();
        let (gone, witness) = (Receiver::answering(|_| Reply::With(410, "", "")), Receiver::start());
        let webhook = api.webhook(&gone, json!({ "events": ["team.*"] })).await;
        api.webhook(&witness, json!({ "events": ["webhook.disabled"] })).await;
        let team = api.new_team("Blue").await;
        api.rename(&team, "Red").await;
        api.deliver().await;
        assert_eq!(gone.take().len(), 1);
        let got = witness.take();
        assert_eq!(got.len(), 1);
        let event = got[0].json();
        assert_eq!((&event["type"], &event["data"]["id"]), (&json!("webhook.disabled"), &webhook["id"]));
        assert_eq!(
            (&event["actor"]["type"], &event["previous"]),
            (&json!("system"), &json!({ "status": "active", "disabled_reason": null }))
        );
        let now = api.webhook_now(&webhook).await;
        assert_eq!(
            (&now["status"], &now["version"], &now["consecutive_failures"]),
            (&json!("disabled"), &json!(2), &json!(1))
        );
        assert!(now["disabled_reason"].as_str().unwrap().contains("410"));
        admin.post("webhooks.pause", &json!({ "id": webhook["id"] })).await.refused(409, "invalid_state");
        // Of what happens now nothing is kept; what was waiting still is.
        api.new_team("Lost").await;
        api.deliver().await;
        gone.answer(|_| OK);
        let resumed = admin.ok("webhooks.resume", json!({ "id": webhook["id"] })).await;
        assert_eq!((&resumed["status"], &resumed["disabled_reason"]), (&json!("active"), &json!(null)));
        assert_eq!(resumed["consecutive_failures"], 0);
        api.new_team("New").await;
        api.deliver().await;
        let mut got = names(&gone.take());
        got.sort();
        assert_eq!(got, ["New", "Red"]);
    });
}

#[test]
fn three_days_of_failures_disable_but_not_if_something_arrived() {
    on_both(async |api| {
        let receiver = Receiver::answering(|_| Reply::Close);
        let webhook = api.webhook(&receiver, json!({ "events": ["team.created"] })).await;
        let day = 24 * 60 * 60;
        for days in 0..3 {
            api.new_team(&format!("{days}")).await;
            api.deliver().await;
            api.pass_seconds(day - 60);
            if days == 1 {
                receiver.answer(|received| if received.json()["data"]["name"] == "ok" { OK } else { Reply::Close });
                api.new_team("ok").await;
                api.deliver().await;
            }
        }
        api.pass_seconds(day / 2);
        api.deliver().await;
        let now = api.webhook_now(&webhook).await;
        assert_eq!(now["status"], "active", "something arrived two and a half days ago");
        assert!(now["consecutive_failures"].as_i64().unwrap() > 3);
        api.pass_seconds(2 * day);
        api.new_team("last").await;
        api.deliver().await;
        let now = api.webhook_now(&webhook).await;
        assert_eq!(now["status"], "disabled");
        let failed: Vec<Value> = api.deliveries(&webhook).await;
        assert!(
            failed.iter().any(|delivery| delivery["attempts"][0]["error"]
                .as_str()
                .is_some_and(|why| why.starts_with("no_answer"))),
            "{failed:?}"
        );
    });
}

#[test]
fn what_never_can_arrive_is_given_up() {
    on_both(async |api| {
        let admin = api.admin();
        let receiver = Receiver::answering(|_| Reply::With(400, "Webhook-Delivery: abort-message\r\n", "not mine"));
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        let slack = Receiver::answering(|_| Reply::With(404, "", "no_service"));
        let args = json!({ "url": slack.url, "format": "slack", "events": ["team.*"], "verify": false });
        let in_slack = admin.ok("webhooks.create", args).await;
        api.new_team("Blue").await;
        api.deliver().await;
        let [delivery] = &api.deliveries(&webhook).await[..] else { panic!() };
        assert_eq!((&delivery["status"], &delivery["attempt_count"]), (&json!("dead"), &json!(1)));
        assert_eq!(delivery["attempts"][0]["response_snippet"], "not mine");
        assert_eq!(api.webhook_now(&webhook).await["status"], "active");
        assert_eq!(api.deliveries(&in_slack).await[0]["status"], "dead");
        let now = api.webhook_now(&in_slack).await;
        assert_eq!(
            (&now["status"], &now["disabled_reason"]),
            (&json!("disabled"), &json!("Slack answered no_service."))
        );
    });
}

#[test]
fn what_happens_during_a_pause_is_kept_or_not() {
    on_both(async |api| {
        let admin = api.admin();
        let (receiver, other) = (Receiver::start(), Receiver::start());
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        let second = api.webhook(&other, json!({ "events": ["team.*"] })).await;
        api.deliver().await;
        for webhook in [&webhook, &second] {
            let (paused, events) = api.events_of(admin.ok("webhooks.pause", json!({ "id": webhook["id"] }))).await;
            assert_eq!((&paused["status"], events[0].kind.as_str()), (&json!("paused"), "webhook.updated"));
            let again = api.events_of(admin.ok("webhooks.pause", json!({ "id": webhook["id"] }))).await;
            assert_eq!((&again.0, again.1.len()), (&paused, 0));
        }
        let team = api.new_team("Old").await;
        api.deliver().await;
        api.pass_seconds(72 * 3600 + 1);
        api.rename(&team, "New").await;
        api.deliver().await;
        assert!(receiver.got().is_empty() && other.got().is_empty());
        assert_eq!(api.deliveries(&webhook).await.len(), 2);
        admin.ok("webhooks.resume", json!({ "id": webhook["id"] })).await;
        api.rename(&team, "Newer").await;
        admin.ok("webhooks.resume", json!({ "id": second["id"], "deliver_backlog": false })).await;
        api.rename(&team, "Newest").await;
        api.deliver().await;
        assert_eq!(names(&receiver.take()), ["New", "Newer", "Newest"], "but not what is older than 72 hours");
        let got = names(&other.take());
        assert!(got == ["Newer", "Newest"] || got == ["Newest"], "{got:?}");
        let statuses: Vec<_> =
            api.deliveries(&webhook).await.iter().map(|delivery| delivery["status"].clone()).collect();
        assert_eq!(statuses, ["canceled", "delivered", "delivered", "delivered"]);
        let canceled = json!({ "delivery_id": api.deliveries(&webhook).await[0]["id"] });
        admin.post("webhooks.redeliver", &canceled).await.refused(409, "invalid_state");
        let active = api.events_of(admin.ok("webhooks.resume", json!({ "id": webhook["id"] }))).await;
        assert_eq!((&active.0["status"], active.1.len()), (&json!("active"), 0));
    });
}

#[test]
fn a_large_backlog_is_called_off_by_and_by() {
    on_both(async |api| {
        let admin = api.admin();
        let receiver = Receiver::start();
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        api.deliver().await;
        admin.ok("webhooks.pause", json!({ "id": webhook["id"] })).await;
        for n in 0..1100 {
            api.new_team(&format!("{n}")).await;
        }
        api.deliver().await;
        admin.ok("webhooks.resume", json!({ "id": webhook["id"], "deliver_backlog": false })).await;
        api.new_team("New").await;
        api.deliver().await;
        assert_eq!(names(&receiver.take()), ["New"]);
        let canceled = json!({ "id": webhook["id"], "status": "canceled", "include": ["total"], "limit": 1 });
        assert_eq!(admin.ok("webhooks.listDeliveries", canceled).await["total"], 1100);
    });
}

#[test]
fn a_deleted_webhook_gets_nothing_more_and_what_it_got_is_kept_for_a_month() {
    on_both(async |api| {
        let admin = api.admin();
        let receiver = Receiver::start();
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        let team = api.new_team("Blue").await;
        api.deliver().await;
        receiver.answer(|_| Reply::With(500, "", ""));
        api.rename(&team, "Red").await;
        api.deliver().await;
        api.rename(&team, "Green").await;
        api.give_places().await;
        let deliveries = api.deliveries(&webhook).await;
        let deleted = api.events_of(admin.ok("webhooks.delete", json!({ "id": webhook["id"] }))).await;
        assert_eq!(deleted.1[0].kind, "webhook.deleted");
        admin.post("webhooks.info", &json!({ "id": webhook["id"] })).await.refused(404, "webhook_not_found");
        admin.post("webhooks.listDeliveries", &json!({ "id": webhook["id"] })).await.refused(404, "webhook_not_found");
        receiver.take();
        api.pass_seconds(1000);
        api.deliver().await;
        assert!(receiver.got().is_empty());
        let mut statuses = Vec::new();
        for delivery in &deliveries {
            let info = admin.ok("webhooks.deliveryInfo", json!({ "delivery_id": delivery["id"] })).await;
            statuses.push(info["status"].clone());
        }
        assert_eq!(statuses, ["delivered", "canceled"]);
        let lanes =
            |counts: Vec<(String, i64)>| counts.into_iter().find(|(name, _)| name == "webhook_lanes").unwrap().1;
        assert_eq!(lanes(api.row_counts().await), 0, "nothing of it is left to be done");
        api.pass_seconds(30 * 24 * 3600);
        purge::run(&api.app).await.unwrap();
        for delivery in &deliveries {
            let info = admin.post("webhooks.deliveryInfo", &json!({ "delivery_id": delivery["id"] })).await;
            info.refused(404, "webhook_delivery_not_found");
        }
    });
}

#[test]
fn deliveries_are_found_by_what_became_of_them() {
    on_both(async |api| {
        let admin = api.admin();
        let receiver = Receiver::answering(|received| match received.json()["data"]["name"].as_str() {
            Some("bad") => Reply::With(500, "", ""),
            _ => OK,
        });
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        let (good, bad) = (api.new_team("good").await, api.new_team("bad").await);
        api.rename(&good, "better").await;
        api.deliver().await;
        let list = async |more: Value| {
            let mut args = json!({ "id": webhook["id"] });
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            admin.ok("webhooks.listDeliveries", args).await["data"].as_array().unwrap().clone()
        };
        assert_eq!(list(json!({ "status": "retrying" })).await[0]["object_id"], bad["id"]);
        assert_eq!(list(json!({ "event_type": "team.updated" })).await.len(), 1);
        assert_eq!(list(json!({ "event_type": "team.created", "status": "delivered" })).await.len(), 1);
        let filters = format!("object_id:{} AND created_at:[now-1d TO now]", good["id"].as_str().unwrap());
        assert_eq!(list(json!({ "filters": filters })).await.len(), 2);
        assert_eq!(list(json!({ "filters": "attempt_count:[2 TO *]" })).await.len(), 0);
        let first = &list(json!({ "sort": "created_at:desc", "limit": 1 })).await[0];
        assert_eq!(first["event_type"], "team.updated");
        // What waits for its next attempt can be sent at once.
        receiver.take();
        receiver.answer(|_| OK);
        let waiting = &list(json!({ "status": "retrying" })).await[0];
        let now = admin.ok("webhooks.redeliver", json!({ "delivery_id": waiting["id"] })).await;
        assert_eq!((&now["status"], &now["next_attempt_at"]), (&json!("retrying"), &json!(api.now())));
        api.deliver().await;
        assert_eq!(names(&receiver.take()), ["bad"]);
    });
}

#[test]
fn a_webhook_that_cannot_be_read_keeps_no_other_from_its_deliveries() {
    on_both(async |api| {
        let (broken, sound) = (Receiver::start(), Receiver::start());
        let webhook = api.webhook(&broken, json!({ "events": ["team.*"] })).await;
        api.webhook(&sound, json!({ "events": ["team.*"] })).await;
        // As after the server's own secret was lost.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        let id: dotdesk::db::Id = webhook["id"].as_str().unwrap().parse().unwrap();
        let key = (api.acme.id, id);
        let damaged: dotdesk::method::Result<bool> = api
            .app
            .db
            .write(deadline, async move |tx| {
                let row = store::row(tx, key.0, key.1).await?.unwrap();
                store::seal_again(tx, key, &row.sealed, b"damaged").await
            })
            .await;
        assert!(damaged.unwrap());
        api.new_team("Blue").await;
        api.deliver().await;
        api.new_team("Red").await;
        api.deliver().await;
        assert_eq!((names(&sound.take()), broken.got().len()), (vec!["Blue".to_owned(), "Red".to_owned()], 0));
        assert!(api.deliveries(&webhook).await.iter().all(|delivery| delivery["status"] == "pending"));
    });
}

#[test]
fn what_failed_in_a_time_is_sent_again_by_a_job() {
    on_both(async |api| {
        let admin = api.admin();
        let receiver = Receiver::answering(|received| match received.json()["data"]["name"].as_str() {
            Some("good") => OK,
            _ => Reply::With(400, "Webhook-Delivery: abort-message\r\n", ""),
        });
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        let from = api.now();
        for name in ["good", "bad 1", "bad 2"] {
            api.new_team(name).await;
        }
        api.deliver().await;
        api.pass_seconds(60);
        let to = api.now();
        api.new_team("later").await;
        api.deliver().await;
        receiver.take();
        receiver.answer(|_| OK);
        let range = json!({ "id": webhook["id"], "from": from, "to": to });
        let with = |name: &str, value: Value| {
            let mut args = range.clone();
            args[name] = value;
            args
        };
        admin.post("webhooks.redeliverRange", &with("to", json!(from))).await.wrong("/to", "too_small");
        let rehearsed = admin.ok("webhooks.redeliverRange", with("dry_run", true.into())).await;
        assert_eq!((&rehearsed["status"], &rehearsed["total"]), (&json!("queued"), &json!(2)));
        dotdesk::jobs::work(&api.app).await.unwrap();
        api.deliver().await;
        assert!(receiver.take().is_empty(), "it was only to be seen what would be");

        let job = admin.ok("webhooks.redeliverRange", range.clone()).await;
        dotdesk::jobs::work(&api.app).await.unwrap();
        let job = admin.ok("jobs.info", json!({ "id": job["id"] })).await;
        assert_eq!((&job["status"], &job["succeeded"]), (&json!("succeeded"), &json!(2)), "{job}");
        api.deliver().await;
        let mut got = names(&receiver.take());
        got.sort();
        assert_eq!(got, ["bad 1", "bad 2"]);
        admin.ok("webhooks.redeliverRange", with("status", "all".into())).await;
        dotdesk::jobs::work(&api.app).await.unwrap();
        api.deliver().await;
        assert_eq!(receiver.take().len(), 3);
        admin.ok("webhooks.pause", json!({ "id": webhook["id"] })).await;
        admin.post("webhooks.redeliverRange", &range).await.refused(409, "invalid_state");
        let theirs = api.stranger().post("webhooks.redeliverRange", &range).await;
        theirs.refused(404, "webhook_not_found");
    });
}
