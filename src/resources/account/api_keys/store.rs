//! All SQL of API keys.

use super::model::{ApiKey, ApiKeyRow, Environment};
use crate::access::store::issue;
use crate::access::token::{TokenKind, hints};
use crate::access::user::TokenPurpose;
use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::method::{Result, Tx, Window};
use crate::schema::{api_keys, tokens};
use crate::{lock, run, run_page};

/// A key, as it stands at `now`.
pub async fn find(conn: &mut Conn, organization: Id, id: Id, now: Timestamp) -> Result<Option<ApiKey>> {
    let row = run!(conn, |c| api_keys::table.find((organization, id)).select(ApiKeyRow::as_select()).first(c));
    Ok(row.optional()?.map(|row| ApiKey::at(now, row)))
}

/// The key that a write is about, locked.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<ApiKey> {
    let organization = tx.organization();
    let row = lock!(tx, api_keys::table.find((organization, id)).select(ApiKeyRow::as_select()))?;
    let now = tx.now();
    tx.target(row.map(|row| ApiKey::at(now, row)))
}

/// The keys of an organization, revoked ones too.
pub async fn list(
    conn: &mut Conn,
    organization: Id,
    now: Timestamp,
    window: &Window,
) -> Result<(Vec<ApiKey>, Option<i64>)> {
    let (rows, total) = run_page!(
        conn,
        window,
        api_keys::id,
        ApiKeyRow,
        api_keys::table.filter(api_keys::organization_id.eq(organization))
    );
    Ok((rows.into_iter().map(|row| ApiKey::at(now, row)).collect(), total))
}

/// The keys that act as a user and are not revoked, locked.
pub async fn acting_as(tx: &mut Tx<'_>, user: Id) -> Result<Vec<ApiKey>> {
    let (organization, now) = (tx.organization(), tx.now());
    let ids: Vec<Id> = run!(tx, |c| api_keys::table
        .filter(api_keys::organization_id.eq(organization).and(api_keys::act_as_user_id.eq(user)))
        .filter(api_keys::revoked_at.is_null())
        .order(api_keys::id)
        .select(api_keys::id)
        .load(c))?;
    let mut keys = Vec::with_capacity(ids.len());
    for id in ids {
        let row = lock!(tx, api_keys::table.find((organization, id)).select(ApiKeyRow::as_select()))?;
        keys.extend(row.map(|row| ApiKey::at(now, row)));
    }
    Ok(keys)
}

/// Stores a new key, gives it its secret and announces it.
pub async fn insert(tx: &mut Tx<'_>, mut row: ApiKeyRow) -> Result<(ApiKey, String)> {
    let secret = new_secret(tx, &mut row).await?;
    run!(tx, |c| diesel::insert_into(api_keys::table).values(&row).execute(c))?;
    let key = ApiKey::at(tx.now(), row);
    tx.emit("api_key.created", &key)?;
    Ok((key, secret))
}

/// Stores what has become of a key and announces it as `event`. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: ApiKey, mut after: ApiKeyRow, event: &'static str) -> Result<ApiKey> {
    if after == before.row {
        return Ok(before);
    }
    after.updated_at = tx.now();
    run!(tx, |c| diesel::update(api_keys::table.find((after.organization_id, after.id))).set(&after).execute(c))?;
    let after = ApiKey::at(tx.now(), after);
    tx.emit_change(event, &before, &after)?;
    Ok(after)
}

/// Gives a key a new secret; the ones before it work until `until`, unless they end earlier.
pub async fn replace_secret(tx: &mut Tx<'_>, row: &mut ApiKeyRow, until: Timestamp) -> Result<String> {
    run!(tx, |c| diesel::update(
        tokens::table
            .filter(tokens::organization_id.eq(row.organization_id).and(tokens::subject_id.eq(row.id)))
            .filter(tokens::purpose.eq(TokenPurpose::ApiKey))
            .filter(tokens::expires_at.is_null().or(tokens::expires_at.gt(until)))
    )
    .set(tokens::expires_at.eq(until))
    .execute(c))?;
    new_secret(tx, row).await
}

async fn new_secret(tx: &mut Tx<'_>, row: &mut ApiKeyRow) -> Result<String> {
    let kind = match row.environment {
        Environment::Live => TokenKind::Live,
        Environment::Test => TokenKind::Test,
    };
    let secret = issue(tx, kind, TokenPurpose::ApiKey, row.id, None).await?;
    (row.prefix, row.last4) = hints(&secret);
    Ok(secret)
}
