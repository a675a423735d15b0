//! Outside services, each behind one small type.

pub mod blobs;
pub mod fetch;
pub mod mail;
