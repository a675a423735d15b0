//! Companies: the organizations that contacts belong to, with what is known of them and where they stand in a pipeline.
//!
//! Methods: `companies.create list info update upsert delete merge moveStage listContacts listConversations addTag removeTag`.

mod belongings;
mod details;
mod fields;
mod methods;
mod model;
pub(super) mod placing;
pub mod store;

pub use fields::FIELDS;
pub use methods::*;
pub use model::*;
