//! The pipeline and its stages, as they are stored and as callers see them.

use std::ops::{Deref, DerefMut};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::object;
use crate::query::words::{self, Words};
use crate::schema::{pipelines, stages};
use crate::text_enum;

/// The most stages of a pipeline.
pub const MAX_STAGES: usize = 50;

text_enum! {
    /// What passes through a pipeline.
    pub enum PipelineObject {
        /// Companies.
        Company = "company",
    }
}

text_enum! {
    /// What being in a stage means.
    pub enum Outcome {
        /// It is still to be seen.
        Open = "open",
        /// It was a success.
        Won = "won",
        /// It was none.
        Lost = "lost",
    }
}

/// A pipeline without its stages.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = pipelines, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct PipelineRow {
    #[serde(skip)]
    pub organization_id: Id,
    /// The pipeline's id.
    pub id: Id,
    /// What the pipeline is called; several may have the same name.
    pub name: String,
    /// What passes through it.
    pub object: PipelineObject,
    /// How often the pipeline or one of its stages was changed, from 1.
    pub version: i64,
    /// When the pipeline was created.
    pub created_at: Timestamp,
    /// When the pipeline or one of its stages was last changed.
    pub updated_at: Timestamp,
}

/// One of the steps of a pipeline.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = stages, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct Stage {
    #[serde(skip)]
    pub organization_id: Id,
    /// The stage's id.
    pub id: Id,
    /// The pipeline.
    pub pipeline_id: Id,
    /// What the stage is called.
    pub name: String,
    /// The place of the stage in the pipeline, from 0.
    pub position: i32,
    /// How likely success is from here, in percent.
    pub probability: Option<i32>,
    /// What being in this stage means.
    pub outcome: Outcome,
}

object!(Stage, "stage", StageNotFound);

impl Stage {
    /// The words by which companies in the stage are found.
    pub fn words(&self) -> Json<Words> {
        words::of([("name", Some(&self.name))])
    }
}

/// Stages that companies pass through, in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pipeline {
    #[serde(flatten)]
    pub row: PipelineRow,
    /// The stages, first to last.
    pub stages: Vec<Stage>,
}

object!(Pipeline, "pipeline", PipelineNotFound, versioned);

impl Deref for Pipeline {
    type Target = PipelineRow;

    fn deref(&self) -> &PipelineRow {
        &self.row
    }
}

impl DerefMut for Pipeline {
    fn deref_mut(&mut self) -> &mut PipelineRow {
        &mut self.row
    }
}
