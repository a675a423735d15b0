//! What can be done about getting in and out.

mod impersonate;
mod login;
mod me;
mod password;
mod refresh;
mod sessions;

pub use impersonate::Impersonate;
pub use login::Login;
pub use me::WhoAmI;
pub use password::{RequestPasswordReset, ResetPassword};
pub use refresh::Refresh;
pub use sessions::{ListSessions, Logout, RevokeSession};

use crate::method::Entry;

/// The methods of logging in.
pub const METHODS: &[Entry] = &[
    Entry::of::<Login>(),
    Entry::of::<Refresh>(),
    Entry::of::<Logout>(),
    Entry::of::<Impersonate>(),
    Entry::of::<RequestPasswordReset>(),
    Entry::of::<ResetPassword>(),
    Entry::of::<WhoAmI>(),
    Entry::of::<ListSessions>(),
    Entry::of::<RevokeSession>(),
];
