//! Write transactions, without the API around them: what fails harms nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use dotdesk::db::{Db, Transaction};
use dotdesk::method::{Code, Error, Result};
use dotdesk::run;
use futures_util::future::join_all;

use crate::support::databases;

/// Runs a test on both databases, with an empty table of numbers.
fn on_both<F: AsyncFn(&Db)>(test: F) {
    actix_web::rt::System::new().block_on(async {
        let databases = [Some(databases::sqlite().await), databases::postgres().await];
        for database in databases.into_iter().flatten() {
            let db = Db::connect(databases::options(&database.url)).await.unwrap();
            write(&db, async |tx| execute(tx, "CREATE TABLE numbers (number integer NOT NULL PRIMARY KEY)").await)
                .await
                .unwrap();
            test(&db).await;
        }
    });
}

async fn write<T: Send + 'static>(
    db: &Db,
    work: impl AsyncFn(&mut Transaction) -> Result<T> + Send + 'static,
) -> Result<T> {
    db.write(Instant::now() + Duration::from_secs(20), work).await
}

async fn execute(tx: &mut Transaction, sql: &str) -> Result<()> {
    run!(tx, |c| diesel::sql_query(sql).execute(c))?;
    Ok(())
}

async fn insert(tx: &mut Transaction, number: u32) -> Result<()> {
    execute(tx, &format!("INSERT INTO numbers VALUES ({number})")).await
}

async fn numbers(db: &Db) -> Vec<i32> {
    diesel::table! { numbers (number) { number -> Integer, } }
    use diesel::{ExpressionMethods, QueryDsl};
    let mut conn = db.read().await.unwrap();
    run!(conn, |c| numbers::table.select(numbers::number).order(numbers::number.asc()).load(c)).unwrap()
}

#[test]
fn a_write_that_fails_harms_no_neighbour() {
    on_both(async |db| {
        let commits = Arc::new(AtomicU32::new(0));
        let one = async |number: u32| {
            let hook = commits.clone();
            write(db, async move |tx| {
                let hook = hook.clone();
                tx.after_commit(move || {
                    hook.fetch_add(1, Ordering::SeqCst);
                });
                insert(tx, number).await?;
                match number % 5 {
                    // Says no after it has written.
                    1 => Err(Error::new(Code::NameTaken, "no")),
                    // Breaks a rule of the database.
                    2 => insert(tx, number).await,
                    3 => panic!("in the middle of a write"),
                    _ => Ok(()),
                }
            })
            .await
        };
        let outcomes = join_all((0..100).map(one)).await;
        for (number, outcome) in (0..100).zip(outcomes) {
            let code = outcome.err().map(|error| error.code());
            let expected = match number % 5 {
                1 => Some(Code::NameTaken),
                2 | 3 => Some(Code::InternalError),
                _ => None,
            };
            assert_eq!(code, expected, "{number}");
        }
        let kept: Vec<i32> = (0..100).filter(|number| matches!(number % 5, 0 | 4)).collect();
        assert_eq!(numbers(db).await, kept);
        assert_eq!(commits.load(Ordering::SeqCst), 40, "hooks run for what was committed");
    });
}

#[test]
fn a_panic_takes_nobody_down() {
    on_both(async |db| {
        for number in 0..10 {
            let panicked = write(db, async move |tx| -> Result<()> {
                insert(tx, number).await?;
                panic!("in the middle of a write")
            });
            assert_eq!(panicked.await.unwrap_err().code(), Code::InternalError);
            // What is to happen after a commit may panic as well; the commit stands.
            let _ = write(db, async move |tx| {
                tx.after_commit(|| panic!("after the commit"));
                insert(tx, 100 + number).await
            })
            .await;
        }
        write(db, async |tx| insert(tx, 7).await).await.unwrap();
        assert_eq!(numbers(db).await, [vec![7], (100..110).collect()].concat());
    });
}

#[test]
fn nothing_is_committed_past_the_deadline() {
    on_both(async |db| {
        let late: Result<()> = db.write(Instant::now(), async |tx: &mut Transaction| insert(tx, 1).await).await;
        assert_eq!(late.unwrap_err().code(), Code::RequestTimeout);
        let soon = Instant::now() + Duration::from_millis(50);
        let slow: Result<()> = db
            .write(soon, async |tx: &mut Transaction| {
                insert(tx, 2).await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(())
            })
            .await;
        assert_eq!(slow.unwrap_err().code(), Code::RequestTimeout);
        write(db, async |tx| insert(tx, 3).await).await.unwrap();
        assert_eq!(numbers(db).await, [3]);
    });
}

#[test]
fn a_caller_who_goes_away_stops_nothing_half_way() {
    on_both(async |db| {
        let gone = write(db, async |tx| {
            insert(tx, 1).await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
            insert(tx, 2).await
        });
        let _ = tokio::time::timeout(Duration::from_millis(20), gone).await;
        // PostgreSQL lets this one overtake the first.
        write(db, async |tx| insert(tx, 3).await).await.unwrap();
        super::until("both rows are there", Duration::from_secs(5), async || numbers(db).await == [1, 2, 3]).await;
    });
}

#[test]
fn a_call_that_waits_for_a_row_is_over_at_its_deadline() {
    actix_web::rt::System::new().block_on(async {
        let Some(database) = databases::postgres().await else { return };
        let db = Db::connect(databases::options(&database.url)).await.unwrap();
        write(&db, async |tx| {
            execute(tx, "CREATE TABLE numbers (number integer NOT NULL PRIMARY KEY)").await?;
            insert(tx, 1).await
        })
        .await
        .unwrap();
        let holder = write(&db, async |tx| {
            execute(tx, "UPDATE numbers SET number = 2").await?;
            tokio::time::sleep(Duration::from_secs(2)).await;
            Ok(())
        });
        let waiting = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let started = Instant::now();
            let deadline = started + Duration::from_millis(300);
            let waited: Result<()> = db
                .write(deadline, async |tx: &mut Transaction| execute(tx, "UPDATE numbers SET number = 3").await)
                .await;
            assert_eq!(waited.unwrap_err().code(), Code::RequestTimeout);
            assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        };
        let (held, ()) = tokio::join!(holder, waiting);
        held.unwrap();
        assert_eq!(numbers(&db).await, [2]);
    });
}

#[test]
fn a_connection_lost_during_the_commit_leaves_doubt_and_says_so() {
    actix_web::rt::System::new().block_on(async {
        let Some(database) = databases::postgres().await else { return };
        let db = Db::connect(databases::options(&database.url)).await.unwrap();
        for sql in [
            "CREATE TABLE numbers (number integer NOT NULL PRIMARY KEY)",
            "CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'",
            "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON numbers DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW WHEN (NEW.number = 13) EXECUTE FUNCTION hang_up()",
        ] {
            write(&db, async move |tx| execute(tx, sql).await).await.unwrap();
        }
        let calls = Arc::new(AtomicU32::new(0));
        let counted = calls.clone();
        let lost = write(&db, async move |tx| {
            counted.fetch_add(1, Ordering::SeqCst);
            insert(tx, 13).await
        });
        let error = lost.await.unwrap_err();
        assert_eq!(calls.load(Ordering::SeqCst), 1, "it is not run again: it may have happened");
        assert_eq!((error.code(), error.retry_after_seconds()), (Code::ServiceUnavailable, Some(1)));
        assert!(error.message().contains("not known whether"), "{}", error.message());
        write(&db, async |tx| insert(tx, 1).await).await.unwrap();
    });
}
