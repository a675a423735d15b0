//! Measures the running server from end to end and prints one table.
//!
//! ```text
//! cargo run --release --example load
//! ```
//!
//! The real binary runs on SQLite and then on a throw-away PostgreSQL, with authentication on and rate limits off. A
//! client with one thread drives it over loopback. A bare actix-web server that says hello in JSON is driven likewise
//! before each database. How near the server comes to it says more than requests per second, which belong to the
//! machine; with few connections even that depends on where the system puts the processes.
//!
//! Databases lie in the folder for temporary files: set `TMPDIR` to measure another disk. Memory is read from `/proc`,
//! so this runs on Linux.

mod bare;
mod client;
mod dataset;
mod doors;
mod events;
mod inbox;
mod servers;

use std::fmt;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum, value_parser};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use client::{Client, Load, load, request};
use servers::{Account, Dotdesk, Postgres, Server};

/// Anything may go wrong, and all of it ends the run.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How many teams there are before the measuring begins.
const TEAMS: usize = 1000;
/// How often the server is started to time its start.
const STARTS: usize = 5;
/// The number of connections that the goals are for.
const GOAL_CONNECTIONS: u16 = 32;
/// The time from a start to the first answer: the goal.
const GOAL_START: Duration = Duration::from_millis(300);
/// The resident memory of an idle server: the goal, in MiB.
const GOAL_IDLE: f64 = 40.0;
/// The ratio of each call to bare, on SQLite and on PostgreSQL: the goals.
const GOALS: [(&str, f64, f64); 3] =
    [("teams.info", 0.35, 0.25), ("teams.list", 0.12, 0.12), ("teams.create", 0.15, 0.06)];

/// Measures the server on SQLite and PostgreSQL against a bare actix-web server.
#[derive(Parser)]
#[command(name = "load")]
struct Options {
    /// Seconds to measure each case, after a warm-up of one second.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Measure on this database only.
    #[arg(long)]
    only: Option<Database>,
    /// How many connections to measure with.
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_value = "1,32",
          value_parser = value_parser!(u16).range(1..))]
    connections: Vec<u16>,
    /// How full the desk is whose inbox is measured, in percent of 100,000 contacts, 200,000 conversations and 1,000,000 messages;
    /// 0 leaves the inbox out.
    #[arg(long, value_name = "PERCENT", default_value_t = 100)]
    inbox: usize,
    /// Leave out the other doors: `/api/`, MCP, batches, documents.
    #[arg(long)]
    no_doors: bool,
    /// Leave out events, streams and webhooks.
    #[arg(long)]
    no_events: bool,
    /// Be the bare server.
    #[arg(long, value_name = "PORT", hide = true)]
    bare: Option<u16>,
}

/// A database to measure on.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Database {
    /// A SQLite file.
    Sqlite,
    /// A PostgreSQL cluster.
    Postgres,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match options.bare {
        Some(port) => bare::serve(port).map(|()| true),
        None => measure(&options),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures everything and prints the table; false if any call failed.
fn measure(options: &Options) -> Result<bool> {
    let mut report = Report::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Connections to PostgreSQL stay on the thread that made them, as on a thread of the server.
    let result = tokio::task::LocalSet::new().block_on(&runtime, async {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            result = measure_all(options, &mut report) => result,
            _ = interrupt.recv() => Err("interrupted".into()),
            _ = terminate.recv() => Err("terminated".into()),
        }
    });
    if !report.rows.is_empty() {
        let cores = std::thread::available_parallelism()?;
        println!("{cores} cores, files on {}, {} s a case\n\n{report}", servers::file_system()?, options.seconds);
    }
    result.map(|()| report.errors.is_empty())
}

/// Measures the bare server and then the real one, on each database.
async fn measure_all(options: &Options, report: &mut Report) -> Result<()> {
    if cfg!(debug_assertions) {
        eprintln!("load: this is a debug build; add --release for numbers that mean something");
    }
    let binary = servers::dotdesk_binary()?;
    for &database in Database::value_variants() {
        if options.only.is_some_and(|only| only != database) {
            continue;
        }
        let postgres = match (database, Postgres::installed()) {
            (Database::Sqlite, _) => None,
            (Database::Postgres, Some(programs)) => Some(programs),
            (Database::Postgres, None) if options.only.is_some() => return Err("PostgreSQL is not installed".into()),
            (Database::Postgres, None) => {
                eprintln!("load: PostgreSQL is not installed, so only SQLite was measured");
                continue;
            }
        };
        measure_bare(options, report).await?;
        let dotdesk = Dotdesk::new(binary.clone(), postgres.as_deref().map(Postgres::start).transpose()?)?;
        measure_dotdesk(options, database, &dotdesk, report).await?;
    }
    Ok(())
}

