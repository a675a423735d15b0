//! The job of an import: it goes through the records, some in each transaction; or all in one, where a broken record is to keep all
//! from being written.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::fields::{self, Fields};
use super::model::{Import, ImportStatus, OnError, RowProblem};
use super::sheet::{Place, Row, Sheet};
use super::store;
use super::write::{Outcome, Plan, Undo, Written, take_back};
use crate::db::{Id, Json};
use crate::jobs::{Done, Item, Job, JobStatus, Kind, Problem, Step};
use crate::method::{Access, Area, Code, Context, Error, Result, Tx};
use crate::resources::inbox::files;

/// How many records one step writes.
const AT_ONCE: usize = 50;
/// The most records that are written all or not at all, and therefore in one transaction.
pub const MOST_AT_ONCE: i64 = 5000;

/// Where the records are.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// In a file.
    File(Id),
    /// Here.
    Records(Vec<Value>),
}

/// The job of an import.
#[derive(Serialize, Deserialize)]
pub struct ImportJob {
    import_id: Id,
    source: Source,
    plan: Plan,
    /// The file is read once for a while of steps.
    #[serde(skip)]
    opened: OnceCell<Opened>,
}

/// The records, and what their fields mean.
pub struct Opened {
    pub sheet: Sheet,
    pub fields: Fields,
    pub total: i64,
}

/// The records of a step.
pub struct Portion {
    rows: Vec<Row>,
    next: Option<Place>,
    total: i64,
}

impl ImportJob {
    /// The job of a new import.
    pub fn new(import_id: Id, source: Source, plan: Plan) -> Self {
        Self { import_id, source, plan, opened: OnceCell::new() }
    }

    async fn opened(&self, ctx: &Context) -> Result<&Opened> {
        self.opened.get_or_try_init(|| open(ctx, &self.plan, &self.source)).await
    }
}

/// Opens what is to be imported; an error if nothing of it can be.
pub async fn open(ctx: &Context, plan: &Plan, source: &Source) -> Result<Opened> {
    let (sheet, total) = match source {
        Source::Records(records) => (Sheet::List(records.clone()), records.len() as i64),
        Source::File(id) => {
            let bytes = files::storage::read_whole(ctx, "/file_id", *id).await?;
            let format = plan.format;
            // A large file takes too long for a thread that does other work too.
            let opened = tokio::task::spawn_blocking(move || {
                let sheet = Sheet::open(format, bytes)?;
                let total = sheet.count()?;
                Ok::<_, Error>((sheet, total))
            });
            opened.await.map_err(Error::internal)??
        }
    };
    if plan.on_error == OnError::Abort && total > MOST_AT_ONCE {
        let message = format!("With on_error: abort an import has at most {MOST_AT_ONCE} records; this has {total}.");
        return Err(Error::new(Code::LimitExceeded, message).with("limit", MOST_AT_ONCE));
    }
    let method = fields::method(ctx, plan.method())?;
    let fields = Fields::of(&mut *ctx.read().await?, ctx.space(), plan.object, method).await?;
    if let Some(columns) = sheet.columns() {
        require_columns(plan, &fields, columns)?;
    }
    Ok(Opened { sheet, fields, total })
}

/// Refuses a table that does not have the columns that are spoken of, or has some that are no fields.
fn require_columns(plan: &Plan, fields: &Fields, columns: &[String]) -> Result<()> {
    let missing: Vec<&String> = plan.mapping.keys().filter(|column| !columns.contains(column)).collect();
    if !missing.is_empty() {
        let message = format!("The table has no column {missing:?}; it has {columns:?}.");
        return Err(Error::new(Code::InvalidArguments, message));
    }
    if !plan.mapping.is_empty() {
        return Ok(());
    }
    let named = columns.iter().filter(|name| !name.is_empty()).map(|name| (String::new(), name.as_str()));
    match fields.unknown(named).first() {
        None => Ok(()),
        Some(problem) => {
            let message = format!("A column is called as no field is: {}. Send a mapping.", problem.message);
            Err(Error::new(Code::InvalidArguments, message))
        }
    }
}

impl Kind for ImportJob {
    const NAME: &'static str = "import";
    const METHOD: &'static str = "imports.create";
    const ACCESS: Access = Access::write(Area::Imports);
    type Cursor = Place;
    type Material = Portion;

    async fn gather(&self, ctx: &Context, place: &Place) -> Result<Portion> {
        let opened = self.opened(ctx).await?;
        let most = if self.plan.on_error == OnError::Abort { MOST_AT_ONCE as usize } else { AT_ONCE };
        let (rows, next) = opened.sheet.read(*place, most);
        Ok(Portion { rows, next, total: opened.total })
    }

