//! What is said: conversations, messages and files.

pub mod conversations;
pub mod csat;
pub mod files;
pub mod messages;
pub mod queries;
pub mod timers;
pub mod views;
