//! The same change to many contacts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::arguments;
use crate::jobs::Job;
use crate::jobs::bulk::{self, Bulk, BulkJob, Ids};
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Policy, Rate, Result, Scope, Tx};
use crate::query::{Predicate, Table};
use crate::resources::crm::contacts::arguments::types::*;
use crate::resources::crm::contacts::arguments::{check, contact_arguments};
use crate::resources::crm::contacts::{Contact, FIELDS, listing, store};
use crate::resources::crm::custom_fields::values::Moment;
use crate::resources::crm::tags::{self, TaggedType};

/// The job of `contacts.bulkUpdate`.
pub type ContactsBulk = BulkJob<Change>;

contact_arguments! {
    /// What to set of each contact.
    #[schemars(rename = "ContactChanges")]
    pub struct Changes {}
}

arguments! {
    /// Changes many contacts.
    ///
    /// The answer is a job, which goes through the contacts one after the other; `jobs.listResults` says what became of each. What
    /// cannot be done with one contact keeps none of the others from it. For 24 hours `jobs.revert` undoes it.
    pub struct BulkUpdate {
        /// The contacts, by their ids.
        pub ids: Option<Ids>,
        /// In place of `ids`: the contacts that this query finds, 100,000 at the most; needs the scope contacts:read too.
        pub filters: Option<Words<2000>>,
        /// What to set of each: the fields of `contacts.update`.
        pub set: Option<Changes>,
        /// Tags to add to those that each has.
        pub add_tags: Option<List<Name<50>, 100>>,
        /// Tags to take off each.
        pub remove_tags: Option<List<Name<50>, 100>>,
        /// Whether the job only finds out what would change, and changes nothing; false if left out.
        pub dry_run: Option<bool>,
    }
}

impl Method for BulkUpdate {
    const NAME: &'static str = "contacts.bulkUpdate";
    const ACCESS: Access = Access::write(Area::Contacts);
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate { policy: Policy::Bulk, cost: 1 };
    const ERRORS: &'static [Code] = &[Code::LimitExceeded, Code::InvalidQuery];
    const EXAMPLE: &'static str =
        r#"{"ids":["0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"],"set":{"type":"customer"},"add_tags":["vip"]}"#;
    const ACCEPTED: bool = true;
    type Output = Job;

    async fn call(self, ctx: Context) -> Result<Job> {
        let Self { ids, filters, set, add_tags, remove_tags, dry_run } = self;
        if set.is_none() && add_tags.is_none() && remove_tags.is_none() {
            return Err(Error::argument("/set", "required", "say what to change: set, add_tags or remove_tags"));
        }
        let change = Change { set, add_tags, remove_tags };
        bulk::ask(ctx, ids, filters, change, dry_run == Some(true)).await
    }
}

/// What becomes of each contact.
#[derive(Clone, Serialize, Deserialize)]
pub struct Change {
    set: Option<Changes>,
    add_tags: Option<List<Name<50>, 100>>,
    remove_tags: Option<List<Name<50>, 100>>,
}

impl Bulk for Change {
    const NAME: &'static str = BulkUpdate::NAME;
    const WRITE: Scope = Scope::write(Area::Contacts);
    const READ: Scope = Scope::read(Area::Contacts);
    const FIELDS: &'static Table = &FIELDS;
    type Object = Contact;

    async fn find(ctx: &Context, passing: Predicate, after: Id, most: i64) -> Result<Vec<Id>> {
        let space = ctx.space();
        ctx.scan(async move |conn| listing::ids(conn, space, &passing, after, most).await).await
    }

    async fn change(&self, tx: &mut Tx<'_>, id: Id) -> Result<Contact> {
        let before = store::target(tx, id).await?;
        let mut contact = before.clone();
        if let Some(set) = &self.set {
            set.apply(tx, &mut contact, Moment::Update).await?;
        }
        let wanted = tags::changed(&contact.tags, self.add_tags.as_ref(), self.remove_tags.as_ref());
        tags::store::retag(tx, TaggedType::Contact, id, &mut contact.row.tags, wanted).await?;
        store::save(tx, before, contact, "contact.updated").await
    }

    async fn restore(tx: &mut Tx<'_>, id: Id, version: Option<i64>, values: Map<String, Value>) -> Result<()> {
        let now = store::target(tx, id).await?;
        let mut before = bulk::put_back(&now, version, values)?;
        before.row.organization_id = now.organization_id;
        for identity in &mut before.identities {
            identity.organization_id = now.organization_id;
            identity.contact_id = id;
        }
        check(tx, &now, &before).await?;
        let tags = std::mem::replace(&mut before.row.tags, now.tags.clone());
        tags::store::retag(tx, TaggedType::Contact, id, &mut before.row.tags, tags.0).await?;
        store::save(tx, now, before, "contact.updated").await?;
        Ok(())
    }
}
