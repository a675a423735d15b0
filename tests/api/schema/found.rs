//! The tables as a database has them. Each of the databases is asked so that both answer in the same words.

use std::collections::{BTreeMap, BTreeSet};

use diesel::sql_types::Text;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{FULL_TEXT_INDEXES, FULL_TEXT_TABLES, OF_MIGRATIONS};
use crate::support::databases::sqlite_file;

/// Which database speaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// What a database has.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    /// The columns of each of our tables, in their order.
    pub columns: BTreeMap<String, Vec<Column>>,
    /// The primary key of each table.
    pub primary_keys: BTreeMap<String, Vec<String>>,
    /// The indexes besides those of primary keys.
    pub indexes: BTreeSet<Index>,
    /// The foreign keys.
    pub foreign_keys: BTreeSet<ForeignKey>,
    /// Tables that belong to the migrations themselves.
    pub others: BTreeSet<String>,
}

#[derive(Debug, PartialEq)]
pub struct Column {
    pub name: String,
    pub kind: String,
    pub is_nullable: bool,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Index {
    pub table: String,
    pub name: String,
    pub is_unique: bool,
    pub is_partial: bool,
    pub columns: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct ForeignKey {
    pub table: String,
    pub columns: Vec<String>,
    pub refers_to: String,
    pub referred: Vec<String>,
    pub on_delete: String,
    pub on_update: String,
}

/// A question to both databases; each answers rows of one JSON text.
struct Question {
    sqlite: &'static str,
    postgres: &'static str,
}

/// Table, column, type, whether it may be null, place in the primary key from 1 on.
const COLUMNS: Question = Question {
    sqlite: r#"
        SELECT json_array(t.name, c.name, c.type, json(iif(c."notnull", 'false', 'true')), c.pk) AS answer
        FROM sqlite_master t, pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY t.name, c.cid"#,
    postgres: r#"
        SELECT json_build_array(t.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
            coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0))::text AS answer
        FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary
        WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY t.relname, a.attnum"#,
};

const INDEXES: Question = Question {
    sqlite: r#"
        SELECT json_object('table', t.name, 'name', i.name, 'is_unique', json(iif(i."unique", 'true', 'false')),
            'is_partial', json(iif(i.partial, 'true', 'false')),
            'columns', (SELECT json_group_array(c.name) FROM (SELECT * FROM pragma_index_info(i.name) ORDER BY seqno) c
                WHERE c.name IS NOT NULL)) AS answer
        FROM sqlite_master t, pragma_index_list(t.name) i WHERE t.type = 'table' AND i.origin <> 'pk'"#,
    postgres: r#"
        SELECT json_build_object('table', t.relname, 'name', n.relname, 'is_unique', i.indisunique,
            'is_partial', i.indpred IS NOT NULL,
            'columns', (SELECT coalesce(json_agg(a.attname ORDER BY k.place), '[]') FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
                JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number))::text AS answer
        FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid
        WHERE t.relnamespace = 'public'::regnamespace AND NOT i.indisprimary"#,
};

const FOREIGN_KEYS: Question = Question {
    sqlite: r#"
        SELECT json_object('table', owner, 'columns', json_group_array("from"), 'refers_to', "table",
            'referred', json_group_array("to"), 'on_delete', on_delete, 'on_update', on_update) AS answer
        FROM (SELECT t.name AS owner, k.* FROM sqlite_master t, pragma_foreign_key_list(t.name) k
            WHERE t.type = 'table' ORDER BY t.name, k.id, k.seq)
        GROUP BY owner, id"#,
    postgres: r#"
        SELECT json_build_object('table', t.relname, 'refers_to', r.relname,
            'columns', (SELECT json_agg(a.attname ORDER BY n.place) FROM unnest(k.conkey) WITH ORDINALITY n(number, place)
                JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = n.number),
            'referred', (SELECT json_agg(a.attname ORDER BY n.place) FROM unnest(k.confkey) WITH ORDINALITY n(number, place)
                JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = n.number),
            'on_delete', CASE k.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'c' THEN 'CASCADE' ELSE k.confdeltype::text END,
            'on_update', CASE k.confupdtype WHEN 'a' THEN 'NO ACTION' WHEN 'c' THEN 'CASCADE' ELSE k.confupdtype::text END)::text
            AS answer
        FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
        WHERE t.relnamespace = 'public'::regnamespace AND k.contype = 'f'"#,
};

impl Dialect {
    /// The database at this address.
    pub fn of(url: &str) -> Self {
        if sqlite_file(url).is_some() { Self::Sqlite } else { Self::Postgres }
    }
}

/// What the database has.
pub async fn read(url: &str) -> Found {
    let mut found = Found::default();
    let mut keys: BTreeMap<String, BTreeMap<u32, String>> = BTreeMap::new();
    for (table, name, kind, is_nullable, place) in ask::<(String, String, String, bool, u32)>(url, &COLUMNS).await {
        if OF_MIGRATIONS.contains(&table.as_str()) {
            found.others.insert(table);
            continue;
        }
        if table.starts_with(FULL_TEXT_TABLES) {
            continue;
        }
        let key = keys.entry(table.clone()).or_default();
        if place > 0 {
            key.insert(place, name.clone());
        }
        found.columns.entry(table).or_default().push(Column { name, kind, is_nullable });
    }
    found.primary_keys = keys.into_iter().map(|(table, key)| (table, key.into_values().collect())).collect();
    let indexes = ask::<Index>(url, &INDEXES).await.into_iter();
    found.indexes = indexes.filter(|index| !FULL_TEXT_INDEXES.contains(&index.name.as_str())).collect();
    found.foreign_keys = ask(url, &FOREIGN_KEYS).await.into_iter().collect();
    found
}

async fn ask<T: DeserializeOwned>(url: &str, question: &Question) -> Vec<T> {
    let answers = match sqlite_file(url) {
        Some(file) => ask_sqlite(&file.to_string_lossy(), question.sqlite),
        None => ask_postgres(url, question.postgres).await,
    };
    answers.iter().map(|answer| serde_json::from_str(answer).expect(answer)).collect()
}

fn ask_sqlite(file: &str, sql: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        answer: String,
    }
    let mut conn = SqliteConnection::establish(file).unwrap();
    let rows: Vec<Row> = diesel::sql_query(sql).load(&mut conn).unwrap();
    rows.into_iter().map(|row| row.answer).collect()
}

async fn ask_postgres(url: &str, sql: &str) -> Vec<String> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    actix_web::rt::spawn(connection);
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get("answer")).collect()
}
