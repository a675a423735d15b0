//! The change feed: what happened, in order, without gaps, to those who may see it.

mod sight;
mod stream;

use dotdesk::events::{retention, sequencer};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, on_both, text};

/// All events that a client is shown from a place on.
async fn read(client: &Client, after: i64, more: Value) -> Vec<Value> {
    let mut args = json!({ "after": after, "limit": 3 });
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut events = Vec::new();
    loop {
        let batch = client.ok("events.list", args.clone()).await;
        let next = batch["next_cursor"].clone();
        events.extend(batch["data"].as_array().unwrap().clone());
        if next == args["after"] || next.as_str() == args["after"].as_i64().map(|n| n.to_string()).as_deref() {
            return events;
        }
        args["after"] = next;
    }
}

async fn latest(client: &Client) -> i64 {
    client.ok("events.latest", json!({})).await["sequence"].as_i64().unwrap()
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| text(&event["type"])).collect()
}

#[test]
fn every_change_is_one_event_in_one_order() {
    on_both(async |api| {
        let admin = api.admin();
        api.settle().await;
        let start = latest(&admin).await;
        let team = admin.ok("teams.create", json!({ "name": "Sms" })).await;
        admin.ok("teams.update", json!({ "id": team["id"], "name": "Text" })).await;
        // Nothing changes, so nothing happened.
        admin.ok("teams.update", json!({ "id": team["id"], "name": "Text" })).await;
        admin.ok("teams.delete", json!({ "id": team["id"] })).await;
        assert_eq!(latest(&admin).await, start, "it has no place yet");
        api.settle().await;
        assert_eq!(latest(&admin).await, start + 3);

        let events = read(&admin, start, json!({})).await;
        assert_eq!(types(&events), ["team.created", "team.updated", "team.deleted"]);
        let places: Vec<i64> = events.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
        assert_eq!(places, [start + 1, start + 2, start + 3]);
        let update = &events[1];
        assert_eq!(update["data"]["name"], "Text");
        assert_eq!(update["previous"], json!({ "name": "Sms" }));
        assert_eq!(update["object"], json!({ "type": "team", "id": team["id"] }));
        assert_eq!(update["version"], 2);
        assert!(text(&update["request_id"]).starts_with("req_"));
        let fields: Vec<&String> = update.as_object().unwrap().keys().collect();
        let all = ["id", "seq", "type", "timestamp", "data", "previous", "version", "actor", "object", "request_id"];
        assert_eq!(fields, all);

        let id = text(&update["id"]);
        assert!(id.starts_with("evt_") && id.len() == 36, "{id}");
        let alone = admin.post("events.info", &json!({ "id": id })).await;
        let batch = admin.post("events.list", &json!({ "after": start })).await;
        assert!(batch.text.contains(&alone.text), "the same event has the same bytes everywhere");
        let gone = json!({ "id": "evt_0193f3a1b2c37d4e8f90a1b2c3d4e5f6" });
        admin.post("events.info", &gone).await.refused(404, "event_not_found");
        api.client(&api.other.key).post("events.info", &json!({ "id": id })).await.refused(404, "event_not_found");
    });
}

