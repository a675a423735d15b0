//! The company, as it is stored and as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Amount, Tx};
use crate::object;
use crate::query::words::{self, Words};
use crate::schema::companies;

/// An organization that contacts belong to.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = companies, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct Company {
    #[serde(skip)]
    pub organization_id: Id,
    /// The company's id.
    pub id: Id,
    /// What the company is called; several companies may have the same name.
    pub name: String,
    /// The company's web site.
    pub website: Option<String>,
    /// The domains of the company's mail addresses and web sites; no other company has them.
    pub domains: Json<Vec<String>>,
    /// What the company does.
    pub industry: Option<String>,
    /// What a deal with the company is worth, in units of `currency`.
    pub deal_value: Option<Amount>,
    /// The currency of `deal_value`.
    pub currency: String,
    /// The stage of a pipeline that the company is in.
    pub stage_id: Option<Id>,
    /// The company's place among those in its stage, from 0; 0 without a stage.
    pub position: i32,
    /// The address of the company's logo.
    pub logo_url: Option<String>,
    /// What there is to know about the company.
    pub notes: Option<String>,
    /// When there was contact with the company last.
    pub last_contact: Option<Timestamp>,
    /// Whether the company is a customer.
    pub is_customer: bool,
    /// The user who looks after the company.
    pub owner_user_id: Option<Id>,
    /// The company's tags.
    pub tags: Json<Vec<String>>,
    /// The values of custom fields, by their names.
    pub custom_fields: Json<Map<String, Value>>,
    /// Anything else, as a free document.
    pub metadata: Json<Map<String, Value>>,
    /// The company's id in another system.
    pub external_id: Option<String>,
    /// How many contacts belong to the company.
    pub contact_count: i32,
    /// How many tickets of the company are open.
    pub open_ticket_count: i32,
    /// The user who created the company; null for a key that acts for the organization.
    pub created_by: Option<Id>,
    /// How often the company was changed, from 1.
    pub version: i64,
    /// When the company was created.
    pub created_at: Timestamp,
    /// When the company was last changed.
    pub updated_at: Timestamp,
}

object!(Company, "company", CompanyNotFound, versioned);

impl Company {
    /// A new company that came to be at an instant, and of which only the name is known.
    pub fn new(tx: &Tx<'_>, name: String, currency: String, at: Timestamp) -> Self {
        Self {
            organization_id: tx.space(),
            id: tx.new_id_at(at),
            name,
            website: None,
            domains: Json::default(),
            industry: None,
            deal_value: None,
            currency,
            stage_id: None,
            position: 0,
            logo_url: None,
            notes: None,
            last_contact: None,
            is_customer: false,
            owner_user_id: None,
            tags: Json::default(),
            custom_fields: Json::default(),
            metadata: Json::default(),
            external_id: None,
            contact_count: 0,
            open_ticket_count: 0,
            created_by: tx.ctx().caller_if_any().and_then(|caller| caller.user),
            version: 1,
            created_at: at,
            updated_at: tx.now(),
        }
    }

    /// The words by which the company is found.
    pub fn words(&self) -> Json<Words> {
        words::of([("name", Some(&self.name)), ("notes", self.notes.as_deref())])
    }
}
