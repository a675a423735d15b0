//! Makes the calls of a batch: each by itself, or all in one transaction.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::model::{Body, CallResult, Results};
use super::plan::{Plan, Planned};
use super::references::{self, Reference};
use crate::db::Ambient;
use crate::method::args::strict::MAX_DEPTH;
use crate::method::{Code, Context, Error, FieldError, Input, Result, Within};

/// How long the calls of an atomic batch may take together: on SQLite nobody else can write meanwhile.
const ATOMIC_TIME: Duration = Duration::from_secs(10);
/// After how many bytes of results no further call is made.
const MOST_BYTES: usize = 16 << 20;

impl Plan {
    /// Makes the calls one after the other; a failed one keeps no other from being made, unless that refers to it.
    pub async fn run_each(self, ctx: Context) -> Result<Results> {
        if self.calls.iter().any(Planned::writes) {
            ctx.claim_key().await?;
        }
        let mut done = Done::default();
        for (index, call) in self.calls.iter().enumerate() {
            let outcome = match self.prepare(&ctx, call, &mut done) {
                Ok(args) => {
                    let within = Within { transaction: None, idempotency: key_of_part(&ctx, index) };
                    make(&ctx, call, args, within).await
                }
                Err(error) => Err(error),
            };
            match outcome {
                Ok(body) => done.succeeded(call, body),
                Err(error) => done.failed(&ctx, call, &error)?,
            }
        }
        Ok(done.results)
    }

    /// Makes the calls in one transaction: all of them, or none.
    pub async fn run_as_one(self, ctx: Context) -> Result<Results> {
        // What is known to be refused needs no transaction.
        for (index, call) in self.calls.iter().enumerate() {
            call.permitted(&ctx).map_err(|cause| aborted(&ctx, index, call, cause))?;
        }
        let of_calls = ctx.clone();
        let plan = Arc::new(self);
        ctx.write(async move |tx| {
            let (plan, ctx) = (plan.clone(), of_calls.clone());
            tx.open_around(async move |transaction: &Ambient| plan.in_transaction(&ctx, transaction).await).await
        })
        .await
    }

    async fn in_transaction(&self, ctx: &Context, transaction: &Ambient) -> Result<Results> {
        let until = Instant::now() + ATOMIC_TIME;
        let mut done = Done::default();
        for (index, call) in self.calls.iter().enumerate() {
            let outcome = match self.prepare(ctx, call, &mut done) {
                Ok(_) if Instant::now() >= until => {
                    let seconds = ATOMIC_TIME.as_secs();
                    let message =
                        format!("An atomic batch may take {seconds} seconds. Nothing was changed; send less at once.");
                    Err(Error::new(Code::RequestTimeout, message))
                }
                Ok(args) => {
                    let within = Within { transaction: Some(transaction.clone()), idempotency: None };
                    let making = make(ctx, call, args, within);
                    match ctx.app().db.runs_at_once() {
                        // Nothing in here waits: whoever would, would keep everybody else from writing.
                        true => making.now_or_never().unwrap_or_else(|| {
                            Err(Error::internal(format!("{} waited inside a transaction", call.name)))
                        }),
                        false => making.await,
                    }
                }
                Err(error) => Err(error),
            };
            done.succeeded(call, outcome.map_err(|cause| aborted(ctx, index, call, cause))?);
        }
        Ok(done.results)
    }

    /// The arguments of a call, with what they refer to in place of the references.
    fn prepare(&self, ctx: &Context, call: &Planned, done: &mut Done) -> Result<Map<String, Value>> {
        let method = call.permitted(ctx)?;
        if done.bytes > MOST_BYTES {
            let message = format!(
                "The results of the calls before have more than {MOST_BYTES} bytes; make this call in another batch."
            );
            return Err(Error::new(Code::LimitExceeded, message));
        }
        if !call.refers {
            return Ok(call.args.clone());
        }
        let mut left = method.entry.body_limit;
        let filled = references::filled(&call.args, &mut |at, target| {
            let unresolved =
                |why: String| Error::arguments(method.name(), vec![FieldError::new(at, "unresolved_ref", why)]);
            let reference = Reference::parse(target).map_err(|why| unresolved(why.into()))?;
            let position = self.positions.get(reference.call).copied();
            let found = done.find(position, &reference, unresolved)?;
            // Results can be large, and referred to many times.
            left = left
                .checked_sub(serde_json::to_vec(&found)?.len())
                .ok_or_else(|| too_large(method.entry.body_limit))?;
            Ok::<_, Error>(found)
        })?;
        if references::depth(&filled) > MAX_DEPTH {
            let message = format!("with what it refers to, it is nested deeper than {MAX_DEPTH} levels");
            return Err(Error::argument("", "too_deep", message));
        }
        match filled {
            Value::Object(args) => Ok(args),
            _ => Err(Error::new(Code::JsonNotObject, "The arguments refer to something that is not a JSON object.")),
        }
    }
}

