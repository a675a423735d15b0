//! The native door: `POST /<resource>.<method>` with a JSON body.

use actix_web::HttpResponse;
use actix_web::http::Method as HttpMethod;
use actix_web::web::Payload;

use super::respond::{self, Wants};
use super::visit::Visit;
use super::{body, credentials, pages, tickets};
use crate::method::{Access, Code, Error, Input, Kind, Result, Secret};

/// Answers a request to a method or for a page.
pub(super) async fn answer(visit: &mut Visit<'_>, payload: Payload) -> Result<HttpResponse> {
    let (server, http) = (visit.server, visit.http);
    let ticket = tickets::of(&server.app, http)?;
    if ticket.is_none() && matches!(*http.method(), HttpMethod::GET | HttpMethod::HEAD) {
        let page = tokio::time::timeout_at(visit.deadline.into(), pages::page(server, http, &visit.base_url))
            .await
            .map_err(|_| Error::new(Code::ServiceUnavailable, "The database does not answer."))?;
        if let Some(page) = page {
            return page;
        }
    }
    let path = http.path();
    let method = server.registry.find(path.strip_prefix('/').unwrap_or(path))?;
    visit.method = Some(method.clone());
    if ticket.is_none() && http.method() != HttpMethod::POST {
        return Err(Error::new(
            Code::MethodNotAllowed,
            format!(
                "Call methods with POST: curl {}/{} -H 'Authorization: Bearer $TOKEN' -d '{}'",
                visit.base_url,
                method.name(),
                method.entry.example
            ),
        ));
    }
    if ticket.is_none() && !http.query_string().is_empty() {
        return Err(Error::argument("", "unknown_field", "arguments belong in the JSON body, not in the address"));
    }
    let (token, arguments) = match ticket {
        Some((token, arguments)) => (Some(token), Some(arguments)),
        None => (credentials::token(http)?.map(Secret::new), None),
    };
    visit.admit(method, token.as_ref()).await?;
    let bytes = visit.read(payload, method.entry.body_limit).await?;
    visit.assumed_json = body::check_label(http, &bytes)?;
    let input = arguments.map_or(Input::Bytes(bytes), Input::Object);
    let answer = visit.call(method, token, input).await?;
    let cacheable = method.entry.access == Access::Public && method.entry.kind == Kind::Read;
    Ok(respond::answer(http, Wants::of(http), answer, cacheable))
}

/// Answers with an error.
pub(super) fn refuse(visit: &Visit<'_>, error: &Error) -> HttpResponse {
    let mut response = respond::error(visit.http, Wants::of(visit.http), &visit.id, &visit.base_url, error);
    if let (Code::MissingScope, Some(caller)) = (error.code(), &visit.caller) {
        let needed = error.details().get("needed").and_then(|needed| needed.as_str()).unwrap_or_default();
        respond::scope_headers(&mut response, caller, needed);
    }
    response
}
