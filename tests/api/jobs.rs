//! The durable queue: each item is done once, whatever happens to workers, and nobody waits for another organization's jobs.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dotdesk::access::authenticate::{Sessions, server_itself};
use dotdesk::db::{Db, Id, Ids};
use dotdesk::jobs::{self, Entry, Item, Job, Kind, New, Step, Workshop, work};
use dotdesk::method::{Access, App, Area, Clock, Code, Context, Error, Generation, Keyring, Result, Services, Tx};
use dotdesk::resources::crm::contacts::{self, Contact};
use futures_util::future::{join, join_all};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{Api, Setup, databases, on_both_with, organization};

/// Creates contacts, a few in each step.
#[derive(Serialize, Deserialize)]
struct Making {
    name: String,
    count: usize,
    at_once: usize,
    /// What goes wrong, once as many are there.
    trouble: Option<(usize, Trouble)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Trouble {
    /// Gathering takes until somebody lets it go on.
    Hangs,
    /// The step fails, as it does while the database is away.
    Passes,
    /// The step fails, as it does when something cannot be done.
    Lasts,
    /// The step panics.
    Panics,
    /// Gathering panics.
    PanicsEarly,
    /// Every step takes its time.
    IsSlow,
}

/// Whether trouble is over.
static IS_OVER: AtomicBool = AtomicBool::new(false);
/// How many workers hang.
static HANGING: AtomicI64 = AtomicI64::new(0);
/// Whose contacts were created, in their order.
static MADE: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// Tests that share these have them one after the other.
static ALONE: Mutex<()> = Mutex::new(());

impl Making {
    fn of(count: usize) -> Self {
        Self { name: "Acme".into(), count, at_once: 5, trouble: None }
    }

    fn with(count: usize, at: usize, trouble: Trouble) -> Self {
        Self { trouble: Some((at, trouble)), ..Self::of(count) }
    }

    fn trouble(&self, done: usize) -> Option<Trouble> {
        self.trouble.filter(|(at, _)| done >= *at && !IS_OVER.load(Ordering::SeqCst)).map(|(_, trouble)| trouble)
    }
}

impl Kind for Making {
    const NAME: &'static str = "test.making";
    const METHOD: &'static str = "contacts.create";
    const ACCESS: Access = Access::write(Area::Contacts);
    type Cursor = usize;
    type Material = ();

