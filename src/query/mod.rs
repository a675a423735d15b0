//! The query language: what callers ask for in Lucene syntax, checked against the fields of an object and turned into SQL.

pub mod words;
