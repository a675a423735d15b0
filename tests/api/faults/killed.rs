//! The process is killed in the middle of writing: no answered write is lost, none happens twice, none half; and everything that
//! happened reaches the webhook, under one id each.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::Random;
use super::ledger::Ledger;
use crate::support::databases::{self, Cluster, Database};
use crate::support::program::{Place, Server};
use crate::webhooks::receiver::Receiver;

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
    let place = Place::new(database).with("DOTDESK_ALLOW_PRIVATE_WEBHOOKS", "on");
    let created = place.setup("Acme");
    let (key, owner) = (created["api_key"].as_str().unwrap(), &created["user"]["id"]);
    let (ledger, receiver) = (Ledger::default(), Receiver::start());
    let mut was_open = 0;
    {
        let hook = json!({ "name": "Kept", "url": receiver.url, "events": ["team.created"], "verify": false });
        place.serve().client(key).ok("webhooks.create", hook).await;
    }
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
    everything_arrives(&receiver, ledger.answered()).await;
}

/// Every team was announced, each under one id, however often it came.
async fn everything_arrives(receiver: &Receiver, teams: usize) {
    let ids = || -> BTreeMap<String, BTreeSet<String>> {
        let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for got in receiver.got() {
            let team = got.json()["data"]["id"].as_str().unwrap().to_owned();
            ids.entry(team).or_default().insert(got.header("webhook-id").to_owned());
        }
        ids
    };
    // What a server that was killed had taken on is another one's only when its lease is over.
    super::until("everything has arrived", Duration::from_secs(120), async || ids().len() >= teams).await;
    let ids = ids();
    assert_eq!(ids.len(), teams);
    assert!(ids.values().all(|ids| ids.len() == 1), "an event came under two ids: {ids:?}");
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