    async fn gather(&self, _: &Context, done: &usize) -> Result<()> {
        match self.trouble(*done) {
            Some(Trouble::Hangs) => {
                HANGING.fetch_add(1, Ordering::SeqCst);
                while !IS_OVER.load(Ordering::SeqCst) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            Some(Trouble::IsSlow) => tokio::time::sleep(Duration::from_millis(200)).await,
            Some(Trouble::PanicsEarly) => panic!("gathering panics"),
            _ => {}
        }
        Ok(())
    }

    async fn step(&self, tx: &mut Tx<'_>, _: &Job, done: &usize, (): &()) -> Result<Step<usize>> {
        let end = (done + self.at_once).min(self.count);
        let mut items = Vec::new();
        for n in *done..end {
            let mut contact = Contact::new(tx, tx.now());
            contact.name = Some(format!("{} {n}", self.name));
            let contact = contacts::store::insert(tx, contact).await?;
            items.push(Item::succeeded(contact.row.id));
        }
        // After the work, so that it has to be taken back.
        match self.trouble(*done) {
            Some(Trouble::Passes) => return Err(Error::new(Code::ServiceUnavailable, "away")),
            Some(Trouble::Lasts) => return Err(Error::new(Code::InvalidState, "never")),
            Some(Trouble::Panics) => panic!("the step panics"),
            _ => {}
        }
        MADE.lock().unwrap().push(self.name.clone());
        Ok(Step { next: (end < self.count).then_some(end), items, total: None })
    }
}

const KINDS: &[&[Entry]] = &[&[Entry::of::<Making>()]];

fn on_both(test: impl AsyncFn(&Api)) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let setup = Setup { services: Arc::new(|usual| usual.with(Workshop::new(KINDS))), ..Setup::default() };
    on_both_with(setup, async |api| {
        IS_OVER.store(false, Ordering::SeqCst);
        HANGING.store(0, Ordering::SeqCst);
        MADE.lock().unwrap().clear();
        test(api).await;
    });
}

/// Another server on the same database, with the same time.
async fn another_server(api: &Api) -> App {
    let db = Db::connect(databases::options(&api.database.url)).await.unwrap();
    let clock = Clock::Fixed(Arc::new(AtomicI64::new(api.now().millis())));
    let keyring = Keyring::new(&[Generation::new(None).unwrap()]).unwrap();
    let services = Services::default().with(Workshop::new(KINDS)).with(Sessions::default());
    App::new(db, clock, Ids::random(), keyring, services)
}

async fn ask_for(api: &Api, organization: Id, making: Making) -> Value {
    let ctx = Context::internal(api.app.clone(), server_itself(organization), "contacts.create");
    let job = ctx
        .write(async move |tx| jobs::add(tx, &making, New { total: making.count as i64, ..New::default() }).await)
        .await
        .unwrap();
    json!(job.row.id)
}

async fn ask(api: &Api, making: Making) -> Value {
    ask_for(api, api.acme.id, making).await
}

async fn info(api: &Api, job: &Value) -> Value {
    api.admin().ok("jobs.info", json!({ "id": job })).await
}

/// The numbers of the contacts that there are, in order.
async fn made(api: &Api) -> Vec<usize> {
    let mut cursor = Value::Null;
    let mut all = Vec::new();
    loop {
        let page = api.admin().ok("contacts.list", json!({ "limit": 1000, "cursor": cursor })).await;
        let number =
            |contact: &Value| contact["name"].as_str().unwrap().rsplit(' ').next().unwrap().parse::<usize>().unwrap();
        all.extend(page["data"].as_array().unwrap().iter().map(number));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            all.sort_unstable();
            return all;
        }
    }
}

/// Waits until something is so that another task is about to bring about.
async fn until(is_so: impl AsyncFn() -> bool) {
    for _ in 0..10_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it never came to be so");
}

#[test]
fn a_job_is_done_step_by_step_and_told_of() {
    on_both(async |api| {
        let job = ask(api, Making::of(12)).await;
        let queued = info(api, &job).await;
        assert_eq!((&queued["status"], &queued["progress"]), (&json!("queued"), &json!({ "done": 0, "total": 12 })));
        assert_eq!(queued["started_at"], Value::Null);
        let (turns, events) = api.events_of(work(&api.app)).await;
        assert_eq!(turns.unwrap(), 1);
        let done = info(api, &job).await;
        assert_eq!(
            (&done["status"], &done["succeeded"], &done["processed"]),
            (&json!("succeeded"), &json!(12), &json!(12))
        );
        assert_eq!((&done["failed"], &done["skipped"]), (&json!(0), &json!(0)));
        assert_eq!((&done["started_at"], &done["ended_at"]), (&json!(api.now()), &json!(api.now())));
        assert_eq!(done["type"], "contacts.create");
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, [["contact.created"; 12].as_slice(), &["job.completed"]].concat());
        assert_eq!(events[12].data, done);
        let results = api.admin().ok("jobs.listResults", json!({ "id": job, "limit": 1000 })).await;
        assert_eq!(results["data"].as_array().unwrap().len(), 12);
        assert_eq!(results["data"][0]["id"], events[0].data["id"]);
        assert_eq!(made(api).await, Vec::from_iter(0..12));
        assert_eq!(work(&api.app).await.unwrap(), 0, "there is nothing left to do");
        api.stranger().post("jobs.info", &json!({ "id": job })).await.refused(404, "job_not_found");
    });
}

