//! A write that is sent twice happens once: the record of a call is part of its own transaction (wire contract, "Idempotency").

use crate::db::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::codes::Code;
use super::context::Context;
use super::error::{Error, Result};
use super::tx::Tx;
use crate::db::{Fault, Id, Timestamp};
use crate::run;
use crate::schema::idempotency_keys;

/// How long an answer can be had again, in seconds: 24 hours.
pub const KEPT_SECONDS: i64 = 24 * 60 * 60;
/// Idempotency bodies are sealed for this purpose: they may hold a secret that was shown once.
const PURPOSE: &str = "idempotency";
/// Fingerprints are sealed too: one is a digest that is quick to make, of arguments that may hold a password.
const FINGERPRINT: &str = "idempotency fingerprint";

/// The answer to an earlier call with the same key.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The result as JSON, byte for byte.
    pub body: Vec<u8>,
    /// The id of the request that did the work.
    pub request_id: String,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = idempotency_keys)]
struct Record {
    organization_id: Id,
    owner_id: Id,
    key: String,
    method: String,
    #[diesel(column_name = fingerprint)]
    sealed_fingerprint: Vec<u8>,
    request_id: String,
    sealed_body: Vec<u8>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// Reads an `Idempotency-Key`: bare, or quoted as a structured-field string (RFC 8941, section 3.3.3).
pub fn parse_key(raw: &str) -> Result<String> {
    let invalid =
        || Error::new(Code::IdempotencyKeyInvalid, "An idempotency key has 1 to 255 visible ASCII characters.");
    let key = match raw.strip_prefix('"') {
        None => raw.to_owned(),
        Some(rest) => {
            let inner = rest.strip_suffix('"').ok_or_else(invalid)?;
            let mut key = String::new();
            let mut chars = inner.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => key.push(chars.next().filter(|c| matches!(c, '"' | '\\')).ok_or_else(invalid)?),
                    '"' => return Err(invalid()),
                    c => key.push(c),
                }
            }
            key
        }
    };
    if (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) { Ok(key) } else { Err(invalid()) }
}

/// What makes two calls the same: the method and the arguments, however they were spelled.
pub fn fingerprint<A: Serialize>(method: &str, args: &A) -> Result<[u8; 32]> {
    let mut args = serde_json::to_value(args)?;
    args.sort_all_objects();
    let args = serde_json::to_vec(&args)?;
    Ok(Sha256::new().chain_update(method).chain_update([0]).chain_update(args).finalize().into())
}

/// Whether the call's key was used before, so that what the call does outside the database must not be done again. What was answered
/// then is answered by the write itself.
pub async fn was_used(ctx: &Context) -> Result<bool> {
    let Some((key, _)) = &ctx.options().idempotency else { return Ok(false) };
    let id = (ctx.organization(), ctx.caller()?.credential_id, key.clone());
    let expires_at: Option<Timestamp> =
        run!(ctx.read().await?, |c| idempotency_keys::table.find(id).select(idempotency_keys::expires_at).first(c))
            .optional()?;
    Ok(expires_at.is_some_and(|end| end > ctx.now()))
}

/// Claims the call's key. If it was used before, answers what was answered then.
///
/// A call with the same key that is still running makes this wait, and then replay its answer.
pub(super) async fn begin(tx: &mut Tx<'_>) -> Result<Option<Replay>> {
    let ctx = tx.ctx().clone();
    let Some((key, fingerprint)) = &ctx.options().idempotency else { return Ok(None) };
    let owner = ctx.caller()?.credential_id;
    let record = Record {
        organization_id: tx.organization(),
        owner_id: owner,
        key: key.clone(),
        method: ctx.method().to_owned(),
        sealed_fingerprint: ctx.app().keyring().seal(FINGERPRINT, fingerprint).map_err(Error::internal)?,
        request_id: ctx.request().id.clone(),
        sealed_body: Vec::new(),
        created_at: tx.now(),
        expires_at: tx.now().plus_seconds(KEPT_SECONDS),
    };
    let id = (record.organization_id, record.owner_id, record.key.clone());
    let claimed =
        run!(tx, |c| diesel::insert_into(idempotency_keys::table).values(&record).on_conflict_do_nothing().execute(c));
    match claimed {
        Ok(1) => return Ok(None),
        Ok(_) => {}
        Err(error) => return Err(in_progress(error)),
    }
    let earlier: Record = run!(tx, |c| idempotency_keys::table.find(id.clone()).first(c))?;
    if earlier.expires_at <= tx.now() {
        run!(tx, |c| diesel::delete(idempotency_keys::table.find(id.clone())).execute(c))?;
        run!(tx, |c| diesel::insert_into(idempotency_keys::table).values(&record).execute(c))?;
        return Ok(None);
    }
    let keyring = ctx.app().keyring();
    if keyring.open(FINGERPRINT, &earlier.sealed_fingerprint).map_err(Error::internal)? != fingerprint {
        let message = format!(
            "This idempotency key was used for another call: {} at {} ({}).",
            earlier.method, earlier.created_at, earlier.request_id
        );
        return Err(Error::new(Code::IdempotencyKeyReused, message));
    }
    let body = keyring.open(PURPOSE, &earlier.sealed_body).map_err(Error::internal)?;
    Ok(Some(Replay { body, request_id: earlier.request_id }))
}

/// Puts the answer beside the key, in the transaction that it is the answer of.
pub(super) async fn finish<T: Serialize>(tx: &mut Tx<'_>, answer: &T) -> Result<()> {
    let ctx = tx.ctx().clone();
    let Some((key, _)) = &ctx.options().idempotency else { return Ok(()) };
    let id = (tx.organization(), ctx.caller()?.credential_id, key.clone());
    let body = serde_json::to_vec(answer)?;
    let sealed = ctx.app().keyring().seal(PURPOSE, &body).map_err(Error::internal)?;
    run!(tx, |c| diesel::update(idempotency_keys::table.find(id.clone()))
        .set(idempotency_keys::sealed_body.eq(&sealed))
        .execute(c))?;
    Ok(())
}

/// The other call with this key did not end within the time we wait for a lock.
fn in_progress(error: diesel::result::Error) -> Error {
    match Fault::from(error) {
        fault @ Fault::Locked(_) => Error::new(
            Code::IdempotencyInProgress,
            "A request with this idempotency key is still running. Retry in a second.",
        )
        .retry_after(1)
        .because(fault),
        fault => fault.into(),
    }
}
