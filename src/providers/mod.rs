//! Outside services, each behind one small type.

pub mod blobs;
pub mod fetch;
pub mod guard;
pub mod mail;
pub mod post;
pub mod standard_webhooks;
