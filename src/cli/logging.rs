//! The log: on standard error, one line an event, so that standard output belongs to the commands.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::settings::{LogFormat, Settings};

/// Starts to log as the settings say. What other libraries log through the `log` crate comes too.
pub fn start(settings: &Settings) {
    let is_terminal = std::io::stderr().is_terminal();
    let format = settings.log_format.unwrap_or(if is_terminal { LogFormat::Text } else { LogFormat::Json });
    let events = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(true);
    let registry = tracing_subscriber::registry().with(filter(&settings.log));
    // It fails where somebody started to log before, in tests; then that goes on.
    let _ = match format {
        LogFormat::Text => registry.with(events.with_ansi(is_terminal)).try_init(),
        // The span's fields say which request an event belongs to; the list of all spans around it would only repeat them.
        LogFormat::Json => registry.with(events.json().flatten_event(true).with_span_list(false)).try_init(),
    };
    log_panics();
}

/// What to log, with less of other libraries than they would like.
fn filter(log: &str) -> EnvFilter {
    match log {
        // What these tell of their threads and tables is of interest to those who ask for it.
        "info" => EnvFilter::new("info,actix_server=warn,tokio_postgres=warn"),
        // Below "info" it logs every value that is stored, password hashes among them. Only who names it gets that.
        _ if !log.contains("tokio_postgres") && EnvFilter::new(log).max_level_hint() > Some(LevelFilter::INFO) => {
            EnvFilter::new(format!("{log},tokio_postgres=warn"))
        }
        _ => EnvFilter::new(log),
    }
}

/// Makes a panic an event like all others: its thread and place, one line, in the same format.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        tracing::error!(%place, thread, "panic: {text}");
    }));
}
