//! From an HTTP request to its answer: finds the door that the request is for, and adds what every answer has.

use std::time::Instant;

use actix_web::http::{ConnectionType, Method as HttpMethod};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::server::Server;
use super::visit::Visit;
use super::{cors, mcp, native, respond, slack};
use crate::method::{API_VERSION, Code};

/// The ways in, by the path.
#[derive(Clone, Copy)]
enum Door<'a> {
    /// `POST /<method>` with JSON, and the pages.
    Native,
    /// `/api/<method>`, for Slack's SDKs.
    Slack(&'a str),
    /// `/mcp` and what is below it, for AI agents.
    Mcp(&'a str),
}

impl<'a> Door<'a> {
    fn of(path: &'a str) -> Self {
        if let Some(method) = path.strip_prefix("/api/") {
            return Self::Slack(method);
        }
        match path.strip_prefix("/mcp") {
            Some(set) if set.is_empty() || set.starts_with('/') => Self::Mcp(set),
            _ => Self::Native,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Slack(_) => "slack",
            Self::Mcp(_) => "mcp",
        }
    }
}

/// Answers a request, whatever it is.
pub(super) async fn handle(http: HttpRequest, payload: Payload) -> HttpResponse {
    let Some(server) = http.app_data::<Data<Server>>().cloned() else {
        return HttpResponse::InternalServerError().finish();
    };
    let started = Instant::now();
    let _in_flight = server.metrics.begin();
    let mut visit = Visit::new(&server, &http);
    let door = Door::of(http.path());
    let outcome = match visit.check_headers() {
        Err(error) => Err(error),
        Ok(()) if http.method() == HttpMethod::OPTIONS => {
            Ok(HttpResponse::NoContent().insert_header(("allow", "POST, OPTIONS")).finish())
        }
        Ok(()) => match door {
            Door::Native => native::answer(&mut visit, payload).await,
            Door::Slack(method) => slack::answer(&mut visit, payload, method).await,
            Door::Mcp(set) => mcp::answer(&mut visit, payload, set).await,
        },
    };
    let mut response = outcome.unwrap_or_else(|error| {
        visit.log_failure(&error);
        let mut response = match door {
            Door::Slack(_) => slack::refuse(&mut visit, &error),
            Door::Native | Door::Mcp(_) => native::refuse(&visit, &error),
        };
        if error.code() == Code::RequestTooLarge || visit.close {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    });
    dress(&visit, &mut response);
    let took = started.elapsed();
    let name = visit.method.as_ref().map(|method| method.name());
    let status = visit.meant.unwrap_or_else(|| response.status().as_u16());
    server.metrics.count(name, status, took);
    tracing::info!(
        request_id = visit.id,
        client_request_id = visit.client_request_id(),
        traceparent = http.headers().get("traceparent").and_then(|value| value.to_str().ok()),
        door = door.name(),
        method = name,
        path = name.is_none().then(|| loggable(http.path())),
        status,
        organization = visit.caller.as_ref().map(|caller| tracing::field::display(caller.organization)),
        actor = visit.caller.as_ref().map(|caller| tracing::field::display(caller.actor.id)),
        micros = took.as_micros() as u64,
        "request"
    );
    response
}

/// Adds the headers that every answer has.
fn dress(visit: &Visit<'_>, response: &mut HttpResponse) {
    respond::set(response, "x-request-id", &visit.id);
    respond::set(response, "x-api-version", API_VERSION);
    if let Some(id) = visit.client_request_id() {
        respond::set(response, "x-client-request-id", id);
    }
    if visit.assumed_json {
        respond::set(response, "x-warning", "content_type_assumed_json");
    }
    if let Some(standing) = &visit.standing {
        respond::rate_headers(response, standing, visit.now);
    }
    if let Some(method) = &visit.method
        && let Some(deprecation) = &method.entry.deprecated
    {
        respond::deprecation_headers(response, method, deprecation);
    }
    cors::headers(&visit.server.options.origins, visit.http, response.headers_mut());
}

/// A path as far as it may be logged: one that is none of ours may hold anything, even a token that was put in the wrong place.
/// Those are longer than any name of ours.
fn loggable(path: &str) -> &str {
    let is_name = path.len() <= 40 && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b));
    if is_name { path } else { "(not shown)" }
}
