//! Organizations: who uses the server, and how it is set up for them.
//!
//! Methods: `organizations.create info update setSecret listSecrets rotateWebhookSecret`.

pub mod store;
