//! The one list of all methods.

use crate::method::Entry;
use crate::resources::account::{api_keys, auth, teams};

/// Every resource's methods, area by area.
pub const TABLES: &[&[Entry]] = &[auth::METHODS, api_keys::METHODS, teams::METHODS];
