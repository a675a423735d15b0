//! The one list of all methods.

use crate::method::Entry;
use crate::resources::account::teams;
use crate::resources::system::api;

/// Every resource's methods, area by area.
pub const TABLES: &[&[Entry]] = &[teams::METHODS, api::METHODS];
