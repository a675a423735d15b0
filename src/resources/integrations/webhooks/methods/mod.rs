//! What can be done with webhooks.

mod create;
mod deliveries;
mod range;
mod read;
mod state;
mod test;
mod update;

pub use create::*;
pub use deliveries::*;
pub use range::*;
pub use read::*;
pub use state::*;
pub use test::*;
pub use update::*;

use crate::jobs;
use crate::method::Entry;

/// The methods of webhooks.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListWebhooks>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<Pause>(),
    Entry::of::<Resume>(),
    Entry::of::<RotateSecret>(),
    Entry::of::<Test>(),
    Entry::of::<Delete>(),
    Entry::of::<ListEventTypes>(),
    Entry::of::<ListDeliveries>(),
    Entry::of::<DeliveryInfo>(),
    Entry::of::<Redeliver>(),
    Entry::of::<RedeliverRange>(),
];

/// The jobs of webhooks.
pub const JOBS: &[jobs::Entry] = &[jobs::Entry::of::<RedeliverJob>()];
