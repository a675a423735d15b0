//! A server without HTTP, with one organization, for the unit tests of this area.
//!
//! It runs on SQLite, and on PostgreSQL where `TEST_POSTGRES_URL` names a server; each test has a database of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::access::authenticate::{Sessions, server_itself};
use crate::access::jwt::{SigningSecret, TokenSigner};
use crate::access::password::Passwords;
use crate::access::user::UserStatus;
use crate::api;
use crate::db::prelude::*;
use crate::db::{Conn, Db, Id, Ids, Json, Options, Timestamp};
use crate::method::{
    App, Call, Caller, Clock, Code, Error, Generation, Input, Keyring, Registry, Request, Result, ScopeSet, Services,
};
use crate::run;
use crate::schema::{events, hostnames, logins, organizations, roles, users};

pub const START: Timestamp = Timestamp::from_millis(1_795_155_754_492);
pub const PASSWORD: &str = "correct horse battery staple";

enum Backend {
    Sqlite,
    Postgres,
}

pub struct Desk {
    pub app: App,
    pub organization: Id,
    clock: Arc<AtomicI64>,
    registry: Registry,
}

/// Runs a test on every database there is.
pub fn on_each_database(test: impl AsyncFn(Desk)) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async {
            match (backend, std::env::var("TEST_POSTGRES_URL")) {
                (Backend::Sqlite, _) => {
                    let folder = tempfile::tempdir().unwrap();
                    test(Desk::open(format!("sqlite://{}", folder.path().join("desk.db").display())).await).await;
                }
                (Backend::Postgres, Ok(server)) => {
                    let name = format!("unit_{}", Ids::random().next(Timestamp::now()).hex());
                    let mut url = url::Url::parse(&server).unwrap();
                    administer(&server, &format!("CREATE DATABASE {name}")).await;
                    url.set_path(&name);
                    test(Desk::open(url.into()).await).await;
                    administer(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
                }
                (Backend::Postgres, Err(_)) => {}
            }
        });
    }
}

