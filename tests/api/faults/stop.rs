//! The server is told to stop: what was begun is finished, nothing new is begun.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::net::TcpStream;

use super::until;
use crate::support::databases;
use crate::support::organization::PASSWORD;
use crate::support::program::{Place, Server};

/// Slow calls that are running when the signal comes.
const CALLS: usize = 20;

#[test]
fn calls_that_are_running_are_answered() {
    actix_web::rt::System::new().block_on(async {
        let place = Place::new(databases::no_sqlite());
        place.setup("Acme");
        let mut server = place.serve();
        let nobody = server.nobody();
        let login = json!({ "email": "owner@acme.test", "password": PASSWORD });
        let logins = join_all((0..CALLS).map(|_| nobody.attempt("auth.login", &login)));
        let stop = async {
            until("all logins have arrived", Duration::from_secs(10), async || arrived(&server).await >= CALLS).await;
            server.terminate();
            let address = server.url.trim_start_matches("http://");
            until("nobody new is let in", Duration::from_secs(5), async || TcpStream::connect(address).await.is_err())
                .await;
        };
        let (replies, ()) = tokio::join!(logins, stop);
        for reply in replies {
            let reply = reply.expect("every call is answered");
            assert_eq!(reply.status, 200, "{}", reply.text);
            place.hide(reply.body["access_token"].as_str().unwrap());
            place.hide(reply.body["refresh_token"].as_str().unwrap());
        }
        let status = server.wait();
        assert!(status.success(), "{status}\n{}", server.log());
    });
}

#[test]
fn idle_connections_hold_nothing_up() {
    actix_web::rt::System::new().block_on(async {
        let place = Place::new(databases::no_sqlite());
        let created = place.setup("Acme");
        let mut server = place.serve();
        let client = server.client(created["api_key"].as_str().unwrap());
        let _never_used = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
        client.ok("teams.list", json!({})).await;
        let started = Instant::now();
        server.terminate();
        let (status, _client) = (server.wait(), client);
        assert!(status.success(), "{status}\n{}", server.log());
        assert!(started.elapsed() < Duration::from_secs(5), "it took {:?}", started.elapsed());
    });
}

/// How many logins the server has begun, finished or not.
async fn arrived(server: &Server) -> usize {
    let metrics = server.nobody().get("/metrics").await.text;
    let number = |name: &str| -> usize {
        let lines = metrics.lines().filter(|line| line.starts_with(name));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
    };
    // This request is running too.
    number("dotdesk_requests_in_flight") - 1 + number("dotdesk_requests_total{method=\"auth.login\"")
}
