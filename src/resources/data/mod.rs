//! What goes in and out in bulk, and the record of it.

pub mod imports;
pub mod jobs;
