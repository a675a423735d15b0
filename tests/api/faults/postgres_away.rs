//! PostgreSQL stops under load and comes back: calls are told to come again, and the same process goes on.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::ledger::Ledger;
use super::until;
use crate::support::client::{Client, Reply};
use crate::support::databases::{self, Cluster, Database};
use crate::support::program::Place;

/// How long calls may take in these tests.
const TIMEOUT: Duration = Duration::from_secs(4);

/// An answer while the database is away: it is a good one, or says to come again.
#[track_caller]
fn served_or_told_to_wait(reply: &Reply) {
    if reply.status >= 300 {
        reply.refused(503, "service_unavailable");
        assert!(reply.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1), "{:?}", reply.headers);
    }
}

#[test]
fn a_stop_is_survived_without_a_restart() {
    let Some(cluster) = Cluster::start(true) else { return };
    let database = Database { url: cluster.url.clone(), folder: tempfile::tempdir().unwrap() };
    actix_web::rt::System::new().block_on(async {
        let place = Place::new(database).with("DOTDESK_REQUEST_TIMEOUT_SECONDS", TIMEOUT.as_secs().to_string());
        let created = place.setup("Acme");
        let (key, owner) = (created["api_key"].as_str().unwrap(), &created["user"]["id"]);
        let server = place.serve();
        let client = server.client(key);
        let (ledger, is_over) = (Ledger::default(), Cell::new(false));
        let statuses: RefCell<BTreeMap<u16, usize>> = RefCell::default();
        let look = |reply: &Reply| {
            served_or_told_to_wait(reply);
            *statuses.borrow_mut().entry(reply.status).or_default() += 1;
        };
        let reads = async {
            while !is_over.get() {
                let started = Instant::now();
                look(&client.post("teams.list", &json!({ "limit": 3 })).await);
                assert!(started.elapsed() < TIMEOUT + Duration::from_secs(1), "{:?}", started.elapsed());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let writes = ledger.write(&client, owner, 8, || !is_over.get(), look);
        let story = async {
            let nobody = server.nobody();
            until("writes are answered", TIMEOUT, async || ledger.answered() > 20).await;
            cluster.down();
            until("it is known", TIMEOUT, async || nobody.get("/ready").await.status == 503).await;
            let before = ledger.answered();
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(nobody.get("/health").await.status, 200);
            served_or_told_to_wait(&nobody.get("/ready").await);
            assert_eq!(ledger.answered(), before, "nothing is written without a database");
            cluster.up();
            until("it is back", TIMEOUT, async || nobody.get("/ready").await.status == 200).await;
            until("writes are answered again", TIMEOUT, async || ledger.answered() > before + 20).await;
            is_over.set(true);
        };
        tokio::join!(writes, reads, story);
        let statuses = statuses.into_inner();
        assert_eq!(statuses.keys().copied().collect::<Vec<_>>(), [200, 503], "{statuses:?}");
        ledger.check(&place.database.url).await;
        ledger.settle(&client, owner).await;
        ledger.check(&place.database.url).await;
    });
}

#[test]
fn a_database_that_says_nothing_holds_no_call_longer_than_allowed() {
    actix_web::rt::System::new().block_on(async {
        let Some(mut database) = databases::postgres().await else { return };
        let frozen = Freezer::before(&mut database);
        let place = Place::new(database).with("DOTDESK_REQUEST_TIMEOUT_SECONDS", "1");
        let created = place.setup("Acme");
        let server = place.serve();
        let client = server.client(created["api_key"].as_str().unwrap());
        let write = async |client: &Client, name: &str| client.post("teams.create", &json!({ "name": name })).await;
        assert_eq!(write(&client, "Before").await.status, 200);

        frozen.set(true);
        let started = Instant::now();
        let (read, written, unknown, ready) = tokio::join!(
            async { client.post("teams.list", &json!({})).await },
            write(&client, "Meanwhile"),
            // Whether this token is good, only the database knows.
            async { server.client("dd_live_unknown").post("teams.list", &json!({})).await },
            async { server.nobody().get("/ready").await },
        );
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        for reply in [read, written, ready] {
            assert!(
                matches!((reply.status, reply.code()), (503, "service_unavailable") | (504, "request_timeout")),
                "{}",
                reply.text
            );
        }
        assert!(matches!(unknown.status, 401 | 503 | 504), "{}", unknown.text);

        frozen.set(false);
        until("it is back", Duration::from_secs(10), async || write(&client, "After").await.status == 200).await;
        let listed = client.ok("teams.list", json!({})).await;
        let names: Vec<_> = listed["data"].as_array().unwrap().iter().map(|team| team["name"].clone()).collect();
        assert_eq!(names.first(), Some(&json!("Before")));
        assert!(!names.contains(&json!("Meanwhile")), "a write that was answered with an error took place");
    });
}

/// A way to the database on which nothing moves while it is frozen; nobody is told that anything is wrong.
struct Freezer(watch::Sender<bool>);

impl Freezer {
    /// Puts one before the database.
    fn before(database: &mut Database) -> Self {
        let url = database.url.parse::<url::Url>().unwrap();
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let mut way = url.clone();
        way.set_host(Some("127.0.0.1")).unwrap();
        way.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        database.url = way.to_string();
        let (sender, frozen) = watch::channel(false);
        // A thread of its own, because tests wait for processes on theirs. It ends with the sender.
        std::thread::spawn(move || actix_web::rt::System::new().block_on(pass(listener, target, frozen)));
        Self(sender)
    }

    fn set(&self, is_frozen: bool) {
        self.0.send(is_frozen).unwrap();
    }
}

/// Passes every connection on.
async fn pass(listener: std::net::TcpListener, target: String, mut frozen: watch::Receiver<bool>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let near = tokio::select! {
            accepted = listener.accept() => accepted.unwrap().0,
            closed = frozen.wait_for(|_| false) => break drop(closed),
        };
        let (far, frozen) = (TcpStream::connect(&target).await.unwrap(), frozen.clone());
        // When one side hangs up, so does the other.
        actix_web::rt::spawn(async move {
            tokio::select! {
                () = carry(&near, &far, frozen.clone()) => {}
                () = carry(&far, &near, frozen.clone()) => {}
            }
        });
    }
}

/// Carries what comes from one side to the other, except while it is frozen.
async fn carry(from: &TcpStream, to: &TcpStream, mut frozen: watch::Receiver<bool>) {
    let mut buffer = [0; 8192];
    loop {
        if frozen.wait_for(|is_frozen| !is_frozen).await.is_err() || from.readable().await.is_err() {
            return;
        }
        // It may have been frozen while nothing came.
        if *frozen.borrow() {
            continue;
        }
        let mut rest = match from.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => &buffer[..length],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => return,
        };
        while !rest.is_empty() {
            match to.try_write(rest) {
                Ok(length) => rest = &rest[length..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => to.writable().await.unwrap(),
                Err(_) => return,
            }
        }
    }
}
