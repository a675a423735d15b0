//! Who works here: organizations, users, roles, teams, and how they get in.

pub mod api_keys;
pub mod auth;
pub mod organizations;
pub mod roles;
pub mod teams;
pub mod users;
