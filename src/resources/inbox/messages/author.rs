//! Who writes a message.

use super::model::{Author, AuthorKind, AuthorType};
use super::store;
use crate::access::user::UserKind;
use crate::db::Id;
use crate::method::{ActorType, Error, Result, Tx};
use crate::resources::crm::contacts::Contact;

/// The caller, as the author of what the call writes.
pub async fn of_caller(tx: &mut Tx<'_>) -> Result<Author> {
    let caller = tx.ctx().caller()?.clone();
    if let Some(user) = caller.user
        && let Some(author) = of_user(tx, user).await?
    {
        return Ok(author);
    }
    let type_ = match caller.actor.kind {
        ActorType::System => AuthorType::System,
        _ => AuthorType::Integration,
    };
    Ok(Author { type_, id: Some(caller.actor.id), name: Some(caller.actor.name), avatar_url: None, kind: None })
}

/// A user whom an argument names as the author.
pub async fn require(tx: &mut Tx<'_>, pointer: &str, user: Id) -> Result<Author> {
    let unknown = || Error::argument(pointer, "unknown_id", format!("there is no user {user}"));
    of_user(tx, user).await?.ok_or_else(unknown)
}

/// A contact.
pub fn of_contact(contact: &Contact) -> Author {
    Author {
        type_: AuthorType::Contact,
        id: Some(contact.id),
        name: contact.name.clone(),
        avatar_url: contact.details.avatar_url.clone(),
        kind: None,
    }
}

/// A contact of whom only the id is left.
pub fn of_gone_contact(id: Id) -> Author {
    Author { type_: AuthorType::Contact, id: Some(id), name: None, avatar_url: None, kind: None }
}

async fn of_user(tx: &mut Tx<'_>, user: Id) -> Result<Option<Author>> {
    let organization = tx.organization();
    let Some((name, avatar_url, kind)) = store::user(tx, organization, user).await? else { return Ok(None) };
    let kind = match kind {
        UserKind::Human => AuthorKind::Human,
        UserKind::Ai => AuthorKind::Ai,
    };
    Ok(Some(Author { type_: AuthorType::User, id: Some(user), name: Some(name), avatar_url, kind: Some(kind) }))
}

impl Author {
    /// Whether a person of the organization writes.
    pub fn is_person(&self) -> bool {
        self.kind == Some(AuthorKind::Human)
    }

    /// Whether an AI teammate writes.
    pub fn is_ai(&self) -> bool {
        self.kind == Some(AuthorKind::Ai)
    }

    /// The user who writes, if it is one.
    pub fn user(&self) -> Option<Id> {
        self.id.filter(|_| self.type_ == AuthorType::User)
    }
}
