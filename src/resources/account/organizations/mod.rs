//! Organizations: who uses the server, and how it is set up for them.
//!
//! Methods: `organizations.create info update setSecret listSecrets rotateWebhookSecret`. [`bootstrap`] makes a new organization,
//! for the method and for the command line alike.

pub mod bootstrap;
mod methods;
mod model;
mod secrets;
mod settings;
pub mod store;

pub use methods::*;
pub use model::*;
pub use secrets::*;
pub use settings::*;
