//! Webhooks: what is sent, to whom, signed how, in which order, and what becomes of it when it does not arrive.

mod delivering;
mod managing;
pub mod receiver;
mod retrying;
mod safety;

use dotdesk::events::sequencer;
use dotdesk::rounds::webhooks;
use serde_json::{Value, json};

use crate::support::Api;
use receiver::Receiver;

impl Api {
    /// Gives what has happened its places in the feeds.
    async fn give_places(&self) {
        while sequencer::advance(&self.app).await.unwrap() > 0 {}
    }

    /// Delivers everything that is due.
    async fn deliver(&self) {
        // Delivering may disable a webhook, which is an event for others.
        for _ in 0..2 {
            self.give_places().await;
            webhooks::run_due(&self.app).await.unwrap();
        }
    }

    /// A webhook that was not pinged.
    async fn webhook(&self, receiver: &Receiver, more: Value) -> Value {
        let mut args = json!({ "url": receiver.url, "verify": false });
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.admin().ok("webhooks.create", args).await
    }

    /// A team.
    async fn new_team(&self, name: &str) -> Value {
        self.admin().ok("teams.create", json!({ "name": name })).await
    }

    /// Gives a team another name.
    async fn rename(&self, team: &Value, name: &str) {
        self.admin().ok("teams.update", json!({ "id": team["id"], "name": name })).await;
    }

    /// What is listed of a webhook's deliveries, oldest first.
    async fn deliveries(&self, webhook: &Value) -> Vec<Value> {
        let listed = self.admin().ok("webhooks.listDeliveries", json!({ "id": webhook["id"], "limit": 1000 })).await;
        listed["data"].as_array().unwrap().clone()
    }

    /// How a webhook stands.
    async fn webhook_now(&self, webhook: &Value) -> Value {
        self.admin().ok("webhooks.info", json!({ "id": webhook["id"] })).await
    }
}

/// The names of the objects that were sent.
fn names(got: &[receiver::Received]) -> Vec<String> {
    got.iter().map(|received| received.json()["data"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}
