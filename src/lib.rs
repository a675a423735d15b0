//! dotdesk: a support desk and CRM you drive by API.
//!
//! The rooms, from the ground up: [`db`] (either database) and [`schema`], [`method`] (what a method is), [`access`] (who may do
//! what), [`events`] (the change feed) and [`providers`] (outside services), [`jobs`] (work that goes on after its call),
//! [`resources`] (what the methods do), [`api`] (the list of them all), [`rounds`] (what the server does by itself), [`http`] and
//! [`cli`] (the doors), and [`client`] for those who knock.

pub mod access;
pub mod api;
pub mod cli;
pub mod client;
pub mod db;
pub mod events;
pub mod http;
pub mod jobs;
pub mod method;
pub mod providers;
pub mod query;
pub mod resources;
pub mod rounds;
pub mod schema;
