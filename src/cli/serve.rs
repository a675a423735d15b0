//! `dotdesk serve`: answers requests until it is told to stop.

use std::net::TcpListener;

use super::Failure;
use super::assemble::{self, Server};
use super::keys;
use super::settings::Settings;
use crate::http::{self, Origins};
use crate::rounds;

/// Starts a server and answers requests until a signal ends it.
pub async fn run(settings: &Settings) -> Result<(), Failure> {
    // An address that is taken is found out before the database is touched.
    let listener = settings
        .listen
        .bind()
        .map_err(|error| Failure::Failed(format!("listen: cannot listen on {}: {error}", settings.listen)))?;
    answer(assemble::server(settings).await?, settings, listener).await
}

/// Answers requests until a signal ends it.
pub async fn answer(server: Server, settings: &Settings, listener: TcpListener) -> Result<(), Failure> {
    let address = listener.local_addr().map_err(Failure::because)?;
    tracing::info!(%address, database = server.app.db.name(), version = env!("CARGO_PKG_VERSION"), "listening");
    if settings.secret_keys.is_empty() {
        actix_web::rt::spawn(keys::watch(settings.keys_file.clone(), server.app.clone(), server.keys));
    }
    let owner = server.app.new_id();
    let rounds = actix_web::rt::spawn(rounds::run(server.app.clone(), owner));
    let served = http::serve(listener, server.app.clone(), server.registry, options(settings)).await;
    rounds.abort();
    rounds::leave(&server.app, owner).await;
    served.map_err(Failure::because)?;
    tracing::info!("stopped");
    Ok(())
}

fn options(settings: &Settings) -> http::Options {
    http::Options {
        workers: settings.workers,
        origins: match settings.cors_origins.as_slice() {
            [] => Origins::Any,
            listed => Origins::Listed(listed.to_vec()),
        },
        public_url: settings.public_url.clone(),
        trust_proxy: settings.trust_proxy,
        request_timeout: settings.request_timeout,
        shutdown_timeout: settings.shutdown_timeout,
        metrics: settings.metrics,
    }
}
