//! What queries can ask of companies.

use crate::query::table::{Field, Related, Table, boolean, each, id, keyword, number, open, text, timestamp};
use crate::resources::crm::tags;

/// What queries can ask of companies.
pub static FIELDS: Table = Table::of("company", "companies", COMPANY);

static DOMAINS: Related = Related::of("company_domains", "company_id", "id");
static STAGE: Related = Related::of("stages", "id", "stage_id");
static TAGS: Related = Related::of("tag_uses", "object_id", "id").only("{t}.\"object_type\" = 'company'");

static COMPANY: &[Field] = &[
    id("id", "id"),
    keyword("external_id", "external_id"),
    text("name", "name").by_default().sortable_by_prefix("name"),
    keyword("website", "website").by_default(),
    each("domains", "domain").through(&DOMAINS).folded().by_default(),
    keyword("industry", "industry").sortable(),
    // Kept in thousandths.
    number("deal_value", "deal_value").in_parts(1000).sortable(),
    keyword("currency", "currency"),
    id("stage_id", "stage_id"),
    text("stage", "name").through(&STAGE),
    id("pipeline_id", "pipeline_id").through(&STAGE),
    number("position", "position").always().sortable(),
    text("notes", "notes"),
    boolean("is_customer", "is_customer"),
    id("owner_user_id", "owner_user_id").of_users(),
    timestamp("last_contact", "last_contact").sortable(),
    number("contact_count", "contact_count").always().sortable(),
    number("open_ticket_count", "open_ticket_count").always().sortable(),
    each("tags", "tag_key").alias(&["tag_ids"]).through(&TAGS).folded_by(tags::fold),
    id("created_by", "created_by").of_users(),
    timestamp("created_at", "created_at").sortable_by_id(),
    timestamp("updated_at", "updated_at").always().sortable(),
    open("metadata", "metadata"),
    open("custom_fields", "custom_fields"),
];
