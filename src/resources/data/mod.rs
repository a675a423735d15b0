//! Data in and data out, many calls in one, and what was done by whom.

pub mod audit;
pub mod batch;
