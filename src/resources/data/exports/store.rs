//! All SQL of exports.

use super::model::{Export, ExportStatus};
use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::method::{Result, Tx, Window};
use crate::schema::exports;
use crate::{lock, run, run_page};

/// An export.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<Export>> {
    Ok(run!(conn, |c| exports::table.find((space, id)).select(Export::as_select()).first(c)).optional()?)
}

/// An export, locked. Whoever locks its job as well does that first.
pub async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<Export>> {
    let space = tx.space();
    Ok(lock!(tx, exports::table.find((space, id)).select(Export::as_select()))?)
}

/// The exports of a space, or those that stand so.
pub async fn list(
    conn: &mut Conn,
    space: Id,
    window: &Window,
    status: Option<ExportStatus>,
) -> Result<(Vec<Export>, Option<i64>)> {
    let statuses = status.map_or_else(|| ExportStatus::ALL.to_vec(), |status| vec![status]);
    Ok(run_page!(
        conn,
        window,
        exports::id,
        Export,
        exports::table.filter(exports::organization_id.eq(space)).filter(exports::status.eq_any(&statuses))
    ))
}

/// Stores a new export.
pub async fn insert(tx: &mut Tx<'_>, export: &Export) -> Result<()> {
    run!(tx, |c| diesel::insert_into(exports::table).values(export).execute(c))?;
    Ok(())
}

/// Stores what has become of an export.
pub async fn save(tx: &mut Tx<'_>, export: &Export) -> Result<()> {
    run!(tx, |c| diesel::update(exports::table.find((export.organization_id, export.id))).set(export).execute(c))?;
    Ok(())
}

/// Exports whose files are to be deleted by now, those first that have been for longest.
pub async fn expired(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<(Id, Id)>> {
    Ok(run!(conn, |c| exports::table
        .filter(exports::expires_at.le(now))
        .filter(exports::file_id.is_not_null())
        .order(exports::expires_at)
        .limit(most)
        .select((exports::organization_id, exports::id))
        .load(c))?)
}
