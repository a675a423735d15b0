//! Making one tag of several, in all objects that have them, however many these are.

use serde::{Deserialize, Serialize};

use super::model::{Tag, TagRow, TaggedType, fold, tidy, with, without};
use super::store;
use crate::arguments;
use crate::db::Id;
use crate::jobs::{self, Item, Job, New, Step};
use crate::method::{Access, Area, Code, Context, Error, Kind, List, Method, Name, Policy, Rate, Result, Tx};
use crate::resources::crm::{companies, contacts};
use crate::resources::inbox::conversations;

/// How many objects one step changes.
const AT_ONCE: i64 = 50;
/// How often it is looked for objects that got a tag while the others were being changed.
const PASSES: u32 = 5;

arguments! {
    /// Makes one tag of several.
    ///
    /// All objects that have one of the sources get `into` in its place, and the sources go. The answer is a job; `jobs.listResults` says
    /// what became of each object.
    pub struct Merge {
        /// The tags that go.
        pub source_names: List<Name<50>, 20>,
        /// The tag that stays; it is put on the list of tags if it is new.
        pub into: Name<50>,
        /// Whether the job only finds out which objects would change, and changes nothing; false if left out.
        pub dry_run: Option<bool>,
    }
}

impl Method for Merge {
    const NAME: &'static str = "tags.merge";
    const ACCESS: Access = Access::write(Area::Tags);
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate { policy: Policy::Bulk, cost: 1 };
    const ERRORS: &'static [Code] = &[Code::LimitExceeded, Code::Cycle];
    const EXAMPLE: &'static str = r#"{"source_names":["urgent"],"into":"very urgent"}"#;
    const ACCEPTED: bool = true;
    type Output = Job;

    async fn call(self, ctx: Context) -> Result<Job> {
        let into = tidy(&self.into);
        let mut sources: Vec<String> = self.source_names.iter().map(|name| fold(name)).collect();
        sources.sort();
        sources.dedup();
        if sources.is_empty() {
            return Err(Error::argument("/source_names", "too_few_items", "name at least one tag"));
        }
        if sources.contains(&fold(&into)) {
            return Err(Error::new(Code::Cycle, "A tag cannot be merged into itself."));
        }
        let dry_run = self.dry_run == Some(true);
        ctx.write(async move |tx| {
            let space = tx.space();
            let mut total = 0;
            for (index, name) in self.source_names.iter().enumerate() {
                let Some(tag) = store::find(tx, space, &fold(name)).await? else {
                    let message = format!("there is no tag {:?}", tidy(name));
                    return Err(Error::argument(format!("/source_names/{index}"), "unknown_id", message));
                };
                total += store::count_uses(tx, &tag.key).await?;
            }
            let job = MergeJob { sources: sources.clone(), into: into.clone(), dry_run };
            jobs::add(tx, &job, New { total, dry_run, ..New::default() }).await
        })
        .await
    }
}

/// The job of `tags.merge`.
#[derive(Serialize, Deserialize)]
pub struct MergeJob {
    sources: Vec<String>,
    into: String,
    dry_run: bool,
}

/// Which source it is at, after which object, and how often it has looked through them.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Place {
    source: usize,
    after: Option<(TaggedType, Id)>,
    pass: u32,
}

impl jobs::Kind for MergeJob {
    const NAME: &'static str = "tags.merge";
    const METHOD: &'static str = "tags.merge";
    const ACCESS: Access = Access::write(Area::Tags);
    type Cursor = Place;
    type Material = ();

    async fn gather(&self, _: &Context, _: &Place) -> Result<()> {
        Ok(())
    }

    async fn step(&self, tx: &mut Tx<'_>, _: &Job, place: &Place, (): &()) -> Result<Step<Place>> {
        let Some(source) = self.sources.get(place.source) else {
            return Ok(Step { next: None, items: Vec::new(), total: None });
        };
        let mut items = Vec::new();
        let uses = store::uses_after(tx, source, place.after, AT_ONCE).await?;
        for (object_type, id) in &uses {
            items.push(self.one(tx, source, *object_type, *id).await?);
        }
        let next = match uses.last() {
            Some(last) => Place { after: Some(*last), ..place.clone() },
            None if self.is_done_with(tx, source, place).await? => {
                Place { source: place.source + 1, ..Place::default() }
            }
            None => Place { after: None, pass: place.pass + 1, ..place.clone() },
        };
        let is_over = next.source >= self.sources.len();
        Ok(Step { next: (!is_over).then_some(next), items, total: None })
    }
}

impl MergeJob {
    async fn one(&self, tx: &mut Tx<'_>, source: &str, object_type: TaggedType, id: Id) -> Result<Item> {
        let part = tx.begin_part().await?;
        let outcome = self.retag(tx, source, object_type, id).await;
        let previous = if outcome.is_ok() { tx.previous(&part, id)? } else { Default::default() };
        Ok(match tx.end_part(part, outcome, !self.dry_run).await? {
            Ok(()) => Item { previous, ..Item::succeeded(id) },
            Err(error) => Item::failed(Some(id), &error),
        })
    }

    async fn retag(&self, tx: &mut Tx<'_>, source: &str, object_type: TaggedType, id: Id) -> Result<()> {
        macro_rules! retag {
            ($store:path, $event:literal) => {{
                use $store as objects;
                let Some(before) = objects::lock(tx, id).await? else { return Ok(()) };
                let mut after = before.clone();
                let wanted = with(&without(&before.tags, source), &self.into);
                let mut tags = before.tags.clone();
                store::retag(tx, object_type, id, &mut tags, wanted).await?;
                after.tags = tags;
                objects::save(tx, before, after, $event).await?;
                Ok(())
            }};
        }
        match object_type {
            TaggedType::Company => retag!(companies::store, "company.updated"),
            TaggedType::Contact => retag!(contacts::store, "contact.updated"),
            TaggedType::Conversation => {
                if conversations::store::lock(tx, id).await?.is_some() {
                    return retag!(conversations::store, "conversation.updated");
                }
                // One that was deleted keeps its tags for the day it is restored; nobody sees it change.
                let Some(tags) = store::of_deleted_conversation(tx, id).await? else { return Ok(()) };
                let mut tags = crate::db::Json(tags);
                let wanted = with(&without(&tags, source), &self.into);
                store::retag(tx, object_type, id, &mut tags, wanted).await?;
                store::retag_deleted_conversation(tx, id, tags.0).await
            }
        }
    }

    /// Takes a source off the list of tags, if no object has it any more; answers whether it is done with.
    async fn is_done_with(&self, tx: &mut Tx<'_>, source: &str, place: &Place) -> Result<bool> {
        if self.dry_run {
            return Ok(true);
        }
        // From here on nobody can give the tag to an object.
        let Some(row) = store::lock_key(tx, source).await? else { return Ok(true) };
        if store::count_uses(tx, &row.key).await? > 0 {
            // Somebody did, while the others were being changed; or it cannot be taken off, and stays.
            return Ok(place.pass >= PASSES);
        }
        store::delete(tx, &unused(row)).await?;
        Ok(true)
    }
}

fn unused(row: TagRow) -> Tag {
    Tag { row, usage: Default::default() }
}
