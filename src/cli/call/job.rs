//! Waiting for a job, with a line that says how far it is.

use std::io::{self, IsTerminal, Write};

use futures_util::TryStreamExt;
use serde_json::{Value, json};

use super::outcome::{failed, of_job};
use super::show::{Printer, plain};
use crate::cli::Failure;
use crate::client::{Client, Work};
use crate::db::Id;
use crate::jobs::Job;
use crate::method::Method;
use crate::resources::data::jobs::Info;

/// How many characters the bar has.
const WIDTH: usize = 30;

/// Waits for the job of an answer, and prints what became of it.
pub async fn wait(client: &Client, answer: &Value, printer: &Printer) -> Result<(), Failure> {
    // What an import or an export answers names its job; what a job answers is one.
    let id = answer.get("job_id").or_else(|| answer.get("id")).and_then(Value::as_str);
    let id: Id = id.and_then(|id| id.parse().ok()).ok_or_else(|| Failure::because("the answer names no job"))?;
    let line = Line { is_shown: io::stderr().is_terminal() };
    let mut states = client.watch(&id);
    let mut last = None;
    while let Some(job) = states.try_next().await.map_err(|error| failed(Info::NAME, &error))? {
        line.show(&job);
        last = Some(job);
    }
    line.clear();
    let found = client.raw(Info::NAME, &json!({ "id": id.job_id() })).await.and_then(|reply| reply.json());
    printer.answer(&found.map_err(|error| failed(Info::NAME, &error))?, false)?;
    let Some(job) = last else { return Ok(()) };
    match of_job(job.status) {
        None => Ok(()),
        Some(status) => {
            let why = match &job.failure {
                Some(failure) => format!(": {}", failure.0.message),
                None if job.failed > 0 => format!(": {} of {} failed", job.failed, job.total),
                None => String::new(),
            };
            Err(Failure::Ended(status, plain(&format!("the job is {}{why}", job.status))))
        }
    }
}

/// The line on standard error, if that is a terminal.
struct Line {
    is_shown: bool,
}

impl Line {
    fn show(&self, job: &Job) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K{}", drawn(job));
        }
    }

    fn clear(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn drawn(job: &Job) -> String {
    let (done, total) = (job.progress.done.max(0), job.progress.total.max(0));
    if total == 0 {
        return format!("{} {}", plain(&job.type_), job.status);
    }
    let full = usize::try_from(done.min(total) * WIDTH as i64 / total).unwrap_or(0);
    let bar = format!("{}{}", "#".repeat(full), ".".repeat(WIDTH - full));
    format!("{} [{bar}] {done}/{total} {}", plain(&job.type_), job.status)
}
