//! The tables of `src/schema.rs`, read as text: Diesel keeps neither their order nor their types.

use super::found::{Column, Dialect};

/// A table as Diesel sees it.
pub struct Table {
    pub name: String,
    pub primary_key: Vec<String>,
    pub columns: Vec<Declared>,
}

/// A column as Diesel sees it.
pub struct Declared {
    name: String,
    sql_type: String,
    is_nullable: bool,
}

impl Declared {
    /// What the column must be in a database.
    pub fn on(&self, dialect: Dialect) -> Column {
        let (sqlite, postgres) = match self.sql_type.as_str() {
            "IdSql" => ("BLOB", "uuid"),
            "TimestampSql" => ("INTEGER", "timestamp with time zone"),
            "JsonSql" => ("TEXT", "jsonb"),
            "Text" => ("TEXT", "text"),
            "Binary" => ("BLOB", "bytea"),
            "Bool" => ("BOOLEAN", "boolean"),
            "Integer" => ("INTEGER", "integer"),
            "BigInt" => ("INTEGER", "bigint"),
            other => panic!("say here what {other} is on both databases"),
        };
        let kind = match dialect {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
        };
        Column { name: self.name.clone(), kind: kind.to_owned(), is_nullable: self.is_nullable }
    }
}

/// Every `table!` of `src/schema.rs`.
pub fn declared() -> Vec<Table> {
    let text = include_str!("../../../src/schema.rs");
    let tables: Vec<Table> = text.split("\ntable! {").skip(1).map(table).collect();
    assert!(!tables.is_empty());
    tables
}

fn table(text: &str) -> Table {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("use "));
    // users (organization_id, id) {
    let head = lines.next().unwrap();
    let (name, key) = head.strip_suffix(") {").and_then(|head| head.split_once(" (")).expect(head);
    let mut columns = Vec::new();
    let mut sql_name = None;
    for line in lines.take_while(|line| *line != "}") {
        if let Some(name) = line.strip_prefix("#[sql_name = \"") {
            sql_name = name.strip_suffix("\"]");
            continue;
        }
        // role_id -> Nullable<IdSql>,
        let (name, sql_type) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")).expect(line);
        let nullable = sql_type.strip_prefix("Nullable<").and_then(|inner| inner.strip_suffix('>'));
        columns.push(Declared {
            name: sql_name.take().unwrap_or(name).to_owned(),
            sql_type: nullable.unwrap_or(sql_type).to_owned(),
            is_nullable: nullable.is_some(),
        });
    }
    Table { name: name.to_owned(), primary_key: key.split(", ").map(str::to_owned).collect(), columns }
}
