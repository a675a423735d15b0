//! The tables, as Diesel sees them. A test compares this page with both databases.

use diesel::{allow_tables_to_appear_in_same_query, table};

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    organizations (id) {
        id -> IdSql,
        name -> Text,
        slug -> Text,
        website -> Nullable<Text>,
        language -> Text,
        timezone -> Text,
        currency -> Text,
        hostnames -> JsonSql,
        default_user_id -> Nullable<IdSql>,
        default_team_id -> Nullable<IdSql>,
        default_models -> JsonSql,
        connectors -> JsonSql,
        settings -> JsonSql,
        plan -> Text,
        features -> JsonSql,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql};

    installation (id) {
        id -> Integer,
        organization_id -> IdSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql};

    hostnames (hostname) {
        hostname -> Text,
        organization_id -> IdSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    secrets (organization_id, name) {
        organization_id -> IdSql,
        name -> Text,
        sealed -> Binary,
        last4 -> Text,
        previous_sealed -> Nullable<Binary>,
        previous_until -> Nullable<TimestampSql>,
        set_at -> TimestampSql,
        expires_at -> Nullable<TimestampSql>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    roles (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        name -> Text,
        description -> Nullable<Text>,
        permissions -> JsonSql,
        conversation_visibility -> Text,
        is_system -> Bool,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    users (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        kind -> Text,
        name -> Text,
        email -> Nullable<Text>,
        username -> Nullable<Text>,
        role_id -> IdSql,
        status -> Text,
        availability -> Text,
        away_reason -> Nullable<Text>,
        available_again_at -> Nullable<TimestampSql>,
        is_assignable -> Bool,
        max_open_conversations -> Nullable<Integer>,
        skills -> JsonSql,
        avatar_url -> Nullable<Text>,
        job_title -> Nullable<Text>,
        phone -> Nullable<Text>,
        language -> Nullable<Text>,
        timezone -> Nullable<Text>,
        signatures -> JsonSql,
        external_id -> Nullable<Text>,
        metadata -> JsonSql,
        password_hash -> Nullable<Text>,
        first_seen_at -> Nullable<TimestampSql>,
        last_seen_at -> Nullable<TimestampSql>,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql};

    logins (name, organization_id) {
        name -> Text,
        organization_id -> IdSql,
        user_id -> IdSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    teams (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        name -> Text,
        description -> Nullable<Text>,
        query -> JsonSql,
        user_ids -> JsonSql,
        lead_user_ids -> JsonSql,
        is_support_enabled -> Bool,
        schedule_id -> Nullable<IdSql>,
        assignment_policy_id -> Nullable<IdSql>,
        role_id -> Nullable<IdSql>,
        external_id -> Nullable<Text>,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql};

    team_members (organization_id, user_id, team_id) {
        organization_id -> IdSql,
        user_id -> IdSql,
        team_id -> IdSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    api_keys (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        name -> Text,
        environment -> Text,
        scopes -> JsonSql,
        allowed_methods -> JsonSql,
        ip_allowlist -> JsonSql,
        act_as_user_id -> Nullable<IdSql>,
        rate_limit_per_minute -> Nullable<Integer>,
        expires_at -> Nullable<TimestampSql>,
        prefix -> Text,
        last4 -> Text,
        revoked_at -> Nullable<TimestampSql>,
        last_used_at -> Nullable<TimestampSql>,
        last_used_ip -> Nullable<Text>,
        created_by -> Nullable<IdSql>,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    sessions (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        user_id -> IdSql,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        refresh_digest -> Nullable<Binary>,
        impersonator_id -> Nullable<IdSql>,
        impersonation_reason -> Nullable<Text>,
        created_at -> TimestampSql,
        last_used_at -> TimestampSql,
        expires_at -> TimestampSql,
        revoked_at -> Nullable<TimestampSql>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    tokens (digest) {
        digest -> Binary,
        organization_id -> IdSql,
        purpose -> Text,
        subject_id -> IdSql,
        expires_at -> Nullable<TimestampSql>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    events (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        #[sql_name = "type"]
        type_ -> Text,
        object_type -> Text,
        object_id -> IdSql,
        data -> Text,
        previous -> Nullable<Text>,
        version -> Nullable<BigInt>,
        actor -> Text,
        request_id -> Text,
        is_test -> Bool,
        created_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    audit_entries (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        at -> TimestampSql,
        actor -> Text,
        impersonator_id -> Nullable<IdSql>,
        api_key_id -> Nullable<IdSql>,
        ip -> Nullable<Text>,
        method -> Text,
        target_type -> Nullable<Text>,
        target_id -> Nullable<IdSql>,
        changes -> Text,
        request_id -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    idempotency_keys (organization_id, owner_id, key) {
        organization_id -> IdSql,
        owner_id -> IdSql,
        key -> Text,
        method -> Text,
        fingerprint -> Binary,
        request_id -> Text,
        sealed_body -> Binary,
        created_at -> TimestampSql,
        expires_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    mails (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        sealed -> Binary,
        attempts -> Integer,
        next_attempt_at -> Nullable<TimestampSql>,
        last_error -> Nullable<Text>,
        created_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    channels (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        #[sql_name = "type"]
        type_ -> Text,
        source -> Text,
        source_channel_id -> Nullable<Text>,
        name -> Text,
        is_active -> Bool,
        default_for -> Nullable<Text>,
        default_team_id -> Nullable<IdSql>,
        allowed_file_types -> JsonSql,
        image_url -> Nullable<Text>,
        public_token -> Text,
        metadata -> JsonSql,
        deleted_at -> Nullable<TimestampSql>,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    files (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        name -> Text,
        content_type -> Text,
        size -> BigInt,
        received_size -> BigInt,
        sha256 -> Nullable<Text>,
        status -> Text,
        token -> Text,
        expires_at -> Nullable<TimestampSql>,
        scan -> JsonSql,
        contact_id -> Nullable<IdSql>,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql};

    file_tokens (token) {
        token -> Text,
        organization_id -> IdSql,
        file_id -> IdSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql};

    file_links (organization_id, object_type, object_id, file_id) {
        organization_id -> IdSql,
        object_type -> Text,
        object_id -> IdSql,
        file_id -> IdSql,
        position -> Integer,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql};

    file_chunks (organization_id, file_id, start) {
        organization_id -> IdSql,
        file_id -> IdSql,
        start -> BigInt,
        size -> BigInt,
        sha256 -> Text,
        key -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql};

    blobs (organization_id, sha256) {
        organization_id -> IdSql,
        sha256 -> Text,
        key -> Text,
        size -> BigInt,
        use_count -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    unused_blobs (organization_id, key) {
        organization_id -> IdSql,
        key -> Text,
        due_at -> TimestampSql,
        is_claimed -> Bool,
    }
}

allow_tables_to_appear_in_same_query!(files, file_links);
allow_tables_to_appear_in_same_query!(users, team_members, teams);
allow_tables_to_appear_in_same_query!(sessions, tokens);
