//! The native surface: from an HTTP request to a method and back.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use actix_web::http::Method as HttpMethod;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::respond::{self, Wants};
use super::server::Server;
use super::{body, cors, credentials, pages, tickets};
use crate::access::authenticate::Sessions;
use crate::access::limits::{Limits, Standing};
use crate::access::permit::permit;
use crate::method::{
    API_VERSION, Access, Answer, Call, Caller, Code, Described, Error, Input, Kind, Rate, Request, Result, Secret,
    Within, idempotency,
};

/// The most bytes of all headers together.
const HEADER_LIMIT: usize = 16 * 1024;

/// What the answer to one request needs besides the answer itself.
#[derive(Default)]
struct Trail {
    method: Option<Arc<Described>>,
    caller: Option<Arc<Caller>>,
    standing: Option<Standing>,
    assumed_json: bool,
    close: bool,
}

/// Answers a request, whatever it is.
pub(super) async fn handle(http: HttpRequest, payload: Payload) -> HttpResponse {
    let Some(server) = http.app_data::<Data<Server>>().cloned() else {
        return HttpResponse::InternalServerError().finish();
    };
    let started = Instant::now();
    let _in_flight = server.metrics.begin();
    let now = server.app.now();
    let request_id = format!("req_{}", server.app.new_id().hex());
    let wants = Wants::of(&http);
    let base_url = base_url(&server, &http);
    let mut trail = Trail::default();
    let outcome = route(&server, &http, payload, &request_id, &base_url, &mut trail).await;
    let mut response = match outcome {
        Ok(Reply::Answer(answer)) => {
            let cacheable = trail
                .method
                .as_ref()
                .is_some_and(|method| method.entry.access == Access::Public && method.entry.kind == Kind::Read);
            respond::answer(&http, wants, answer, cacheable)
        }
        Ok(Reply::Page(page)) => page,
        Err(error) => {
            log_failure(&error, &request_id, &trail);
            let mut response = respond::error(&http, wants, &request_id, &base_url, &error);
            if let (Code::MissingScope, Some(caller)) = (error.code(), &trail.caller) {
                let needed = error.details().get("needed").and_then(|needed| needed.as_str()).unwrap_or_default();
                respond::scope_headers(&mut response, caller, needed);
            }
            if error.code() == Code::RequestTooLarge || trail.close {
                response.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
            }
            response
        }
    };
    respond::set(&mut response, "x-request-id", &request_id);
    respond::set(&mut response, "x-api-version", API_VERSION);
    if let Some(id) = client_request_id(&http) {
        respond::set(&mut response, "x-client-request-id", id);
    }
    if trail.assumed_json {
        respond::set(&mut response, "x-warning", "content_type_assumed_json");
    }
    if let Some(standing) = &trail.standing {
        respond::rate_headers(&mut response, standing, now);
    }
    if let Some(method) = &trail.method
        && let Some(deprecation) = &method.entry.deprecated
    {
        respond::deprecation_headers(&mut response, method, deprecation);
    }
    cors::headers(&server.options.origins, &http, response.headers_mut());
    let took = started.elapsed();
    let name = trail.method.as_ref().map(|method| method.name());
    server.metrics.count(name, response.status().as_u16(), took);
    tracing::info!(
        request_id,
        client_request_id = client_request_id(&http),
        traceparent = http.headers().get("traceparent").and_then(|value| value.to_str().ok()),
        method = name,
        path = name.is_none().then(|| loggable(http.path())),
        status = response.status().as_u16(),
        organization = trail.caller.as_ref().map(|caller| tracing::field::display(caller.organization)),
        actor = trail.caller.as_ref().map(|caller| tracing::field::display(caller.actor.id)),
        micros = took.as_micros() as u64,
        "request"
    );
    response
}

enum Reply {
    Answer(Answer),
    Page(HttpResponse),
}

