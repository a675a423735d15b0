//! PostgreSQL: a pool of connections for transactions, and one shared, pipelined connection per server thread for single reads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::{BuildError, Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::conn::{Conn, PgConn, Reader, Transaction};
use super::fault::Failure;
use super::sqlite::panic_text;
use super::{Fault, OpenError, Options, Unavailable};

/// How long a writer waits for a connection before it is told to come back.
const POOL_WAIT: Duration = Duration::from_secs(10);
/// How long connecting may take.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How long a writer waits for a row that another transaction has locked; and how long a statement may run whose caller has long
/// given up.
const LOCK_WAIT: &str = "SET lock_timeout = '10s'; SET statement_timeout = '40s'";
/// How long a commit may take that was begun just before its deadline.
const COMMIT_WAIT: Duration = Duration::from_secs(10);
/// How long what was sent may go without an answer from the other machine before the connection counts as lost.
const SILENCE: Duration = Duration::from_secs(20);
/// How often work is run again when concurrent transactions get in the way.
const RETRIES: u32 = 8;

pub(super) struct Postgres {
    url: Arc<str>,
    max_connections: usize,
    pool: Pool<AsyncPgConnection>,
    reader: Mutex<Option<Link<Arc<AsyncPgConnection>>>>,
    /// Long reads take connections from the writers' pool, but never all of them.
    scans: Semaphore,
}

/// A pool whose connections live on the thread that first needs them.
fn pool(url: &str, max_connections: usize) -> Result<Pool<AsyncPgConnection>, BuildError> {
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(|url| connect_writer(url.to_owned()).boxed());
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    Pool::builder(manager).max_size(max_connections).build()
}

/// A connection and whether the server has closed it.
struct Link<C> {
    conn: C,
    closed: Arc<AtomicBool>,
}

impl Postgres {
    pub(super) async fn open(options: &Options) -> Result<Self, OpenError> {
        let max_connections = options.max_connections.max(1);
        let pool = pool(&options.url, max_connections).map_err(|error| OpenError::Open(error.to_string()))?;
        let scans = Semaphore::new(max_connections.div_ceil(2));
        let this = Self { url: options.url.as_str().into(), max_connections, pool, reader: Mutex::default(), scans };
        this.read().await.map_err(|error| OpenError::Open(error.to_string()))?;
        Ok(this)
    }

    pub(super) fn fork(&self, parts: usize) -> Self {
        let share = self.max_connections.div_ceil(parts.max(1));
        let pool = pool(&self.url, share).unwrap_or_else(|_| self.pool.clone());
        let scans = Semaphore::new(share.div_ceil(2));
        Self { url: self.url.clone(), max_connections: share, pool, reader: Mutex::default(), scans }
    }

    pub(super) async fn read(&self) -> Result<Reader, Unavailable> {
        if let Some(conn) = self.live_reader() {
            return Ok(Reader::postgres(conn));
        }
        let Link { conn, closed } =
            connect(self.url.to_string()).await.map_err(|error| Unavailable(error.to_string()))?;
        let conn = Arc::new(conn);
        let link = Link { conn: conn.clone(), closed };
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(link);
        Ok(Reader::postgres(conn))
    }

    /// The shared connection, unless the server closed it.
    fn live_reader(&self) -> Option<Arc<AsyncPgConnection>> {
        let mut slot = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_some_and(|link| link.closed.load(Ordering::Relaxed)) {
            *slot = None;
        }
        slot.as_ref().map(|link| link.conn.clone())
    }

    pub(super) async fn scan<T, E, F>(&self, deadline: Instant, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: AsyncFnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        let until = tokio::time::Instant::from(deadline);
        let turn = tokio::time::timeout_at(until, self.scans.acquire()).await;
        let _turn = turn.map_err(|_| Fault::Deadline)?.map_err(|_| Fault::Unavailable("the server stops".into()))?;
        let conn = tokio::time::timeout_at(until, self.pool.get())
            .await
            .map_err(|_| Fault::Deadline)?
            .map_err(|error| Fault::Unavailable(error.to_string()))?;
        // Given up half way, it takes its connection along: the query may still be running on it.
        let mut open = Open(Some(Transaction::new(Conn::Postgres(PgConn::Own(Arc::new(conn))))));
        let Some(transaction) = &mut open.0 else { return Err(Fault::Deadline.into()) };
        let outcome = tokio::time::timeout_at(until, work(&mut transaction.conn)).await.map_err(|_| Fault::Deadline)?;
        open.finish();
        outcome
    }

    pub(super) async fn write<T, E, F>(&self, deadline: Instant, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: AsyncFn(&mut Transaction) -> Result<T, E> + Send + 'static,
    {
        let pool = self.pool.clone();
        // A task of its own, so that a caller who hangs up cannot stop a transaction half way.
        let task = tokio::task::spawn_local(async move {
            let mut attempt = 0;
            loop {
                let until = deadline.min(Instant::now() + POOL_WAIT);
                let conn = tokio::time::timeout_at(until.into(), pool.get())
                    .await
                    .map_err(|_| Fault::Unavailable("no connection became free in time".into()))?
                    .map_err(|error| Fault::Unavailable(error.to_string()))?;
                match attempt_once(conn, deadline, &work).await {
                    Err(error) if error.is_retryable() && attempt < RETRIES => {
                        attempt += 1;
                        tokio::time::sleep(Duration::from_millis(u64::from(attempt * attempt))).await;
                    }
                    outcome => return outcome,
                }
            }
        });
        match task.await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => Err(Fault::Panic(panic_text(error.into_panic().as_ref())).into()),
            Err(_) => Err(Fault::Unavailable("the server is stopping".into()).into()),
        }
    }
}

