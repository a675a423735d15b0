//! Brings the tables up to date, one server at a time.

use std::fs::{File, OpenOptions};
use std::path::Path;

use diesel_async::SimpleAsyncConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{OpenError, Options, postgres, sqlite, sqlite_path};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Which way to go.
#[derive(Clone, Copy)]
enum Way {
    Up,
    Down(usize),
}

pub(super) async fn up(options: &Options) -> Result<Vec<String>, OpenError> {
    migrate(options, Way::Up).await
}

pub(super) async fn down(options: &Options, steps: usize) -> Result<Vec<String>, OpenError> {
    migrate(options, Way::Down(steps)).await
}

async fn migrate(options: &Options, way: Way) -> Result<Vec<String>, OpenError> {
    let open = |error: &dyn std::fmt::Display| OpenError::Open(error.to_string());
    match sqlite_path(&options.url) {
        Some(path) => tokio::task::spawn_blocking(move || migrate_sqlite(&path, way)).await,
        None if super::is_known(&options.url) => {
            // Whoever holds this row's lock migrates; the others wait here and then find nothing to do.
            let mut lock = postgres::establish(options.url.clone()).await.map_err(|e| open(&e))?;
            let table = "CREATE TABLE IF NOT EXISTS migration_lock (id integer PRIMARY KEY)";
            if lock.batch_execute(table).await.is_err() {
                // Two servers created it at the same moment; the table is there now.
                lock.batch_execute(table).await.map_err(|e| open(&e))?;
            }
            lock.batch_execute(
                "INSERT INTO migration_lock VALUES (1) ON CONFLICT DO NOTHING;
                 BEGIN; SELECT id FROM migration_lock FOR UPDATE",
            )
            .await
            .map_err(|e| open(&e))?;
            let conn = postgres::establish(options.url.clone()).await.map_err(|e| open(&e))?;
            let done = tokio::task::spawn_blocking(move || {
                let mut conn = AsyncConnectionWrapper::<_>::from(conn);
                apply(&mut conn, || POSTGRES, way)
            })
            .await;
            lock.batch_execute("COMMIT").await.map_err(|e| open(&e))?;
            done
        }
        None => return Err(OpenError::Scheme),
    }
    .map_err(|e| open(&e))?
}

fn migrate_sqlite(path: &Path, way: Way) -> Result<Vec<String>, OpenError> {
    let open = |error: &dyn std::fmt::Display| OpenError::Open(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| open(&e))?;
    }
    let lock = private(&path.with_extension("lock")).map_err(|e| open(&e))?;
    lock.lock().map_err(|e| open(&e))?;
    // SQLite would make the file readable to everybody; its journals take after it.
    private(path).map_err(|e| open(&e))?;
    let mut conn = sqlite::connect(path, "full").map_err(|e| open(&e))?;
    let done = apply(&mut conn, || SQLITE, way)?;
    diesel::connection::SimpleConnection::batch_execute(&mut conn, STATISTICS).map_err(|e| open(&e))?;
    Ok(done)
}

/// What SQLite is told about its tables: that one organization has very many rows, and that what comes after it in an index leads to
/// few. Without that it takes an organization for a handful of rows and reads them all, where an index would lead to the one it
/// needs. Real figures (`ANALYZE`) would mislead it as long as tables are small.
const STATISTICS: &str = r#"
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat)
SELECT t.name, CASE i.origin WHEN 'pk' THEN t.name ELSE i.name END,
    CASE WHEN i.partial THEN '20000 10000' ELSE '1000000 200000' END || coalesce(' ' || (
        SELECT group_concat(
            CASE
                WHEN c.seqno < (SELECT max(seqno) FROM pragma_index_info(i.name)) THEN 50
                WHEN i."unique" OR c.name = 'id' THEN 1
                ELSE 20
            END, ' ')
        FROM pragma_index_info(i.name) AS c WHERE c.seqno > 0), '')
FROM sqlite_schema AS t, pragma_index_list(t.name) AS i, pragma_index_info(i.name) AS first
WHERE t.type = 'table' AND i.origin IN ('pk', 'c') AND first.seqno = 0 AND first.name = 'organization_id';
"#;

/// Opens a file that is there, or makes one that only its owner can read.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn apply<DB, C>(conn: &mut C, migrations: fn() -> EmbeddedMigrations, way: Way) -> Result<Vec<String>, OpenError>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: diesel::migration::MigrationSource<DB>,
{
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| OpenError::Open(format!("migrating: {error}"));
    match way {
        Way::Up => {
            let done = conn.run_pending_migrations(migrations()).map_err(failed)?;
            Ok(done.iter().map(ToString::to_string).collect())
        }
        Way::Down(steps) => {
            let mut done = Vec::new();
            for _ in 0..steps {
                if conn.applied_migrations().map_err(failed)?.is_empty() {
                    break;
                }
                done.push(conn.revert_last_migration(migrations()).map_err(failed)?.to_string());
            }
            Ok(done)
        }
    }
}
