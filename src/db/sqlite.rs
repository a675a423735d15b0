//! SQLite: readers on the calling thread, one writer on a thread of its own with group commit.
//!
//! Writers that queue while one commits run one after the other, each in a savepoint, and share the next COMMIT. So every answer
//! is durable, and the cost of making it durable is shared.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::conn::{Backend, Conn, Reader, SqliteConn, Transaction};
use super::fault::Failure;
use super::{Fault, OpenError, Unavailable, functions};

/// How many writers may wait for their turn; the next one is told to come back.
const QUEUE: usize = 4096;
/// How many writers share one commit, at the most.
const GROUP: usize = 256;
/// How many long reads run at the same time; the next one waits for its turn.
const SCANS: usize = 4;
/// How long a group is collected, at the most, while writers keep arriving.
const GROUP_TIME: Duration = Duration::from_millis(5);

/// Prepared for the work: the SQLite file, its writer thread and this server thread's reader.
pub(super) struct Sqlite {
    file: Arc<File>,
    writer: mpsc::Sender<Job>,
    reader: Arc<ReaderSlot>,
    scanners: Arc<Scanners>,
}

/// Connections for reads that take long; all server threads share them.
struct Scanners {
    permits: Semaphore,
    idle: Mutex<Vec<SqliteConn>>,
}

struct File {
    path: PathBuf,
    synchronous: String,
}

/// Where a read connection rests between two reads.
#[derive(Default)]
pub struct ReaderSlot(Mutex<Option<SqliteConn>>);

impl ReaderSlot {
    fn take(&self) -> Option<SqliteConn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn put(&self, conn: SqliteConn) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(conn);
    }
}

impl Sqlite {
    pub(super) fn open(path: &Path, synchronous: &str) -> Result<Self, OpenError> {
        let file = Arc::new(File { path: path.to_owned(), synchronous: synchronous.to_owned() });
        let conn = connect(path, synchronous).map_err(|error| OpenError::Open(error.to_string()))?;
        Self::start(file, conn)
    }

    fn start(file: Arc<File>, conn: SqliteConnection) -> Result<Self, OpenError> {
        let (writer, queue) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || write_in_groups(conn, queue))
            .map_err(|error| OpenError::Open(error.to_string()))?;
        let scanners = Arc::new(Scanners { permits: Semaphore::new(SCANS), idle: Mutex::default() });
        Ok(Self { file, writer, reader: Arc::default(), scanners })
    }

    pub(super) fn fork(&self) -> Self {
        let Self { file, writer, scanners, .. } = self;
        Self { file: file.clone(), writer: writer.clone(), reader: Arc::default(), scanners: scanners.clone() }
    }

    pub(super) fn read(&self) -> Result<Reader, Unavailable> {
        let conn = match self.reader.take() {
            Some(conn) => conn,
            None => shared(
                connect(&self.file.path, &self.file.synchronous).map_err(|error| Unavailable(error.to_string()))?,
            ),
        };
        Ok(Reader::sqlite(conn, self.reader.clone()))
    }

    pub(super) async fn scan<T, E, F>(&self, deadline: Instant, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: AsyncFnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        let turn = tokio::time::timeout_at(deadline.into(), self.scanners.permits.acquire()).await;
        let turn = turn.map_err(|_| Fault::Deadline)?.map_err(|_| Fault::Unavailable("the server stops".into()))?;
        let (file, scanners) = (self.file.clone(), self.scanners.clone());
        let task = tokio::task::spawn_blocking(move || {
            let idle = scanners.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let conn = match idle {
                Some(conn) => conn,
                None => shared(
                    connect(&file.path, &file.synchronous).map_err(|error| Fault::Unavailable(error.to_string()))?,
                ),
            };
            let mut conn = Conn::Sqlite(conn);
            let outcome = futures_util::FutureExt::now_or_never(work(&mut conn));
            if let Conn::Sqlite(conn) = conn {
                scanners.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            }
            outcome.unwrap_or_else(|| Err(Fault::Panic("a read of SQLite waited for something else".into()).into()))
        });
        let done = tokio::time::timeout_at(deadline.into(), task).await;
        drop(turn);
        match done.map_err(|_| Fault::Deadline)? {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => Err(Fault::Panic(panic_text(error.into_panic().as_ref())).into()),
            Err(_) => Err(Fault::Unavailable("the server is stopping".into()).into()),
        }
    }

    pub(super) async fn write<T, E, F>(&self, deadline: Instant, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: AsyncFn(&mut Transaction) -> Result<T, E> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel::<Result<T, E>>();
        let job: Job = Box::new(move |group| run(group, deadline, work, answer).boxed_local());
        if self.writer.try_send(job).is_err() {
            return Err(Fault::Unavailable("too many writes are waiting".into()).into());
        }
        answered.await.unwrap_or_else(|_| Err(Fault::Unavailable("the writer stopped".into()).into()))
    }
}

