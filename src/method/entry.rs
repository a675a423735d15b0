//! A row of the registry: a method as everybody but its author sees it.

use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::app::App;
use super::args::{self, Input};
use super::caller::Caller;
use super::codes::Code;
use super::context::{Context, Options, Request};
use super::described::Described;
use super::error::{Error, Result};
use super::idempotency;
use super::object::Output;
use super::scope::{Area, Scope};
use super::stream::ByteStream;
use crate::db::Ambient;

/// One operation of the API. The struct that implements it is its arguments; its doc comment is its documentation.
pub trait Method: Serialize + DeserializeOwned + JsonSchema + Send + 'static {
    /// The name on the wire: `teams.addMember`.
    const NAME: &'static str;
    /// Who may call it.
    const ACCESS: Access;
    /// Whether it reads, writes or deletes.
    const KIND: Kind;
    /// How calls are counted against the rate limits; by kind if not set.
    const RATE: Rate = Rate::of(Self::KIND);
    /// Whether a contact may call it with a token of their own; then it answers and changes nothing but that contact's own things.
    const FOR_CONTACTS: bool = false;
    /// The error codes it may answer beyond those that every method may.
    const ERRORS: &'static [Code] = &[];
    /// The events it causes.
    const EVENTS: &'static [&'static str] = &[];
    /// A request that works, as JSON; ids are examples.
    const EXAMPLE: &'static str = "{}";
    /// The most bytes its body may have.
    const BODY_LIMIT: usize = BODY_LIMIT;
    /// Whether it takes `dry_run`: everything is done, the answer made, and then all of it is taken back.
    const DRY_RUN: bool = false;
    /// Whether the work goes on after the answer: 202 in place of 200, and never in a batch.
    const ACCEPTED: bool = false;
    /// Which batches may call it: not those that are one transaction if it does more than use the database.
    const BATCHING: Batching = Batching::Any;
    /// Set when the method is on its way out.
    const DEPRECATED: Option<Deprecation> = None;

    /// What it answers.
    type Output: Output + JsonSchema;

    /// Does it.
    fn call(self, ctx: Context) -> impl Future<Output = Result<Self::Output>>;
}

/// The most bytes of a body, unless the method says otherwise: 1 MiB.
pub const BODY_LIMIT: usize = 1 << 20;

/// Who may call a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a token.
    Public,
    /// Anybody with a valid token, for their own affairs; the method itself asks for a scope where it goes beyond them.
    Authenticated,
    /// Who holds this scope.
    Scope(Scope),
}

impl Access {
    /// Who may read the area.
    pub const fn read(area: Area) -> Self {
        Self::Scope(Scope::read(area))
    }

    /// Who may write the area.
    pub const fn write(area: Area) -> Self {
        Self::Scope(Scope::write(area))
    }
}

/// Which batches may call a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batching {
    /// All of them.
    Any,
    /// Those that are not one transaction: the method waits for something besides the database, such as the hash of a password
    /// or the store of files, and nobody else may write meanwhile.
    NotAtomic,
    /// None: what it takes or answers is too large or too long for a part of a call.
    Never,
}

/// What a method does to what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing.
    Read,
    /// Adds or changes.
    Write,
    /// Takes away for good.
    Delete,
}

/// The rate limit that a call counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Searching.
    Search,
    /// Jobs over many objects.
    Bulk,
    /// Logging in, by address.
    Auth,
}

impl Policy {
    /// Every policy.
    pub const ALL: &'static [Policy] = &[Self::Read, Self::Write, Self::Search, Self::Bulk, Self::Auth];

    /// Its name in headers and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Search => "search",
            Self::Bulk => "bulk",
            Self::Auth => "auth",
        }
    }
}

/// How much a call counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rate {
    /// The bucket.
    pub policy: Policy,
    /// How many tokens of it.
    pub cost: u32,
}

impl Rate {
    const fn of(kind: Kind) -> Self {
        let policy = match kind {
            Kind::Read => Policy::Read,
            Kind::Write | Kind::Delete => Policy::Write,
        };
        Self { policy, cost: 1 }
    }

    /// Counts one against the per-address limit on logins.
    pub const AUTH: Rate = Rate { policy: Policy::Auth, cost: 1 };
}

/// A method on its way out (RFC 9745, RFC 8594).
#[derive(Clone, Copy, Debug)]
pub struct Deprecation {
    /// Since when, in seconds since 1970-01-01 UTC.
    pub since: i64,
    /// When it stops, in seconds since 1970-01-01 UTC.
    pub sunset: i64,
    /// What to call in its place.
    pub successor: &'static str,
}

/// What a method answered, ready to be written in any format.
pub struct Answer {
    /// The result as JSON; `None` for a method that answers nothing.
    pub body: Option<Vec<u8>>,
    /// In place of a body: what goes on for as long as the caller listens.
    pub stream: Option<ByteStream>,
    /// The version for the `ETag`.
    pub version: Option<i64>,
    /// For a list: where the next page starts, empty if there is none.
    pub next_cursor: Option<String>,
    /// The error that the caller asked for, to see how their client takes it.
    pub rehearsed_error: Option<String>,
    /// Whether the work goes on: 202 in place of 200.
    pub accepted: bool,
    /// The id of the request that did the work, when this is its answer over again.
    pub original_request_id: Option<String>,
}

