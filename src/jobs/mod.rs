//! What the server does by itself, beside answering calls.

mod background;
mod purge;

pub use background::run;
