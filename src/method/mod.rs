//! What a method is, and everything that holds for every method because the machine does it: reading and checking arguments,
//! errors, pages, updates, idempotency, versions, events.

/// The contract that this server speaks, by its date.
pub const API_VERSION: &str = "2026-11-20";

mod app;
pub mod args;
mod arguments;
mod audit;
pub mod binary;
mod caller;
mod codes;
mod context;
pub mod cursor;
mod described;
mod entry;
mod error;
mod fields;
pub mod formats;
pub mod idempotency;
mod keyring;
mod money;
mod object;
pub mod openapi;
mod page;
mod patch;
pub mod postman;
pub mod reference;
mod registry;
mod sample;
mod scope;
mod secret;
mod services;
mod signals;
mod stream;
pub(crate) mod suggest;
mod tx;

pub use app::{App, Clock};
pub use args::Input;
pub use audit::FieldChange;
pub use binary::Binary;
pub use caller::{Actor, ActorType, Caller, Credential, KeyLimits};
pub use codes::{Code, ErrorType};
pub use context::{Context, Request};
pub use described::Described;
pub use entry::{Access, Answer, BODY_LIMIT, Batching, Call, Deprecation, Entry, Kind, Method, Policy, Rate, Within};
pub use error::{Error, FieldError, OrConflict, Result};
pub use fields::{Document, Int, List, Name, Nullable, Text, Words};
pub use formats::{
    Cidr, Country, Currency, Email, FieldName, Hostname, Language, MediaRange, MediaType, Phone, Sha256Hex, Source,
    Timezone, Url, Username, normal,
};
pub use keyring::{BadSecret, Generation, Keyring, SealError};
pub use money::{Amount, Money};
pub use object::{Object, Output, Void};
pub use page::{EXACT_TOTAL, FieldNames, Include, Limit, Page, PageFrame, Paged, Sort, Window};
pub use patch::{Assign, Patch, merge, merge_map, stored};
pub use registry::{Chapter, Registry, Resource};
pub use scope::{Area, Scope, ScopeSet};
pub use secret::Secret;
pub use services::Services;
pub use signals::Signals;
pub use stream::{ByteStream, EventStream};
pub use tx::{Part, Tx};
