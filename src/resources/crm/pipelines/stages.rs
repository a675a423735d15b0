//! What can be done with the stages of a pipeline.

use super::model::{MAX_STAGES, Outcome, Pipeline, Stage};
use super::store;
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Error, Int, Kind, Method, Name, Nullable, Patch, Result, Tx, stored};
use crate::resources::crm::companies;

/// The most companies that one call moves.
const MAX_MOVED: usize = 1000;

arguments! {
    /// Adds a stage to a pipeline.
    pub struct AddStage {
        /// The pipeline.
        pub pipeline_id: Id,
        /// What the stage is called.
        pub name: Name<80>,
        /// The place of the stage in the pipeline, from 0; the last one if left out.
        pub position: Option<Int<0, 1_000_000>>,
        /// How likely success is from here, in percent.
        pub probability: Nullable<Int<0, 100>>,
        /// What being in this stage means; `open` if left out.
        pub outcome: Option<Outcome>,
    }
}

impl Method for AddStage {
    const NAME: &'static str = "pipelines.addStage";
    const ACCESS: Access = Access::write(Area::Deals);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::LimitExceeded, Code::PipelineNotFound];
    const EVENTS: &'static [&'static str] = &["pipeline.updated"];
    const EXAMPLE: &'static str =
        r#"{"pipeline_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","name":"Qualified","position":1,"probability":40}"#;
    type Output = Pipeline;

    async fn call(self, ctx: Context) -> Result<Pipeline> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, args.pipeline_id).await?;
            if before.stages.len() >= MAX_STAGES {
                return Err(Error::new(Code::LimitExceeded, format!("A pipeline has at most {MAX_STAGES} stages.")));
            }
            let stage = Stage {
                organization_id: tx.space(),
                id: tx.new_id(),
                pipeline_id: before.id,
                name: args.name.to_string(),
                position: 0,
                probability: stored(args.probability),
                outcome: args.outcome.unwrap_or(Outcome::Open),
            };
            let mut pipeline = before.clone();
            put(&mut pipeline, stage, args.position);
            store::save(tx, before, pipeline).await
        })
        .await
    }
}

arguments! {
    /// Changes a stage of a pipeline, or its place.
    pub struct UpdateStage {
        /// The stage.
        pub stage_id: Id,
        /// What the stage is called.
        pub name: Patch<Name<80>>,
        /// The place of the stage in the pipeline, from 0.
        pub position: Patch<Int<0, 1_000_000>>,
        /// How likely success is from here, in percent.
        pub probability: Patch<Nullable<Int<0, 100>>>,
        /// What being in this stage means.
        pub outcome: Patch<Outcome>,
    }
}

impl Method for UpdateStage {
    const NAME: &'static str = "pipelines.updateStage";
    const ACCESS: Access = Access::write(Area::Deals);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::StageNotFound];
    const EVENTS: &'static [&'static str] = &["pipeline.updated"];
    const EXAMPLE: &'static str = r#"{"stage_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","name":"Qualified"}"#;
    type Output = Pipeline;

    async fn call(self, ctx: Context) -> Result<Pipeline> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = pipeline_of(tx, args.stage_id).await?;
            let mut pipeline = before.clone();
            let mut stage = take(&mut pipeline, args.stage_id)?;
            args.name.apply(&mut stage.name);
            args.probability.apply(&mut stage.probability);
            if let Patch::Set(outcome) = args.outcome {
                stage.outcome = outcome;
            }
            let position = args.position.sent().copied().unwrap_or(Int(stage.position.into()));
            put(&mut pipeline, stage, Some(position));
            store::save(tx, before, pipeline).await
        })
        .await
    }
}

arguments! {
    /// Takes a stage out of a pipeline.
    ///
    /// Companies that are in it move to the end of another stage. At most 1,000 can be moved by one call.
    pub struct RemoveStage {
        /// The stage.
        pub stage_id: Id,
        /// The stage that companies in this one move to; of this pipeline or of another one.
        pub move_to_stage_id: Option<Id>,
    }
}

impl Method for RemoveStage {
    const NAME: &'static str = "pipelines.removeStage";
    const ACCESS: Access = Access::write(Area::Deals);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InUse, Code::LimitExceeded, Code::StageNotFound];
    const EVENTS: &'static [&'static str] = &["pipeline.updated", "company.stage_changed"];
    const EXAMPLE: &'static str = r#"{"stage_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Pipeline;

    async fn call(self, ctx: Context) -> Result<Pipeline> {
        ctx.write(async move |tx| {
            let before = pipeline_of(tx, self.stage_id).await?;
            let heir = self.move_to_stage_id;
            let locked =
                store::lock_stages_to_delete(tx, &[self.stage_id].into_iter().chain(heir).collect::<Vec<_>>()).await?;
            if heir.is_some_and(|heir| heir == self.stage_id || !locked.contains(&heir)) {
                return Err(Error::argument("/move_to_stage_id", "unknown_id", "there is no such other stage"));
            }
            let mut pipeline = before.clone();
            let stage = take(&mut pipeline, self.stage_id)?;
            number(&mut pipeline);
            if store::has_companies(tx, &[stage.id]).await? {
                let Some(heir) = heir else {
                    let message = "There are companies in this stage; name the stage they move to.";
                    return Err(Error::new(Code::InUse, message));
                };
                if !companies::placing::move_all(tx, stage.id, heir, MAX_MOVED).await? {
                    let message = format!("There are more than {MAX_MOVED} companies in this stage; move some first.");
                    return Err(Error::new(Code::LimitExceeded, message));
                }
            }
            store::save(tx, before, pipeline).await
        })
        .await
    }
}

/// The pipeline that a stage belongs to, locked.
async fn pipeline_of(tx: &mut Tx<'_>, stage: Id) -> Result<Pipeline> {
    let organization = tx.space();
    let found = store::pipeline_of(tx, organization, stage).await?.ok_or_else(Error::not_found::<Stage>)?;
    let pipeline = store::lock(tx, found).await?;
    // It may have gone while the lock was waited for, and the stage with it.
    pipeline.filter(|pipeline| pipeline.stages.iter().any(|s| s.id == stage)).ok_or_else(Error::not_found::<Stage>)
}

/// Takes a stage out of its pipeline.
fn take(pipeline: &mut Pipeline, stage: Id) -> Result<Stage> {
    let place = pipeline.stages.iter().position(|one| one.id == stage).ok_or_else(Error::not_found::<Stage>)?;
    Ok(pipeline.stages.remove(place))
}

/// Puts a stage into a pipeline, at a place or at the end.
fn put(pipeline: &mut Pipeline, stage: Stage, position: Option<Int<0, 1_000_000>>) {
    let last = pipeline.stages.len();
    let place = position.and_then(|position| usize::try_from(position.0).ok()).unwrap_or(last).min(last);
    pipeline.stages.insert(place, stage);
    number(pipeline);
}

/// Numbers the stages by their order.
fn number(pipeline: &mut Pipeline) {
    for (position, stage) in (0..).zip(&mut pipeline.stages) {
        stage.position = position;
    }
}
