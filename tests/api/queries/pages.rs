//! Lists that are sorted by whatever there is: every row once and in order, on both databases, also while others write.

use std::collections::BTreeSet;

use diesel::deserialize::Queryable;
use dotdesk::arguments;
use dotdesk::db::prelude::*;
use dotdesk::db::{Fault, Id, Json, Timestamp, Transaction};
use dotdesk::method::{Code, Context, Page};
use dotdesk::query::table::{Field, Table, choice, keyword, number, text, timestamp};
use dotdesk::query::{Listing, Passing, SORTED_CHARS, words};
use dotdesk::{run, run_list};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{Api, on_both};
use dotdesk::access::authenticate::server_itself;

diesel::table! {
    use diesel::sql_types::*;
    use dotdesk::db::{IdSql, JsonSql, TimestampSql};

    items (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        name -> Nullable<Text>,
        count -> Nullable<BigInt>,
        seen_at -> Nullable<TimestampSql>,
        priority -> Text,
        details -> JsonSql,
        words -> JsonSql,
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = items, treat_none_as_null = true)]
struct Item {
    organization_id: Id,
    id: Id,
    name: Option<String>,
    count: Option<i64>,
    seen_at: Option<Timestamp>,
    priority: String,
    details: Json<Value>,
}

dotdesk::object!(Item, "item", TeamNotFound);

const PRIORITIES: &[&str] = &["none", "low", "high"];

static ITEMS: Table = Table::of("item", "items", FIELDS);
static FIELDS: &[Field] = &[
    text("name", "name").sortable_by_prefix("name"),
    keyword("alias", "name").sortable(),
    number("count", "count").sortable().implies(1, "\"items\".\"count\" > 0"),
    timestamp("seen_at", "seen_at").sortable(),
    choice("priority", "priority", PRIORITIES).sortable_by_rank().indexed(),
    number("place.floor", "details").path(&["place", "floor"]).sortable(),
    timestamp("place.since", "details").path(&["place", "since"]).sortable(),
    timestamp("created_at", "id").sortable_by_id(),
];

arguments! {
    /// Lists items.
    pub struct ListItems filtered {}
}

/// What a value sorts as: what is not there comes first.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Rank {
    Nothing,
    Number(f64),
    Bytes(Vec<u8>),
}

impl Item {
    fn rank(&self, field: &str) -> Rank {
        let number = |number: Option<f64>| number.map_or(Rank::Nothing, Rank::Number);
        match field {
            // A name that is not there counts as an empty one.
            "name" | "alias" => {
                let start: String = self.name.iter().flat_map(|name| name.chars()).take(SORTED_CHARS).collect();
                Rank::Bytes(start.to_ascii_lowercase().into_bytes())
            }
            "count" => number(self.count.map(|count| count as f64)),
            "seen_at" => number(self.seen_at.map(|at| at.millis() as f64)),
            "priority" => number(PRIORITIES.iter().position(|word| *word == self.priority).map(|rank| rank as f64)),
            "place.floor" => number(self.details["place"]["floor"].as_f64()),
            "place.since" => match self.details["place"]["since"].as_str() {
                Some(text) => Rank::Bytes(text.as_bytes().to_vec()),
                None => Rank::Nothing,
            },
            _ => Rank::Nothing,
        }
    }
}

fn item(space: Id, n: u16) -> impl Strategy<Value = Item> {
    use proptest::option::weighted;
    let long = "a name of more than twenty-four letters";
    let names = proptest::sample::select(vec![
        "Ada".to_owned(),
        "ada".into(),
        "ADA".into(),
        "Ünï".into(),
        "ünï".into(),
        "z".into(),
        "".into(),
        "退款".into(),
        "\u{1f642}".into(),
        "a b".into(),
        "a_b".into(),
        long.into(),
        format!("{long} A"),
        format!("{long} B"),
        "\u{1f642}".repeat(30),
    ]);
    let floors = proptest::sample::select(vec![
        json!(0),
        json!(-3),
        json!(12.5),
        json!(0.1),
        json!(0.30000000000000004),
        json!(0.3),
    ]);
    let instants = 1_700_000_000_000i64..1_700_000_000_005;
    (
        weighted(0.7, names),
        weighted(0.7, -2i64..4),
        weighted(0.7, instants.clone()),
        proptest::sample::select(PRIORITIES),
        weighted(0.7, floors),
        weighted(0.7, instants),
    )
        .prop_map(move |(name, count, seen_at, priority, floor, since)| {
            let mut bytes = [1; 16];
            bytes[14..].copy_from_slice(&n.to_be_bytes());
            let since = since.map(|at| Timestamp::from_millis(at).to_string());
            Item {
                organization_id: space,
                id: Id::from_bytes(bytes),
                name,
                count,
                seen_at: seen_at.map(Timestamp::from_millis),
                priority: priority.to_owned(),
                details: Json(json!({ "place": { "floor": floor, "since": since } })),
            }
        })
}

