//! What the server does by itself, beside answering calls.

mod background;
pub mod purge;
mod reseal;
pub mod timers;
pub mod webhooks;

pub use background::{leave, run};
