//! Two of everything around contacts, for the tests over the registry.

use dotdesk::method::Described;
use serde_json::{Value, json};

use super::server::Api;

/// Objects of Acme.
pub struct Contacts {
    contact: Value,
    identity: Value,
    other: Value,
    gone: Value,
    merge: Value,
    segment: Value,
    unique: String,
}

impl Contacts {
    /// Creates two of everything around a contact that is there; `unique` is in all that must be.
    pub async fn create(api: &Api, unique: &str, contact: &Value) -> Self {
        let admin = api.admin();
        let mut last = json!({});
        for n in 0..2 {
            let number = format!("+4916{n}{}", digits(unique));
            admin.ok("contacts.create", json!({ "phone": number })).await;
            let twin = json!({ "identities": [{ "type": "whatsapp", "value": number }] });
            let twin = admin.ok("contacts.create", twin).await;
            let gone = admin.ok("contacts.create", json!({ "name": "Gone" })).await;
            admin.ok("contacts.delete", json!({ "id": gone["id"] })).await;
            let part = admin.ok("contacts.create", json!({ "name": "Part" })).await;
            let merge = json!({ "source_id": part["id"], "destination_id": twin["id"] });
            let merge = admin.ok("contacts.merge", merge).await;
            let segment = json!({ "name": "Fixture", "query": "name:* OR identity:*" });
            let segment = admin.ok("segments.create", segment).await;
            last = json!({ "other": twin, "gone": gone, "merge": merge["merge_id"], "segment": segment });
        }
        Self {
            contact: contact["id"].clone(),
            identity: contact["identities"][0]["id"].clone(),
            other: last["other"]["id"].clone(),
            gone: last["gone"]["id"].clone(),
            merge: last["merge"].clone(),
            segment: last["segment"]["id"].clone(),
            unique: unique.to_owned(),
        }
    }

    /// What an argument of a method means.
    pub fn argument(&self, method: &Described, name: &str) -> Option<Value> {
        let resource = method.name().split('.').next().unwrap_or_default();
        Some(match (name, resource) {
            ("id", "contacts") if method.name() == "contacts.restore" => self.gone.clone(),
            ("id" | "destination_id", "contacts") => self.contact.clone(),
            ("ids", "contacts") => json!([self.contact]),
            ("source_id", "contacts") => self.other.clone(),
            ("identity_id", "contacts") => self.identity.clone(),
            ("merge_id", "contacts") => self.merge.clone(),
            ("email", "contacts") => json!(format!("new-{}@example.com", self.unique)),
            ("phone", "contacts") => json!(format!("+491{}", digits(&self.unique))),
            ("value", "contacts") if method.name() == "contacts.addIdentity" => {
                json!(format!("+492{}", digits(&self.unique)))
            }
            ("id", "segments") => self.segment.clone(),
            _ => return None,
        })
    }
}

/// Ten digits that are different for each id.
fn digits(unique: &str) -> String {
    let count = u64::from_str_radix(&unique[unique.len() - 12..], 16).unwrap();
    format!("{:010}", count % 10_000_000_000)
}
