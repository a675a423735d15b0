//! The change feed as it happens: server-sent events, read on where a connection broke.

use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::{Client, Error};
use crate::method::Method;
use crate::resources::integrations::events::{Event, LatestEvent, Stream};

/// How long nothing at all may come, not even a sign of life, before the connection counts as broken.
const SILENCE: Duration = Duration::from_secs(45);

/// Events as they happen.
pub type Events<T = Event> = BoxStream<'static, Result<T, Error>>;

impl Client {
    /// What happens, as it happens. Without `after` it begins when it is first asked for an event. Where a connection breaks, it goes on
    /// after the last event, so that none is missed. It ends only with an error: one that is not passing, such as `cursor_expired`, or
    /// that the server could not be reached, as often as that was tried ([`Retry`](super::Retry)).
    pub fn events(&self, args: Stream) -> Events {
        match serde_json::to_value(args) {
            Ok(args) => self.raw_events(&args).and_then(async |event| read(&event)).boxed(),
            Err(error) => stream::iter([Err(Error::arguments(error))]).boxed(),
        }
    }

    /// The same with any arguments, each event as the JSON that came.
    pub fn raw_events(&self, args: &Value) -> Events<String> {
        let reader = Reader {
            client: self.clone(),
            args: args.clone(),
            last: None,
            response: None,
            pending: Vec::new(),
            failed: 0,
        };
        stream::try_unfold(reader, async |mut reader| Ok(Some((reader.next().await?, reader)))).boxed()
    }
}

fn read(event: &str) -> Result<Event, Error> {
    serde_json::from_str(event).map_err(|error| Error::Setup(format!("an event cannot be read: {error}")))
}

struct Reader {
    client: Client,
    args: Value,
    last: Option<String>,
    response: Option<reqwest::Response>,
    pending: Vec<u8>,
    failed: u32,
}

/// One event of a stream.
struct Frame {
    id: Option<String>,
    data: String,
}

impl Reader {
    async fn next(&mut self) -> Result<String, Error> {
        loop {
            let error = match self.read().await {
                Ok(Frame { id, data }) => {
                    self.last = id.or_else(|| self.last.take());
                    return Ok(data);
                }
                Err(error) => error,
            };
            self.response = None;
            self.pending.clear();
            match self.client.inner.retry.wait(self.failed, &error, true) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
            self.failed += 1;
        }
    }

    /// The next event of the open connection, which is opened if there is none.
    async fn read(&mut self) -> Result<Frame, Error> {
        let mut response = match self.response.take() {
            Some(response) => response,
            None => self.open().await?,
        };
        let broke = |source| Error::transport(self.client.url(), source);
        loop {
            while let Some(block) = take_block(&mut self.pending) {
                if let Some(frame) = parse(&block) {
                    self.response = Some(response);
                    return Ok(frame);
                }
            }
            let chunk = match tokio::time::timeout(SILENCE, response.chunk()).await {
                Ok(chunk) => chunk.map_err(broke)?,
                Err(_) => return Err(self.ended("nothing came any more")),
            };
            match chunk {
                Some(chunk) => {
                    // The stream is open: if it breaks now, that is the first failure.
                    self.failed = 0;
                    self.pending.extend(chunk.iter().filter(|byte| **byte != b'\r'));
                }
                None => return Err(self.ended("the server closed the stream")),
            }
        }
    }

    async fn open(&mut self) -> Result<reqwest::Response, Error> {
        if self.last.is_none() && self.args.get("after").is_none_or(Value::is_null) {
            // From here on nothing is missed, even if the connection breaks before the first event.
            self.last = Some(self.client.call(LatestEvent {}).await?.sequence.to_string());
        }
        let mut request = self.client.request(Stream::NAME)?.body(self.args.to_string());
        if let Some(last) = &self.last {
            request = request.header("last-event-id", last);
        }
        let url = self.client.url();
        // Only its beginning has a time: the stream itself may last.
        let response = match tokio::time::timeout(self.client.inner.timeout, request.send()).await {
            Ok(response) => response.map_err(|source| Error::transport(url, source))?,
            Err(_) => return Err(self.ended("it took too long")),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if status == 200 {
            return Ok(response);
        }
        let body = response.bytes().await.map_err(|source| Error::transport(url, source))?;
        Err(Error::answered(url, status, &headers, &body))
    }

    fn ended(&self, reason: &str) -> Error {
        Error::Transport { url: self.client.url().into(), reason: reason.into(), is_unsent: false, source: None }
    }
}

/// Takes what comes before the first empty line.
fn take_block(pending: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = memchr::memmem::find(pending, b"\n\n")?;
    let rest = pending.split_off(end + 2);
    Some(std::mem::replace(pending, rest))
}

/// The event of a block (WHATWG HTML, section 9.2); comments and settings of the connection are none.
fn parse(block: &[u8]) -> Option<Frame> {
    let text = String::from_utf8_lossy(block);
    let (mut id, mut data) = (None, Vec::new());
    for line in text.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => id = Some(value.to_owned()),
            "data" => data.push(value),
            _ => {}
        }
    }
    (!data.is_empty()).then(|| Frame { id, data: data.join("\n") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let mut pending = Vec::new();
        let mut found = Vec::new();
        let text = "retry: 2000\n\n: hb\n\nid: 7\nevent: team.updated\ndata: {\"seq\":7}\n\nid:8\ndata:a\ndata:\u{e9}\n\nid: 9\n";
        for byte in text.bytes() {
            pending.push(byte);
            while let Some(block) = take_block(&mut pending) {
                found.extend(parse(&block).map(|frame| (frame.id.unwrap(), frame.data)));
            }
        }
        assert_eq!(found, [("7".into(), "{\"seq\":7}".to_owned()), ("8".into(), "a\n\u{e9}".to_owned())]);
        assert_eq!(pending, b"id: 9\n");
    }
}
