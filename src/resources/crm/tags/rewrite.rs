//! Changes of a tag in all objects that have it, each of which is stored as any other change of it is: with a version and an event.

use super::model::{TaggedType, fold};
use super::store;
use crate::db::Id;
use crate::method::{Code, Error, Result, Tx};
use crate::resources::crm::{companies, contacts};
use crate::resources::inbox::conversations;

/// The most objects that one call changes.
pub const MAX_USES: usize = 1000;

/// What becomes of a tag in an object.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// It is spelled like this from now on.
    Spelled(&'a str),
    /// It is taken off.
    Removed,
}

impl Change<'_> {
    fn apply(self, tags: &mut Vec<String>, key: &str) {
        match self {
            Self::Removed => tags.retain(|tag| fold(tag) != key),
            Self::Spelled(name) => {
                for tag in tags.iter_mut().filter(|tag| fold(tag) == key) {
                    *tag = name.to_owned();
                }
            }
        }
    }
}

/// Changes a tag in all objects that have it. The uses themselves are for the caller to change, once nobody can add one.
pub async fn in_all_objects(tx: &mut Tx<'_>, key: &str, change: Change<'_>) -> Result<()> {
    let mut done: Vec<(TaggedType, Id)> = Vec::new();
    let mut is_locked = false;
    loop {
        let uses = store::uses(tx, key, MAX_USES + 1).await?;
        if uses.len() > MAX_USES {
            let message = format!("More than {MAX_USES} objects have this tag; one call does not change so many.");
            return Err(Error::new(Code::LimitExceeded, message));
        }
        let new: Vec<(TaggedType, Id)> = uses.into_iter().filter(|one| !done.contains(one)).collect();
        if new.is_empty() && is_locked {
            return Ok(());
        }
        for (object_type, id) in &new {
            in_object(tx, *object_type, *id, key, change).await?;
        }
        done.extend(new);
        // Objects come before tags wherever both are locked. From here on nobody can give the tag to more of them; those that got
        // it while the first ones were being changed are found by another look.
        store::lock_key(tx, key).await?;
        is_locked = true;
    }
}

async fn in_object(tx: &mut Tx<'_>, object_type: TaggedType, id: Id, key: &str, change: Change<'_>) -> Result<()> {
    macro_rules! rewrite {
        ($store:path, $event:literal) => {{
            use $store as store;
            if let Some(before) = store::lock(tx, id).await? {
                let mut after = before.clone();
                change.apply(&mut after.tags, key);
                store::save(tx, before, after, $event).await?;
                return Ok(());
            }
        }};
    }
    match object_type {
        TaggedType::Company => rewrite!(companies::store, "company.updated"),
        TaggedType::Contact => rewrite!(contacts::store, "contact.updated"),
        TaggedType::Conversation => {
            rewrite!(conversations::store, "conversation.updated");
            // One that was deleted keeps its tags for the day it is restored; nobody sees it change.
            if let Some(mut tags) = store::of_deleted_conversation(tx, id).await? {
                change.apply(&mut tags, key);
                store::retag_deleted_conversation(tx, id, tags).await?;
            }
        }
    }
    Ok(())
}