async fn attempt_once<T, E, F>(conn: Object<AsyncPgConnection>, deadline: Instant, work: &F) -> Result<T, E>
where
    E: Failure,
    F: AsyncFn(&mut Transaction) -> Result<T, E>,
{
    let mut tx = Open(Some(Transaction::new(Conn::Postgres(PgConn::Own(Arc::new(conn))))));
    let worked = tokio::time::timeout_at(deadline.into(), async {
        tx.execute("BEGIN").await?;
        match &mut tx.0 {
            Some(open) => work(open).await,
            None => Err(Fault::Deadline.into()),
        }
    });
    // A rollback would wait behind the query that is taking too long; the connection goes instead, and the transaction with it.
    let outcome = worked.await.map_err(|_| Fault::Deadline)?;
    match outcome {
        // Timers are not exact to the millisecond.
        Ok(_) if Instant::now() >= deadline => Err(Fault::Deadline.into()),
        Ok(value) => {
            // Nothing stops a commit that is under way, so it is given time beyond the deadline.
            let commit = tokio::time::timeout_at((deadline + COMMIT_WAIT).into(), tx.execute("COMMIT"));
            commit.await.unwrap_or_else(|_| Err(Fault::Unavailable("no answer".into()))).map_err(in_doubt)?;
            tx.finish().into_iter().for_each(|hook| hook());
            Ok(value)
        }
        Err(error) => {
            if tx.execute("ROLLBACK").await.is_ok() {
                tx.finish();
            }
            Err(error)
        }
    }
}

/// A commit that PostgreSQL refused did not take place; one without an answer may have.
fn in_doubt(fault: Fault) -> Fault {
    match fault {
        Fault::Unavailable(why) => Fault::InDoubt(why),
        fault => fault,
    }
}

/// A begun transaction. Dropped before it is finished, it takes its connection with it, so that the pool never lends out a
/// connection in the middle of somebody's transaction.
struct Open(Option<Transaction>);

impl Open {
    async fn execute(&mut self, sql: &str) -> Result<(), Fault> {
        match self.0.as_mut().map(|tx| &tx.conn) {
            Some(Conn::Postgres(conn)) => {
                let mut conn = conn.get();
                conn.batch_execute(sql).await.map_err(Fault::from)
            }
            _ => Ok(()),
        }
    }

    fn finish(&mut self) -> Vec<super::conn::AfterCommit> {
        self.0.take().map(|tx| tx.after_commit).unwrap_or_default()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // Nobody else has it: whoever it was lent to was dropped before, with the work.
        if let Some(Transaction { conn: Conn::Postgres(PgConn::Own(conn)), .. }) = self.0.take()
            && let Some(conn) = Arc::into_inner(conn)
        {
            drop(Object::take(conn));
        }
    }
}

/// A connection for one-off use.
pub(super) async fn establish(url: String) -> ConnectionResult<AsyncPgConnection> {
    connect(url).await.map(|link| link.conn)
}

/// A connection for transactions.
async fn connect_writer(url: String) -> ConnectionResult<AsyncPgConnection> {
    let Link { mut conn, .. } = connect(url).await?;
    conn.batch_execute(LOCK_WAIT).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// Connects, with TLS unless the address refuses it (`sslmode=disable`).
async fn connect(url: String) -> ConnectionResult<Link<AsyncPgConnection>> {
    let attempt = async {
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|error: tokio_postgres::Error| ConnectionError::InvalidConnectionUrl(chain(&error)))?;
        config.application_name("dotdesk");
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        if config.get_ssl_mode() == SslMode::Disable {
            drive(config.connect(tokio_postgres::NoTls).await).await
        } else {
            drive(config.connect(tls()?).await).await
        }
    };
    tokio::time::timeout(CONNECT_WAIT, attempt)
        .await
        .unwrap_or_else(|_| Err(ConnectionError::BadConnection("connecting took too long".into())))
}

async fn drive<S>(
    made: Result<(Client, Connection<Socket, S>), tokio_postgres::Error>,
) -> ConnectionResult<Link<AsyncPgConnection>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (client, connection) = made.map_err(|error| ConnectionError::BadConnection(chain(&error)))?;
    let closed = Arc::new(AtomicBool::new(false));
    let flag = closed.clone();
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(error = chain(&error), "a PostgreSQL connection closed");
        }
        flag.store(true, Ordering::Relaxed);
    });
    let conn = AsyncPgConnection::try_from(client).await?;
    Ok(Link { conn, closed })
}

fn tls() -> ConnectionResult<MakeRustlsConnect> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectionError::BadConnection(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// An error with its causes: tokio-postgres keeps the reason in the source.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
