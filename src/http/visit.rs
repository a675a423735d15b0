//! A request on its way through one of the doors: what is known of it, and the one way from there to a method.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpRequest;

use super::body;
use super::server::Server;
use crate::access::authenticate::Sessions;
use crate::access::limits::{Limits, Standing};
use crate::access::permit::permit;
use crate::db::Timestamp;
use crate::method::{
    Access, Answer, Call, Caller, Code, Described, Error, Input, Kind, Rate, Request, Result, Secret, Within,
    idempotency,
};

/// The most bytes of all headers together.
const HEADER_LIMIT: usize = 16 * 1024;

/// One request, and what its answer needs besides the answer itself.
pub(super) struct Visit<'a> {
    pub server: &'a Server,
    pub http: &'a HttpRequest,
    /// `req_` and 32 hexadecimal digits.
    pub id: String,
    /// When it came.
    pub now: Timestamp,
    /// When it must be over.
    pub deadline: Instant,
    /// Scheme and host by which the client reached us.
    pub base_url: String,
    /// The address of the client.
    pub ip: Option<IpAddr>,
    /// The method that it is for, once that is known.
    pub method: Option<Arc<Described>>,
    /// Who calls, once that is known.
    pub caller: Option<Arc<Caller>>,
    /// Where the caller stands with the rate limits.
    pub standing: Option<Standing>,
    /// Whether it had to be guessed that the body is JSON.
    pub assumed_json: bool,
    /// Whether the connection cannot be used again.
    pub close: bool,
    /// What the status would have been, where the door answers with another one.
    pub meant: Option<u16>,
}

impl<'a> Visit<'a> {
    /// A request that has just come.
    pub fn new(server: &'a Server, http: &'a HttpRequest) -> Self {
        Self {
            server,
            http,
            id: format!("req_{}", server.app.new_id().hex()),
            now: server.app.now(),
            deadline: Instant::now() + server.options.request_timeout,
            base_url: base_url(server, http),
            ip: address(server, http),
            method: None,
            caller: None,
            standing: None,
            assumed_json: false,
            close: false,
            meant: None,
        }
    }

    /// Refuses headers that are too large to be looked at.
    pub fn check_headers(&self) -> Result<()> {
        let size: usize = self.http.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if size > HEADER_LIMIT { Err(body::too_large("headers", HEADER_LIMIT)) } else { Ok(()) }
    }

    /// Finds out who calls.
    pub async fn authenticate(&mut self, token: Option<&Secret>) -> Result<Arc<Caller>> {
        let looking = tokio::time::timeout_at(self.deadline.into(), self.look_up(token));
        let found = looking.await.unwrap_or_else(|_| Err(too_slow()));
        match found {
            Ok(caller) => {
                self.caller = Some(caller.clone());
                Ok(caller)
            }
            Err(error) => {
                // Guessing tokens is counted like guessing passwords.
                if error.status() == 401
                    && let Some(limits) = self.server.app.services().get::<Limits>()
                {
                    limits.count_address(self.ip, Rate::AUTH).map_err(|full| self.ratelimited(full))?;
                }
                Err(error)
            }
        }
    }

    async fn look_up(&self, token: Option<&Secret>) -> Result<Arc<Caller>> {
        let token = token.ok_or_else(nobody)?;
        match self.server.app.services().get::<Sessions>() {
            Some(sessions) => sessions.authenticate(&self.server.app, token.reveal(), self.ip).await,
            None => Err(Error::internal("this server knows no sessions")),
        }
    }

    /// Lets a call in: who calls, may he, and not too often.
    pub async fn admit(&mut self, method: &Arc<Described>, token: Option<&Secret>) -> Result<()> {
        if method.entry.access != Access::Public {
            self.authenticate(token).await?;
        }
        self.permit(method)
    }

    /// Lets a call in, of whoever it is known by now to be from.
    pub fn permit(&mut self, method: &Arc<Described>) -> Result<()> {
        self.method = Some(method.clone());
        if method.entry.access == Access::Public {
            return self.count_address(method.entry.rate);
        }
        let caller = self.caller.clone().ok_or_else(nobody)?;
        permit(&caller, method, self.ip)?;
        self.count(&caller, method.entry.rate)
    }

    fn count_address(&mut self, rate: Rate) -> Result<()> {
        if let Some(limits) = self.server.app.services().get::<Limits>() {
            let counted = limits.count_address(self.ip, rate);
            self.standing = counted.map_err(|full| self.ratelimited(full))?;
        }
        Ok(())
    }

    /// Counts a request of a known caller that is for no method.
    pub fn count(&mut self, caller: &Caller, rate: Rate) -> Result<()> {
        if let Some(limits) = self.server.app.services().get::<Limits>() {
            let counted = limits.count(caller, rate);
            self.standing = counted.map_err(|full| self.ratelimited(full))?;
        }
        Ok(())
    }