/// Changes the database.
async fn write<F>(api: &Api, work: F)
where
    F: AsyncFn(&mut Transaction) -> Result<(), Fault> + Send + 'static,
{
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    api.app.db.write(deadline, work).await.unwrap();
}

async fn create_table(api: &Api) {
    let sql = match api.app.db.name() {
        "sqlite" => {
            "CREATE TABLE items (organization_id BLOB NOT NULL, id BLOB NOT NULL, name TEXT, count INTEGER, seen_at INTEGER, \
             priority TEXT NOT NULL, details TEXT NOT NULL, words TEXT NOT NULL, PRIMARY KEY (organization_id, id)) WITHOUT ROWID"
        }
        _ => {
            "CREATE TABLE items (organization_id uuid NOT NULL, id uuid NOT NULL, name text, count bigint, seen_at timestamptz, \
             priority text NOT NULL, details jsonb NOT NULL, words jsonb NOT NULL, PRIMARY KEY (organization_id, id))"
        }
    };
    write(api, async move |tx| Ok(run!(tx, |c| diesel::sql_query(sql).execute(c)).map(|_| ())?)).await;
}

async fn insert(api: &Api, new: Vec<Item>) {
    write(api, async move |tx| {
        for item in &new {
            let words = words::of([("name", item.name.as_deref())]);
            run!(tx, |c| diesel::insert_into(items::table).values((item, items::words.eq(&words))).execute(c))?;
        }
        Ok(())
    })
    .await;
}

fn context(api: &Api) -> Context {
    Context::internal(api.app.clone(), server_itself(api.acme.id), "items.list")
}

async fn page(api: &Api, args: &ListItems) -> Result<Page<Item>, dotdesk::method::Error> {
    let ctx = context(api);
    let space = ctx.space();
    let list = Listing::new(&ctx, args, &ITEMS)?;
    let mut conn = ctx.read().await?;
    let fetched = run_list!(conn, list, Item, items::id, items::table.filter(items::organization_id.eq(space)));
    list.page(&ctx, fetched)
}

fn arguments(sort: &str, limit: i64, filters: Option<&str>) -> ListItems {
    ListItems {
        sort: Some(sort.into()),
        limit: Some(dotdesk::method::Int(limit)),
        filters: filters.map(Into::into),
        ..ListItems::default()
    }
}

const SORTS: &[&str] = &["name", "alias", "count", "seen_at", "priority", "place.floor", "place.since", "created_at"];

