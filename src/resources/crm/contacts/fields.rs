//! The fields of contacts that queries may name.

use crate::query::table::{boolean, choice, each, id, keyword, number, open, text, timestamp};
use crate::query::{Field, Related, Table};
use crate::resources::crm::tags;

/// What a contact is known by.
static IDENTITIES: Related = Related { table: "contact_identities", own: "id", other: "contact_id", only: "" };
/// The company of a contact.
static COMPANY: Related = Related { table: "companies", own: "company_id", other: "id", only: "" };
/// The tags of a contact.
static TAGS: Related =
    Related { table: "tag_uses", own: "id", other: "object_id", only: "{t}.\"object_type\" = 'contact'" };

const TYPES: &[&str] = &["visitor", "lead", "customer", "partner"];
const IDENTITY_TYPES: &[&str] =
    &["email", "phone", "whatsapp", "telegram", "facebook", "instagram", "slack", "msteams", "twitter", "external"];
const CONSENT: &[&str] = &["unknown", "granted", "denied"];

const ALL: &[Field] = &[
    id("id", "id"),
    keyword("external_id", "external_id"),
    text("name", "name").alias(&["display_name"]).by_default().sortable_by_prefix("name"),
    text("first_name", "first_name"),
    text("last_name", "last_name"),
    keyword("email", "email").folded().by_default().sortable(),
    keyword("email_domain", "email")
        .sql("substr({t}.\"email\", instr({t}.\"email\", '@') + 1)", "split_part({t}.\"email\", '@', 2)")
        .folded(),
    keyword("phone", "phone").folded().by_default(),
    each("identity", "value").through(&IDENTITIES),
    each_of("identity.type", "type", IDENTITY_TYPES).through(&IDENTITIES),
    id("company_id", "company_id"),
    text("company.name", "name").through(&COMPANY),
    keyword("company.industry", "industry").through(&COMPANY),
    id("company.stage_id", "stage_id").through(&COMPANY),
    text("title", "title").by_default(),
    text("role", "role"),
    text("notes", "notes"),
    boolean("is_primary", "is_primary"),
    id("user_id", "user_id").of_users(),
    choice("type", "type", TYPES),
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
    each("tags", "tag_key").through(&TAGS).folded_by(tags::fold),
    number("conversation_count", "conversation_count").sortable(),
    number("open_conversation_count", "open_conversation_count").sortable(),
    timestamp("last_activity_at", "last_activity_at").sortable(),
    timestamp("last_seen_at", "last_seen_at").sortable(),
    timestamp("created_at", "created_at").sortable_by_id(),
    timestamp("updated_at", "updated_at").sortable(),
    open("metadata", "metadata"),
    open("custom_fields", "custom_fields"),
];

/// A list of words of which there are few, one in each of the rows that belong to the contact.
const fn each_of(name: &'static str, column: &'static str, words: &'static [&'static str]) -> Field {
    let mut field = each(name, column).folded();
    field.words = words;
    field
}

/// The fields of contacts that queries may name.
pub static FIELDS: Table = Table::of("contact", "contacts", ALL);