#[test]
fn of_several_workers_and_servers_one_does_each_item() {
    on_both(async |api| {
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(ask(api, Making { at_once: 3, ..Making::of(60) }).await);
            ask_for(api, api.other.id, Making { at_once: 3, ..Making::of(60) }).await;
        }
        let servers = join_all((0..3).map(|_| another_server(api))).await;
        let workers = servers.iter().chain([&api.app, &api.app]).map(work);
        for turns in join_all(workers).await {
            turns.unwrap();
        }
        for job in &all {
            let done = info(api, job).await;
            assert_eq!((&done["status"], &done["succeeded"]), (&json!("succeeded"), &json!(60)));
            let results = api.admin().ok("jobs.listResults", json!({ "id": job, "limit": 1000 })).await;
            assert_eq!(results["data"].as_array().unwrap().len(), 60);
        }
        let expected: Vec<usize> = (0..60).flat_map(|n| [n, n, n]).collect();
        assert_eq!(made(api).await, expected);
    });
}

#[test]
fn the_job_of_a_worker_that_died_goes_on_where_it_was() {
    on_both(async |api| {
        let job = ask(api, Making::with(40, 20, Trouble::Hangs)).await;
        let dying = another_server(api).await;
        {
            let working = std::pin::pin!(work(&dying));
            let hangs = std::pin::pin!(until(async || HANGING.load(Ordering::SeqCst) == 1));
            let first = futures_util::future::select(working, hangs).await;
            assert!(matches!(first, futures_util::future::Either::Right(_)));
        }
        let half = info(api, &job).await;
        assert_eq!((&half["status"], &half["processed"]), (&json!("running"), &json!(20)));
        IS_OVER.store(true, Ordering::SeqCst);
        assert_eq!(work(&api.app).await.unwrap(), 0, "the lease is not over");
        api.pass_seconds(60);
        work(&api.app).await.unwrap();
        assert_eq!(info(api, &job).await["status"], "succeeded");
        assert_eq!(made(api).await, Vec::from_iter(0..40));
    });
}

#[test]
fn a_worker_that_comes_back_too_late_does_nothing() {
    on_both(async |api| {
        let job = ask(api, Making::with(40, 20, Trouble::Hangs)).await;
        let late = another_server(api).await;
        let other = async {
            until(async || HANGING.load(Ordering::SeqCst) == 1).await;
            api.pass_seconds(60);
            let other = work(&api.app);
            let released = async {
                until(async || HANGING.load(Ordering::SeqCst) == 2).await;
                IS_OVER.store(true, Ordering::SeqCst);
            };
            join(other, released).await.0.unwrap();
        };
        // Both stand before the same step, and then go on at the same moment.
        join(work(&late), other).await.0.unwrap();
        work(&api.app).await.unwrap();
        let done = info(api, &job).await;
        assert_eq!((&done["status"], &done["processed"]), (&json!("succeeded"), &json!(40)));
        assert_eq!(made(api).await, Vec::from_iter(0..40));
    });
}

#[test]
fn what_may_pass_is_tried_again_and_what_lasts_is_not() {
    on_both(async |api| {
        let job = ask(api, Making::with(20, 10, Trouble::Passes)).await;
        work(&api.app).await.unwrap();
        let waiting = info(api, &job).await;
        assert_eq!((&waiting["status"], &waiting["processed"]), (&json!("running"), &json!(10)));
        assert_eq!(work(&api.app).await.unwrap(), 0, "there is a pause");
        api.pass_seconds(5);
        assert_eq!(work(&api.app).await.unwrap(), 1);
        api.pass_seconds(5);
        assert_eq!(work(&api.app).await.unwrap(), 0, "the second pause is longer");
        IS_OVER.store(true, Ordering::SeqCst);
        api.pass_seconds(5);
        work(&api.app).await.unwrap();
        assert_eq!(info(api, &job).await["status"], "succeeded");
        assert_eq!(made(api).await, Vec::from_iter(0..20));

        IS_OVER.store(false, Ordering::SeqCst);
        let job = ask(api, Making::with(20, 10, Trouble::Lasts)).await;
        let (_, events) = api.events_of(work(&api.app)).await;
        let failed = info(api, &job).await;
        assert_eq!((&failed["status"], &failed["processed"]), (&json!("failed"), &json!(10)));
        assert_eq!(failed["failure"], json!({ "code": "invalid_state", "message": "never" }));
        let last = events.last().unwrap();
        assert_eq!((last.kind.as_str(), &last.data), ("job.completed", &failed));
    });
}

