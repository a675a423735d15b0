//! The methods of imports.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fields::{self, Fields};
use super::job::{self, ImportJob, Report, Source};
use super::model::{
    Import, ImportFormat, ImportMatch, ImportMode, ImportObject, ImportStatus, OnError, RowError, Validation,
};
use super::sheet::Place;
use super::store;
use super::write::Plan;
use crate::arguments;
use crate::db::{Id, Json};
use crate::jobs::{self, Job, New};
use crate::method::{
    Access, Area, Batching, Code, Context, Entry, Error, FieldError, Kind, List, Method, Output, Page, Policy, Rate,
    Result, Tx,
};
use crate::resources::inbox::files;

/// The methods of imports.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<Validate>(),
    Entry::of::<ListImports>(),
    Entry::of::<Info>(),
    Entry::of::<ListErrors>(),
    Entry::of::<Cancel>(),
    Entry::of::<Revert>(),
    Entry::of::<ImportContacts>(),
];

/// The kinds of job that imports have.
pub const JOBS: &[jobs::Entry] = &[jobs::Entry::of::<ImportJob>()];

/// For how long an import can be taken back, in seconds.
const REVERSIBLE_SECONDS: i64 = 7 * 24 * 60 * 60;
/// The most bytes of a call that brings its records along: 12 MiB.
const BODY_LIMIT: usize = 12 << 20;
/// How many records `imports.validate` looks at.
const CHECKED: usize = 1000;
/// How many problems it answers.
const PROBLEMS: usize = 1000;
/// How many records it shows.
const SAMPLE: usize = 5;

