//! The yardstick: the least an actix-web server can do.
//!
//! It runs as a process of its own, as the real server does, so that both are driven the same way.

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::Serialize;

use crate::Result;

/// The whole answer of the bare server.
#[derive(Serialize)]
struct Hello {
    /// Always `world`.
    hello: &'static str,
}

/// Serves until the process is ended.
pub fn serve(port: u16) -> Result<()> {
    let server = HttpServer::new(|| App::new().route("/", web::post().to(hello)))
        .workers(2)
        .disable_signals()
        .bind(("127.0.0.1", port))?
        .run();
    Ok(actix_web::rt::System::new().block_on(server)?)
}

/// `POST /`; the body is read, because actix-web closes a connection on which it was not.
async fn hello(_body: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().json(Hello { hello: "world" })
}
