//! Every test that goes through the API, on both databases.

mod support;
mod teams;
