//! What happens after a write: how fast changes get into the feed, to streams, and to webhooks; and what that costs the write.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dotdesk::access::authenticate::server_itself;
use dotdesk::db::{Db, Id, Ids, Options as DbOptions};
use dotdesk::method::{App, Clock, Context, Generation, Keyring, Services, Void};
use dotdesk::resources::account::teams::Team;
use dotdesk::{run, schema};
use futures_util::future::{join_all, try_join_all};
use memchr::memmem;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::client::{Client, request};
use crate::servers::{Account, Dotdesk, Server};
use crate::{Options, Report, Result, Row};

/// How many writes are made one by one, to see how long after its answer each is heard of.
const SINGLE: usize = 300;
/// How many events are delivered to one receiver, and how many to each of many.
const DELIVERED: [(usize, usize); 2] = [(1, 5000), (100, 100)];
/// How many writers make events at the same time.
const WRITERS: usize = 32;
/// How long everything may take to arrive.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures all of it.
pub async fn measure(
    options: &Options,
    name: &'static str,
    dotdesk: &Dotdesk,
    server: &Server,
    account: &Account,
    report: &mut Report,
) -> Result<()> {
    let mut desk = Desk { client: Client::connect(server.port).await?, port: server.port, account };
    eprintln!("{name}: what events cost");
    cost(options, name, dotdesk, account, report).await?;
    eprintln!("{name}: into the feed");
    desk.feed(name, report).await?;
    eprintln!("{name}: to a stream and a webhook");
    desk.one_by_one(name, report).await?;
    for (receivers, events) in DELIVERED {
        eprintln!("{name}: {events} events to {receivers} receivers");
        desk.deliver(name, receivers, events, report).await?;
    }
    Ok(())
}

/// Compares a write with its events and its audit to the same write without them, one after the other on the same database.
async fn cost(
    options: &Options,
    name: &'static str,
    dotdesk: &Dotdesk,
    account: &Account,
    report: &mut Report,
) -> Result<()> {
    let database = DbOptions { url: dotdesk.url().into(), max_connections: 16, synchronous: "full".into() };
    let keyring = Keyring::new(&[Generation::new(None)?])?;
    let app = App::new(Db::connect(database).await?, Clock::System, Ids::random(), keyring, Services::default());
    let organization: Id = account.organization.id.parse()?;
    let mut rates = [0.0; 2];
    // In turns, so that a slow moment of the machine meets both.
    for _ in 0..4 {
        for (emits, rate) in [false, true].into_iter().zip(&mut rates) {
            *rate += writes(&app, organization, emits, Duration::from_secs(options.seconds) / 4).await? / 4.0;
        }
    }
    let [without, with] = rates;
    report.rows.push(Row::Figure {
        server: name,
        case: "a write without events, audit",
        rate: without,
        of: None,
        times: None,
    });
    report.rows.push(Row::Figure {
        server: name,
        case: "with both, of that",
        rate: with,
        of: Some(with / without),
        times: None,
    });
    Ok(())
}

/// How many teams a second many writers store.
async fn writes(app: &App, organization: Id, emits: bool, time: Duration) -> Result<f64> {
    let until = Instant::now() + time;
    let writer = || async {
        let mut count = 0;
        while Instant::now() < until {
            let ctx = Context::internal(app.clone(), server_itself(organization), "teams.create");
            let written = ctx.write(async move |tx| {
                let team = Team {
                    organization_id: tx.organization(),
                    id: tx.new_id(),
                    name: "Support".into(),
                    description: None,
                    query: Default::default(),
                    user_ids: Default::default(),
                    lead_user_ids: Default::default(),
                    is_support_enabled: true,
                    schedule_id: None,
                    assignment_policy_id: None,
                    role_id: None,
                    external_id: None,
                    version: 1,
                    created_at: tx.now(),
                    updated_at: tx.now(),
                };
                run!(tx, |c| diesel::insert_into(schema::teams::table).values(&team).execute(c))?;
                if emits {
                    tx.emit("team.created", &team)?;
                }
                Ok(Void {})
            });
            written.await.map_err(|error| format!("{error:?}"))?;
            count += 1;
        }
        Ok::<usize, Box<dyn std::error::Error + Send + Sync>>(count)
    };
    let counts = try_join_all((0..WRITERS).map(|_| writer())).await?;
    Ok(counts.iter().sum::<usize>() as f64 / time.as_secs_f64())
}

