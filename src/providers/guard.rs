//! Keeps the server out of its own network when it goes to an address that a user gave.
//!
//! Addresses are refused as literals, in any spelling ([`check`]), and again after the name was looked up ([`client`]): what is
//! connected to is what was checked, so a name cannot mean one thing when it is looked at and another when it is used. Redirects are
//! not followed.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

/// How long it takes at most until a connection is there.
const CONNECT: Duration = Duration::from_secs(5);

/// Looks a name up.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Why an address is not gone to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// Neither `http` nor `https`.
    #[error("Only http and https addresses can be reached.")]
    Scheme,
    /// It holds a user name or a password, which would be sent along.
    #[error("It holds a user name or a password.")]
    Credentials,
    /// It names no host.
    #[error("It names no host.")]
    NoHost,
    /// It leads into a private network.
    #[error("It leads into a private network.")]
    Private,
    /// It is not `https`, where that is required.
    #[error("Only https addresses are sent to.")]
    Unencrypted,
}

/// No client can be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client: {0}")]
pub struct NoClient(String);

/// A client that connects to public addresses only, or with `allow_private` to any.
pub fn client(allow_private: bool, patience: Duration, lookup: Lookup) -> Result<reqwest::Client, NoClient> {
    let failed = |error: &dyn std::fmt::Display| NoClient(error.to_string());
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls().map_err(|error| failed(&error))?)
        .dns_resolver(Arc::new(Guard { allow_private, lookup }))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT.min(patience))
        .timeout(patience)
        .user_agent(concat!("dotdesk/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| failed(&error))
}

/// Looks names up as this machine does.
pub fn system_lookup() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move { Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.map(|at| at.ip()).collect()) })
    })
}

/// Refuses what no name has to be looked up for.
pub fn check(url: &Url, allow_private: bool) -> Result<(), Unsafe> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Unsafe::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Unsafe::Credentials);
    }
    let is_private = match url.host() {
        Some(Host::Ipv4(ip)) => !is_public(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => !is_public(IpAddr::V6(ip)),
        Some(Host::Domain(name)) => is_of_this_machine(name),
        None => return Err(Unsafe::NoHost),
    };
    if is_private && !allow_private { Err(Unsafe::Private) } else { Ok(()) }
}

/// Whether a name means this machine wherever it is asked for (RFC 6761, section 6.3).
fn is_of_this_machine(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("localhost"))
}

/// Looks names up and passes on only what may be connected to.
struct Guard {
    allow_private: bool,
    lookup: Lookup,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (allow_private, found) = (self.allow_private, (self.lookup)(name.as_str().to_owned()));
        Box::pin(async move {
            let fit = found.await?.into_iter().filter(|ip| allow_private || is_public(*ip));
            let fit: Vec<SocketAddr> = fit.map(|ip| SocketAddr::new(ip, 0)).collect();
            if fit.is_empty() {
                return Err(Unsafe::Private.into());
            }
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}

/// Whether a request failed because its name leads into private networks only.
pub fn is_private(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<Unsafe>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The TLS that is built in, with the roots that come with it.
pub(crate) fn tls() -> Result<ClientConfig, rustls::Error> {
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

    #[test]
    fn addresses_are_refused_as_they_are_meant() {
        for (address, why) in [
            ("http://127.0.0.1/", Unsafe::Private),
            ("http://2130706433/", Unsafe::Private),
            ("http://0x7f.1/", Unsafe::Private),
            ("http://0177.0.0.1/", Unsafe::Private),
            ("https://[::ffff:10.0.0.1]/", Unsafe::Private),
            ("https://LocalHost/", Unsafe::Private),
            ("https://api.localhost./", Unsafe::Private),
            ("https://user@example.com/", Unsafe::Credentials),
            ("ftp://example.com/", Unsafe::Scheme),
            ("file:///etc/passwd", Unsafe::Scheme),
        ] {
            assert_eq!(check(&Url::parse(address).unwrap(), false), Err(why), "{address}");
        }
        for address in ["https://example.com/", "http://8.8.8.8/", "https://localhost.example.com/"] {
            assert_eq!(check(&Url::parse(address).unwrap(), false), Ok(()), "{address}");
        }
        assert_eq!(check(&Url::parse("http://127.0.0.1/").unwrap(), true), Ok(()));
    }
}
