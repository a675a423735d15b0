//! A new organization, with everything that it cannot do without: its roles and its first owner.

use super::model::Organization;
use super::settings::{Connectors, DefaultModels, Settings};
use super::store;
use crate::access::authenticate::server_itself;
use crate::access::user::UserStatus;
use crate::db::{Id, Json};
use crate::method::{App, Caller, Code, Context, Error, Result, Tx};
use crate::resources::account::roles::system::create_system_roles;
use crate::resources::account::users::{self, User, UserRow};

/// The longest slug: that of a label of a host name.
const MAX_SLUG: usize = 63;
/// How many numbers are tried behind a slug that is taken.
const NUMBERS: u32 = 99;

/// What a new organization starts from.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// What it is called.
    pub name: String,
    /// Its name in addresses; made from the name where it is `None`.
    pub slug: Option<String>,
    /// Whether it may only be the server's first. Where it may be a further one, a number is put behind a slug that was made
    /// from the name and is taken.
    pub first_only: bool,
    /// What the owner is called.
    pub owner_name: String,
    /// The owner's address, in lower case.
    pub owner_email: String,
    /// The hash of the owner's password; without one, the owner gets in by a password reset or a key that acts as him.
    pub owner_password_hash: Option<String>,
}

/// The server itself, as the caller that creates an organization: it acts in the organization that is to be.
pub fn creator(app: &App) -> Caller {
    server_itself(app.new_id())
}

/// A context outside any request in which [`create`] creates an organization.
pub fn context(app: &App, method: &'static str) -> Context {
    Context::internal(app.clone(), creator(app), method)
}

/// Creates the organization that `tx` acts in, its system roles and its owner.
pub async fn create(tx: &mut Tx<'_>, new: &NewOrganization) -> Result<(Organization, User)> {
    let slug = match &new.slug {
        Some(slug) => slug.clone(),
        None if new.first_only => slug_of(&new.name),
        None => free_slug(tx, &new.name).await?,
    };
    let organization = store::insert(tx, organization(tx, &new.name, slug)).await?;
    if !store::claim_installation(tx).await? && new.first_only {
        return Err(not_the_first());
    }
    let roles = create_system_roles(tx).await?;
    let owner = UserRow::person(tx, &new.owner_name, &new.owner_email, roles.owner, UserStatus::Active);
    let owner = users::store::insert(tx, owner.into(), new.owner_password_hash.as_deref()).await?;
    Ok((organization, owner))
}

/// What is said when a server that has an organization is asked for its first.
pub fn not_the_first() -> Error {
    let message = "This server has an organization already; who runs the server adds further ones on the command line.";
    Error::new(Code::AlreadyExists, message)
}

/// Whether a text can be a slug: 1 to 63 lower-case letters, digits and dashes, with a letter or digit at both ends.
pub fn is_slug(text: &str) -> bool {
    (1..=MAX_SLUG).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn organization(tx: &Tx<'_>, name: &str, slug: String) -> Organization {
    let id: Id = tx.organization();
    Organization {
        id,
        name: name.to_owned(),
        slug,
        website: None,
        language: "en".into(),
        timezone: "UTC".into(),
        currency: "EUR".into(),
        hostnames: Json::default(),
        default_user_id: None,
        default_team_id: None,
        default_models: Json(DefaultModels::default()),
        connectors: Json(Connectors::default()),
        settings: Json(Settings::default()),
        plan: "self_hosted".into(),
        features: Json::default(),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    }
}

/// The slug that a name gives: `Menlo Park, Inc.` gives `menlo-park-inc`.
fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(MAX_SLUG);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "organization".into() } else { slug.into() }
}

/// The slug that a name gives, or the first one with a number behind it that is free.
async fn free_slug(tx: &mut Tx<'_>, name: &str) -> Result<String> {
    let base = slug_of(name);
    let numbered = (2..=NUMBERS).map(|number| {
        let number = format!("-{number}");
        let stem: String = base.chars().take(MAX_SLUG - number.len()).collect();
        format!("{}{number}", stem.trim_end_matches('-'))
    });
    let candidates: Vec<String> = std::iter::once(base.clone()).chain(numbered).collect();
    let taken = store::taken_slugs(tx, &candidates).await?;
    let free = candidates.into_iter().find(|slug| !taken.contains(slug));
    free.ok_or_else(|| {
        Error::new(Code::AlreadyExists, format!("Too many organizations are called {base}; give a slug."))
    })
}

#[cfg(test)]
mod tests {
    use super::{is_slug, slug_of};

    #[test]
    fn names_give_slugs() {
        for (name, slug) in [
            ("Menlo Park, Inc.", "menlo-park-inc"),
            ("  Acme  ", "acme"),
            ("東京", "organization"),
            ("Straße 7", "stra-e-7"),
        ] {
            assert_eq!(slug_of(name), slug);
        }
        let long = slug_of(&"ab ".repeat(60));
        assert!(is_slug(&long), "{long}");
    }

    #[test]
    fn slugs_are_labels_of_host_names() {
        assert!(is_slug("a") && is_slug("acme-2"));
        for wrong in ["", "-a", "a-", "Acme", "a_b", "ä", &"a".repeat(64)] {
            assert!(!is_slug(wrong), "{wrong}");
        }
    }
}
