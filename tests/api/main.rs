//! Every test that goes through the API, on both databases.

mod idempotency;
mod pages;
mod registry;
mod support;
mod teams;
mod wire;
