//! What arrives, where, and in which order.

use std::time::Duration;

use dotdesk::db::Db;
use dotdesk::rounds::webhooks;
use futures_util::future::join_all;
use serde_json::json;

use super::names;
use super::receiver::{OK, Receiver, Reply};
use crate::support::{databases, on_both};

#[test]
fn what_happens_is_sent_as_the_feed_has_it() {
    on_both(async |api| {
        let admin = api.admin();
        let receiver = Receiver::start();
        api.new_team("Before").await;
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        let team = api.new_team("Blue").await;
        api.rename(&team, "Red").await;
        admin.ok("tags.create", json!({ "name": "vip" })).await;
        api.deliver().await;

        let got = receiver.take();
        assert_eq!(names(&got), ["Blue", "Red"]);
        let feed = admin.ok("events.list", json!({ "after": "0", "types": ["team.*"] })).await;
        let feed = feed["data"].as_array().unwrap();
        for (received, event) in got.iter().zip(&feed[1..]) {
            assert_eq!(received.json(), *event);
            assert_eq!(received.header("webhook-id"), event["id"]);
            received.verify(&webhook["secret"], api.now()).unwrap();
        }
        assert_eq!(feed.len(), 3);
        let deliveries = api.deliveries(&webhook).await;
        assert_eq!(deliveries.len(), 2);
        let expected =
            json!([{ "at": api.now(), "status_code": 200, "duration_ms": 0, "error": null, "response_snippet": "" }]);
        for (delivery, event) in deliveries.iter().zip(&feed[1..]) {
            assert_eq!((&delivery["event_id"], &delivery["seq"]), (&event["id"], &event["seq"]));
            assert_eq!((&delivery["status"], &delivery["next_attempt_at"]), (&json!("delivered"), &json!(null)));
            let mut attempts = delivery["attempts"].clone();
            attempts[0]["duration_ms"] = 0.into();
            assert_eq!((attempts, &delivery["payload"]), (expected.clone(), &json!(null)));
            let info = admin.ok("webhooks.deliveryInfo", json!({ "delivery_id": delivery["id"] })).await;
            assert_eq!(info["payload"], *event);
        }
        let now = api.webhook_now(&webhook).await;
        assert_eq!((&now["last_delivery_at"], &now["version"]), (&json!(api.now()), &json!(1)));
        api.deliver().await;
        assert!(receiver.got().is_empty(), "once is enough");
        assert_eq!(api.stranger().ok("webhooks.list", json!({})).await["data"], json!([]));
        let theirs = json!({ "delivery_id": deliveries[0]["id"] });
        api.stranger().post("webhooks.deliveryInfo", &theirs).await.refused(404, "webhook_delivery_not_found");
        api.stranger().post("webhooks.redeliver", &theirs).await.refused(404, "webhook_delivery_not_found");
    });
}

#[test]
fn filters_let_through_what_they_say() {
    on_both(async |api| {
        let admin = api.admin();
        let (all, created, vip) = (Receiver::start(), Receiver::start(), Receiver::start());
        let every = api.webhook(&all, json!({})).await;
        api.webhook(&created, json!({ "events": ["contact.created"] })).await;
        let query = json!({ "contacts": "email_domain:example.com AND tags:vip" });
        let filtered = api.webhook(&vip, json!({ "events": ["contact.*", "team.created"], "query": query })).await;
        for (name, email, tags) in [
            ("Jane", "jane@example.com", json!(["VIP"])),
            ("Joe", "joe@example.org", json!(["vip"])),
            ("Ann", "ann@example.com", json!([])),
        ] {
            admin.ok("contacts.create", json!({ "name": name, "email": email, "tags": tags })).await;
        }
        api.new_team("Blue").await;
        api.deliver().await;
        // Several objects are sent side by side.
        let sorted = |receiver: &Receiver| {
            let mut got = names(&receiver.take());
            got.sort();
            got
        };
        assert_eq!(sorted(&created), ["Ann", "Jane", "Joe"]);
        // A query about contacts leaves other objects alone.
        assert_eq!(sorted(&vip), ["Blue", "Jane"]);
        let got = all.take();
        assert!(["Jane", "Joe", "Ann", "Blue"].iter().all(|name| names(&got).contains(&(*name).to_owned())));
        let kinds: Vec<_> = got.iter().map(|received| received.json()["type"].clone()).collect();
        assert!(!kinds.is_empty() && kinds.iter().filter(|kind| *kind == "webhook.created").count() == 2, "{kinds:?}");
        assert_eq!(api.deliveries(&every).await.len(), got.len());
        let cleared = json!({ "id": filtered["id"], "query": { "contacts": null }, "events": ["contact.created"] });
        assert_eq!(admin.ok("webhooks.update", cleared).await["query"], json!({}));
        admin.ok("contacts.create", json!({ "name": "Bob" })).await;
        api.deliver().await;
        assert_eq!(names(&vip.take()), ["Bob"]);
    });
}

