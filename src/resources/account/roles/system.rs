//! The roles that come with every organization, and what each may do.

use super::model::{ConversationVisibility, Role};
use super::store;
use crate::db::{Id, Json};
use crate::method::{Area, Result, Scope, ScopeSet, Tx};

/// May do everything; an organization always has an active user with this role.
pub const OWNER: &str = "owner";
/// May do everything that there is a scope for.
pub const ADMIN: &str = "admin";
/// Runs the daily work.
pub const SUPERVISOR: &str = "supervisor";
/// Answers conversations; what users get who are given no other role.
pub const AGENT: &str = "agent";
/// Looks, but changes nothing.
pub const VIEWER: &str = "viewer";

/// The ids of an organization's system roles.
#[derive(Clone, Copy, Debug)]
pub struct SystemRoles {
    pub owner: Id,
    pub admin: Id,
    pub supervisor: Id,
    pub agent: Id,
    pub viewer: Id,
}

/// What concerns the set-up of the organization, its access, its connections to the outside and its bills, rather than the
/// daily work. A supervisor reads all of it and changes none of it.
const SET_UP: &[Area] = &[
    Area::Organization,
    Area::Users,
    Area::Roles,
    Area::Keys,
    Area::Channels,
    Area::Phone,
    Area::Fields,
    Area::Integrations,
    Area::Webhooks,
    Area::Events,
    Area::Privacy,
    Area::Audit,
    Area::Usage,
    Area::Ai,
];

/// What an agent works on.
const WORK: &[Area] = &[
    Area::Conversations,
    Area::Messages,
    Area::Contacts,
    Area::Companies,
    Area::Tickets,
    Area::Deals,
    Area::Tasks,
    Area::Tags,
    Area::Files,
    Area::Views,
    Area::Calls,
];

/// What an agent looks things up in while working.
const REFERENCE: &[Area] = &[
    Area::Organization,
    Area::Users,
    Area::Teams,
    Area::Teammates,
    Area::Channels,
    Area::Fields,
    Area::Templates,
    Area::Actions,
    Area::Automations,
    Area::Topics,
    Area::Documents,
    Area::Articles,
    Area::Trainings,
    Area::Segments,
    Area::Sla,
    Area::Schedules,
    Area::Routing,
    Area::Csat,
    Area::Places,
    // The feed shows everybody only what they could read without it.
    Area::Events,
];

/// Gives a new organization its system roles.
pub async fn create_system_roles(tx: &mut Tx<'_>) -> Result<SystemRoles> {
    use ConversationVisibility::{All, Team};

    let scopes = |granted: fn(Scope) -> bool| Scope::all().filter(|&scope| granted(scope)).collect::<ScopeSet>();
    let supervisor = scopes(|scope| !scope.is_write() || !SET_UP.contains(&scope.area()));
    let agent = scopes(|scope| WORK.contains(&scope.area()) || !scope.is_write() && REFERENCE.contains(&scope.area()));
    let viewer = scopes(|scope| !scope.is_write() && !matches!(scope.area(), Area::Keys | Area::Audit));
    Ok(SystemRoles {
        owner: create(tx, OWNER, "May do everything.", ScopeSet::ALL, All).await?,
        admin: create(tx, ADMIN, "May do everything but what only owners may.", scopes(|_| true), All).await?,
        supervisor: create(tx, SUPERVISOR, "Runs the daily work and sees how it is set up.", supervisor, All).await?,
        agent: create(tx, AGENT, "Works on what the own teams see.", agent, Team).await?,
        viewer: create(tx, VIEWER, "Sees the work and changes nothing.", viewer, All).await?,
    })
}

async fn create(
    tx: &mut Tx<'_>,
    name: &str,
    description: &str,
    permissions: ScopeSet,
    conversation_visibility: ConversationVisibility,
) -> Result<Id> {
    let role = Role {
        organization_id: tx.organization(),
        id: tx.new_id(),
        name: name.to_owned(),
        description: Some(description.to_owned()),
        permissions: Json(permissions),
        conversation_visibility,
        is_system: true,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    Ok(store::insert(tx, role).await?.id)
}
