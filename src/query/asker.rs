//! Who asks, and when.

use crate::db::{Id, Timestamp};
use crate::method::{Context, ScopeSet};

/// Who asks, when, and about whose objects: what `me`, `my_teams` and `now` stand for.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The instant that `now` stands for.
    pub now: Timestamp,
    /// Where the objects are.
    pub space: Id,
    /// The organization, where teams are.
    pub organization: Id,
    /// The user that `me` stands for.
    pub user: Option<Id>,
    /// The teams that `my_teams` stands for; looked up by the query if they are not known.
    pub teams: Option<Vec<Id>>,
    /// What the asker may ask for.
    pub scopes: ScopeSet,
}

impl Asker {
    /// The caller.
    pub fn of(ctx: &Context) -> Self {
        let caller = ctx.caller_if_any();
        Self {
            now: ctx.now(),
            space: ctx.space(),
            organization: ctx.organization(),
            user: caller.and_then(|caller| caller.user),
            teams: None,
            scopes: caller.map(|caller| caller.scopes).unwrap_or_default(),
        }
    }

    /// Anybody: for a query that is checked when it is saved, and asked later by others.
    pub fn anybody(ctx: &Context) -> Self {
        Self { user: Some(Id::NIL), scopes: ScopeSet::ALL, ..Self::of(ctx) }
    }
}