fn shared(conn: SqliteConnection) -> SqliteConn {
    Arc::new(Mutex::new(conn))
}

/// Opens the file and sets what every connection needs.
pub(super) fn connect(path: &Path, synchronous: &str) -> Result<SqliteConnection, diesel::ConnectionError> {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA synchronous = {synchronous};
         PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 268435456;"
    ))
    .and_then(|()| functions::register(&mut conn))
    .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// One writer's work: it runs in the group's transaction, and leaves what to tell the writer after the commit.
type Job = Box<dyn FnOnce(Group) -> LocalBoxFuture<'static, (Group, Told)> + Send>;

/// Tells a writer how the commit went.
type Told = Box<dyn FnOnce(Result<(), &str>)>;

/// The transaction that writers share.
struct Group {
    conn: Conn,
    /// Why it cannot be committed: it did not begin, or SQLite rolled it back as a whole, as it does when the disk is full. Nothing
    /// may run on the connection then, for without a transaction every statement would be committed by itself.
    broken: Option<String>,
}

impl Group {
    fn begin(mut conn: Conn) -> Self {
        let broken = execute(&mut conn, "BEGIN IMMEDIATE").err().map(|error| error.to_string());
        if let Some(why) = &broken {
            tracing::error!(%why, "a write transaction could not begin");
        }
        Self { conn, broken }
    }

    fn commit(&mut self) -> Result<(), String> {
        let outcome = match self.broken.take() {
            Some(why) => Err(why),
            None => execute(&mut self.conn, "COMMIT").map_err(|error| error.to_string()),
        };
        outcome.inspect_err(|why| {
            tracing::error!(%why, "a group of writes was not committed");
            // Often there is nothing left to roll back.
            let _ = execute(&mut self.conn, "ROLLBACK");
        })
    }
}

async fn run<T, E, F>(group: Group, deadline: Instant, work: F, answer: oneshot::Sender<Result<T, E>>) -> (Group, Told)
where
    T: Send + 'static,
    E: Failure,
    F: AsyncFn(&mut Transaction) -> Result<T, E>,
{
    let Group { conn, mut broken } = group;
    let mut tx = Transaction::new(conn);
    let outcome = match &broken {
        Some(why) => Err(Fault::Unavailable(why.clone()).into()),
        None if Instant::now() >= deadline => Err(Fault::Deadline.into()),
        None => {
            let (outcome, ended) = in_savepoint(&mut tx, deadline, work).await;
            broken = ended.err().map(|error| error.to_string());
            match &broken {
                // The work's own error says more about what happened.
                Some(why) => outcome.and(Err(Fault::Unavailable(why.clone()).into())),
                None => outcome,
            }
        }
    };
    let Transaction { conn, after_commit } = tx;
    let group = Group { conn, broken };
    let told: Told = match outcome {
        Ok(value) => Box::new(move |committed| {
            let result = match committed {
                Ok(()) => {
                    after_commit.into_iter().for_each(|hook| hook());
                    Ok(value)
                }
                Err(why) => Err(Fault::Unavailable(why.to_owned()).into()),
            };
            // A caller that hung up does not hear it; the write stands.
            let _ = answer.send(result);
        }),
        Err(error) => Box::new(move |_| {
            let _ = answer.send(Err(error));
        }),
    };
    (group, told)
}

/// Runs the work in a savepoint. The second result is an error if the transaction around it is gone.
async fn in_savepoint<T, E, F>(
    tx: &mut Transaction,
    deadline: Instant,
    work: F,
) -> (Result<T, E>, diesel::QueryResult<()>)
where
    E: Failure,
    F: AsyncFn(&mut Transaction) -> Result<T, E>,
{
    if let Err(error) = execute(&mut tx.conn, "SAVEPOINT one") {
        let why = error.to_string();
        return (Err(Fault::Unavailable(why).into()), Err(error));
    }
    let outcome = match AssertUnwindSafe(work(tx)).catch_unwind().await {
        // The work ran on this thread without a pause, so nobody could have called it off in time.
        Ok(Ok(_)) if Instant::now() >= deadline => Err(Fault::Deadline.into()),
        Ok(outcome) => outcome,
        Err(panic) => Err(Fault::Panic(panic_text(panic.as_ref())).into()),
    };
    let end = if outcome.is_ok() { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" };
    (outcome, execute(&mut tx.conn, end))
}

fn execute(conn: &mut Conn, sql: &str) -> diesel::QueryResult<()> {
    match conn.backend() {
        Backend::Sqlite(mut conn) => conn.batch_execute(sql),
        Backend::Postgres(_) => Ok(()),
    }
}

/// The text a panic was raised with.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "unknown".into())
}

