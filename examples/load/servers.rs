//! The processes that are measured, and what they need: a binary, a database, a place for their files.
//!
//! Whatever is started here is stopped and removed when its value is dropped, after an error too.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::Result;
use crate::client::Client;

/// How long a server may take to start.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long a server may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A running process.
struct Process {
    /// The process.
    child: Child,
    /// The signal that asks it to stop.
    stop: &'static str,
}

impl Drop for Process {
    /// Asks the process to stop, as an operator would, and ends it if it does not.
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let signal = format!("kill -{} {}", self.stop, self.child.id());
        let _ = Command::new("sh").args(["-c", &signal]).stderr(Stdio::null()).status();
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > STOP_LIMIT {
                eprintln!("load: a server did not stop within {} s and was killed", STOP_LIMIT.as_secs());
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A running server.
pub struct Server {
    /// Its process.
    process: Process,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// Starts a server, and tells how long it took from there to its first 200 to the request `probe`.
    pub async fn start(command: &mut Command, port: u16, probe: &[u8]) -> Result<(Self, Duration)> {
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(std::io::stderr()).spawn()?;
        let mut server = Self { process: Process { child, stop: "TERM" }, port };
        loop {
            let left = START_LIMIT.saturating_sub(started.elapsed());
            let answer = timeout(left, ask(port, probe)).await.unwrap_or_else(|_| Err("no answer".into()));
            match answer {
                Ok(()) => return Ok((server, started.elapsed())),
                Err(error) if left.is_zero() => return Err(format!("the server did not start: {error}").into()),
                Err(_) => {}
            }
            if let Some(status) = server.process.child.try_wait()? {
                return Err(format!("the server ended at its start: {status}").into());
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Resident memory in MiB: `VmRSS` is what it is now, `VmHWM` the most it has been.
    pub fn memory(&self, field: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("the system does not tell memory")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }
}

/// Fails unless the server answers the request with 200.
async fn ask(port: u16, request: &[u8]) -> Result<()> {
    let mut client = Client::connect(port).await?;
    let answer = client.call(request).await?;
    if answer.status == 200 { Ok(()) } else { Err(answer.to_string().into()) }
}

/// The server on a database of its own.
pub struct Dotdesk {
    /// The program.
    binary: PathBuf,
    /// The URL of the database.
    url: String,
    /// The PostgreSQL of the URL, if it is one. Stopped before the files go.
    _postgres: Option<Postgres>,
    /// The files of the server.
    files: TempDir,
}

/// What `dotdesk setup` made.
#[derive(Deserialize)]
pub struct Account {
    /// The organization.
    pub organization: Organization,
    /// The owner.
    pub user: User,
    /// A key that may do everything.
    pub api_key: String,
}

/// An organization, as far as it matters here.
#[derive(Deserialize)]
pub struct Organization {
    /// Its id.
    pub id: String,
}

/// A user, as far as it matters here.
#[derive(Deserialize)]
pub struct User {
    /// Its id.
    pub id: String,
}

impl Dotdesk {
    /// A server on a new SQLite file, or on the given PostgreSQL.
    pub fn new(binary: PathBuf, postgres: Option<Postgres>) -> Result<Self> {
        let files = temporary()?;
        let url = match &postgres {
            Some(postgres) => format!("postgres://{USER}@127.0.0.1:{}/postgres?sslmode=disable", postgres.port),
            None => format!("sqlite://{}", files.path().join("dotdesk.db").display()),
        };
        Ok(Self { binary, url, _postgres: postgres, files })
    }

    /// The address of the database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Creates the tables, an organization, its owner and a key.
    pub fn setup(&self) -> Result<Account> {
        let mut command = self.command("setup");
        command.args(["--organization", "Acme", "--owner-email", "owner@acme.test"]);
        let output = command.stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(format!("dotdesk setup: {}", output.status).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Starts serving; see [`Server::start`].
    pub async fn serve(&self, probe: &[u8]) -> Result<(Server, Duration)> {
        let port = free_port()?;
        let mut command = self.command("serve");
        command.arg("--listen").arg(format!("127.0.0.1:{port}"));
        Server::start(&mut command, port, probe).await
    }

    /// A command of the program, on this database.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg(name).args(["--database", &self.url]).arg("--data-dir").arg(self.files.path());
        command
            .env("DOTDESK_RATE_LIMITS", "off")
            .env("DOTDESK_LOG", "warn")
            .env("DOTDESK_ALLOW_PRIVATE_WEBHOOKS", "on")
            .current_dir(self.files.path());
        command
    }
}

/// The binary beside this example, brought up to date when cargo runs us.
pub fn dotdesk_binary() -> Result<PathBuf> {
    let example = std::env::current_exe()?;
    let folder = example.parent().and_then(Path::parent).ok_or("this program is not in a target folder")?;
    let binary = folder.join("dotdesk");
    let cargo = std::env::var_os("CARGO");
    if cargo.is_some() || !binary.exists() {
        let mut build = Command::new(cargo.unwrap_or_else(|| OsString::from("cargo")));
        build.args(["build", "--quiet", "--bin", "dotdesk"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        if folder.ends_with("release") {
            build.arg("--release");
        }
        if !build.status()?.success() {
            return Err("cargo could not build dotdesk".into());
        }
    }
    if binary.exists() { Ok(binary) } else { Err(format!("there is no {}", binary.display()).into()) }
}

/// The superuser of the throw-away cluster.
const USER: &str = "dotdesk";

/// A throw-away PostgreSQL cluster with its default, durable settings.
pub struct Postgres {
    /// Its process. Stopped before the files go.
    _process: Process,
    /// Where it listens on 127.0.0.1.
    port: u16,
    /// The cluster.
    _files: TempDir,
}

impl Postgres {
    /// The folder of the newest installed PostgreSQL, if there is one.
    pub fn installed() -> Option<PathBuf> {
        let folders = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut versions: Vec<_> = folders
            .filter_map(|folder| Some((folder.file_name().to_str()?.parse::<u32>().ok()?, folder.path().join("bin"))))
            .filter(|(_, programs)| programs.join("initdb").exists())
            .collect();
        versions.sort_unstable();
        versions.pop().map(|(_, programs)| programs)
    }

    /// Makes a cluster and starts it.
    pub fn start(programs: &Path) -> Result<Self> {
        let files = temporary()?;
        let root = fs::metadata(files.path())?.uid() == 0;
        let run_as = if root { Some(unprivileged()?) } else { None };
        if let Some((user, group)) = run_as {
            chown(files.path(), Some(user), Some(group))?;
        }
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(files.path()).stdin(Stdio::null()).stdout(Stdio::null());
            if let Some((user, group)) = run_as {
                command.uid(user).gid(group);
            }
            command
        };

        let mut initdb = command("initdb");
        initdb.args(["-D", "cluster", "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]);
        let status = initdb.status()?;
        if !status.success() {
            return Err(format!("initdb: {status}").into());
        }

        let port = free_port()?;
        let number = port.to_string();
        let mut postgres = command("postgres");
        postgres.args(["-D", "cluster", "-h", "127.0.0.1", "-p", &number]);
        postgres.args(["-c", "unix_socket_directories=", "-c", "log_min_messages=fatal"]);
        let mut process = Process { child: postgres.spawn()?, stop: "QUIT" };
        let started = Instant::now();
        while !command("pg_isready").args(["-q", "-h", "127.0.0.1", "-p", &number]).status()?.success() {
            if let Some(status) = process.child.try_wait()? {
                return Err(format!("PostgreSQL ended at its start: {status}").into());
            }
            if started.elapsed() > START_LIMIT {
                return Err("PostgreSQL did not start".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { _process: process, port, _files: files })
    }
}

/// The user and group to run PostgreSQL as when we are root.
fn unprivileged() -> Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let line = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let mut ids = line.split(':').skip(1).map(str::parse);
        Some((ids.next()?.ok()?, ids.next()?.ok()?))
    };
    find("postgres").or_else(|| find("nobody")).ok_or_else(|| "there is no user to run PostgreSQL as".into())
}

/// A folder that is removed in the end.
fn temporary() -> Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("dotdesk-load-").tempdir()?)
}

/// The type of the file system that temporary folders are on.
pub fn file_system() -> Result<String> {
    let folder = std::env::temp_dir().canonicalize()?;
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let fields = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let mount = fields.filter(|(place, _)| folder.starts_with(place)).max_by_key(|(place, _)| place.len());
    Ok(mount.map_or("an unknown file system", |(_, kind)| kind).to_owned())
}

/// A port on 127.0.0.1 that nobody listens on.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
