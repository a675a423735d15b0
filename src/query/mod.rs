//! The query language: what callers ask for in Lucene syntax, checked against the fields of an object and turned into SQL.
//!
//! [`parse`] reads a text into a [`tree`](Node) with positions; [`Table::check`] checks it against the fields of an object; what comes out
//! is a [`Predicate`] in SQL, on either database, and a test of one object in memory ([`Checked::matches`]): the same thing, which a
//! property test holds equal. A [`Listing`] is a list that is filtered and sorted so.

mod asker;
mod check;
mod error;
mod eval;
pub mod instant;
mod listing;
mod parse;
mod pattern;
mod predicate;
pub mod search;
mod sql;
pub mod table;
mod tree;
pub mod words;

pub use asker::Asker;
pub use check::Checked;
pub use error::QueryError;
pub use eval::{Fact, Facts};
pub use listing::{Fetched, Filtered, KeyText, Listing, OrderBy, Passing, SORTED_CHARS, Slice};
pub use parse::{MAX_CHARS, MAX_CLAUSES, MAX_DEPTH, MAX_WILDCARDS, parse};
pub use pattern::{Pattern, Piece};
pub use predicate::Predicate;
pub use table::{Field, Kind, Related, Table};
pub use tree::{At, Bound, Leaf, Node, Path, Query, Value};
pub use words::Words;
