//! The places of companies in the stages of pipelines: 0, 1, 2 … in each stage, without gaps, whoever moves what at the same time.
//!
//! Every change of places first locks the stages it is about, in the order of their ids, and only then companies. So the changes of
//! one stage happen one after the other. That its siblings make room is no change of a company: their versions stay.

use super::model::Company;
use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Error, Result, Tx};
use crate::resources::crm::pipelines;
use crate::run;
use crate::schema::companies;

/// Locks a stage that an argument names, with others that the change is about.
pub async fn lock(tx: &mut Tx<'_>, pointer: &str, stage: Id, others: Option<Id>) -> Result<()> {
    let ids: Vec<Id> = others.into_iter().chain([stage]).collect();
    let found = pipelines::store::lock_stages(tx, &ids).await?;
    match found.iter().any(|found| found.id == stage) {
        true => Ok(()),
        false => Err(Error::argument(pointer, "unknown_id", format!("there is no stage {stage}"))),
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
