//! All SQL of tags.

use std::collections::{BTreeMap, HashSet};

use diesel::dsl::count_star;
use diesel::{EscapeExpressionMethods, TextExpressionMethods};

use super::model::{MAX_TAGS, Tag, TagRow, TaggedType, fold, tidy};
use crate::db::prelude::*;
use crate::db::{Conn, Fault, Id, Json};
use crate::method::{Code, Error, Object, OrConflict, Result, Tx, Window};
use crate::schema::{conversations, tag_uses, tags};
use crate::{keep, lock, lock_to_delete, run, run_each, run_page};

/// A tag.
pub async fn find(conn: &mut Conn, organization: Id, key: &str) -> Result<Option<TagRow>> {
    Ok(run!(conn, |c| tags::table
        .filter(tags::organization_id.eq(organization).and(tags::key.eq(key)))
        .select(TagRow::as_select())
        .first(c))
    .optional()?)
}

/// The tag that a write is about, locked: nobody can give it to an object meanwhile.
pub async fn target(tx: &mut Tx<'_>, key: &str) -> Result<Tag> {
    let row = lock_key(tx, key).await?;
    let organization = tx.space();
    let found = with_usage(tx, organization, row.into_iter().collect()).await?.pop();
    tx.target(found)
}

/// The same tag, if it is there; how often it is used does not matter.
pub async fn lock(tx: &mut Tx<'_>, key: &str) -> Result<Option<Tag>> {
    Ok(lock_key(tx, key).await?.map(|row| Tag { row, usage: BTreeMap::new() }))
}

/// A tag by its id, with how often it is used, locked as one that goes.
pub async fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Tag>> {
    let organization = tx.space();
    let row: Option<TagRow> = lock_to_delete!(tx, tags::table.find((organization, id)).select(TagRow::as_select()))?;
    Ok(with_usage(tx, organization, row.into_iter().collect()).await?.pop())
}

/// A tag, locked as one that goes, so that nobody can give it to an object meanwhile.
pub async fn lock_key(tx: &mut Tx<'_>, key: &str) -> Result<Option<TagRow>> {
    let organization = tx.space();
    Ok(lock_to_delete!(
        tx,
        tags::table.filter(tags::organization_id.eq(organization).and(tags::key.eq(key))).select(TagRow::as_select())
    )?)
}

/// The tags after one of them, in the order of their ids.
pub async fn after(conn: &mut Conn, organization: Id, after: Id, most: i64) -> Result<Vec<Tag>> {
    let rows: Vec<TagRow> = run!(conn, |c| tags::table
        .filter(tags::organization_id.eq(organization).and(tags::id.gt(after)))
        .order(tags::id)
        .limit(most)
        .select(TagRow::as_select())
        .load(c))?;
    with_usage(conn, organization, rows).await
}

/// The tags of an organization, or those that have a text in their names.
pub async fn list(
    conn: &mut Conn,
    organization: Id,
    search: Option<&str>,
    window: &Window,
) -> Result<(Vec<Tag>, Option<i64>)> {
    let text = fold(search.unwrap_or_default());
    let literal = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let pattern = format!("%{literal}%");
    let (rows, total) = run_page!(
        conn,
        window,
        tags::id,
        TagRow,
        tags::table.filter(tags::organization_id.eq(organization)).filter(tags::key.like(&pattern).escape('\\'))
    );
    Ok((with_usage(conn, organization, rows).await?, total))
}

/// Tags with the numbers of their uses: one statement for all of them.
async fn with_usage(conn: &mut Conn, organization: Id, rows: Vec<TagRow>) -> Result<Vec<Tag>> {
    let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    let counts: Vec<(String, TaggedType, i64)> = match keys.is_empty() {
        true => Vec::new(),
        false => run!(conn, |c| tag_uses::table
            .filter(tag_uses::organization_id.eq(organization).and(tag_uses::tag_key.eq_any(&keys)))
            .group_by((tag_uses::tag_key, tag_uses::object_type))
            .select((tag_uses::tag_key, tag_uses::object_type, count_star()))
            .load(c))?,
    };
    let usage = |key: &str| -> BTreeMap<String, i64> {
        let own = counts.iter().filter(|(of, ..)| of == key);
        own.map(|(_, object_type, count)| (object_type.to_string(), *count)).collect()
    };
    Ok(rows.into_iter().map(|row| Tag { usage: usage(&row.key), row }).collect())
}

