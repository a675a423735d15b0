//! The feed as a stream.

use serde_json::{Value, json};

use super::latest;
use crate::support::streams::{Frame, Stream};
use crate::support::{on_both, text};

fn places(frames: &[Frame]) -> Vec<i64> {
    frames.iter().map(|frame| frame.id.parse().unwrap()).collect()
}

#[test]
fn the_stream_tells_what_happens() {
    on_both(async |api| {
        let admin = api.admin();
        api.settle().await;
        api.sequence();
        let start = latest(&admin).await;
        let mut stream = Stream::open(&admin, &json!({ "types": ["team.*"] })).await;
        admin.ok("contacts.create", json!({ "name": "Ada" })).await;
        let team = admin.ok("teams.create", json!({ "name": "Line\nbreak" })).await;
        let frame = stream.next().await.unwrap();
        assert_eq!((frame.event.as_str(), frame.id.as_str()), ("team.created", (start + 2).to_string().as_str()));
        let listed = admin.post("events.list", &json!({ "after": start, "types": ["team.*"] })).await;
        assert!(listed.text.contains(&frame.data), "the same bytes as in the list");
        assert_eq!(frame.body()["data"]["id"], team["id"]);
        admin.ok("teams.delete", json!({ "id": team["id"] })).await;
        assert_eq!(stream.next().await.unwrap().event, "team.deleted");
    });
}

/// Cut off anywhere, and connected again with what it saw last, a client sees every event once, in order.
#[test]
fn a_client_that_was_cut_off_misses_nothing_and_sees_nothing_twice() {
    const EVENTS: i64 = 60;
    on_both(async |api| {
        let admin = api.admin();
        api.settle().await;
        api.sequence();
        let start = latest(&admin).await;
        let writer = admin.clone();
        let writing = async {
            for n in 0..EVENTS {
                writer.ok("teams.create", json!({ "name": format!("Team {n}") })).await;
            }
        };
        let reading = async {
            let mut seen: Vec<i64> = Vec::new();
            // How many events each connection lives for; as good as by chance, and the same each time.
            let mut lives = [1, 7, 2, 13, 1, 1, 5, 3, 11, 4].into_iter().cycle();
            while (seen.len() as i64) < EVENTS {
                let last = seen.last().copied().unwrap_or(start).to_string();
                let client = admin.with("last-event-id", &last);
                // The header goes before the argument.
                let mut stream = Stream::open(&client, &json!({ "after": start.to_string() })).await;
                let left = EVENTS as usize - seen.len();
                seen.extend(places(&stream.take(lives.next().unwrap().min(left)).await));
            }
            seen
        };
        let ((), seen) = tokio::join!(writing, reading);
        assert_eq!(seen, (start + 1..=start + EVENTS).collect::<Vec<_>>());
    });
}

#[test]
fn a_browser_opens_the_stream_with_a_ticket() {
    on_both(async |api| {
        let admin = api.admin();
        api.settle().await;
        api.sequence();
        let start = latest(&admin).await;
        let args = json!({ "types": ["team.*"], "after": start });
        let ticket = admin.ok("events.createTicket", args).await;
        admin.ok("contacts.create", json!({ "name": "Ada" })).await;
        admin.ok("teams.create", json!({ "name": "Sms" })).await;
        let nobody = api.nobody();
        for _ in 0..2 {
            let mut stream = Stream::with_ticket(&nobody, text(&ticket["url"])).await;
            assert_eq!(stream.next().await.unwrap().event, "team.created", "again, as browsers do by themselves");
        }
        let seen = nobody.with("last-event-id", &(start + 2).to_string());
        let mut stream = Stream::with_ticket(&seen, text(&ticket["url"])).await;
        admin.ok("teams.create", json!({ "name": "Other" })).await;
        assert_eq!(stream.next().await.unwrap().body()["data"]["name"], "Other");

        for path in ["/events.stream?ticket=", "/events.stream?ticket=abc", "/events.stream?ticket=%F0"] {
            nobody.get(path).await.refused(401, "invalid_auth");
        }
        nobody.get("/events.stream").await.refused(405, "method_not_allowed");
        let path = format!("/events.stream?ticket={}", text(&ticket["ticket"]));
        api.pass_seconds(301);
        nobody.get(&path).await.refused(401, "token_expired");
    });
}

#[test]
fn a_token_that_is_revoked_reads_no_more() {
    on_both(async |api| {
        let admin = api.admin();
        api.sequence();
        let key = json!({ "name": "Reader", "scopes": ["events:read", "teams:read"] });
        let key = admin.ok("apiKeys.create", key).await;
        let reader = api.client(text(&key["secret"]));
        let mut stream = Stream::open(&reader, &json!({})).await;
        admin.ok("teams.create", json!({ "name": "Before" })).await;
        assert_eq!(stream.next().await.unwrap().event, "team.created");
        admin.ok("apiKeys.delete", json!({ "id": key["id"] })).await;
        let rest = async { while stream.next().await.is_some() {} };
        rest.await;
        reader.post("events.stream", &json!({})).await.refused(401, "token_revoked");
    });
}

#[test]
fn streams_are_counted_and_end_with_the_server() {
    on_both(async |api| {
        let admin = api.admin();
        let mut open = Vec::new();
        for _ in 0..50 {
            open.push(Stream::open(&admin, &json!({})).await);
        }
        let full = admin.post("events.stream", &json!({})).await;
        full.refused(429, "too_many_concurrent_requests");
        // Another key has streams of its own.
        drop(Stream::open(&api.client(&api.other.key), &json!({})).await);
        let wrong = admin.with("last-event-id", "x").post("events.stream", &json!({})).await;
        wrong.refused(400, "invalid_arguments");
        drop(open.split_off(10));
        let mut again: Vec<Value> = Vec::new();
        while again.is_empty() {
            let reply = admin.post("events.stream", &json!({})).await;
            match reply.status {
                200 => again.push(json!(reply.text)),
                // The server notices only when it next has something to say.
                _ => {
                    api.settle().await;
                    admin.ok("teams.create", json!({ "name": format!("Ping {}", api.app.new_id()) })).await;
                    api.settle().await;
                }
            }
        }
        assert_eq!(again[0], "retry: 2000\n\n");
        // The rest stays open: `on_both` stops the server now, and waits until it has stopped.
        std::mem::forget(open);
    });
}
