//! The one list of all methods.

use crate::method::Entry;
use crate::resources::account::{roles, teams};

/// Every resource's methods, area by area.
pub const TABLES: &[&[Entry]] = &[roles::METHODS, teams::METHODS];
