//! SQLite's file: no room for it, and somebody else who has it locked.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use futures_util::future::join_all;
use serde_json::json;

use super::ledger::Ledger;
use super::until;
use crate::support::databases::{self, Database, sqlite_file};
use crate::support::program::{Place, Server};

/// Bytes that are left when the disk is nearly full.
const ROOM: u64 = 150_000;

#[test]
fn writes_wait_for_another_process_and_reads_do_not() {
    actix_web::rt::System::new().block_on(async {
        let place = Place::new(databases::no_sqlite());
        let created = place.setup("Acme");
        let server = place.serve();
        let client = server.client(created["api_key"].as_str().unwrap());
        client.ok("teams.create", json!({ "name": "Before" })).await;
        let file = sqlite_file(&place.database.url).unwrap().to_string_lossy().into_owned();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let other = std::thread::spawn(move || {
            let mut conn = SqliteConnection::establish(&file).unwrap();
            conn.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
            begun.send(()).unwrap();
            std::thread::sleep(Duration::from_secs(2));
            conn.batch_execute("COMMIT").unwrap();
        });
        has_begun.await.unwrap();
        let started = Instant::now();
        let writes = join_all((0..5).map(|n| client.ok("teams.create", json!({ "name": format!("Waiting {n}") }))));
        let reads = async {
            for _ in 0..5 {
                assert_eq!(client.ok("teams.list", json!({})).await["data"].as_array().unwrap().len(), 1);
            }
            assert!(started.elapsed() < Duration::from_secs(1), "reads waited for {:?}", started.elapsed());
        };
        tokio::join!(writes, reads);
        assert!(started.elapsed() > Duration::from_millis(1500), "the lock held nobody up");
        assert_eq!(client.ok("teams.list", json!({})).await["data"].as_array().unwrap().len(), 6);
        other.join().unwrap();
    });
}

#[test]
fn a_full_disk_is_survived() {
    let Some(disk) = SmallDisk::new() else {
        let _ =
            writeln!(std::io::stderr(), "\n*** No file system can be mounted here: a full disk was not tested. ***\n");
        return;
    };
    let url = format!("sqlite://{}", disk.path.join("test.db").display());
    let database = Database { url, folder: tempfile::tempdir().unwrap() };
    let ballast = disk.path.join("ballast");
    survive(database, |place| place.serve(), |_| fill(&ballast), |_| std::fs::remove_file(&ballast).unwrap());
}

#[test]
fn a_file_that_may_not_grow_is_survived() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        let _ = writeln!(
            std::io::stderr(),
            "\n*** There is no prlimit here: a limit of the file size was not tested. ***\n"
        );
        return;
    }
    let limit = |server: &Server, limit: &str| {
        let (pid, limit) = (server.id().to_string(), format!("--fsize={limit}:unlimited"));
        assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
    };
    let database = databases::no_sqlite();
    let log = sqlite_file(&database.url).unwrap().with_extension("db-wal");
    survive(
        database,
        // The signal that ends a process at its limit is ignored, as whoever sets such a limit does.
        |place| place.start(place.command_after("trap '' XFSZ", &["serve"])),
        |server| limit(server, &(std::fs::metadata(&log).unwrap().len() + ROOM).to_string()),
        |server| limit(server, "unlimited"),
    );
}

/// Writes until there is no room: writes are refused then, and reads go on; and when there is room, everything does.
fn survive(database: Database, start: impl Fn(&Place) -> Server, fill: impl Fn(&Server), make_room: impl Fn(&Server)) {
    actix_web::rt::System::new().block_on(async {
        let place = Place::new(database);
        let created = place.setup("Acme");
        let (key, owner) = (created["api_key"].as_str().unwrap(), &created["user"]["id"]);
        let server = start(&place);
        let client = server.client(key);
        let ledger = Ledger::default();
        let (count, codes) = (Cell::new(0), RefCell::new(BTreeSet::new()));
        ledger.write(&client, owner, 4, || ledger.answered() < 8, |reply| assert_eq!(reply.status, 200)).await;
        fill(&server);
        ledger
            .write(
                &client,
                owner,
                4,
                || count.get() < 40,
                |reply| {
                    if reply.status != 200 {
                        reply.refused(503, "service_unavailable");
                        count.set(count.get() + 1);
                    }
                    codes.borrow_mut().insert(reply.status);
                },
            )
            .await;
        assert_eq!(codes.into_inner(), BTreeSet::from([200, 503]), "there was room for some");
        let all = client.ok("teams.list", json!({ "limit": 1000, "fields": ["name"] })).await;
        assert_eq!(all["data"].as_array().unwrap().len(), ledger.answered(), "what was refused did not happen");
        assert_eq!(server.nobody().get("/ready").await.status, 200);
        ledger.check(&place.database.url).await;

        make_room(&server);
        let served = async || client.post("teams.create", &ledger.doubt("room-again", owner)).await.status == 200;
        until("writes work again", Duration::from_secs(5), served).await;
        ledger.settle(&client, owner).await;
        ledger.check(&place.database.url).await;
    });
}

/// Leaves [`ROOM`] bytes of the disk.
fn fill(ballast: &Path) {
    let mut file = File::create(ballast).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(ROOM)).unwrap();
}

/// A file system of a few megabytes.
struct SmallDisk {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` where one cannot be mounted; only root may.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"]).arg(&path);
        let is_mounted = mount.output().is_ok_and(|output| output.status.success());
        is_mounted.then_some(Self { path, _folder: folder })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
