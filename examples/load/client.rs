//! A lean HTTP/1.1 client and the measuring of one case with it.
//!
//! The client shares the processor with the server it measures, so it does as little as it can: requests are rendered
//! beforehand, and of an answer only the status and `Content-Length` are looked at.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use memchr::memmem;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use crate::Result;

/// How long a case runs before its answers count.
const WARM_UP: Duration = Duration::from_secs(1);
/// How long after its end a case may still wait for answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// Renders one call as the bytes to send.
pub fn request(path: &str, key: &str, body: &Value) -> Vec<u8> {
    request_of(path, key, "application/json", &body.to_string())
}

/// Renders one call with a body of any type.
pub fn request_of(path: &str, key: &str, label: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: {label}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Renders a request for a page, compressed as browsers take it.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n").into_bytes()
}

/// One kept-alive connection.
pub struct Client {
    /// The connection.
    stream: TcpStream,
    /// The answer being read.
    buffer: Vec<u8>,
}

/// An answer, read to its end.
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Client {
    /// Connects to a server on this machine.
    pub async fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads its answer.
    pub async fn call(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head_end = loop {
            self.read().await?;
            if let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") {
                break end;
            }
        };
        let head = self.buffer.get(..head_end).and_then(parse_head);
        let (status, length) = head.ok_or_else(|| invalid("no status or no Content-Length"))?;
        let start = head_end + 4;
        while self.buffer.len() < start + length {
            self.read().await?;
        }
        match self.buffer.get(start..) {
            Some(body) if body.len() == length => Ok(Answer { status, body }),
            _ => Err(invalid("more bytes than Content-Length says")),
        }
    }

    /// Makes a call that must succeed and returns the answer as JSON.
    pub async fn json(&mut self, request: &[u8]) -> Result<Value> {
        let answer = self.call(request).await?;
        if answer.status == 200 { Ok(serde_json::from_slice(answer.body)?) } else { Err(answer.to_string().into()) }
    }

    /// Reads what has arrived.
    async fn read(&mut self) -> io::Result<()> {
        self.buffer.reserve(4096);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Repeats the requests, from `first` on, until the time is over; counts what was asked after `from`.
    async fn drive(mut self, requests: &[Vec<u8>], first: usize, from: Instant, until: Instant) -> Sample {
        let mut sample = Sample::default();
        let mut asked = Instant::now();
        for request in requests.iter().cycle().skip(first) {
            let answer = self.call(request).await;
            let answered = Instant::now();
            match answer {
                Ok(Answer { status: 200, .. }) if asked < from => {}
                Ok(Answer { status: 200, .. }) => sample.add(answered - asked),
                Ok(answer) => sample.fail(|| answer.to_string()),
                Err(error) => {
                    sample.fail(|| error.to_string());
                    break;
                }
            }
            if answered >= until {
                break;
            }
            asked = answered;
        }
        sample
    }
}

impl std::fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start = self.body.get(..300).unwrap_or(self.body);
        write!(f, "{} {}", self.status, String::from_utf8_lossy(start))
    }
}

/// Takes the status and the length of the body from the head of an answer.
fn parse_head(head: &[u8]) -> Option<(u16, usize)> {
    let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let length =
        lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    match length {
        Some((_, length)) => Some((status, length.trim().parse().ok()?)),
        None => (status == 204).then_some((status, 0)),
    }
}

/// An answer that this client does not understand.
fn invalid(message: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, message)
}

/// What the connections of a case saw.
#[derive(Default)]
struct Sample {
    /// The time of each counted answer, in microseconds.
    micros: Vec<u32>,
    /// How many calls failed.
    errors: usize,
    /// The first failure.
    first_error: Option<String>,
}

impl Sample {
    /// Counts a successful answer.
    fn add(&mut self, time: Duration) {
        self.micros.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    /// Counts a failure.
    fn fail(&mut self, message: impl FnOnce() -> String) {
        self.errors += 1;
        self.first_error.get_or_insert_with(message);
    }

    /// Takes in what another connection saw.
    fn merge(&mut self, other: Self) {
        self.micros.extend(other.micros);
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }

    /// The time within which `percent` of the answers came, of sorted times.
    fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.micros.len() * percent).div_ceil(100).saturating_sub(1);
        Duration::from_micros(self.micros.get(rank).copied().unwrap_or_default().into())
    }
}

/// The result of one case.
pub struct Load {
    /// Successful answers per second.
    pub rate: f64,
    /// The median time to an answer.
    pub p50: Duration,
    /// The time that 99 of 100 answers kept.
    pub p99: Duration,
    /// How many calls failed, warm-up included.
    pub errors: usize,
    /// The first failure.
    pub first_error: Option<String>,
}

/// Drives a server over so many connections, each sending its next request when the last one is answered.
pub async fn load(port: u16, connections: usize, requests: &Arc<[Vec<u8>]>, time: Duration) -> Result<Load> {
    let mut clients = Vec::with_capacity(connections);
    for _ in 0..connections {
        clients.push(Client::connect(port).await?);
    }
    let from = Instant::now() + WARM_UP;
    let until = from + time;
    let mut tasks = JoinSet::new();
    for (n, client) in clients.into_iter().enumerate() {
        let requests = Arc::clone(requests);
        let first = n * requests.len() / connections;
        tasks.spawn(async move { client.drive(&requests, first, from, until).await });
    }
    let mut all = Sample::default();
    let limit = (until + PATIENCE).into();
    while let Some(sample) = timeout_at(limit, tasks.join_next()).await.map_err(|_| "the server stopped answering")? {
        all.merge(sample?);
    }
    let elapsed = from.elapsed().max(time);
    all.micros.sort_unstable();
    Ok(Load {
        rate: all.micros.len() as f64 / elapsed.as_secs_f64(),
        p50: all.percentile(50),
        p99: all.percentile(99),
        errors: all.errors,
        first_error: all.first_error,
    })
}
