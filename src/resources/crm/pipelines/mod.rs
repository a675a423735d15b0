//! Pipelines: the stages that companies pass through on their way to becoming customers.
//!
//! Methods: `pipelines.create list info update delete addStage updateStage removeStage`.

mod model;
pub mod store;

pub use model::*;
