//! A client for programs in Rust: the argument structs of the methods are the calls.
//!
//! ```no_run
//! use dotdesk::client::{Client, Error};
//! use dotdesk::resources::account::teams::{Create, ListTeams};
//! use futures_util::TryStreamExt;
//!
//! # async fn example() -> Result<(), Error> {
//! let desk = Client::new("http://127.0.0.1:8080", "dd_live_…")?;
//! let team = desk.call(Create { name: "Sms".into(), ..Default::default() }).await?;
//! println!("{} is {}", team.name, team.id);
//! let mut teams = desk.items(ListTeams::default());
//! while let Some(team) = teams.try_next().await? {
//!     println!("{} {}", team.id, team.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What fails in passing is tried again ([`Retry`]): connections that break, rate limits, faults of the server. A write is sent with
//! an idempotency key, the same each time it is tried, so that it happens once. What cannot be tried again safely is not: the
//! few writes that take no token.
//!
//! The client runs on Tokio. It is cheap to clone, and its clones share connections.

mod call;
mod error;
mod events;
mod jobs;
mod pages;
mod retry;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::{Host, Url};

use crate::method::{Method, Secret};
use crate::providers::guard;

pub use call::{Call, RawCall, Reply};
pub use error::{ApiError, Error};
pub use events::Events;
pub use jobs::Work;
pub use retry::Retry;

/// How long one try of a call may take unless it is set otherwise: longer than the server gives a call.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long it may take until a connection is there.
const CONNECT: Duration = Duration::from_secs(10);

/// Calls the methods of one server, with one token.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    base: String,
    token: bool,
    headers: HeaderMap,
    http: reqwest::Client,
    timeout: Duration,
    retry: Retry,
}

/// What a client is to be like; made by [`Client::builder`].
pub struct Builder {
    url: String,
    token: Option<Secret>,
    headers: Vec<(String, String)>,
    user_agent: String,
    timeout: Duration,
    retry: Retry,
    http: Option<reqwest::Client>,
}

impl Client {
    /// A client for the server at `url` that calls with this API key or access token.
    pub fn new(url: &str, token: impl Into<String>) -> Result<Self, Error> {
        Self::builder(url).token(token).build()
    }

    /// A client that is to differ from the usual one.
    pub fn builder(url: impl Into<String>) -> Builder {
        Builder {
            url: url.into(),
            token: None,
            headers: Vec::new(),
            user_agent: concat!("dotdesk-rust/", env!("CARGO_PKG_VERSION")).into(),
            timeout: TIMEOUT,
            retry: Retry::default(),
            http: None,
        }
    }

    /// Calls a method: `client.call(Create { … }).await?` answers the team. The call is made when it is awaited; until then it can
    /// be given more, such as [`Call::if_version`].
    pub fn call<M: Method>(&self, args: M) -> Call<M> {
        Call::new(self, &args)
    }

    /// Calls a method by its name with any arguments, and answers status, headers and body.
    pub fn raw(&self, method: &str, args: &Value) -> RawCall {
        RawCall::named(self, method, args)
    }

    /// Where the server is.
    pub fn url(&self) -> &str {
        self.inner.base.trim_end_matches('/')
    }
}

impl Builder {
    /// The API key or access token to call with.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Secret::new(token));
        self
    }

    /// How long one try of a call may take; 60 seconds if not set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What is tried again, and how often; [`Retry::NONE`] for nothing.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// What the program calls itself, such as `acme-import/1.2`; the server shows it with sessions and in its log.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// One more header to send with every call.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// An HTTP client of one's own, with its connections, proxies and certificates.
    pub fn http(mut self, http: reqwest::Client) -> Self {
        self.http = Some(http);
        self
    }

    /// The client.
    pub fn build(self) -> Result<Client, Error> {
        let url = Url::parse(&self.url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(url) = url else {
            return Err(Error::Setup("the address of a server looks like https://desk.example.com".into()));
        };
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(Error::Setup("the address of a server has neither a password nor arguments in it".into()));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name.as_str()).map_err(|error| Error::Setup(error.to_string()))?;
            let value = HeaderValue::try_from(value.as_str()).map_err(|error| Error::Setup(error.to_string()))?;
            headers.append(name, value);
        }
        if let Some(token) = &self.token {
            let bearer = HeaderValue::try_from(format!("Bearer {}", token.reveal()));
            let mut bearer = bearer.map_err(|_| Error::Setup("a token has visible ASCII characters only".into()))?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let http = match self.http {
            Some(http) => http,
            None => http(&url, &self.user_agent)?,
        };
        Ok(Client {
            inner: Arc::new(Inner {
                base: format!("{}/", url.as_str().trim_end_matches('/')),
                token: self.token.is_some(),
                headers,
                http,
                timeout: self.timeout,
                retry: self.retry,
            }),
        })
    }
}

fn http(url: &Url, user_agent: &str) -> Result<reqwest::Client, Error> {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    let tls = guard::tls().map_err(|error| Error::Setup(error.to_string()))?;
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT)
        // A redirect would turn the call into another one, or send the token elsewhere.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(user_agent);
    // A server on this machine is not reached through a proxy.
    let builder = if is_here { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| Error::Setup(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_address_and_nothing_else() {
        let url = |url: &str| Client::new(url, "dd_live_x").map(|client| client.url().to_owned());
        assert_eq!(url("https://desk.example.com").unwrap(), "https://desk.example.com");
        assert_eq!(url("https://desk.example.com/support/").unwrap(), "https://desk.example.com/support");
        for wrong in ["desk.example.com", "ftp://desk.example.com", "https://me:pw@desk.example.com", "https://a/?x=1"]
        {
            let error = url(wrong).unwrap_err().to_string();
            assert!(!error.contains("pw"), "{error}");
        }
        assert!(Client::new("http://127.0.0.1:1", "two\nlines").is_err());
    }
}
