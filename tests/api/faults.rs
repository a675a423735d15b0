//! What goes wrong, done on purpose: processes killed, databases stopped, disks full, clients that hang up.

mod disk;
mod duplicates;
mod hang_up;
mod killed;
mod ledger;
mod postgres_away;
mod servers;
mod stop;
mod writer;

use std::time::{Duration, Instant};

/// Waits until something is so, and fails if it does not come to be.
pub async fn until(what: &str, patience: Duration, mut is_so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + patience;
    while !is_so().await {
        assert!(Instant::now() < end, "it took too long until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    /// A number from 0 to `end` - 1 (SplitMix64).
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