/// A server with an account.
struct Desk<'a> {
    client: Client,
    port: u16,
    account: &'a Account,
}

impl Desk<'_> {
    async fn call(&mut self, method: &str, arguments: Value) -> Result<Value> {
        self.client.json(&self.request(method, &arguments)).await
    }

    fn request(&self, method: &str, arguments: &Value) -> Vec<u8> {
        request(&format!("/{method}"), &self.account.api_key, arguments)
    }

    async fn latest(&mut self) -> Result<i64> {
        self.call("events.latest", json!({})).await?["sequence"].as_i64().ok_or_else(|| "no sequence".into())
    }

    /// Waits until the feed stands still: everything that was written before has its place.
    async fn settle(&mut self) -> Result<i64> {
        let mut last = self.latest().await?;
        loop {
            sleep(Duration::from_millis(200)).await;
            let now = self.latest().await?;
            if now == last {
                return Ok(now);
            }
            last = now;
        }
    }

    /// Creates teams, many at once.
    async fn create(&self, count: usize) -> Result<()> {
        let create = self.request("teams.create", &json!({"name": "Support", "user_ids": []}));
        let writer = || async {
            let mut client = Client::connect(self.port).await?;
            for _ in 0..count / WRITERS {
                client.json(&create).await?;
            }
            Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
        };
        try_join_all((0..WRITERS).map(|_| writer())).await?;
        Ok(())
    }

    /// How many events a second are written by many and have their places.
    async fn feed(&mut self, name: &'static str, report: &mut Report) -> Result<()> {
        const COUNT: usize = 320 * WRITERS;
        let before = self.settle().await?;
        let started = Instant::now();
        self.create(COUNT).await?;
        let written = started.elapsed();
        while self.latest().await? < before + COUNT as i64 {
            sleep(Duration::from_millis(1)).await;
        }
        let rate = COUNT as f64 / started.elapsed().as_secs_f64();
        let late = started.elapsed().saturating_sub(written);
        report.rows.push(Row::Figure {
            server: name,
            case: "events into the feed",
            rate,
            of: None,
            times: Some((late, late)),
        });
        Ok(())
    }

    /// How long after the answer of a write a stream and a webhook hear of it.
    async fn one_by_one(&mut self, name: &'static str, report: &mut Report) -> Result<()> {
        let receiver = Receiver::start().await?;
        let hook = self.hook(&receiver, 0).await?;
        let place = self.settle().await?;
        let stream = self.request("events.stream", &json!({"types": ["team.created"], "after": place.to_string()}));
        let heard = Heard::default();
        let listening = tokio::spawn(listen(self.port, stream, heard.clone()));
        let mut answered = Vec::with_capacity(SINGLE);
        for _ in 0..SINGLE {
            let team = self.call("teams.create", json!({"name": "Support", "user_ids": []})).await?;
            answered.push((team["id"].as_str().unwrap_or_default().to_owned(), Instant::now()));
            sleep(Duration::from_millis(5)).await;
        }
        for (case, arrivals) in [("commit to stream", &heard), ("commit to webhook", &receiver.heard)] {
            timeout(PATIENCE, arrivals.wait_for(SINGLE)).await.map_err(|_| format!("{case}: not all arrived"))?;
            let times = arrivals.times(&answered);
            report.rows.push(Row::Figure { server: name, case, rate: 0.0, of: None, times: Some(times) });
        }
        listening.abort();
        self.call("webhooks.delete", json!({"id": hook})).await.or_else(gone)?;
        Ok(())
    }

    /// How many deliveries a second receivers get that have a backlog.
    async fn deliver(
        &mut self,
        name: &'static str,
        receivers: usize,
        events: usize,
        report: &mut Report,
    ) -> Result<()> {
        let receivers = try_join_all((0..receivers).map(|_| Receiver::start())).await?;
        let mut hooks = Vec::with_capacity(receivers.len());
        for (n, receiver) in receivers.iter().enumerate() {
            let hook = self.hook(receiver, n).await?;
            self.call("webhooks.pause", json!({"id": hook})).await?;
            hooks.push(hook);
        }
        self.create(events.next_multiple_of(WRITERS)).await?;
        self.settle().await?;
        sleep(Duration::from_secs(1)).await;
        let started = Instant::now();
        let port = self.port;
        let resumed = hooks.iter().map(|hook| {
            let resume = self.request("webhooks.resume", &json!({"id": hook, "deliver_backlog": true}));
            async move { Client::connect(port).await?.json(&resume).await }
        });
        try_join_all(resumed).await?;
        let all = join_all(receivers.iter().map(|receiver| receiver.heard.wait_for(events)));
        timeout(PATIENCE, all).await.map_err(|_| "not everything was delivered")?;
        let rate = (receivers.len() * events) as f64 / started.elapsed().as_secs_f64();
        let case = if receivers.len() == 1 { "deliveries, 1 receiver" } else { "deliveries, 100 receivers" };
        report.rows.push(Row::Figure { server: name, case, rate, of: None, times: None });
        for hook in hooks {
            self.call("webhooks.delete", json!({"id": hook})).await.or_else(gone)?;
        }
        Ok(())
    }

    async fn hook(&mut self, receiver: &Receiver, n: usize) -> Result<Value> {
        let url = format!("http://127.0.0.1:{}/{n}", receiver.port);
        let hook = json!({"name": "Load", "url": url, "events": ["team.created"], "verify": false});
        Ok(self.call("webhooks.create", hook).await?["id"].take())
    }
}

