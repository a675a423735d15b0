//! The methods of exports.

use super::job::ExportJob;
use super::model::{Export, ExportFormat, ExportObject, ExportStatus};
use super::store;
use crate::arguments;
use crate::db::{Id, Json};
use crate::jobs::{self, New};
use crate::method::{
    Access, Area, Code, Context, Entry, Error, FieldError, Kind, List, Method, Page, Policy, Rate, Registry, Result,
    Words,
};
use crate::resources::inbox::files;

/// The methods of exports.
pub const METHODS: &[Entry] =
    &[Entry::of::<Create>(), Entry::of::<ListExports>(), Entry::of::<Info>(), Entry::of::<Cancel>()];

/// The kinds of job that exports have.
pub const JOBS: &[jobs::Entry] = &[jobs::Entry::of::<ExportJob>()];

arguments! {
    /// Writes objects into a file: all that the caller sees, or those that a query finds.
    ///
    /// The answer says that the export has begun; when `exports.info` says `completed`, `file_id` is the file, which `files.read` and its
    /// address give to whoever may read files. It has up to 50 MiB, and is deleted after seven days. Besides `exports:write`, the scope to
    /// read such objects is needed. In a table, what a spreadsheet would take for a formula has an apostrophe before it.
    pub struct Create {
        /// What is exported.
        pub object: ExportObject,
        /// Which objects, in the query language; all if left out.
        pub query: Option<Words<2000>>,
        /// The fields of each object, in this order; all if left out.
        pub fields: Option<List<Words<100>, 100>>,
        /// How the file is written.
        pub format: ExportFormat,
    }
}

impl Method for Create {
    const NAME: &'static str = "exports.create";
    const ACCESS: Access = Access::write(Area::Exports);
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate { policy: Policy::Bulk, cost: 1 };
    const ERRORS: &'static [Code] = &[Code::LimitExceeded, Code::InvalidQuery];
    const EXAMPLE: &'static str =
        r#"{"object":"contact","query":"type:customer","fields":["id","name","email"],"format":"csv"}"#;
    const ACCEPTED: bool = true;
    type Output = Export;

    async fn call(self, ctx: Context) -> Result<Export> {
        self.object.permit(&ctx)?;
        let query = self.query.as_deref().map(str::to_owned);
        self.object.passing(&ctx, query.as_deref(), ctx.now())?;
        let fields = self.known_fields(&ctx)?;
        let token = files::store::new_token()?;
        ctx.write(async move |tx| {
            let (id, upload_id) = (tx.new_id(), tx.new_id());
            let job = ExportJob {
                export_id: id,
                upload_id,
                name: format!("{}-{}.{}", self.object, tx.now().to_string().get(..10).unwrap_or_default(), self.format),
                token: token.clone(),
                object: self.object,
                query: query.clone(),
                fields: fields.clone(),
                format: self.format,
                asked_at: tx.now(),
            };
            let job = jobs::add(tx, &job, New { subject_id: Some(id), ..New::default() }).await?;
            let export = Export {
                organization_id: tx.space(),
                id,
                job_id: job.id,
                object: self.object,
                query: query.clone(),
                fields: self.fields.as_ref().map(|_| Json(fields.clone())),
                format: self.format,
                status: ExportStatus::Queued,
                file_id: None,
                upload_id,
                row_count: 0,
                failure: None,
                expires_at: None,
                created_by: job.created_by,
                ended_at: None,
                created_at: tx.now(),
            };
            store::insert(tx, &export).await?;
            Ok(export)
        })
        .await
    }
}

impl Create {
    /// The fields to write; refused if objects do not have them.
    fn known_fields(&self, ctx: &Context) -> Result<Vec<String>> {
        let registry: &std::sync::Arc<Registry> = ctx.service()?;
        let known = registry.find(self.object.list())?.item_fields();
        let Some(wanted) = &self.fields else { return Ok(known.to_vec()) };
        let unknown = wanted.iter().enumerate().filter(|(_, name)| !known.iter().any(|known| **known == ***name));
        let unknown: Vec<FieldError> = unknown
            .map(|(index, _)| {
                FieldError::new(format!("/fields/{index}"), "enum", "no such field").with("allowed", known.to_vec())
            })
            .collect();
        if !unknown.is_empty() {
            return Err(Error::arguments(ctx.method(), unknown));
        }
        if wanted.is_empty() {
            return Err(Error::argument("/fields", "too_few_items", "name at least one field, or leave it out"));
        }
        Ok(wanted.iter().map(|name| name.to_string()).collect())
    }
}

arguments! {
    /// Lists the exports, those that are over too.
    pub struct ListExports paged {
        /// Only exports that stand so.
        pub status: Option<ExportStatus>,
    }
}

impl Method for ListExports {
    const NAME: &'static str = "exports.list";
    const ACCESS: Access = Access::read(Area::Exports);
    const KIND: Kind = Kind::Read;
    type Output = Page<Export>;

    async fn call(self, ctx: Context) -> Result<Page<Export>> {
        let window = ctx.page(&self)?;
        let found = store::list(&mut *ctx.read().await?, ctx.space(), &window, self.status).await?;
        Ok(window.page(&ctx, found))
    }
}

arguments! {
    /// Answers an export, and how far it is.
    pub struct Info {
        /// The export.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "exports.info";
    const ACCESS: Access = Access::read(Area::Exports);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Export;

    async fn call(self, ctx: Context) -> Result<Export> {
        let found = store::find(&mut *ctx.read().await?, ctx.space(), self.id).await?;
        found.ok_or_else(Error::not_found::<Export>)
    }
}

arguments! {
    /// Calls off an export; nothing is left of it.
    ///
    /// An export that was called off already is answered as it is.
    pub struct Cancel {
        /// The export.
        pub id: Id,
    }
}

impl Method for Cancel {
    const NAME: &'static str = "exports.cancel";
    const ACCESS: Access = Access::write(Area::Exports);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["export.completed", "job.completed"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Export;

    async fn call(self, ctx: Context) -> Result<Export> {
        ctx.write(async move |tx| {
            let space = tx.space();
            let found = store::find(tx, space, self.id).await?;
            let export = tx.target(found)?;
            let job = jobs::store::lock(tx, export.job_id).await?.ok_or_else(Error::not_found::<Export>)?;
            jobs::cancel(tx, job).await?;
            Ok(store::find(tx, space, self.id).await?.unwrap_or(export))
        })
        .await
    }
}
