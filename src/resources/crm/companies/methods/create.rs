use super::super::details::take;
use super::super::model::Company;
use super::super::{placing, store};
use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{
    Access, Area, Code, Context, Currency, Document, Error, Hostname, Int, Kind, List, Method, Money, Name, Nullable,
    Patch, Result, Tx, Url, Words,
};
use crate::resources::account::organizations::{self, Organization};
use crate::resources::crm::custom_fields::values::Moment;

arguments! {
    /// Creates a company.
    pub struct Create {
        /// What the company is called; several companies may have the same name.
        pub name: Name<200>,
        /// The stage of a pipeline that the company is in.
        pub stage_id: Option<Id>,
        /// The company's place among those in its stage, from 0; the last one if left out.
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
        /// Whether the company is a customer; false if left out.
        pub is_customer: Patch<bool>,
        /// The user who looks after the company.
        pub owner_user_id: Patch<Nullable<Id>>,
        /// The company's tags; those that are new are put on the list of tags.
        pub tags: Patch<List<Name<50>, 100>>,
        /// Values of custom fields, by their names.
        pub custom_fields: Patch<Document>,
        /// Anything else, as a free document.
        pub metadata: Patch<Document>,
        /// The company's id in another system; unique among companies.
        pub external_id: Patch<Nullable<Words<255>>>,
    }
}

impl Method for Create {
    const NAME: &'static str = "companies.create";
    const ACCESS: Access = Access::write(Area::Companies);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists];
    const EVENTS: &'static [&'static str] = &["company.created"];
    const EXAMPLE: &'static str = r#"{"name":"Acme Corporation","website":"https://acme.com","industry":"Technology","deal_value":50000,"logo_url":"https://example.com/logo.png","notes":"Important client","last_contact":"2024-01-15T10:30:00Z","is_customer":false}"#;
    type Output = Company;

    async fn call(self, ctx: Context) -> Result<Company> {
        ctx.write(async move |tx| {
            let now = tx.now();
            self.store(tx, now).await
        })
        .await
    }
}

impl Create {
    /// Stores the company as one that came to be at an instant.
    pub(in crate::resources) async fn store(&self, tx: &mut Tx<'_>, at: Timestamp) -> Result<Company> {
        let args = self.clone();
        let mut company = blank(tx, &args.name, at).await?;
        place(tx, &mut company, args.stage_id, args.position).await?;
        take!(tx, args, company, Moment::Create)?;
        store::insert(tx, company).await
    }
}

/// A new company that came to be at an instant, with the currency of the organization.
pub(super) async fn blank(tx: &mut Tx<'_>, name: &str, at: Timestamp) -> Result<Company> {
    let organization = tx.organization();
    let found = organizations::store::find(tx, organization).await?;
    let Organization { currency, .. } = found.ok_or_else(Error::not_found::<Organization>)?;
    Ok(Company::new(tx, name.to_owned(), currency, at))
}

/// Puts a new company into a stage, if one is named.
pub(super) async fn place(
    tx: &mut Tx<'_>,
    company: &mut Company,
    stage: Option<Id>,
    position: Option<Int<0, 1_000_000>>,
) -> Result<()> {
    match stage {
        Some(stage) => {
            placing::lock_stage(tx, "/stage_id", stage, None).await?;
            placing::enter(tx, company, stage, position.map(Int::as_i32)).await
        }
        None if position.is_some() => {
            Err(Error::argument("/stage_id", "required", "position is the place in a stage: name the stage"))
        }
        None => Ok(()),
    }
}
