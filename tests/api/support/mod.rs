//! What a test needs: a server on either database, people with tokens, and a client that takes argument structs.

pub mod client;
pub mod contacts;
pub mod crm;
pub mod databases;
pub mod fixtures;
pub mod inbox;
pub mod organization;
pub mod people;
pub mod program;
pub mod records;
pub mod server;
pub mod streams;

pub use client::{Client, Reply};
pub use people::text;
pub use server::{Api, Setup, on_both, on_both_with};
