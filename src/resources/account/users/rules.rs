//! Who may do what to which user.

use super::model::User;
use super::store;
use crate::access;
use crate::access::user::UserStatus;
use crate::db::Id;
use crate::method::{Area, Code, Context, Error, Object, Result, Scope, Tx};
use crate::resources::account::{organizations, roles};

/// Asks for `users:write` where the caller reaches beyond himself.
pub fn require_reach(ctx: &Context, user: Id) -> Result<()> {
    if ctx.caller()?.user == Some(user) { Ok(()) } else { require_administrator(ctx) }
}

/// Asks for `users:write` where it depends on the arguments whether it is needed.
pub fn require_administrator(ctx: &Context) -> Result<()> {
    const NEEDED: Scope = Scope::write(Area::Users);
    let held = ctx.caller()?.scopes;
    if held.has(NEEDED) {
        return Ok(());
    }
    Err(Error::new(Code::MissingScope, format!("{} needs the scope {NEEDED} for this.", ctx.method()))
        .with("needed", NEEDED.to_string())
        .with("provided", held.words().join(",")))
}

/// Refuses to change a user who may do more than the caller: who could set an owner's password would be an owner.
pub async fn require_power_over(tx: &mut Tx<'_>, user: Id) -> Result<()> {
    let caller = tx.ctx().caller()?;
    if caller.user == Some(user) {
        return Ok(());
    }
    let (organization, held) = (caller.organization, caller.scopes);
    let theirs = access::store::user(tx, organization, user).await?.ok_or_else(Error::not_found::<User>)?.scopes;
    if held.missing(theirs).is_empty() {
        return Ok(());
    }
    Err(Error::new(Code::NoPermission, "You cannot change a user who may do more than you."))
}

/// Whether the organization counts on this user as one of its active owners.
pub async fn is_active_owner(tx: &mut Tx<'_>, user: &User) -> Result<bool> {
    let organization = tx.organization();
    Ok(user.status == UserStatus::Active
        && user.role_id == roles::store::system(tx, organization, roles::system::OWNER).await?.id)
}

/// Refuses what has just left the organization without an active owner.
///
/// Called after the change, with the organization locked: of two owners who resign at the same moment, one is refused.
pub async fn require_an_owner(tx: &mut Tx<'_>) -> Result<()> {
    let organization = tx.organization();
    organizations::store::lock(tx).await?;
    let owner = roles::store::system(tx, organization, roles::system::OWNER).await?.id;
    if store::has_active_person(tx, organization, owner).await? {
        return Ok(());
    }
    Err(Error::new(Code::InUse, "This is the organization's last active owner; make another user owner first."))
}

/// Refuses an heir, for the work of a user who leaves, who could not do it.
pub async fn require_heir(tx: &mut Tx<'_>, leaving: &User, heir: Option<Id>) -> Result<()> {
    let Some(heir) = heir else { return Ok(()) };
    let organization = tx.organization();
    store::require(tx, &[("/reassign_to_user_id".into(), heir)]).await?;
    match store::find(tx, organization, heir).await? {
        Some(user) if user.status == UserStatus::Active && user.id() != leaving.id() => Ok(()),
        _ => {
            let message = format!("there is no other active user {heir}");
            Err(Error::argument("/reassign_to_user_id", "unknown_id", message))
        }
    }
}
