//! What a call carries: who calls, when, under which id; and the only ways to the database.

use std::any::Any;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::app::App;
use super::args::Input;
use super::caller::Caller;
use super::codes::Code;
use super::described::Described;
use super::entry::{Access, Answer, Call, Within};
use super::error::{Error, Result};
use super::idempotency::{self, Replay};
use super::object::Void;
use super::page::{Paged, Window};
use super::secret::Secret;
use super::tx::Tx;
use crate::db::{Ambient, Conn, Failure, Id, Reader, Timestamp, Transaction};

/// The surroundings of one call; cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    app: App,
    method: &'static str,
    described: Option<Arc<Described>>,
    caller: Option<Arc<Caller>>,
    request: Arc<Request>,
    options: Options,
    replayed: OnceLock<Replay>,
    /// The transaction of the batch that the call is a part of.
    ambient: Option<Ambient>,
}

/// What is known of a request before its method runs.
#[derive(Clone, Debug)]
pub struct Request {
    /// `req_` and 32 hexadecimal digits.
    pub id: String,
    /// When it came.
    pub at: Timestamp,
    /// When it must be over.
    pub deadline: Instant,
    /// Where it came from.
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// What the caller showed to be let in.
    pub token: Option<Secret>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The version in `If-Match`.
    pub if_match: Option<i64>,
    /// `Last-Event-ID`: the last event that a client of the stream has seen.
    pub last_event_id: Option<String>,
    /// Scheme and host by which the client reached us, such as `https://desk.example.com`.
    pub base_url: String,
}

/// How one call is to be carried out, beyond its own arguments.
#[derive(Debug, Default)]
pub struct Options {
    /// The idempotency key and the fingerprint of the call.
    pub idempotency: Option<(String, [u8; 32])>,
    /// The version that the target must have.
    pub if_version: Option<i64>,
    /// Whether that version came as `If-Match`.
    pub is_precondition: bool,
    /// Read-only fields that were sent back and must be what they are.
    pub echoes: Map<String, Value>,
    /// Whether everything is to be taken back once the answer is made.
    pub dry_run: bool,
    /// Whether the list answer gets `pagination_data`.
    pub wants_pagination_data: bool,
}

impl Context {
    /// The context of a call of `method`.
    pub fn new(
        app: App,
        method: Arc<Described>,
        caller: Option<Arc<Caller>>,
        request: Arc<Request>,
        options: Options,
        ambient: Option<Ambient>,
    ) -> Self {
        let name = method.entry.name;
        Self(Arc::new(Inner {
            app,
            method: name,
            described: Some(method),
            caller,
            request,
            options,
            replayed: OnceLock::new(),
            ambient,
        }))
    }

    /// A context outside any request: set-up and background work.
    pub fn internal(app: App, caller: Caller, method: &'static str) -> Self {
        let id = format!("req_{}", app.new_id().hex());
        Self::later(app, caller, method, id)
    }

    /// The context of work that goes on after a request was answered, and counts as a part of it.
    pub fn later(app: App, caller: Caller, method: &'static str, request_id: String) -> Self {
        let request = Request {
            id: request_id,
            at: app.now(),
            deadline: Instant::now() + std::time::Duration::from_secs(60),
            ip: None,
            user_agent: None,
            token: None,
            idempotency_key: None,
            if_match: None,
            last_event_id: None,
            base_url: String::new(),
        };
        Self(Arc::new(Inner {
            app,
            method,
            described: None,
            caller: Some(Arc::new(caller)),
            request: Arc::new(request),
            options: Options::default(),
            replayed: OnceLock::new(),
            ambient: None,
        }))
    }

    /// The same call, carried on as `caller`: how a login acts for the user it found.
    pub fn acting_as(&self, caller: Caller) -> Self {
        Self(Arc::new(Inner {
            app: self.0.app.clone(),
            method: self.0.method,
            described: self.0.described.clone(),
            caller: Some(Arc::new(caller)),
            request: self.0.request.clone(),
            options: Options::default(),
            replayed: OnceLock::new(),
            ambient: self.0.ambient.clone(),
        }))
    }

    /// Calls a method as a part of this call: for the same caller, under the same request id, within the same time.
    pub async fn call(&self, method: &Arc<Described>, input: Input, within: Within) -> Result<Answer> {
        let request = Request { idempotency_key: None, if_match: None, at: self.now(), ..(*self.0.request).clone() };
        let caller = self.0.caller.clone().filter(|_| method.entry.access != Access::Public);
        let (app, request) = (self.0.app.clone(), Arc::new(request));
        method.call(Call { method: method.clone(), input, app, caller, request, within }).await
    }

    /// Claims the call's idempotency key for a call that is no single write: who sends the same key with another call is refused,
    /// who sends the same call again is let through.
    pub async fn claim_key(&self) -> Result<()> {
        let Some((key, fingerprint)) = &self.0.options.idempotency else { return Ok(()) };
        let again = Self(Arc::new(Inner {
            app: self.0.app.clone(),
            method: self.0.method,
            described: self.0.described.clone(),
            caller: self.0.caller.clone(),
            request: self.0.request.clone(),
            options: Options { idempotency: Some((key.clone(), *fingerprint)), ..Options::default() },
            replayed: OnceLock::new(),
            ambient: self.0.ambient.clone(),
        }));
        let Void {} = again.write(async |_| Ok(Void {})).await?;
        Ok(())
    }