#[test]
fn of_one_object_the_order_holds_and_others_need_not_wait() {
    on_both(async |api| {
        let receiver = Receiver::start();
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        receiver.answer(|received| match received.json()["data"]["name"].as_str() {
            Some("Blue 1") => Reply::With(503, "", "later"),
            _ => OK,
        });
        let (blue, red) = (api.new_team("Blue 0").await, api.new_team("Red 0").await);
        for n in 1..4 {
            api.rename(&blue, &format!("Blue {n}")).await;
            api.rename(&red, &format!("Red {n}")).await;
        }
        api.deliver().await;
        let of = |color: &str, names: Vec<String>| -> Vec<String> {
            names.into_iter().filter(|name| name.starts_with(color)).collect()
        };
        let got = names(&receiver.take());
        assert_eq!(of("Blue", got.clone()), ["Blue 0", "Blue 1"]);
        assert_eq!(of("Red", got), ["Red 0", "Red 1", "Red 2", "Red 3"]);
        let statuses: Vec<_> =
            api.deliveries(&webhook).await.iter().map(|delivery| delivery["status"].clone()).collect();
        let waiting = statuses.iter().filter(|status| *status == "pending").count();
        assert_eq!((waiting, statuses.iter().filter(|status| *status == "retrying").count()), (2, 1));

        // What happens meanwhile waits its turn, too.
        api.rename(&blue, "Blue 4").await;
        api.deliver().await;
        assert_eq!(receiver.take().len(), 0);
        receiver.answer(|_| OK);
        api.pass_seconds(6);
        api.deliver().await;
        assert_eq!(names(&receiver.take()), ["Blue 1", "Blue 2", "Blue 3", "Blue 4"]);
        assert!(api.deliveries(&webhook).await.iter().all(|delivery| delivery["status"] == "delivered"));
    });
}