/// A method without its types.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The name on the wire.
    pub name: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it does.
    pub kind: Kind,
    /// How it counts.
    pub rate: Rate,
    /// Error codes beyond the common ones.
    pub errors: &'static [Code],
    /// The events it causes.
    pub events: &'static [&'static str],
    /// A request that works.
    pub example: &'static str,
    /// The most bytes of its body.
    pub body_limit: usize,
    /// Whether it answers 204.
    pub is_void: bool,
    /// Whether it goes on answering for as long as the caller listens.
    pub is_stream: bool,
    /// Whether contacts may call it.
    pub for_contacts: bool,
    /// Whether it takes `dry_run`.
    pub dry_run: bool,
    /// Whether the work goes on after the answer: 202 in place of 200.
    pub accepted: bool,
    /// Which batches may call it.
    pub batching: Batching,
    /// Whether it is on its way out.
    pub deprecated: Option<Deprecation>,
    pub(super) call: fn(Call) -> LocalBoxFuture<'static, Result<Answer>>,
    pub(super) arguments: fn(&mut SchemaGenerator) -> Value,
    pub(super) result: fn(&mut SchemaGenerator) -> Value,
}

/// A call on its way to its method.
pub struct Call {
    /// The method.
    pub method: Arc<Described>,
    /// The body.
    pub input: Input,
    /// The server.
    pub app: App,
    /// Who calls.
    pub caller: Option<Arc<Caller>>,
    /// The request.
    pub request: Arc<Request>,
    /// What it is a part of.
    pub within: Within,
}

/// What a call is a part of: nothing, if it was made by itself.
#[derive(Default)]
pub struct Within {
    /// The transaction that is open around it.
    pub transaction: Option<Ambient>,
    /// The idempotency key of its place in the larger call, and the fingerprint of that.
    pub idempotency: Option<(String, [u8; 32])>,
}

impl Entry {
    /// The row of a method.
    pub const fn of<M: Method>() -> Self {
        Self {
            name: M::NAME,
            access: M::ACCESS,
            kind: M::KIND,
            rate: M::RATE,
            errors: M::ERRORS,
            events: M::EVENTS,
            example: M::EXAMPLE,
            body_limit: M::BODY_LIMIT,
            is_void: M::Output::IS_VOID,
            is_stream: M::Output::IS_STREAM,
            for_contacts: M::FOR_CONTACTS,
            dry_run: M::DRY_RUN,
            accepted: M::ACCEPTED,
            batching: if M::ACCEPTED { Batching::Never } else { M::BATCHING },
            deprecated: M::DEPRECATED,
            call: |call| run::<M>(call).boxed_local(),
            arguments: |generator| generator.subschema_for::<M>().to_value(),
            result: |generator| generator.subschema_for::<M::Output>().to_value(),
        }
    }
}

async fn run<M: Method>(call: Call) -> Result<Answer> {
    let Call { method, input, app, caller, request, within } = call;
    let (args, extras) = args::read::<M>(&method, input)?;
    let writes = M::KIND != Kind::Read;
    let key = match (&request.idempotency_key, &extras.idempotency_key) {
        (Some(header), Some(argument)) if header != argument => {
            return Err(Error::new(
                Code::IdempotencyKeyInvalid,
                "The Idempotency-Key header and the idempotency_key argument differ; send one of them.",
            ));
        }
        (Some(header), _) => Some(header.clone()),
        (None, Some(argument)) => Some(idempotency::parse_key(argument)?),
        (None, None) => None,
    };
    if within.idempotency.is_some() && key.is_some() {
        return Err(Error::argument("/idempotency_key", "not_allowed", "the key of the batch covers all its calls"));
    }
    // Without a caller there is nobody whose key it could be, and a dry run leaves nothing that could be done twice.
    let counts = writes && caller.is_some() && !extras.dry_run;
    let idempotency = match (within.idempotency.filter(|_| counts), key.filter(|_| counts)) {
        (Some(of_part), _) => Some(of_part),
        (None, Some(key)) => Some((key, idempotency::fingerprint(M::NAME, &args)?)),
        (None, None) => None,
    };
    let options = Options {
        idempotency,
        if_version: extras.if_version.or(request.if_match),
        is_precondition: extras.if_version.is_none(),
        echoes: extras.echoes,
        dry_run: extras.dry_run,
        wants_pagination_data: extras.wants_pagination_data,
    };
    let ctx = Context::new(app, method, caller, request, options, within.transaction);
    let output = args.call(ctx.clone()).await?;
    let replay = ctx.replayed();
    let body = match replay {
        _ if M::Output::IS_VOID || M::Output::IS_STREAM => None,
        Some(replay) => Some(replay.body.clone()),
        None => Some(serde_json::to_vec(&output)?),
    };
    Ok(Answer {
        body,
        version: output.etag(),
        next_cursor: output.next_cursor().map(str::to_owned),
        rehearsed_error: output.rehearsed_error().map(str::to_owned),
        stream: output.stream(),
        accepted: M::ACCEPTED,
        original_request_id: replay.map(|replay| replay.request_id.clone()),
    })
}