/// Declares the arguments of an import.
macro_rules! import_arguments {
    ($(#[$meta:meta])* pub struct $name:ident {}) => {
        arguments! {
            $(#[$meta])*
            pub struct $name {
                /// What is imported.
                pub object: ImportObject,
                /// How the file is written: a table (CSV, with commas, semicolons or tabs), an object in each line, or a list; with
                /// `records` it is left out.
                pub format: Option<ImportFormat>,
                /// The file with the records, in UTF-8; up to 100,000 records, and 8 MiB if it is a list.
                pub file_id: Option<Id>,
                /// In place of `file_id`: the records. Each has the fields of the method that creates such an object, and `created_at`;
                /// conversations may have `closed_at`.
                pub records: Option<List<Map<String, Value>, 1000>>,
                /// What becomes of a record, depending on whether its object is there already; `upsert` if left out.
                pub mode: Option<ImportMode>,
                /// By what an object is recognized; whatever each record has, if this is left out.
                pub match_on: Option<List<ImportMatch, 1>>,
                /// Which column becomes which field, as in `{"E-Mail": "email", "City": "address.city", "Number": null}`; columns that are
                /// not named, or stand for null, are left out. If this is left out, columns are called as the fields are.
                pub mapping: Option<BTreeMap<String, Option<String>>>,
                /// What a broken record means for the others: `skip`, if left out, writes all the others; `abort` writes nothing, and
                /// takes 5,000 records at the most.
                pub on_error: Option<OnError>,
                /// Whether `created_at` of the records is kept, also in the order of lists; true if left out.
                pub preserve_timestamps: Option<bool>,
                /// Whether no events are caused, so that nothing reacts to what happened elsewhere; true if left out.
                pub suppress_events: Option<bool>,
            }
        }

        impl $name {
            fn read(self) -> Result<(Plan, Source)> {
                let plan = Plan {
                    object: self.object,
                    format: self.format.unwrap_or(ImportFormat::Json),
                    mode: self.mode.unwrap_or_default(),
                    match_on: self.match_on.and_then(|list| list.first().copied()),
                    mapping: self.mapping.unwrap_or_default(),
                    on_error: self.on_error.unwrap_or_default(),
                    preserve_timestamps: self.preserve_timestamps.unwrap_or(true),
                    suppress_events: self.suppress_events.unwrap_or(true),
                };
                let mut problems = plan.problems();
                let source = match (self.file_id, self.records) {
                    (Some(id), None) => {
                        if self.format.is_none() {
                            problems.push(FieldError::new("/format", "required", "say how the file is written"));
                        }
                        Source::File(id)
                    }
                    (None, Some(records)) => {
                        if self.format.is_some_and(|format| format != ImportFormat::Json) {
                            problems.push(FieldError::new("/format", "not_allowed", "records are sent as JSON"));
                        }
                        Source::Records(records.0.into_iter().map(Value::Object).collect())
                    }
                    (Some(_), Some(_)) => {
                        problems.push(FieldError::new("/records", "not_allowed", "send file_id or records, not both"));
                        Source::Records(Vec::new())
                    }
                    (None, None) => {
                        problems.push(FieldError::new("/file_id", "required", "send file_id or records"));
                        Source::Records(Vec::new())
                    }
                };
                if problems.is_empty() { Ok((plan, source)) } else { Err(Error::arguments(Self::NAME, problems)) }
            }
        }
    };
}

import_arguments! {
    /// Imports records from elsewhere: as a list, or from a file.
    ///
    /// The answer says that the import has begun; `imports.info` says how far it is, and `imports.listErrors` what is wrong with which
    /// record. What is imported keeps its original times, is neither unread nor unanswered, and causes no events unless they are asked
    /// for. For seven days `imports.revert` takes back what was created.
    ///
    /// In a table, an empty cell says nothing about its field, several values in one cell have semicolons between them, or else commas,
    /// and `address.city`, `custom_fields.plan` or `metadata.source` lead into a field.
    pub struct Create {}
}

impl Method for Create {
    const NAME: &'static str = "imports.create";
    const ACCESS: Access = Access::write(Area::Imports);
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate { policy: Policy::Bulk, cost: 1 };
    const ERRORS: &'static [Code] = &[Code::LimitExceeded];
    const BODY_LIMIT: usize = BODY_LIMIT;
    const EXAMPLE: &'static str = r#"{"object":"contact","records":[{"name":"John Doe","email":"john@acme.com","created_at":"2024-01-15T10:30:00Z"}],"match_on":["email"]}"#;
    const ACCEPTED: bool = true;
    type Output = Import;

    async fn call(self, ctx: Context) -> Result<Import> {
        let (plan, source) = self.read()?;
        begin(ctx, plan, source, |import, _| import).await
    }
}

import_arguments! {
    /// Says what an import would find, and changes nothing.
    ///
    /// The first 1,000 records are looked at, each by itself: that two of them may be in each other's way is not found out.
    pub struct Validate {}
}

impl Method for Validate {
    const NAME: &'static str = "imports.validate";
    const ACCESS: Access = Access::write(Area::Imports);
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate { policy: Policy::Bulk, cost: 1 };
    const ERRORS: &'static [Code] = &[Code::LimitExceeded];
    const BODY_LIMIT: usize = BODY_LIMIT;
    const BATCHING: Batching = Batching::NotAtomic;
    const EXAMPLE: &'static str = r#"{"object":"contact","records":[{"name":"John Doe","email":"john@acme.com"}]}"#;
    type Output = Validation;

    async fn call(self, ctx: Context) -> Result<Validation> {
        let (plan, source) = self.read()?;
        check_mapping(&ctx, &plan).await?;
        let opened = job::open(&ctx, &plan, &source).await?;
        let (rows, _) = opened.sheet.read(Place::default(), CHECKED);
        let is_table = opened.sheet.columns().is_some();
        let sample = rows.iter().filter_map(|row| row.record.clone().ok()).take(SAMPLE);
        let sample: Vec<_> = sample.map(|record| opened.fields.arguments(record, &plan.mapping, is_table)).collect();
        ctx.write(async move |tx| {
            let mut report = Report::default();
            for row in &rows {
                let part = tx.begin_part().await?;
                let outcome = job::write_row(tx, &plan, &opened, row).await?;
                tx.end_part(part, Ok(()), false).await??;
                report.add(row.number, outcome);
            }
            let mut problems = report.problems;
            let is_valid = problems.is_empty();
            problems.truncate(PROBLEMS);
            let (total, checked) = (opened.total, rows.len() as i64);
            Ok(Validation { is_valid, total, checked, problems, sample: sample.clone() })
        })
        .await
    }
}

arguments! {
    /// Lists the imports, those that are over too.
    pub struct ListImports paged {
        /// Only imports that stand so.
        pub status: Option<ImportStatus>,
    }
}

impl Method for ListImports {
    const NAME: &'static str = "imports.list";
    const ACCESS: Access = Access::read(Area::Imports);
    const KIND: Kind = Kind::Read;
    type Output = Page<Import>;

    async fn call(self, ctx: Context) -> Result<Page<Import>> {
        let window = ctx.page(&self)?;
        let found = store::list(&mut *ctx.read().await?, ctx.space(), &window, self.status).await?;
        Ok(window.page(&ctx, found))
    }
}

arguments! {
    /// Answers an import, and how far it is.
    pub struct Info {
        /// The import.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "imports.info";
    const ACCESS: Access = Access::read(Area::Imports);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Import;

    async fn call(self, ctx: Context) -> Result<Import> {
        let found = store::find(&mut *ctx.read().await?, ctx.space(), self.id).await?;
        found.ok_or_else(Error::not_found::<Import>)
    }
}

arguments! {
    /// Lists what is wrong with the records of an import: which record, which field, and why.
    ///
    /// The first 10,000 problems are kept.
    pub struct ListErrors paged {
        /// The import.
        pub id: Id,
    }
}

impl Method for ListErrors {
    const NAME: &'static str = "imports.listErrors";
    const ACCESS: Access = Access::read(Area::Imports);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Page<RowError>;

    async fn call(self, ctx: Context) -> Result<Page<RowError>> {
        let window = ctx.page(&self)?;
        let mut conn = ctx.read().await?;
        let import = store::find(&mut conn, ctx.space(), self.id).await?.ok_or_else(Error::not_found::<Import>)?;
        let found = store::errors(&mut conn, ctx.space(), import.id, &window).await?;
        Ok(window.page(&ctx, found))
    }
}

arguments! {
    /// Calls off an import.
    ///
    /// What was written by now stays. An import that was called off already is answered as it is.
    pub struct Cancel {
        /// The import.
        pub id: Id,
    }
}

impl Method for Cancel {
    const NAME: &'static str = "imports.cancel";
    const ACCESS: Access = Access::write(Area::Imports);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["import.completed", "job.completed"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Import;

    async fn call(self, ctx: Context) -> Result<Import> {
        ctx.write(async move |tx| {
            let (import, job) = target(tx, self.id).await?;
            jobs::cancel(tx, job).await?;
            let space = tx.space();
            Ok(store::find(tx, space, import.id).await?.unwrap_or(import))
        })
        .await
    }
}

arguments! {
    /// Takes back an import: what it created is deleted.
    ///
    /// This works for seven days after its end, and is a job. What was changed since then, or has something that belongs to it, is left
    /// alone and listed as `skipped`; what the import changed stays changed.
    pub struct Revert {
        /// The import.
        pub id: Id,
    }
}

impl Method for Revert {
    const NAME: &'static str = "imports.revert";
    const ACCESS: Access = Access::write(Area::Imports);
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate { policy: Policy::Bulk, cost: 1 };
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::Expired, Code::LimitExceeded];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    const ACCEPTED: bool = true;
    type Output = Job;

    async fn call(self, ctx: Context) -> Result<Job> {
        ctx.write(async move |tx| {
            let (import, job) = target(tx, self.id).await?;
            let refuse = |why: &str| Err(Error::new(Code::InvalidState, why).with("from", import.status.as_str()));
            let Some(ended_at) = import.ended_at else {
                return refuse("The import is not over yet; call it off first.");
            };
            if import.status == ImportStatus::Reverted {
                return refuse("The import was taken back already.");
            }
            if ended_at.plus_seconds(REVERSIBLE_SECONDS) <= tx.now() {
                return Err(Error::new(Code::Expired, "An import can be taken back for seven days; these are over."));
            }
            let space = tx.space();
            if jobs::store::is_being_reverted(tx, space, job.id).await? {
                return refuse("The import is being taken back.");
            }
            jobs::add_reverting(tx, &job).await
        })
        .await
    }
}

arguments! {
    /// Imports contacts that are sent along.
    ///
    /// For more than 1,000, and for files, see `imports.create`, which also says what happens; here, events are caused as by
    /// `contacts.create` and `contacts.update`. `jobs.listResults` says what became of each.
    pub struct ImportContacts {
        /// The contacts, each with the fields of `contacts.create`.
        pub contacts: List<Map<String, Value>, 1000>,
        /// What becomes of a contact, depending on whether they are there already; `upsert` if left out.
        pub mode: Option<ImportMode>,
    }
}

impl Method for ImportContacts {
    const NAME: &'static str = "contacts.import";
    const ACCESS: Access = Access::write(Area::Imports);
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate { policy: Policy::Bulk, cost: 1 };
    const ERRORS: &'static [Code] = &[Code::LimitExceeded];
    const BODY_LIMIT: usize = BODY_LIMIT;
    const EXAMPLE: &'static str = r#"{"contacts":[{"name":"John Doe","email":"john@acme.com"}]}"#;
    const ACCEPTED: bool = true;
    type Output = Job;

    async fn call(self, ctx: Context) -> Result<Job> {
        let plan = Plan {
            object: ImportObject::Contact,
            format: ImportFormat::Json,
            mode: self.mode.unwrap_or_default(),
            match_on: None,
            mapping: BTreeMap::new(),
            on_error: OnError::Skip,
            preserve_timestamps: true,
            suppress_events: false,
        };
        let records = self.contacts.0.into_iter().map(Value::Object).collect();
        begin(ctx, plan, Source::Records(records), |_, job| job).await
    }
}

/// The import that a write is about, and its job, which is locked.
async fn target(tx: &mut Tx<'_>, id: Id) -> Result<(Import, Job)> {
    let space = tx.space();
    let found = store::find(tx, space, id).await?;
    let import = tx.target(found)?;
    let job = jobs::store::lock(tx, import.job_id).await?.ok_or_else(Error::not_found::<Import>)?;
    // As it is now that nothing more happens to it.
    let import = store::find(tx, space, id).await?.unwrap_or(import);
    Ok((import, job))
}

/// Refuses a mapping to what is no field.
async fn check_mapping(ctx: &Context, plan: &Plan) -> Result<()> {
    let method = fields::method(ctx, plan.method())?;
    let fields = Fields::of(&mut *ctx.read().await?, ctx.space(), plan.object, method).await?;
    let escaped = |column: &str| column.replace('~', "~0").replace('/', "~1");
    let targets = plan.mapping.iter().filter_map(|(column, target)| Some((column, target.as_deref()?)));
    let unknown = fields.unknown(targets.map(|(column, target)| (format!("/mapping/{}", escaped(column)), target)));
    if unknown.is_empty() { Ok(()) } else { Err(Error::arguments(ctx.method(), unknown)) }
}

/// Stores an import and its job, and answers what the call does; with an idempotency key that answer is kept.
async fn begin<T: Output + Send>(ctx: Context, plan: Plan, source: Source, answer: fn(Import, Job) -> T) -> Result<T> {
    check_mapping(&ctx, &plan).await?;
    let (total, file_id) = match &source {
        Source::Records(records) => (records.len() as i64, None),
        Source::File(id) => {
            files::storage::require(&ctx, "/file_id", *id).await?;
            (0, Some(*id))
        }
    };
    ctx.write(async move |tx| {
        let id = tx.new_id();
        let job = ImportJob::new(id, source.clone(), plan.clone());
        let job = jobs::add(tx, &job, New { total, subject_id: Some(id), ..New::default() }).await?;
        let import = Import {
            organization_id: tx.space(),
            id,
            job_id: job.id,
            object: plan.object,
            format: plan.format,
            file_id,
            mode: plan.mode,
            match_on: plan.match_on,
            mapping: Json(plan.mapping.clone()),
            on_error: plan.on_error,
            preserve_timestamps: plan.preserve_timestamps,
            suppress_events: plan.suppress_events,
            status: ImportStatus::Validating,
            total,
            created: 0,
            updated: 0,
            skipped: 0,
            failed: 0,
            failure: None,
            created_by: job.created_by,
            ended_at: None,
            created_at: tx.now(),
        };
        store::insert(tx, &import).await?;
        Ok(answer(import, job))
    })
    .await
}
