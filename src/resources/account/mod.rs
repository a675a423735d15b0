//! Who works here: organizations, users, roles, teams, and how they get in.

pub mod teams;
pub mod users;
