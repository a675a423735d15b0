//! The client of the library, `dotdesk::client`: what it answers, what it tries again and what it does not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dotdesk::client::{Client, Error, Retry};
use dotdesk::jobs::JobStatus;
use dotdesk::method::{ErrorType, Page, Patch, Void};
use dotdesk::resources::account::teams::{self, Team};
use dotdesk::resources::crm::contacts;
use dotdesk::resources::integrations::events;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Api, on_both};

/// Tries often and waits little.
const QUICK: Retry = Retry { times: 5, first_wait: Duration::from_millis(1), longest_wait: Duration::from_secs(1) };

fn desk(api: &Api) -> Client {
    Client::new(&api.url, &api.acme.key).unwrap()
}

fn create(name: &str) -> teams::Create {
    teams::Create { name: name.into(), ..Default::default() }
}

#[test]
fn the_argument_structs_are_the_calls() {
    on_both(async |api| {
        let desk = desk(api);
        let team = desk.call(create("Sms")).await.unwrap();
        assert_eq!((&*team.name, team.version), ("Sms", 1));
        let renamed = teams::Update { id: team.id, name: Patch::Set("Text".into()), ..Default::default() };
        assert_eq!(desk.call(renamed.clone()).if_version(1).await.unwrap().version, 2);
        let error =
            desk.call(teams::Update { name: Patch::Set("Sms".into()), ..renamed }).if_version(1).await.unwrap_err();
        let refused = error.api().unwrap();
        assert_eq!((refused.error_type, refused.status, error.code()), (ErrorType::Conflict, 409, "version_conflict"));
        assert_eq!(refused.details["current_version"], 2);
        let Void {} = desk.call(teams::Delete { id: team.id, ..Default::default() }).await.unwrap();
        let gone = desk.call(teams::Info { id: team.id }).await.unwrap_err();
        assert_eq!(gone.api().unwrap().error_type, ErrorType::NotFound);
        assert!(gone.api().unwrap().request_id.as_ref().unwrap().starts_with("req_"));
    });
}

#[test]
fn methods_can_be_called_by_name() {
    on_both(async |api| {
        let desk = desk(api);
        let reply = desk.raw("teams.create", &json!({ "name": "Sms" })).await.unwrap();
        assert_eq!((reply.status, reply.header("etag")), (200, Some("\"1\"")));
        let id = reply.json().unwrap()["id"].clone();
        assert_eq!(reply.parse::<Team>().unwrap().id.to_string(), id);
        let deleted = desk.raw("teams.delete", &json!({ "id": id })).await.unwrap();
        assert_eq!((deleted.status, deleted.json().unwrap()), (204, Value::Null));
        let error = desk.raw("teams.create", &json!({ "nmae": "Sms" })).await.unwrap_err();
        let errors = &error.api().unwrap().errors;
        assert_eq!((errors[0].pointer.as_str(), &errors[0].details["suggestions"]), ("/nmae", &json!(["name"])));
        let dry = desk.raw("contacts.bulkUpdate", &json!({ "filters": "name:x", "add_tags": ["vip"] })).dry_run();
        assert_eq!(dry.await.unwrap().json().unwrap()["dry_run"], true);
        for name in ["", "../health", "teams.list?x=1"] {
            assert!(matches!(desk.raw(name, &json!({})).await, Err(Error::Setup(_))), "{name}");
        }
        assert!(matches!(desk.raw("events.stream", &json!({})).await, Err(Error::Setup(_))));
    });
}

#[test]
fn lists_are_walked_to_their_end() {
    on_both(async |api| {
        let desk = desk(api);
        for number in 0..5 {
            desk.call(create(&format!("Team {number}"))).await.unwrap();
        }
        let two = || teams::ListTeams { limit: Some(dotdesk::method::Int(2)), ..Default::default() };
        let pages: Vec<Page<Team>> = desk.pages(two()).try_collect().await.unwrap();
        assert_eq!(pages.iter().map(|page| page.data.len()).collect::<Vec<_>>(), [2, 2, 1]);
        let names: Vec<String> = desk.items(two()).map_ok(|team| team.name).try_collect().await.unwrap();
        assert_eq!(names, ["Team 0", "Team 1", "Team 2", "Team 3", "Team 4"]);
        let raw: Vec<_> =
            desk.raw_pages("teams.list", &json!({ "limit": 2, "fields": ["name"] })).try_collect().await.unwrap();
        assert_eq!(raw.len(), 3);
        assert_eq!(raw[2]["data"], json!([{ "name": "Team 4" }]));
        let from = teams::ListTeams { cursor: pages[0].next_cursor.clone(), ..two() };
        assert_eq!(desk.items(from).try_collect::<Vec<_>>().await.unwrap().len(), 3);
        let broken = teams::ListTeams { cursor: Some("c1.nothing".into()), ..two() };
        let outcome: Vec<_> = desk.items(broken).collect().await;
        assert_eq!(outcome.len(), 1);
        assert_eq!(outcome[0].as_ref().unwrap_err().code(), "invalid_cursor");
    });
}

