//! Imports: records from elsewhere, as a list or as a file, become objects here.
//!
//! Methods: `imports.create validate list info listErrors cancel revert`.
//!
//! A record is the arguments of the method that creates such an object, so it is checked by the same schema and stored by the same
//! functions; what this resource adds is how files are read ([`sheet`]), how columns become fields ([`fields`]), what becomes of a
//! record that is there already ([`write`]), and the job that goes through them ([`job`]).

mod fields;
mod job;
mod methods;
mod model;
mod sheet;
mod store;
mod write;

pub use job::ImportJob;
pub use methods::*;
pub use model::*;
