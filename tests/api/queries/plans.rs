//! How the databases carry queries out: along an index, wherever the page is, and never through a whole table.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Integer, Text};
use diesel::sqlite::Sqlite;
use dotdesk::db::prelude::*;
use dotdesk::db::{Backend, Transaction};
use dotdesk::method::Context;
use dotdesk::query::{Listing, search};
use dotdesk::resources::crm::contacts::{self, ContactRow};
use dotdesk::resources::inbox::conversations::{self, Conversation};
use dotdesk::schema::contacts::dsl as contact;
use dotdesk::schema::conversations::dsl as conversation;
use dotdesk::{run, run_list};
use serde_json::json;

use crate::support::{Api, on_both};
use dotdesk::access::authenticate::server_itself;

dotdesk::arguments! {
    /// Lists something.
    pub struct ListAny filtered {}
}

/// `EXPLAIN` and a query, with its values.
struct Explain<Q>(Q);

/// The same on SQLite, where a line of the answer has four columns.
struct ExplainPlan<Q>(Q);

impl<Q> QueryId for Explain<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> QueryId for ExplainPlan<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for ExplainPlan<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> diesel::QueryResult<()> {
        out.push_sql("EXPLAIN QUERY PLAN ");
        self.0.walk_ast(out)
    }
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Explain<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> diesel::QueryResult<()> {
        out.push_sql("EXPLAIN ");
        self.0.walk_ast(out)
    }
}

impl<Q> Query for ExplainPlan<Q> {
    type SqlType = (Integer, Integer, Integer, Text);
}

impl<Q> Query for Explain<Q> {
    type SqlType = Text;
}

impl<Q> diesel::RunQueryDsl<diesel::SqliteConnection> for ExplainPlan<Q> {}

/// The plan of a query; on PostgreSQL as it would be for a large table, where reading or sorting all of it is the last resort.
async fn plan<Q>(api: &Api, query: Q) -> String
where
    Q: QueryFragment<Sqlite> + QueryFragment<Pg> + Clone + Send + Sync + 'static,
{
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let explain = async move |tx: &mut Transaction| -> Result<String, dotdesk::db::Fault> {
        match tx.backend() {
            Backend::Sqlite(mut conn) => {
                use diesel::RunQueryDsl;
                let lines: Vec<(i32, i32, i32, String)> = ExplainPlan(query.clone()).load(&mut *conn)?;
                Ok(lines.into_iter().map(|line| line.3 + "\n").collect())
            }
            Backend::Postgres(mut conn) => {
                use diesel_async::RunQueryDsl;
                let conn = &mut conn;
                for setting in ["enable_seqscan", "enable_sort", "enable_incremental_sort"] {
                    diesel::sql_query(format!("SET LOCAL {setting} = off")).execute(conn).await?;
                }
                let lines: Vec<String> = Explain(query.clone()).load(conn).await?;
                Ok(lines.join("\n"))
            }
        }
    };
    api.app.db.write(deadline, explain).await.unwrap()
}

/// What is wrong with a plan: it reads all of a table, or sorts what it found.
fn complaint(plan: &str, table: &str, may_sort: bool) -> Option<String> {
    let reads_all = |line: &str| {
        line.trim().starts_with(&format!("SCAN {table}")) || line.contains(&format!("Seq Scan on {table}"))
    };
    let sorts = |line: &str| line.contains("FOR ORDER BY") || line.contains("Sort Key");
    let bad = plan.lines().find(|line| reads_all(line) || (!may_sort && sorts(line)));
    bad.map(|line| format!("{line}\n\n{plan}"))
}

fn context(api: &Api) -> Context {
    Context::internal(api.app.clone(), server_itself(api.acme.id), "any.list")
}

fn asked(filters: &str, sort: &str, cursor: Option<String>) -> ListAny {
    ListAny {
        filters: (!filters.is_empty()).then(|| filters.into()),
        sort: Some(sort.into()),
        limit: Some(dotdesk::method::Int(1)),
        cursor,
        ..ListAny::default()
    }
}

