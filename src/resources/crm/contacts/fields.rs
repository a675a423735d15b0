//! What queries can ask of contacts.

use serde_json::Value;

use super::identity::IdentityType;
use super::model::ContactType;
use super::parts::ConsentState;
use crate::query::table::{Field, Related, Table, boolean, choice, each, id, keyword, number, open, text, timestamp};
use crate::query::{Fact, Facts};
use crate::resources::crm::tags;

/// What queries can ask of contacts.
pub static FIELDS: Table = Table::of("contact", "contacts", CONTACT).deriving(derived);

fn derived(contact: &Value, facts: &mut Facts) {
    let of_identities = |field: &str| {
        let identities = contact["identities"].as_array().into_iter().flatten();
        identities.filter_map(|identity| identity[field].as_str()).map(|text| Fact::Keyword(text.to_owned())).collect()
    };
    if contact.get("identities").is_some() {
        facts.set("identity", of_identities("value"));
        facts.set("identity.type", of_identities("type"));
    }
    let domain = contact["email"].as_str().and_then(|email| email.rsplit_once('@'));
    facts.set("email_domain", domain.map(|(_, domain)| Fact::Keyword(domain.to_owned())).into_iter().collect());
}

static IDENTITIES: Related = Related::of("contact_identities", "contact_id", "id");
static COMPANY: Related = Related::of("companies", "id", "company_id");
static TAGS: Related = Related::of("tag_uses", "object_id", "id").only("{t}.\"object_type\" = 'contact'");

const CONSENT: &[&str] = ConsentState::WORDS;

static CONTACT: &[Field] = &[
    id("id", "id"),
    keyword("external_id", "external_id"),
    text("name", "name").alias(&["display_name"]).by_default().sortable_by_prefix("name"),
    text("first_name", "first_name"),
    text("last_name", "last_name"),
    keyword("email", "email").folded().by_default().sortable(),
    keyword("email_domain", "")
        .sql("substr({t}.email, instr({t}.email, '@') + 1)", "split_part({t}.email, '@', 2)")
        .folded(),
    keyword("phone", "phone").folded().by_default(),
    keyword("identity", "value").through(&IDENTITIES),
    each("identity.type", "type").through(&IDENTITIES).folded().among(IdentityType::WORDS),
    id("company_id", "company_id"),
    text("company.name", "name").through(&COMPANY),
    keyword("company.industry", "industry").through(&COMPANY),
    id("company.stage_id", "stage_id").through(&COMPANY),
    text("title", "title").by_default(),
    text("role", "role"),
    text("notes", "notes"),
    boolean("is_primary", "is_primary"),
    id("user_id", "user_id").of_users(),
    choice("type", "type", ContactType::WORDS),
    keyword("gender", "details").path(&["gender"]),
    keyword("language", "details").path(&["language"]),
    keyword("timezone", "details").path(&["timezone"]),
    keyword("address.city", "details").path(&["address", "city"]),
    keyword("address.country", "details").path(&["address", "country"]),
    keyword("address.postal_code", "details").path(&["address", "postal_code"]),
    boolean("is_verified", "is_verified"),
    boolean("is_blocked", "is_blocked"),
    choice("consent.email", "consent", CONSENT).path(&["email"]),
    choice("consent.sms", "consent", CONSENT).path(&["sms"]),
    choice("consent.whatsapp", "consent", CONSENT).path(&["whatsapp"]),
    choice("consent.phone", "consent", CONSENT).path(&["phone"]),
    each("tags", "tag_key").alias(&["tag_ids"]).through(&TAGS).folded_by(tags::fold),
    number("conversation_count", "conversation_count").always().sortable(),
    number("open_conversation_count", "open_conversation_count").always().sortable(),
    timestamp("last_activity_at", "last_activity_at").sortable(),
    timestamp("last_seen_at", "last_seen_at").sortable(),
    each("sequence_id", "").nowhere(),
    each("campaign_id", "").nowhere(),
    timestamp("created_at", "created_at").sortable_by_id(),
    timestamp("updated_at", "updated_at").always().sortable(),
    open("metadata", "metadata"),
    open("custom_fields", "custom_fields"),
];
