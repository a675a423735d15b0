//! What can be done with contacts.

mod create;
mod read;
mod update;

pub use create::*;
pub use read::*;
pub use update::*;

use crate::method::Entry;

/// The methods of contacts.
pub const METHODS: &[Entry] = &[Entry::of::<Create>(), Entry::of::<Info>(), Entry::of::<Update>()];
