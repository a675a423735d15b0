//! Organizations for tests, with people, keys and one of everything.

use dotdesk::access::authenticate::server_itself;
use dotdesk::access::store;
use dotdesk::access::token::TokenKind;
use dotdesk::access::user::TokenPurpose;
use dotdesk::db::prelude::*;
use dotdesk::db::{Id, Json, Timestamp};
use dotdesk::method::{App, Context, Scope, ScopeSet};
use dotdesk::resources::account::organizations::bootstrap;
use dotdesk::run;
use dotdesk::schema::{api_keys, users};

/// An organization with two people.
pub struct Organization {
    /// The organization.
    pub id: Id,
    /// The user who may do everything.
    pub owner: Id,
    /// A user who may not.
    pub agent: Id,
    /// The role of agents.
    pub agent_role: Id,
    /// An API key with all scopes, acting as the owner.
    pub key: String,
}

/// The password of every user in tests.
pub const PASSWORD: &str = "correct horse battery staple";

/// Creates an organization.
pub async fn create(app: &App, name: &str) -> Organization {
    let id = app.new_id();
    let slug = name.to_lowercase();
    let passwords: &dotdesk::access::password::Passwords = app.services().get().unwrap();
    let hash = passwords.hash(PASSWORD).await.unwrap();
    let ctx = Context::internal(app.clone(), server_itself(id), "setup");
    let new = bootstrap::NewOrganization {
        name: name.to_owned(),
        slug: Some(slug.clone()),
        first_only: false,
        owner_name: "Olivia Owner".into(),
        owner_email: format!("owner@{slug}.test"),
        owner_password_hash: Some(hash.clone()),
    };
    let (owner, agent, agent_role) = ctx
        .write(async move |tx| {
            let (_, owner) = bootstrap::create(tx, &new).await?;
            let agent_role: Id = run!(tx, |c| dotdesk::schema::roles::table
                .filter(dotdesk::schema::roles::organization_id.eq(id).and(dotdesk::schema::roles::name.eq("agent")))
                .select(dotdesk::schema::roles::id)
                .first(c))?;
            let agent = tx.new_id();
            let email = format!("agent@{slug}.test");
            let row = dotdesk::resources::account::users::UserRow {
                id: agent,
                name: "Anton Agent".into(),
                email: Some(email.clone()),
                role_id: agent_role,
                ..owner.row.clone()
            };
            run!(tx, |c| diesel::insert_into(users::table).values(&row).execute(c))?;
            run!(tx, |c| diesel::update(users::table.find((id, agent)))
                .set(users::password_hash.eq(&hash))
                .execute(c))?;
            run!(tx, |c| diesel::insert_into(dotdesk::schema::logins::table)
                .values((
                    dotdesk::schema::logins::name.eq(&email),
                    dotdesk::schema::logins::organization_id.eq(id),
                    dotdesk::schema::logins::user_id.eq(agent),
                ))
                .execute(c))?;
            Ok((owner.row.id, agent, agent_role))
        })
        .await
        .unwrap();
    let key = key(app, id, Some(owner), ScopeSet::ALL, None).await;
    Organization { id, owner, agent, agent_role, key }
}

/// An API key with these scopes.
pub async fn key_with(app: &App, organization: &Organization, scopes: impl IntoIterator<Item = Scope>) -> String {
    key(app, organization.id, Some(organization.owner), scopes.into_iter().collect(), None).await
}

