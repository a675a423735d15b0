//! The process is killed in the middle of writing: no answered write is lost, none happens twice, none half.

use std::time::Duration;

use serde_json::Value;

use super::Random;
use super::ledger::Ledger;
use crate::support::databases::{self, Cluster, Database};
use crate::support::program::{Place, Server};

const WRITERS: usize = 8;

#[test]
fn sqlite_keeps_what_was_answered_when_the_process_is_killed() {
    actix_web::rt::System::new().block_on(kill_again_and_again(databases::no_sqlite(), 10));
}

#[test]
fn postgres_keeps_what_was_answered_when_the_process_is_killed() {
    let Some(cluster) = Cluster::start(true) else { return };
    let database = Database { url: cluster.url.clone(), folder: tempfile::tempdir().unwrap() };
    actix_web::rt::System::new().block_on(kill_again_and_again(database, 5));
}

async fn kill_again_and_again(database: Database, rounds: u64) {
    let place = Place::new(database);
    let created = place.setup("Acme");
    let (key, owner) = (created["api_key"].as_str().unwrap(), &created["user"]["id"]);
    let ledger = Ledger::default();
    let mut was_open = 0;
    for round in 0..rounds {
        let server = place.serve();
        let client = server.client(key);
        ledger.check(&place.database.url).await;
        was_open += ledger.open();
        ledger.settle(&client, owner).await;
        ledger.check(&place.database.url).await;
        write_until_killed(&ledger, server, key, owner, round).await;
    }
    let server = place.serve();
    ledger.settle(&server.client(key), owner).await;
    ledger.check(&place.database.url).await;
    assert!(was_open > 0, "the process was never killed in the middle of anything");
}

async fn write_until_killed(ledger: &Ledger, server: Server, key: &str, owner: &Value, round: u64) {
    let client = server.client(key);
    let answered = ledger.answered();
    // At least some writes are answered in each round; after that any moment is as good as another.
    let kill = async {
        super::until("writes are answered", Duration::from_secs(20), async || ledger.answered() > answered + WRITERS)
            .await;
        let moment = Duration::from_micros(Random(round).below(60_000));
        tokio::time::sleep(moment).await;
        server.kill();
    };
    let look = |reply: &crate::support::client::Reply| assert_eq!(reply.status, 200, "round {round}: {}", reply.text);
    tokio::join!(ledger.write(&client, owner, WRITERS, || true, look), kill);
}
