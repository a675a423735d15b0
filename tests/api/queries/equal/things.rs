//! Random things, and random queries about them.

use std::collections::BTreeSet;

use dotdesk::db::prelude::*;
use dotdesk::db::{Id, Json, Timestamp, Transaction};
use dotdesk::query::table::{Field, Related, Table};
use dotdesk::query::table::{boolean, choice, each, id, ids, keyword, list, number, open, searched, text, timestamp};
use dotdesk::query::{Fact, Facts, words};
use dotdesk::run;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

diesel::table! {
    use diesel::sql_types::*;
    use dotdesk::db::{IdSql, JsonSql, TimestampSql};

    things (organization_id, id) {
        organization_id -> IdSql,
        id -> IdSql,
        key -> Nullable<Text>,
        status -> Nullable<Text>,
        owner_id -> Nullable<IdSql>,
        count -> Nullable<BigInt>,
        amount -> Nullable<BigInt>,
        flag -> Nullable<Bool>,
        at -> Nullable<TimestampSql>,
        labels -> JsonSql,
        details -> JsonSql,
        metadata -> JsonSql,
        words -> JsonSql,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use dotdesk::db::IdSql;

    thing_tags (organization_id, thing_id, tag) {
        organization_id -> IdSql,
        thing_id -> IdSql,
        tag -> Text,
    }
}

static TAGS: Related = Related::of("thing_tags", "thing_id", "id").only("{t}.\"tag\" <> 'hidden'");

const STATUSES: &[&str] = &["open", "closed"];

pub static THINGS: Table = Table::of("thing", "things", FIELDS);
static FIELDS: &[Field] = &[
    id("id", "id").indexed(),
    keyword("key", "key").by_default(),
    choice("status", "status", STATUSES).indexed(),
    id("owner_id", "owner_id").of_users().indexed(),
    number("count", "count").implies(1, "count > 0"),
    number("amount", "amount").in_parts(1000),
    boolean("flag", "flag"),
    boolean("has_key", "").sql("{t}.key IS NOT NULL", "{t}.key IS NOT NULL"),
    timestamp("at", "at"),
    list("labels", "labels"),
    each("tags", "tag").through(&TAGS).folded_by(lower),
    keyword("place.city", "details").path(&["place", "city"]),
    number("place.floor", "details").path(&["place", "floor"]),
    boolean("place.is_open", "details").path(&["place", "is_open"]),
    timestamp("place.since", "details").path(&["place", "since"]),
    ids("place.user_ids", "details").path(&["place", "user_ids"]).of_users(),
    text("name", "name").alias(&["title"]).by_default(),
    text("note", "note"),
    searched("text", "thing"),
    open("metadata", "metadata"),
];

pub fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// A thing as it is stored.
#[derive(Clone, Debug)]
pub struct Thing {
    pub id: Id,
    key: Option<String>,
    status: Option<&'static str>,
    owner: Option<Id>,
    count: Option<i64>,
    amount: Option<i64>,
    flag: Option<bool>,
    at: Option<i64>,
    labels: Vec<String>,
    tags: BTreeSet<String>,
    details: Value,
    metadata: Value,
    name: Option<String>,
    note: Option<String>,
    text: Option<String>,
}

pub const SPACE: Id = Id::from_bytes([7; 16]);
pub const NOW: i64 = 1_795_155_754_492;
/// Texts with what could go wrong: case, other letters, wildcards of LIKE, of patterns and of regular expressions, quotes, numbers.
const TEXTS: &[&str] = &[
    "sms",
    "twilio.sms",
    "SMS",
    "Sms",
    "50%",
    "a_b",
    "aXb",
    r"a\b",
    "Ünï",
    "ünï",
    "ÜNÏ",
    "12",
    "12.5",
    "-3",
    "1e3",
    "null",
    "it's",
    "say \"hi\"",
    "*",
    "?",
    "x y",
    "Ada Lovelace",
    "ada  lovelace-king",
    "O'Neill",
    "lovelace ada",
    "true",
    "退款 please",
    "Cafe\u{301}",
    "",
    "2024-01-31",
    "2024-02-01T08:00:00.000Z",
    "[a-z]",
    "(b)",
    "a{2}",
    "$x^",
    "|",
    "§",
];

pub fn user(n: u8) -> Id {
    Id::from_bytes([n; 16])
}

fn some_text() -> impl Strategy<Value = String> {
    proptest::sample::select(TEXTS).prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => some_text().prop_map(Value::from),
        2 => proptest::sample::select(vec![json!(12), json!(12.5), json!(-3), json!(0), json!(-0.0), json!(1e21), json!(0.1), json!(9_007_199_254_740_993_i64), json!(12.0)]),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn document() -> impl Strategy<Value = Value> {
    let value = scalar().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(vec!["a", "b", "c.d", "e\"f"]), inner), 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    });
    proptest::collection::vec((proptest::sample::select(vec!["a", "b", "c.d", "e\"f"]), value), 0..4)
        .prop_map(|fields| Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()))
}

