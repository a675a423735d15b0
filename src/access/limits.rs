//! How often a caller may call: token buckets per credential and per organization, and per address for logins.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};
use quick_cache::sync::Cache;

use crate::db::Id;
use crate::method::{Caller, Code, Credential, Error, Policy, Rate};

/// How many buckets are remembered; who was not seen for long starts with a full one.
const REMEMBERED: usize = 50_000;
/// How many times a credential's quota its whole organization has.
const ORGANIZATION_FACTOR: u32 = 5;
/// The period of every quota, in seconds.
pub const WINDOW_SECONDS: u32 = 60;

/// Calls a minute for each policy; zero for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Reading.
    pub read: u32,
    /// Writing.
    pub write: u32,
    /// Searching.
    pub search: u32,
    /// Jobs over many objects.
    pub bulk: u32,
    /// Logging in, by address.
    pub auth: u32,
}

impl Quotas {
    /// What a server has that sets nothing else.
    pub const DEFAULT: Quotas = Quotas { read: 1200, write: 600, search: 300, bulk: 60, auth: 30 };
    /// No limits.
    pub const OFF: Quotas = Quotas { read: 0, write: 0, search: 0, bulk: 0, auth: 0 };

    /// The quota of one policy.
    pub fn of(&self, policy: Policy) -> u32 {
        match policy {
            Policy::Read => self.read,
            Policy::Write => self.write,
            Policy::Search => self.search,
            Policy::Bulk => self.bulk,
            Policy::Auth => self.auth,
        }
    }
}

impl std::str::FromStr for Quotas {
    type Err = String;

    /// Reads `off`, or a list such as `read=1200,write=600`; what is not named keeps its default.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut quotas = Self::DEFAULT;
        if text == "off" {
            return Ok(Self::OFF);
        }
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let expected = || format!("expected off, or a list such as read=1200,write=600, not {part}");
            let (name, number) = part.split_once('=').ok_or_else(expected)?;
            let number = number.trim().parse().map_err(|_| expected())?;
            match name.trim() {
                "read" => quotas.read = number,
                "write" => quotas.write = number,
                "search" => quotas.search = number,
                "bulk" => quotas.bulk = number,
                "auth" => quotas.auth = number,
                _ => return Err(expected()),
            }
        }
        Ok(quotas)
    }
}

/// Who a bucket belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Owner {
    Credential(Id),
    Organization(Id),
    Address(IpAddr),
}

type Limiter = RateLimiter<NotKeyed, Cell, MonotonicClock, StateInformationMiddleware>;

/// The server's rate limits.
pub struct Limits {
    quotas: Quotas,
    buckets: Cache<(Owner, Policy), Arc<Bucket>>,
}

struct Bucket {
    limiter: Limiter,
    cell: Cell,
    quota: u32,
}

/// Whose bucket a call is counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedBy {
    /// That of the credential, and that of its organization.
    Caller,
    /// That of the address.
    Address,
}

/// Where a caller stands with one policy, after this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The policy.
    pub policy: Policy,
    /// Calls a minute.
    pub quota: u32,
    /// How many are left at once.
    pub remaining: u32,
    /// In how many seconds the bucket is full again; for a refused call, when to come back.
    pub reset: u32,
}

impl Standing {
    /// The error for a call that was one too many.
    pub fn refusal(&self) -> Error {
        let Self { policy, quota, reset, .. } = *self;
        let message = format!("{quota} {} calls per minute used up. Retry in {reset} s.", policy.as_str());
        Error::new(Code::Ratelimited, message).retry_after(reset).with("policy", policy.as_str())
    }
}

impl Limits {
    /// Limits with these quotas.
    pub fn new(quotas: Quotas) -> Self {
        Self { quotas, buckets: Cache::new(REMEMBERED) }
    }

    /// Counts a call of a known caller. `Ok(None)`: there is no limit. `Err`: one call too many, and it was not counted.
    pub fn count(&self, caller: &Caller, rate: Rate) -> Result<Option<Standing>, Standing> {
        let (mine, ours) = self.buckets(caller, rate.policy);
        let standing = mine.as_ref().map(|bucket| bucket.take(rate)).transpose()?;
        if let Some(Err(refused)) = ours.map(|bucket| bucket.take(rate)) {
            // The organization is at its limit: the credential gets back what the refused call took.
            if let Some(bucket) = mine {
                bucket.give_back(rate.cost);
            }
            return Err(refused);
        }
        Ok(standing)
    }

