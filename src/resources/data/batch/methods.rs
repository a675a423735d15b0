//! The one method of batches.

use super::model::Results;
use super::plan::Plan;
use crate::arguments;
use crate::method::args::strict::StrictObject;
use crate::method::{Access, Batching, Code, Context, Entry, Kind, List, Method, Name, Policy, Rate, Result};

/// The methods of batches.
pub const METHODS: &[Entry] = &[Entry::of::<Run>()];

/// The most calls of a batch.
pub const MOST_CALLS: usize = 100;

arguments! {
    /// Runs up to 100 calls in one request, one after the other.
    ///
    /// Each call is checked, counted and carried out as if it had come by itself; its result has the status and the body that it
    /// would have had. All calls are counted against the rate limits before the first is made, or the batch is refused as a whole.
    ///
    /// In `args`, `{"$ref": "<call id>#<JSON pointer>"}` stands for a part of the result of an earlier call: `{"$ref": "t#/id"}` is
    /// the `id` that the call `t` answered. `*` in the place of an index stands for all items of a list, as in
    /// `{"$ref": "found#/data/*/id"}`. What looks like a reference and is none goes into `{"$literal": …}`. A call that refers to one
    /// that failed is not made: its status is 424.
    ///
    /// With `atomic`, all calls are one transaction. If one fails, nothing of the batch is done: the answer has that call's status,
    /// and the error `batch_aborted` says which call it was and why. Calls that wait for something besides the database, such as
    /// those that take passwords or files, cannot be part of it. An atomic batch may take ten seconds.
    ///
    /// One idempotency key covers the whole batch. An atomic batch that is sent again gets the stored answer. Without `atomic`, each
    /// call that changed something is answered from memory and all others are made again: so a batch that was cut off half way can
    /// be sent again, and nothing happens twice.
    pub struct Run {
        /// Whether all calls are one transaction; false if left out: each counts by itself, and those after a failed one go on.
        pub atomic: Option<bool>,
        /// The calls, in the order in which they are to be made.
        pub calls: List<RunCall, MOST_CALLS>,
    }
}

arguments! {
    /// One call of a batch.
    pub struct RunCall {
        /// A name for the call, different from those of the others and without `#`; its position from 0 if left out.
        pub id: Option<Name<64>>,
        /// The method, such as `teams.create`.
        pub method: Name<200>,
        /// Its arguments, with references to the results of earlier calls.
        pub args: Option<StrictObject>,
    }
}

impl Method for Run {
    const NAME: &'static str = "batch.run";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Write;
    // It costs what its calls cost.
    const RATE: Rate = Rate { policy: Policy::Write, cost: 0 };
    const ERRORS: &'static [Code] = &[Code::BatchAborted, Code::LimitExceeded];
    const BATCHING: Batching = Batching::Never;
    const EXAMPLE: &'static str = r##"{"atomic":true,"calls":[{"id":"t","method":"teams.create","args":{"name":"Sms"}},{"id":"m","method":"teams.addMember","args":{"id":{"$ref":"t#/id"},"user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}}]}"##;
    type Output = Results;

    async fn call(self, ctx: Context) -> Result<Results> {
        let is_atomic = self.atomic.unwrap_or_default();
        let plan = Plan::of(&ctx, self)?;
        plan.reserve(&ctx)?;
        if is_atomic { plan.run_as_one(ctx).await } else { plan.run_each(ctx).await }
    }
}
