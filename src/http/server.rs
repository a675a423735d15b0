//! Starts and stops the HTTP server.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::{HttpServer, web};
use tokio::signal::unix::{SignalKind, signal};

use super::cors::Origins;
use super::metrics::Metrics;
use super::{call, mcp, pages};
use crate::method::{App, Registry};

/// How the server is reached and how long it waits.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that serve requests; 0 for one per core.
    pub workers: usize,
    /// Which web pages of other origins may call.
    pub origins: Origins,
    /// The address that clients know the server by; taken from each request if not set.
    pub public_url: Option<String>,
    /// Whether `X-Forwarded-For` and `X-Forwarded-Proto` come from a proxy of ours.
    pub trust_proxy: bool,
    /// How long one call may take.
    pub request_timeout: Duration,
    /// How long calls that have begun may go on when the server stops.
    pub shutdown_timeout: Duration,
    /// Whether `GET /metrics` answers.
    pub metrics: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: 0,
            origins: Origins::Any,
            public_url: None,
            trust_proxy: false,
            request_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(30),
            metrics: true,
        }
    }
}

/// What one server thread works with.
pub(super) struct Server {
    pub app: App,
    pub registry: Arc<Registry>,
    pub options: Arc<Options>,
    pub metrics: Arc<Metrics>,
    pub documents: Arc<pages::Documents>,
    pub tools: Arc<mcp::Tools>,
}

/// How long no request may have been running before the connections that are left count as idle: long enough for the last answers
/// to have gone out.
const QUIET: Duration = Duration::from_secs(3);

/// A server that is running.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    handle: ServerHandle,
    metrics: Arc<Metrics>,
    app: App,
    done: actix_web::rt::task::JoinHandle<io::Result<()>>,
}

impl Running {
    /// Takes no more connections, finishes what was begun, and ends.
    pub async fn stop(self) -> io::Result<()> {
        self.app.signals().stop();
        let finish = async {
            self.handle.stop(true).await;
            self.done.await.map_err(io::Error::other)?
        };
        tokio::select! {
            finished = finish => finished,
            // actix tells idle HTTP/1 connections to go, but waits for those of HTTP/2 and those that never said a word.
            () = quiet(&self.metrics) => Ok(()),
        }
    }
}

/// Serves until SIGTERM or SIGINT ends it; what was begun by then is finished.
pub async fn serve(listener: TcpListener, app: App, registry: Arc<Registry>, options: Options) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut running = start(listener, app, registry, options)?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        done = &mut running.done => return done.map_err(io::Error::other)?,
    }
    tracing::info!("stopping");
    running.stop().await
}

/// Waits until no request has been running for some time.
async fn quiet(metrics: &Metrics) {
    let mut since = Instant::now();
    while since.elapsed() < QUIET {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if metrics.in_flight() > 0 {
            since = Instant::now();
        }
    }
}

/// Starts serving. Must be called inside an actix system.
pub fn start(listener: TcpListener, app: App, registry: Arc<Registry>, options: Options) -> io::Result<Running> {
    let address = listener.local_addr()?;
    let metrics = Arc::new(Metrics::new(&registry).map_err(io::Error::other)?);
    let documents = Arc::new(pages::Documents::default());
    let tools = Arc::new(mcp::Tools::default());
    let options = Arc::new(options);
    let workers = match options.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let (shared, counters, own) = (options.clone(), metrics.clone(), app.clone());
    let server = HttpServer::new(move || {
        let server = Server {
            app: app.fork(workers),
            registry: registry.clone(),
            options: shared.clone(),
            metrics: counters.clone(),
            documents: documents.clone(),
            tools: tools.clone(),
        };
        actix_web::App::new().app_data(web::Data::new(server)).default_service(web::to(call::handle))
    })
    .workers(workers)
    .shutdown_timeout(options.shutdown_timeout.as_secs())
    .disable_signals()
    .keep_alive(Duration::from_secs(75))
    .listen_auto_h2c(listener)?
    .run();
    let handle = server.handle();
    Ok(Running { address, handle, metrics, app: own, done: actix_web::rt::spawn(server) })
}
