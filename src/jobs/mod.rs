//! The durable queue: work that goes on after its call was answered.
//!
//! A method stores a job in its own transaction ([`add`]) and answers it. Workers ([`work`]) take jobs up, whichever server they
//! belong to, and do them step by step. A step is one write transaction: under the lock of the job's row it does a bounded piece of
//! the work, and stores what became of each object, how far the job is, and where the next step begins. So a crash loses what was
//! not committed and nothing else; whoever takes the job up goes on after the last commit, and nothing is done twice. The lease that
//! workers take only keeps them out of each other's way.
//!
//! What kinds of job there are is none of this module's business: see [`Kind`], and the list in `api.rs`.

pub mod bulk;
mod kind;
mod model;
mod queue;
mod revert;
pub mod store;
mod turn;
mod work;

pub use kind::{Done, Entry, Item, Kind, Step};
pub use model::{Job, JobResult, JobStatus, Problem, ResultStatus};
pub use queue::{New, add, add_reverting, cancel, end};
pub use work::{Workshop, work};
