//! What is said: conversations, messages and files.

pub mod conversations;
pub mod files;
pub mod messages;
pub mod queries;
pub mod timers;
