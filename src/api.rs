//! The one list of all methods, and that of all kinds of job.

use crate::jobs::Entry as JobEntry;
use crate::method::Entry;
use crate::resources::account::{api_keys, auth, organizations, roles, teams, users};
use crate::resources::channels::channels;
use crate::resources::crm::{companies, contacts, custom_fields, metadata, pipelines, segments, tags};
use crate::resources::data::{audit, batch, exports, imports, jobs};
use crate::resources::inbox::{conversations, csat, files, messages, queries, views};
use crate::resources::integrations::{events, webhooks};
use crate::resources::system::api;

/// Every resource's methods, area by area.
pub const TABLES: &[&[Entry]] = &[
    // Account
    auth::METHODS,
    api_keys::METHODS,
    organizations::METHODS,
    users::METHODS,
    roles::METHODS,
    teams::METHODS,
    // CRM
    companies::METHODS,
    contacts::METHODS,
    segments::METHODS,
    pipelines::METHODS,
    custom_fields::METHODS,
    tags::METHODS,
    metadata::METHODS,
    // Inbox
    conversations::METHODS,
    messages::METHODS,
    files::METHODS,
    queries::METHODS,
    views::METHODS,
    csat::METHODS,
    // Channels
    channels::METHODS,
    // Integrations
    webhooks::METHODS,
    events::METHODS,
    // Data in, data out
    imports::METHODS,
    exports::METHODS,
    jobs::METHODS,
    batch::METHODS,
    audit::METHODS,
    // System
    api::METHODS,
];

/// Every kind of job.
pub const JOBS: &[&[JobEntry]] =
    &[companies::JOBS, contacts::JOBS, tags::JOBS, conversations::JOBS, imports::JOBS, exports::JOBS, webhooks::JOBS];
