//! What is said: conversations, messages and files.

pub mod conversations;
pub mod messages;
pub mod timers;