    /// The server.
    pub fn app(&self) -> &App {
        &self.0.app
    }

    /// The name of the method being called.
    pub fn method(&self) -> &'static str {
        self.0.method
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.0.request
    }

    /// The method's own description, where the call came through the registry.
    pub fn described(&self) -> Option<&Described> {
        self.0.described.as_deref()
    }

    /// Who calls; 401 for a public method that was called without credentials.
    pub fn caller(&self) -> Result<&Caller> {
        self.0
            .caller
            .as_deref()
            .ok_or_else(|| Error::new(Code::NotAuthed, "Send a token: Authorization: Bearer <token>."))
    }

    /// Who calls, if anybody known does.
    pub fn caller_if_any(&self) -> Option<&Caller> {
        self.0.caller.as_deref()
    }

    /// The caller's organization; the id of nothing, which finds nothing, where nobody is logged in.
    pub fn organization(&self) -> Id {
        self.0.caller.as_ref().map_or(Id::NIL, |caller| caller.organization)
    }

    /// Where the caller's objects are, other than those of the account: see [`Caller::space`].
    pub fn space(&self) -> Id {
        self.0.caller.as_ref().map_or(Id::NIL, |caller| caller.space())
    }

    /// The user behind the call; 403 for a key that acts for the organization itself.
    pub fn user(&self) -> Result<Id> {
        self.caller()?.user.ok_or_else(|| {
            Error::new(Code::NoPermission, "This key acts for the organization, not for a user; name the user.")
        })
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.0.app.now()
    }

    /// How the call is to be carried out.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// A service of the server.
    pub fn service<T: Any + Send + Sync>(&self) -> Result<&T> {
        self.0
            .app
            .services()
            .get()
            .ok_or_else(|| Error::internal(format!("this server has no {}", std::any::type_name::<T>())))
    }

    /// Refuses what takes more than the database while a transaction is open around the call: others would have to wait for it, and
    /// it could not be taken back.
    pub fn outside_transaction(&self) -> Result<()> {
        match self.0.ambient {
            None => Ok(()),
            Some(_) => Err(Error::new(
                Code::NotAtomic,
                format!(
                    "With these arguments, {} waits for more than the database, and cannot be part of an atomic batch.",
                    self.0.method
                ),
            )),
        }
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Reader> {
        match &self.0.ambient {
            Some(ambient) => Ok(ambient.read()?),
            None => Ok(self.0.app.db.read().await?),
        }
    }

    /// Runs `work` in the call's one write transaction. The events it emits, the audit entry and the idempotency record are
    /// stored in the same commit; and with an idempotency key that was used before, the stored answer comes back instead.
    ///
    /// `work` may run again when a concurrent transaction got in the way: it must have no effects outside the database.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let ctx = self.clone();
        let work = async move |transaction: &mut Transaction| {
            let mut tx = Tx::new(transaction, ctx.clone());
            if let Some(replay) = idempotency::begin(&mut tx).await? {
                return Ok(Err(replay));
            }
            let answer = work(&mut tx).await?;
            if ctx.options().dry_run {
                return Err(NotCommitted::Rehearsed(answer));
            }
            tx.finish(&answer).await?;
            Ok(Ok(answer))
        };
        let outcome: Result<Result<T, Replay>, NotCommitted<T>> = match &self.0.ambient {
            Some(ambient) => ambient.write(work).await,
            None => self.0.app.db.write(self.0.request.deadline, work).await,
        };
        match outcome {
            Ok(Ok(answer)) | Err(NotCommitted::Rehearsed(answer)) => Ok(answer),
            Err(NotCommitted::Failed(error)) => Err(error),
            Ok(Err(replay)) => {
                let answer = serde_json::from_slice(&replay.body)?;
                let _ = self.0.replayed.set(replay);
                Ok(answer)
            }
        }
    }

    /// Runs a read that may take long, as a search may, away from the threads that answer everybody else's calls.
    pub async fn scan<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        match &self.0.ambient {
            Some(ambient) => work(&mut *ambient.read()?).await,
            None => self.0.app.db.scan(self.0.request.deadline, work).await,
        }
    }

    /// The stored answer that this call came back with, if it did.
    pub fn replayed(&self) -> Option<&Replay> {
        self.0.replayed.get()
    }

    /// Which part of a list the arguments ask for.
    pub fn page<A: Paged>(&self, args: &A) -> Result<Window> {
        Window::new(self, args)
    }
}

/// Why a write transaction was rolled back.
enum NotCommitted<T> {
    /// It went wrong.
    Failed(Error),
    /// It was only to be seen what would be.
    Rehearsed(T),
}

impl<T, E: Into<Error>> From<E> for NotCommitted<T> {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl<T: Send + 'static> Failure for NotCommitted<T> {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_retryable())
    }
}
