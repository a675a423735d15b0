//! The few pages beside the methods: health, keys, metrics, the API's own description, and files by their token.

use std::sync::OnceLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::document::Document;
use super::respond::{self, Wants};
use super::server::Server;
use super::{docs, files};
use crate::access::jwt::TokenSigner;
use crate::method::{Code, Error, Result, openapi, postman, reference};
use crate::run;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Stands for an address until it is known; such a name leads nowhere (RFC 6761).
const NOWHERE: &str = "http://dotdesk.invalid";

/// Documents that are made once and served from memory.
#[derive(Default)]
pub(super) struct Documents {
    openapi: OnceLock<Document>,
    openapi_3_0: OnceLock<Document>,
    /// Without the address of the server.
    postman: OnceLock<String>,
    llms: OnceLock<Document>,
    llms_full: OnceLock<Document>,
    pub(super) docs: docs::Pages,
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
        "/" if accepts_html(http) => Ok(docs::home(url)),
        "/" => Ok(json_page(
            http,
            StatusCode::OK,
            &json!({
                "name": "dotdesk",
                "version": env!("CARGO_PKG_VERSION"),
                "docs": format!("{base_url}/docs"),
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
        "/openapi.json" => {
            let made = documents.openapi.get_or_init(|| json_document(&openapi::document(&server.registry, url)));
            Ok(made.answer(http))
        }
        "/openapi-3.0.json" => {
            let made =
                documents.openapi_3_0.get_or_init(|| json_document(&openapi::document_3_0(&server.registry, url)));
            Ok(made.answer(http))
        }
        "/postman.json" => {
            let made = documents.postman.get_or_init(|| postman::collection(&server.registry, NOWHERE).to_string());
            // Imported into a program that knows no address but the one it is told, so it says where it was got from.
            let here = made.replacen(NOWHERE, base_url, 1);
            Ok(Document::new(JSON, here).answer(http))
        }
        "/llms.txt" => {
            let made = || Document::new(PLAIN, reference::index(&server.registry, url));
            Ok(documents.llms.get_or_init(made).answer(http))
        }
        "/llms-full.txt" => {
            let made = || Document::new(PLAIN, documents.docs.reference(&server.registry).whole(&server.registry));
            Ok(documents.llms_full.get_or_init(made).answer(http))
        }
        path if path.starts_with("/docs") => return docs::page(&documents.docs, &server.registry, http, url).map(Ok),
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

fn json_document(value: &serde_json::Value) -> Document {
    Document::new(JSON, serde_json::to_vec(value).unwrap_or_default())
}

/// Whether a browser asks, for somebody who wants to read.
fn accepts_html(http: &HttpRequest) -> bool {
    let accept = http.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
