//! The HTTP door: the native surface, where every operation is `POST /<resource>.<method>`, and the few pages beside it.

mod body;
mod call;
mod compress;
mod cors;
mod credentials;
mod docs;
mod document;
mod files;
mod metrics;
mod pages;
mod respond;
mod server;
mod tickets;

pub use cors::Origins;
pub use server::{Options, Running, serve, start};
