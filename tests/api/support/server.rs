//! A server of one test.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use dotdesk::access::authenticate::Sessions;
use dotdesk::access::jwt::{SigningSecret, TokenSigner};
use dotdesk::access::limits::{Limits, Quotas};
use dotdesk::access::password::Passwords;
use dotdesk::db::{Db, Id, Ids, Timestamp};
use dotdesk::http::{self, Running};
use dotdesk::jobs::Workshop;
use dotdesk::method::{App, Clock, Generation, Keyring, Registry, Services};
use dotdesk::providers::blobs::{Blobs, Disk};
use dotdesk::providers::fetch::Fetch;
use dotdesk::providers::guard;
use dotdesk::providers::post::Post;
use dotdesk::resources::integrations::events::Streams;

use tempfile::TempDir;

use super::client::Client;
use super::databases::{self, Database};
use super::organization::{self, Organization};

/// The instant at which tests start unless they say otherwise.
pub const START: Timestamp = Timestamp::from_millis(1_795_155_754_492);

/// How long receivers of webhooks may take.
pub const RECEIVER: Duration = Duration::from_secs(3);

/// How a test's server differs from the usual one.
#[derive(Clone)]
pub struct Setup {
    /// Rate limits; off unless set.
    pub quotas: Quotas,
    /// The HTTP server's options.
    pub options: http::Options,
    /// The instant at which the test starts.
    pub start: Timestamp,
    /// Adds services to the usual ones.
    pub services: Arc<dyn Fn(Services) -> Services>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            quotas: Quotas::OFF,
            options: http::Options { workers: 1, ..http::Options::default() },
            start: START,
            services: Arc::new(|usual| usual),
        }
    }
}

/// A running server with an organization, Acme, and a second one that is none of Acme's business.
pub struct Api {
    /// Where it listens.
    pub url: String,
    /// The server, for what cannot be seen from outside.
    pub app: App,
    /// Its methods.
    pub registry: Arc<Registry>,
    /// The organization that tests work in.
    pub acme: Organization,
    /// Another one on the same server.
    pub other: Organization,
    /// The database.
    pub database: Database,
    /// The folder where the bytes of files are.
    pub files: TempDir,
    clock: Arc<AtomicI64>,
    running: Running,
}

/// Runs a test on SQLite and then on PostgreSQL.
pub fn on_both<F: AsyncFn(&Api)>(test: F) {
    on_both_with(Setup::default(), test);
}

/// Runs a test on both databases, with a server that differs from the usual one.
pub fn on_both_with<F: AsyncFn(&Api)>(setup: Setup, test: F) {
    actix_web::rt::System::new().block_on(async {
        let sqlite = Api::start(databases::sqlite().await, &setup).await;
        eprintln!("on sqlite:");
        test(&sqlite).await;
        sqlite.stop().await;
        if let Some(database) = databases::postgres().await {
            let postgres = Api::start(database, &setup).await;
            eprintln!("on postgres:");
            test(&postgres).await;
            postgres.stop().await;
        }
    });
}

impl Api {
    async fn start(database: Database, setup: &Setup) -> Self {
        let clock = Arc::new(AtomicI64::new(setup.start.millis()));
        let registry = Arc::new(Registry::new(dotdesk::api::TABLES));
        let db = Db::connect(databases::options(&database.url)).await.unwrap();
        let files = tempfile::tempdir().unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let services = Services::default()
            .with(Passwords::quick().unwrap())
            .with(TokenSigner::new(&[SigningSecret::generate(Timestamp::from_millis(0)).unwrap()]).unwrap())
            .with(Sessions::default())
            .with(Limits::new(setup.quotas))
            .with(Blobs::Disk(Disk::open(files.path().to_owned()).unwrap()))
            .with(Fetch::new(false).unwrap())
            .with(Post::with(true, RECEIVER, guard::system_lookup()).unwrap())
            .with(Streams::default())
            .with(Workshop::new(dotdesk::api::JOBS))
            .with(registry.clone());
        let keyring = Keyring::new(&[Generation::new(None).unwrap()]).unwrap();
        let services = (setup.services)(services);
        let app = App::new(db, Clock::Fixed(clock.clone()), Ids::counted(), keyring, services);
        let acme = organization::create(&app, "Acme").await;
        let other = organization::create(&app, "Other").await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let running = http::start(listener, app.clone(), registry.clone(), setup.options.clone()).unwrap();
        let url = format!("http://{}", running.address);
        Self { url, app, registry, acme, other, database, files, clock, running }
    }

    /// Finishes what was begun and ends.
    pub async fn stop(self) {
        self.running.stop().await.unwrap();
    }

    /// A client with the key of Acme's owner.
    pub fn admin(&self) -> Client {
        self.client(&self.acme.key)
    }

    /// A client with the key of the other organization's owner.
    pub fn stranger(&self) -> Client {
        self.client(&self.other.key)
    }

    /// A client without a token.
    pub fn nobody(&self) -> Client {
        Client::new(&self.url, None)
    }

    /// A client with a token.
    pub fn client(&self, token: &str) -> Client {
        Client::new(&self.url, Some(token))
    }

    /// Lets time pass.
    pub fn pass_seconds(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// Does all jobs that are due.
    pub async fn work(&self) {
        dotdesk::jobs::work(&self.app).await.unwrap();
    }

    /// The present instant of the server.
    pub fn now(&self) -> Timestamp {
        self.app.now()
    }

    /// How many rows every table has: the same before and after means that nothing was stored.
    pub async fn row_counts(&self) -> Vec<(String, i64)> {
        // So that an event is in the same table before and after what is tested.
        self.settle().await;
        organization::row_counts(&self.app).await
    }

    /// An id that belongs to nothing.
    pub fn unknown_id(&self) -> Id {
        Id::from_bytes([0x77; 16])
    }
}
