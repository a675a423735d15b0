//! The program itself, as a process: started, watched, killed.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::Client;
use super::databases::Database;

/// The program that is tested.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_dotdesk");
/// How long a process may take to start or to end before the test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the program runs: its database, its folder, its settings; and what must never appear in its log.
pub struct Place {
    /// The database, and the folder for everything else.
    pub database: Database,
    settings: Vec<(&'static str, String)>,
    secrets: Arc<Mutex<Vec<String>>>,
}

/// A server that runs until it is dropped.
pub struct Server {
    /// Where it listens.
    pub url: String,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
    secrets: Arc<Mutex<Vec<String>>>,
}

impl Place {
    /// A place with this database.
    pub fn new(database: Database) -> Self {
        Self { database, settings: Vec::new(), secrets: Arc::default() }
    }

    /// The same with one more setting, given by environment.
    pub fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((variable, value.into()));
        self
    }

    /// Where the server keeps what it keeps itself.
    pub fn folder(&self) -> &Path {
        self.database.folder.path()
    }

    /// From now on this text must not appear in any log.
    pub fn hide(&self, secret: &str) {
        assert!(secret.len() >= 8, "too short to be looked for");
        self.secrets.lock().unwrap().push(secret.to_owned());
    }

    /// The program with these arguments, and with the settings of this place.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.prepare(Command::new(PROGRAM), arguments)
    }

    /// The same, started by a shell that runs `first` before it becomes the program.
    pub fn command_after(&self, first: &str, arguments: &[&str]) -> Command {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{first}; exec \"$0\" \"$@\"")).arg(PROGRAM);
        self.prepare(shell, arguments)
    }

    fn prepare(&self, mut command: Command, arguments: &[&str]) -> Command {
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOTDESK_")) {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .env("DOTDESK_DATABASE_URL", &self.database.url)
            .env("DOTDESK_DATA_DIR", self.folder())
            .env("DOTDESK_LISTEN", "127.0.0.1:0")
            .env("DOTDESK_RATE_LIMITS", "off")
            .env("DOTDESK_LOG", "debug")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder());
        command
    }

    /// Runs the program to its end, with `input` on standard input.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        self.check(&String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Makes an organization whose owner has the address `owner@<name>.test`, and answers what the program printed.
    pub fn setup(&self, name: &str) -> Value {
        let email = format!("owner@{}.test", name.to_lowercase());
        self.hide(super::organization::PASSWORD);
        let output = self.run(
            &["setup", "--organization", name, "--owner-email", &email, "--owner-password-stdin"],
            super::organization::PASSWORD,
        );
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let created: Value = serde_json::from_slice(&output.stdout).expect("one JSON document and nothing else");
        self.hide(created["api_key"].as_str().unwrap());
        created
    }

    /// Starts a server and waits until it listens.
    pub fn serve(&self) -> Server {
        Server::start(self.command(&["serve"]), self.secrets.clone())
    }

    /// Starts a server in this way and waits until it listens.
    pub fn start(&self, command: Command) -> Server {
        Server::start(command, self.secrets.clone())
    }

    fn check(&self, log: &str) {
        check(log, &self.secrets.lock().unwrap());
    }
}

impl Server {
    fn start(mut command: Command, secrets: Arc<Mutex<Vec<String>>>) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program can be started");
        let log = Arc::new(Mutex::new(String::new()));
        let (found, address) = mpsc::channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let kept = log.clone();
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).unwrap_or_default();
                if event["message"] == "listening" {
                    let _ = found.send(event["address"].as_str().unwrap_or_default().to_owned());
                }
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut server = Self { url: String::new(), child, log, reader: Some(reader), secrets };
        match address.recv_timeout(PATIENCE) {
            Ok(address) => server.url = format!("http://{address}"),
            Err(_) => panic!("the server did not start:\n{}", server.log()),
        }
        server
    }

    /// A client with a token.
    pub fn client(&self, token: &str) -> Client {
        Client::new(&self.url, Some(token))
    }

    /// A client without a token.
    pub fn nobody(&self) -> Client {
        Client::new(&self.url, None)
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it printed, for a server that was started with its output piped.
    pub fn stdout(&mut self) -> std::process::ChildStdout {
        self.child.stdout.take().expect("standard output is piped")
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Ends it at once, in the middle of whatever it does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        let status = self.wait();
        assert_eq!(status.signal(), Some(9), "it ended by itself: {status}\n{}", self.log());
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        let status = Command::new("kill").arg("-TERM").arg(self.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Waits until it has ended, and reads its log.
    pub fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > until => panic!("it does not end:\n{}", self.log()),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        self.reader.take().map(std::thread::JoinHandle::join);
        check(&self.log(), &self.secrets.lock().unwrap());
        status
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
            if !std::thread::panicking() {
                check(&self.log(), &self.secrets.lock().unwrap());
            }
        }
    }
}

/// No secret is in a log; neither as it is, nor as the list of its bytes.
fn check(log: &str, secrets: &[String]) {
    for secret in secrets {
        let bytes: Vec<String> = secret.bytes().map(|byte| byte.to_string()).collect();
        for form in [secret.clone(), bytes.join(", ")] {
            if let Some(line) = log.lines().find(|line| line.contains(&form)) {
                panic!("a secret is in the log: {line}");
            }
        }
    }
}
