//! All SQL of webhooks.

use super::kept::Kept;
use super::lanes::{self, Figures, Lane};
use super::model::{Webhook, WebhookRow, WebhookStatus};
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Code, Error, Result, Tx, Window};
use crate::schema::webhooks;
use crate::{lock, run, run_page};

/// How many webhooks a space may have.
const MOST: i64 = 1000;

/// A webhook as it is kept.
#[derive(Clone)]
pub struct Stored {
    /// What is stored of it.
    pub row: WebhookRow,
    /// What of it must not be seen.
    pub kept: Kept,
    /// What changes with every delivery.
    pub figures: Figures,
}

impl Stored {
    /// What callers see of it.
    pub fn shown(&self) -> Webhook {
        Webhook::new(&self.row, self.figures)
    }
}

/// What is stored of a webhook.
pub async fn row(conn: &mut Conn, space: Id, id: Id) -> Result<Option<WebhookRow>> {
    let row = run!(conn, |c| webhooks::table.find((space, id)).select(WebhookRow::as_select()).first(c));
    Ok(row.optional()?)
}

/// A webhook.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<Webhook>> {
    let Some(row) = row(conn, space, id).await? else { return Ok(None) };
    let figures = figures(conn, space, id).await?;
    Ok(Some(Webhook::new(&row, figures)))
}

async fn figures(conn: &mut Conn, space: Id, id: Id) -> Result<Figures> {
    Ok(lanes::find(conn, (space, id)).await?.as_ref().map(Figures::from).unwrap_or_default())
}

/// A webhook, locked.
pub async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<Stored>> {
    let space = tx.space();
    let row: Option<WebhookRow> = lock!(tx, webhooks::table.find((space, id)).select(WebhookRow::as_select()))?;
    let Some(row) = row else { return Ok(None) };
    let kept = Kept::open(tx.ctx().app().keyring(), &row.sealed)?;
    let figures = figures(tx, space, id).await?;
    Ok(Some(Stored { row, kept, figures }))
}

/// The webhook that a write is about, locked.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<Stored> {
    let found = lock(tx, id).await?;
    tx.target(found.as_ref().map(Stored::shown))?;
    found.ok_or_else(Error::not_found::<Webhook>)
}

/// The webhooks of a space.
pub async fn list(
    conn: &mut Conn,
    space: Id,
    status: Option<WebhookStatus>,
    window: &Window,
) -> Result<(Vec<Webhook>, Option<i64>)> {
    let statuses = status.map_or(WebhookStatus::ALL.to_vec(), |status| vec![status]);
    let (rows, total) = run_page!(
        conn,
        window,
        webhooks::id,
        WebhookRow,
        webhooks::table.filter(webhooks::organization_id.eq(space).and(webhooks::status.eq_any(&statuses)))
    );
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let lanes = lanes::of(conn, space, &ids).await?;
    let figures = |row: &WebhookRow| lanes.iter().find(|lane| lane.webhook_id == row.id).map(Figures::from);
    Ok((rows.iter().map(|row| Webhook::new(row, figures(row).unwrap_or_default())).collect(), total))
}

/// The webhooks of a space that get what happens.
pub async fn listening(conn: &mut Conn, space: Id) -> Result<Vec<WebhookRow>> {
    Ok(run!(conn, |c| webhooks::table
        .filter(webhooks::organization_id.eq(space).and(webhooks::status.ne(WebhookStatus::Disabled)))
        .select(WebhookRow::as_select())
        .load(c))?)
}

/// How some webhooks stand.
pub async fn statuses(conn: &mut Conn, space: Id, ids: &[Id]) -> Result<Vec<(Id, WebhookStatus)>> {
    Ok(run!(conn, |c| webhooks::table
        .filter(webhooks::organization_id.eq(space).and(webhooks::id.eq_any(ids)))
        .select((webhooks::id, webhooks::status))
        .load(c))?)
}

/// Stores a new webhook and announces it.
pub async fn insert(tx: &mut Tx<'_>, row: &WebhookRow) -> Result<Webhook> {
    let count: i64 =
        run!(tx, |c| webhooks::table.filter(webhooks::organization_id.eq(row.organization_id)).count().get_result(c))?;
    if count >= MOST {
        return Err(Error::new(Code::LimitExceeded, format!("There are {MOST} webhooks already.")));
    }
    run!(tx, |c| diesel::insert_into(webhooks::table).values(row).execute(c))?;
    lanes::insert(tx, &Lane::new((row.organization_id, row.id))).await?;
    let webhook = Webhook::new(row, Figures::default());
    tx.emit("webhook.created", &webhook)?;
    Ok(webhook)
}

/// Stores what has become of a webhook and announces it as `event`. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: Stored, mut after: Stored, event: &'static str) -> Result<Webhook> {
    if after.kept != before.kept {
        after.row.header_names.0 = after.kept.headers.keys().cloned().collect();
        after.row.sealed = after.kept.seal(tx.ctx().app().keyring())?;
    }
    if after.row == before.row {
        return Ok(before.shown());
    }
    after.row.version += 1;
    after.row.updated_at = tx.now();
    let key = (after.row.organization_id, after.row.id);
    run!(tx, |c| diesel::update(webhooks::table.find(key)).set(&after.row).execute(c))?;
    let webhook = after.shown();
    tx.emit_change(event, &before.shown(), &webhook)?;
    Ok(webhook)
}

/// Takes a webhook away and announces it.
pub async fn delete(tx: &mut Tx<'_>, webhook: &Stored) -> Result<()> {
    let key = (webhook.row.organization_id, webhook.row.id);
    run!(tx, |c| diesel::delete(webhooks::table.find(key)).execute(c))?;
    tx.emit("webhook.deleted", &webhook.shown())
}

/// What is sealed of all webhooks, with their keys.
pub async fn all_sealed(conn: &mut Conn) -> Result<Vec<(Id, Id, Vec<u8>)>> {
    Ok(run!(conn, |c| webhooks::table.select((webhooks::organization_id, webhooks::id, webhooks::sealed)).load(c))?)
}

/// Puts `again` in place of what is sealed, if it is still the same; answers whether it was.
pub async fn seal_again(conn: &mut Conn, key: (Id, Id), sealed: &[u8], again: &[u8]) -> Result<bool> {
    let changed = run!(conn, |c| diesel::update(webhooks::table.find(key))
        .filter(webhooks::sealed.eq(sealed))
        .set(webhooks::sealed.eq(again))
        .execute(c))?;
    Ok(changed == 1)
}
