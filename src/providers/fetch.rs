//! The one way by which the server fetches an address that a user gave: never from its own network.
//!
//! Addresses are refused as literals, in any spelling, and again after the name was looked up: what is connected to is what was
//! checked, so a name cannot mean one thing when it is looked at and another when it is used. Redirects are not followed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

use crate::method::{Code, Context, Error, Result};

/// How long fetching may take in all; less than a call has.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long it takes at most until a connection is there.
const CONNECT: Duration = Duration::from_secs(5);

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

/// No client can be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client: {0}")]
pub struct NoClient(String);

impl Fetch {
    /// A client; with `allow_private` one that fetches from anywhere, for tests and for those who trust all their users.
    pub fn new(allow_private: bool) -> Result<Self, NoClient> {
        let failed = |error: &dyn std::fmt::Display| NoClient(error.to_string());
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls().map_err(|error| failed(&error))?)
            .dns_resolver(Arc::new(Guard { allow_private }))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .user_agent(concat!("dotdesk/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| failed(&error))?;
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
        self.check(&url)?;
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

    /// Refuses what no name has to be looked up for.
    fn check(&self, url: &Url) -> Result<()> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unsafe_url("Only http and https addresses are fetched."));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(unsafe_url("It holds a user name or a password."));
        }
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain(_)) => None,
            None => return Err(unsafe_url("It names no host.")),
        };
        match ip {
            Some(ip) if !self.allow_private && !is_public(ip) => Err(unsafe_url("It leads into a private network.")),
            _ => Ok(()),
        }
    }
}

fn unsafe_url(why: &str) -> Error {
    Error::new(Code::UnsafeUrl, format!("This address is not fetched. {why}"))
}

/// Why the address could not be fetched, as far as the caller is to know.
fn refusal(pointer: &str, error: &reqwest::Error) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<Private>() {
            return unsafe_url("It leads into a private network.");
        }
        cause = error.source();
    }
    let message =
        if error.is_timeout() { "the address did not answer in time" } else { "the address cannot be reached" };
    Error::argument(pointer, "unreachable", message)
}

/// Looks names up and passes on only what may be connected to.
struct Guard {
    allow_private: bool,
}

/// A name leads only into private networks.
#[derive(Debug, thiserror::Error)]
#[error("the name leads into a private network")]
struct Private;

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let fit: Vec<SocketAddr> = found.into_iter().filter(|at| allow_private || is_public(at.ip())).collect();
            if fit.is_empty() {
                return Err(Private.into());
            }
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}

/// The TLS that is built in, with the roots that come with it.
pub(super) fn tls() -> Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    Ok(ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Whether an address belongs to the public internet. What is not known to is refused (IANA's registries of special addresses).
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = match (a, b, c) {
        // This network, private, loopback, future use.
        (0 | 10 | 127 | 240..=255, ..) => true,
        // Shared by providers (RFC 6598).
        (100, 64..=127, _) => true,
        // Link-local: where clouds hand out credentials.
        (169, 254, _) | (172, 16..=31, _) | (192, 168, _) => true,
        // Protocol assignments, documentation, 6to4 relays, benchmarks.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
        (224..=239, ..) => true,
        _ => false,
    };
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let inner = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        // An IPv4 address in the clothes of an IPv6 one counts as what it is.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(inner(high, low)),
        [0x2002, high, low, ..] => is_public_v4(inner(high, low)),
        // Teredo and the other protocol assignments, documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Only global unicast has been given out; loopback, link-local, unique local and multicast lie elsewhere.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        let private = [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "127.9.9.9",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
        ];
        for ip in private {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "2606:4700::1",
            "2a00::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::",
        ];
        for ip in public {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

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
