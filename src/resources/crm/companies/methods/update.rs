use super::super::details::take;
use super::super::model::Company;
use super::super::store;
use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{
    Access, Area, Code, Context, Currency, Document, Hostname, Kind, List, Method, Money, Name, Nullable, Patch,
    Result, Url, Words,
};
use crate::resources::crm::custom_fields::values::Moment;

arguments! {
    /// Changes a company.
    ///
    /// Fields that are left out stay as they are; null clears what can be cleared. Lists are replaced. The stage is changed with
    /// `companies.moveStage`.
    pub struct Update {
        /// The company.
        pub id: Id,
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

impl Method for Update {
    const NAME: &'static str = "companies.update";
    const ACCESS: Access = Access::write(Area::Companies);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists];
    const EVENTS: &'static [&'static str] = &["company.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","is_customer":true}"#;
    type Output = Company;

    async fn call(self, ctx: Context) -> Result<Company> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, args.id).await?;
            let mut company = before.clone();
            args.name.apply(&mut company.name);
            take!(tx, args, company, Moment::Update)?;
            store::save(tx, before, company, "company.updated").await
        })
        .await
    }
}
