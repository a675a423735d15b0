//! The same change to many companies.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::details::take;
use super::super::fields::FIELDS;
use super::super::model::Company;
use super::super::store;
use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::jobs::Job;
use crate::jobs::bulk::{self, Bulk, BulkJob, Ids};
use crate::method::{
    Access, Area, Code, Context, Currency, Document, Error, Hostname, Kind, List, Method, Money, Name, Nullable, Patch,
    Policy, Rate, Result, Scope, Tx, Url, Words,
};
use crate::query::{Predicate, Table};
use crate::resources::crm::custom_fields::values::Moment;
use crate::resources::crm::tags::{self, TaggedType};

/// The job of `companies.bulkUpdate`.
pub type CompaniesBulk = BulkJob<Change>;

arguments! {
    /// What to set of each company.
    #[schemars(rename = "CompanyChanges")]
    pub struct Changes {
        /// What the company is called.
        pub name: Patch<Name<200>>,
        /// The company's web site.
        pub website: Patch<Nullable<Url>>,
        /// The domains of the company's mail addresses and web sites; a domain belongs to one company.
        pub domains: Patch<List<Hostname, 20>>,
        /// What the company does.
        pub industry: Patch<Nullable<Words<120>>>,
        /// What a deal with the company is worth, in units of `currency`, such as `50000` or `1999.5`.
        pub deal_value: Patch<Nullable<Money>>,
        /// The currency of `deal_value`.
        pub currency: Patch<Currency>,
        /// The address of the company's logo.
        pub logo_url: Patch<Nullable<Url>>,
        /// What there is to know about the company.
        pub notes: Patch<Nullable<Words<20000>>>,
        /// When there was contact with the company last, as far as this server does not know by itself.
        pub last_contact: Patch<Nullable<Timestamp>>,
        /// Whether the company is a customer.
        pub is_customer: Patch<bool>,
        /// The user who looks after the company.
        pub owner_user_id: Patch<Nullable<Id>>,
        /// The company's tags, in place of those it has.
        pub tags: Patch<List<Name<50>, 100>>,
        /// Values of custom fields, by their names; null clears one.
        pub custom_fields: Patch<Document>,
        /// Anything else, as a free document; merged by key, at every level, and null removes a key.
        pub metadata: Patch<Document>,
        /// The company's id in another system; unique among companies.
        pub external_id: Patch<Nullable<Words<255>>>,
    }
}

arguments! {
    /// Changes many companies.
    ///
    /// The answer is a job, which goes through the companies one after the other; `jobs.listResults` says what became of each. What
    /// cannot be done with one company keeps none of the others from it. For 24 hours `jobs.revert` undoes it.
    pub struct BulkUpdate {
        /// The companies, by their ids.
        pub ids: Option<Ids>,
        /// In place of `ids`: the companies that this query finds, 100,000 at the most; needs the scope companies:read too.
        pub filters: Option<Words<2000>>,
        /// What to set of each: the fields of `companies.update`.
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
    const NAME: &'static str = "companies.bulkUpdate";
    const ACCESS: Access = Access::write(Area::Companies);
    const KIND: Kind = Kind::Write;
    const RATE: Rate = Rate { policy: Policy::Bulk, cost: 1 };
    const ERRORS: &'static [Code] = &[Code::LimitExceeded, Code::InvalidQuery];
    const EXAMPLE: &'static str =
        r#"{"ids":["0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"],"set":{"is_customer":true},"add_tags":["vip"]}"#;
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

/// What becomes of each company.
#[derive(Clone, Serialize, Deserialize)]
pub struct Change {
    set: Option<Changes>,
    add_tags: Option<List<Name<50>, 100>>,
    remove_tags: Option<List<Name<50>, 100>>,
}

impl Bulk for Change {
    const NAME: &'static str = BulkUpdate::NAME;
    const WRITE: Scope = Scope::write(Area::Companies);
    const READ: Scope = Scope::read(Area::Companies);
    const FIELDS: &'static Table = &FIELDS;
    type Object = Company;

    async fn find(ctx: &Context, passing: Predicate, after: Id, most: i64) -> Result<Vec<Id>> {
        let space = ctx.space();
        ctx.scan(async move |conn| store::ids(conn, space, &passing, after, most).await).await
    }

    async fn change(&self, tx: &mut Tx<'_>, id: Id) -> Result<Company> {
        let before = store::target(tx, id).await?;
        let mut company = before.clone();
        if let Some(args) = self.set.clone() {
            args.name.apply(&mut company.name);
            take!(tx, args, company, Moment::Update)?;
        }
        let wanted = tags::changed(&company.tags, self.add_tags.as_ref(), self.remove_tags.as_ref());
        tags::store::retag(tx, TaggedType::Company, id, &mut company.tags, wanted).await?;
        store::save(tx, before, company, "company.updated").await
    }

    async fn restore(tx: &mut Tx<'_>, id: Id, version: Option<i64>, values: Map<String, Value>) -> Result<()> {
        let now = store::target(tx, id).await?;
        let mut before = bulk::put_back(&now, version, values)?;
        before.organization_id = now.organization_id;
        let tags = std::mem::replace(&mut before.tags, now.tags.clone());
        tags::store::retag(tx, TaggedType::Company, id, &mut before.tags, tags.0).await?;
        store::save(tx, now, before, "company.updated").await?;
        Ok(())
    }
}