/// What is deleted is answered with 204, which is no JSON.
fn gone(error: Box<dyn std::error::Error + Send + Sync>) -> Result<Value> {
    if error.to_string().starts_with("204") { Ok(Value::Null) } else { Err(error) }
}

/// When each team was heard of first.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<HashMap<String, Instant>>>);

impl Heard {
    fn of(&self, event: &[u8]) {
        let Ok(event) = serde_json::from_slice::<Value>(event) else { return };
        if let Some(id) = event["data"]["id"].as_str() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(id.to_owned()).or_insert_with(Instant::now);
        }
    }

    async fn wait_for(&self, count: usize) {
        while self.0.lock().unwrap_or_else(PoisonError::into_inner).len() < count {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// How long after the answers: the median, and what 99 of 100 kept.
    fn times(&self, answered: &[(String, Instant)]) -> (Duration, Duration) {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let late = |(id, at): &(String, Instant)| heard.get(id).map(|heard| heard.saturating_duration_since(*at));
        let mut times: Vec<Duration> = answered.iter().filter_map(late).collect();
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied();
        (at(50).unwrap_or_default(), at(99).unwrap_or_default())
    }
}

/// Reads a stream of events until it ends.
async fn listen(port: u16, request: Vec<u8>, heard: Heard) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(&request).await?;
    let mut buffer: Vec<u8> = Vec::new();
    while stream.read_buf(&mut buffer).await? > 0 {
        while let Some(end) = memmem::find(&buffer, b"\n\n") {
            if let Some(start) = buffer.get(..end).and_then(|block| memmem::find(block, b"data: ")) {
                heard.of(buffer.get(start + 6..end).unwrap_or_default());
            }
            buffer.drain(..end + 2);
        }
    }
    Ok(())
}

/// A receiver of webhooks that takes everything.
struct Receiver {
    port: u16,
    heard: Heard,
}

impl Receiver {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (port, heard) = (listener.local_addr()?.port(), Heard::default());
        let shared = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(receive(stream, shared.clone()));
            }
        });
        Ok(Self { port, heard })
    }
}

/// Answers 200 to every request on a connection.
async fn receive(mut stream: TcpStream, heard: Heard) -> std::io::Result<()> {
    let mut buffer: Vec<u8> = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = memmem::find(&buffer, b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let text = String::from_utf8_lossy(buffer.get(..head).unwrap_or_default()).to_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        let end = head + length.unwrap_or(0);
        while buffer.len() < end {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        heard.of(buffer.get(head..end).unwrap_or_default());
        buffer.drain(..end);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
    }
}
