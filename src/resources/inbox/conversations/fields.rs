//! What queries can ask of conversations.

use serde_json::Value;

use super::details::{HandoffReason, Resolution};
use super::model::{Handler, Priority, Status};
use crate::method::{Area, Scope};
use crate::query::table::{
    Field, Related, Table, boolean, choice, each, each_id, id, keyword, number, open, searched_below, text, timestamp,
};
use crate::query::{Fact, Facts};
use crate::resources::crm::contacts::ContactType;
use crate::resources::crm::tags;
use crate::resources::inbox::messages::{AuthorType, Direction};

/// What queries can ask of conversations.
pub static FIELDS: Table = Table::of("conversation", "conversations", CONVERSATION).deriving(derived);

fn derived(conversation: &Value, facts: &mut Facts) {
    facts.set("is_handed_off", vec![Fact::Flag(!conversation["handoff"].is_null())]);
}

static CONTACT: Related = Related::of("contacts", "id", "contact_id");
static CONTACT_TAGS: Related =
    Related::of("tag_uses", "object_id", "contact_id").only("{t}.\"object_type\" = 'contact'");
static COMPANY: Related = Related::of("companies", "id", "company_id");
static TAGS: Related = Related::of("tag_uses", "object_id", "id").only("{t}.\"object_type\" = 'conversation'");
static FOLLOWERS: Related = Related::of("conversation_people", "conversation_id", "id").only("{t}.\"follows\"");
static AUTHORS: Related = Related::of("conversation_people", "conversation_id", "id").only("{t}.\"has_written\"");

/// Why a conversation may be closed, also by what is not built yet.
const CLOSE_REASONS: &[&str] =
    &["user", "ai_assumed", "ai_decided", "contact_confirmed", "api", "auto", "merge", "spam"];
const SENTIMENTS: &[&str] = &["angry", "neutral", "happy"];

