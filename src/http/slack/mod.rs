//! `/api/<method>`: the same methods, as Slack's SDKs call them (wire contract, part B; R1 to R18 are its rules).
//!
//! Only the coding differs. Arguments come as a form, as multipart, in the address or as JSON (`arguments.rs`, `form.rs`), and are
//! brought to their types by the method's schema (`coerce.rs`); the answer is always one object with `ok` (`reply.rs`), because the
//! SDKs take any status but 200 for a failure of the network and send the call again, for half an hour.

mod arguments;
mod coerce;
mod form;
mod reply;

use actix_web::HttpResponse;
use actix_web::http::Method as HttpMethod;
use actix_web::web::Payload;

use self::arguments::Sent;
use super::visit::Visit;
use super::{credentials, respond};
use crate::method::{Access, BODY_LIMIT, Code, Described, Error, Kind, Result, Secret};

/// Answers a call of the method of this name.
pub(super) async fn answer(visit: &mut Visit<'_>, payload: Payload, name: &str) -> Result<HttpResponse> {
    let method = visit.server.registry.find_answering_once(name)?.clone();
    visit.method = Some(method.clone());
    check_verb(visit.http.method(), &method)?;
    let limit = method.entry.body_limit;
    let (token, sent) = match credentials::token(visit.http)?.map(Secret::new) {
        Some(token) => {
            visit.admit(&method, Some(&token)).await?;
            let body = visit.read(payload, limit).await?;
            (Some(token), Sent::read(visit.http, body, &method).await?)
        }
        // The token may be in the body, so that has to be read before it is known who sends it.
        None => {
            let body = visit.read(payload, limit.min(BODY_LIMIT)).await?;
            let mut sent = Sent::read(visit.http, body, &method).await?;
            let token = sent.token.take().map(Secret::new);
            visit.admit(&method, token.as_ref()).await?;
            (token, sent)
        }
    };
    visit.assumed_json = sent.assumed_json;
    let outcome = visit.call(&method, token, sent.input).await;
    let answer = outcome.map_err(|error| error.reworded(&sent.hints))?;
    let mut response = reply::answer(visit.http, &method, answer);
    scopes(visit, &mut response);
    Ok(response)
}

/// Answers with an error: in the body, and in the status only where the SDKs are to try again.
pub(super) fn refuse(visit: &mut Visit<'_>, error: &Error) -> HttpResponse {
    visit.meant = Some(error.status());
    let mut response = reply::refuse(visit.http, visit.method.as_deref(), error);
    scopes(visit, &mut response);
    response
}

/// What only reads may be asked with GET too (R5).
fn check_verb(verb: &HttpMethod, method: &Described) -> Result<()> {
    match (verb, method.entry.kind) {
        (&HttpMethod::POST, _) | (&HttpMethod::GET, Kind::Read) => Ok(()),
        _ => Err(Error::new(Code::MethodNotAllowed, format!("Call {} with POST.", method.name()))),
    }
}

/// What the token may do, and what the method needs, on every answer to a known caller (R14).
fn scopes(visit: &Visit<'_>, response: &mut HttpResponse) {
    let (Some(caller), Some(method)) = (&visit.caller, &visit.method) else { return };
    let needed = match method.entry.access {
        Access::Scope(scope) => scope.to_string(),
        _ => String::new(),
    };
    respond::scope_headers(response, caller, &needed);
}
