//! Clients that hang up in the middle of things.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::ledger::Ledger;
use super::{Random, until};
use crate::support::{Api, on_both};

#[test]
fn a_write_happens_completely_or_not_at_all_when_the_client_hangs_up() {
    on_both(async |api| {
        let ledger = Ledger::default();
        let owner = json!(api.acme.owner);
        let mut random = Random(7);
        for n in 0..80 {
            let body = ledger.doubt(&format!("hung-up-{n}"), &owner).to_string();
            let mut stream = call(api, &body).await;
            tokio::time::sleep(Duration::from_micros(random.below(3000))).await;
            if n % 2 == 0 {
                // Not even a goodbye: the connection is reset.
                stream.set_zero_linger().unwrap();
            } else {
                stream.shutdown().await.unwrap();
            }
        }
        nothing_is_left_running(api).await;
        let admin = api.admin();
        ledger.settle(&admin, &owner).await;
        ledger.check(&api.database.url).await;
    });
}

#[test]
fn half_a_body_is_no_call() {
    on_both(async |api| {
        let before = api.row_counts().await;
        for length in [0, 1, 10, 25] {
            let mut stream = call(api, "").await;
            // Announced as longer than what comes; what comes would be good JSON.
            let _ = stream.write_all(&br#"{"name":"Half a body"}    "#[..length]).await;
        }
        nothing_is_left_running(api).await;
        assert_eq!(api.row_counts().await, before);
        api.admin().ok("teams.create", json!({ "name": "A whole one" })).await;
    });
}

/// Sends a call of `teams.create` whose body is not empty, or has at least not come yet.
async fn call(api: &Api, body: &str) -> TcpStream {
    let length = if body.is_empty() { 100 } else { body.len() };
    let head = format!(
        "POST /teams.create HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n",
        api.acme.key
    );
    let mut stream = TcpStream::connect(api.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    stream
}

/// The server notices that all others have gone.
async fn nothing_is_left_running(api: &Api) {
    until("only this request is running", Duration::from_secs(10), async || {
        let metrics = api.nobody().get("/metrics").await.text;
        metrics.lines().any(|line| line == "dotdesk_requests_in_flight 1")
    })
    .await;
}
