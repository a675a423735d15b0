//! Messages: what contacts write and what is written to them, notes, drafts and what waits to be sent.
//!
//! Methods: `messages.receive send create addNote list info update delete draftInfo preview schedule cancelScheduled resend
//! requestApproval approve reject listApprovals suggestReplies vote listAttachments addAttachment removeAttachment reportDelivery`.
//!
//! A message and its conversation change together. Who changes either locks the conversation first, and [`thread::Thread`] holds it
//! while a message joins it: that is where figures are kept, conversations that were put off or closed go on, and people come before
//! AI. A message with a `client_message_id` that its conversation has already is that message, whoever sends it and how often.

mod author;
mod body;
mod compose;
mod details;
mod fields;
pub mod html;
mod methods;
mod model;
mod sending;
pub mod store;
pub mod thread;

pub use body::Html;
pub use compose::{Content, begin, blank, note};
pub use details::*;
pub use fields::FIELDS;
pub use methods::*;
pub use model::*;
pub use sending::send_due;
