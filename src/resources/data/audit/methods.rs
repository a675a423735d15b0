//! The audit.

use super::fields::FIELDS;
use super::model::AuditEntry;
use super::store;
use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{Access, Area, Code, Context, Entry, Error, Kind, Method, Name, Page, Result};
use crate::query::{Asker, Listing, Predicate};

/// The methods of the audit.
pub const METHODS: &[Entry] = &[Entry::of::<ListEntries>(), Entry::of::<Info>()];

arguments! {
    /// Lists what was done in the organization: an entry for every object that a call changed.
    ///
    /// Entries are kept for good. What was refused is not in the audit, for it changed nothing. A test key lists what was done with
    /// test keys; all others list everything.
    pub struct ListEntries filtered {
        /// Only what this user, key or contact did.
        pub actor_id: Option<Id>,
        /// Only what calls of this method did, such as `teams.update`.
        pub method: Option<Name<64>>,
        /// Only what was done to objects of this type, or to this object.
        pub target: Option<AuditTarget>,
        /// Only what was done at this instant or later.
        pub from: Option<Timestamp>,
        /// Only what was done before this instant.
        pub to: Option<Timestamp>,
    }
}

arguments! {
    /// What was changed.
    pub struct AuditTarget {
        /// The type of the object, such as `team`.
        #[serde(rename = "type")]
        pub kind: Option<Name<64>>,
        /// The object.
        pub id: Option<Id>,
    }
}

impl ListEntries {
    fn which(&self, ctx: &Context) -> Result<Predicate> {
        let mut all = Vec::new();
        let target = self.target.as_ref();
        all.extend(self.actor_id.map(|id| Predicate::of_ids("\"audit_entries\".\"actor_id\" = ?", &[id])));
        let target_id = target.and_then(|target| target.id);
        all.extend(target_id.map(|id| Predicate::of_ids("\"audit_entries\".\"target_id\" = ?", &[id])));
        // The ids are in the order of time, so that the list begins where the span does.
        let earliest = |at: Timestamp| [Id::earliest(at)];
        all.extend(self.from.map(|at| Predicate::of_ids("\"audit_entries\".\"id\" >= ?", &earliest(at))));
        all.extend(self.to.map(|at| Predicate::of_ids("\"audit_entries\".\"id\" < ?", &earliest(at))));
        let kind = target.and_then(|target| target.kind.as_deref());
        for (field, pointer, word) in
            [("method", "/method", self.method.as_deref()), ("target.type", "/target/type", kind)]
        {
            let Some(word) = word else { continue };
            let quoted = word.replace('\\', "\\\\").replace('"', "\\\"");
            let query = FIELDS.check(&format!("{field}:\"{quoted}\""), &Asker::of(ctx));
            all.push(query.map_err(|error| error.of_argument(pointer))?.predicate());
        }
        Ok(Predicate::all(all))
    }
}

impl Method for ListEntries {
    const NAME: &'static str = "audit.list";
    const ACCESS: Access = Access::read(Area::Audit);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::InvalidQuery];
    const EXAMPLE: &'static str = r#"{"target":{"type":"team"},"from":"2026-11-01T00:00:00Z","sort":"at:desc"}"#;
    type Output = Page<AuditEntry>;

    async fn call(self, ctx: Context) -> Result<Page<AuditEntry>> {
        let list = Listing::new(&ctx, &self, &FIELDS)?.and(self.which(&ctx)?);
        let caller = ctx.caller()?.clone();
        let (list, found) = ctx
            .scan(async move |conn| {
                let found = store::list(conn, &caller, &list).await?;
                Ok((list, found))
            })
            .await?;
        list.page(&ctx, found)
    }
}

arguments! {
    /// Answers one entry of the audit.
    pub struct Info {
        /// The entry.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "audit.info";
    const ACCESS: Access = Access::read(Area::Audit);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = AuditEntry;

    async fn call(self, ctx: Context) -> Result<AuditEntry> {
        let mut conn = ctx.read().await?;
        store::find(&mut conn, ctx.caller()?, self.id).await?.ok_or_else(Error::not_found::<AuditEntry>)
    }
}
