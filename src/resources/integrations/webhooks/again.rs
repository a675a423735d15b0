//! Having deliveries sent again.

use super::delivery::{DeliveryRow, DeliveryStatus};
use super::lanes::{self, Key, Lane};
use super::model::WebhookStatus;
use super::{deliveries, store};
use crate::db::{Conn, Id};
use crate::method::{Code, Error, Result, Tx};

/// The lane of a webhook, locked, if deliveries can be sent again to it.
pub async fn open_lane(tx: &mut Tx<'_>, key: Key) -> Result<Lane> {
    let lane = lanes::lock(tx, key).await?;
    let status = store::row(tx, key.0, key.1).await?.map(|webhook| webhook.status);
    match (lane, status) {
        (Some(lane), Some(WebhookStatus::Active)) => Ok(lane),
        _ => Err(Error::new(Code::InvalidState, "The webhook is not active; resume it first.")),
    }
}

/// A delivery, if it can be sent again.
pub async fn check(conn: &mut Conn, space: Id, id: Id) -> Result<Option<DeliveryRow>> {
    let Some(row) = deliveries::find(conn, space, id).await? else { return Ok(None) };
    match envelope(conn, &row).await? {
        Some(_) => Ok(Some(row)),
        None => Err(Error::new(Code::Expired, "The event is not kept any more.")),
    }
}

/// Has a delivery sent again whose lane is locked; answers it as it is then.
pub async fn begin(tx: &mut Tx<'_>, lane: &mut Lane, id: Id) -> Result<Option<DeliveryRow>> {
    let Some(mut row) = deliveries::lock(tx, id).await? else { return Ok(None) };
    if envelope(tx, &row).await?.is_none() {
        return Err(Error::new(Code::Expired, "The event is not kept any more."));
    }
    match row.status {
        DeliveryStatus::Pending => return Ok(Some(row)),
        DeliveryStatus::Retrying => row.next_attempt_at = Some(tx.now()),
        DeliveryStatus::Delivered | DeliveryStatus::Dead => {
            row.status = DeliveryStatus::Pending;
            row.attempt_count = 0;
            row.next_attempt_at = Some(tx.now());
        }
        DeliveryStatus::Canceled => {
            return Err(Error::new(Code::InvalidState, "A delivery that was called off stays so."));
        }
    }
    deliveries::begin_again(tx, &row).await?;
    lane.wake(tx.now());
    Ok(Some(row))
}

/// The event of a delivery, if it is still kept.
pub async fn envelope(conn: &mut Conn, row: &DeliveryRow) -> Result<Option<String>> {
    match (&row.payload, row.seq) {
        (Some(payload), _) => Ok(Some(payload.clone())),
        (None, Some(seq)) => {
            let found = deliveries::events_at(conn, row.organization_id, &[seq]).await?;
            Ok(found.first().map(|event| event.envelope()))
        }
        (None, None) => Ok(None),
    }
}
