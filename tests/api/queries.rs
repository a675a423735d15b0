//! The query language: what callers can ask for, and what they are told when it is wrong.

mod equal;
