//! `GET /events.stream?ticket=…`: the stream for browsers, whose `EventSource` can neither post nor send a token.

use actix_web::HttpRequest;
use actix_web::http::Method;
use serde_json::{Map, Value};

use crate::method::{App, Result, Secret};
use crate::resources::integrations::events;

/// The token and the arguments behind the ticket of a request, if it is one for the stream.
pub(super) fn of(app: &App, http: &HttpRequest) -> Result<Option<(Secret, Map<String, Value>)>> {
    if http.method() != Method::GET || http.path() != "/events.stream" {
        return Ok(None);
    }
    match http.query_string().strip_prefix("ticket=") {
        Some(ticket) => events::open_ticket(app, ticket).map(Some),
        None => Ok(None),
    }
}