#[test]
fn a_receiver_that_takes_its_time_delays_nobody_else() {
    on_both(async |api| {
        let (slow, quick) = (Receiver::answering(|_| Reply::Hang), Receiver::start());
        for receiver in [&slow, &quick] {
            api.webhook(receiver, json!({ "events": ["team.*"] })).await;
        }
        let app = api.app.clone();
        let machine = actix_web::rt::spawn(async move { webhooks::run(&app, app.new_id()).await });
        for n in 0..20 {
            api.new_team(&format!("{n}")).await;
            api.give_places().await;
            // The other one does not answer anything before this one has it all.
            quick.wait_for(n + 1).await;
        }
        assert!(slow.got().len() <= 8, "so many are under way at the same time");
        slow.go_on();
        let mut got = names(&slow.wait_for(20).await);
        got.sort_by_key(|name| name.parse::<usize>().unwrap());
        assert_eq!(got, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
        machine.abort();
    });
}

#[test]
fn several_servers_share_the_work_and_nothing_is_sent_twice() {
    on_both(async |api| {
        let receivers: Vec<Receiver> = (0..4).map(|_| Receiver::start()).collect();
        for receiver in &receivers {
            api.webhook(receiver, json!({ "events": ["team.*"] })).await;
        }
        let teams = join_all((0..5).map(async |n| api.new_team(&format!("{n}.0")).await)).await;
        for round in 1..8 {
            for (n, team) in teams.iter().enumerate() {
                api.rename(team, &format!("{n}.{round}")).await;
            }
        }
        api.give_places().await;
        let servers = join_all((0..3).map(|_| Db::connect(databases::options(&api.database.url)))).await;
        let servers: Vec<_> = servers
            .into_iter()
            .map(|db| {
                let mut app = api.app.clone();
                app.db = db.unwrap();
                app
            })
            .collect();
        for done in join_all(servers.iter().map(webhooks::run_due)).await {
            done.unwrap();
        }
        api.deliver().await;
        for receiver in &receivers {
            let got = names(&receiver.take());
            assert_eq!(got.len(), 40, "{got:?}");
            for n in 0..5 {
                let of_one: Vec<&String> = got.iter().filter(|name| name.starts_with(&format!("{n}."))).collect();
                assert_eq!(
                    of_one,
                    (0..8).map(|round| format!("{n}.{round}")).collect::<Vec<_>>().iter().collect::<Vec<_>>()
                );
            }
        }
    });
}

#[test]
fn what_a_server_left_behind_is_taken_up_by_another() {
    on_both(async |api| {
        let receiver = Receiver::answering(|_| Reply::Hang);
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        api.new_team("Blue").await;
        api.give_places().await;
        // The server dies while the receiver has what was sent, and nothing is noted yet.
        let app = api.app.fork(1);
        let (die, dies) = tokio::sync::oneshot::channel::<()>();
        let server = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                tokio::select! {
                    () = webhooks::run(&app, app.new_id()) => {}
                    _ = dies => {}
                }
            });
        });
        let first = receiver.wait_for(1).await;
        die.send(()).unwrap();
        while !server.is_finished() {
            actix_web::rt::time::sleep(Duration::from_millis(5)).await;
        }
        server.join().unwrap();
        receiver.answer(|_| OK);
        api.deliver().await;
        assert_eq!(receiver.got().len(), 1, "as far as anybody knows the other one still works");
        assert_eq!(api.deliveries(&webhook).await[0]["status"], "pending");
        api.pass_seconds(31);
        api.deliver().await;
        let got = receiver.got();
        assert_eq!(got.len(), 2);
        assert_eq!(got[1].header("webhook-id"), first[0].header("webhook-id"));
        assert_eq!(got[1].body, first[0].body);
        assert_eq!(api.deliveries(&webhook).await[0]["status"], "delivered");
        receiver.go_on();
    });
}

#[test]
fn connections_are_used_again_and_a_backlog_is_sent_side_by_side() {
    on_both(async |api| {
        let receiver = Receiver::start();
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        for n in 0..300 {
            api.new_team(&format!("{n}")).await;
        }
        api.deliver().await;
        assert_eq!(receiver.got().len(), 300);
        assert!(receiver.connections() <= 8, "{}", receiver.connections());
        let deliveries = api.deliveries(&webhook).await;
        assert!(deliveries.len() == 300 && deliveries.iter().all(|delivery| delivery["status"] == "delivered"));
    });
}

#[test]
fn test_keys_have_webhooks_of_their_own() {
    on_both(async |api| {
        let key = json!({ "name": "Test", "scopes": ["*"], "environment": "test" });
        let key = api.admin().ok("apiKeys.create", key).await;
        let tests = api.client(key["secret"].as_str().unwrap());
        let (live, test) = (Receiver::start(), Receiver::start());
        api.webhook(&live, json!({ "events": ["contact.created"] })).await;
        let args = json!({ "url": test.url, "events": ["contact.created", "webhook.disabled"] });
        let webhook = tests.ok("webhooks.create", args).await;
        assert_eq!(test.take()[0].json()["test"], true, "so is the ping");
        tests.ok("contacts.create", json!({ "name": "Test" })).await;
        api.admin().ok("contacts.create", json!({ "name": "Live" })).await;
        api.deliver().await;
        let (from_live, from_test) = (live.take(), test.take());
        assert_eq!((names(&from_live), names(&from_test)), (vec!["Live".to_owned()], vec!["Test".to_owned()]));
        assert_eq!((&from_live[0].json()["test"], &from_test[0].json()["test"]), (&json!(null), &json!(true)));
        api.admin().post("webhooks.info", &json!({ "id": webhook["id"] })).await.refused(404, "webhook_not_found");
        // What the server does by itself it does there, too.
        let other = tests.ok("webhooks.create", json!({ "url": live.url, "verify": false })).await;
        live.answer(|_| Reply::With(410, "", ""));
        tests.ok("contacts.create", json!({ "name": "Again" })).await;
        api.deliver().await;
        assert_eq!(tests.ok("webhooks.info", json!({ "id": other["id"] })).await["status"], "disabled");
        let got = test.take();
        assert_eq!(got.len(), 2, "{got:?}");
        assert!(got.iter().all(|received| received.json()["test"] == true));
    });
}

