use super::super::model::Company;
use super::super::store;
use crate::arguments;
use crate::db::{Conn, Id};
use crate::method::{Access, Area, Code, Context, Kind, Method, Page, Result};
use crate::query::{Asker, Listing};
use crate::resources::crm::contacts::{self, Contact, listing};
use crate::resources::inbox::conversations::visibility::Sight;
use crate::resources::inbox::conversations::{self, Conversation};

arguments! {
    /// Lists the contacts of a company, those that a query finds, or all.
    pub struct ListContacts filtered {
        /// The company.
        pub id: Id,
    }
}

impl Method for ListContacts {
    const NAME: &'static str = "companies.listContacts";
    const ACCESS: Access = Access::read(Area::Contacts);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::InvalidQuery];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","sort":"created_at:desc"}"#;
    type Output = Page<Contact>;

    async fn call(self, ctx: Context) -> Result<Page<Contact>> {
        let list = Listing::new(&ctx, &self, &contacts::FIELDS)?;
        let (space, company) = (ctx.space(), self.id);
        let (list, found) = ctx
            .scan(async move |conn| {
                require(conn, space, company).await?;
                let filter = listing::Filter { company: Some(company), ..listing::Filter::default() };
                let found = listing::list(conn, space, filter, &list).await?;
                Ok((list, found))
            })
            .await?;
        list.page(&ctx, found)
    }
}

arguments! {
    /// Lists the conversations of a company that the caller sees, those of them that a query finds, or all.
    pub struct ListConversations filtered {
        /// The company.
        pub id: Id,
    }
}

impl Method for ListConversations {
    const NAME: &'static str = "companies.listConversations";
    const ACCESS: Access = Access::read(Area::Conversations);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::InvalidQuery];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","filters":"NOT status:closed","sort":"created_at:desc"}"#;
    type Output = Page<Conversation>;

    async fn call(self, ctx: Context) -> Result<Page<Conversation>> {
        let of_company = format!("company_id:\"{}\"", self.id);
        let of_company = conversations::FIELDS.check(&of_company, &Asker::of(&ctx));
        let of_company = of_company.map_err(|error| error.of_argument("/id"))?.predicate();
        let list = Listing::new(&ctx, &self, &conversations::FIELDS)?.and(of_company);
        let inner = ctx.clone();
        let (list, found) = ctx
            .scan(async move |conn| {
                require(conn, inner.space(), self.id).await?;
                let sight = Sight::of(&inner, conn).await?;
                let list = list.and(sight.predicate());
                let found = conversations::store::list(conn, inner.space(), &list).await?;
                Ok((list, found))
            })
            .await?;
        list.page(&ctx, found)
    }
}

/// The company, or where it went.
pub(super) async fn require(conn: &mut Conn, space: Id, id: Id) -> Result<Company> {
    match store::find(conn, space, id).await? {
        Some(company) => Ok(company),
        None => Err(store::gone(store::merged_into(conn, space, id).await?)),
    }
}
