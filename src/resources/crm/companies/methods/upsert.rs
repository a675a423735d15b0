use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::details::take;
use super::super::model::Company;
use super::super::store;
use super::create::{blank, place};
use crate::arguments;
use crate::db::{Fault, Id, Timestamp};
use crate::method::{
    Access, Area, Code, Context, Currency, Document, Error, Hostname, Int, Kind, List, Method, Money, Name, Nullable,
    Output, Patch, Result, Tx, Url, Words,
};
use crate::resources::crm::custom_fields::values::Moment;
use crate::text_enum;

text_enum! {
    /// By what a company is recognized.
    pub enum MatchOn {
        /// Its id in another system.
        ExternalId = "external_id",
        /// One of its domains.
        Domain = "domain",
    }
}

arguments! {
    /// Changes the company that is recognized by its external id or its domains, or creates it if there is none.
    ///
    /// Of several calls for the same company at the same moment, exactly one creates it. If the values lead to more than one
    /// company, nothing is changed and the error names them.
    pub struct Upsert {
        /// By what the company is recognized; this argument must be there.
        pub match_on: MatchOn,
        /// What the company is called; needed where it is created.
        pub name: Option<Name<200>>,
        /// The stage that a new company is put in; a company that is there stays where it is.
        pub stage_id: Option<Id>,
        /// The place of a new company among those in its stage, from 0; the last one if left out.
        pub position: Option<Int<0, 1_000_000>>,
        /// The company's web site.
        pub website: Patch<Nullable<Url>>,
        /// The domains of the company's mail addresses and web sites; a domain belongs to one company.
        pub domains: Patch<List<Hostname, 20>>,
        /// What the company does.
        pub industry: Patch<Nullable<Words<120>>>,
        /// What a deal with the company is worth, in units of `currency`, such as `50000` or `1999.5`.
        pub deal_value: Patch<Nullable<Money>>,
        /// The currency of `deal_value`; that of the organization if left out.
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
        /// The company's tags; those that are new are put on the list of tags.
        pub tags: Patch<List<Name<50>, 100>>,
        /// Values of custom fields, by their names; null clears one.
        pub custom_fields: Patch<Document>,
        /// Anything else, as a free document; merged by key, at every level, and null removes a key.
        pub metadata: Patch<Document>,
        /// The company's id in another system; unique among companies.
        pub external_id: Patch<Nullable<Words<255>>>,
    }
}

/// A company, and whether it is a new one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UpsertedCompany")]
pub struct Upserted {
    #[serde(flatten)]
    pub company: Company,
    /// Whether the company was created by this call.
    pub created: bool,
}

impl Deref for Upserted {
    type Target = Company;

    fn deref(&self) -> &Company {
        &self.company
    }
}

impl Output for Upserted {
    fn etag(&self) -> Option<i64> {
        Some(self.company.version)
    }
}

impl Method for Upsert {
    const NAME: &'static str = "companies.upsert";
    const ACCESS: Access = Access::write(Area::Companies);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists, Code::MergeConflict];
    const EVENTS: &'static [&'static str] = &["company.created", "company.updated"];
    const EXAMPLE: &'static str = r#"{"match_on":"domain","domains":["acme.com"],"name":"Acme Corporation"}"#;
    type Output = Upserted;

    async fn call(self, ctx: Context) -> Result<Upserted> {
        ctx.write(async move |tx| {
            let now = tx.now();
            self.store(tx, now).await
        })
        .await
    }
}

impl Upsert {
    /// Stores the company; one that is new came to be at an instant.
    pub(in crate::resources) async fn store(&self, tx: &mut Tx<'_>, at: Timestamp) -> Result<Upserted> {
        let args = self.clone();
        let found = recognize(tx, &args).await?;
        if let Some(id) = found {
            let before = store::lock(tx, id).await?.filter(|company| is_meant(&args, company)).ok_or_else(raced)?;
            let mut company = before.clone();
            if let Some(name) = args.name {
                company.name = name.to_string();
            }
            take!(tx, args, company, Moment::Update)?;
            let company = store::save(tx, before, company, "company.updated").await?;
            return Ok(Upserted { company, created: false });
        }
        let Some(name) = &args.name else {
            let message = "there is no such company yet, and a new one needs a name";
            return Err(Error::argument("/name", "required", message));
        };
        let mut company = blank(tx, name, at).await?;
        place(tx, &mut company, args.stage_id, args.position).await?;
        take!(tx, args, company, Moment::Create)?;
        match store::insert(tx, company).await {
            Ok(company) => Ok(Upserted { company, created: true }),
            // It is in the way of itself: another call created it after this one had looked.
            Err(error) if error.code() == Code::AlreadyExists && recognize(tx, self).await?.is_some() => Err(raced()),
            Err(error) => Err(error),
        }
    }
}

/// Begins again: another call changed something after this one had looked.
fn raced() -> Error {
    Fault::Retry("the company was changed meanwhile".into()).into()
}

/// Whether a company, locked by now, is still the one that the values lead to.
fn is_meant(args: &Upsert, company: &Company) -> bool {
    match args.match_on {
        MatchOn::ExternalId => {
            args.external_id.sent().is_some_and(|id| id.0.as_deref() == company.external_id.as_deref())
        }
        MatchOn::Domain => {
            args.domains.sent().is_some_and(|all| all.iter().any(|d| company.domains.iter().any(|o| **o == **d)))
        }
    }
}

/// The one company that the values lead to, if there is one.
async fn recognize(tx: &mut Tx<'_>, args: &Upsert) -> Result<Option<Id>> {
    let organization = tx.space();
    let external_id = args.external_id.sent().and_then(|id| id.0.as_deref());
    let domains: Vec<String> =
        args.domains.sent().into_iter().flat_map(|all| all.iter().map(|d| d.to_string())).collect();
    let by_external_id = match external_id {
        Some(external_id) => store::find_by_external_id(tx, organization, external_id).await?.map(|company| company.id),
        None => None,
    };
    let mut by_domain: Vec<Id> =
        store::with_domains(tx, organization, &domains).await?.into_iter().map(|(_, id)| id).collect();
    by_domain.sort();
    by_domain.dedup();
    let (pointer, is_given) = match args.match_on {
        MatchOn::ExternalId => ("/external_id", external_id.is_some()),
        MatchOn::Domain => ("/domains", !domains.is_empty()),
    };
    if !is_given {
        return Err(Error::argument(pointer, "required", "the company is to be recognized by this"));
    }
    let mut all = by_domain.clone();
    all.extend(by_external_id.filter(|id| !by_domain.contains(id)));
    if all.len() > 1 {
        let ids: Vec<String> = all.iter().map(Id::to_string).collect();
        return Err(Error::new(Code::MergeConflict, "The external id and the domains lead to several companies.")
            .with("ids", ids));
    }
    // A company that is found only by what it is not to be recognized by is in the way, and storing says so.
    Ok(match args.match_on {
        MatchOn::ExternalId => by_external_id,
        MatchOn::Domain => by_domain.first().copied(),
    })
}
