//! Every test that goes through the API, on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod api_keys;
mod auth;
mod channels;
mod cli;
mod companies;
mod contact_tokens;
mod contacts;
mod contacts_gone;
mod contacts_identities;
mod contacts_merge;
mod contacts_upsert;
mod conversations;
mod conversations_states;
mod custom_fields;
mod faults;
mod files;
mod idempotency;
mod impersonation;
mod mails;
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
mod schema;
mod secrecy;
mod segments;
mod sessions;
mod support;
mod tags;
mod teams;
mod users;
mod wire;
