//! The few pages beside the methods: health, keys, metrics, the API's own description, and files by their token.

use std::sync::OnceLock;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::files;
use super::respond::{self, Wants};
use super::server::Server;
use crate::access::jwt::TokenSigner;
use crate::method::{Code, Error, Registry, Result, openapi};
use crate::run;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Documents that are made once and served from memory.
#[derive(Default)]
pub(super) struct Documents {
    openapi: OnceLock<Document>,
    openapi_3_0: OnceLock<Document>,
    errors: OnceLock<Document>,
    methods: OnceLock<Document>,
}

struct Document {
    body: Vec<u8>,
    etag: String,
}

impl Document {
    fn new(body: Vec<u8>) -> Self {
        Self { etag: respond::etag_of(&body), body }
    }
}

/// The page at this path; `None` if there is none.
pub(super) async fn page(server: &Server, http: &HttpRequest, base_url: &str) -> Option<Result<HttpResponse>> {
    let documents = &server.documents;
    // Made by what the server is called in its own setting, not by what one client called it.
    let url = server.options.public_url.as_deref().unwrap_or("/");
    if let Some(token) = http.path().strip_prefix("/f/") {
        return Some(files::file(server, http, token).await);
    }
    Some(match http.path() {
        "/" => Ok(json_page(
            http,
            StatusCode::OK,
            &json!({
                "name": "dotdesk",
                "version": env!("CARGO_PKG_VERSION"),
                "methods": format!("{base_url}/api.methods"),
                "openapi": format!("{base_url}/openapi.json"),
            }),
        )),
        "/health" => Ok(json_page(http, StatusCode::OK, &json!({ "status": "ok" }))),
        "/ready" => ready(server, http).await,
        "/metrics" if server.options.metrics => {
            server.metrics.text().map(|text| respond::text(http, StatusCode::OK, TEXT, text)).map_err(Error::internal)
        }
        "/.well-known/jwks.json" => jwks(server, http),
        "/openapi.json" => Ok(document(
            http,
            JSON,
            documents.openapi.get_or_init(|| {
                Document::new(serde_json::to_vec(&openapi::document(&server.registry, url)).unwrap_or_default())
            }),
        )),
        "/openapi-3.0.json" => Ok(document(
            http,
            JSON,
            documents.openapi_3_0.get_or_init(|| {
                Document::new(serde_json::to_vec(&openapi::document_3_0(&server.registry, url)).unwrap_or_default())
            }),
        )),
        "/docs/errors" => Ok(document(http, HTML, documents.errors.get_or_init(|| Document::new(errors_page())))),
        "/docs/methods" => {
            let made = documents.methods.get_or_init(|| Document::new(methods_page(&server.registry)));
            Ok(document(http, HTML, made))
        }
        _ => return None,
    })
}

fn json_page(http: &HttpRequest, status: StatusCode, body: &serde_json::Value) -> HttpResponse {
    respond::json(http, Wants::of(http), status, JSON, serde_json::to_vec(body).unwrap_or_default())
}

/// Whether the server can do its work: the database answers, and it is not stopping.
async fn ready(server: &Server, http: &HttpRequest) -> Result<HttpResponse> {
    if server.app.signals().is_stopping() {
        return Err(Error::new(Code::ServiceUnavailable, "The server is stopping."));
    }
    let mut conn = server.app.db.read().await?;
    run!(conn, |c| diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1")).get_result::<i32>(c))?;
    Ok(json_page(http, StatusCode::OK, &json!({ "status": "ready", "database": server.app.db.name() })))
}

fn jwks(server: &Server, http: &HttpRequest) -> Result<HttpResponse> {
    let signer: &TokenSigner =
        server.app.services().get().ok_or_else(|| Error::internal("this server signs no tokens"))?;
    let mut response = json_page(http, StatusCode::OK, &json!({ "keys": signer.jwks() }));
    respond::set(&mut response, "cache-control", "public, max-age=300");
    Ok(response)
}

fn document(http: &HttpRequest, label: HeaderValue, document: &Document) -> HttpResponse {
    let mut response = match respond::has(http, &document.etag) {
        true => HttpResponse::NotModified().finish(),
        false => respond::text(http, StatusCode::OK, label, document.body.clone()),
    };
    respond::set(&mut response, "etag", &document.etag);
    response
}

/// Where `doc_url` of an error leads: the table of all codes.
fn errors_page() -> Vec<u8> {
    let rows: String = Code::ALL
        .iter()
        .map(|code| {
            format!(
                "<tr id=\"{0}\"><td><code>{0}</code><td>{1}<td>{2}<td>{3}\n",
                code.as_str(),
                code.status(),
                code.error_type().as_str(),
                escape(code.meaning())
            )
        })
        .collect();
    let body = format!(
        "<p>Switch on <code>type</code>. Retry <code>rate_limit</code> and <code>server</code> errors with the same \
         <code>Idempotency-Key</code>; read again and decide again on <code>conflict</code>; fix the code on the rest.</p>\
         <table><tr><th>code<th>status<th>type<th>meaning\n{rows}</table>"
    );
    html("Errors", &body)
}

/// Where the `doc_url` of an unknown method leads: the list of those that there are.
fn methods_page(registry: &Registry) -> Vec<u8> {
    let rows: String = registry
        .methods()
        .iter()
        .map(|method| format!("<tr id=\"{0}\"><td><code>{0}</code><td>{1}\n", method.name(), escape(method.summary())))
        .collect();
    let body = format!(
        "<p>Call each with <code>POST /&lt;method&gt;</code>. Arguments, results and errors are in \
         <a href=\"/openapi.json\">openapi.json</a>.</p><table><tr><th>method<th>what it does\n{rows}</table>"
    );
    html("Methods", &body)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn html(title: &str, body: &str) -> Vec<u8> {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>dotdesk: {title}</title><style>body{{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;\
         padding:0 1rem;color-scheme:light dark}}td,th{{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0}}\
         :target{{background:#fd06}}</style><h1>{title}</h1>{body}"
    )
    .into_bytes()
}
