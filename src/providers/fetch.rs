//! The one way by which the server fetches what is at an address that a user gave: never from its own network (see
//! [`guard`](super::guard)).

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use url::Url;

use super::guard::{self, NoClient, Unsafe};
use crate::method::{Code, Context, Error, Result};

/// How long fetching may take in all; less than a call has.
const PATIENCE: Duration = Duration::from_secs(15);

/// Fetches what users name.
pub struct Fetch {
    client: reqwest::Client,
    allow_private: bool,
}

/// What was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// The bytes.
    pub bytes: Bytes,
    /// What the other server says they are.
    pub content_type: Option<String>,
}

impl Fetch {
    /// A client; with `allow_private` one that fetches from anywhere, for tests and for those who trust all their users.
    pub fn new(allow_private: bool) -> Result<Self, NoClient> {
        let client = guard::client(allow_private, PATIENCE, guard::system_lookup())?;
        Ok(Self { client, allow_private })
    }

    /// The client of this server.
    pub fn of(ctx: &Context) -> Result<&Self> {
        ctx.outside_transaction()?;
        ctx.service()
    }

    /// What is at an address that stands in the argument at `pointer`: at most `limit` bytes.
    pub async fn get(&self, pointer: &str, address: &str, limit: usize) -> Result<Fetched> {
        let url = Url::parse(address)
            .map_err(|_| Error::argument(pointer, "format", "expected an address such as https://example.com/page"))?;
        guard::check(&url, self.allow_private).map_err(unsafe_url)?;
        let mut response = self.client.get(url).send().await.map_err(|error| refusal(pointer, &error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(unsafe_url("It leads on to another address; name that one."));
        }
        if !status.is_success() {
            let message = format!("the address answered with status {}", status.as_u16());
            return Err(Error::argument(pointer, "unreachable", message));
        }
        let too_large =
            || Error::new(Code::LimitExceeded, format!("What is at the address has more than {limit} bytes."));
        if response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_large());
        }
        let content_type =
            response.headers().get("content-type").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut bytes = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(|error| refusal(pointer, &error))? {
            if bytes.len() + piece.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Fetched { bytes: bytes.freeze(), content_type })
    }
}

fn unsafe_url(why: impl std::fmt::Display) -> Error {
    Error::new(Code::UnsafeUrl, format!("This address is not fetched. {why}"))
}

/// Why the address could not be fetched, as far as the caller is to know.
fn refusal(pointer: &str, error: &reqwest::Error) -> Error {
    if guard::is_private(error) {
        return unsafe_url(Unsafe::Private);
    }
    let message =
        if error.is_timeout() { "the address did not answer in time" } else { "the address cannot be reached" };
    Error::argument(pointer, "unreachable", message)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn private_addresses_are_refused_in_every_spelling() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let fetch = Fetch::new(false).unwrap();
        let refused = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.0.0.1./",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://0/",
            "http://169.254.169.254/latest/meta-data/",
            "http://192.168.0.1:8080/",
            "https://10.0.0.1/",
            "http://localhost/",
            "http://LOCALHOST:80/",
            "http://①②⑦.⓪.⓪.①/",
            "http://user:password@example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "gopher://127.0.0.1:6379/_x",
        ];
        for address in refused {
            let error = fetch.get("/source_url", address, 10).await.unwrap_err();
            assert_eq!(error.code(), Code::UnsafeUrl, "{address}: {error:?}");
        }
    }

    /// A web server on this machine that gives each caller the next of these answers.
    fn serve(answers: &'static [&'static str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/x", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        url
    }

    #[tokio::test]
    async fn what_is_fetched_is_bounded_and_no_redirect_is_followed() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let fetch = Fetch::new(true).unwrap();
        let url = serve(&[
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel",
        ]);
        let fetched = fetch.get("/u", &url, 10).await.unwrap();
        assert_eq!((&fetched.bytes[..], fetched.content_type.as_deref()), (&b"hello"[..], Some("text/plain")));
        let codes =
            [Code::UnsafeUrl, Code::InvalidArguments, Code::LimitExceeded, Code::LimitExceeded, Code::InvalidArguments];
        for code in codes {
            assert_eq!(fetch.get("/u", &url, 10).await.unwrap_err().code(), code);
        }
    }
}
