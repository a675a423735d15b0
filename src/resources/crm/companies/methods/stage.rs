use super::super::model::Company;
use super::super::{placing, store};
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Context, Int, Kind, Method, Result};

arguments! {
    /// Moves a company to a stage, and to a place in it, in one step.
    ///
    /// The other companies of both stages close the gap and make room.
    pub struct MoveStage {
        /// The company.
        pub id: Id,
        /// The stage; it may be the one the company is in.
        pub stage_id: Id,
        /// The place in the stage, from 0. If left out, the company comes last, or stays where it is in its own stage.
        pub position: Option<Int<0, 1_000_000>>,
    }
}

impl Method for MoveStage {
    const NAME: &'static str = "companies.moveStage";
    const ACCESS: Access = Access::write(Area::Companies);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["company.stage_changed"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","stage_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7","position":0}"#;
    type Output = Company;

    async fn call(self, ctx: Context) -> Result<Company> {
        ctx.write(async move |tx| {
            let stage = placing::stage_of(tx, self.id).await?;
            // A company that is not there is the worse mistake.
            let locked = placing::lock_stage(tx, "/stage_id", self.stage_id, stage).await;
            let before = store::target(tx, self.id).await?;
            locked?;
            placing::still_in(&before, stage)?;
            let mut company = before.clone();
            let place = match self.position {
                None if before.stage_id == Some(self.stage_id) => Some(before.position),
                place => place.map(Int::as_i32),
            };
            if before.stage_id != Some(self.stage_id) || place != Some(before.position) {
                placing::leave(tx, &mut company).await?;
                placing::enter(tx, &mut company, self.stage_id, place).await?;
            }
            store::save(tx, before, company, "company.stage_changed").await
        })
        .await
    }
}