#[test]
fn each_organization_has_a_feed_of_its_own_and_so_has_test_mode() {
    on_both(async |api| {
        let (admin, other) = (api.admin(), api.client(&api.other.key));
        let made = admin.ok("apiKeys.create", json!({ "name": "Test", "scopes": ["*"], "environment": "test" })).await;
        let tester = api.client(text(&made["secret"]));
        api.settle().await;
        let (ours, theirs) = (latest(&admin).await, latest(&other).await);
        assert_eq!(latest(&tester).await, 0);
        for n in 0..3 {
            let name = json!({ "name": format!("Contact {n}") });
            admin.ok("contacts.create", name.clone()).await;
            other.ok("contacts.create", name.clone()).await;
            tester.ok("contacts.create", name).await;
        }
        api.settle().await;
        assert_eq!((latest(&admin).await, latest(&other).await, latest(&tester).await), (ours + 3, theirs + 3, 3));
        assert!(read(&admin, ours, json!({})).await.iter().all(|event| event.get("test").is_none()));
        let tests = read(&tester, 0, json!({})).await;
        assert_eq!(tests.iter().map(|event| event["seq"].clone()).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(tests.iter().all(|event| event["test"] == true));
    });
}

/// Two servers on one database, and many writers: no place is given twice, none is left out, and what happened to one object is told
/// in the order in which it happened.
#[test]
fn places_have_no_gaps_whoever_gives_them() {
    on_both(async |api| {
        let admin = api.admin();
        let teams: Vec<Value> =
            join_all((0..4).map(|n| admin.ok("teams.create", json!({ "name": format!("Team {n}") })))).await;
        api.settle().await;
        let start = latest(&admin).await;
        let second = api.app.fork(2);
        let writers = teams.iter().flat_map(|team| (0..12).map(move |n| (team, n))).map(|(team, n)| {
            let admin = admin.clone();
            async move { admin.ok("teams.update", json!({ "id": team["id"], "name": format!("Name {n}") })).await }
        });
        let sequence = async |app| {
            for _ in 0..200 {
                sequencer::advance(app).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let reader = async {
            let mut seen = start;
            for _ in 0..60 {
                for event in admin.ok("events.list", json!({ "after": seen })).await["data"].as_array().unwrap() {
                    assert_eq!(event["seq"], seen + 1, "a reader sees every place, and each before the next");
                    seen += 1;
                }
            }
        };
        tokio::join!(join_all(writers), sequence(&api.app), sequence(&second), reader);
        api.settle().await;
        let events = read(&admin, start, json!({})).await;
        let places: Vec<i64> = events.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
        assert_eq!(places, (start + 1..=start + events.len() as i64).collect::<Vec<_>>());
        for team in &teams {
            let versions = events.iter().filter(|event| event["object"]["id"] == team["id"]);
            let versions: Vec<i64> = versions.map(|event| event["version"].as_i64().unwrap()).collect();
            assert_eq!(versions, (2..2 + versions.len() as i64).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_call_can_wait_for_something_to_happen() {
    on_both(async |api| {
        let admin = api.admin();
        api.settle().await;
        api.sequence();
        let place = latest(&admin).await;
        let waiting = admin.ok("events.list", json!({ "after": place.to_string(), "wait_seconds": 25 }));
        let writing = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            admin.ok("teams.create", json!({ "name": "Sms" })).await
        };
        let (batch, team) = tokio::join!(waiting, writing);
        assert_eq!(batch["data"][0]["data"]["id"], team["id"]);
        assert_eq!(batch["next_cursor"], (place + 1).to_string());
        let idle = admin.ok("events.list", json!({ "after": place + 1, "wait_seconds": 1 })).await;
        assert_eq!(idle["data"], json!([]));
        assert_eq!(idle["next_cursor"], (place + 1).to_string(), "the place to go on from is always there");
    });
}

#[test]
fn types_and_queries_choose() {
    on_both(async |api| {
        let admin = api.admin();
        api.settle().await;
        let start = latest(&admin).await;
        let channel = admin.ok("channels.create", json!({ "type": "api", "name": "Sms", "source": "acme.sms" })).await;
        let web = admin.ok("channels.create", json!({ "type": "api", "name": "Web", "source": "acme.web" })).await;
        let contact = admin.ok("contacts.create", json!({ "name": "Ada", "email": "ada@mail.test" })).await;
        for channel in [&channel, &web] {
            let args = json!({ "contact_id": contact["id"], "channel_id": channel["id"] });
            let conversation = admin.ok("conversations.create", args).await;
            let note = json!({ "conversation_id": conversation["id"], "text": "A note" });
            admin.ok("messages.addNote", note).await;
        }
        api.settle().await;
        let only = async |more: Value| -> Vec<String> {
            let events = read(&admin, start, more).await;
            types(&events).into_iter().map(str::to_owned).collect()
        };
        assert_eq!(only(json!({ "types": ["channel.*"] })).await, ["channel.created", "channel.created"]);
        assert_eq!(only(json!({ "types": ["contact.created", "contact.deleted"] })).await, ["contact.created"]);
        let sms = json!({ "query": { "conversations": "source:*sms" }, "types": ["conversation.*", "message.*"] });
        let of_sms = only(sms).await;
        let of_both = only(json!({ "types": ["conversation.*", "message.*"] })).await;
        assert!(of_sms.iter().any(|kind| kind == "message.created"), "{of_sms:?}");
        assert_eq!(of_sms.len() * 2, of_both.len());
        // What an event does not tell itself is asked of the conversation.
        for (email, count) in [("ada@mail.test", of_both.len()), ("bob@mail.test", 0)] {
            let query = json!({ "conversations": format!("contact.email:{email}") });
            let found = only(json!({ "query": query, "types": ["conversation.*", "message.*"] })).await;
            assert_eq!(found.len(), count, "{email}");
        }

        let unknown = admin.post("events.list", &json!({ "types": ["team.*", "team.udated"] })).await;
        unknown.wrong("/types/1", "unknown_type");
        assert_eq!(unknown.body["error"]["errors"][0]["suggestions"][0], "team.updated");
        let query = json!({ "query": { "conversations": "sorce:*sms" } });
        let refused = admin.post("events.list", &query).await;
        refused.refused(400, "invalid_query");
        assert_eq!(refused.problems()[0].0, "/query/conversations");
        assert!(refused.text.contains("did you mean"), "{}", refused.text);
    });
}

#[test]
fn places_that_make_no_sense_are_refused() {
    on_both(async |api| {
        let admin = api.admin();
        api.settle().await;
        let last = latest(&admin).await;
        for ahead in [last + 1, i64::MAX] {
            admin.post("events.list", &json!({ "after": ahead })).await.wrong("/after", "range");
        }
        for after in [json!(-1), json!("-1"), json!("x"), json!(1.5), json!("99999999999999999999"), json!(true)] {
            let reply = admin.post("events.list", &json!({ "after": after })).await;
            reply.refused(400, "invalid_arguments");
            assert_eq!(reply.problems()[0].0, "/after", "{after}: {}", reply.text);
        }
        for id in ["evt_", "evt_xyz", "0193", "évt_0193f3a1b2c37d4e8f90a1b2c3d4e5f6"] {
            admin.post("events.info", &json!({ "id": id })).await.refused(400, "invalid_arguments");
        }
        admin.post("events.list", &json!({ "wait_seconds": 26 })).await.refused(400, "invalid_arguments");
    });
}

#[test]
fn what_is_not_kept_any_more_is_said_to_be_gone() {
    on_both(async |api| {
        let admin = api.admin();
        admin.ok("teams.create", json!({ "name": "Old" })).await;
        api.settle().await;
        let old = latest(&admin).await;
        api.pass_seconds(20 * 86_400);
        admin.ok("teams.create", json!({ "name": "New" })).await;
        api.settle().await;
        assert_eq!(retention::run(&api.app).await.unwrap(), 0, "nothing is old enough yet");
        api.pass_seconds(10 * 86_400 + 1);
        assert!(retention::run(&api.app).await.unwrap() >= old as usize);

        let refused = admin.post("events.list", &json!({ "after": old - 1 })).await;
        refused.refused(410, "cursor_expired");
        let error = &refused.body["error"];
        assert_eq!((&error["oldest_seq"], &error["latest_seq"]), (&json!(old + 1), &json!(old + 1)));
        admin.post("events.stream", &json!({ "after": old - 1 })).await.refused(410, "cursor_expired");
        admin.post("events.createTicket", &json!({ "after": 0 })).await.refused(410, "cursor_expired");
        for args in [json!({ "after": old }), json!({})] {
            let batch = admin.ok("events.list", args).await;
            assert_eq!(types(batch["data"].as_array().unwrap()), ["team.created"]);
            assert_eq!(batch["oldest_sequence"], old + 1);
        }
        api.pass_seconds(40 * 86_400);
        retention::run(&api.app).await.unwrap();
        assert_eq!(admin.ok("events.list", json!({ "after": old + 1 })).await["data"], json!([]));
        admin.ok("teams.create", json!({ "name": "Newest" })).await;
        api.settle().await;
        let batch = admin.ok("events.list", json!({})).await;
        assert_eq!(batch["data"][0]["seq"], old + 2, "places go on after everything is gone");
    });
}
