//! Cross-origin calls from web pages (wire contract, "CORS").

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

const METHODS: HeaderValue = HeaderValue::from_static("POST, GET, OPTIONS");
const ALLOW: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Accept, Idempotency-Key, If-Match, X-Api-Key, X-Request-Id, X-Requested-With, \
     Last-Event-ID, traceparent, MCP-Protocol-Version, Mcp-Method, Mcp-Name",
);
const EXPOSE: HeaderValue = HeaderValue::from_static(
    "X-Request-Id, X-Client-Request-Id, Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit, \
     X-RateLimit-Remaining, X-RateLimit-Reset, X-RateLimit-Resource, ETag, Deprecation, Sunset, Link, \
     Idempotent-Replayed, Original-Request-Id, X-Warning, X-OAuth-Scopes, X-Accepted-OAuth-Scopes",
);

/// Which web pages may call from another origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// All: a token is never sent by itself, so there is nothing for a foreign page to ride on.
    #[default]
    Any,
    /// These, which may also send cookies along.
    Listed(Vec<String>),
}

impl Origins {
    /// Whether a web page of this origin may call.
    pub(super) fn allow(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(listed) => listed.iter().any(|one| origin == one.as_str()),
        }
    }
}

/// Adds what a browser must see on every answer, errors included.
pub(super) fn headers(origins: &Origins, request: &HttpRequest, headers: &mut HeaderMap) {
    let Some(origin) = request.headers().get(header::ORIGIN) else {
        if matches!(origins, Origins::Listed(_)) {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        return;
    };
    match origins {
        Origins::Any => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        Origins::Listed(_) => {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
            if !origins.allow(origin) {
                return;
            }
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE);
    if *request.method() == actix_web::http::Method::OPTIONS {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
        headers.insert(HeaderName::from_static("cache-control"), HeaderValue::from_static("max-age=7200"));
    }
}
