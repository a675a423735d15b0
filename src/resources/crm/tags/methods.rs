//! What can be done with tags.

use super::model::{Tag, TagRow, fold, tidy};
use super::rewrite::{self, Change};
use super::store;
use super::{Merge, MergeJob};
use crate::arguments;
use crate::db::Timestamp;
use crate::jobs;
use crate::method::{
    Access, Area, Code, Context, Entry, Error, Kind, Method, Name, Nullable, Page, Patch, Result, Tx, Void, Words,
    stored,
};

/// The methods of tags.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListTags>(),
    Entry::of::<Update>(),
    Entry::of::<Merge>(),
    Entry::of::<Delete>(),
];

/// The kinds of job that tags have.
pub const JOBS: &[jobs::Entry] = &[jobs::Entry::of::<MergeJob>()];

arguments! {
    /// Puts a tag on the list of tags.
    ///
    /// That is not needed to use it: a tag that an object gets is put on the list by itself.
    pub struct Create {
        /// The tag; there is one for all its spellings in upper and lower case.
        pub name: Name<50>,
        /// The colour in which it is shown, such as `#cc0000`.
        pub color: Nullable<Words<20>>,
        /// What the tag stands for.
        pub description: Nullable<Words<300>>,
    }
}

impl Method for Create {
    const NAME: &'static str = "tags.create";
    const ACCESS: Access = Access::write(Area::Tags);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists];
    const EVENTS: &'static [&'static str] = &["tag.created"];
    const EXAMPLE: &'static str = r##"{"name":"urgent","color":"#cc0000"}"##;
    type Output = Tag;

    async fn call(self, ctx: Context) -> Result<Tag> {
        ctx.write(async move |tx| {
            let now = tx.now();
            self.store(tx, now).await
        })
        .await
    }
}

impl Create {
    /// Stores the tag as one that came to be at an instant.
    pub(in crate::resources) async fn store(&self, tx: &mut Tx<'_>, at: Timestamp) -> Result<Tag> {
        let args = self.clone();
        let row = TagRow {
            organization_id: tx.space(),
            id: tx.new_id_at(at),
            key: fold(&args.name),
            name: tidy(&args.name),
            color: stored(args.color),
            description: stored(args.description),
            created_at: at,
            updated_at: tx.now(),
        };
        store::insert(tx, row).await
    }

    /// Stores the tag, or what is said of one that is there already; answers whether it is new.
    pub(in crate::resources) async fn store_or_update(&self, tx: &mut Tx<'_>, at: Timestamp) -> Result<(Tag, bool)> {
        let key = fold(&self.name);
        let Some(before) = store::lock(tx, &key).await? else { return Ok((self.store(tx, at).await?, true)) };
        let mut row = before.row.clone();
        if !self.color.is_none() {
            row.color = stored(self.color.clone());
        }
        if !self.description.is_none() {
            row.description = stored(self.description.clone());
        }
        Ok((store::save(tx, before, row).await?, false))
    }
}

arguments! {
    /// Lists tags, with how many objects of each kind have them.
    pub struct ListTags paged {
        /// Only tags with this in their names.
        pub search: Option<Name<50>>,
    }
}

impl Method for ListTags {
    const NAME: &'static str = "tags.list";
    const ACCESS: Access = Access::read(Area::Tags);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<Tag>;

    async fn call(self, ctx: Context) -> Result<Page<Tag>> {
        let window = ctx.page(&self)?;
        let rows = store::list(&mut *ctx.read().await?, ctx.space(), self.search.as_deref(), &window).await?;
        Ok(window.page(&ctx, rows))
    }
}

arguments! {
    /// Changes a tag.
    ///
    /// A new name replaces the old one in all objects that have the tag, of which there may be 1,000.
    pub struct Update {
        /// The tag.
        pub name: Name<50>,
        /// What the tag is called from now on.
        pub new_name: Patch<Name<50>>,
        /// The colour in which it is shown, such as `#cc0000`.
        pub color: Patch<Nullable<Words<20>>>,
        /// What the tag stands for.
        pub description: Patch<Nullable<Words<300>>>,
    }
}

impl Method for Update {
    const NAME: &'static str = "tags.update";
    const ACCESS: Access = Access::write(Area::Tags);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists, Code::LimitExceeded, Code::TagNotFound];
    const EVENTS: &'static [&'static str] =
        &["tag.updated", "contact.updated", "company.updated", "conversation.updated"];
    const EXAMPLE: &'static str = r##"{"name":"urgent","color":"#cc0000"}"##;
    type Output = Tag;

    async fn call(self, ctx: Context) -> Result<Tag> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let key = fold(&args.name);
            let wanted = args.new_name.sent().map(|name| tidy(name));
            if let Some(name) = &wanted
                && find(tx, &key).await?.name != *name
            {
                rewrite::in_all_objects(tx, &key, Change::Spelled(name)).await?;
            }
            let before = store::target(tx, &key).await?;
            let mut row = before.row.clone();
            args.color.apply(&mut row.color);
            args.description.apply(&mut row.description);
            if let Some(name) = wanted {
                row.key = fold(&name);
                row.name = name;
            }
            store::save(tx, before, row).await
        })
        .await
    }
}

arguments! {
    /// Takes a tag off all objects that have it, and off the list of tags.
    ///
    /// There may be 1,000 such objects.
    pub struct Delete {
        /// The tag.
        pub name: Name<50>,
    }
}

impl Method for Delete {
    const NAME: &'static str = "tags.delete";
    const ACCESS: Access = Access::write(Area::Tags);
    const KIND: Kind = Kind::Delete;
    const ERRORS: &'static [Code] = &[Code::LimitExceeded, Code::TagNotFound];
    const EVENTS: &'static [&'static str] =
        &["tag.deleted", "contact.updated", "company.updated", "conversation.updated"];
    const EXAMPLE: &'static str = r#"{"name":"urgent"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let key = fold(&self.name);
            find(tx, &key).await?;
            rewrite::in_all_objects(tx, &key, Change::Removed).await?;
            let tag = store::target(tx, &key).await?;
            store::delete(tx, &tag).await?;
            Ok(Void {})
        })
        .await
    }
}

/// The tag, before anything is locked.
async fn find(tx: &mut Tx<'_>, key: &str) -> Result<TagRow> {
    let organization = tx.space();
    store::find(tx, organization, key).await?.ok_or_else(Error::not_found::<Tag>)
}
