//! What belongs to a company and stays when the company goes.
//!
//! Contacts and conversations are changed all at once, however many there are: they get a new version, and the event of the company
//! tells about them.

use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Result, Tx};
use crate::run;
use crate::schema::{company_merges, contacts, conversations};

/// Lets contacts and conversations belong to no company any more. The company is locked as one that goes.
pub async fn release(tx: &mut Tx<'_>, company: Id) -> Result<()> {
    let (space, now) = (tx.space(), tx.now());
    run!(tx, |c| diesel::update(contacts::table)
        .filter(contacts::organization_id.eq(space).and(contacts::company_id.eq(company)))
        .set((
            contacts::company_id.eq(None::<Id>),
            contacts::is_primary.eq(false),
            contacts::version.eq(contacts::version + 1),
            contacts::updated_at.eq(now),
        ))
        .execute(c))?;
    move_conversations(tx, company, None).await
}

/// Gives what belongs to one company to another one, which it is merged into, and notes where it went. Both are locked.
pub async fn hand_over(tx: &mut Tx<'_>, source: Id, destination: Id) -> Result<()> {
    let (space, now) = (tx.space(), tx.now());
    let primary: Option<Id> = run!(tx, |c| contacts::table
        .filter(contacts::organization_id.eq(space).and(contacts::company_id.eq(destination)))
        .filter(contacts::is_primary)
        .select(contacts::id)
        .first(c))
    .optional()?;
    if primary.is_some() {
        run!(tx, |c| diesel::update(contacts::table)
            .filter(contacts::organization_id.eq(space).and(contacts::company_id.eq(source)))
            .filter(contacts::is_primary)
            .set(contacts::is_primary.eq(false))
            .execute(c))?;
    }
    run!(tx, |c| diesel::update(contacts::table)
        .filter(contacts::organization_id.eq(space).and(contacts::company_id.eq(source)))
        .set((
            contacts::company_id.eq(Some(destination)),
            contacts::version.eq(contacts::version + 1),
            contacts::updated_at.eq(now),
        ))
        .execute(c))?;
    move_conversations(tx, source, Some(destination)).await?;
    // Whoever went into the source went on with it.
    run!(tx, |c| diesel::update(company_merges::table)
        .filter(company_merges::organization_id.eq(space).and(company_merges::destination_id.eq(source)))
        .set(company_merges::destination_id.eq(destination))
        .execute(c))?;
    let merge = (
        company_merges::organization_id.eq(space),
        company_merges::source_id.eq(source),
        company_merges::destination_id.eq(destination),
        company_merges::merged_at.eq(now),
    );
    run!(tx, |c| diesel::insert_into(company_merges::table).values(merge).execute(c))?;
    Ok(())
}

async fn move_conversations(tx: &mut Tx<'_>, from: Id, to: Option<Id>) -> Result<()> {
    let (space, now) = (tx.space(), tx.now());
    run!(tx, |c| diesel::update(conversations::table)
        .filter(conversations::organization_id.eq(space).and(conversations::company_id.eq(from)))
        .set((
            conversations::company_id.eq(to),
            conversations::version.eq(conversations::version + 1),
            conversations::updated_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}
