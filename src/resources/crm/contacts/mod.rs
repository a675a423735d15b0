//! Contacts: the people outside the organization, and the addresses, numbers and accounts by which they are known.
//!
//! Methods: `contacts.create list info update upsert delete restore merge unmerge findDuplicates addIdentity updateIdentity
//! removeIdentity findByIdentity block unblock setConsent addTag removeTag authenticate`.
//!
//! What a contact is known by are its identities; each belongs to one contact at a time. `email` and `phone` of a contact are copies
//! of its primary identities of these types, made whenever a contact is stored: setting either changes that identity. A contact
//! that is deleted or merged into another one leaves the table `contacts`, and its copy waits elsewhere until its time is over. So no
//! query has to leave it out, and nothing refers to `contacts` by a foreign key but what goes with the contact: a conversation whose
//! contact was deleted keeps an id that leads nowhere.

mod arguments;
pub mod copies;
mod duplicates;
mod fields;
pub mod heirs;
mod identity;
pub mod listing;
mod merging;
mod methods;
mod model;
mod parts;
pub mod store;

pub use duplicates::{Duplicate, Evidence, Resemblance};
pub use fields::FIELDS;
pub use identity::*;
pub use methods::*;
pub use model::*;
pub use parts::*;