async fn administer(server: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

impl Desk {
    async fn open(url: String) -> Self {
        let options = Options { url, max_connections: 4, synchronous: "off".into() };
        let db = Db::open(options).await.unwrap();
        let clock = Arc::new(AtomicI64::new(START.millis()));
        let services = Services::default()
            .with(Sessions::default())
            .with(Passwords::quick().unwrap())
            .with(TokenSigner::new(&[SigningSecret::generate(START).unwrap()]).unwrap());
        let keyring = Keyring::new(&[Generation::new(None).unwrap()]).unwrap();
        let app = App::new(db, Clock::Fixed(clock.clone()), Ids::random(), keyring, services);
        let organization = app.new_id();
        let desk = Self { app, organization, clock, registry: Registry::new(api::TABLES) };
        desk.add_organization(organization).await;
        desk
    }

    /// One more organization, called Acme like the first, with a host name of its own.
    pub async fn second_organization(&self) -> Id {
        let id = self.app.new_id();
        self.add_organization(id).await;
        id
    }

    async fn add_organization(&self, id: Id) {
        self.write(async move |conn| {
            let row = (
                organizations::id.eq(id),
                organizations::name.eq("Acme"),
                organizations::slug.eq(id.hex()),
                organizations::language.eq("en"),
                organizations::timezone.eq("UTC"),
                organizations::currency.eq("EUR"),
                organizations::plan.eq("free"),
            );
            let rest = (
                organizations::hostnames.eq(Json(json!([]))),
                organizations::default_models.eq(Json(json!({}))),
                organizations::connectors.eq(Json(json!({}))),
                organizations::settings.eq(Json(json!({}))),
                organizations::features.eq(Json(json!([]))),
                organizations::version.eq(1),
                organizations::created_at.eq(START),
                organizations::updated_at.eq(START),
            );
            run!(conn, |c| diesel::insert_into(organizations::table).values((row, rest)).execute(c)).unwrap();
            let row = (hostnames::hostname.eq(host(id)), hostnames::organization_id.eq(id));
            run!(conn, |c| diesel::insert_into(hostnames::table).values(row).execute(c)).unwrap();
        })
        .await;
    }

    pub async fn write(&self, work: impl AsyncFn(&mut Conn) + Send + 'static) {
        let deadline = Instant::now() + Duration::from_secs(10);
        let outcome: Result<()> = self
            .app
            .db
            .write(deadline, async move |tx| {
                work(tx).await;
                Ok(())
            })
            .await;
        outcome.unwrap();
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub fn host(&self) -> String {
        host(self.organization)
    }

    /// The address of a user, unlike that of any other test.
    pub fn email(&self, name: &str) -> String {
        format!("{name}.{}@example.com", self.organization.hex())
    }

    /// A user with a role of his own that has these scopes.
    pub async fn user(&self, name: &str, scopes: &str) -> Id {
        self.user_of(self.organization, name, scopes, UserStatus::Active).await
    }

    pub async fn user_of(&self, organization: Id, name: &str, scopes: &str, status: UserStatus) -> Id {
        let (id, role, email, name) = (self.app.new_id(), self.app.new_id(), self.email(name), name.to_owned());
        let scopes: ScopeSet = serde_json::from_value(scopes.split(' ').filter(|s| !s.is_empty()).collect()).unwrap();
        let hash = Passwords::quick().unwrap().hash(PASSWORD).await.unwrap();
        self.write(async move |conn| {
            let values = (
                roles::organization_id.eq(organization),
                roles::id.eq(role),
                roles::name.eq(role.hex()),
                roles::permissions.eq(Json(scopes)),
                roles::conversation_visibility.eq("all"),
                roles::is_system.eq(false),
                roles::version.eq(1),
                roles::created_at.eq(START),
                roles::updated_at.eq(START),
            );
            run!(conn, |c| diesel::insert_into(roles::table).values(values).execute(c)).unwrap();
            let values = (
                (
                    users::organization_id.eq(organization),
                    users::id.eq(id),
                    users::kind.eq("human"),
                    users::name.eq(&name),
                    users::email.eq(&email),
                    users::username.eq(&name),
                    users::role_id.eq(role),
                    users::status.eq(status),
                    users::availability.eq("online"),
                ),
                (
                    users::is_assignable.eq(true),
                    users::skills.eq(Json(json!([]))),
                    users::signatures.eq(Json(json!([]))),
                    users::metadata.eq(Json(json!({}))),
                    users::password_hash.eq((status != UserStatus::Invited).then_some(&hash)),
                    users::version.eq(1),
                    users::created_at.eq(START),
                    users::updated_at.eq(START),
                ),
            );
            run!(conn, |c| diesel::insert_into(users::table).values(values).execute(c)).unwrap();
            let login = (logins::name.eq(&email), logins::organization_id.eq(organization), logins::user_id.eq(id));
            run!(conn, |c| diesel::insert_into(logins::table).values(login).execute(c)).unwrap();
        })
        .await;
        id
    }

    /// The caller behind a token, as the HTTP layer would find him.
    pub async fn caller(&self, token: &str) -> Result<Arc<Caller>> {
        let sessions: &Sessions = self.app.services().get().unwrap();
        sessions.authenticate(&self.app, token, None).await
    }

    /// Calls a method: without a token, with one, or as the server itself (`*`).
    pub async fn call(&self, token: &str, method: &str, args: Value) -> Result<Value> {
        let caller = match token {
            "" => None,
            "*" => Some(Arc::new(server_itself(self.organization))),
            token => Some(self.caller(token).await?),
        };
        let Value::Object(args) = args else { panic!("arguments are an object") };
        let request = Request {
            id: format!("req_{}", self.app.new_id().hex()),
            at: self.app.now(),
            deadline: Instant::now() + Duration::from_secs(10),
            ip: Some([192, 0, 2, 1].into()),
            user_agent: Some("test".into()),
            idempotency_key: None,
            if_match: None,
            base_url: format!("https://{}", self.host()),
        };
        let method = self.registry.find(method)?.clone();
        let app = self.app.clone();
        let input = Input::Object(args);
        let call = Call { method: method.clone(), input, app, caller, request: Arc::new(request) };
        let answer = method.call(call).await?;
        Ok(answer.body.map_or(Value::Null, |body| serde_json::from_slice(&body).unwrap()))
    }

    /// Logs a user in with the password all have.
    pub async fn login(&self, name: &str) -> Value {
        self.call("", "auth.login", json!({"email": self.email(name), "password": PASSWORD})).await.unwrap()
    }

    /// The access token of a user who has just logged in.
    pub async fn token(&self, name: &str) -> String {
        text(&self.login(name).await["access_token"])
    }

    /// The events so far: type, data, actor's id.
    pub async fn events(&self) -> Vec<(String, Value, Value)> {
        let mut conn = self.app.db.read().await.unwrap();
        let rows: Vec<(String, String, String)> = run!(conn, |c| events::table
            .filter(events::organization_id.eq(self.organization))
            .order(events::id)
            .select((events::type_, events::data, events::actor))
            .load(c))
        .unwrap();
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        rows.into_iter().map(|(kind, data, actor)| (kind, read(&data), read(&actor)["id"].clone())).collect()
    }

    pub async fn event_types(&self) -> Vec<String> {
        self.events().await.into_iter().map(|(kind, ..)| kind).collect()
    }
}

fn host(organization: Id) -> String {
    format!("{}.example.com", organization.hex())
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The code of an error.
pub fn code<T: std::fmt::Debug>(outcome: Result<T>) -> Code {
    outcome.unwrap_err().code()
}

/// The arguments that an error names.
pub fn pointers(error: &Error) -> Vec<&str> {
    error.fields().iter().map(|field| field.pointer.as_str()).collect()
}
