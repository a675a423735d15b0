//! All SQL of tags.

use std::collections::HashSet;

use super::model::{MAX_TAGS, TagRow, TaggedType, fold, tidy};
use crate::db::prelude::*;
use crate::db::{Fault, Id, Json};
use crate::method::{Code, Error, Result, Tx};
use crate::schema::{tag_uses, tags};
use crate::{keep, run, run_each};

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