/// The plans of each statement of a list of conversations, at its start and further on.
async fn conversation_plans(api: &Api, filters: &str, sort: &str) -> Vec<String> {
    let ctx = context(api);
    let space = ctx.space();
    let of_space = || {
        conversation::conversations
            .filter(conversation::organization_id.eq(space).and(conversation::deleted_at.is_null()))
    };
    // Somewhere to go on from.
    let any = Listing::new(&ctx, &asked("", sort, None), &conversations::FIELDS).unwrap();
    let mut conn = ctx.read().await.unwrap();
    let fetched: Result<_, dotdesk::method::Error> =
        async { Ok(run_list!(conn, any, Conversation, conversation::id, of_space())) }.await;
    let cursor = any.page(&ctx, fetched.unwrap()).unwrap().next_cursor;
    assert!(cursor.is_some());
    let start = Listing::new(&ctx, &asked(filters, sort, None), &conversations::FIELDS).unwrap();
    let deep = Listing::new(&ctx, &asked("", sort, cursor), &conversations::FIELDS).unwrap();
    let mut plans = Vec::new();
    for slice in start.slices().into_iter().chain(deep.slices()) {
        let passing = start.passing(|branch| {
            let found = of_space().filter(branch).filter(slice.range.clone());
            found.select(conversation::id).order(slice.order.clone()).limit(51)
        });
        let query = of_space()
            .filter(passing)
            .filter(slice.range.clone())
            .select((conversation::id, conversation::subject, start.key()))
            .order(slice.order.clone())
            .limit(51);
        plans.push(plan(api, query).await);
    }
    plans
}

async fn two_conversations(api: &Api) {
    for n in 0..3 {
        crate::conversations::conversation(api, json!({ "subject": n.to_string() })).await;
    }
}

#[test]
fn lists_of_conversations_are_read_along_an_index() {
    on_both(async |api| {
        two_conversations(api).await;
        let someone = api.acme.owner;
        for (filters, sort, may_sort, index) in [
            ("", "created_at:desc", false, ""),
            ("", "created_at:asc", false, ""),
            ("", "last_message_at:desc", false, "conversations_last_message"),
            ("", "last_message_at:asc", false, "conversations_last_message"),
            ("", "priority:desc", false, "conversations_by_priority"),
            ("", "number:asc", true, "conversations_number"),
            ("source:*sms AND unread_count:[1 TO *]", "created_at:desc", false, "conversations_unread"),
            ("status:open", "created_at:asc", false, "conversations_status"),
            (&format!("contact_id:{someone}"), "created_at:desc", false, "conversations_contact"),
            ("NOT status:closed", "last_message_at:desc", false, "conversations_last_message"),
            (&format!("assigned_to_user_id:{someone}"), "created_at:desc", false, "conversations_assignee"),
            ("metadata.source.google.place_id:1234", "created_at:desc", false, ""),
            ("display_name:*Lovelace", "created_at:desc", false, ""),
            ("tags:(urgent OR vip)", "created_at:desc", true, ""),
            ("contact.email:jane@acme.com", "created_at:desc", true, ""),
            ("text:\"late delivery\"", "created_at:desc", true, ""),
            ("status:(open OR snoozed)", "created_at:desc", false, "conversations_status"),
        ] {
            for plan in conversation_plans(api, filters, sort).await {
                assert_eq!(complaint(&plan, "conversations", may_sort), None, "{filters} {sort}");
                for other in ["messages", "contacts", "tag_uses", "search_words"] {
                    assert_eq!(complaint(&plan, other, true), None, "{filters} {sort}");
                }
                // Which of several indexes PostgreSQL takes depends on how many rows there are; here are hardly any.
                let decides = api.app.db.name() == "sqlite";
                assert!(!decides || plan.contains(index), "{filters} {sort} does not use {index}:\n{plan}");
            }
        }
    });
}

#[test]
fn what_members_of_teams_see_is_read_along_an_index_for_each_reason() {
    on_both(async |api| {
        two_conversations(api).await;
        let someone = api.acme.owner;
        let seen = format!(
            "assigned_to_user_id:{someone} OR follower_user_ids:{someone} OR team_id:{someone} OR \
             (source:*sms AND unread_count:[1 TO *])"
        );
        let indexes =
            ["conversations_assignee", "SEARCH q USING PRIMARY KEY", "conversations_team", "conversations_unread"];
        for filters in [seen.clone(), format!("NOT subject:spam AND ({seen})")] {
            for sort in ["created_at:desc", "created_at:asc"] {
                for plan in conversation_plans(api, &filters, sort).await {
                    assert_eq!(complaint(&plan, "conversations", api.app.db.name() == "postgres"), None, "{sort}");
                    // What PostgreSQL takes depends on how many rows there are.
                    let missing = indexes.iter().find(|index| !plan.contains(*index));
                    assert!(api.app.db.name() == "postgres" || missing.is_none(), "{missing:?} is not used:\n{plan}");
                }
            }
            for sort in ["last_message_at:desc", "last_message_at:asc", "priority:desc"] {
                for plan in conversation_plans(api, &filters, sort).await {
                    assert_eq!(complaint(&plan, "conversations", true), None, "{sort}");
                }
            }
        }
    });
}

fn is_kept_prepared<DB: diesel::backend::Backend>(query: &impl QueryFragment<DB>, on: &DB) -> bool {
    query.is_safe_to_cache_prepared(on).unwrap()
}