    async fn step(&self, tx: &mut Tx<'_>, _: &Job, _: &Place, portion: &Portion) -> Result<Step<Place>> {
        let opened = self.opened.get().ok_or_else(|| Error::internal("records without their file"))?;
        let mut written = Report::default();
        tx.announce(!self.plan.suppress_events);
        let whole = tx.begin_part().await?;
        for row in &portion.rows {
            written.add(row.number, write_row(tx, &self.plan, opened, row).await?);
        }
        let is_kept = self.plan.on_error == OnError::Skip || written.problems.is_empty();
        tx.end_part(whole, Ok(()), is_kept).await??;
        tx.announce(true);
        if !is_kept {
            written.items.retain(|item| item.error.is_some());
            (written.created, written.updated, written.skipped) = (0, 0, 0);
        }
        if let Some(mut import) = store::lock(tx, self.import_id).await? {
            import.status = ImportStatus::Running;
            import.total = portion.total;
            import.created += written.created;
            import.updated += written.updated;
            import.skipped += written.skipped;
            import.failed += written.failed;
            store::save(tx, &import).await?;
        }
        store::add_errors(tx, self.import_id, written.problems).await?;
        self.add_undo(&mut written.items)?;
        Ok(Step { next: portion.next, items: written.items, total: Some(portion.total) })
    }

    async fn undo(tx: &mut Tx<'_>, done: &Done) -> Result<()> {
        let undo: Undo = serde_json::from_value(done.undo.clone())?;
        tx.announce(!undo.is_silent);
        let outcome = take_back(tx, undo.object, done).await;
        tx.announce(true);
        outcome
    }

    async fn ended(&self, tx: &mut Tx<'_>, job: &Job) -> Result<()> {
        let Some(mut import) = store::lock(tx, self.import_id).await? else { return Ok(()) };
        if job.reverts_job_id.is_some() {
            if matches!(job.status, JobStatus::Succeeded | JobStatus::Partial) {
                import.status = ImportStatus::Reverted;
                store::save(tx, &import).await?;
            }
            return Ok(());
        }
        import.status = self.status(job, &import);
        import.failure = match import.status {
            ImportStatus::Failed => Some(job.failure.clone().unwrap_or_else(|| Json(nothing_written(import.failed)))),
            _ => None,
        };
        import.ended_at = job.ended_at;
        store::save(tx, &import).await?;
        tx.emit("import.completed", &import)
    }
}

impl ImportJob {
    fn status(&self, job: &Job, import: &Import) -> ImportStatus {
        match job.status {
            JobStatus::Canceled => ImportStatus::Canceled,
            JobStatus::Failed => ImportStatus::Failed,
            _ if import.failed == 0 => ImportStatus::Completed,
            _ if self.plan.on_error == OnError::Abort => ImportStatus::Failed,
            _ => ImportStatus::Partial,
        }
    }

    /// Notes of what was created how it can be taken back.
    fn add_undo(&self, items: &mut [Item]) -> Result<()> {
        let undo = Undo { object: self.plan.object, is_silent: self.plan.suppress_events };
        let undo = serde_json::to_value(undo)?;
        for item in items.iter_mut().filter(|item| item.undo.is_some()) {
            item.undo = Some(undo.clone());
        }
        Ok(())
    }
}

fn nothing_written(failed: i64) -> Problem {
    let message = format!("{failed} records are broken, so nothing was written; imports.listErrors has them.");
    Problem { code: Code::InvalidArguments.as_str().into(), message, errors: Vec::new() }
}

/// Stores what a record says, or takes back what it had begun.
pub async fn write_row(tx: &mut Tx<'_>, plan: &Plan, opened: &Opened, row: &Row) -> Result<Result<Written>> {
    let record = match &row.record {
        Ok(record) => record.clone(),
        Err(broken) => return Ok(Err(Error::argument("", broken.code, broken.message.clone()))),
    };
    let arguments = opened.fields.arguments(record, &plan.mapping, opened.sheet.columns().is_some());
    let part = tx.begin_part().await?;
    let outcome = plan.write(tx, arguments).await;
    tx.end_part(part, outcome, true).await
}

/// What became of records.
#[derive(Default)]
pub struct Report {
    pub items: Vec<Item>,
    pub problems: Vec<RowProblem>,
    pub created: i64,
    pub updated: i64,
    pub skipped: i64,
    pub failed: i64,
}

impl Report {
    /// Adds a record.
    pub fn add(&mut self, row: i64, outcome: Result<Written>) {
        let mut item = match &outcome {
            Err(error) => {
                self.failed += 1;
                self.problems.extend(problems(row, error));
                Item::failed(None, error)
            }
            Ok(written) if written.outcome == Outcome::Unchanged => {
                self.skipped += 1;
                Item::skipped(Some(written.id), None)
            }
            Ok(written) => {
                let is_new = written.outcome == Outcome::Created;
                *(if is_new { &mut self.created } else { &mut self.updated }) += 1;
                let undo = is_new.then_some(Value::Null);
                Item { version: written.version, undo, ..Item::succeeded(written.id) }
            }
        };
        item.row = Some(row);
        self.items.push(item);
    }
}

/// What is wrong with a record, field by field.
fn problems(row: i64, error: &Error) -> Vec<RowProblem> {
    if error.fields().is_empty() {
        let (code, message) = (error.code().as_str().into(), error.message().into());
        return vec![RowProblem { row, field: None, code, message }];
    }
    let of = |field: &crate::method::FieldError| RowProblem {
        row,
        field: field.pointer.strip_prefix('/').map(|path| path.replace('/', ".")),
        code: field.code.clone(),
        message: field.message.clone(),
    };
    error.fields().iter().map(of).collect()
}
