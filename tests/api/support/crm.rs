//! Two of everything around companies, for the tests over the registry.

use dotdesk::method::Described;
use serde_json::{Value, json};

use super::server::Api;

/// Objects of Acme.
pub struct Crm {
    company: Value,
    other_company: Value,
    pipeline: Value,
    stage: Value,
    field: Value,
    tag: Value,
    unique: String,
}

impl Crm {
    /// Creates two of everything; `unique` is in all names that must be.
    pub async fn create(api: &Api, unique: &str) -> Self {
        let admin = api.admin();
        // A kind of object has 200 fields at the most, and a test may need fixtures for each of many methods.
        let mut object = "company";
        for kind in ["company", "contact", "conversation"] {
            let fields = admin.ok("customFields.list", json!({ "object": kind, "limit": 1000 })).await;
            if fields["data"].as_array().unwrap().len() < 190 {
                object = kind;
                break;
            }
        }
        let mut made = Vec::new();
        for n in 0..2 {
            let pipeline = json!({ "name": "Fixture", "stages": [{ "name": "Lead" }, { "name": "Customer" }] });
            let pipeline = admin.ok("pipelines.create", pipeline).await;
            let tag = admin.ok("tags.create", json!({ "name": format!("{n} {unique}") })).await;
            let field = json!({
                "object": object, "name": format!("field{n}_{unique}"), "type": "text", "display_name": "Fixture",
            });
            let field = admin.ok("customFields.create", field).await;
            let company = json!({ "name": "Fixture", "external_id": format!("{n}-{unique}"), "tags": [tag["name"]] });
            let company = admin.ok("companies.create", company).await;
            // Two of them belong to the one that methods are called with.
            for one in 0..n * 2 {
                let contact = json!({ "name": format!("Of a company, {one}"), "company_id": company["id"] });
                let contact = admin.ok("contacts.create", contact).await;
                admin.ok("conversations.create", json!({ "contact_id": contact["id"] })).await;
            }
            made.push(json!({ "pipeline": pipeline, "tag": tag, "field": field, "company": company }));
        }
        let (first, last) = (&made[0], &made[1]);
        Self {
            company: last["company"]["id"].clone(),
            other_company: first["company"]["id"].clone(),
            pipeline: last["pipeline"]["id"].clone(),
            stage: last["pipeline"]["stages"][0]["id"].clone(),
            field: last["field"]["id"].clone(),
            tag: last["tag"]["name"].clone(),
            unique: unique.to_owned(),
        }
    }

    /// What an argument of a method means.
    pub fn argument(&self, method: &Described, name: &str) -> Option<Value> {
        let resource = method.name().split('.').next().unwrap_or_default();
        Some(match (name, resource) {
            ("id", "companies" | "metadata") | ("destination_id", "companies") | ("company_id", _) => {
                self.company.clone()
            }
            ("ids", "companies") => json!([self.company]),
            ("source_id", "companies") => self.other_company.clone(),
            ("domains", "companies") => json!([format!("{}.example.com", self.unique)]),
            ("id", "pipelines") | ("pipeline_id", _) => self.pipeline.clone(),
            ("stage_id", _) => self.stage.clone(),
            ("id", "customFields") => self.field.clone(),
            ("name", "customFields") => json!(format!("new_{}", self.unique)),
            ("name", "tags") if method.name() == "tags.create" => json!(format!("new {}", self.unique)),
            ("source_names", "tags") => json!([self.tag]),
            ("name", "tags") => self.tag.clone(),
            _ => return None,
        })
    }
}
