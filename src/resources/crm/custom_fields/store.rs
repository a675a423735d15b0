//! All SQL of custom fields.

use super::model::{CustomField, FieldObject};
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Result, Tx};
use crate::schema::custom_fields;
use crate::{keep, run};

/// All fields of a kind of object, archived ones included.
pub async fn of_object(conn: &mut Conn, organization: Id, object: FieldObject) -> Result<Vec<CustomField>> {
    Ok(run!(conn, |c| custom_fields::table
        .filter(custom_fields::organization_id.eq(organization).and(custom_fields::object.eq(object)))
        .order((custom_fields::order, custom_fields::id))
        .select(CustomField::as_select())
        .load(c))?)
}

/// Which of these fields there are; they stay until the transaction ends.
pub async fn keep(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Id>> {
    let organization = tx.space();
    let of_organization = custom_fields::table.filter(custom_fields::organization_id.eq(organization));
    Ok(keep!(tx, of_organization.filter(custom_fields::id.eq_any(ids)).select(custom_fields::id))?)
}
