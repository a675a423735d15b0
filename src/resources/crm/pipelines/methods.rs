//! What can be done with pipelines.

use super::model::{MAX_STAGES, Outcome, Pipeline, PipelineObject, PipelineRow, Stage};
use super::stages::{AddStage, RemoveStage, UpdateStage};
use super::store;
use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Code, Context, Entry, Error, Int, Kind, List, Method, Name, Page, Patch, Result, Void,
};

/// The methods of pipelines.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListPipelines>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<Delete>(),
    Entry::of::<AddStage>(),
    Entry::of::<UpdateStage>(),
    Entry::of::<RemoveStage>(),
];

arguments! {
    /// A stage of a new pipeline.
    pub struct NewStage {
        /// What the stage is called.
        pub name: Name<80>,
        /// How likely success is from here, in percent.
        pub probability: Option<Int<0, 100>>,
        /// What being in this stage means; `open` if left out.
        pub outcome: Option<Outcome>,
    }
}

arguments! {
    /// Creates a pipeline with its stages.
    pub struct Create {
        /// What the pipeline is called; several may have the same name.
        pub name: Name<120>,
        /// What passes through it; companies if left out.
        pub object: Option<PipelineObject>,
        /// The stages, first to last.
        pub stages: Option<List<NewStage, MAX_STAGES>>,
    }
}

impl Method for Create {
    const NAME: &'static str = "pipelines.create";
    const ACCESS: Access = Access::write(Area::Deals);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["pipeline.created"];
    const EXAMPLE: &'static str = r#"{"name":"Sales","stages":[{"name":"Lead","probability":10},{"name":"Customer","probability":100,"outcome":"won"}]}"#;
    type Output = Pipeline;

    async fn call(self, ctx: Context) -> Result<Pipeline> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let id = tx.new_id();
            let row = PipelineRow {
                organization_id: tx.space(),
                id,
                name: args.name.to_string(),
                object: args.object.unwrap_or(PipelineObject::Company),
                version: 1,
                created_at: tx.now(),
                updated_at: tx.now(),
            };
            let new = args.stages.map(|stages| stages.0).unwrap_or_default();
            let stages = (0..).zip(new).map(|(position, stage)| Stage {
                organization_id: row.organization_id,
                id: tx.new_id(),
                pipeline_id: id,
                name: stage.name.to_string(),
                position,
                probability: stage.probability.map(Int::as_i32),
                outcome: stage.outcome.unwrap_or(Outcome::Open),
            });
            let stages = stages.collect();
            store::insert(tx, Pipeline { row, stages }).await
        })
        .await
    }
}

arguments! {
    /// Lists pipelines with their stages.
    pub struct ListPipelines paged {}
}

impl Method for ListPipelines {
    const NAME: &'static str = "pipelines.list";
    const ACCESS: Access = Access::read(Area::Deals);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<Pipeline>;

    async fn call(self, ctx: Context) -> Result<Page<Pipeline>> {
        let window = ctx.page(&self)?;
        let rows = store::list(&mut *ctx.read().await?, ctx.space(), &window).await?;
        Ok(window.page(&ctx, rows))
    }
}

arguments! {
    /// Answers one pipeline with its stages.
    pub struct Info {
        /// The pipeline.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "pipelines.info";
    const ACCESS: Access = Access::read(Area::Deals);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Pipeline;

    async fn call(self, ctx: Context) -> Result<Pipeline> {
        let found = store::find(&mut *ctx.read().await?, ctx.space(), self.id).await?;
        found.ok_or_else(Error::not_found::<Pipeline>)
    }
}

arguments! {
    /// Changes a pipeline.
    ///
    /// Its stages have methods of their own.
    pub struct Update {
        /// The pipeline.
        pub id: Id,
        /// What the pipeline is called.
        pub name: Patch<Name<120>>,
    }
}

impl Method for Update {
    const NAME: &'static str = "pipelines.update";
    const ACCESS: Access = Access::write(Area::Deals);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["pipeline.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","name":"Sales"}"#;
    type Output = Pipeline;

    async fn call(self, ctx: Context) -> Result<Pipeline> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, args.id).await?;
            let mut pipeline = before.clone();
            args.name.apply(&mut pipeline.name);
            store::save(tx, before, pipeline).await
        })
        .await
    }
}

arguments! {
    /// Deletes a pipeline with its stages.
    ///
    /// Companies must not be in any of them.
    pub struct Delete {
        /// The pipeline.
        pub id: Id,
    }
}

impl Method for Delete {
    const NAME: &'static str = "pipelines.delete";
    const ACCESS: Access = Access::write(Area::Deals);
    const KIND: Kind = Kind::Delete;
    const ERRORS: &'static [Code] = &[Code::InUse];
    const EVENTS: &'static [&'static str] = &["pipeline.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let pipeline = store::target(tx, self.id).await?;
            let stages: Vec<Id> = pipeline.stages.iter().map(|stage| stage.id).collect();
            store::lock_stages_to_delete(tx, &stages).await?;
            if store::has_companies(tx, &stages).await? {
                return Err(Error::new(
                    Code::InUse,
                    "There are companies in stages of this pipeline; move them first.",
                ));
            }
            store::delete(tx, &pipeline).await?;
            Ok(Void {})
        })
        .await
    }
}