async fn route(
    server: &Server,
    http: &HttpRequest,
    payload: Payload,
    request_id: &str,
    base_url: &str,
    trail: &mut Trail,
) -> Result<Reply> {
    if http.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() > HEADER_LIMIT {
        return Err(body::too_large("headers", HEADER_LIMIT));
    }
    if http.method() == HttpMethod::OPTIONS {
        return Ok(Reply::Page(HttpResponse::NoContent().insert_header(("allow", "POST, OPTIONS")).finish()));
    }
    let deadline = Instant::now() + server.options.request_timeout;
    let ticket = tickets::of(&server.app, http)?;
    if ticket.is_none() && matches!(*http.method(), HttpMethod::GET | HttpMethod::HEAD) {
        let page = tokio::time::timeout_at(deadline.into(), pages::page(server, http, base_url))
            .await
            .map_err(|_| Error::new(Code::ServiceUnavailable, "The database does not answer."))?;
        if let Some(page) = page {
            return page.map(Reply::Page);
        }
    }
    let path = http.path();
    let name = path.strip_prefix('/').unwrap_or(path);
    let method = server.registry.find(name)?;
    trail.method = Some(method.clone());
    if ticket.is_none() && http.method() != HttpMethod::POST {
        return Err(Error::new(
            Code::MethodNotAllowed,
            format!(
                "Call methods with POST: curl {base_url}/{} -H 'Authorization: Bearer $TOKEN' -d '{}'",
                method.name(),
                method.entry.example
            ),
        ));
    }
    if ticket.is_none() && !http.query_string().is_empty() {
        return Err(Error::argument("", "unknown_field", "arguments belong in the JSON body, not in the address"));
    }
    let ip = address(server, http);
    let (token, arguments) = match ticket {
        Some((token, arguments)) => (Some(token), Some(arguments)),
        None => (credentials::token(http)?.map(Secret::new), None),
    };
    let caller = tokio::time::timeout_at(deadline.into(), admit(server, token.as_ref(), method, ip, trail))
        .await
        .map_err(|_| Error::new(Code::RequestTimeout, "The call took too long. Nothing was changed; retry."))??;
    let reading = tokio::time::timeout_at(deadline.into(), body::read(http, payload, method.entry.body_limit));
    let read = reading.await.map_err(|_| {
        trail.close = true;
        Error::new(Code::RequestTimeout, "The body did not arrive in time. Nothing was changed; retry.")
    })??;
    trail.assumed_json = read.assumed_json;
    let writes = method.entry.kind != Kind::Read;
    let request = Request {
        id: request_id.to_owned(),
        at: server.app.now(),
        deadline,
        ip,
        user_agent: text_of(http, "user-agent"),
        // A read does nothing twice and guards nothing: what it makes of these headers is nothing.
        token,
        last_event_id: text_of(http, "last-event-id"),
        idempotency_key: if writes { idempotency_key(http)? } else { None },
        if_match: if writes { if_match(http)? } else { None },
        base_url: base_url.to_owned(),
    };
    let call = Call {
        method: method.clone(),
        input: arguments.map_or(Input::Bytes(read.bytes), Input::Object),
        app: server.app.clone(),
        caller,
        request: Arc::new(request),
        within: Within::default(),
    };
    let outcome = method.call(call).await;
    // What counts as the calls it contains has been counted by now.
    if method.entry.rate.cost == 0
        && let (Some(limits), Some(caller)) = (server.app.services().get::<Limits>(), &trail.caller)
    {
        trail.standing = limits.standing(caller, method.entry.rate.policy);
    }
    outcome.map(Reply::Answer)
}

/// Lets the request in: who calls, may he, and not too often.
async fn admit(
    server: &Server,
    token: Option<&Secret>,
    method: &Described,
    ip: Option<IpAddr>,
    trail: &mut Trail,
) -> Result<Option<Arc<Caller>>> {
    let services = server.app.services();
    let limits = services.get::<Limits>();
    if method.entry.access == Access::Public {
        if let Some(limits) = limits {
            trail.standing = limits.count_address(ip, method.entry.rate).map_err(|full| ratelimited(full, trail))?;
        }
        return Ok(None);
    }
    let caller = match authenticate(server, token, ip).await {
        Ok(caller) => caller,
        Err(error) => {
            // Guessing tokens is counted like guessing passwords.
            if error.status() == 401
                && let Some(limits) = limits
            {
                limits.count_address(ip, Rate::AUTH).map_err(|full| ratelimited(full, trail))?;
            }
            return Err(error);
        }
    };
    trail.caller = Some(caller.clone());
    permit(&caller, method, ip)?;
    if let Some(limits) = limits {
        trail.standing = limits.count(&caller, method.entry.rate).map_err(|full| ratelimited(full, trail))?;
    }
    Ok(Some(caller))
}

async fn authenticate(server: &Server, token: Option<&Secret>, ip: Option<IpAddr>) -> Result<Arc<Caller>> {
    let token = token.ok_or_else(|| Error::new(Code::NotAuthed, "Send a token: Authorization: Bearer <token>."))?;
    match server.app.services().get::<Sessions>() {
        Some(sessions) => sessions.authenticate(&server.app, token.reveal(), ip).await,
        None => Err(Error::internal("this server knows no sessions")),
    }
}

fn ratelimited(full: Standing, trail: &mut Trail) -> Error {
    trail.standing = Some(full);
    full.refusal()
}

fn text_of(http: &HttpRequest, name: &str) -> Option<String> {
    http.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn idempotency_key(http: &HttpRequest) -> Result<Option<String>> {
    match http.headers().get("idempotency-key") {
        None => Ok(None),
        Some(value) => idempotency::parse_key(value.to_str().unwrap_or_default()).map(Some),
    }
}

/// The version in `If-Match: "8"`; `*` asks for nothing (RFC 9110, section 13.1.1).
fn if_match(http: &HttpRequest) -> Result<Option<i64>> {
    let Some(value) = http.headers().get("if-match") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.trim_start_matches("W/").trim_matches('"').parse().ok();
    version
        .map(Some)
        .ok_or_else(|| Error::argument("", "format", "If-Match takes the version from an ETag, such as \"8\""))
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

/// A client's own id for the request, if it can be echoed safely.
fn client_request_id(http: &HttpRequest) -> Option<&str> {
    let id = http.headers().get("x-request-id")?.to_str().ok()?;
    let fits = (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    fits.then_some(id)
}

/// A path as far as it may be logged: one that is none of ours may hold anything, even a token that was put in the wrong place.
/// Those are longer than any name of ours.
fn loggable(path: &str) -> &str {
    let is_name = path.len() <= 40 && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b));
    if is_name { path } else { "(not shown)" }
}

fn log_failure(error: &Error, request_id: &str, trail: &Trail) {
    let Some(cause) = error.cause() else { return };
    let method: Cow<'_, str> = trail.method.as_ref().map_or("-".into(), |method| method.name().into());
    if error.status() >= 500 {
        tracing::error!(request_id, %method, code = error.code().as_str(), cause, "call failed");
    } else {
        tracing::debug!(request_id, %method, code = error.code().as_str(), cause, "call refused");
    }
}
