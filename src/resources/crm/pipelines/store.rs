//! All SQL of pipelines and stages.

use super::model::{Pipeline, PipelineRow, Stage};
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Result, Tx, Window};
use crate::schema::{companies, pipelines, stages};
use crate::{lock, lock_to_delete, run, run_each, run_page};

/// A pipeline.
pub async fn find(conn: &mut Conn, organization: Id, id: Id) -> Result<Option<Pipeline>> {
    let row: Option<PipelineRow> =
        run!(conn, |c| pipelines::table.find((organization, id)).select(PipelineRow::as_select()).first(c))
            .optional()?;
    Ok(with_stages(conn, organization, row.into_iter().collect()).await?.pop())
}

/// The pipeline that a write is about, locked.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<Pipeline> {
    let found = lock(tx, id).await?;
    tx.target(found)
}

/// A pipeline that a write changes, locked: nobody else changes its stages meanwhile.
pub async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<Pipeline>> {
    let organization = tx.space();
    let row: Option<PipelineRow> =
        lock!(tx, pipelines::table.find((organization, id)).select(PipelineRow::as_select()))?;
    Ok(with_stages(tx, organization, row.into_iter().collect()).await?.pop())
}

/// The pipeline that a stage belongs to.
pub async fn pipeline_of(conn: &mut Conn, organization: Id, stage: Id) -> Result<Option<Id>> {
    Ok(run!(conn, |c| stages::table.find((organization, stage)).select(stages::pipeline_id).first(c)).optional()?)
}

/// The pipelines of an organization.
pub async fn list(conn: &mut Conn, organization: Id, window: &Window) -> Result<(Vec<Pipeline>, Option<i64>)> {
    let (rows, total) = run_page!(
        conn,
        window,
        pipelines::id,
        PipelineRow,
        pipelines::table.filter(pipelines::organization_id.eq(organization))
    );
    Ok((with_stages(conn, organization, rows).await?, total))
}

/// Pipelines with their stages: one statement for all of them.
async fn with_stages(conn: &mut Conn, organization: Id, rows: Vec<PipelineRow>) -> Result<Vec<Pipeline>> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let all: Vec<Stage> = match ids.is_empty() {
        true => Vec::new(),
        false => run!(conn, |c| stages::table
            .filter(stages::organization_id.eq(organization).and(stages::pipeline_id.eq_any(&ids)))
            .order((stages::position, stages::id))
            .select(Stage::as_select())
            .load(c))?,
    };
    let stages_of = |pipeline: Id| all.iter().filter(|stage| stage.pipeline_id == pipeline).cloned().collect();
    Ok(rows.into_iter().map(|row| Pipeline { stages: stages_of(row.id), row }).collect())
}

/// Stages, locked in the order of their ids, which keeps two calls from waiting for each other. Whoever places companies in stages
/// locks these first, and companies after them.
pub async fn lock_stages(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Id>> {
    let organization = tx.space();
    let mut locked = Vec::new();
    for id in in_order(ids) {
        let found: Option<Id> = lock!(tx, stages::table.find((organization, id)).select(stages::id))?;
        locked.extend(found);
    }
    Ok(locked)
}

/// The same, for stages one of which is about to be deleted: nobody can come into it meanwhile.
pub async fn lock_stages_to_delete(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Id>> {
    let organization = tx.space();
    let mut locked = Vec::new();
    for id in in_order(ids) {
        let found: Option<Id> = lock_to_delete!(tx, stages::table.find((organization, id)).select(stages::id))?;
        locked.extend(found);
    }
    Ok(locked)
}

fn in_order(ids: &[Id]) -> Vec<Id> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    ids
}

/// Whether a company is in one of these stages.
pub async fn has_companies(tx: &mut Tx<'_>, stages: &[Id]) -> Result<bool> {
    let organization = tx.space();
    let found: Option<Id> = run!(tx, |c| companies::table
        .filter(companies::organization_id.eq(organization).and(companies::stage_id.eq_any(stages)))
        .select(companies::id)
        .first(c))
    .optional()?;
    Ok(found.is_some())
}

/// Stores a new pipeline and announces it.
pub async fn insert(tx: &mut Tx<'_>, pipeline: Pipeline) -> Result<Pipeline> {
    run!(tx, |c| diesel::insert_into(pipelines::table).values(&pipeline.row).execute(c))?;
    add_stages(tx, &pipeline.stages).await?;
    tx.emit("pipeline.created", &pipeline)?;
    Ok(pipeline)
}

/// Stores what has become of a pipeline and its stages, and announces it. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: Pipeline, mut after: Pipeline) -> Result<Pipeline> {
    if after == before {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = tx.now();
    run!(tx, |c| diesel::update(pipelines::table.find((after.organization_id, after.id))).set(&after.row).execute(c))?;
    let old = |id: Id| before.stages.iter().find(|stage| stage.id == id);
    let (kept, added): (Vec<&Stage>, Vec<&Stage>) = after.stages.iter().partition(|stage| old(stage.id).is_some());
    let changed: Vec<&Stage> = kept.into_iter().filter(|stage| old(stage.id) != Some(*stage)).collect();
    let added: Vec<Stage> = added.into_iter().cloned().collect();
    let removed: Vec<Id> =
        before.stages.iter().map(|s| s.id).filter(|id| !after.stages.iter().any(|s| s.id == *id)).collect();
    run_each!(tx, &changed, |c, stage| diesel::update(stages::table.find((stage.organization_id, stage.id)))
        .set((*stage, stages::words.eq(stage.words())))
        .execute(c))?;
    add_stages(tx, &added).await?;
    delete_stages(tx, &removed).await?;
    tx.emit_change("pipeline.updated", &before, &after)?;
    Ok(after)
}

/// Takes a pipeline away with its stages, which must be empty, and announces it.
pub async fn delete(tx: &mut Tx<'_>, pipeline: &Pipeline) -> Result<()> {
    let stages: Vec<Id> = pipeline.stages.iter().map(|stage| stage.id).collect();
    delete_stages(tx, &stages).await?;
    run!(tx, |c| diesel::delete(pipelines::table.find((pipeline.organization_id, pipeline.id))).execute(c))?;
    tx.emit("pipeline.deleted", pipeline)
}

async fn add_stages(tx: &mut Tx<'_>, new: &[Stage]) -> Result<()> {
    run_each!(tx, new, |c, stage| diesel::insert_into(stages::table)
        .values((stage, stages::words.eq(stage.words())))
        .execute(c))?;
    Ok(())
}

async fn delete_stages(tx: &mut Tx<'_>, ids: &[Id]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let organization = tx.space();
    run!(tx, |c| diesel::delete(
        stages::table.filter(stages::organization_id.eq(organization).and(stages::id.eq_any(ids)))
    )
    .execute(c))?;
    Ok(())
}