#[test]
fn jobs_are_waited_for() {
    on_both(async |api| {
        let desk = desk(api);
        for name in ["Ada", "Ada", "Bert"] {
            desk.call(contacts::Create { name: Patch::Set(name.into()), ..Default::default() }).await.unwrap();
        }
        let args = json!({ "filters": "name:Ada", "add_tags": ["vip"] });
        let args: contacts::BulkUpdate = serde_json::from_value(args).unwrap();
        let job = desk.call(args).await.unwrap();
        assert_eq!(job.status, JobStatus::Queued);
        let (over, ()) = tokio::join!(desk.wait(&job), api.work());
        let over = over.unwrap();
        assert_eq!((over.status, over.succeeded), (JobStatus::Succeeded, 2));
        let states: Vec<_> = desk.watch(&job.id).try_collect().await.unwrap();
        assert_eq!(states.len(), 1);
        assert_eq!(desk.wait(&api.unknown_id()).await.unwrap_err().code(), "job_not_found");
    });
}

#[test]
fn events_go_on_where_they_were() {
    on_both(async |api| {
        let desk = desk(api);
        let team = desk.call(create("Sms")).await.unwrap();
        api.settle().await;
        let stream = events::Stream { after: Some(events::Place(0)), ..Default::default() };
        let mut events = desk.events(serde_json::from_value(json!({ "after": "0", "types": ["team.*"] })).unwrap());
        let first = events.next().await.unwrap().unwrap();
        assert_eq!((first.kind.as_str(), first.object.id), ("team.created", team.id));
        desk.call(teams::Delete { id: team.id, ..Default::default() }).await.unwrap();
        api.settle().await;
        let second = events.next().await.unwrap().unwrap();
        assert_eq!((second.kind.as_str(), second.object.id), ("team.deleted", team.id));
        let nobody = Client::builder(&api.url).build().unwrap();
        let refused = nobody.events(stream).next().await.unwrap().unwrap_err();
        assert_eq!(refused.code(), "not_authed");
    });
}

/// A server that answers by a script: a whole answer, or nothing at all. It notes the keys that came.
async fn scripted(answers: Vec<Option<String>>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let keys = Arc::new(Mutex::new(Vec::new()));
    let noted = keys.clone();
    actix_web::rt::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_request(&mut stream).await;
            let key = request.lines().find_map(|line| line.strip_prefix("idempotency-key: ")).unwrap_or_default();
            noted.lock().unwrap().push(key.to_owned());
            if let Some(answer) = answer {
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    });
    (Client::builder(url).token("dd_live_x").retry(QUICK).build().unwrap(), keys)
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let read = stream.read_buf(&mut request).await.unwrap();
        let text = String::from_utf8_lossy(&request);
        let length =
            |head: &str| head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= length(head).unwrap_or(0)
        {
            return text.into_owned();
        }
        assert_ne!(read, 0, "the request is whole");
    }
}

