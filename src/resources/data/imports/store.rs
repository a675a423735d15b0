//! All SQL of imports.

use super::model::{Import, ImportStatus, RowError, RowProblem};
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Result, Tx, Window};
use crate::schema::{import_errors, imports};
use crate::{lock, run, run_each, run_page};

/// The most problems that are kept of one import.
const MOST_ERRORS: i64 = 10_000;

/// An import.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<Import>> {
    Ok(run!(conn, |c| imports::table.find((space, id)).select(Import::as_select()).first(c)).optional()?)
}

/// An import, locked. Whoever locks its job as well does that first.
pub async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<Import>> {
    let space = tx.space();
    Ok(lock!(tx, imports::table.find((space, id)).select(Import::as_select()))?)
}

/// The imports of a space, or those that stand so.
pub async fn list(
    conn: &mut Conn,
    space: Id,
    window: &Window,
    status: Option<ImportStatus>,
) -> Result<(Vec<Import>, Option<i64>)> {
    let statuses = status.map_or_else(|| ImportStatus::ALL.to_vec(), |status| vec![status]);
    Ok(run_page!(
        conn,
        window,
        imports::id,
        Import,
        imports::table.filter(imports::organization_id.eq(space)).filter(imports::status.eq_any(&statuses))
    ))
}

/// What is wrong with the records of an import.
pub async fn errors(conn: &mut Conn, space: Id, import: Id, window: &Window) -> Result<(Vec<RowError>, Option<i64>)> {
    Ok(run_page!(
        conn,
        window,
        import_errors::id,
        RowError,
        import_errors::table.filter(import_errors::organization_id.eq(space).and(import_errors::import_id.eq(import)))
    ))
}

/// Stores a new import.
pub async fn insert(tx: &mut Tx<'_>, import: &Import) -> Result<()> {
    run!(tx, |c| diesel::insert_into(imports::table).values(import).execute(c))?;
    Ok(())
}

/// Stores what has become of an import.
pub async fn save(tx: &mut Tx<'_>, import: &Import) -> Result<()> {
    run!(tx, |c| diesel::update(imports::table.find((import.organization_id, import.id))).set(import).execute(c))?;
    Ok(())
}

/// Stores what is wrong with records, up to as much as is kept.
pub async fn add_errors(tx: &mut Tx<'_>, import: Id, problems: Vec<RowProblem>) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let space = tx.space();
    let kept: Vec<Id> = run!(tx, |c| import_errors::table
        .filter(import_errors::organization_id.eq(space).and(import_errors::import_id.eq(import)))
        .select(import_errors::id)
        .limit(MOST_ERRORS)
        .load(c))?;
    let left = (MOST_ERRORS as usize).saturating_sub(kept.len());
    let rows: Vec<RowError> = problems
        .into_iter()
        .take(left)
        .map(|problem| RowError {
            space,
            import,
            id: tx.new_id(),
            row: problem.row,
            field: problem.field,
            code: problem.code,
            message: problem.message,
        })
        .collect();
    run_each!(tx, &rows, |c, row| diesel::insert_into(import_errors::table).values(row).execute(c))?;
    Ok(())
}
