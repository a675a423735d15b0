//! All SQL of custom fields, and what concerns all objects that have one.

use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::model::{CustomField, FieldObject};
use crate::db::prelude::*;
use crate::db::{Backend, Conn, Id, IdSql, TimestampSql};
use crate::method::{Code, Error, OrConflict, Result, Tx, Window};
use crate::schema::custom_fields;
use crate::{keep, lock_to_delete, run, run_page};

/// A custom field.
pub async fn find(conn: &mut Conn, organization: Id, id: Id) -> Result<Option<CustomField>> {
    Ok(run!(conn, |c| custom_fields::table.find((organization, id)).select(CustomField::as_select()).first(c))
        .optional()?)
}

/// The custom field of a kind of object that has this key.
pub async fn find_by_name(
    conn: &mut Conn,
    organization: Id,
    object: FieldObject,
    name: &str,
) -> Result<Option<CustomField>> {
    Ok(run!(conn, |c| custom_fields::table
        .filter(custom_fields::organization_id.eq(organization).and(custom_fields::object.eq(object)))
        .filter(custom_fields::name.eq(name))
        .select(CustomField::as_select())
        .first(c))
    .optional()?)
}

/// The custom field that a write is about, locked: no values are stored in it meanwhile.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<CustomField> {
    let organization = tx.space();
    let found: Option<CustomField> =
        lock_to_delete!(tx, custom_fields::table.find((organization, id)).select(CustomField::as_select()))?;
    tx.target(found)
}

/// The custom fields of an organization, or of one kind of object.
pub async fn list(
    conn: &mut Conn,
    organization: Id,
    object: Option<FieldObject>,
    window: &Window,
) -> Result<(Vec<CustomField>, Option<i64>)> {
    let objects = object.map_or(FieldObject::ALL.to_vec(), |object| vec![object]);
    Ok(run_page!(
        conn,
        window,
        custom_fields::id,
        CustomField,
        custom_fields::table
            .filter(custom_fields::organization_id.eq(organization).and(custom_fields::object.eq_any(&objects)))
    ))
}

/// All fields of a kind of object, archived ones included.
pub async fn of_object(conn: &mut Conn, organization: Id, object: FieldObject) -> Result<Vec<CustomField>> {
    Ok(run!(conn, |c| custom_fields::table
        .filter(custom_fields::organization_id.eq(organization).and(custom_fields::object.eq(object)))
        .order((custom_fields::order, custom_fields::id))
        .select(CustomField::as_select())
        .load(c))?)
}

/// How many fields a kind of object has.
pub async fn count(tx: &mut Tx<'_>, object: FieldObject) -> Result<i64> {
    let organization = tx.space();
    Ok(run!(tx, |c| custom_fields::table
        .filter(custom_fields::organization_id.eq(organization).and(custom_fields::object.eq(object)))
        .count()
        .get_result(c))?)
}

/// The versions of these fields, which stay as they are until the transaction ends.
pub async fn keep(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<(Id, i64)>> {
    let organization = tx.space();
    let of_organization = custom_fields::table.filter(custom_fields::organization_id.eq(organization));
    Ok(keep!(
        tx,
        of_organization.filter(custom_fields::id.eq_any(ids)).select((custom_fields::id, custom_fields::version))
    )?)
}

/// Stores a new custom field and announces it.
pub async fn insert(tx: &mut Tx<'_>, field: CustomField) -> Result<CustomField> {
    run!(tx, |c| diesel::insert_into(custom_fields::table).values(&field).execute(c)).or_conflict(|_| {
        Error::new(Code::AlreadyExists, "There is a custom field with this name already, or was one that is archived.")
    })?;
    tx.emit("custom_field.created", &field)?;
    Ok(field)
}

/// Stores what has become of a custom field and announces it as `event`. Without a difference nothing happens.
pub async fn save(
    tx: &mut Tx<'_>,
    before: CustomField,
    mut after: CustomField,
    event: &'static str,
) -> Result<CustomField> {
    if after == before {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = tx.now();
    run!(tx, |c| diesel::update(custom_fields::table.find((after.organization_id, after.id))).set(&after).execute(c))?;
    tx.emit_change(event, &before, &after)?;
    Ok(after)
}

/// The table of a kind of object.
const fn table_of(object: FieldObject) -> &'static str {
    match object {
        FieldObject::Contact => "contacts",
        FieldObject::Company => "companies",
        FieldObject::Conversation => "conversations",
    }
}

/// Takes a custom field away with all its values, and announces that.
pub async fn purge(tx: &mut Tx<'_>, field: &CustomField) -> Result<()> {
    let (organization, now) = (tx.space(), tx.now());
    let table = table_of(field.object);
    // The name has only small letters, digits and underscores, so it is itself in a path.
    let (without, has, name) = match tx.backend() {
        Backend::Sqlite(_) => {
            ("json_remove(custom_fields, $3)", "json_type(custom_fields, $3) IS NOT NULL", format!("$.{}", field.name))
        }
        Backend::Postgres(_) => ("custom_fields - $3", "jsonb_exists(custom_fields, $3)", field.name.clone()),
    };
    let sql = format!(
        "UPDATE {table} SET updated_at = $1, version = version + $2, custom_fields = {without} \
         WHERE {has} AND organization_id = $4"
    );
    run!(tx, |c| sql_query(&sql)
        .bind::<TimestampSql, _>(now)
        .bind::<BigInt, _>(1)
        .bind::<Text, _>(&name)
        .bind::<IdSql, _>(organization)
        .execute(c))?;
    run!(tx, |c| diesel::delete(custom_fields::table.find((organization, field.id))).execute(c))?;
    tx.emit("custom_field.deleted", field)
}

/// Whether an object has this value in a field, by itself or in a list.
pub async fn has_value(tx: &mut Tx<'_>, field: &CustomField, value: &str) -> Result<bool> {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = IdSql)]
        _id: Id,
    }
    let organization = tx.space();
    let table = table_of(field.object);
    let (condition, name) = match tx.backend() {
        Backend::Sqlite(_) => (
            "EXISTS (SELECT 1 FROM json_each(custom_fields, $1) AS one WHERE one.value = $2)",
            format!("$.{}", field.name),
        ),
        Backend::Postgres(_) => ("jsonb_exists(custom_fields -> $1, $2)", field.name.clone()),
    };
    let sql = format!("SELECT id AS _id FROM {table} WHERE {condition} AND organization_id = $3 LIMIT 1");
    let found: Vec<Found> = run!(tx, |c| sql_query(&sql)
        .bind::<Text, _>(&name)
        .bind::<Text, _>(value)
        .bind::<IdSql, _>(organization)
        .load(c))?;
    Ok(!found.is_empty())
}
