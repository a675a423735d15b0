//! All SQL of the audit; its entries are written with the changes they tell of.

use super::model::{AuditEntry, EntryRow};
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Caller, Result};
use crate::query::{Fetched, Listing};
use crate::schema::audit_entries;
use crate::{run, run_list};

/// Whether the caller sees everything, or, with a test key, only what was done with test keys.
fn tests(caller: &Caller) -> Vec<bool> {
    if caller.is_test { vec![true] } else { vec![false, true] }
}

/// An entry.
pub async fn find(conn: &mut Conn, caller: &Caller, id: Id) -> Result<Option<AuditEntry>> {
    let found: Option<EntryRow> = run!(conn, |c| audit_entries::table
        .find((caller.organization, id))
        .filter(audit_entries::is_test.eq_any(tests(caller)))
        .select(EntryRow::as_select())
        .first(c))
    .optional()?;
    found.map(EntryRow::shown).transpose()
}

/// The entries of a list.
pub async fn list(conn: &mut Conn, caller: &Caller, list: &Listing) -> Result<Fetched<AuditEntry>> {
    let tests = tests(caller);
    let Fetched { rows, keys, total } = run_list!(
        conn,
        list,
        EntryRow,
        audit_entries::id,
        audit_entries::table
            .filter(audit_entries::organization_id.eq(caller.organization))
            .filter(audit_entries::is_test.eq_any(&tests))
    );
    Ok(Fetched { rows: rows.into_iter().map(EntryRow::shown).collect::<Result<_>>()?, keys, total })
}
