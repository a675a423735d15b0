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

    outbox (position) {
        position -> BigInt,
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

    sequencer (id) {
        id -> Integer,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::IdSql;

    feeds (organization_id) {
        organization_id -> IdSql,
        last_seq -> BigInt,
        oldest_seq -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    events (organization_id, seq) {
        organization_id -> IdSql,
        seq -> BigInt,
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
    use crate::db::{IdSql};

    counters (organization_id, name) {
        organization_id -> IdSql,
        name -> Text,
        value -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    conversations (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        number -> BigInt,
        external_id -> Nullable<Text>,
        contact_id -> IdSql,
        company_id -> Nullable<IdSql>,
        channel_id -> IdSql,
        channel_type -> Text,
        source -> Text,
        subject -> Nullable<Text>,
        status -> Text,
        snoozed_until -> Nullable<TimestampSql>,
        assigned_to_user_id -> Nullable<IdSql>,
        team_id -> Nullable<IdSql>,
        handler -> Text,
        control_epoch -> BigInt,
        unread_count -> Integer,
        message_count -> Integer,
        is_spam -> Bool,
        priority -> Text,
        tags -> JsonSql,
        details -> JsonSql,
        custom_fields -> JsonSql,
        metadata -> JsonSql,
        words -> JsonSql,
        last_message_at -> Nullable<TimestampSql>,
        waiting_since -> Nullable<TimestampSql>,
        closed_at -> Nullable<TimestampSql>,
        deleted_at -> Nullable<TimestampSql>,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql};

    conversation_people (organization_id, user_id, conversation_id) {
        organization_id -> IdSql,
        user_id -> IdSql,
        conversation_id -> IdSql,
        follows -> Bool,
        is_mentioned -> Bool,
        has_written -> Bool,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    conversation_events (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        conversation_id -> IdSql,
        #[sql_name = "type"]
        type_ -> Text,
        actor -> JsonSql,
        data -> JsonSql,
        created_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::IdSql;

    conversation_merge_messages (organization_id, merge_id, message_id) {
        organization_id -> IdSql,
        merge_id -> IdSql,
        message_id -> IdSql,
        source_id -> IdSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    conversation_merges (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        destination_id -> IdSql,
        sources -> JsonSql,
        is_undone -> Bool,
        created_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    messages (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        conversation_id -> IdSql,
        direction -> Text,
        kind -> Text,
        visibility -> Text,
        status -> Text,
        author -> JsonSql,
        text -> Nullable<Text>,
        html -> Nullable<Text>,
        subject -> Nullable<Text>,
        content -> Nullable<JsonSql>,
        details -> JsonSql,
        metadata -> JsonSql,
        words -> JsonSql,
        client_message_id -> Nullable<Text>,
        external_message_id -> Nullable<Text>,
        approver_user_id -> Nullable<IdSql>,
        approver_team_id -> Nullable<IdSql>,
        scheduled_at -> Nullable<TimestampSql>,
        sent_at -> Nullable<TimestampSql>,
        delivered_at -> Nullable<TimestampSql>,
        read_at -> Nullable<TimestampSql>,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    timers (organization_id, kind, id) {
        organization_id -> IdSql,
        kind -> Text,
        id -> IdSql,
        is_test -> Bool,
        due_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    csat_surveys (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        conversation_id -> IdSql,
        channel -> Text,
        user_id -> Nullable<IdSql>,
        score -> Nullable<Integer>,
        comment -> Nullable<Text>,
        requested_at -> TimestampSql,
        submitted_at -> Nullable<TimestampSql>,
        expires_at -> TimestampSql,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    views (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        name -> Text,
        object -> Text,
        query -> Text,
        sort -> Nullable<Text>,
        visibility -> Text,
        team_id -> Nullable<IdSql>,
        owner_user_id -> Nullable<IdSql>,
        position -> Integer,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    tags (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        key -> Text,
        name -> Text,
        color -> Nullable<Text>,
        description -> Nullable<Text>,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql};

    tag_uses (organization_id, object_type, object_id, tag_key) {
        organization_id -> IdSql,
        object_type -> Text,
        object_id -> IdSql,
        tag_key -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    custom_fields (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        object -> Text,
        name -> Text,
        #[sql_name = "type"]
        type_ -> Text,
        display_name -> Text,
        description -> Nullable<Text>,
        order -> Integer,
        options -> JsonSql,
        is_required_on -> Text,
        default -> Nullable<JsonSql>,
        regex -> Nullable<Text>,
        is_sensitive -> Bool,
        archived -> Bool,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    pipelines (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        name -> Text,
        object -> Text,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql};

    stages (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        pipeline_id -> IdSql,
        name -> Text,
        position -> Integer,
        probability -> Nullable<Integer>,
        outcome -> Text,
        words -> JsonSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    companies (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        name -> Text,
        website -> Nullable<Text>,
        domains -> JsonSql,
        industry -> Nullable<Text>,
        deal_value -> Nullable<BigInt>,
        currency -> Text,
        stage_id -> Nullable<IdSql>,
        position -> Integer,
        logo_url -> Nullable<Text>,
        notes -> Nullable<Text>,
        last_contact -> Nullable<TimestampSql>,
        is_customer -> Bool,
        owner_user_id -> Nullable<IdSql>,
        tags -> JsonSql,
        custom_fields -> JsonSql,
        metadata -> JsonSql,
        external_id -> Nullable<Text>,
        contact_count -> Integer,
        open_ticket_count -> Integer,
        created_by -> Nullable<IdSql>,
        words -> JsonSql,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql};

    company_domains (organization_id, domain) {
        organization_id -> IdSql,
        domain -> Text,
        company_id -> IdSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    company_merges (organization_id, source_id) {
        organization_id -> IdSql,
        source_id -> IdSql,
        destination_id -> IdSql,
        merged_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    contacts (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        company_id -> Nullable<IdSql>,
        name -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        title -> Nullable<Text>,
        role -> Nullable<Text>,
        #[sql_name = "type"]
        type_ -> Text,
        user_id -> Nullable<IdSql>,
        is_primary -> Bool,
        is_verified -> Bool,
        is_blocked -> Bool,
        external_id -> Nullable<Text>,
        details -> JsonSql,
        consent -> JsonSql,
        tags -> JsonSql,
        custom_fields -> JsonSql,
        metadata -> JsonSql,
        words -> JsonSql,
        name_key -> Nullable<Text>,
        conversation_count -> Integer,
        open_conversation_count -> Integer,
        last_activity_at -> Nullable<TimestampSql>,
        last_seen_at -> Nullable<TimestampSql>,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    contact_identities (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        contact_id -> IdSql,
        #[sql_name = "type"]
        type_ -> Text,
        value -> Text,
        likeness -> Text,
        is_primary -> Bool,
        verified_at -> Nullable<TimestampSql>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    deleted_contacts (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        copy -> Nullable<JsonSql>,
        deleted_at -> TimestampSql,
        expires_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    contact_merges (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        source_id -> IdSql,
        destination_id -> IdSql,
        source -> Nullable<JsonSql>,
        destination -> Nullable<JsonSql>,
        conversation_ids -> Nullable<JsonSql>,
        created_at -> TimestampSql,
        expires_at -> TimestampSql,
        unmerged_at -> Nullable<TimestampSql>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    segments (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        name -> Text,
        query -> Text,
        count -> BigInt,
        counted_at -> TimestampSql,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::IdSql;

    search_words (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        kind -> Text,
        parent_id -> Nullable<IdSql>,
        is_private -> Bool,
        row -> BigInt,
        words -> Text,
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

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    webhooks (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        name -> Nullable<Text>,
        description -> Nullable<Text>,
        shown_url -> Text,
        header_names -> JsonSql,
        sealed -> Binary,
        format -> Text,
        events -> JsonSql,
        query -> JsonSql,
        status -> Text,
        disabled_reason -> Nullable<Text>,
        version -> BigInt,
        created_at -> TimestampSql,
        updated_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::IdSql;

    webhook_cursors (organization_id) {
        organization_id -> IdSql,
        seq -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    webhook_lanes (organization_id, webhook_id) {
        organization_id -> IdSql,
        webhook_id -> IdSql,
        starts_after -> Nullable<BigInt>,
        due_at -> Nullable<TimestampSql>,
        leased_until -> Nullable<TimestampSql>,
        lease_owner -> Nullable<IdSql>,
        cancel_through -> Nullable<BigInt>,
        hold_until -> Nullable<TimestampSql>,
        consecutive_failures -> Integer,
        failing_since -> Nullable<TimestampSql>,
        last_delivery_at -> Nullable<TimestampSql>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    webhook_deliveries (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        webhook_id -> IdSql,
        event_id -> IdSql,
        event_type -> Text,
        seq -> Nullable<BigInt>,
        object_id -> IdSql,
        status -> Text,
        attempt_count -> Integer,
        attempts -> JsonSql,
        next_attempt_at -> Nullable<TimestampSql>,
        holds_object -> Bool,
        payload -> Nullable<Text>,
        created_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    jobs (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        #[sql_name = "type"]
        type_ -> Text,
        kind -> Text,
        status -> Text,
        total -> BigInt,
        processed -> BigInt,
        succeeded -> BigInt,
        failed -> BigInt,
        skipped -> BigInt,
        dry_run -> Bool,
        reversible -> Bool,
        reverts_job_id -> Nullable<IdSql>,
        subject_id -> Nullable<IdSql>,
        failure -> Nullable<JsonSql>,
        cursor -> Nullable<Text>,
        steps -> BigInt,
        attempts -> Integer,
        due_at -> Nullable<TimestampSql>,
        created_by -> Nullable<IdSql>,
        started_at -> Nullable<TimestampSql>,
        ended_at -> Nullable<TimestampSql>,
        created_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::IdSql;

    job_inputs (organization_id, job_id) {
        organization_id -> IdSql,
        job_id -> IdSql,
        arguments -> Text,
        caller -> Text,
        request_id -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    job_results (organization_id, job_id, id) {
        organization_id -> IdSql,
        job_id -> IdSql,
        id -> IdSql,
        object_id -> Nullable<IdSql>,
        row_number -> Nullable<BigInt>,
        status -> Text,
        error -> Nullable<JsonSql>,
        changed_fields -> JsonSql,
        version -> Nullable<BigInt>,
        undo -> Nullable<Text>,
        created_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, TimestampSql};

    job_lanes (organization_id) {
        organization_id -> IdSql,
        due_at -> TimestampSql,
        turn -> IdSql,
        lease -> Nullable<IdSql>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    imports (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        job_id -> IdSql,
        object -> Text,
        format -> Text,
        file_id -> Nullable<IdSql>,
        mode -> Text,
        match_on -> Nullable<Text>,
        mapping -> JsonSql,
        on_error -> Text,
        preserve_timestamps -> Bool,
        suppress_events -> Bool,
        status -> Text,
        total -> BigInt,
        created -> BigInt,
        updated -> BigInt,
        skipped -> BigInt,
        failed -> BigInt,
        failure -> Nullable<JsonSql>,
        created_by -> Nullable<IdSql>,
        ended_at -> Nullable<TimestampSql>,
        created_at -> TimestampSql,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::IdSql;

    import_errors (organization_id, import_id, id) {
        organization_id -> IdSql,
        import_id -> IdSql,
        id -> IdSql,
        row_number -> BigInt,
        field -> Nullable<Text>,
        code -> Text,
        message -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::db::{IdSql, JsonSql, TimestampSql};

    exports (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        job_id -> IdSql,
        object -> Text,
        query -> Nullable<Text>,
        fields -> Nullable<JsonSql>,
        format -> Text,
        status -> Text,
        file_id -> Nullable<IdSql>,
        upload_id -> IdSql,
        row_count -> BigInt,
        failure -> Nullable<JsonSql>,
        expires_at -> Nullable<TimestampSql>,
        created_by -> Nullable<IdSql>,
        ended_at -> Nullable<TimestampSql>,
        created_at -> TimestampSql,
    }
}

allow_tables_to_appear_in_same_query!(users, team_members, teams, roles);
allow_tables_to_appear_in_same_query!(sessions, tokens);
allow_tables_to_appear_in_same_query!(
    conversations,
    conversation_people,
    conversation_events,
    conversation_merge_messages,
    messages,
    csat_surveys,
    files,
    file_links
);
allow_tables_to_appear_in_same_query!(companies, company_domains, stages, tag_uses, tags);
allow_tables_to_appear_in_same_query!(contacts, contact_identities);
allow_tables_to_appear_in_same_query!(conversations, tag_uses);
allow_tables_to_appear_in_same_query!(conversations, tags);
allow_tables_to_appear_in_same_query!(conversations, search_words);
allow_tables_to_appear_in_same_query!(messages, search_words);
allow_tables_to_appear_in_same_query!(webhook_cursors, feeds);
