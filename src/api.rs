//! The one list of all methods.

use crate::method::Entry;
use crate::resources::account::{organizations, roles, teams, users};

/// Every resource's methods, area by area.
pub const TABLES: &[&[Entry]] = &[organizations::METHODS, users::METHODS, roles::METHODS, teams::METHODS];