/// Makes one call.
async fn make(ctx: &Context, call: &Planned, args: Map<String, Value>, within: Within) -> Result<Option<Body>> {
    let method = call.permitted(ctx)?;
    let answer = ctx.call(method, Input::Object(args), within).await?;
    answer.body.map(body).transpose()
}

fn body(bytes: Vec<u8>) -> Result<Body> {
    let text = String::from_utf8(bytes).map_err(Error::internal)?;
    Ok(Body(RawValue::from_string(text)?))
}

/// The results so far.
#[derive(Default)]
struct Done {
    results: Results,
    /// The bodies that were referred to, read once.
    read: Vec<Option<Value>>,
    bytes: usize,
}

impl Done {
    fn succeeded(&mut self, call: &Planned, body: Option<Body>) {
        let status = if body.is_some() { 200 } else { 204 };
        self.push(CallResult { id: call.id.clone(), status, body });
    }

    fn failed(&mut self, ctx: &Context, call: &Planned, error: &Error) -> Result<()> {
        log(ctx, call, error);
        let request = ctx.request();
        let error_body = json!({ "error": error.body(&request.id, &request.base_url) });
        let body = Some(body(serde_json::to_vec(&error_body)?)?);
        self.push(CallResult { id: call.id.clone(), status: error.status(), body });
        Ok(())
    }

    fn push(&mut self, result: CallResult) {
        self.bytes += result.body.as_ref().map_or(0, |body| body.0.get().len());
        self.results.results.push(result);
        self.read.push(None);
    }

    /// What a reference leads to.
    fn find(
        &mut self,
        position: Option<usize>,
        reference: &Reference<'_>,
        unresolved: impl FnOnce(String) -> Error,
    ) -> Result<Value> {
        let Reference { call, pointer } = reference;
        let found = position.and_then(|at| Some((self.results.results.get(at)?, self.read.get_mut(at)?)));
        let Some((result, read)) = found else {
            return Err(unresolved(format!("there is no call '{call}' before this one")));
        };
        if result.status >= 300 {
            let message = format!("This call refers to the result of '{call}', which failed.");
            return Err(Error::new(Code::DependencyFailed, message).with("failed", *call));
        }
        let Some(body) = &result.body else {
            return Err(unresolved(format!("the call '{call}' answers nothing")));
        };
        if read.is_none() {
            *read = Some(serde_json::from_str(body.0.get())?);
        }
        let value = read.as_ref().and_then(|value| reference.follow(value));
        value.ok_or_else(|| unresolved(format!("the result of '{call}' has nothing at '{pointer}'")))
    }
}

/// The idempotency key of one call of a batch, which no client can send as its own: it has a space. Whatever the references make of
/// its arguments this time, it is the same call if the batch is the same.
fn key_of_part(ctx: &Context, index: usize) -> Option<(String, [u8; 32])> {
    let (key, fingerprint) = ctx.options().idempotency.as_ref()?;
    let of_part = Sha256::new().chain_update(fingerprint).chain_update(index.to_be_bytes()).finalize();
    Some((format!("{key} {index}"), of_part.into()))
}

fn aborted(ctx: &Context, index: usize, call: &Planned, cause: Error) -> Error {
    let message = format!("The call '{}' failed, so nothing of the batch was done: {}", call.id, cause.message());
    let request = ctx.request();
    let body = cause.body(&request.id, &request.base_url);
    Error::new(Code::BatchAborted, message)
        .with("failed", call.id.as_str())
        .with("failed_index", index)
        .with("cause", body)
        .caused_by(cause)
}

fn too_large(limit: usize) -> Error {
    let message = format!("With what they refer to, the arguments have more than {limit} bytes.");
    Error::new(Code::RequestTooLarge, message).with("limit_bytes", limit)
}

/// Notes the cause of a failure, as the door does for calls that come by themselves.
fn log(ctx: &Context, call: &Planned, error: &Error) {
    let Some(cause) = error.cause() else { return };
    let (request_id, method, code) = (&ctx.request().id, &call.name, error.code().as_str());
    if error.status() >= 500 {
        tracing::error!(request_id, method, code, cause, "call of a batch failed");
    } else {
        tracing::debug!(request_id, method, code, cause, "call of a batch refused");
    }
}
