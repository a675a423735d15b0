use super::super::fields::FIELDS;
use super::super::model::Company;
use super::super::store;
use super::belongings::require;
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Name, Page, Result};
use crate::query::Listing;

arguments! {
    /// Lists companies, those that a query finds, or all.
    pub struct ListCompanies filtered {
        /// Only companies in this stage.
        pub stage_id: Option<Id>,
        /// Only customers, or only those that are none.
        pub is_customer: Option<bool>,
        /// Only companies that this user looks after.
        pub owner_user_id: Option<Id>,
    }
}

impl Method for ListCompanies {
    const NAME: &'static str = "companies.list";
    const ACCESS: Access = Access::read(Area::Companies);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::InvalidQuery];
    const EXAMPLE: &'static str =
        r#"{"filters":"is_customer:false AND created_at:>2024-01-15","sort":"created_at:desc"}"#;
    type Output = Page<Company>;

    async fn call(self, ctx: Context) -> Result<Page<Company>> {
        let list = Listing::new(&ctx, &self, &FIELDS)?;
        let filter = store::Filter { stage: self.stage_id, is_customer: self.is_customer, owner: self.owner_user_id };
        let space = ctx.space();
        let (list, found) = ctx
            .scan(async move |conn| {
                let found = store::list(conn, space, filter, &list).await?;
                Ok((list, found))
            })
            .await?;
        list.page(&ctx, found)
    }
}

arguments! {
    /// Answers one company.
    pub struct Info {
        /// The company.
        pub id: Option<Id>,
        /// The company's id in another system, in place of `id`.
        pub external_id: Option<Name<255>>,
    }
}

impl Method for Info {
    const NAME: &'static str = "companies.info";
    const ACCESS: Access = Access::read(Area::Companies);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Company;

    async fn call(self, ctx: Context) -> Result<Company> {
        let mut conn = ctx.read().await?;
        let organization = ctx.space();
        match (self.id, self.external_id) {
            (Some(id), None) => require(&mut conn, organization, id).await,
            (None, Some(external_id)) => {
                let found = store::find_by_external_id(&mut conn, organization, &external_id).await?;
                found.ok_or_else(Error::not_found::<Company>)
            }
            (Some(_), Some(_)) => {
                Err(Error::argument("/external_id", "not_allowed", "send id or external_id, not both"))
            }
            (None, None) => Err(Error::argument("/id", "required", "send id or external_id")),
        }
    }
}