static CONVERSATION: &[Field] = &[
    id("id", "id").indexed(),
    number("number", "number").always().sortable(),
    keyword("external_id", "external_id"),
    text("subject", "subject").by_default(),
    text("display_name", "")
        .sql(
            "coalesce((SELECT c.words ->> 'name' FROM contacts c WHERE c.organization_id = {t}.organization_id \
             AND c.id = {t}.contact_id), {t}.words ->> 'visitor_name')",
            "coalesce((SELECT c.words ->> 'name' FROM contacts c WHERE c.organization_id = {t}.organization_id \
             AND c.id = {t}.contact_id), {t}.words ->> 'visitor_name')",
        )
        .by_default(),
    text("visitor_name", "visitor_name").by_default(),
    keyword("visitor_email", "details").path(&["visitor_email"]),
    keyword("visitor_ip", "details").path(&["visitor_ip"]),
    keyword("page_url", "details").path(&["page_url"]),
    keyword("referrer_url", "details").path(&["referrer_url"]),
    text("user_agent", "user_agent"),
    choice("status", "status", Status::WORDS).indexed(),
    choice("resolution", "details", Resolution::WORDS).path(&["resolution"]),
    choice("close_reason", "details", CLOSE_REASONS).path(&["close_reason"]),
    id("channel_id", "channel_id").indexed(),
    keyword("channel_type", "channel_type").folded(),
    keyword("source", "source"),
    id("contact_id", "contact_id").indexed(),
    id("company_id", "company_id").indexed(),
    keyword("contact.email", "email").folded().through(&CONTACT),
    keyword("contact.phone", "phone").folded().through(&CONTACT),
    choice("contact.type", "type", ContactType::WORDS).through(&CONTACT),
    each("contact.tags", "tag_key").through(&CONTACT_TAGS).folded_by(tags::fold),
    text("company.name", "name").through(&COMPANY),
    boolean("company.is_customer", "is_customer").through(&COMPANY),
    id("assigned_to_user_id", "assigned_to_user_id").of_users().indexed(),
    id("team_id", "team_id").of_teams().indexed(),
    choice("handler", "handler", Handler::WORDS),
    boolean("is_handed_off", "")
        .sql("({t}.details ->> '$.handoff.id') IS NOT NULL", "({t}.details #>> '{handoff,id}') IS NOT NULL"),
    choice("handoff.reason", "details", HandoffReason::WORDS).path(&["handoff", "reason"]),
    choice("handoff.sentiment", "details", SENTIMENTS).path(&["handoff", "sentiment"]),
    boolean("assist_mode", "details").path(&["assist_mode"]),
    boolean("is_read", "").sql("{t}.unread_count = 0", "{t}.unread_count = 0"),
    number("unread_count", "unread_count").always().sortable().implies(1, "\"conversations\".\"unread_count\" > 0"),
    number("message_count", "message_count").always().sortable(),
    each("tags", "tag_key").alias(&["tag_ids"]).through(&TAGS).folded_by(tags::fold),
    each("topic_ids", "").nowhere(),
    text("topic", "").nowhere(),
    choice("priority", "priority", Priority::WORDS).sortable_by_rank().indexed(),
    keyword("language", "details").path(&["language"]),
    choice("sentiment", "", SENTIMENTS).nowhere(),
    text("summary", "").nowhere().by_default(),
    text("contact_reason", "").nowhere(),
    boolean("is_spam", "is_spam"),
    boolean("is_verified", "details").path(&["is_verified"]),
    boolean("is_imported", "details").path(&["is_imported"]),
    boolean("trust_uploads", "details").path(&["trust_uploads"]),
    each_id("follower_user_ids", "user_id").through(&FOLLOWERS).of_users(),
    each_id("participant_user_ids", "user_id").through(&AUTHORS).of_users(),
    each("ticket_ids", "").nowhere(),
    boolean("has_ticket", "").sql("FALSE", "FALSE"),
    keyword("external.system", "details").path(&["external", "system"]),
    keyword("external.id", "details").path(&["external", "id"]),
    keyword("sla.state", "").nowhere(),
    timestamp("sla.due_at", "").sortable().nowhere(),
    number("csat.score", "details").path(&["csat", "score"]).sortable(),
    searched_below("text", "message", false).by_default(),
    searched_below("note", "message", true).needs(Scope::read(Area::Messages)),
    boolean("has_attachments", "").sql(
        "EXISTS (SELECT 1 FROM messages m WHERE m.organization_id = {t}.organization_id AND m.conversation_id = {t}.id \
         AND json_array_length(m.details, '$.attachments') > 0)",
        "EXISTS (SELECT 1 FROM messages m WHERE m.organization_id = {t}.organization_id AND m.conversation_id = {t}.id \
         AND jsonb_array_length(m.details -> 'attachments') > 0)",
    ),
    choice("last_message.direction", "details", Direction::WORDS).path(&["last_message", "direction"]),
    choice("last_message.author_type", "details", AuthorType::WORDS).path(&["last_message", "author", "type"]),
    timestamp("last_message_at", "last_message_at").sortable(),
    timestamp("waiting_since", "waiting_since").sortable(),
    timestamp("snoozed_until", "snoozed_until").sortable(),
    timestamp("first_response_at", "details").path(&["first_response_at"]).sortable(),
    number("first_response_seconds", "")
        .sql(
            "CAST(round(unixepoch({t}.details ->> '$.first_response_at', 'subsec') * 1000) - {t}.created_at AS INTEGER) / 1000",
            "floor(extract(epoch FROM (({t}.details #>> '{first_response_at}')::timestamptz - {t}.created_at)))::bigint",
        )
        .sortable(),
    timestamp("closed_at", "closed_at").sortable(),
    timestamp("created_at", "created_at").sortable_by_id(),
    timestamp("updated_at", "updated_at").always().sortable(),
    timestamp("redacted_at", "").nowhere(),
    open("metadata", "metadata"),
    open("custom_fields", "custom_fields"),
];
