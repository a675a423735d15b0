//! Getting in and out: logging in, sessions, acting as somebody else, and passwords that were forgotten.
//!
//! Methods: `auth.login refresh logout impersonate requestPasswordReset resetPassword me listSessions revokeSession`.

mod methods;
mod model;
pub mod store;

pub use methods::*;
pub use model::*;