/// The objects that have a tag, in the order of their kinds and ids; at most so many.
pub async fn uses(tx: &mut Tx<'_>, key: &str, limit: usize) -> Result<Vec<(TaggedType, Id)>> {
    let organization = tx.space();
    Ok(run!(tx, |c| tag_uses::table
        .filter(tag_uses::organization_id.eq(organization).and(tag_uses::tag_key.eq(key)))
        .order((tag_uses::object_type, tag_uses::object_id))
        .limit(limit as i64)
        .select((tag_uses::object_type, tag_uses::object_id))
        .load(c))?)
}

/// The objects that have a tag, after one of them and in the order of their kinds and ids; at most so many.
pub async fn uses_after(
    tx: &mut Tx<'_>,
    key: &str,
    after: Option<(TaggedType, Id)>,
    most: i64,
) -> Result<Vec<(TaggedType, Id)>> {
    let organization = tx.space();
    let of_tag = tag_uses::table
        .filter(tag_uses::organization_id.eq(organization).and(tag_uses::tag_key.eq(key)))
        .order((tag_uses::object_type, tag_uses::object_id))
        .limit(most)
        .select((tag_uses::object_type, tag_uses::object_id));
    Ok(match after {
        None => run!(tx, |c| of_tag.load(c))?,
        Some((object_type, id)) => {
            let same_type = tag_uses::object_type.eq(object_type).and(tag_uses::object_id.gt(id));
            run!(tx, |c| of_tag.filter(tag_uses::object_type.gt(object_type).or(same_type)).load(c))?
        }
    })
}

/// How many objects have a tag.
pub async fn count_uses(tx: &mut Tx<'_>, key: &str) -> Result<i64> {
    let organization = tx.space();
    Ok(run!(tx, |c| tag_uses::table
        .filter(tag_uses::organization_id.eq(organization).and(tag_uses::tag_key.eq(key)))
        .count()
        .get_result(c))?)
}

/// The tags of a conversation that was deleted and can be restored, locked.
pub async fn of_deleted_conversation(tx: &mut Tx<'_>, id: Id) -> Result<Option<Vec<String>>> {
    let organization = tx.space();
    let found: Option<Json<Vec<String>>> =
        lock!(tx, conversations::table.find((organization, id)).select(conversations::tags))?;
    Ok(found.map(|tags| tags.0))
}

/// Gives such a conversation other tags.
pub async fn retag_deleted_conversation(tx: &mut Tx<'_>, id: Id, tags: Vec<String>) -> Result<()> {
    let organization = tx.space();
    run!(tx, |c| diesel::update(conversations::table.find((organization, id)))
        .set(conversations::tags.eq(Json(&tags)))
        .execute(c))?;
    Ok(())
}

/// Stores a new tag and announces it.
pub async fn insert(tx: &mut Tx<'_>, row: TagRow) -> Result<Tag> {
    run!(tx, |c| diesel::insert_into(tags::table).values(&row).execute(c)).or_conflict(taken)?;
    let tag = Tag { row, usage: BTreeMap::new() };
    tx.emit("tag.created", &tag)?;
    Ok(tag)
}

/// Stores what has become of a tag, with its uses, and announces it. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: Tag, mut row: TagRow) -> Result<Tag> {
    if row == before.row {
        return Ok(before);
    }
    row.updated_at = tx.now();
    run!(tx, |c| diesel::update(tags::table.find((row.organization_id, row.id))).set(&row).execute(c))
        .or_conflict(taken)?;
    if row.key != before.row.key {
        run!(tx, |c| diesel::update(tag_uses::table)
            .filter(tag_uses::organization_id.eq(row.organization_id).and(tag_uses::tag_key.eq(&before.row.key)))
            .set(tag_uses::tag_key.eq(&row.key))
            .execute(c))?;
    }
    let after = Tag { row, usage: before.usage.clone() };
    tx.emit_change("tag.updated", &before, &after)?;
    Ok(after)
}

/// Takes a tag off the list, with its uses, and announces it.
pub async fn delete(tx: &mut Tx<'_>, tag: &Tag) -> Result<()> {
    let organization = tx.space();
    run!(tx, |c| diesel::delete(
        tag_uses::table.filter(tag_uses::organization_id.eq(organization).and(tag_uses::tag_key.eq(&tag.row.key)))
    )
    .execute(c))?;
    run!(tx, |c| diesel::delete(tags::table.find((organization, tag.id()))).execute(c))?;
    tx.emit("tag.deleted", tag)
}

