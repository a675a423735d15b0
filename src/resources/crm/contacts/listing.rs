//! The SQL of lists of contacts.

use super::model::{Contact, ContactRow, ContactType, SEARCHED};
use super::store::with_identities;
use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::method::{Result, normal};
use crate::query::{Fetched, Listing, Predicate, search};
use crate::schema::contacts;
use crate::{run, run_list};

/// Which contacts a list is about; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Those of this company.
    pub company: Option<Id>,
    /// Those of this type.
    pub kind: Option<ContactType>,
    /// Those that were changed after this instant.
    pub updated_after: Option<Timestamp>,
}

/// The contacts that a filter and a query let through.
pub async fn list(conn: &mut Conn, space: Id, filter: Filter, list: &Listing) -> Result<Fetched<Contact>> {
    let kinds = filter.kind.map_or(ContactType::ALL.to_vec(), |kind| vec![kind]);
    let of_space =
        || contacts::table.filter(contacts::organization_id.eq(space)).filter(contacts::type_.eq_any(&kinds));
    let fetched = match (filter.company, filter.updated_after) {
        (None, None) => run_list!(conn, list, ContactRow, contacts::id, of_space()),
        (Some(company), None) => {
            run_list!(conn, list, ContactRow, contacts::id, of_space().filter(contacts::company_id.eq(company)))
        }
        (None, Some(since)) => {
            run_list!(conn, list, ContactRow, contacts::id, of_space().filter(contacts::updated_at.gt(since)))
        }
        (Some(company), Some(since)) => run_list!(
            conn,
            list,
            ContactRow,
            contacts::id,
            of_space().filter(contacts::company_id.eq(company)).filter(contacts::updated_at.gt(since))
        ),
    };
    let Fetched { rows, keys, total } = fetched;
    Ok(Fetched { rows: with_identities(conn, space, rows).await?, keys, total })
}

/// The ids of the contacts that pass, after one of them and in their order.
pub async fn ids(conn: &mut Conn, space: Id, passing: &Predicate, after: Id, most: i64) -> Result<Vec<Id>> {
    Ok(run!(conn, |c| contacts::table
        .filter(contacts::organization_id.eq(space).and(contacts::id.gt(after)))
        .filter(passing.clone())
        .order(contacts::id)
        .limit(most)
        .select(contacts::id)
        .load(c))?)
}

/// How many contacts pass.
pub async fn count(conn: &mut Conn, space: Id, which: &Predicate) -> Result<i64> {
    Ok(run!(conn, |c| contacts::table
        .filter(contacts::organization_id.eq(space))
        .filter(which.clone())
        .count()
        .get_result(c))?)
}

/// The contacts with all these words, of which the last may be the beginning of one. A telephone number may be written in any way.
pub fn found_by(space: Id, text: &str) -> Predicate {
    let number = normal("phone", text.trim());
    search::typed(space, "contacts", SEARCHED, number.as_deref().unwrap_or(text))
}
