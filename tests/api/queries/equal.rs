//! Random queries on random objects: SQL on both databases and the evaluation in memory answer the same.

mod things;

use std::collections::BTreeSet;

use dotdesk::db::prelude::*;
use dotdesk::db::{Db, Id, Timestamp, Transaction};
use dotdesk::method::ScopeSet;
use dotdesk::query::Asker;
use dotdesk::run;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use things::things::dsl;
use things::{NOW, SPACE, THINGS, Thing, query, thing, user};

use crate::support::databases::{self, Database};

const SQLITE: &str = r#"
    CREATE TABLE things (organization_id BLOB NOT NULL, id BLOB NOT NULL, key TEXT, status TEXT, owner_id BLOB, count INTEGER,
        amount INTEGER, flag BOOLEAN, at INTEGER, labels TEXT NOT NULL, details TEXT NOT NULL, metadata TEXT NOT NULL,
        words TEXT NOT NULL, PRIMARY KEY (organization_id, id)) WITHOUT ROWID;
    CREATE TABLE thing_tags (organization_id BLOB NOT NULL, thing_id BLOB NOT NULL, tag TEXT NOT NULL,
        PRIMARY KEY (organization_id, thing_id, tag)) WITHOUT ROWID;"#;
const POSTGRES: &str = r#"
    CREATE TABLE things (organization_id uuid NOT NULL, id uuid NOT NULL, key text, status text, owner_id uuid, count bigint,
        amount bigint, flag boolean, at timestamptz, labels jsonb NOT NULL, details jsonb NOT NULL, metadata jsonb NOT NULL,
        words jsonb NOT NULL, PRIMARY KEY (organization_id, id));
    CREATE TABLE thing_tags (organization_id uuid NOT NULL, thing_id uuid NOT NULL, tag text NOT NULL,
        PRIMARY KEY (organization_id, thing_id, tag));"#;

async fn filled(database: &Database, things: &[Thing]) -> Db {
    let db = Db::connect(databases::options(&database.url)).await.unwrap();
    let sql = if db.name() == "sqlite" { SQLITE } else { POSTGRES };
    let things = things.to_vec();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    db.write(deadline, async move |tx: &mut Transaction| -> Result<(), dotdesk::db::Fault> {
        for statement in sql.split(';').filter(|statement| !statement.trim().is_empty()) {
            run!(tx, |c| diesel::sql_query(statement).execute(c))?;
        }
        for thing in &things {
            thing.store(tx).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
    db
}

fn asker() -> Asker {
    Asker {
        now: Timestamp::from_millis(NOW),
        space: SPACE,
        organization: SPACE,
        user: Some(user(1)),
        teams: None,
        scopes: ScopeSet::ALL,
    }
}

/// How many things match a query, if it is understood.
fn matching(things: &[Thing], query: &str) -> Option<usize> {
    let checked = THINGS.check(query, &asker()).ok()?;
    Some(things.iter().filter(|thing| checked.matches(&thing.facts())).count())
}

/// Whether several indexes lead to what a query asks for.
fn is_taken_apart(query: &str) -> bool {
    THINGS.check(query, &asker()).is_ok_and(|checked| !checked.predicate().branches().is_empty())
}

/// What is wrong about a query's answers, if anything.
async fn differs(dbs: &[Db], things: &[Thing], query: &str) -> Option<String> {
    // What is refused is refused everywhere; most queries must not be.
    let Ok(checked) = THINGS.check(query, &asker()) else { return None };
    let again = THINGS.check(checked.normal(), &asker()).unwrap();
    let expected: BTreeSet<Id> =
        things.iter().filter(|thing| checked.matches(&thing.facts())).map(|thing| thing.id).collect();
    for (db, checked) in dbs.iter().zip([&checked, &again]) {
        let predicate = checked.predicate();
        let mut conn = db.read().await.unwrap();
        // As a whole, and taken apart.
        let branches = predicate.branches().to_vec();
        for parts in [vec![predicate], branches].into_iter().filter(|parts| !parts.is_empty()) {
            let mut found: BTreeSet<Id> = BTreeSet::new();
            for part in &parts {
                let more: Result<Vec<Id>, _> = run!(conn, |c| dsl::things
                    .filter(dsl::organization_id.eq(SPACE))
                    .filter(part.clone())
                    .select(dsl::id)
                    .load(c));
                match more {
                    Ok(more) => found.extend(more),
                    Err(error) => return Some(format!("{}: {error}\n{query}\n{part:?}", db.name())),
                }
            }
            if let Some(id) = found.symmetric_difference(&expected).next() {
                let thing = things.iter().find(|thing| thing.id == *id);
                let by = if found.contains(id) { "only found" } else { "not found" };
                return Some(format!("{} on {}: {query}\n{checked:?}\n{parts:?}\n{thing:#?}", by, db.name()));
            }
        }
    }
    None
}

#[test]
fn sql_and_memory_agree() {
    actix_web::rt::System::new().block_on(async {
        let mut runner = TestRunner::new(Config::default());
        let mut things: Vec<Thing> = Vec::new();
        for n in 0..250u16 {
            let mut thing = thing().new_tree(&mut runner).unwrap().current();
            let mut bytes = [1; 16];
            bytes[14..].copy_from_slice(&n.to_be_bytes());
            thing.id = Id::from_bytes(bytes);
            things.push(thing);
        }
        let sqlite = databases::sqlite().await;
        let postgres = databases::postgres().await;
        let mut dbs = vec![filled(&sqlite, &things).await];
        if let Some(postgres) = &postgres {
            dbs.push(filled(postgres, &things).await);
        }
        let (mut understood, mut telling, mut apart) = (0, 0, 0);
        for _ in 0..1500 {
            let mut tree = query().new_tree(&mut runner).unwrap();
            if let Some(found) = matching(&things, &tree.current()) {
                understood += 1;
                apart += usize::from(is_taken_apart(&tree.current()));
                telling += usize::from(found > 0 && found < things.len());
            }
            let Some(mut why) = differs(&dbs, &things, &tree.current()).await else { continue };
            // Makes it smaller while it stays wrong.
            while tree.simplify() {
                loop {
                    match differs(&dbs, &things, &tree.current()).await {
                        Some(smaller) => {
                            why = smaller;
                            break;
                        }
                        None if tree.complicate() => {}
                        None => break,
                    }
                }
            }
            panic!("{why}");
        }
        assert!(understood > 1000, "only {understood} of 1500 queries were understood");
        assert!(apart > 100, "only {apart} of 1500 queries were taken apart");
        assert!(telling > 500, "only {telling} of 1500 queries told some things from others");
    });
}
