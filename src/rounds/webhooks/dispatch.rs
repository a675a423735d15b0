//! Makes deliveries of what has happened.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::{STORING, lease};
use crate::db::{Id, Json, Timestamp, Transaction};
use crate::events::{self, StoredEvent};
use crate::method::{App, Object, Result};
use crate::resources::integrations::webhooks::filter::Wants;
use crate::resources::integrations::webhooks::lanes::{self, Behind, Key};
use crate::resources::integrations::webhooks::{
    DeliveryRow, DeliveryStatus, Webhook, WebhookStatus, deliveries, store,
};

/// How many events are looked at in one go.
const BATCH: i64 = 500;
/// How many deliveries one transaction makes, or few more, so that no caller waits long for it.
const MOST: usize = 2000;
/// How many feeds are looked up at a time.
const FEEDS: i64 = 1000;
/// What tells that a webhook begins.
const CREATED: &str = "webhook.created";

/// What was dispatched.
#[derive(Default)]
pub(super) struct Dispatched {
    /// Whether any feed got further.
    pub is_progress: bool,
    /// The lanes with new deliveries that were taken on.
    pub lanes: Vec<Key>,
}

/// Makes deliveries of the next events of every feed that is behind.
pub(super) async fn run(app: &App, owner: Id) -> Result<Dispatched> {
    let mut all = Dispatched::default();
    let behind = lanes::behind(&mut *app.db.read().await?, FEEDS).await?;
    for feed in behind {
        let Some(plan) = plan(app, feed).await? else { continue };
        let plan = Arc::new(plan);
        let (ids, now) = (app.clone(), app.now());
        let made = app
            .db
            .write(Instant::now() + STORING, async move |tx: &mut Transaction| make(tx, &ids, &plan, owner, now).await)
            .await?;
        if let Some(lanes) = made {
            all.is_progress = true;
            all.lanes.extend(lanes);
        }
    }
    Ok(all)
}

/// What is to become of the next events of a feed.
struct Plan {
    space: Id,
    from: i64,
    to: i64,
    events: Vec<StoredEvent>,
    /// For each webhook, by their places in `events`, those that it wants.
    wanted: BTreeMap<Id, Vec<usize>>,
    /// The webhooks that begin with one of these events.
    begins: HashMap<Id, i64>,
}

/// Finds out which webhooks want the next events of a feed.
async fn plan(app: &App, Behind { space, seq, last_seq }: Behind) -> Result<Option<Plan>> {
    let mut conn = app.db.read().await?;
    // The events before the webhooks: so every webhook is there whose creation is among the events.
    let events = events::store::after(&mut conn, space, seq, BATCH).await?;
    let webhooks = store::listening(&mut conn, space).await?;
    let mut plan = Plan {
        space,
        from: seq,
        // With nobody to listen, nothing need be read.
        to: if webhooks.is_empty() { last_seq } else { seq },
        events: Vec::new(),
        wanted: BTreeMap::new(),
        begins: HashMap::new(),
    };
    let Some(first) = events.first() else {
        // Whatever there was is no longer kept.
        plan.to = last_seq;
        return Ok(Some(plan));
    };
    if webhooks.is_empty() {
        return Ok(Some(plan));
    }
    let ids: Vec<Id> = webhooks.iter().map(|webhook| webhook.id).collect();
    let lanes = lanes::of(&mut conn, space, &ids).await?;
    drop(conn);
    let mut starts: HashMap<Id, Option<i64>> = lanes.iter().map(|lane| (lane.webhook_id, lane.starts_after)).collect();
    if first.seq > seq + 1 {
        // Creations may be among the events that are no longer kept.
        for (webhook, start) in starts.iter_mut().filter(|(_, start)| start.is_none()) {
            *start = Some(seq);
            plan.begins.insert(*webhook, seq);
        }
    }
    let now = app.now();
    let wants: Vec<Wants> = webhooks.iter().map(|webhook| Wants::of(webhook, now)).collect();
    let mut count = 0;
    for (index, event) in events.iter().enumerate() {
        let is_wanted = |wants: &&Wants| {
            let start = starts.get(&wants.webhook).copied().flatten();
            start.is_some_and(|start| start < event.seq) && wants.wants(event)
        };
        for wants in wants.iter().filter(is_wanted) {
            plan.wanted.entry(wants.webhook).or_default().push(index);
            count += 1;
        }
        if event.type_ == CREATED
            && event.object_type == Webhook::TYPE
            && let Some(start @ None) = starts.get_mut(&event.object_id)
        {
            *start = Some(event.seq);
            plan.begins.insert(event.object_id, event.seq);
        }
        plan.to = event.seq;
        if count >= MOST {
            break;
        }
    }
    plan.events = events;
    Ok(Some(plan))
}

