//! A receiver of webhooks: a small web server of its own, which keeps what it gets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use dotdesk::db::Timestamp;
use dotdesk::providers::standard_webhooks::{ID, SIGNATURE, Signed, SigningSecret, TIMESTAMP, Unverified};
use serde_json::Value;

/// How long a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a receiver got.
#[derive(Clone, Debug)]
pub struct Received {
    /// Method, path and version.
    pub line: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl Received {
    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether it was signed with this secret just now.
    pub fn verify(&self, secret: &Value, now: Timestamp) -> Result<(), Unverified> {
        let secret = SigningSecret::parse(secret.as_str().unwrap()).unwrap();
        let signed =
            Signed { id: self.header(ID), timestamp: self.header(TIMESTAMP), signature: self.header(SIGNATURE) };
        secret.verify(signed, &self.body, now.seconds())
    }
}

/// What a receiver answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// This status, these header lines, this body.
    With(u16, &'static str, &'static str),
    /// Nothing, until the receiver is told to go on; then 200.
    Hang,
    /// Nothing, and the connection is closed.
    Close,
}

/// An answer without a word.
pub const OK: Reply = Reply::With(200, "", "");

type Answer = dyn Fn(&Received) -> Reply + Send + Sync;

struct Shared {
    answer: Mutex<Arc<Answer>>,
    got: Mutex<Vec<Received>>,
    connections: Mutex<usize>,
    may_go_on: Mutex<bool>,
    changed: Condvar,
}

/// A receiver of webhooks.
pub struct Receiver {
    /// Where it listens.
    pub url: String,
    shared: Arc<Shared>,
}

impl Receiver {
    /// A receiver that takes everything.
    pub fn start() -> Self {
        Self::answering(|_| OK)
    }

    /// A receiver that answers so.
    pub fn answering(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?a=1", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            answer: Mutex::new(Arc::new(answer)),
            got: Mutex::default(),
            connections: Mutex::default(),
            may_go_on: Mutex::new(false),
            changed: Condvar::new(),
        });
        let server = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                *server.connections.lock().unwrap() += 1;
                let server = server.clone();
                std::thread::spawn(move || serve(&server, stream.unwrap()));
            }
        });
        Self { url, shared }
    }

    /// Answers so from now on.
    pub fn answer(&self, answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) {
        *self.shared.answer.lock().unwrap() = Arc::new(answer);
    }

    /// Lets those go on that hang.
    pub fn go_on(&self) {
        *self.shared.may_go_on.lock().unwrap() = true;
        self.shared.changed.notify_all();
    }

    /// What it got so far.
    pub fn got(&self) -> Vec<Received> {
        self.shared.got.lock().unwrap().clone()
    }

    /// What it got so far, which is forgotten.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.shared.got.lock().unwrap())
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        *self.shared.connections.lock().unwrap()
    }

    /// Waits until it has got so many.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let until = Instant::now() + PATIENCE;
        while self.got().len() < count {
            assert!(Instant::now() < until, "only {} of {count} came", self.got().len());
            actix_web::rt::time::sleep(Duration::from_millis(2)).await;
        }
        self.got()
    }
}

fn serve(shared: &Shared, mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(received) = read(&mut reader) {
        let answer = shared.answer.lock().unwrap().clone();
        let reply = answer(&received);
        shared.got.lock().unwrap().push(received);
        let (status, headers, body) = match reply {
            Reply::With(status, headers, body) => (status, headers, body),
            Reply::Close => return,
            Reply::Hang => {
                let mut may_go_on = shared.may_go_on.lock().unwrap();
                while !*may_go_on {
                    may_go_on = shared.changed.wait(may_go_on).unwrap();
                }
                (200, "", "")
            }
        };
        let answer = format!("HTTP/1.1 {status} Any\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = || {
        let mut text = String::new();
        let length = reader.read_line(&mut text).ok()?;
        (length > 0).then(|| text.trim_end().to_owned())
    };
    let first = line()?;
    let mut headers = Vec::new();
    while let Some((name, value)) = line()?.split_once(": ") {
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { line: first, headers, body })
}
