//! What queries can ask about conversations.

use super::details::{CloseReason, HandoffReason, Resolution};
use super::model::{Handler, Priority, Status};
use crate::method::{Area, Scope};
use crate::query::table::{
    Field, Related, Table, boolean, choice, each, each_id, id, keyword, number, open, searched_below, text, timestamp,
};
use crate::resources::crm::tags;

const CONTACT: Related = Related { table: "contacts", own: "contact_id", other: "id", only: "" };
const CONTACT_TAGS: Related =
    Related { table: "tag_uses", own: "contact_id", other: "object_id", only: "{t}.\"object_type\" = 'contact'" };
const COMPANY: Related = Related { table: "companies", own: "company_id", other: "id", only: "" };
const TAGS: Related =
    Related { table: "tag_uses", own: "id", other: "object_id", only: "{t}.\"object_type\" = 'conversation'" };
const FOLLOWERS: Related =
    Related { table: "conversation_people", own: "id", other: "conversation_id", only: "{t}.\"follows\"" };
const WRITERS: Related =
    Related { table: "conversation_people", own: "id", other: "conversation_id", only: "{t}.\"has_written\"" };

/// The fields of conversations.
pub static FIELDS: Table = Table::of(
    "conversation",
    "conversations",
    &[
        id("id", "id"),
        number("number", "number").sortable(),
        keyword("external_id", "external_id"),
        text("subject", "subject").by_default(),
        DISPLAY_NAME.by_default(),
        text("visitor_name", "visitor_name").by_default(),
        keyword("visitor_email", "details").path(&["visitor_email"]),
        keyword("visitor_ip", "details").path(&["visitor_ip"]),
        keyword("page_url", "details").path(&["page_url"]),
        keyword("referrer_url", "details").path(&["referrer_url"]),
        text("user_agent", "user_agent"),
        choice("status", "status", Status::WORDS),
        choice("resolution", "details", Resolution::WORDS).path(&["resolution"]),
        choice("close_reason", "details", CloseReason::WORDS).path(&["close_reason"]),
        id("channel_id", "channel_id"),
        keyword("channel_type", "channel_type").folded(),
        keyword("source", "source"),
        id("contact_id", "contact_id"),
        id("company_id", "company_id"),
        keyword("contact.email", "email").through(&CONTACT),
        keyword("contact.phone", "phone").through(&CONTACT),
        keyword("contact.type", "type").folded().through(&CONTACT),
        each("contact.tags", "tag_key").folded_by(tags::fold).through(&CONTACT_TAGS),
        text("company.name", "name").through(&COMPANY),
        boolean("company.is_customer", "is_customer").through(&COMPANY),
        id("assigned_to_user_id", "assigned_to_user_id").of_users(),
        id("team_id", "team_id").of_teams(),
        choice("handler", "handler", Handler::WORDS),
        boolean("is_handed_off", "details")
            .sql("({t}.\"details\" ->> '$.handoff') IS NOT NULL", "({t}.\"details\" ->> 'handoff') IS NOT NULL"),
        choice("handoff.reason", "details", HandoffReason::WORDS).path(&["handoff", "reason"]),
        boolean("assist_mode", "details").path(&["assist_mode"]),
        boolean("is_read", "details").sql("{t}.\"unread_count\" = 0", "{t}.\"unread_count\" = 0"),
        number("unread_count", "unread_count").implies(1, "\"conversations\".\"unread_count\" > 0").sortable(),
        number("message_count", "message_count").sortable(),
        each("tags", "tag_key").folded_by(tags::fold).through(&TAGS).alias(&["tag_ids"]),
        choice("priority", "priority", Priority::WORDS).sortable_by_rank(),
        keyword("language", "details").path(&["language"]),
        boolean("is_spam", "is_spam"),
        boolean("is_verified", "details").path(&["is_verified"]),
        boolean("is_imported", "details").path(&["is_imported"]),
        boolean("trust_uploads", "details").path(&["trust_uploads"]),
        each_id("follower_user_ids", "user_id").of_users().through(&FOLLOWERS),
        each_id("participant_user_ids", "user_id").of_users().through(&WRITERS),
        keyword("external.system", "details").path(&["external", "system"]),
        keyword("external.id", "details").path(&["external", "id"]),
        number("csat.score", "details").path(&["csat", "score"]).sortable(),
        searched_below("text", "message", false).by_default(),
        searched_below("note", "message", true).needs(Scope::read(Area::Messages)),
        HAS_ATTACHMENTS,
        keyword("last_message.direction", "details").folded().path(&["last_message", "direction"]),
        keyword("last_message.author_type", "details").folded().path(&["last_message", "author", "type"]),
        timestamp("last_message_at", "last_message_at").sortable(),
        timestamp("waiting_since", "waiting_since").sortable(),
        timestamp("snoozed_until", "snoozed_until").sortable(),
        timestamp("first_response_at", "details").path(&["first_response_at"]).sortable(),
        FIRST_RESPONSE_SECONDS.sortable(),
        timestamp("closed_at", "closed_at").sortable(),
        timestamp("created_at", "created_at").sortable_by_id(),
        timestamp("updated_at", "updated_at").sortable(),
        open("metadata", "metadata"),
        open("custom_fields", "custom_fields"),
    ],
);

/// The contact's name; without one, what the visitor called themselves.
const DISPLAY_NAME: Field = text("display_name", "name").sql(
    "coalesce((SELECT \"d\".\"words\" ->> 'name' FROM \"contacts\" AS \"d\" WHERE \"d\".\"organization_id\" = \
     {t}.\"organization_id\" AND \"d\".\"id\" = {t}.\"contact_id\"), {t}.\"words\" ->> 'visitor_name')",
    "coalesce((SELECT \"d\".\"words\" ->> 'name' FROM \"contacts\" AS \"d\" WHERE \"d\".\"organization_id\" = \
     {t}.\"organization_id\" AND \"d\".\"id\" = {t}.\"contact_id\"), {t}.\"words\" ->> 'visitor_name')",
);

const HAS_ATTACHMENTS: Field = boolean("has_attachments", "details").sql(
    "EXISTS (SELECT 1 FROM \"messages\" AS \"m\" WHERE \"m\".\"organization_id\" = {t}.\"organization_id\" AND \
     \"m\".\"conversation_id\" = {t}.\"id\" AND json_array_length(\"m\".\"details\", '$.attachments') > 0)",
    "EXISTS (SELECT 1 FROM \"messages\" AS \"m\" WHERE \"m\".\"organization_id\" = {t}.\"organization_id\" AND \
     \"m\".\"conversation_id\" = {t}.\"id\" AND jsonb_array_length(\"m\".\"details\" -> 'attachments') > 0)",
);

const FIRST_RESPONSE_SECONDS: Field = number("first_response_seconds", "details").sql(
    "unixepoch({t}.\"details\" ->> '$.first_response_at') - {t}.\"created_at\" / 1000",
    "floor(extract(epoch FROM ({t}.\"details\" ->> 'first_response_at')::timestamptz))::bigint - \
     floor(extract(epoch FROM {t}.\"created_at\"))::bigint",
);
