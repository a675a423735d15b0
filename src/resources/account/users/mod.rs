//! Users: the people and AI teammates of an organization.
//!
//! Methods: `users.create list info me update delete activate deactivate changePassword resendInvite setAvailability
//! setSignature listSignatures signatureInfo deleteSignature`. Who may do what to whom is in [`rules`].

mod invitation;
mod methods;
mod model;
pub mod rules;
pub mod sanitize;
pub mod store;

pub use methods::*;
pub use model::*;
