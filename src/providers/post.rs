//! Sends webhooks to the addresses that users gave: never into the server's own network (see [`guard`](super::guard)).

use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use url::Url;

use super::guard::{self, Lookup, NoClient, Unsafe};
use crate::db::Timestamp;
use crate::method::{Context, Result};

/// How long a receiver may take.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// How much of an answer is read.
const MOST_READ: usize = 64 * 1024;
/// How much of an answer is kept, in characters.
const SNIPPET: usize = 1000;
/// The longest time that a receiver may ask for, in seconds: a day.
const LONGEST_WAIT: i64 = 24 * 60 * 60;
/// The header by which a receiver says that it never wants the message, and its value.
const ABORT: (&str, &str) = ("webhook-delivery", "abort-message");

/// Sends to receivers.
pub struct Post {
    client: reqwest::Client,
    allow_private: bool,
}

/// What came of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What the receiver answered, or why it did not.
    pub outcome: Result<Answer, Failed>,
    /// How long it took.
    pub duration_ms: i64,
}

/// What a receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// How the body begins.
    pub snippet: String,
    /// How many seconds it wants to be left alone.
    pub retry_after: Option<i64>,
    /// Whether it never wants this message.
    pub aborts: bool,
}

/// Why a receiver did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The address must not be gone to.
    #[error("unsafe_url: {0}")]
    Unsafe(Unsafe),
    /// It took too long.
    #[error("timeout: the receiver did not answer in time")]
    Timeout,
    /// There was no connection.
    #[error("connection_failed: the receiver cannot be reached")]
    Connection,
    /// The connection broke, or what came was no HTTP.
    #[error("no_answer: the connection ended without a whole answer")]
    NoAnswer,
}

impl Sent {
    /// The answer, if it says that the message has arrived.
    pub fn is_success(&self) -> bool {
        matches!(&self.outcome, Ok(answer) if (200..300).contains(&answer.status))
    }
}

impl Post {
    /// A client; with `allow_private` one that sends to anywhere, also without encryption.
    pub fn new(allow_private: bool) -> Result<Self, NoClient> {
        Self::with(allow_private, PATIENCE, guard::system_lookup())
    }

    /// A client that waits as long, and looks names up so.
    pub fn with(allow_private: bool, patience: Duration, lookup: Lookup) -> Result<Self, NoClient> {
        Ok(Self { client: guard::client(allow_private, patience, lookup)?, allow_private })
    }

    /// The client of this server.
    pub fn of(ctx: &Context) -> Result<&Self> {
        ctx.service()
    }

    /// Refuses what no name has to be looked up for.
    pub fn check(&self, url: &Url) -> Result<(), Unsafe> {
        guard::check(url, self.allow_private)?;
        if url.scheme() != "https" && !self.allow_private {
            return Err(Unsafe::Unencrypted);
        }
        Ok(())
    }

    /// Sends a body at `now`.
    pub async fn send(&self, url: &Url, headers: HeaderMap, body: Vec<u8>, now: Timestamp) -> Sent {
        let begun = Instant::now();
        let outcome = match self.check(url) {
            Ok(()) => self.exchange(url, headers, body, now).await,
            Err(error) => Err(Failed::Unsafe(error)),
        };
        Sent { outcome, duration_ms: i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX) }
    }

    async fn exchange(&self, url: &Url, headers: HeaderMap, body: Vec<u8>, now: Timestamp) -> Result<Answer, Failed> {
        let request = self.client.post(url.clone()).headers(headers).body(body);
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header(RETRY_AFTER.as_str()).and_then(|text| seconds_until(text, now));
        let aborts = header(ABORT.0) == Some(ABORT.1);
        let mut read: Vec<u8> = Vec::new();
        // What is there beyond the limit is of no use; and an answer that broke off has a status all the same.
        while read.len() < MOST_READ
            && let Ok(Some(piece)) = response.chunk().await
        {
            read.extend_from_slice(&piece);
        }
        Ok(Answer { status, snippet: snippet(&read), retry_after, aborts })
    }
}

fn failed(error: &reqwest::Error) -> Failed {
    match error {
        _ if guard::is_private(error) => Failed::Unsafe(Unsafe::Private),
        _ if error.is_timeout() => Failed::Timeout,
        _ if error.is_connect() => Failed::Connection,
        _ => Failed::NoAnswer,
    }
}

/// How a body begins, as text that every database can keep.
fn snippet(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().filter(|c| *c != '\0').take(SNIPPET).collect()
}

/// The seconds of a `Retry-After`, which is a number of them or a date (RFC 9110, section 10.2.3); a day at the most.
fn seconds_until(text: &str, now: Timestamp) -> Option<i64> {
    let seconds = match text.trim().parse::<u32>() {
        Ok(seconds) => i64::from(seconds),
        Err(_) => jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp().as_second() - now.seconds(),
    };
    Some(seconds.clamp(0, LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_155_754_492);

    #[test]
    fn a_receiver_may_ask_for_a_day_at_the_most() {
        assert_eq!(seconds_until("120", NOW), Some(120));
        assert_eq!(seconds_until(" 0 ", NOW), Some(0));
        assert_eq!(seconds_until("4000000000", NOW), Some(LONGEST_WAIT));
        assert_eq!(seconds_until("Fri, 20 Nov 2026 06:23:34 GMT", NOW), Some(60));
        assert_eq!(seconds_until("Fri, 20 Nov 2020 06:23:34 GMT", NOW), Some(0));
        for nonsense in ["", "soon", "-1", "1.5"] {
            assert_eq!(seconds_until(nonsense, NOW), None, "{nonsense}");
        }
    }

    #[test]
    fn what_is_kept_of_an_answer_is_text() {
        assert_eq!(snippet(b"a\0b\xffc"), "ab\u{fffd}c");
        assert_eq!(snippet("ü".repeat(3000).as_bytes()).chars().count(), SNIPPET);
    }

    /// A name may lead elsewhere the second time it is looked up: what it leads to then is what counts.
    #[tokio::test]
    async fn a_name_that_leads_into_a_private_network_is_never_dialled() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let lookup: Lookup = Arc::new(move |name| {
            count.fetch_add(1, Ordering::Relaxed);
            let ip: IpAddr = if name == "six.example.com" { "::ffff:127.0.0.1" } else { "127.0.0.1" }.parse().unwrap();
            Box::pin(async move { Ok(vec![ip]) })
        });
        let post = Post::with(false, Duration::from_secs(5), lookup).unwrap();
        for name in ["rebound.example.com", "six.example.com"] {
            let url = Url::parse(&format!("https://{name}:{port}/")).unwrap();
            let sent = post.send(&url, HeaderMap::new(), b"{}".to_vec(), NOW).await;
            assert_eq!(sent.outcome, Err(Failed::Unsafe(Unsafe::Private)), "{name}");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        assert!(listener.accept().is_err(), "somebody called");
        let plain = Url::parse("http://example.com/").unwrap();
        let sent = post.send(&plain, HeaderMap::new(), Vec::new(), NOW).await;
        assert_eq!(sent.outcome, Err(Failed::Unsafe(Unsafe::Unencrypted)));
        assert_eq!(asked.load(Ordering::Relaxed), 2, "nothing is looked up for what is refused anyway");
    }
}