/// Measures the bare server, with requests like those for the real one.
async fn measure_bare(options: &Options, report: &mut Report) -> Result<()> {
    let hello = request("/", &"k".repeat(47), &json!({"id": "0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}));
    let port = servers::free_port()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--bare").arg(port.to_string());
    let (server, _) = Server::start(&mut command, port, &hello).await?;
    report.measure(options, ("bare", &server), ("hello JSON", None), &Arc::from([hello])).await
}

/// Measures the real server on one database.
async fn measure_dotdesk(options: &Options, database: Database, dotdesk: &Dotdesk, report: &mut Report) -> Result<()> {
    let name = match database {
        Database::Sqlite => "sqlite",
        Database::Postgres => "postgres",
    };
    let account = dotdesk.setup()?;
    let Account { user, api_key, .. } = &account;
    let create = json!({"name": "Support", "query": {"conversations": "source:*sms"}, "user_ids": [user.id]});
    let create = request("/teams.create", api_key, &create);
    let list = request("/teams.list", api_key, &json!({"limit": 50}));
    let info = preload(dotdesk, &create, &list, api_key).await?;

    eprintln!("{name}: starting {STARTS} times");
    let mut times = Vec::with_capacity(STARTS);
    let server = loop {
        let (server, time) = dotdesk.serve(&list).await?;
        times.push(time);
        if times.len() == STARTS {
            break server;
        }
    };
    times.sort_unstable();
    let median = times.get(STARTS / 2).copied().unwrap_or_default();
    report.rows.push(Row::Start { server: name, time: median });
    tokio::time::sleep(Duration::from_secs(1)).await;
    report.rows.push(Row::Memory { server: name, case: "idle", mib: server.memory("VmRSS")?, goal: Some(GOAL_IDLE) });

    let requests: [Arc<[Vec<u8>]>; 3] = [info.into(), Arc::from([list]), Arc::from([create])];
    for ((call, sqlite, postgres), requests) in GOALS.into_iter().zip(&requests) {
        let goal = if database == Database::Sqlite { sqlite } else { postgres };
        report.measure(options, (name, &server), (call, Some(goal)), requests).await?;
    }
    if !options.no_doors {
        doors::measure(options, name, &server, api_key, report).await?;
    }
    if !options.no_events {
        events::measure(options, name, dotdesk, &server, &account, report).await?;
    }
    if options.inbox > 0 {
        let full = |all: usize| all * options.inbox / 100;
        let size = dataset::Size { contacts: full(100_000), conversations: full(200_000), messages: full(1_000_000) };
        let cases = inbox::prepare(dotdesk, &server, &account, size).await?;
        inbox::measure(options, name, &server, &cases, report).await?;
    }
    report.rows.push(Row::Memory { server: name, case: "peak", mib: server.memory("VmHWM")?, goal: None });
    Ok(())
}

/// Creates the teams that are read later, and returns a `teams.info` request for each.
async fn preload(dotdesk: &Dotdesk, create: &[u8], list: &[u8], key: &str) -> Result<Vec<Vec<u8>>> {
    let (server, _) = dotdesk.serve(list).await?;
    let mut client = Client::connect(server.port).await?;
    let mut info = Vec::with_capacity(TEAMS);
    while info.len() < TEAMS {
        let team = client.json(create).await?;
        let id = team.get("id").ok_or("teams.create answered without an id")?;
        info.push(request("/teams.info", key, &json!({"id": id})));
    }
    let page = client.json(list).await?;
    // The server waits for its connections when it stops, so this one goes first.
    drop(client);
    match page.get("data").and_then(|data| data.as_array()) {
        Some(teams) if teams.len() == 50 => Ok(info),
        _ => Err("teams.list did not answer with 50 teams".into()),
    }
}

/// What was measured so far.
#[derive(Default)]
struct Report {
    /// The lines of the table.
    rows: Vec<Row>,
    /// A line on each case in which calls failed.
    errors: Vec<String>,
}

/// One line of the table.
enum Row {
    /// A server under load.
    Case { server: &'static str, case: &'static str, connections: u16, load: Load, goal: Option<f64>, mib: f64 },
    /// The time from the start of a server to its first answer.
    Start { server: &'static str, time: Duration },
    /// A rate or times that are no calls of a client; of another figure, where that says more.
    Figure { server: &'static str, case: &'static str, rate: f64, of: Option<f64>, times: Option<(Duration, Duration)> },
    /// The memory of a server.
    Memory { server: &'static str, case: &'static str, mib: f64, goal: Option<f64> },
}

impl Report {
    /// Measures one call with each number of connections and adds the lines.
    async fn measure(
        &mut self,
        options: &Options,
        server: (&'static str, &Server),
        (case, goal): (&'static str, Option<f64>),
        requests: &Arc<[Vec<u8>]>,
    ) -> Result<()> {
        let (name, server) = server;
        let time = Duration::from_secs(options.seconds);
        for &connections in &options.connections {
            let title = format!("{name}: {case}, {connections} connections");
            eprintln!("{title}");
            let load = load(server.port, connections.into(), requests, time).await?;
            if let Some(error) = &load.first_error {
                self.errors.push(format!("{title}: {} failed, first: {error}", load.errors));
            }
            let goal = goal.filter(|_| connections == GOAL_CONNECTIONS);
            let mib = server.memory("VmRSS")?;
            self.rows.push(Row::Case { server: name, case, connections, load, goal, mib });
        }
        Ok(())
    }

    /// The mean rate of the bare server with so many connections.
    fn bare(&self, with: u16) -> f64 {
        let rates = self.rows.iter().filter_map(|row| match row {
            Row::Case { server: "bare", connections, load, .. } if *connections == with => Some(load.rate),
            _ => None,
        });
        let (sum, count) = rates.fold((0.0, 0.0), |(sum, count), rate| (sum + rate, count + 1.0));
        sum / count
    }

    /// The cells of one line.
    fn cells(&self, row: &Row) -> [String; 9] {
        let none = String::new;
        match row {
            Row::Case { server, case, connections, load, goal, mib } => {
                let ratio = load.rate / self.bare(*connections);
                let goal = goal.map(|goal| format!(">= {goal:.2} {}", verdict(ratio >= goal)));
                [
                    server.to_string(),
                    case.to_string(),
                    connections.to_string(),
                    format!("{:.0}", load.rate),
                    format!("{ratio:.3}"),
                    goal.unwrap_or_default(),
                    milliseconds(load.p50),
                    milliseconds(load.p99),
                    format!("{mib:.1}"),
                ]
            }
            Row::Start { server, time } => {
                let goal = format!("<= {} ms {}", GOAL_START.as_millis(), verdict(*time <= GOAL_START));
                let case = "first answer".to_owned();
                [server.to_string(), case, none(), none(), none(), goal, milliseconds(*time), none(), none()]
            }
            Row::Figure { server, case, rate, of, times } => {
                let rate = if *rate > 0.0 { format!("{rate:.0}") } else { none() };
                let of = of.map(|of| format!("{of:.3}")).unwrap_or_default();
                let (p50, p99) = times.map(|(p50, p99)| (milliseconds(p50), milliseconds(p99))).unwrap_or_default();
                [server.to_string(), case.to_string(), none(), rate, of, none(), p50, p99, none()]
            }
            Row::Memory { server, case, mib, goal } => {
                let goal = goal.map(|goal| format!("<= {goal} MiB {}", verdict(*mib <= goal))).unwrap_or_default();
                let memory = format!("{mib:.1}");
                [server.to_string(), case.to_string(), none(), none(), none(), goal, none(), none(), memory]
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["server", "case", "connections", "requests/s", "of bare", "goal", "p50 ms", "p99 ms", "memory MiB"];
        let mut lines = vec![head.map(str::to_owned)];
        lines.extend(self.rows.iter().map(|row| self.cells(row)));
        let mut widths = [0; 9];
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = cell.len().max(*width);
            }
        }
        for line in &lines {
            let cells = line.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
                // Names read from the left, numbers from the right.
                if column < 2 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
            });
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        self.errors.iter().try_for_each(|error| writeln!(f, "{error}"))
    }
}

/// A time as the table shows it.
fn milliseconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

/// Whether a goal was reached, in a word as wide as the other.
fn verdict(met: bool) -> &'static str {
    if met { "met   " } else { "missed" }
}
