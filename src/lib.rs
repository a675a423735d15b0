//! dotdesk: a support desk and CRM you drive by API.
//!
//! The rooms, from the ground up: [`db`] (either database), [`method`] (what a method is), [`resources`] (what the methods do),
//! [`api`] (the list of them all), `http` and `cli` (the doors).

pub mod db;
pub mod method;
pub mod schema;

pub mod access;
pub mod api;
pub mod cli;
pub mod http;
pub mod jobs;
pub mod providers;
pub mod resources;
