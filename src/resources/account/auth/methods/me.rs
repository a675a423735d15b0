//! Finding out who one is.

use super::super::model::Me;
use crate::arguments;
use crate::method::{Access, Context, Credential, Error, Kind, Method, Result};
use crate::resources::account::{api_keys, organizations, roles, teams, users};

arguments! {
    /// Answers who the caller is, and what they may do.
    pub struct WhoAmI {}
}

impl Method for WhoAmI {
    const NAME: &'static str = "auth.me";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Read;
    type Output = Me;

    async fn call(self, ctx: Context) -> Result<Me> {
        let caller = ctx.caller()?;
        let organization = caller.organization;
        let mut conn = ctx.read().await?;
        let user = match caller.user {
            Some(id) => users::store::find(&mut conn, organization, id).await?,
            None => None,
        };
        let role = match &user {
            Some(user) => roles::store::find(&mut conn, organization, user.role_id).await?,
            None => None,
        };
        let teams = match &user {
            Some(user) => teams::store::of_user(&mut conn, organization, user.id).await?,
            None => Vec::new(),
        };
        let key = match caller.credential {
            Credential::ApiKey(_) => {
                api_keys::store::find(&mut conn, organization, caller.credential_id, ctx.now()).await?
            }
            _ => None,
        };
        let organization = organizations::store::find(&mut conn, organization)
            .await?
            .ok_or_else(Error::not_found::<organizations::Organization>)?;
        Ok(Me { user, organization, role, scopes: caller.scopes, teams, key })
    }
}
