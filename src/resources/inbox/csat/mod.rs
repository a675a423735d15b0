//! How content contacts were: surveys that they are asked to answer, and what they answer.
//!
//! Methods: `csat.request submit list info`. Nothing is sent by the server itself: who asks the contact hears of the survey by the event
//! `csat.requested`, and hands in the answer with `csat.submit`.

mod methods;
mod model;
pub mod store;

pub use methods::*;
pub use model::*;
