//! The client of tests: plain HTTP for what is wrong on purpose, the typed client of the library for the rest.

use dotdesk::client::{self, Retry};
use dotdesk::method::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// Calls one server with one token.
#[derive(Clone)]
pub struct Client {
    url: String,
    token: Option<String>,
    headers: HeaderMap,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came.
    pub text: String,
    /// The same, byte for byte.
    pub bytes: Vec<u8>,
    /// The body as JSON; null if there is none.
    pub body: Value,
}

impl Client {
    /// A client for the server at `url`.
    pub fn new(url: &str, token: Option<&str>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url: url.into(), token: token.map(str::to_owned), headers: HeaderMap::new(), http }
    }

    /// The same client, sending one more header.
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        client
    }

    /// The client that programs in Rust have. It tries nothing again: a test is to see what fails.
    pub fn typed(&self) -> client::Client {
        let builder = client::Client::builder(&self.url).http(self.http.clone()).retry(Retry::NONE);
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let builder = headers.fold(builder, |builder, (name, value)| builder.header(name, value));
        match &self.token {
            Some(token) => builder.token(token),
            None => builder,
        }
        .build()
        .unwrap()
    }

    /// Calls a method with its argument struct and expects it to succeed.
    pub async fn call<M: Method>(&self, args: M) -> M::Output {
        self.typed().call(args).await.unwrap_or_else(|error| panic!("{}: {error:?}", M::NAME))
    }

    /// Calls a method with any JSON.
    pub async fn post(&self, method: &str, body: &Value) -> Reply {
        self.send(method, "application/json", body.to_string().into_bytes()).await
    }

    /// Calls a method with any JSON and expects it to succeed.
    pub async fn ok(&self, method: &str, body: Value) -> Value {
        let reply = self.post(method, &body).await;
        assert!(reply.status < 300, "{method} {body} answered {}: {}", reply.status, reply.text);
        reply.body
    }

    /// Sends any bytes to a method.
    pub async fn send(&self, method: &str, content_type: &str, body: Vec<u8>) -> Reply {
        let mut request = self.http.post(format!("{}/{method}", self.url)).body(body);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        self.finish(request).await
    }

    /// Opens a stream; see [`super::streams`].
    pub async fn open(&self, request: reqwest::RequestBuilder) -> reqwest::Response {
        let mut request = request.headers(self.headers.clone());
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.send().await.unwrap()
    }

    /// A request to a method with any JSON, not sent yet.
    pub fn prepare(&self, method: &str, body: &Value) -> reqwest::RequestBuilder {
        let request = self.http.post(format!("{}/{method}", self.url)).body(body.to_string());
        request.header("content-type", "application/json")
    }

    /// A request for an address of any kind, not sent yet.
    pub fn prepare_get(&self, url: &str) -> reqwest::RequestBuilder {
        self.http.get(url)
    }

    /// Gets a page.
    pub async fn get(&self, path: &str) -> Reply {
        self.finish(self.http.get(format!("{}{path}", self.url))).await
    }

    /// Sends a request of any kind.
    pub async fn request(&self, method: reqwest::Method, path: &str) -> Reply {
        self.finish(self.http.request(method, format!("{}{path}", self.url))).await
    }

    /// Calls a method of a server that may be gone before it answers.
    pub async fn attempt(&self, method: &str, body: &Value) -> Result<Reply, reqwest::Error> {
        let request = self.http.post(format!("{}/{method}", self.url)).body(body.to_string());
        self.try_finish(request.header("content-type", "application/json")).await
    }

    async fn finish(&self, request: reqwest::RequestBuilder) -> Reply {
        self.try_finish(request).await.unwrap()
    }

    async fn try_finish(&self, mut request: reqwest::RequestBuilder) -> Result<Reply, reqwest::Error> {
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = request.headers(self.headers.clone()).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = match is_stream(&response) {
            // It has no end: its beginning is its answer.
            true => response.chunk().await?.unwrap_or_default().to_vec(),
            false => response.bytes().await?.to_vec(),
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Reply { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), bytes, text })
    }
}

fn is_stream(response: &reqwest::Response) -> bool {
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

impl Reply {
    /// A header's text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The error code; empty if there is no error.
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// Pointer and code of every argument that is wrong.
    pub fn problems(&self) -> Vec<(String, String)> {
        let errors = self.body["error"]["errors"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
    }

    /// Expects an error of this status and code.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        self
    }

    /// Expects one wrong argument.
    #[track_caller]
    pub fn wrong(&self, pointer: &str, code: &str) -> &Self {
        self.refused(400, "invalid_arguments");
        assert_eq!(self.problems(), [(pointer.to_owned(), code.to_owned())], "{}", self.text);
        self
    }
}
