//! Databases for tests: copied from a template that was migrated once.

use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dotdesk::db::{self, Options};
use tempfile::TempDir;

/// A database of one test.
pub struct Database {
    /// Its address.
    pub url: String,
    /// Where its file lies, and whatever else the server wants to write.
    pub folder: TempDir,
}

/// The options that tests open a database with.
pub fn options(url: &str) -> Options {
    Options { url: url.to_owned(), max_connections: 4, synchronous: "off".into() }
}

/// A fresh SQLite database: a copy of the template file.
pub async fn sqlite() -> Database {
    static TEMPLATE: tokio::sync::OnceCell<TempDir> = tokio::sync::OnceCell::const_new();
    let template = TEMPLATE
        .get_or_init(|| async {
            // It is never dropped, so it lies where a clean build takes it away.
            let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            let url = format!("sqlite://{}", folder.path().join("template.db").display());
            db::migrate(&options(&url)).await.unwrap();
            folder
        })
        .await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    std::fs::copy(template.path().join("template.db"), &file).unwrap();
    Database { url: format!("sqlite://{}", file.display()), folder }
}

/// A fresh PostgreSQL database: a clone of the template. `None` where there is no PostgreSQL and none is required.
pub async fn postgres() -> Option<Database> {
    static TEMPLATE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    let server = server()?;
    TEMPLATE
        .get_or_init(|| async {
            admin(server, "CREATE DATABASE dotdesk_template").await;
            db::migrate(&options(&address(server, "dotdesk_template"))).await.unwrap();
        })
        .await;
    Some(create(server, "TEMPLATE dotdesk_template").await)
}

/// An SQLite database that is not there yet.
pub fn no_sqlite() -> Database {
    let folder = tempfile::tempdir().unwrap();
    Database { url: format!("sqlite://{}", folder.path().join("test.db").display()), folder }
}

/// A PostgreSQL database with nothing in it.
pub async fn empty_postgres() -> Option<Database> {
    Some(create(server()?, "").await)
}

async fn create(server: &str, like: &str) -> Database {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    admin(server, &format!("CREATE DATABASE {name} {like}")).await;
    Database { url: address(server, &name), folder: tempfile::tempdir().unwrap() }
}

fn address(server: &str, name: &str) -> String {
    let (base, query) = server.split_once('?').unwrap_or((server, ""));
    let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
    format!("{base}/{name}?{query}")
}

async fn admin(server: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // The template's last connection may still be closing.
    for attempt in 0.. {
        match client.batch_execute(sql).await {
            Ok(()) => return,
            Err(error) if attempt < 50 && error.to_string().contains("db error") => {
                let detail = error.as_db_error().map(|error| error.message().to_owned()).unwrap_or_default();
                if detail.contains("already exists") {
                    client.batch_execute("DROP DATABASE dotdesk_template").await.unwrap();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{sql}: {error}"),
        }
    }
}

/// The server to make databases on: `TEST_POSTGRES_URL`, or a throw-away cluster of the installed PostgreSQL.
fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Option<String>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            if let Ok(url) = std::env::var("TEST_POSTGRES_URL") {
                return Some(url);
            }
            Cluster::start(false).map(|cluster| {
                let url = cluster.url.clone();
                // It ends with this process: see `Cluster::start`.
                std::mem::forget(cluster);
                url
            })
        })
        .as_deref()
}

/// A PostgreSQL cluster of our own.
pub struct Cluster {
    /// The address of its database `postgres`.
    pub url: String,
    bin: PathBuf,
    data: PathBuf,
    user: Option<(u32, u32)>,
    keeper: Child,
    _folder: TempDir,
}

impl Cluster {
    /// Makes and starts a cluster; `durable` makes it survive a crash as a real one would. `None` if PostgreSQL is not there,
    /// and none is required.
    pub fn start(durable: bool) -> Option<Self> {
        let Some(bin) = installed() else {
            let required = std::env::var("DOTDESK_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
            assert!(!required, "PostgreSQL is required (DOTDESK_REQUIRE_POSTGRES=1) and not installed");
            let _ =
                writeln!(std::io::stderr(), "\n*** PostgreSQL is not installed: every test runs on SQLite only. ***\n");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let user = unprivileged();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).unwrap();
            std::os::unix::fs::chown(&data, Some(uid), Some(gid)).unwrap();
        }
        let mut initdb = Command::new(bin.join("initdb"));
        initdb.args(["--auth=trust", "--no-sync", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D"]).arg(&data);
        let output = as_user(&mut initdb, user).current_dir("/").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let fsync = if durable { "on" } else { "off" };
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nmax_connections = 300\n\
             fsync = {fsync}\nsynchronous_commit = {fsync}\nfull_page_writes = {fsync}\nshared_buffers = 64MB\n\
             deadlock_timeout = 50ms\n"
        );
        let mut conf = std::fs::OpenOptions::new().append(true).open(data.join("postgresql.conf")).unwrap();
        conf.write_all(settings.as_bytes()).unwrap();
        // The shell ends when this process does, however it does, because its input ends then; and takes the cluster along.
        let script = r#"read _; "$0" -D "$1" -m immediate stop >/dev/null 2>&1; rm -rf "${1%/data}""#;
        let mut keeper = Command::new("sh");
        keeper.arg("-c").arg(script).arg(bin.join("pg_ctl")).arg(&data).stdin(Stdio::piped());
        // A group of its own: Ctrl-C ends the whole group of the tests, and the keeper has work left then.
        keeper.process_group(0);
        let keeper = as_user(&mut keeper, user).current_dir("/").spawn().unwrap();
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
        let cluster = Self { url, bin, data, user, keeper, _folder: folder };
        cluster.up();
        Some(cluster)
    }

    /// Starts the cluster after it was stopped.
    pub fn up(&self) {
        let log = self.data.join("log.txt");
        self.control(&["-w", "-t", "60", "-l", &log.display().to_string(), "start"]);
    }

    /// Stops the cluster at once, as a crash would.
    pub fn down(&self) {
        self.control(&["-m", "immediate", "-w", "stop"]);
    }

    fn control(&self, arguments: &[&str]) {
        let mut command = Command::new(self.bin.join("pg_ctl"));
        command.arg("-D").arg(&self.data).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let status = as_user(&mut command, self.user).current_dir("/").status().unwrap();
        assert!(status.success(), "pg_ctl {arguments:?}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The programs of the newest PostgreSQL that is installed.
fn installed() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            let bin = path.join("bin");
            bin.join("initdb").exists().then_some((version, bin))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin)
}

/// PostgreSQL does not run as root: who it runs as in place of that. `None` if we are not root.
fn unprivileged() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if std::fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let people = std::fs::read_to_string("/etc/passwd").ok()?;
    ["postgres", "nobody"].iter().find_map(|name| {
        let line = people.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

fn as_user(command: &mut Command, user: Option<(u32, u32)>) -> &mut Command {
    match user {
        Some((uid, gid)) => command.uid(uid).gid(gid),
        None => command,
    }
}

/// Where a database file of SQLite lies, by its address.
pub fn sqlite_file(url: &str) -> Option<&Path> {
    url.strip_prefix("sqlite://").map(Path::new)
}
