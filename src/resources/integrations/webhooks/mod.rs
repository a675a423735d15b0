//! Webhooks: changes are sent to an address as they happen, signed, in order, and again until they arrive.
//!
//! Methods: `webhooks.create list info update pause resume rotateSecret test delete listEventTypes listDeliveries deliveryInfo
//! redeliver redeliverRange`. They change what is to be; [`crate::rounds::webhooks`] does it: it reads the feed, makes a *delivery* of every event that a
//! webhook wants, and sends. What both need is here: what a webhook wants ([`filter`]), what is sent ([`outgoing`]) and what becomes
//! of it ([`verdict`]).
//!
//! A webhook has a *lane*, a row with what changes with every delivery. Whoever holds the lane's lease sends; so its deliveries are in
//! order, also when several servers share the work.

mod address;
mod again;
mod cards;
pub mod catalogue;
pub mod deliveries;
mod delivery;
pub mod filter;
mod headers;
mod kept;
pub mod lanes;
mod methods;
mod model;
pub mod outgoing;
mod sample;
pub mod store;
pub mod verdict;

pub use delivery::*;
pub use kept::{Kept, PURPOSE};
pub use methods::*;
pub use model::*;
