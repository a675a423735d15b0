//! The server about itself.

pub mod api;
