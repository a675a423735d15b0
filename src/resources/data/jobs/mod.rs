//! Jobs, as callers see them: what goes on after its call was answered, how far it is, and what became of each object.
//!
//! The queue itself is [`crate::jobs`]. Which jobs there are is up to the methods that ask for them; callers see all jobs of their
//! organization, whoever asked for them.

mod methods;

pub use methods::*;
