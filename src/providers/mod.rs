//! Outside services, each behind one small type.

pub mod mail;