    /// Makes a call that was let in.
    pub async fn call(&mut self, method: &Arc<Described>, token: Option<Secret>, input: Input) -> Result<Answer> {
        // A read does nothing twice and guards nothing: what it makes of these headers is nothing.
        let writes = method.entry.kind != Kind::Read;
        let request = Request {
            id: self.id.clone(),
            at: self.server.app.now(),
            deadline: self.deadline,
            ip: self.ip,
            user_agent: self.text_of("user-agent"),
            token,
            last_event_id: self.text_of("last-event-id"),
            idempotency_key: if writes { self.idempotency_key()? } else { None },
            if_match: if writes { self.if_match()? } else { None },
            base_url: self.base_url.clone(),
        };
        let call = Call {
            method: method.clone(),
            input,
            app: self.server.app.clone(),
            caller: self.caller.clone().filter(|_| method.entry.access != Access::Public),
            request: Arc::new(request),
            within: Within::default(),
        };
        let outcome = method.call(call).await;
        // What counts as the calls it contains has been counted by now.
        if method.entry.rate.cost == 0
            && let (Some(limits), Some(caller)) = (self.server.app.services().get::<Limits>(), &self.caller)
        {
            self.standing = limits.standing(caller, method.entry.rate.policy);
        }
        outcome
    }

    /// Reads the body, up to so many bytes, within the time of the request.
    pub async fn read(&mut self, payload: actix_web::web::Payload, limit: usize) -> Result<actix_web::web::Bytes> {
        let reading = tokio::time::timeout_at(self.deadline.into(), body::read(self.http, payload, limit));
        reading.await.unwrap_or_else(|_| {
            self.close = true;
            Err(Error::new(Code::RequestTimeout, "The body did not arrive in time. Nothing was changed; retry."))
        })
    }

    /// Notes the cause of a failure, for whoever runs the server.
    pub fn log_failure(&self, error: &Error) {
        let Some(cause) = error.cause() else { return };
        let method: Cow<'_, str> = self.method.as_ref().map_or("-".into(), |method| method.name().into());
        let (request_id, code) = (&self.id, error.code().as_str());
        if error.status() >= 500 {
            tracing::error!(request_id, %method, code, cause, "call failed");
        } else {
            tracing::debug!(request_id, %method, code, cause, "call refused");
        }
    }

    /// A client's own id for the request, if it can be echoed safely.
    pub fn client_request_id(&self) -> Option<&'a str> {
        let id = self.http.headers().get("x-request-id")?.to_str().ok()?;
        let fits =
            (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        fits.then_some(id)
    }

    fn ratelimited(&mut self, full: Standing) -> Error {
        self.standing = Some(full);
        full.refusal()
    }

    fn text_of(&self, name: &str) -> Option<String> {
        self.http.headers().get(name)?.to_str().ok().map(str::to_owned)
    }

    fn idempotency_key(&self) -> Result<Option<String>> {
        match self.http.headers().get("idempotency-key") {
            None => Ok(None),
            Some(value) => idempotency::parse_key(value.to_str().unwrap_or_default()).map(Some),
        }
    }

    /// The version in `If-Match: "8"`; `*` asks for nothing (RFC 9110, section 13.1.1).
    fn if_match(&self) -> Result<Option<i64>> {
        let Some(value) = self.http.headers().get("if-match") else { return Ok(None) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(None);
        }
        let version = text.trim_start_matches("W/").trim_matches('"').parse().ok();
        version
            .map(Some)
            .ok_or_else(|| Error::argument("", "format", "If-Match takes the version from an ETag, such as \"8\""))
    }
}

fn nobody() -> Error {
    Error::new(Code::NotAuthed, "Send a token: Authorization: Bearer <token>.")
}

fn too_slow() -> Error {
    Error::new(Code::RequestTimeout, "The call took too long. Nothing was changed; retry.")
}

/// The address of the client; through a proxy of ours, the one that the proxy saw.
fn address(server: &Server, http: &HttpRequest) -> Option<IpAddr> {
    // A socket for both families shows IPv4 addresses as ::ffff:192.0.2.1; people write them, in ip_allowlist too, as they are.
    let peer = http.peer_addr().map(|peer| peer.ip().to_canonical());
    if !server.options.trust_proxy {
        return peer;
    }
    // The last entry is what our own proxy added; those before it are the client's word.
    let forwarded = http.headers().get("x-forwarded-for").and_then(|list| list.to_str().ok());
    let forwarded = forwarded.and_then(|list| list.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    forwarded.map(|ip| ip.to_canonical()).or(peer)
}

/// Scheme and host by which the client reached us.
fn base_url(server: &Server, http: &HttpRequest) -> String {
    if let Some(url) = &server.options.public_url {
        return url.clone();
    }
    let header = |name| http.headers().get(name).and_then(|value| value.to_str().ok());
    let scheme = match header("x-forwarded-proto") {
        Some("https") if server.options.trust_proxy => "https",
        _ => "http",
    };
    let host = header("host").filter(|host| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b)));
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}