#[test]
fn only_what_is_asked_again_and_again_is_kept_prepared() {
    on_both(async |api| {
        for (filters, sort, is_kept) in [
            ("", "created_at:desc", true),
            ("", "last_message_at:desc", false),
            ("status:open", "created_at:desc", false),
            ("status:(open OR closed)", "created_at:desc", false),
        ] {
            let list = Listing::new(&context(api), &asked(filters, sort, None), &conversations::FIELDS).unwrap();
            let slice = &list.slices()[0];
            let all = conversation::conversations;
            let query = all
                .filter(list.passing(|branch| all.filter(branch).select(conversation::id)))
                .filter(slice.range.clone())
                .select((conversation::id, list.key()))
                .order(slice.order.clone());
            let is_safe = (is_kept_prepared(&query, &Sqlite), is_kept_prepared(&query, &Pg));
            assert_eq!(is_safe, (is_kept, is_kept), "{filters} {sort}");
        }
    });
}

#[test]
fn lists_of_contacts_are_read_along_an_index() {
    on_both(async |api| {
        let ctx = context(api);
        let space = ctx.space();
        for name in ["Ada", "Bob"] {
            api.admin().ok("contacts.create", json!({ "name": name, "email": format!("{name}@acme.com") })).await;
        }
        for (sort, index) in [
            ("created_at:desc", ""),
            ("name:asc", "contacts_by_name"),
            ("name:desc", "contacts_by_name"),
            ("email:asc", "contacts_by_email"),
            ("last_activity_at:desc", "contacts_by_activity"),
        ] {
            let start = Listing::new(&ctx, &asked("", sort, None), &contacts::FIELDS).unwrap();
            let of_space = || contact::contacts.filter(contact::organization_id.eq(space));
            let mut conn = ctx.read().await.unwrap();
            let fetched: Result<_, dotdesk::method::Error> =
                async { Ok(run_list!(conn, start, ContactRow, contact::id, of_space())) }.await;
            assert_eq!(fetched.unwrap().rows.len(), 2);
            for slice in start.slices() {
                let query = of_space()
                    .filter(slice.range.clone())
                    .select((contact::id, contact::title, start.key()))
                    .order(slice.order.clone())
                    .limit(51);
                let plan = plan(api, query).await;
                assert_eq!(complaint(&plan, "contacts", false), None, "{sort}");
                // With so few rows PostgreSQL may as well look for those without a key one by one.
                assert!(plan.contains(index) || plan.contains("IS NULL"), "{sort} does not use {index}:\n{plan}");
            }
        }
    });
}

/// So many texts that reading them all is not the quickest way; PostgreSQL looks how many there are.
async fn many_texts(api: &Api) {
    if api.app.db.name() == "sqlite" {
        return;
    }
    let (space, hex) = (api.acme.id, api.acme.id.hex());
    let insert = format!(
        "INSERT INTO search_words SELECT '{space}', gen_random_uuid(), 'message', NULL, FALSE, n, '§{hex}messageo word' || n || ' ' \
         FROM generate_series(1, 5000) n"
    );
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let work = async move |tx: &mut Transaction| -> Result<(), dotdesk::db::Fault> {
        for sql in [insert.as_str(), "ANALYZE search_words"] {
            run!(tx, |c| diesel::sql_query(sql).execute(c))?;
        }
        Ok(())
    };
    api.app.db.write(deadline, work).await.unwrap();
}

#[test]
fn searches_go_through_the_full_text_index() {
    on_both(async |api| {
        let ctx = context(api);
        let space = ctx.space();
        let index =
            if api.app.db.name() == "sqlite" { "search_index VIRTUAL TABLE INDEX" } else { "search_words_words" };
        use dotdesk::schema::search_words::dsl as words;
        many_texts(api).await;
        let query = words::search_words
            .filter(search::found(space, "message", false, "late deliv"))
            .select(words::id)
            .order((words::row.desc(), words::id.desc()))
            .limit(51);
        let plan_found = plan(api, query).await;
        assert_eq!(complaint(&plan_found, "search_words", true), None);
        assert!(plan_found.contains(index), "{plan_found}");
        let query = contact::contacts
            .filter(contact::organization_id.eq(space))
            .filter(search::typed(space, "contacts", "contact", "ada"))
            .select(contact::id)
            .order(contact::id.desc())
            .limit(51);
        let plan_typed = plan(api, query).await;
        assert_eq!(complaint(&plan_typed, "contacts", true), None);
        if api.app.db.name() == "sqlite" {
            // PostgreSQL sees that there are hardly any contacts, and looks at each.
            assert!(plan_typed.contains(index), "{plan_typed}");
        }
    });
}