fn taken(_: &str) -> Error {
    Error::new(Code::AlreadyExists, "There is a tag with this name already.")
}

/// Gives an object, which is locked, the tags that are wanted: each once whatever its case, spelled as it is on the list of tags,
/// and put on that list if it is new.
///
/// `tags` is the object's own column, and the caller stores it.
pub async fn retag(
    tx: &mut Tx<'_>,
    object_type: TaggedType,
    object: Id,
    tags: &mut Json<Vec<String>>,
    wanted: Vec<String>,
) -> Result<()> {
    if tags.0 == wanted {
        return Ok(());
    }
    let mut seen = HashSet::new();
    let mut wanted: Vec<(String, String)> = wanted.iter().map(|name| (fold(name), tidy(name))).collect();
    wanted.retain(|(key, _)| !key.is_empty() && seen.insert(key.clone()));
    if wanted.len() > MAX_TAGS {
        return Err(Error::new(Code::LimitExceeded, format!("An object has at most {MAX_TAGS} tags.")));
    }
    register(tx, &mut wanted).await?;
    let before: Vec<String> = tags.iter().map(|name| fold(name)).collect();
    let mut added: Vec<&str> =
        wanted.iter().map(|(key, _)| key.as_str()).filter(|key| !before.iter().any(|known| known == key)).collect();
    added.sort_unstable();
    let removed: Vec<&String> = before.iter().filter(|key| !seen.contains(*key)).collect();
    add_uses(tx, object_type, object, &added).await?;
    if !removed.is_empty() {
        let organization = tx.space();
        run!(tx, |c| diesel::delete(
            tag_uses::table
                .filter(tag_uses::organization_id.eq(organization).and(tag_uses::object_type.eq(object_type)))
                .filter(tag_uses::object_id.eq(object).and(tag_uses::tag_key.eq_any(&removed)))
        )
        .execute(c))?;
    }
    tags.0 = wanted.into_iter().map(|(_, name)| name).collect();
    Ok(())
}

/// Forgets which tags an object had that is deleted.
pub async fn untag_all(tx: &mut Tx<'_>, object_type: TaggedType, object: Id) -> Result<()> {
    let organization = tx.space();
    run!(tx, |c| diesel::delete(
        tag_uses::table
            .filter(tag_uses::organization_id.eq(organization).and(tag_uses::object_type.eq(object_type)))
            .filter(tag_uses::object_id.eq(object))
    )
    .execute(c))?;
    Ok(())
}

async fn add_uses(tx: &mut Tx<'_>, object_type: TaggedType, object: Id, keys: &[&str]) -> Result<()> {
    let organization = tx.space();
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            (
                tag_uses::organization_id.eq(organization),
                tag_uses::object_type.eq(object_type),
                tag_uses::object_id.eq(object),
                tag_uses::tag_key.eq(*key),
            )
        })
        .collect();
    run_each!(tx, &rows, |c, row| diesel::insert_into(tag_uses::table)
        .values(*row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Puts tags, given as key and name, on the list if they are not there, and gives all of them the names that they have there. They
/// stay on it until the transaction ends.
async fn register(tx: &mut Tx<'_>, wanted: &mut [(String, String)]) -> Result<()> {
    let organization = tx.space();
    let keys: Vec<String> = wanted.iter().map(|(key, _)| key.clone()).collect();
    // A tag that another call takes off the list at the same moment has to be put on it once more.
    for _ in 0..4 {
        let known: Vec<(String, String)> = match keys.is_empty() {
            true => Vec::new(),
            false => keep!(
                tx,
                tags::table
                    .filter(tags::organization_id.eq(organization).and(tags::key.eq_any(&keys)))
                    .select((tags::key, tags::name))
            )?,
        };
        let mut missing: Vec<TagRow> = Vec::new();
        for (key, name) in wanted.iter_mut() {
            match known.iter().find(|(known, _)| known == key) {
                Some((_, spelling)) => *name = spelling.clone(),
                None => missing.push(TagRow {
                    organization_id: organization,
                    id: tx.new_id(),
                    key: key.clone(),
                    name: name.clone(),
                    color: None,
                    description: None,
                    created_at: tx.now(),
                    updated_at: tx.now(),
                }),
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        // In one order everywhere, so that no two calls wait for each other.
        missing.sort_by(|one, other| one.key.cmp(&other.key));
        run_each!(tx, &missing, |c, row| diesel::insert_into(tags::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Err(Fault::Retry("a tag was deleted again and again".into()).into())
}
