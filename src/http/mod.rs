//! The HTTP doors. Whatever a request comes by, it leads to the same methods with the same rights, limits and errors:
//!
//! - `native.rs`: `POST /<resource>.<method>` with JSON, and the few pages beside it (`pages.rs`).
//! - `slack/`: `/api/<method>`, as Slack's SDKs call.
//! - `mcp/`: `/mcp`, the Model Context Protocol, for AI agents.
//!
//! `call.rs` chooses the door; `visit.rs` is the way from every one of them to a method.

mod body;
mod call;
mod compress;
mod cors;
mod credentials;
mod files;
mod mcp;
mod metrics;
mod native;
mod pages;
mod respond;
mod server;
mod slack;
mod tickets;
mod visit;

pub use cors::Origins;
pub use server::{Options, Running, serve, start};
