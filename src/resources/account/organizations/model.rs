//! The organization and its secrets, as they are stored and as callers see them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::{Connectors, DefaultModels, Settings};
use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Code, Object, Output};
use crate::schema::organizations;
use crate::{object, text_enum};

/// Who uses the server: everything else belongs to one.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = organizations, treat_none_as_null = true)]
pub struct Organization {
    /// The organization's id.
    pub id: Id,
    /// What it is called.
    pub name: String,
    /// Its name in addresses and tokens: lower-case letters, digits and dashes.
    pub slug: String,
    /// Its website.
    pub website: Option<String>,
    /// The language for everything that sets none.
    pub language: String,
    /// The time zone for everything that sets none.
    pub timezone: String,
    /// The currency for everything that sets none.
    pub currency: String,
    /// The host names by which its users and visitors reach the server.
    pub hostnames: Json<Vec<String>>,
    /// The user for work that nobody else takes.
    pub default_user_id: Option<Id>,
    /// The team for work that no other team takes.
    pub default_team_id: Option<Id>,
    /// The AI models that are used where none is named.
    pub default_models: Json<DefaultModels>,
    /// How the server reaches the organization's own systems.
    pub connectors: Json<Connectors>,
    /// How conversations are handled.
    pub settings: Json<Settings>,
    /// What was agreed on with who runs the server.
    pub plan: String,
    /// Parts of the server that are switched on or off for the organization.
    pub features: Json<BTreeMap<String, bool>>,
    /// How often the organization was changed, from 1.
    pub version: i64,
    /// When the organization was created.
    pub created_at: Timestamp,
    /// When the organization was last changed.
    pub updated_at: Timestamp,
}

object!(Organization, "organization", OrganizationNotFound, versioned);

text_enum! {
    /// What a secret is for.
    pub enum SecretName {
        /// The password for the organization's API.
        ApiPassword = "api_password",
        /// The token for the organization's API.
        ApiToken = "api_token",
        /// The client secret for Microsoft Graph.
        GraphClientSecret = "graph_client_secret",
        /// The password of the mailbox.
        ImapPassword = "imap_password",
        /// The password for sending mail.
        SmtpPassword = "smtp_password",
        /// The token of the telephony provider.
        TelephonyAuthToken = "telephony_auth_token",
        /// The key of the AI provider.
        AiApiKey = "ai_api_key",
        /// What inbound webhooks are signed with.
        WebhookSigning = "webhook_signing",
    }
}

/// That a secret is kept, and since when; never what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Secret {
    #[serde(skip)]
    pub organization_id: Id,
    /// What it is for.
    pub name: SecretName,
    /// The last four characters; null where the secret is too short to show them, or deleted.
    pub last4: Option<String>,
    /// When it was set; null when it was deleted.
    pub set_at: Option<Timestamp>,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// A secret has no id of its own: in events it goes by that of its organization.
impl Object for Secret {
    const TYPE: &'static str = "secret";
    const NOT_FOUND: Code = Code::OrganizationNotFound;

    fn id(&self) -> Id {
        self.organization_id
    }
}

impl Output for Secret {}
