//! What can be done with roles.

use super::explain::Explain;
use super::model::{ConversationVisibility, Role};
use super::store;
use crate::access::authenticate::Sessions;
use crate::arguments;
use crate::db::{Id, Json};
use crate::method::{
    Access, Area, Code, Context, Entry, Error, Kind, Method, Name, Nullable, Page, Patch, Result, ScopeSet, Tx, Void,
    Words, stored,
};

/// The methods of roles.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListRoles>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<Delete>(),
    Entry::of::<Explain>(),
];

arguments! {
    /// Creates a role.
    ///
    /// You cannot put more into a role than you may do yourself.
    pub struct Create {
        /// What the role is called; unique in the organization.
        pub name: Name<60>,
        /// The scopes it grants.
        pub permissions: ScopeSet,
        /// Who it is for.
        pub description: Nullable<Words<500>>,
        /// Which conversations its holders see; those of their teams if left out.
        pub conversation_visibility: Option<ConversationVisibility>,
    }
}

impl Method for Create {
    const NAME: &'static str = "roles.create";
    const ACCESS: Access = Access::write(Area::Roles);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::NameTaken];
    const EVENTS: &'static [&'static str] = &["role.created"];
    const EXAMPLE: &'static str =
        r#"{"name":"Night shift","permissions":["conversations:read","messages:read","messages:write"]}"#;
    type Output = Role;

    async fn call(self, ctx: Context) -> Result<Role> {
        ctx.write(async move |tx| {
            let args = self.clone();
            store::require_held(tx, args.permissions)?;
            let role = Role {
                organization_id: tx.organization(),
                id: tx.new_id(),
                name: args.name.to_string(),
                description: stored(args.description),
                permissions: Json(args.permissions),
                conversation_visibility: args.conversation_visibility.unwrap_or(ConversationVisibility::Team),
                is_system: false,
                version: 1,
                created_at: tx.now(),
                updated_at: tx.now(),
            };
            store::insert(tx, role).await
        })
        .await
    }
}

arguments! {
    /// Lists the roles of the organization.
    pub struct ListRoles paged {}
}

impl Method for ListRoles {
    const NAME: &'static str = "roles.list";
    const ACCESS: Access = Access::read(Area::Roles);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<Role>;

    async fn call(self, ctx: Context) -> Result<Page<Role>> {
        let window = ctx.page(&self)?;
        let rows = store::list(&mut *ctx.read().await?, ctx.organization(), &window).await?;
        Ok(window.page(&ctx, rows))
    }
}

arguments! {
    /// Answers one role.
    pub struct Info {
        /// The role.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "roles.info";
    const ACCESS: Access = Access::read(Area::Roles);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Role;

    async fn call(self, ctx: Context) -> Result<Role> {
        let found = store::find(&mut *ctx.read().await?, ctx.organization(), self.id).await?;
        found.ok_or_else(Error::not_found::<Role>)
    }
}

arguments! {
    /// Changes a role.
    ///
    /// Fields that are left out stay as they are. What changes holds at once for everybody who has the role. The roles that came
    /// with the organization cannot be changed, nor can one that grants more than you may do yourself.
    pub struct Update {
        /// The role.
        pub id: Id,
        /// What the role is called; unique in the organization.
        pub name: Patch<Name<60>>,
        /// Who it is for.
        pub description: Patch<Nullable<Words<500>>>,
        /// The scopes it grants, in place of those it granted before.
        pub permissions: Patch<ScopeSet>,
        /// Which conversations its holders see.
        pub conversation_visibility: Patch<ConversationVisibility>,
    }
}

impl Method for Update {
    const NAME: &'static str = "roles.update";
    const ACCESS: Access = Access::write(Area::Roles);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::NameTaken, Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["role.updated"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","permissions":["conversations:read","messages:read"]}"#;
    type Output = Role;

    async fn call(self, ctx: Context) -> Result<Role> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, args.id).await?;
            require_changeable(tx, &before)?;
            let mut role = before.clone();
            args.name.apply(&mut role.name);
            args.description.apply(&mut role.description);
            args.permissions.apply(&mut role.permissions);
            args.conversation_visibility.apply(&mut role.conversation_visibility);
            store::require_held(tx, role.permissions.0)?;
            Sessions::forget(tx)?;
            store::save(tx, before, role).await
        })
        .await
    }
}

arguments! {
    /// Deletes a role.
    ///
    /// While users or teams have it, `replace_with_role_id` must say which role they get in its place; they get it without an
    /// event of their own. The roles that came with the organization cannot be deleted.
    pub struct Delete {
        /// The role.
        pub id: Id,
        /// The role for the users and teams that have this one.
        pub replace_with_role_id: Option<Id>,
    }
}

impl Method for Delete {
    const NAME: &'static str = "roles.delete";
    const ACCESS: Access = Access::write(Area::Roles);
    const KIND: Kind = Kind::Delete;
    const ERRORS: &'static [Code] = &[Code::InUse, Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["role.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","replace_with_role_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let role = store::target_to_delete(tx, self.id).await?;
            require_changeable(tx, &role)?;
            if let Some(heir) = self.replace_with_role_id {
                if heir == role.id {
                    return Err(Error::argument("/replace_with_role_id", "unknown_id", "name another role"));
                }
                store::require_grantable(tx, "/replace_with_role_id", heir).await?;
                store::replace(tx, role.id, heir).await?;
            }
            Sessions::forget(tx)?;
            store::delete(tx, &role).await?;
            Ok(Void {})
        })
        .await
    }
}

/// Refuses to change a role that must stay as it is, or is not this caller's to change: who could change a role that grants more
/// than he has could take it from those who have it.
fn require_changeable(tx: &Tx<'_>, role: &Role) -> Result<()> {
    if role.is_system {
        let message =
            format!("The role '{}' came with the organization and stays as it is; create another one.", role.name);
        return Err(Error::new(Code::InvalidState, message));
    }
    store::require_held(tx, role.permissions.0)
}