    /// Counts several calls of a caller at once: all of them or, if that would be too many, none. What is counted against the
    /// address, such as logins, is told apart.
    pub fn count_all(
        &self,
        caller: &Caller,
        address: Option<IpAddr>,
        calls: &[(CountedBy, Rate)],
    ) -> Result<(), Standing> {
        let mut taken: Vec<(CountedBy, Rate)> = Vec::new();
        for by in [CountedBy::Caller, CountedBy::Address] {
            for &policy in Policy::ALL {
                let costs = calls.iter().filter(|(of, rate)| *of == by && rate.policy == policy);
                let rate = Rate { policy, cost: costs.map(|(_, rate)| rate.cost).sum() };
                let counted = match by {
                    _ if rate.cost == 0 => continue,
                    CountedBy::Caller => self.count(caller, rate),
                    CountedBy::Address => self.count_address(address, rate),
                };
                if let Err(refused) = counted {
                    taken.into_iter().for_each(|(by, rate)| self.give_back(caller, address, by, rate));
                    return Err(refused);
                }
                taken.push((by, rate));
            }
        }
        Ok(())
    }

    /// Where a caller stands, without counting anything.
    pub fn standing(&self, caller: &Caller, policy: Policy) -> Option<Standing> {
        let bucket = self.buckets(caller, policy).0?;
        match bucket.take(Rate { policy, cost: 1 }) {
            Err(refused) => Some(refused),
            Ok(standing) => {
                bucket.give_back(1);
                Some(Standing { remaining: standing.remaining + 1, ..standing })
            }
        }
    }

    fn give_back(&self, caller: &Caller, address: Option<IpAddr>, by: CountedBy, Rate { policy, cost }: Rate) {
        let (one, other) = match (by, address) {
            (CountedBy::Caller, _) => self.buckets(caller, policy),
            (CountedBy::Address, Some(address)) => {
                (self.bucket(Owner::Address(address), policy, self.quotas.of(policy)), None)
            }
            (CountedBy::Address, None) => return,
        };
        one.into_iter().chain(other).for_each(|bucket| bucket.give_back(cost));
    }

    /// The buckets of the credential and of its organization.
    fn buckets(&self, caller: &Caller, policy: Policy) -> (Option<Arc<Bucket>>, Option<Arc<Bucket>>) {
        let own = match &caller.credential {
            Credential::ApiKey(limits) => limits.rate_limit_per_minute,
            _ => None,
        };
        let default = self.quotas.of(policy);
        let own = own.filter(|_| default > 0).unwrap_or(default);
        let mine = self.bucket(Owner::Credential(caller.credential_id), policy, own);
        let ours = self.bucket(
            Owner::Organization(caller.organization),
            policy,
            default.saturating_mul(ORGANIZATION_FACTOR).max(own),
        );
        (mine, ours)
    }

    /// Counts a call of nobody known, such as a login or one with wrong credentials, against its address.
    pub fn count_address(&self, address: Option<IpAddr>, rate: Rate) -> Result<Option<Standing>, Standing> {
        let Some(address) = address else { return Ok(None) };
        self.bucket(Owner::Address(address), rate.policy, self.quotas.of(rate.policy))
            .map(|bucket| bucket.take(rate))
            .transpose()
    }

    fn bucket(&self, owner: Owner, policy: Policy, quota: u32) -> Option<Arc<Bucket>> {
        let per_minute = NonZeroU32::new(quota)?;
        if let Some(bucket) = self.buckets.get(&(owner, policy)).filter(|bucket| bucket.quota == quota) {
            return Some(bucket);
        }
        let cell = Cell::default();
        let limiter: Limiter = RateLimiter::new(Quota::per_minute(per_minute), cell.clone(), MonotonicClock);
        let bucket = Arc::new(Bucket { limiter, cell, quota });
        self.buckets.insert((owner, policy), bucket.clone());
        Some(bucket)
    }
}

impl Bucket {
    fn take(&self, rate: Rate) -> Result<Standing, Standing> {
        let standing = |remaining, reset| Standing { policy: rate.policy, quota: self.quota, remaining, reset };
        let Some(cost) = NonZeroU32::new(rate.cost) else { return Ok(standing(self.quota, 0)) };
        match self.limiter.check_n(cost) {
            Ok(Ok(snapshot)) => {
                let remaining = snapshot.remaining_burst_capacity();
                let missing = u64::from(self.quota.saturating_sub(remaining));
                let reset = (missing * u64::from(WINDOW_SECONDS)).div_ceil(u64::from(self.quota));
                Ok(standing(remaining, u32::try_from(reset).unwrap_or(WINDOW_SECONDS)))
            }
            Ok(Err(not_until)) => Err(standing(0, ceil_seconds(not_until.wait_time_from(MonotonicClock.now())))),
            // The call costs more than the bucket ever holds.
            Err(_) => Err(standing(0, WINDOW_SECONDS)),
        }
    }

