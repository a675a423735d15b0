//! The places of companies in the stages of pipelines: 0, 1, 2 … in each stage, without gaps, whoever moves what at the same time.
//!
//! Every change of places first locks the stages it is about, in the order of their ids, and only then companies. So the changes of
//! one stage happen one after the other. That its siblings make room is no change of a company: their versions stay.

use super::model::Company;
use super::store;
use crate::db::prelude::*;
use crate::db::{Fault, Id};
use crate::method::{Error, Result, Tx};
use crate::resources::crm::pipelines;
use crate::run;
use crate::schema::companies;

/// The stage that a company is in, as far as that can be known before it is locked: see [`still_in`].
pub async fn stage_of(tx: &mut Tx<'_>, company: Id) -> Result<Option<Id>> {
    let organization = tx.space();
    Ok(store::find(tx, organization, company).await?.and_then(|company| company.stage_id))
}

/// Locks the stage that a company is in, and answers it.
pub async fn lock_stage_of(tx: &mut Tx<'_>, company: Id) -> Result<Option<Id>> {
    let stage = stage_of(tx, company).await?;
    pipelines::store::lock_stages(tx, stage.as_slice()).await?;
    Ok(stage)
}

/// Locks a stage that an argument names, with another one that the change is about.
pub async fn lock_stage(tx: &mut Tx<'_>, pointer: &str, stage: Id, other: Option<Id>) -> Result<()> {
    let ids: Vec<Id> = other.into_iter().chain([stage]).collect();
    let found = pipelines::store::lock_stages(tx, &ids).await?;
    match found.contains(&stage) {
        true => Ok(()),
        false => Err(Error::argument(pointer, "unknown_id", format!("there is no stage {stage}"))),
    }
}

/// Begins again if a company, locked by now, was moved between the look at its stage and the lock.
pub fn still_in(company: &Company, stage: Option<Id>) -> Result<()> {
    match company.stage_id == stage {
        true => Ok(()),
        false => Err(Fault::Retry("the company was moved meanwhile".into()).into()),
    }
}

/// Gives a company that is in no stage, or has just left it, a place in a locked one: the place asked for, or the last one. The
/// caller stores it.
pub async fn enter(tx: &mut Tx<'_>, company: &mut Company, stage: Id, place: Option<i32>) -> Result<()> {
    let organization = company.organization_id;
    let in_stage = companies::organization_id
        .eq(organization)
        .and(companies::stage_id.eq(stage))
        .and(companies::id.ne(company.id));
    let count: i64 = run!(tx, |c| companies::table.filter(in_stage).count().get_result(c))?;
    let last = i32::try_from(count).unwrap_or(i32::MAX);
    let place = place.unwrap_or(last).min(last);
    if place < last {
        run!(tx, |c| diesel::update(companies::table.filter(in_stage).filter(companies::position.ge(place)))
            .set(companies::position.eq(companies::position + 1))
            .execute(c))?;
    }
    company.stage_id = Some(stage);
    company.position = place;
    Ok(())
}

/// Takes a company out of its locked stage, whose others move up. The caller stores it.
pub async fn leave(tx: &mut Tx<'_>, company: &mut Company) -> Result<()> {
    let Some(stage) = company.stage_id.take() else { return Ok(()) };
    let organization = company.organization_id;
    run!(tx, |c| diesel::update(companies::table)
        .filter(companies::organization_id.eq(organization).and(companies::stage_id.eq(stage)))
        .filter(companies::position.gt(company.position).and(companies::id.ne(company.id)))
        .set(companies::position.eq(companies::position - 1))
        .execute(c))?;
    company.position = 0;
    Ok(())
}

/// Moves all companies of a locked stage to the end of another one, in their order; unless there are more than `limit`.
pub async fn move_all(tx: &mut Tx<'_>, from: Id, to: Id, limit: usize) -> Result<bool> {
    let organization = tx.space();
    // By their ids, as everybody who locks several companies does.
    let ids: Vec<Id> = run!(tx, |c| companies::table
        .filter(companies::organization_id.eq(organization).and(companies::stage_id.eq(from)))
        .order(companies::id)
        .limit(limit as i64 + 1)
        .select(companies::id)
        .load(c))?;
    if ids.len() > limit {
        return Ok(false);
    }
    let in_stage = companies::organization_id.eq(organization).and(companies::stage_id.eq(to));
    let before: i64 = run!(tx, |c| companies::table.filter(in_stage).count().get_result(c))?;
    let before = i32::try_from(before).unwrap_or(i32::MAX);
    for id in ids {
        if let Some(company) = store::lock(tx, id).await? {
            let mut moved = company.clone();
            moved.stage_id = Some(to);
            moved.position = company.position.saturating_add(before);
            store::save(tx, company, moved, "company.stage_changed").await?;
        }
    }
    Ok(true)
}
