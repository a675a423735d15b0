//! A batch before its first call is made: what is wrong with it whatever the calls answer is found here.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::methods::Run;
use super::references::{self, Reference};
use crate::access::limits::{CountedBy, Limits};
use crate::access::permit::permit;
use crate::method::{
    Access, Batching, Code, Context, Described, Error, FieldError, Kind, Rate, Registry, Result, suggest,
};

/// The calls of a batch, looked up and checked.
pub(super) struct Plan {
    pub calls: Vec<Planned>,
    /// Which call has which id.
    pub positions: HashMap<String, usize>,
}

/// One call of a batch.
pub(super) struct Planned {
    pub id: String,
    /// What was asked for.
    pub name: String,
    /// The method; the error for one that is not there.
    pub method: Result<Arc<Described>>,
    pub args: Map<String, Value>,
    /// Whether the arguments refer to results.
    pub refers: bool,
}

impl Plan {
    /// The plan of these calls. What is wrong is named, all of it, and then nothing is called.
    pub fn of(ctx: &Context, run: Run) -> Result<Self> {
        let registry: &Arc<Registry> = ctx.service()?;
        let is_atomic = run.atomic.unwrap_or_default();
        let mut plan = Self { calls: Vec::new(), positions: HashMap::new() };
        let mut problems = Vec::new();
        for (index, call) in run.calls.0.into_iter().enumerate() {
            let id = call.id.map_or_else(|| index.to_string(), |id| id.to_string());
            let at = format!("/calls/{index}");
            if id.contains('#') {
                problems.push(FieldError::new(format!("{at}/id"), "pattern", "the id of a call has no #"));
            }
            let method = registry.find(&call.method).cloned();
            let args = call.args.unwrap_or_default().0;
            let mut refers = false;
            // The arguments of a batch have references of their own.
            let unfit = method.as_ref().ok().and_then(|method| unfit(method, is_atomic));
            if let Some(why) = unfit {
                problems.push(FieldError::new(format!("{at}/method"), "not_allowed", why));
                plan.positions.insert(id, index);
                continue;
            }
            references::each(&args, &mut |pointer, target| {
                refers = true;
                if let Err((code, why)) = plan.refers_back(target) {
                    problems.push(FieldError::new(format!("{at}/args{pointer}"), code, why));
                }
            });
            if plan.positions.insert(id.clone(), index).is_some() {
                problems.push(FieldError::new(format!("{at}/id"), "duplicate", "another call has this id"));
            }
            plan.calls.push(Planned { id, name: call.method.to_string(), method, args, refers });
        }
        if problems.is_empty() { Ok(plan) } else { Err(Error::arguments(ctx.method(), problems)) }
    }

    /// Whether a reference leads to a call that is before the one being planned.
    fn refers_back(&self, target: &Value) -> Result<(), (&'static str, String)> {
        let reference = Reference::parse(target).map_err(|why| ("format", why.to_owned()))?;
        if self.positions.contains_key(reference.call) {
            return Ok(());
        }
        let near = suggest::nearest(reference.call, self.positions.keys().map(String::as_str));
        let shown: String = reference.call.chars().take(64).collect();
        let hint = near.first().map(|near| format!(", did you mean '{near}'?")).unwrap_or_default();
        Err(("unresolved_ref", format!("there is no call '{shown}' before this one{hint}")))
    }

    /// Counts all calls against the caller's limits, or none.
    pub fn reserve(&self, ctx: &Context) -> Result<()> {
        let (Some(limits), caller) = (ctx.app().services().get::<Limits>(), ctx.caller()?) else { return Ok(()) };
        let ip = ctx.request().ip;
        let costs: Vec<(CountedBy, Rate)> = self
            .calls
            .iter()
            .filter_map(|call| call.method.as_ref().ok())
            .filter_map(|method| match method.entry.access {
                Access::Public => Some((CountedBy::Address, method.entry.rate)),
                // Who may not make a call does not pay for it.
                _ => permit(caller, method, ip).is_ok().then_some((CountedBy::Caller, method.entry.rate)),
            })
            .collect();
        limits.count_all(caller, ip, &costs).map_err(|full| {
            let of_policy = costs.iter().filter(|(_, rate)| rate.policy == full.policy);
            let cost: u32 = of_policy.map(|(_, rate)| rate.cost).sum();
            match cost > full.quota {
                false => full.refusal(),
                // To wait would not help.
                true => Error::new(
                    Code::LimitExceeded,
                    format!(
                        "The calls of this batch count as {cost} {} calls, and {} a minute are allowed; send them in several batches.",
                        full.policy.as_str(),
                        full.quota
                    ),
                ),
            }
        })
    }
}

impl Planned {
    /// The method, if the caller may call it.
    pub fn permitted(&self, ctx: &Context) -> Result<&Arc<Described>> {
        let method = self.method.as_ref().map_err(Error::again)?;
        if method.entry.access != Access::Public {
            permit(ctx.caller()?, method, ctx.request().ip)?;
        }
        Ok(method)
    }

    /// Whether the call may change something.
    pub fn writes(&self) -> bool {
        self.method.as_ref().is_ok_and(|method| method.entry.kind != Kind::Read)
    }
}

/// Why a method cannot be part of such a batch.
fn unfit(method: &Described, is_atomic: bool) -> Option<String> {
    let name = method.name();
    match method.entry.batching {
        Batching::Never => Some(format!("{name} cannot be part of a batch; call it by itself")),
        Batching::NotAtomic if is_atomic => Some(format!(
            "{name} cannot be part of an atomic batch, because it waits for more than the database; call it before or after"
        )),
        _ => None,
    }
}
