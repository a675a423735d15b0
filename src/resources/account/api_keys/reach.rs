//! Nobody makes a key that reaches further than he does himself: not by creating it, not by changing it, and not by getting a new
//! secret for one that is there already.

use ipnet::IpNet;

use super::model::{ApiKeyRow, Environment};
use crate::access::store::{self, parse_range};
use crate::method::{Code, Credential, Error, Result, Tx};
use crate::resources::account::roles;

/// Refuses a key that is to be able to do what the caller is not.
pub async fn require(tx: &mut Tx<'_>, key: &ApiKeyRow) -> Result<()> {
    roles::store::require_held(tx, key.scopes.0)?;
    if let Some(user) = key.act_as_user_id {
        let organization = tx.organization();
        let user = store::user(tx, organization, user)
            .await?
            .ok_or_else(|| Error::argument("/act_as_user_id", "unknown_id", format!("there is no user {user}")))?;
        roles::store::require_held(tx, user.scopes)?;
    }
    let caller = tx.ctx().caller()?;
    let Credential::ApiKey(limits) = &caller.credential else { return Ok(()) };
    let refuse = |why: &str| Err(Error::new(Code::NoPermission, why));
    if caller.is_test && key.environment == Environment::Live {
        return refuse("A test key cannot make a live one.");
    }
    let methods = &limits.allowed_methods;
    if !methods.is_empty()
        && (key.allowed_methods.is_empty() || !key.allowed_methods.iter().all(|method| methods.contains(method)))
    {
        return refuse("Your key may call only some methods; name in allowed_methods some of the same.");
    }
    let ranges = &limits.ip_allowlist;
    let is_within = |range: &String| {
        parse_range(range).is_some_and(|range: IpNet| ranges.iter().any(|allowed| allowed.contains(&range)))
    };
    if !ranges.is_empty() && (key.ip_allowlist.is_empty() || !key.ip_allowlist.iter().all(is_within)) {
        return refuse("Your key may be used only from some addresses; name in ip_allowlist some of the same.");
    }
    Ok(())
}
