//! Who may be there twice.

use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Context, Error, Kind, Method, Page, Policy, Rate, Result};
use crate::resources::crm::contacts::duplicates::{self, Duplicate};
use crate::resources::crm::contacts::store;

arguments! {
    /// Lists contacts that may be the same person as another one.
    ///
    /// Every contact that resembles an older one is listed once, with the one it resembles most: the same number for calls and on
    /// WhatsApp, the same mailbox or account in different spellings, the same name in the same company. What they have in common is
    /// `evidence`, how likely they are one is `score`. `contacts.merge` makes one of them.
    pub struct FindDuplicates paged {
        /// Only pairs with this contact; then older ones and newer ones are listed.
        pub contact_id: Option<Id>,
    }
}

impl Method for FindDuplicates {
    const NAME: &'static str = "contacts.findDuplicates";
    const ACCESS: Access = Access::read(Area::Contacts);
    const KIND: Kind = Kind::Read;
    const RATE: Rate = Rate { policy: Policy::Search, cost: 1 };
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<Duplicate>;

    async fn call(self, ctx: Context) -> Result<Page<Duplicate>> {
        let window = ctx.page(&self)?;
        let space = ctx.space();
        let (window, found) = ctx
            .scan(async move |conn| {
                let found = match self.contact_id {
                    None => duplicates::list(conn, space, &window).await?,
                    Some(id) => {
                        let found = store::find(conn, space, id).await?;
                        let unknown =
                            || Error::argument("/contact_id", "unknown_id", format!("there is no contact {id}"));
                        duplicates::of(conn, space, &found.ok_or_else(unknown)?, &window).await?
                    }
                };
                Ok((window, found))
            })
            .await?;
        Ok(window.page(&ctx, found))
    }
}