/// A query, into how many parts it is taken apart, and what it lets through.
type Filter = (Option<&'static str>, usize, fn(&Item) -> bool);

const FILTERS: [Filter; 5] = [
    (None, 0, |_| true),
    (Some("count:>=0"), 0, |item| item.count >= Some(0)),
    (Some("priority:(high OR low)"), 2, |item| item.priority != "none"),
    // What passes one of them passes the other, too.
    (Some("count:>=1 OR priority:high OR (count:>=2 AND NOT name:z)"), 3, |item| {
        item.count >= Some(1) || item.priority == "high"
    }),
    (Some("count:<=2 AND (priority:none OR count:>=1)"), 2, |item| {
        item.count <= Some(2) && (item.count >= Some(1) || item.count.is_some() && item.priority == "none")
    }),
];

#[test]
fn a_walk_finds_every_row_once_in_order() {
    on_both(async |api| {
        create_table(api).await;
        let mut runner = TestRunner::new(Config::default());
        let made: Vec<Item> = (0..60).map(|n| item(api.acme.id, n).new_tree(&mut runner).unwrap().current()).collect();
        insert(api, made.clone()).await;
        for field in SORTS {
            for direction in ["asc", "desc"] {
                let mut expected: Vec<&Item> = made.iter().collect();
                expected.sort_by(|a, b| a.rank(field).partial_cmp(&b.rank(field)).unwrap().then(a.id.cmp(&b.id)));
                if direction == "desc" {
                    expected.reverse();
                }
                let some = FILTERS.into_iter().map(|filter| (7, filter));
                let all = [1, 59, 60].into_iter().map(|limit| (limit, FILTERS[0]));
                for (limit, (filters, _, passes)) in all.chain(some) {
                    let sort = format!("{field}:{direction}");
                    let expected: Vec<&&Item> = expected.iter().filter(|item| passes(item)).collect();
                    let mut args = arguments(&sort, limit, filters);
                    args.include = Some(vec![dotdesk::method::Include::Total].into());
                    let mut found: Vec<Item> = Vec::new();
                    loop {
                        let page = page(api, &args).await.unwrap();
                        assert_eq!(page.total, Some(expected.len() as i64));
                        found.extend(page.data);
                        let Some(cursor) = page.next_cursor else { break };
                        assert!(cursor.len() <= 200, "{sort}: a cursor of {} characters", cursor.len());
                        assert_eq!(found.len() % limit as usize, 0, "{sort}: a page that is not full");
                        args.cursor = Some(cursor);
                    }
                    let ids = |items: &[&Item]| items.iter().map(|item| item.id).collect::<Vec<_>>();
                    let expected: Vec<&Item> = expected.into_iter().copied().collect();
                    let found: Vec<&Item> = found.iter().collect();
                    assert_eq!(ids(&found), ids(&expected), "{sort}, {limit} a page, {filters:?}");
                }
            }
        }
    });
}

#[test]
fn what_several_indexes_lead_to_is_taken_apart() {
    on_both(async |api| {
        for (filters, parts, _) in FILTERS {
            let list = Listing::new(&context(api), &arguments("name:asc", 7, filters), &ITEMS).unwrap();
            let found = match list.passing(|branch| branch) {
                Passing::All(_) => 0,
                Passing::AnyOf(_, branches) => branches.len(),
            };
            assert_eq!(found, parts, "{filters:?}");
        }
    });
}

#[test]
fn what_stays_as_it_is_comes_once_while_others_write() {
    on_both(async |api| {
        create_table(api).await;
        let mut runner = TestRunner::new(Config::default());
        let mut next = 0;
        let mut make = |runner: &mut TestRunner| {
            next += 1;
            item(api.acme.id, next).new_tree(runner).unwrap().current()
        };
        for field in SORTS {
            for direction in ["asc", "desc"] {
                write(api, async |tx| Ok(run!(tx, |c| diesel::delete(items::table).execute(c)).map(|_| ())?)).await;
                let made: Vec<Item> = (0..30).map(|_| make(&mut runner)).collect();
                insert(api, made.clone()).await;
                let mut stable: BTreeSet<Id> = made.iter().map(|item| item.id).collect();
                let mut args = arguments(&format!("{field}:{direction}"), 4, None);
                let mut found: Vec<Id> = Vec::new();
                loop {
                    let page = page(api, &args).await.unwrap();
                    found.extend(page.data.iter().map(|item| item.id));
                    let Some(cursor) = page.next_cursor else { break };
                    assert_eq!(page.data.len(), 4);
                    args.cursor = Some(cursor);
                    // The row that the cursor stands at goes, one is moved, and one comes.
                    let gone = page.data[3].id;
                    let moved = stable.iter().find(|id| !found.contains(id)).copied().unwrap_or(gone);
                    stable.remove(&gone);
                    stable.remove(&moved);
                    let other = Item { id: moved, ..make(&mut runner) };
                    let new = make(&mut runner);
                    write(api, async move |tx| {
                        let of = (other.organization_id, gone);
                        run!(tx, |c| diesel::delete(items::table.find(of)).execute(c))?;
                        let of = (other.organization_id, other.id);
                        run!(tx, |c| diesel::update(items::table.find(of)).set(&other).execute(c))?;
                        Ok(())
                    })
                    .await;
                    insert(api, vec![new]).await;
                }
                for id in &stable {
                    let times = found.iter().filter(|found| *found == id).count();
                    assert_eq!(times, 1, "{field}:{direction}: {id} came {times} times");
                }
            }
        }
    });
}

#[test]
fn a_cursor_belongs_to_its_order_and_its_filters() {
    on_both(async |api| {
        create_table(api).await;
        let mut runner = TestRunner::new(Config::default());
        let made = (0..6).map(|n| item(api.acme.id, n).new_tree(&mut runner).unwrap().current()).collect();
        insert(api, made).await;
        let args = arguments("count:asc", 2, None);
        let cursor = page(api, &args).await.unwrap().next_cursor;
        for (sort, filters) in
            [("count:desc", None), ("name:asc", None), ("created_at:asc", None), ("count:asc", Some("*"))]
        {
            let other = ListItems { cursor: cursor.clone(), ..arguments(sort, 2, filters) };
            let error = page(api, &other).await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidCursor, "{sort} {filters:?}");
        }
        let more = ListItems { cursor, limit: Some(dotdesk::method::Int(100)), ..args };
        assert_eq!(page(api, &more).await.unwrap().data.len(), 4);
        for wrong in ["size:asc", "count:up", "count:", ":asc", "details:asc", "cuont:asc"] {
            let error = page(api, &arguments(wrong, 2, None)).await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidArguments, "{wrong}");
            let problem = &error.fields()[0];
            assert_eq!(problem.pointer, "/sort");
            assert!(problem.details["allowed"].as_array().unwrap().contains(&json!("count")), "{wrong}: {problem:?}");
        }
    });
}
