//! The people and companies outside the organization.

pub mod contacts;
