//! How other systems learn what happens here.

pub mod events;
pub mod webhooks;