fn instant() -> impl Strategy<Value = i64> {
    proptest::sample::select(vec![
        NOW,
        NOW - 1,
        NOW - 7 * 86_400_000,
        1_705_276_800_000, // 2024-01-15T00:00:00Z
        1_705_363_199_999,
        1_705_363_200_000,
        1_706_659_200_000, // 2024-01-31T00:00:00Z
    ])
}

pub fn thing() -> impl Strategy<Value = Thing> {
    use proptest::option::of;
    let own = (
        of(some_text()),
        of(proptest::sample::select(STATUSES)),
        of((1u8..4).prop_map(user)),
        of(-2i64..5),
        of(proptest::sample::select(vec![0, 100, 1001, 1500, 12_000, 12_500, -3000])),
        of(any::<bool>()),
        of(instant()),
    );
    let lists = (
        proptest::collection::vec(some_text(), 0..3),
        proptest::collection::btree_set(some_text().prop_map(|text| lower(&text)), 0..3),
        (of(some_text()), of(-2i64..5), of(any::<bool>()), of(instant()), of((1u8..4).prop_map(user))),
    );
    let texts = (document(), of(some_text()), of(some_text()), of((some_text(), some_text())));
    (own, lists, texts).prop_map(|(own, (labels, tags, place), (metadata, name, note, text))| {
        let mut details = Map::new();
        if let Some(city) = place.0 {
            details.insert("city".into(), city.into());
        }
        if let Some(floor) = place.1 {
            details.insert("floor".into(), floor.into());
        }
        if let Some(is_open) = place.2 {
            details.insert("is_open".into(), is_open.into());
        }
        if let Some(since) = place.3 {
            details.insert("since".into(), Timestamp::from_millis(since).to_string().into());
        }
        if let Some(user) = place.4 {
            details.insert("user_ids".into(), json!([user]));
        }
        Thing {
            id: Id::NIL,
            key: own.0,
            status: own.1,
            owner: own.2,
            count: own.3,
            amount: own.4,
            flag: own.5,
            at: own.6,
            labels,
            tags,
            details: json!({ "place": details }),
            metadata,
            name,
            note,
            text: text.map(|(a, b)| format!("{a} {b}")),
        }
    })
}

impl Thing {
    /// The thing as an object that callers would see.
    pub fn facts(&self) -> Facts {
        let object = json!({
            "id": self.id, "key": self.key, "status": self.status, "owner_id": self.owner, "count": self.count,
            "amount": self.amount.map(|amount| amount as f64 / 1000.0), "flag": self.flag, "has_key": self.key.is_some(),
            "at": self.at.map(Timestamp::from_millis), "labels": self.labels, "place": self.details["place"],
            "metadata": self.metadata, "name": self.name, "note": self.note, "text": self.text,
        });
        let mut facts = Facts::of(&THINGS, &object);
        let tags = self.tags.iter().filter(|tag| *tag != "hidden");
        facts.set("tags", tags.map(|tag| Fact::Keyword(tag.clone())).collect());
        facts
    }