/// The writer's thread: takes jobs as they come until every handle is gone.
fn write_in_groups(conn: SqliteConnection, mut queue: mpsc::Receiver<Job>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        tracing::error!("the SQLite writer could not start");
        return;
    };
    let mut conn = Conn::Sqlite(shared(conn));
    while let Some(first) = queue.blocking_recv() {
        let mut group = Group::begin(conn);
        let started = Instant::now();
        let mut waiting: Vec<Told> = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next.take() {
            let (back, told) = runtime.block_on(job(group));
            group = back;
            waiting.push(told);
            if waiting.len() < GROUP && started.elapsed() < GROUP_TIME {
                next = queue.try_recv().ok();
            }
        }
        let committed = group.commit();
        for told in waiting {
            let result = committed.as_ref().copied().map_err(String::as_str);
            // What follows from one writer's commit must not take the writer down for all others.
            let _ = std::panic::catch_unwind(AssertUnwindSafe(|| told(result)));
        }
        conn = group.conn;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of numbers, its writer, who waits for locks only so long, and another connection to the same file.
    fn numbers(patience: &str) -> (Sqlite, SqliteConnection, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers.db");
        let mut other = connect(&path, "off").unwrap();
        other.batch_execute("CREATE TABLE numbers (number INTEGER NOT NULL PRIMARY KEY)").unwrap();
        let mut conn = connect(&path, "off").unwrap();
        conn.batch_execute(&format!("PRAGMA busy_timeout = {patience}")).unwrap();
        let file = Arc::new(File { path, synchronous: "off".into() });
        (Sqlite::start(file, conn).unwrap(), other, folder)
    }

    async fn run_sql(sqlite: &Sqlite, sql: &'static str) -> Result<(), Fault> {
        let deadline = Instant::now() + Duration::from_secs(20);
        sqlite.write(deadline, async move |tx: &mut Transaction| Ok(execute(&mut tx.conn, sql)?)).await
    }

    fn count(conn: &mut SqliteConnection) -> i64 {
        use diesel::RunQueryDsl;
        diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>("(SELECT count(*) FROM numbers)"))
            .get_result(conn)
            .unwrap()
    }

    #[tokio::test]
    async fn nothing_is_written_when_the_transaction_cannot_begin() {
        let (sqlite, mut other, _folder) = numbers("20");
        other.batch_execute("BEGIN IMMEDIATE").unwrap();
        let refused = run_sql(&sqlite, "INSERT INTO numbers VALUES (1)").await;
        assert!(matches!(refused, Err(Fault::Unavailable(_))), "{refused:?}");
        // The work must not even be tried: here it would find the lock gone, and be committed by itself.
        let deadline = Instant::now() + Duration::from_secs(20);
        let refused: Result<(), Fault> = sqlite.write(deadline, async |_| panic!("it ran")).await;
        assert!(matches!(refused, Err(Fault::Unavailable(_))), "{refused:?}");
        other.batch_execute("COMMIT").unwrap();
        assert_eq!(count(&mut other), 0);
        run_sql(&sqlite, "INSERT INTO numbers VALUES (2)").await.unwrap();
        assert_eq!(count(&mut other), 1);
    }

    #[tokio::test]
    async fn a_transaction_that_sqlite_rolled_back_takes_its_group_along_and_nothing_else() {
        let (sqlite, mut other, _folder) = numbers("10000");
        // While it is locked, those that follow gather into one group.
        other.batch_execute("BEGIN IMMEDIATE").unwrap();
        let unlock = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            other.batch_execute("COMMIT").unwrap();
        };
        let (before, rolled_back, after, ()) = tokio::join!(
            run_sql(&sqlite, "INSERT INTO numbers VALUES (1)"),
            // What SQLite does by itself when the disk is full or fails.
            run_sql(&sqlite, "ROLLBACK"),
            run_sql(&sqlite, "INSERT INTO numbers VALUES (2)"),
            unlock,
        );
        for outcome in [before, rolled_back, after] {
            assert!(matches!(outcome, Err(Fault::Unavailable(_))), "{outcome:?}");
        }
        assert_eq!(count(&mut other), 0, "what was answered with an error took place");
        run_sql(&sqlite, "INSERT INTO numbers VALUES (3)").await.unwrap();
        assert_eq!(count(&mut other), 1);
    }
}
