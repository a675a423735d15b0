//! Every test that goes through the API, on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod api_keys;
mod approvals;
mod auth;
mod channels;
mod cli;
mod companies;
mod contacts;
mod conversations;
mod conversations_lists;
mod conversations_merging;
mod conversations_states;
mod csat;
mod custom_fields;
mod drafts;
mod faults;
mod files;
mod idempotency;
mod impersonation;
mod mailbox;
mod mails;
mod messages;
mod metadata;
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
mod scheduled;
mod schema;
mod secrecy;
mod sessions;
mod support;
mod tags;
mod takeover;
mod teams;
mod users;
mod views;
mod wire;
