//! Pipelines: the stages that companies pass through on their way to becoming customers.
//!
//! Methods: `pipelines.create list info update delete addStage updateStage removeStage`.

mod methods;
mod model;
mod stages;
pub mod store;

pub use methods::*;
pub use model::*;
pub use stages::{AddStage, RemoveStage, UpdateStage};