    pub async fn store(&self, tx: &mut Transaction) -> diesel::QueryResult<()> {
        let words = words::of([("name", self.name.as_deref()), ("note", self.note.as_deref())]);
        let row = (
            things::organization_id.eq(SPACE),
            things::id.eq(self.id),
            things::key.eq(&self.key),
            things::status.eq(self.status),
            things::owner_id.eq(self.owner),
            things::count.eq(self.count),
            things::amount.eq(self.amount),
            things::flag.eq(self.flag),
            things::at.eq(self.at.map(Timestamp::from_millis)),
            things::labels.eq(Json(self.labels.clone())),
            things::details.eq(Json(self.details.clone())),
            things::metadata.eq(Json(self.metadata.clone())),
            things::words.eq(words),
        );
        run!(tx, |c| diesel::insert_into(things::table).values(row.clone()).execute(c))?;
        for tag in &self.tags {
            let row =
                (thing_tags::organization_id.eq(SPACE), thing_tags::thing_id.eq(self.id), thing_tags::tag.eq(tag));
            run!(tx, |c| diesel::insert_into(thing_tags::table).values(row).execute(c))?;
        }
        let folded = self.text.as_deref().map(words::fold).unwrap_or_default();
        if !folded.is_empty() {
            use dotdesk::schema::search_words::{self, columns};
            let row = (
                columns::organization_id.eq(SPACE),
                columns::id.eq(self.id),
                columns::kind.eq("thing"),
                columns::is_private.eq(false),
                columns::row.eq(i64::from(self.id.as_bytes()[15]) + 256 * i64::from(self.id.as_bytes()[14])),
                columns::words.eq(format!("§{}thingo{folded}", SPACE.hex())),
            );
            run!(tx, |c| diesel::insert_into(search_words::table).values(row.clone()).execute(c))?;
        }
        Ok(())
    }
}

/// A value as it would be typed: escaped here and there, quoted, or with wildcards.
fn value() -> impl Strategy<Value = String> {
    let escaped = |text: &str| -> String {
        let plain = |c: char| c.is_alphanumeric();
        text.chars().flat_map(|c| if plain(c) { vec![c] } else { vec!['\\', c] }).collect()
    };
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let piece = (some_text(), 0usize..4).prop_map(|(text, length)| text.chars().take(length).collect::<String>());
    prop_oneof![
        3 => some_text().prop_filter("not empty", |text| !text.is_empty()).prop_map(move |text| escaped(&text)),
        2 => some_text().prop_map(move |text| quoted(&text)),
        3 => proptest::collection::vec(prop_oneof![2 => piece.prop_map(move |text| escaped(&text)), 1 => Just("*".to_owned()), 1 => Just("?".to_owned())], 1..4)
            .prop_map(|pieces| pieces.concat())
            .prop_filter("not empty", |text| !text.is_empty() && text.chars().filter(|c| *c == '*' || *c == '?').count() <= 3),
        1 => Just("null".to_owned()),
        1 => Just("*".to_owned()),
    ]
}

