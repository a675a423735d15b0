//! What can be done with users.

mod availability;
mod create;
mod delete;
mod invite;
mod password;
mod read;
mod signatures;
mod status;
mod update;

pub use availability::*;
pub use create::*;
pub use delete::*;
pub use invite::*;
pub use password::*;
pub use read::*;
pub use signatures::*;
pub use status::*;
pub use update::*;

use crate::method::Entry;

/// The methods of users.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListUsers>(),
    Entry::of::<Info>(),
    Entry::of::<Me>(),
    Entry::of::<Update>(),
    Entry::of::<Delete>(),
    Entry::of::<Activate>(),
    Entry::of::<Deactivate>(),
    Entry::of::<ChangePassword>(),
    Entry::of::<ResendInvite>(),
    Entry::of::<SetAvailability>(),
    Entry::of::<SetSignature>(),
    Entry::of::<ListSignatures>(),
    Entry::of::<SignatureInfo>(),
    Entry::of::<DeleteSignature>(),
];
