//! Reads server-sent events, as a browser does.

use std::time::Duration;

use serde_json::Value;

use super::client::Client;

/// The longest that a test waits for what is bound to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open stream.
pub struct Stream {
    response: reqwest::Response,
    text: String,
}

/// An event of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// `id`.
    pub id: String,
    /// `event`.
    pub event: String,
    /// `data`, as it came.
    pub data: String,
}

impl Frame {
    /// What is in it.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

impl Stream {
    /// Opens the stream.
    pub async fn open(client: &Client, body: &Value) -> Self {
        Self::of(client.open(client.prepare("events.stream", body)).await)
    }

    /// Opens the stream by a ticket's address.
    pub async fn with_ticket(nobody: &Client, url: &str) -> Self {
        Self::of(nobody.open(nobody.prepare_get(url)).await)
    }

    fn of(response: reqwest::Response) -> Self {
        assert_eq!(response.status().as_u16(), 200);
        for (name, value) in
            [("content-type", "text/event-stream"), ("x-accel-buffering", "no"), ("cache-control", "no-store")]
        {
            assert_eq!(response.headers().get(name).unwrap(), value);
        }
        Self { response, text: String::new() }
    }

    /// The next event; `None` when the server closed the stream.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let frame = parse(block);
                self.text = rest.to_owned();
                if let Some(frame) = frame {
                    return Some(frame);
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("something comes");
            self.text.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        }
    }

    /// The next events, this many.
    pub async fn take(&mut self, count: usize) -> Vec<Frame> {
        let mut frames = Vec::new();
        while frames.len() < count {
            frames.push(self.next().await.expect("the stream goes on"));
        }
        frames
    }
}

fn parse(block: &str) -> Option<Frame> {
    let field =
        |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned);
    Some(Frame { id: field("id")?, event: field("event")?, data: field("data")? })
}