fn ends(end: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = String> {
    let open = prop_oneof![4 => end.clone(), 1 => Just("*".to_owned())];
    prop_oneof![
        (any::<bool>(), open.clone().boxed(), open.boxed(), any::<bool>()).prop_map(|(left, low, high, right)| {
            format!("{}{low} TO {high}{}", if left { '[' } else { '{' }, if right { ']' } else { '}' })
        }),
        (proptest::sample::select(vec![">", ">=", "<", "<="]), end)
            .prop_map(|(operator, end)| format!("{operator}{end}")),
    ]
}

fn clause() -> impl Strategy<Value = String> {
    let words = proptest::sample::select(vec![
        "key:",
        "name:",
        "title:",
        "note:",
        "text:",
        "labels:",
        "tags:",
        "place.city:",
        "",
        "",
    ]);
    let numbers = proptest::sample::select(vec!["count:", "amount:", "place.floor:"]);
    let instants = proptest::sample::select(vec!["at:", "place.since:"]);
    let number =
        proptest::sample::select(vec!["0", "1", "2", "1.5", "0.1", "1.001", "12.5", "-3", "2.999", "null", "*"]);
    let end = proptest::sample::select(vec!["0", "1", "3", "1.5", "-1", "12"]).prop_map(str::to_owned);
    let time = proptest::sample::select(vec![
        "2024-01-15",
        "2024-01-31",
        "now",
        "now-7d",
        "now/d",
        "2024-01-15T00:00:00Z",
        "null",
    ]);
    let time_end = proptest::sample::select(vec![
        "2024-01-15",
        "2024-01-31",
        "now",
        "now-7d",
        "now-1y/y",
        "2024-01-15T23:59:59.999Z",
    ])
    .prop_map(str::to_owned);
    let path = proptest::sample::select(vec!["a", "b", "a.b", "b.a", r"c\.d", r#"e\"f"#, "a.a.b", r#"b.e\"f"#]);
    let open_end = prop_oneof![
        proptest::sample::select(vec!["0", "12", "12.5", "-3", "sms", "SMS", "zz", "2024-01-31", "now", "a"])
            .prop_map(str::to_owned),
    ];
    let open_value = prop_oneof![3 => value(), 1 => number.clone().prop_map(str::to_owned), 2 => ends(open_end)];
    let user = proptest::sample::select(vec![
        user(1).to_string(),
        user(2).to_string(),
        "me".into(),
        "*".into(),
        "0101*".into(),
        "*03".into(),
        "null".into(),
    ]);
    prop_oneof![
        8 => (words, value()).prop_map(|(field, value)| format!("{field}{value}")),
        3 => (numbers.clone(), number).prop_map(|(field, number)| format!("{field}{number}")),
        3 => (numbers, ends(end)).prop_map(|(field, range)| format!("{field}{range}")),
        2 => (instants.clone(), time).prop_map(|(field, time)| format!("{field}{time}")),
        2 => (instants, ends(time_end)).prop_map(|(field, range)| format!("{field}{range}")),
        5 => (path, open_value).prop_map(|(path, value)| format!("metadata.{path}:{value}")),
        2 => (proptest::sample::select(vec!["id:", "owner_id:", "place.user_ids:"]), user)
            .prop_map(|(field, user)| format!("{field}{user}"))
            .prop_filter("me is no thing", |clause| clause != "id:me"),
        1 => proptest::sample::select(vec!["status:open", "status:CLOSED", "status:*", "status:o*", "status:null"]).prop_map(str::to_owned),
        1 => proptest::sample::select(vec!["flag:true", "flag:false", "has_key:false", "place.is_open:true", "place.is_open:false", "_exists_:flag", "place.is_open:null"])
            .prop_map(str::to_owned),
        1 => proptest::sample::select(vec!["_exists_:metadata.a", "_exists_:tags", "_exists_:labels", "_exists_:text", "_exists_:place.user_ids", "_exists_:name", "*:*"])
            .prop_map(str::to_owned),
    ]
}

/// What several indexes lead to.
fn indexed() -> impl Strategy<Value = String> {
    let clause = proptest::sample::select(vec!["status:open", "owner_id:me", "count:>=1", "tags:vip", "text:late"]);
    proptest::collection::vec(clause, 2..4).prop_map(|clauses| clauses.join(" OR "))
}

pub fn query() -> impl Strategy<Value = String> {
    clause().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            1 => (indexed(), inner.clone()).prop_map(|(a, b)| format!("({a}) AND ({b})")),
            1 => (indexed(), inner.clone()).prop_map(|(a, b)| format!("({a}) OR (status:closed AND ({b}))")),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) AND ({b})")),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) OR ({b})")),
            2 => inner.clone().prop_map(|a| format!("NOT ({a})")),
            1 => (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a}) +({b}) -({c})")),
        ]
    })
}