#[test]
fn what_fails_again_and_again_is_given_up() {
    on_both(async |api| {
        for (trouble, code) in [
            (Trouble::Passes, "service_unavailable"),
            (Trouble::Panics, "internal_error"),
            (Trouble::PanicsEarly, "internal_error"),
        ] {
            let before = made(api).await.len();
            let job = ask(api, Making::with(20, 10, trouble)).await;
            // Another one of the same organization does not wait for it.
            let other = ask(api, Making::of(1)).await;
            work(&api.app).await.unwrap();
            assert_eq!(info(api, &other).await["status"], "succeeded");
            let mut attempts = 1;
            while info(api, &job).await["status"] == "running" {
                api.pass_seconds(600);
                attempts += work(&api.app).await.unwrap();
            }
            assert_eq!(attempts, 8, "{trouble:?}");
            let failed = info(api, &job).await;
            assert_eq!(
                (&failed["status"], &failed["failure"]["code"]),
                (&json!("failed"), &json!(code)),
                "{trouble:?}"
            );
            assert_eq!(made(api).await.len(), before + 11, "what was committed stays");
        }
    });
}

#[test]
fn a_job_that_was_called_off_does_no_more() {
    on_both(async |api| {
        let admin = api.admin();
        let job = ask(api, Making::with(40, 20, Trouble::Hangs)).await;
        let cancel = async {
            until(async || HANGING.load(Ordering::SeqCst) == 1).await;
            let (canceled, events) = api.events_of(admin.ok("jobs.cancel", json!({ "id": job }))).await;
            assert_eq!((&canceled["status"], &canceled["processed"]), (&json!("canceled"), &json!(20)));
            assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["job.completed"]);
            IS_OVER.store(true, Ordering::SeqCst);
        };
        join(work(&api.app), cancel).await.0.unwrap();
        assert_eq!(made(api).await, Vec::from_iter(0..20));
        let (again, events) = api.events_of(admin.ok("jobs.cancel", json!({ "id": job }))).await;
        assert_eq!((again["status"].as_str(), events.len()), (Some("canceled"), 0));
        let done = ask(api, Making::of(1)).await;
        work(&api.app).await.unwrap();
        let refused = admin.post("jobs.cancel", &json!({ "id": done })).await;
        refused.refused(409, "invalid_state");
        assert_eq!(refused.body["error"]["allowed"], json!(["queued", "running"]));
        admin.post("jobs.revert", &json!({ "id": done })).await.refused(409, "invalid_state");
    });
}

#[test]
fn organizations_take_turns() {
    on_both(async |api| {
        for _ in 0..3 {
            ask(api, Making::with(40, 0, Trouble::IsSlow)).await;
        }
        let small = Making { name: "Other".into(), ..Making::of(1) };
        ask_for(api, api.other.id, small).await;
        work(&api.app).await.unwrap();
        let order = MADE.lock().unwrap().clone();
        let turn = order.iter().position(|name| name == "Other").unwrap();
        assert!(turn <= 4 && order.len() == 25, "the other one's only step was number {turn} of {}", order.len());
    });
}

