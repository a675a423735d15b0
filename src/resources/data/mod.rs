//! Data in and data out, many calls in one, and what was done by whom.

pub mod batch;
pub mod exports;
pub mod imports;
pub mod jobs;