fn answer(status: u16, headers: &str, body: &Value) -> Option<String> {
    let body = body.to_string();
    let length = body.len();
    Some(format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"))
}

fn failure(status: u16, kind: &str, code: &str) -> Option<String> {
    answer(status, "", &json!({ "error": { "type": kind, "code": code, "message": "not now" } }))
}

#[actix_web::test]
async fn what_fails_in_passing_is_tried_again_with_the_same_key() {
    let (client, keys) = scripted(vec![
        None,
        failure(503, "server", "service_unavailable"),
        failure(409, "conflict", "idempotency_in_progress"),
        answer(502, "", &json!("no JSON of ours")),
        answer(
            429,
            "retry-after: 1\r\n",
            &json!({ "error": { "type": "rate_limit", "code": "ratelimited", "message": "" } }),
        ),
        answer(200, "", &json!({ "id": 1 })),
    ])
    .await;
    let begun = std::time::Instant::now();
    let reply = client.raw("teams.create", &json!({})).await.unwrap();
    assert_eq!(reply.json().unwrap(), json!({ "id": 1 }));
    assert!(begun.elapsed() >= Duration::from_secs(1), "the server is not asked again before it wants to be");
    let keys = keys.lock().unwrap().clone();
    assert_eq!(keys.len(), 6);
    assert!(keys.iter().all(|key| *key == keys[0] && key.len() == 32), "{keys:?}");
}

#[actix_web::test]
async fn a_read_has_no_key_and_a_key_that_is_given_is_used() {
    let ok = || answer(200, "", &json!({}));
    let (client, keys) = scripted(vec![ok(), ok(), ok(), ok()]).await;
    client.raw("teams.list", &json!({})).await.unwrap();
    client.raw("teams.create", &json!({})).idempotency_key("order-4711").await.unwrap();
    client.raw("teams.create", &json!({})).await.unwrap();
    client.raw("some.thing", &json!({})).await.unwrap();
    let keys = keys.lock().unwrap().clone();
    assert_eq!((keys[0].as_str(), keys[1].as_str()), ("", "order-4711"));
    assert!(keys[2].len() == 32 && keys[3].len() == 32 && keys[2] != keys[3], "{keys:?}");
}

#[actix_web::test]
async fn what_is_wrong_or_not_safe_is_not_tried_again() {
    let wrong = || failure(400, "invalid_request", "invalid_arguments");
    let (client, keys) = scripted(vec![wrong(), answer(200, "", &json!({}))]).await;
    assert_eq!(client.raw("teams.create", &json!({})).await.unwrap_err().code(), "invalid_arguments");
    assert_eq!(keys.lock().unwrap().len(), 1);
    // A login takes no token, so nobody remembers its key: that it broke may mean that it was done.
    let (client, keys) = scripted(vec![None, answer(200, "", &json!({}))]).await;
    let error = client.raw("auth.refresh", &json!({})).await.unwrap_err();
    assert!(matches!(error, Error::Transport { is_unsent: false, .. }), "{error}");
    assert_eq!(keys.lock().unwrap().len(), 1);
    let (client, keys) = scripted(vec![failure(503, "server", "service_unavailable"); 7]).await;
    assert_eq!(client.raw("teams.list", &json!({})).await.unwrap_err().code(), "service_unavailable");
    assert_eq!(keys.lock().unwrap().len(), 6);
}

#[actix_web::test]
async fn a_server_that_is_not_there_is_told_from_one_that_is_none_of_ours() {
    let away = Client::builder("http://127.0.0.1:1").retry(QUICK).build().unwrap();
    let error = away.raw("teams.list", &json!({})).await.unwrap_err();
    assert!(matches!(error, Error::Transport { is_unsent: true, .. }), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
    let (client, _) = scripted(vec![answer(301, "location: https://elsewhere.test/\r\n", &json!({}))]).await;
    let error = client.raw("teams.list", &json!({})).await.unwrap_err();
    assert!(error.to_string().contains("https://elsewhere.test/"), "{error}");
    let (client, _) = scripted(vec![answer(200, "", &json!("<html>"))]).await;
    let error = client.call(teams::ListTeams::default()).await.unwrap_err();
    assert!(matches!(error, Error::Answer { status: 200, .. }), "{error}");
}

#[actix_web::test]
async fn a_stream_goes_on_after_the_last_event_when_it_breaks() {
    let event = |seq: u64| format!("id: {seq}\nevent: team.updated\ndata: {{\"seq\":{seq}}}\n\n");
    let begin =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\nretry: 2000\n\n: hb\n\n";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder(format!("http://{}", listener.local_addr().unwrap())).retry(QUICK).build().unwrap();
    let places = Arc::new(Mutex::new(Vec::new()));
    let noted = places.clone();
    actix_web::rt::spawn(async move {
        for answer in [format!("{begin}{}{}id: 9", event(7), event(8)), String::new(), format!("{begin}{}", event(9))] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_request(&mut stream).await;
            let place = request.lines().find_map(|line| line.strip_prefix("last-event-id: ")).unwrap_or_default();
            noted.lock().unwrap().push(place.to_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let events: Vec<String> = client.raw_events(&json!({ "after": "6" })).take(3).try_collect().await.unwrap();
    assert_eq!(events, ["{\"seq\":7}", "{\"seq\":8}", "{\"seq\":9}"]);
    assert_eq!(*places.lock().unwrap(), ["", "8", "8"]);
}

/// The answer of the first call gets lost on its way; the second try gets the same answer, and nothing is done twice.
#[test]
fn a_write_whose_answer_was_lost_happens_once() {
    on_both(async |api| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = api.url.trim_start_matches("http://").to_owned();
        actix_web::rt::spawn(async move {
            let (mut near, _) = listener.accept().await.unwrap();
            let request = read_request(&mut near).await;
            let mut far = TcpStream::connect(&server).await.unwrap();
            far.write_all(request.as_bytes()).await.unwrap();
            // The answer has come, and is thrown away.
            far.read_u8().await.unwrap();
            drop(near);
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = TcpStream::connect(&server).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        });
        let client = Client::builder(url).token(&api.acme.key).retry(QUICK).build().unwrap();
        let reply = client.raw("teams.create", &json!({ "name": "Once" })).await.unwrap();
        assert_eq!(reply.header("idempotent-replayed"), Some("true"));
        let teams = api.admin().ok("teams.list", json!({})).await;
        assert_eq!(teams["data"], json!([reply.json().unwrap()]));
    });
}
