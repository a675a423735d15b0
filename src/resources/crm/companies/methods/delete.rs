use super::super::model::Company;
use super::super::{belongings, placing, store};
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Context, Kind, Method, Result, Tx, Void};

arguments! {
    /// Deletes a company.
    ///
    /// Its contacts and conversations stay, and belong to no company from then on.
    pub struct Delete {
        /// The company.
        pub id: Id,
    }
}

impl Method for Delete {
    const NAME: &'static str = "companies.delete";
    const ACCESS: Access = Access::write(Area::Companies);
    const KIND: Kind = Kind::Delete;
    const EVENTS: &'static [&'static str] = &["company.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            remove(tx, self.id, |_| Ok(())).await?;
            Ok(Void {})
        })
        .await
    }
}

/// Deletes a company, unless what it is, once it is locked, speaks against it.
pub(in crate::resources) async fn remove(
    tx: &mut Tx<'_>,
    id: Id,
    permit: impl FnOnce(&Company) -> Result<()>,
) -> Result<()> {
    let stage = placing::lock_stage_of(tx, id).await?;
    let company = store::target_to_delete(tx, id).await?;
    placing::still_in(&company, stage)?;
    permit(&company)?;
    placing::leave(tx, &mut company.clone()).await?;
    belongings::release(tx, company.id).await?;
    store::delete(tx, &company).await
}
