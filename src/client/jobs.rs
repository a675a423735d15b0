//! Work that goes on after its call was answered, watched until it is over.

use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};

use super::{Client, Error};
use crate::db::Id;
use crate::jobs::Job;
use crate::resources::data::exports::Export;
use crate::resources::data::imports::Import;
use crate::resources::data::jobs::Info;

/// How soon it is looked for the first time, and how seldom at the most.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const SELDOM: Duration = Duration::from_secs(2);

/// Whatever is done by a job.
pub trait Work {
    /// The job's id.
    fn job_id(&self) -> Id;
}

impl Work for Job {
    fn job_id(&self) -> Id {
        self.id
    }
}

impl Work for Import {
    fn job_id(&self) -> Id {
        self.job_id
    }
}

impl Work for Export {
    fn job_id(&self) -> Id {
        self.job_id
    }
}

impl Work for Id {
    fn job_id(&self) -> Id {
        *self
    }
}

impl Client {
    /// Waits until the work is over, and answers its job. Whether it went well is in `status`: a job that failed is an answer too.
    pub async fn wait(&self, work: &impl Work) -> Result<Job, Error> {
        let last = self.watch(work).try_fold(None, async |_, job| Ok(Some(job))).await?;
        last.ok_or_else(|| Error::Setup("there is no such job".into()))
    }

    /// The job of the work as it is now, and again each time it was looked for, until it is over.
    pub fn watch(&self, work: &impl Work) -> BoxStream<'static, Result<Job, Error>> {
        let (client, id) = (self.clone(), work.job_id());
        stream::try_unfold(Some(Duration::ZERO), move |wait| {
            let client = client.clone();
            async move {
                let Some(wait) = wait else { return Ok(None) };
                tokio::time::sleep(wait).await;
                let job = client.call(Info { id }).await?;
                let next = (!job.status.is_over()).then(|| wait.mul_f64(1.5).clamp(FIRST_LOOK, SELDOM));
                Ok(Some((job, next)))
            }
        })
        .boxed()
    }
}