/// Makes the deliveries and moves on in the feed, unless another server was faster. Answers the lanes that were taken on.
async fn make(tx: &mut Transaction, app: &App, plan: &Plan, owner: Id, now: Timestamp) -> Result<Option<Vec<Key>>> {
    if !lanes::advance(tx, plan.space, plan.from, plan.to).await? {
        return Ok(None);
    }
    let mut webhooks: Vec<Id> = plan.wanted.keys().chain(plan.begins.keys()).copied().collect();
    webhooks.sort_unstable();
    webhooks.dedup();
    let mut taken = Vec::new();
    let mut lanes = Vec::with_capacity(webhooks.len());
    for webhook in &webhooks {
        lanes.extend(lanes::lock(tx, (plan.space, *webhook)).await?);
    }
    // Under the lock: whoever pauses or resumes waits, or has done so.
    let statuses = store::statuses(tx, plan.space, &webhooks).await?;
    for mut lane in lanes {
        let key = (lane.organization_id, lane.webhook_id);
        let status = statuses.iter().find(|(webhook, _)| *webhook == key.1).map(|(_, status)| *status);
        if let Some(seq) = plan.begins.get(&key.1) {
            lane.starts_after = Some(*seq);
        }
        let gets_events = matches!(status, Some(WebhookStatus::Active | WebhookStatus::Paused));
        let wanted = plan.wanted.get(&key.1).map(Vec::as_slice).unwrap_or_default();
        let events: Vec<&StoredEvent> = wanted.iter().filter_map(|index| plan.events.get(*index)).collect();
        if gets_events && !events.is_empty() {
            let rows = rows(tx, app, key, &events, now).await?;
            deliveries::insert(tx, &rows).await?;
            if status == Some(WebhookStatus::Active) {
                lane.wake(now);
                if !lane.is_taken(owner, now) && !lane.is_held(now) {
                    lane.lease(owner, lease(now));
                    taken.push(key);
                }
            }
        }
        lanes::save(tx, &lane).await?;
    }
    Ok(Some(taken))
}

/// The deliveries of events to a webhook: of those about one object the first is attempted, and the others wait.
async fn rows(
    tx: &mut Transaction,
    app: &App,
    key: Key,
    events: &[&StoredEvent],
    now: Timestamp,
) -> Result<Vec<DeliveryRow>> {
    let objects: HashSet<Id> = events.iter().map(|event| event.object_id).collect();
    let objects: Vec<Id> = objects.into_iter().collect();
    let mut held: HashSet<Id> = deliveries::held(tx, key, &objects).await?.into_iter().collect();
    let row = |event: &&StoredEvent| DeliveryRow {
        organization_id: key.0,
        id: app.new_id(),
        webhook_id: key.1,
        event_id: event.id,
        event_type: event.type_.clone(),
        seq: Some(event.seq),
        object_id: event.object_id,
        status: DeliveryStatus::Pending,
        attempt_count: 0,
        attempts: Json(Vec::new()),
        next_attempt_at: held.insert(event.object_id).then_some(now),
        holds_object: true,
        payload: None,
        created_at: now,
    };
    Ok(events.iter().map(row).collect())
}