#[test]
fn who_may_do_it_no_more_does_it_no_more() {
    on_both(async |api| {
        let admin = api.admin();
        let role = admin.ok("roles.create", json!({ "name": "Bulk", "permissions": ["contacts:write"] })).await;
        let person = api.person_with("Berta", &role["id"]).await;
        let contact_scope = dotdesk::method::Scope::write(Area::Contacts);
        let key = organization::key(&api.app, api.acme.id, None, [contact_scope].into_iter().collect(), None).await;
        let expiring = organization::key(
            &api.app,
            api.acme.id,
            None,
            [contact_scope].into_iter().collect(),
            Some(api.now().plus_seconds(60)),
        )
        .await;
        let ask_as = async |token: &str| {
            let sessions: &Sessions = api.app.services().get().unwrap();
            let caller = sessions.authenticate(&api.app, token, None).await.unwrap();
            let ctx = Context::internal(api.app.clone(), caller.as_ref().clone(), "contacts.create");
            let job = ctx.write(async move |tx| jobs::add(tx, &Making::of(3), New::default()).await).await.unwrap();
            json!(job.row.id)
        };
        let token = person.login["access_token"].as_str().unwrap().to_owned();
        let failed = async |job: &Value, code: &str| {
            work(&api.app).await.unwrap();
            let job = info(api, job).await;
            assert_eq!((&job["status"], &job["failure"]["code"]), (&json!("failed"), &json!(code)));
            assert_eq!(made(api).await, Vec::<usize>::new());
        };

        let job = ask_as(&token).await;
        admin.ok("roles.update", json!({ "id": role["id"], "permissions": ["contacts:read"] })).await;
        failed(&job, "missing_scope").await;
        admin.ok("roles.update", json!({ "id": role["id"], "permissions": ["contacts:write"] })).await;
        let job = ask_as(&token).await;
        admin.ok("users.deactivate", json!({ "id": person.id })).await;
        failed(&job, "account_inactive").await;
        let job = ask_as(&key).await;
        let keys = admin.ok("apiKeys.list", json!({ "limit": 100 })).await;
        for one in keys["data"].as_array().unwrap().iter().filter(|one| one["scopes"] == json!(["contacts:write"])) {
            if one["expires_at"].is_null() {
                admin.ok("apiKeys.delete", json!({ "id": one["id"] })).await;
            }
        }
        failed(&job, "token_revoked").await;
        let job = ask_as(&expiring).await;
        api.pass_seconds(60);
        failed(&job, "token_expired").await;
    });
}

#[test]
fn an_organization_has_only_so_many_jobs_under_way() {
    on_both(async |api| {
        for _ in 0..100 {
            ask(api, Making::of(1)).await;
        }
        let ctx = Context::internal(api.app.clone(), server_itself(api.acme.id), "contacts.create");
        let refused = ctx.write(async move |tx| jobs::add(tx, &Making::of(1), New::default()).await).await;
        assert_eq!(refused.unwrap_err().code(), Code::LimitExceeded);
        ask_for(api, api.other.id, Making::of(1)).await;
        work(&api.app).await.unwrap();
        ask(api, Making::of(1)).await;
    });
}

#[test]
fn jobs_are_listed_and_go_after_a_month() {
    on_both(async |api| {
        let admin = api.admin();
        let before = api.row_counts().await;
        let first = ask(api, Making::of(0)).await;
        work(&api.app).await.unwrap();
        let second = ask(api, Making::of(1)).await;
        let ids = async |filter: Value| -> Vec<Value> {
            let listed = admin.ok("jobs.list", filter).await;
            listed["data"].as_array().unwrap().iter().map(|job| job["id"].clone()).collect()
        };
        assert_eq!(ids(json!({})).await, [first.clone(), second.clone()]);
        assert_eq!(ids(json!({ "status": "queued" })).await, std::slice::from_ref(&second));
        assert_eq!(
            ids(json!({ "type": "contacts.create", "status": "succeeded" })).await,
            std::slice::from_ref(&first)
        );
        assert_eq!(ids(json!({ "type": "contacts.import" })).await, Vec::<Value>::new());
        admin.ok("jobs.cancel", json!({ "id": second })).await;
        work(&api.app).await.unwrap();
        api.pass_seconds(30 * 24 * 60 * 60 - 1);
        dotdesk::rounds::purge::run(&api.app).await.unwrap();
        assert_eq!(ids(json!({})).await, [first, second]);
        api.pass_seconds(2);
        dotdesk::rounds::purge::run(&api.app).await.unwrap();
        let rows = |counts: Vec<(String, i64)>| -> Vec<(String, i64)> {
            counts.into_iter().filter(|(table, _)| table.starts_with("job")).collect()
        };
        assert_eq!(rows(api.row_counts().await), rows(before));
    });
}
