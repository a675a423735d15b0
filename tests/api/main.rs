//! Every test that goes through the API, on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod cli;
mod faults;
mod idempotency;
mod pages;
mod registry;
mod schema;
mod support;
mod teams;
mod wire;
