//! Every test that goes through the API, on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod api_keys;
mod auth;
mod channels;
mod cli;
mod companies;
mod contacts;
mod conversations;
mod conversations_states;
mod custom_fields;
mod faults;
mod files;
mod idempotency;
mod impersonation;
mod mails;
mod oidc;
mod organizations;
mod owners;
mod pages;
mod passwords;
mod pipelines;
mod queries;
mod races;
mod registry;
mod roles;
mod schema;
mod search;
mod secrecy;
mod sessions;
mod support;
mod tags;
mod teams;
mod users;
mod wire;
