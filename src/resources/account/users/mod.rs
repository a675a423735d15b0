//! Users: the people and AI teammates of an organization.
//!
//! Methods: `users.create list info me update delete activate deactivate changePassword listAssignable setAvailability
//! setSignature listSignatures signatureInfo deleteSignature resendInvite`.

mod model;
pub mod store;

pub use model::*;
