use super::super::model::Company;
use super::super::store;
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Kind, Method, Name, Result};
use crate::resources::crm::tags::{self, TaggedType};

arguments! {
    /// Adds a tag to a company.
    ///
    /// A tag that the company has already, in any case of letters, changes nothing. A new one is put on the list of tags.
    pub struct AddTag {
        /// The company.
        pub id: Id,
        /// The tag.
        pub tag: Name<50>,
    }
}

impl Method for AddTag {
    const NAME: &'static str = "companies.addTag";
    const ACCESS: Access = Access::write(Area::Companies);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["company.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","tag":"vip"}"#;
    type Output = Company;

    async fn call(self, ctx: Context) -> Result<Company> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut company = before.clone();
            tags::store::tag(tx, TaggedType::Company, self.id, &mut company.tags, &self.tag).await?;
            store::save(tx, before, company, "company.updated").await
        })
        .await
    }
}

arguments! {
    /// Takes a tag off a company.
    ///
    /// A tag that the company does not have changes nothing.
    pub struct RemoveTag {
        /// The company.
        pub id: Id,
        /// The tag.
        pub tag: Name<50>,
    }
}

impl Method for RemoveTag {
    const NAME: &'static str = "companies.removeTag";
    const ACCESS: Access = Access::write(Area::Companies);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["company.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","tag":"vip"}"#;
    type Output = Company;

    async fn call(self, ctx: Context) -> Result<Company> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut company = before.clone();
            tags::store::untag(tx, TaggedType::Company, self.id, &mut company.tags, &self.tag).await?;
            store::save(tx, before, company, "company.updated").await
        })
        .await
    }
}
