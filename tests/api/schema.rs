//! The tables: the same on both databases, and as `src/schema.rs` has them.

mod declared;
mod found;

use std::collections::BTreeSet;
use std::path::Path;

use dotdesk::db::{self, Db};
use futures_util::future::join_all;

use crate::support::databases::{self, Database};
use declared::declared;
use found::{Dialect, Found};

/// Tables of the migrations themselves: they stay when everything else goes.
const OF_MIGRATIONS: &[&str] = &["__diesel_schema_migrations", "migration_lock"];

/// Every index and key of a table that belongs to an organization starts with `organization_id`, so that rows of one organization
/// lie together and tables can be divided by it. These are found before the organization is known, or belong to none.
const NOT_BY_ORGANIZATION: &[(&str, &str)] = &[
    ("organizations", "is what the others belong to"),
    ("installation", "says whether the server has an organization at all"),
    ("hostnames", "finds the organization of a login by the host name"),
    ("logins", "finds the organization of a login by the e-mail address"),
    ("tokens", "finds the organization of a call by the digest of its token"),
    ("outbox", "is emptied in the order in which it was filled, whoever that was"),
    ("sequencer", "is the lock of whoever empties the outbox"),
    ("file_tokens", "finds the file of an address by the token in it"),
];

/// SQLite's full-text index is a table, with others that it keeps its pages in, where PostgreSQL has an index.
const FULL_TEXT_TABLES: &str = "search_index";
/// What stands in for the other database's full-text index, and what leads from SQLite's to the rows.
const FULL_TEXT_INDEXES: &[&str] = &["search_words_words", "search_words_row"];

/// Runs a test on an SQLite and on a PostgreSQL database that nothing is in yet.
fn on_fresh<F: AsyncFn(&Database)>(test: F) {
    actix_web::rt::System::new().block_on(async {
        test(&databases::no_sqlite()).await;
        if let Some(database) = databases::empty_postgres().await {
            test(&database).await;
        }
    });
}

#[test]
fn columns_and_keys_are_as_declared() {
    on_fresh(async |database| {
        db::migrate(&databases::options(&database.url)).await.unwrap();
        let found = found::read(&database.url).await;
        let dialect = Dialect::of(&database.url);
        let declared = declared();
        let names: BTreeSet<&str> = declared.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(found.tables(), names, "{dialect:?}");
        for table in declared {
            let columns: Vec<_> = table.columns.iter().map(|column| column.on(dialect)).collect();
            assert_eq!(found.columns[&table.name], columns, "columns of {}, {dialect:?}", table.name);
            assert_eq!(found.primary_keys[&table.name], table.primary_key, "key of {}, {dialect:?}", table.name);
        }
    });
}

#[test]
fn indexes_and_foreign_keys_are_the_same_on_both() {
    actix_web::rt::System::new().block_on(async {
        let Some(postgres) = databases::postgres().await else { return };
        let postgres = found::read(&postgres.url).await;
        let sqlite = found::read(&databases::sqlite().await.url).await;
        assert!(!sqlite.indexes.is_empty() && !sqlite.foreign_keys.is_empty());
        assert_eq!(sqlite.indexes, postgres.indexes);
        assert_eq!(sqlite.foreign_keys, postgres.foreign_keys);
    });
}

#[test]
fn what_belongs_to_an_organization_is_found_by_it() {
    actix_web::rt::System::new().block_on(async {
        let found = found::read(&databases::sqlite().await.url).await;
        let unknown = NOT_BY_ORGANIZATION.iter().find(|(table, _)| !found.columns.contains_key(*table));
        assert_eq!(unknown, None, "is no table any more");
        let first = |columns: &[String]| columns.first().cloned().unwrap_or_default();
        for table in found.columns.keys().filter(|table| !NOT_BY_ORGANIZATION.iter().any(|(name, _)| name == table)) {
            assert_eq!(first(&found.primary_keys[table]), "organization_id", "primary key of {table}");
            let unique = found.indexes.iter().filter(|index| index.table == *table && index.is_unique);
            for index in unique {
                assert_eq!(first(&index.columns), "organization_id", "index {} of {table}", index.name);
            }
            for key in found.foreign_keys.iter().filter(|key| key.table == *table) {
                assert_eq!(first(&key.columns), "organization_id", "{key:?}");
                let own = if key.refers_to == "organizations" { "id" } else { "organization_id" };
                assert_eq!(first(&key.referred), own, "{key:?}");
            }
        }
    });
}

#[test]
fn what_is_deleted_with_another_row_is_found_by_it() {
    // Without an index that starts with its columns, each deletion of the other row would read the whole table.
    actix_web::rt::System::new().block_on(async {
        let found = found::read(&databases::sqlite().await.url).await;
        for key in found.foreign_keys.iter().filter(|key| key.columns.len() > 1) {
            let own = found.indexes.iter().filter(|index| index.table == key.table).map(|index| &index.columns);
            let covered = own.chain([&found.primary_keys[&key.table]]).any(|columns| columns.starts_with(&key.columns));
            assert!(covered, "no index for {key:?}");
        }
    });
}

#[test]
fn no_table_is_wider_than_diesel_takes() {
    let wide: Vec<_> =
        declared().into_iter().filter(|table| table.columns.len() > 32).map(|table| table.name).collect();
    assert_eq!(wide, Vec::<String>::new(), "put what is optional into a Json column or a second table");
}

#[test]
fn both_folders_have_the_same_migrations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        entries
            .map(|entry| {
                let path = entry.unwrap().path();
                assert!(path.join("up.sql").is_file() && path.join("down.sql").is_file(), "{}", path.display());
                path.file_name().unwrap().to_string_lossy().into_owned()
            })
            .collect()
    };
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn down_takes_everything_away_and_up_brings_it_back() {
    on_fresh(async |database| {
        let options = databases::options(&database.url);
        let applied = db::migrate(&options).await.unwrap();
        let before = found::read(&database.url).await;
        let mut reverted = db::migrate_down(&options, 1000).await.unwrap();
        reverted.reverse();
        assert_eq!(reverted, applied);
        let left = found::read(&database.url).await;
        assert_eq!(left.tables(), BTreeSet::new());
        assert_eq!(left.others, before.others);
        assert_eq!(db::migrate(&options).await.unwrap(), applied);
        assert_eq!(found::read(&database.url).await, before);
        assert_eq!(db::migrate(&options).await.unwrap(), Vec::<String>::new(), "there is nothing left to do");
    });
}

#[test]
fn servers_may_start_at_once_on_a_fresh_database() {
    on_fresh(async |database| {
        let opened = join_all((0..8).map(|_| Db::open(databases::options(&database.url)))).await;
        let opened: Vec<Db> = opened.into_iter().map(Result::unwrap).collect();
        for db in &opened {
            db.read().await.unwrap();
        }
        let declared = declared();
        assert_eq!(found::read(&database.url).await.tables().len(), declared.len());
    });
}

impl Found {
    /// The names of our tables.
    fn tables(&self) -> BTreeSet<&str> {
        self.columns.keys().map(String::as_str).collect()
    }
}
