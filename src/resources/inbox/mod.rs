//! What comes in and goes out: conversations, their messages, the files that belong to them.

pub mod files;
