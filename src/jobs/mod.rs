//! What the server does by itself, beside answering calls.

mod background;
mod purge;
mod reseal;

pub use background::run;
