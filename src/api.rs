//! The one list of all methods, and that of all kinds of job.

use crate::jobs::Entry as JobEntry;
use crate::method::Chapter;
use crate::resources::account::{api_keys, auth, organizations, roles, teams, users};
use crate::resources::channels::channels;
use crate::resources::crm::{companies, contacts, custom_fields, metadata, pipelines, segments, tags};
use crate::resources::data::{audit, batch, exports, imports, jobs};
use crate::resources::inbox::{conversations, csat, files, messages, queries, views};
use crate::resources::integrations::{events, webhooks};
use crate::resources::system::api;

/// Every resource's methods, area by area.
pub const TABLES: &[Chapter] = &[
    Chapter {
        name: "Account",
        tables: &[
            auth::METHODS,
            api_keys::METHODS,
            organizations::METHODS,
            users::METHODS,
            roles::METHODS,
            teams::METHODS,
        ],
    },
    Chapter {
        name: "CRM",
        tables: &[
            companies::METHODS,
            contacts::METHODS,
            segments::METHODS,
            pipelines::METHODS,
            custom_fields::METHODS,
            tags::METHODS,
            metadata::METHODS,
        ],
    },
    Chapter {
        name: "Inbox",
        tables: &[
            conversations::METHODS,
            messages::METHODS,
            files::METHODS,
            queries::METHODS,
            views::METHODS,
            csat::METHODS,
        ],
    },
    Chapter { name: "Channels", tables: &[channels::METHODS] },
    Chapter { name: "Integrations", tables: &[webhooks::METHODS, events::METHODS] },
    Chapter {
        name: "Data",
        tables: &[imports::METHODS, exports::METHODS, jobs::METHODS, batch::METHODS, audit::METHODS],
    },
    Chapter { name: "System", tables: &[api::METHODS] },
];

/// Every kind of job.
pub const JOBS: &[&[JobEntry]] =
    &[companies::JOBS, contacts::JOBS, tags::JOBS, conversations::JOBS, imports::JOBS, exports::JOBS, webhooks::JOBS];
