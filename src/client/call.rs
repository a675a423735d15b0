//! One call, from its arguments to its answer.

use std::future::IntoFuture;
use std::marker::PhantomData;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Client;
use super::error::{self, Error};
use crate::api;
use crate::method::{Access, Entry, Kind, Method, Output};

/// A call of a method with its argument struct. It is made when it is awaited.
#[must_use = "a call is made when it is awaited"]
pub struct Call<M: Method> {
    raw: RawCall,
    method: PhantomData<fn() -> M>,
}

/// A call of a method by its name. It is made when it is awaited.
#[must_use = "a call is made when it is awaited"]
pub struct RawCall {
    client: Client,
    method: String,
    args: Result<Value, Error>,
    key: Option<String>,
    manner: Manner,
}

/// What is known of a method before it is called.
#[derive(Clone, Copy)]
struct Manner {
    is_write: bool,
    is_public: bool,
    is_stream: bool,
}

/// What the server answered: a success.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status: 200, 202 if the work goes on, 204 if there is no body.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    url: String,
    bytes: Bytes,
}

impl Manner {
    fn of(entry: &Entry) -> Self {
        Self {
            is_write: entry.kind != Kind::Read,
            is_public: entry.access == Access::Public,
            is_stream: entry.is_stream,
        }
    }

    /// That of a method by its name. One that this version does not know may be anything; a key does no harm to a read.
    fn named(name: &str) -> Self {
        let known = api::TABLES.iter().flat_map(|chapter| chapter.entries()).find(|entry| entry.name == name);
        known.map_or(Self { is_write: true, is_public: false, is_stream: false }, Self::of)
    }
}

impl<M: Method> Call<M> {
    pub(super) fn new(client: &Client, args: &M) -> Self {
        let args = serde_json::to_value(args).map_err(Error::arguments);
        let manner = Manner::of(&Entry::of::<M>());
        Self {
            raw: RawCall { client: client.clone(), method: M::NAME.into(), args, key: None, manner },
            method: PhantomData,
        }
    }

    /// Names the write, in place of the key that is made for each call: sent twice, even by two programs, it happens once.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.raw = self.raw.idempotency_key(key);
        self
    }

    /// Does it only while the object has this version; otherwise the error is `version_conflict`.
    pub fn if_version(mut self, version: i64) -> Self {
        self.raw = self.raw.if_version(version);
        self
    }

    /// Answers what would be, and changes nothing; for methods that take `dry_run`.
    pub fn dry_run(mut self) -> Self {
        self.raw = self.raw.dry_run();
        self
    }
}

impl<M: Method> IntoFuture for Call<M> {
    type Output = Result<M::Output, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        async move {
            let reply = self.raw.await?;
            if M::Output::IS_VOID { serde_json::from_str("{}").map_err(Error::arguments) } else { reply.parse() }
        }
        .boxed()
    }
}

impl RawCall {
    pub(super) fn named(client: &Client, method: &str, args: &Value) -> Self {
        let (args, manner) = (Ok(args.clone()), Manner::named(method));
        Self { client: client.clone(), method: method.into(), args, key: None, manner }
    }

    /// Names the write, in place of the key that is made for each call: sent twice, even by two programs, it happens once.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Does it only while the object has this version; otherwise the error is `version_conflict`.
    pub fn if_version(self, version: i64) -> Self {
        self.with("if_version", version)
    }

    /// Answers what would be, and changes nothing; for methods that take `dry_run`.
    pub fn dry_run(self) -> Self {
        self.with("dry_run", true)
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Ok(Value::Object(args)) = &mut self.args {
            args.insert(name.into(), value.into());
        }
        self
    }

    async fn send(self) -> Result<Reply, Error> {
        if self.manner.is_stream {
            return Err(Error::Setup(format!("{} has no end: read it with Client::events", self.method)));
        }
        let body = Bytes::from(serde_json::to_vec(&self.args?).map_err(Error::arguments)?);
        let client = &self.client.inner;
        let is_given = self.key.is_some() || client.headers.contains_key("idempotency-key");
        let key = match self.key {
            None if self.manner.is_write && !is_given => Some(new_key()?),
            key => key,
        };
        // The key belongs to whoever the token stands for; without one the server has nobody to remember it for.
        let is_repeatable = !self.manner.is_write || client.token && !self.manner.is_public;
        let mut tried = 0;
        loop {
            let error = match self.client.post(&self.method, body.clone(), key.as_deref()).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let Some(wait) = client.retry.wait(tried, &error, is_repeatable) else { return Err(error) };
            tokio::time::sleep(wait).await;
            tried += 1;
        }
    }
}

impl IntoFuture for RawCall {
    type Output = Result<Reply, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.send().boxed()
    }
}

impl Client {
    /// A request to a method, without its body.
    pub(super) fn request(&self, method: &str) -> Result<reqwest::RequestBuilder, Error> {
        if method.is_empty() || !method.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b)) {
            return Err(Error::Setup(format!("{method:?} is no name of a method")));
        }
        let request = self.inner.http.post(format!("{}{method}", self.inner.base));
        Ok(request.header(CONTENT_TYPE, "application/json").headers(self.inner.headers.clone()))
    }

    /// Sends a call once.
    async fn post(&self, method: &str, body: Bytes, key: Option<&str>) -> Result<Reply, Error> {
        let mut request = self.request(method)?.timeout(self.inner.timeout).body(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let failed = |error| Error::transport(self.url(), error);
        let response = request.send().await.map_err(failed)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.map_err(failed)?;
        match status {
            200..=299 => Ok(Reply { status, headers, bytes, url: self.url().into() }),
            _ => Err(Error::answered(self.url(), status, &headers, &bytes)),
        }
    }
}

impl Reply {
    /// The body; null if there is none.
    pub fn json(&self) -> Result<Value, Error> {
        if self.bytes.is_empty() { Ok(Value::Null) } else { self.parse() }
    }

    /// The body as what it is known to be.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.bytes).map_err(|wrong| Error::Answer {
            url: self.url.clone(),
            status: self.status,
            reason: format!("{wrong}, in {}", error::excerpt(&self.bytes)),
            retry_after: None,
        })
    }

    /// A header's text; `None` if it is not there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A key that nobody has used before.
fn new_key() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::Setup(format!("no random numbers: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
