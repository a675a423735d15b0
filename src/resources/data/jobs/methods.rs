//! The methods about jobs.

use crate::arguments;
use crate::db::Id;
use crate::jobs::{self, Job, JobResult, JobStatus, ResultStatus, store};
use crate::method::{Access, Area, Code, Context, Entry, Error, Kind, Method, Name, Page, Policy, Rate, Result, Tx};

/// The methods.
pub const METHODS: &[Entry] = &[
    Entry::of::<List>(),
    Entry::of::<Info>(),
    Entry::of::<ListResults>(),
    Entry::of::<Cancel>(),
    Entry::of::<Revert>(),
];

/// For how long what a job did can be undone, in seconds.
const REVERSIBLE_SECONDS: i64 = 24 * 60 * 60;

arguments! {
    /// Lists jobs.
    ///
    /// Jobs that are over are kept for 30 days.
    pub struct List paged {
        /// Only jobs that this method asked for, such as `contacts.bulkUpdate`.
        pub r#type: Option<Name<100>>,
        /// Only jobs that stand so.
        pub status: Option<JobStatus>,
    }
}

impl Method for List {
    const NAME: &'static str = "jobs.list";
    const ACCESS: Access = Access::read(Area::Jobs);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = "{}";
    type Output = Page<Job>;

    async fn call(self, ctx: Context) -> Result<Page<Job>> {
        let window = ctx.page(&self)?;
        let mut conn = ctx.read().await?;
        let found = store::list(&mut conn, ctx.space(), &window, self.r#type.as_deref(), self.status).await?;
        Ok(window.page(&ctx, found))
    }
}

arguments! {
    /// Answers a job, and how far it is.
    pub struct Info {
        /// The job.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "jobs.info";
    const ACCESS: Access = Access::read(Area::Jobs);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Job;

    async fn call(self, ctx: Context) -> Result<Job> {
        let mut conn = ctx.read().await?;
        store::find(&mut conn, ctx.space(), self.id).await?.ok_or_else(Error::not_found::<Job>)
    }
}

arguments! {
    /// Lists what became of each object of a job.
    pub struct ListResults paged {
        /// The job.
        pub id: Id,
        /// Only objects with which it went so.
        pub status: Option<ResultStatus>,
    }
}

impl Method for ListResults {
    const NAME: &'static str = "jobs.listResults";
    const ACCESS: Access = Access::read(Area::Jobs);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Page<JobResult>;

    async fn call(self, ctx: Context) -> Result<Page<JobResult>> {
        let window = ctx.page(&self)?;
        let mut conn = ctx.read().await?;
        let job = store::find(&mut conn, ctx.space(), self.id).await?.ok_or_else(Error::not_found::<Job>)?;
        let found = store::results(&mut conn, ctx.space(), job.id, &window, self.status).await?;
        Ok(window.page(&ctx, found))
    }
}

arguments! {
    /// Calls off a job.
    ///
    /// What it has done by now stays done; nothing more happens. A job that was called off already is answered as it is.
    pub struct Cancel {
        /// The job.
        pub id: Id,
    }
}

impl Method for Cancel {
    const NAME: &'static str = "jobs.cancel";
    const ACCESS: Access = Access::write(Area::Jobs);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["job.completed", "import.completed", "export.completed"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Job;

    async fn call(self, ctx: Context) -> Result<Job> {
        ctx.write(async move |tx| {
            let job = store::target(tx, self.id).await?;
            jobs::cancel(tx, job).await
        })
        .await
    }
}

arguments! {
    /// Undoes what a bulk update did.
    ///
    /// This works for 24 hours after its end, and is a job of its own. Each object gets back the values that it had; one that was
    /// changed since then is left alone, and listed as `skipped`.
    pub struct Revert {
        /// The job to undo.
        pub id: Id,
    }
}

impl Method for Revert {
    const NAME: &'static str = "jobs.revert";
    const ACCESS: Access = Access::write(Area::Jobs);
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate { policy: Policy::Bulk, cost: 1 };
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::Expired, Code::LimitExceeded];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    const ACCEPTED: bool = true;
    type Output = Job;

    async fn call(self, ctx: Context) -> Result<Job> {
        ctx.write(async move |tx| {
            let job = store::target(tx, self.id).await?;
            require_reversible(tx, &job).await?;
            jobs::add_reverting(tx, &job).await
        })
        .await
    }
}

async fn require_reversible(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    let refuse = |why: &str| Err(Error::new(Code::InvalidState, why).with("from", job.status.as_str()));
    let Some(ended_at) = job.ended_at else { return refuse("The job is not over yet; call it off first.") };
    if !job.reversible {
        return match job.status {
            JobStatus::Reverted => refuse("The job was undone already."),
            _ => refuse("What this job did cannot be undone."),
        };
    }
    if ended_at.plus_seconds(REVERSIBLE_SECONDS) <= tx.now() {
        return Err(Error::new(Code::Expired, "A job can be undone for 24 hours; these are over."));
    }
    let space = tx.space();
    match store::is_being_reverted(tx, space, job.id).await? {
        true => refuse("The job is being undone."),
        false => Ok(()),
    }
}
