//! Exports: objects that a query finds become a file.
//!
//! Methods: `exports.create list info cancel`.
//!
//! The objects are those that whoever asked sees, as lists show them. A job reads them page by page ([`pages`]), writes each page down
//! as a piece of the file ([`write`]), and puts the pieces together in the end ([`job`]).

mod expiry;
mod job;
mod methods;
mod model;
mod pages;
mod store;
mod write;

pub use expiry::expire;
pub use job::ExportJob;
pub use methods::*;
pub use model::*;