#[test]
fn people_get_messages_they_can_read() {
    on_both(async |api| {
        let (slack, teams) = (Receiver::start(), Receiver::answering(|_| Reply::With(202, "", "")));
        for (receiver, format) in [(&slack, "slack"), (&teams, "msteams")] {
            let args = json!({ "url": receiver.url, "format": format, "events": ["team.updated"] });
            api.admin().ok("webhooks.create", args).await;
        }
        let team = api.new_team("Blue").await;
        api.rename(&team, "<!channel> [Red](https://evil.example)").await;
        api.deliver().await;
        let got = slack.take();
        assert_eq!(got.len(), 2);
        let (ping, message) = (got[0].json(), got[1].json());
        assert_eq!(ping["text"], "Webhook ping");
        assert_eq!(message["text"], "Team updated: *&lt;!channel&gt; [Red](https://evil.example)*");
        assert_eq!(message["blocks"][2]["text"]["text"], "*Name:* Blue → &lt;!channel&gt; [Red](https://evil.example)");
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            assert_eq!(got[1].header(name), "", "Slack knows nothing of it");
        }
        let card = teams.take()[1].json();
        let card = &card["attachments"][0]["content"]["body"];
        assert_eq!(card[1]["text"], r"\<!channel\> \[Red\]\(https://evil.example\)");
    });
}

#[test]
fn a_second_webhook_begins_where_it_is_made() {
    on_both(async |api| {
        let (first, second) = (Receiver::start(), Receiver::start());
        api.webhook(&first, json!({ "events": ["team.*"] })).await;
        // None of these has its place in the feed when the second webhook is made.
        api.new_team("Before").await;
        api.webhook(&second, json!({ "events": ["team.*", "webhook.*"] })).await;
        api.new_team("After").await;
        api.deliver().await;
        let mut got = names(&first.take());
        got.sort();
        assert_eq!(got, ["After", "Before"]);
        assert_eq!(names(&second.take()), ["After"], "its own creation is no news to it either");
    });
}

#[test]
fn a_server_that_stops_leaves_its_lanes_to_the_next_one() {
    use dotdesk::db::prelude::*;
    use dotdesk::run;
    use dotdesk::schema::webhook_lanes::dsl;

    on_both(async |api| {
        let receiver = Receiver::start();
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        let (stopping, until) = (api.app.new_id(), api.now().plus_seconds(30));
        api.new_team("Blue").await;
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        let taking = async move |tx: &mut dotdesk::db::Transaction| -> Result<usize, dotdesk::db::Fault> {
            let lease = (dsl::lease_owner.eq(stopping), dsl::leased_until.eq(until));
            Ok(run!(tx, |c| diesel::update(dsl::webhook_lanes).set(lease).execute(c))?)
        };
        assert_eq!(api.app.db.write(deadline, taking).await.unwrap(), 1);
        api.deliver().await;
        assert!(receiver.got().is_empty(), "somebody else has the lane");
        webhooks::give_back(&api.app, api.app.new_id()).await.unwrap();
        api.deliver().await;
        assert!(receiver.got().is_empty(), "that was not theirs to give back");
        webhooks::give_back(&api.app, stopping).await.unwrap();
        api.deliver().await;
        assert_eq!(names(&receiver.take()), ["Blue"]);
        assert_eq!(api.webhook_now(&webhook).await["status"], "active");
    });
}