    fn give_back(&self, cost: u32) {
        let interval = u64::from(WINDOW_SECONDS) * 1_000_000_000 / u64::from(self.quota.max(1));
        self.cell.give_back(interval * u64::from(cost));
    }
}

fn ceil_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u32::MAX).max(1)
}

/// The state of one bucket, which a refused call can be taken back from.
#[derive(Clone, Default)]
struct Cell(Arc<AtomicU64>);

impl Cell {
    fn give_back(&self, nanos: u64) {
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| Some(now.saturating_sub(nanos).max(1)));
    }
}

impl StateStore for Cell {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut before = self.0.load(Ordering::Acquire);
        loop {
            let (outcome, after) = decide((before != 0).then(|| Nanos::from(before)))?;
            match self.0.compare_exchange_weak(before, after.into(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(outcome),
                Err(now) => before = now,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::authenticate::server_itself;

    fn caller(credential: u8) -> Caller {
        let mut caller = server_itself(Id::NIL);
        caller.credential_id = Id::from_bytes([credential; 16]);
        caller
    }

    const WRITE: Rate = Rate { policy: Policy::Write, cost: 1 };

    #[test]
    fn a_bucket_runs_dry_and_says_when_to_come_back() {
        let limits = Limits::new("write=3".parse().unwrap());
        for remaining in [2, 1, 0] {
            assert_eq!(limits.count(&caller(1), WRITE).unwrap().unwrap().remaining, remaining);
        }
        let refused = limits.count(&caller(1), WRITE).unwrap_err();
        assert_eq!((refused.remaining, refused.quota), (0, 3));
        assert!((1..=20).contains(&refused.reset), "{refused:?}");
    }

    #[test]
    fn many_keys_do_not_multiply_the_quota_and_refused_calls_cost_nothing() {
        let limits = Limits::new("write=2".parse().unwrap());
        let taken = (1..=20).filter(|&key| limits.count(&caller(key), WRITE).is_ok()).count();
        assert_eq!(taken as u32, 2 * ORGANIZATION_FACTOR);
        let bucket = limits.buckets.get(&(Owner::Credential(caller(20).credential_id), Policy::Write)).unwrap();
        assert_eq!(bucket.take(WRITE).unwrap().remaining, 1, "the refused call was given back");
    }

    #[test]
    fn several_calls_are_counted_together_or_not_at_all() {
        let limits = Limits::new("read=10,write=3,auth=1".parse().unwrap());
        let here = Some("192.0.2.1".parse().unwrap());
        let read = |cost| (CountedBy::Caller, Rate { policy: Policy::Read, cost });
        let write = (CountedBy::Caller, WRITE);
        let login = (CountedBy::Address, Rate::AUTH);
        let left = |policy| limits.standing(&caller(1), policy).unwrap().remaining;
        assert!(limits.count_all(&caller(1), here, &[read(2), write, read(3), login]).is_ok());
        assert_eq!((left(Policy::Read), left(Policy::Write)), (5, 2));
        for too_many in [&[read(1), write, write, write][..], &[read(1), write, login]] {
            assert!(limits.count_all(&caller(1), here, too_many).is_err());
            assert_eq!((left(Policy::Read), left(Policy::Write)), (5, 2), "nothing of it was counted");
        }
        assert!(limits.count_all(&caller(1), here, &[read(5), write, write]).is_ok());
        assert_eq!((left(Policy::Read), left(Policy::Write)), (0, 0));
        let organization = limits.bucket(Owner::Organization(Id::NIL), Policy::Read, 50).unwrap();
        assert_eq!(organization.take(Rate { policy: Policy::Read, cost: 1 }).unwrap().remaining, 39);
    }

    #[test]
    fn off_is_off_and_nonsense_is_refused() {
        let limits = Limits::new("off".parse().unwrap());
        assert_eq!(limits.count(&caller(1), WRITE), Ok(None));
        assert!("write=many".parse::<Quotas>().is_err() && "sleep=3".parse::<Quotas>().is_err());
    }
}