/// An API key.
pub async fn key(
    app: &App,
    organization: Id,
    user: Option<Id>,
    scopes: ScopeSet,
    expires_at: Option<Timestamp>,
) -> String {
    let ctx = Context::internal(app.clone(), server_itself(organization), "setup");
    ctx.write(async move |tx| {
        let (id, now) = (tx.new_id(), tx.now());
        let token = store::issue(tx, TokenKind::Live, TokenPurpose::ApiKey, id, None).await?;
        run!(tx, |c| diesel::insert_into(api_keys::table)
            .values((
                api_keys::organization_id.eq(organization),
                api_keys::id.eq(id),
                api_keys::name.eq("A key of a test"),
                api_keys::environment.eq("live"),
                api_keys::scopes.eq(Json(scopes)),
                api_keys::allowed_methods.eq(Json(Vec::<String>::new())),
                api_keys::ip_allowlist.eq(Json(Vec::<String>::new())),
                api_keys::act_as_user_id.eq(user),
                api_keys::expires_at.eq(expires_at),
                api_keys::prefix.eq("dd_live"),
                api_keys::last4.eq("test"),
                api_keys::created_at.eq(now),
                api_keys::updated_at.eq(now),
            ))
            .execute(c))?;
        Ok(token)
    })
    .await
    .unwrap()
}

/// How many rows every table has.
pub async fn row_counts(app: &App) -> Vec<(String, i64)> {
    macro_rules! count {
        ($conn:expr, $($table:ident),+) => {
            vec![$((
                stringify!($table).to_owned(),
                run!($conn, |c| dotdesk::schema::$table::table.count().get_result::<i64>(c)).unwrap(),
            )),+]
        };
    }
    let mut conn = app.db.read().await.unwrap();
    count!(
        conn,
        organizations,
        hostnames,
        secrets,
        roles,
        users,
        logins,
        teams,
        team_members,
        api_keys,
        sessions,
        tokens,
        outbox,
        feeds,
        events,
        audit_entries,
        idempotency_keys,
        mails,
        search_words,
        tags,
        tag_uses,
        custom_fields,
        pipelines,
        stages,
        companies,
        company_domains,
        company_merges,
        channels,
        files,
        file_tokens,
        file_links,
        file_chunks,
        blobs,
        unused_blobs,
        counters,
        conversations,
        conversation_people,
        conversation_events,
        conversation_merges,
        conversation_merge_messages,
        messages,
        timers,
        csat_surveys,
        views,
        contacts,
        contact_identities,
        deleted_contacts,
        contact_merges,
        segments,
        jobs,
        job_inputs,
        job_results,
        job_lanes,
        imports,
        import_errors,
        exports,
        webhooks,
        webhook_cursors,
        webhook_lanes,
        webhook_deliveries
    )
}

/// Takes every organization away: the server is as empty as on its first day.
pub async fn remove_all(app: &App) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let removed: dotdesk::method::Result<()> = app
        .db
        .write(deadline, async |tx| {
            use dotdesk::schema::*;

            // Only the tables that refer to the organization go with it.
            run!(tx, |c| diesel::delete(file_links::table).execute(c))?;
            run!(tx, |c| diesel::delete(file_chunks::table).execute(c))?;
            run!(tx, |c| diesel::delete(files::table).execute(c))?;
            run!(tx, |c| diesel::delete(blobs::table).execute(c))?;
            run!(tx, |c| diesel::delete(unused_blobs::table).execute(c))?;
            run!(tx, |c| diesel::delete(channels::table).execute(c))?;
            run!(tx, |c| diesel::delete(mails::table).execute(c))?;
            run!(tx, |c| diesel::delete(idempotency_keys::table).execute(c))?;
            run!(tx, |c| diesel::delete(audit_entries::table).execute(c))?;
            run!(tx, |c| diesel::delete(outbox::table).execute(c))?;
            run!(tx, |c| diesel::delete(feeds::table).execute(c))?;
            run!(tx, |c| diesel::delete(events::table).execute(c))?;
            run!(tx, |c| diesel::delete(tokens::table).execute(c))?;
            run!(tx, |c| diesel::delete(api_keys::table).execute(c))?;
            run!(tx, |c| diesel::delete(teams::table).execute(c))?;
            run!(tx, |c| diesel::delete(organizations::table).execute(c))?;
            Ok(())
        })
        .await;
    removed.unwrap();
}
