//! The ways by which messages come in and go out.

pub mod channels;
