//! Companies that become one, and those that go: what happens to what they had.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::companies::{create, stages};
use crate::companies_stages::in_stage;
use crate::support::{Api, on_both};

#[test]
fn merged_companies_are_one() {
    on_both(async |api| {
        let admin = api.admin();
        let stages = stages(api, 1).await;
        let field = json!({ "object": "company", "name": "size", "type": "number", "display_name": "Size" });
        admin.ok("customFields.create", field).await;
        let source = create(
            api,
            json!({
                "name": "Source", "website": "https://source.test", "domains": ["a.test", "b.test"], "deal_value": 5.5,
                "currency": "USD", "stage_id": stages[0], "tags": ["x", "both"], "custom_fields": { "size": 3 },
                "metadata": { "from": "source", "both": { "s": 1, "d": 0 } }, "external_id": "s", "is_customer": true,
                "last_contact": "2024-01-15T10:30:00Z", "notes": "of the source",
            }),
        )
        .await;
        create(api, json!({ "name": "Sibling", "stage_id": stages[0] })).await;
        let destination = create(
            api,
            json!({
                "name": "Destination", "domains": ["c.test"], "tags": ["BOTH", "y"], "notes": "of the destination",
                "metadata": { "both": { "d": 2 } },
            }),
        )
        .await;
        let merge = json!({ "source_id": source["id"], "destination_id": destination["id"] });
        let before = api.row_counts().await;
        let mut dry = merge.clone();
        dry["dry_run"] = true.into();
        let would_be = admin.ok("companies.merge", dry).await;
        assert_eq!(api.row_counts().await, before, "a dry run leaves nothing");
        let merged = admin.ok("companies.merge", merge.clone()).await;
        assert_eq!(would_be["domains"], merged["domains"]);
        for (field, value) in [
            ("id", destination["id"].clone()),
            ("name", json!("Destination")),
            ("notes", json!("of the destination")),
            ("website", json!("https://source.test")),
            ("domains", json!(["c.test", "a.test", "b.test"])),
            ("deal_value", json!(5.5)),
            ("currency", json!("USD")),
            ("stage_id", stages[0].clone()),
            ("position", json!(0)),
            ("tags", json!(["both", "y", "x"])),
            ("custom_fields", json!({ "size": 3 })),
            ("metadata", json!({ "from": "source", "both": { "s": 1, "d": 2 } })),
            ("external_id", json!("s")),
            ("is_customer", json!(true)),
            ("last_contact", json!("2024-01-15T10:30:00.000Z")),
            ("version", json!(2)),
        ] {
            assert_eq!(merged[field], value, "{field}");
        }
        assert_eq!(in_stage(api, &stages[0]).await, ["Destination", "Sibling"]);
        for method in ["companies.info", "companies.update", "companies.delete"] {
            let gone = admin.post(method, &json!({ "id": source["id"] })).await;
            gone.refused(404, "company_not_found");
            assert_eq!(gone.body["error"]["merged_into_id"], destination["id"], "{method}");
        }
        admin.post("companies.merge", &merge).await.wrong("/source_id", "unknown_id");
        let itself = json!({ "source_id": destination["id"], "destination_id": destination["id"] });
        admin.post("companies.merge", &itself).await.refused(409, "cycle");
        // Where something went is known through several merges, as long as the last one is there.
        let last = create(api, json!({ "name": "Last", "stage_id": stages[0] })).await;
        let again = json!({ "source_id": destination["id"], "destination_id": last["id"] });
        admin.ok("companies.merge", again).await;
        assert_eq!(in_stage(api, &stages[0]).await, ["Sibling", "Last"]);
        let gone = admin.post("companies.info", &json!({ "id": source["id"] })).await;
        assert_eq!(gone.body["error"]["merged_into_id"], last["id"]);
        let tags = admin.ok("tags.list", json!({ "search": "both" })).await;
        assert_eq!(tags["data"][0]["usage"], json!({ "company": 1 }));
    });
}

/// A contact of a company, with a conversation.
async fn contact(api: &Api, company: &Value, name: &str, is_primary: bool) -> Value {
    let contact = json!({ "name": name, "company_id": company["id"], "is_primary": is_primary });
    let contact = api.admin().ok("contacts.create", contact).await;
    api.admin().ok("conversations.create", json!({ "contact_id": contact["id"], "subject": name })).await;
    contact
}

/// The names of the contacts of a company, and the subjects of its conversations.
async fn belongings(api: &Api, company: &Value) -> (Vec<String>, Vec<String>) {
    let admin = api.admin();
    let of = async |method: &str, field: &str| -> Vec<String> {
        let listed = admin.ok(method, json!({ "id": company["id"], "sort": "created_at:asc" })).await;
        listed["data"].as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
    };
    let found = (of("companies.listContacts", "name").await, of("companies.listConversations", "subject").await);
    let counted = admin.ok("companies.info", json!({ "id": company["id"] })).await["contact_count"].clone();
    assert_eq!(counted, json!(found.0.len()));
    found
}

#[test]
fn contacts_and_conversations_stay_when_their_company_goes() {
    on_both(async |api| {
        let admin = api.admin();
        let (one, two) = (create(api, json!({ "name": "One" })).await, create(api, json!({ "name": "Two" })).await);
        let ada = contact(api, &one, "Ada", true).await;
        let bob = contact(api, &one, "Bob", false).await;
        let cleo = contact(api, &two, "Cleo", true).await;
        let both = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            (names.clone(), names)
        };
        assert_eq!(belongings(api, &one).await, both(&["Ada", "Bob"]));
        assert_eq!(belongings(api, &two).await, both(&["Cleo"]));
        let only = json!({ "id": one["id"], "filters": "name:bob" });
        assert_eq!(admin.ok("companies.listContacts", only).await["data"][0]["id"], bob["id"]);
        for method in ["companies.listContacts", "companies.listConversations"] {
            admin.post(method, &json!({ "id": api.unknown_id() })).await.refused(404, "company_not_found");
        }

        // Of two primary contacts the one of the destination stays so.
        let merge = json!({ "source_id": one["id"], "destination_id": two["id"] });
        assert_eq!(admin.ok("companies.merge", merge).await["contact_count"], 3);
        assert_eq!(belongings(api, &two).await, both(&["Ada", "Bob", "Cleo"]));
        for (contact, is_primary, version) in [(&ada, false, 2), (&bob, false, 2), (&cleo, true, 1)] {
            let now = admin.ok("contacts.info", json!({ "id": contact["id"] })).await;
            assert_eq!(
                (&now["company_id"], &now["is_primary"], &now["version"]),
                (&two["id"], &json!(is_primary), &json!(version))
            );
        }
        let gone = admin.post("companies.listContacts", &json!({ "id": one["id"] })).await;
        assert_eq!(gone.refused(404, "company_not_found").body["error"]["merged_into_id"], two["id"]);

        admin.ok("companies.delete", json!({ "id": two["id"] })).await;
        for contact in [&ada, &bob, &cleo] {
            let now = admin.ok("contacts.info", json!({ "id": contact["id"] })).await;
            assert_eq!((&now["company_id"], &now["is_primary"]), (&Value::Null, &json!(false)));
        }
        let conversations = admin.ok("conversations.list", json!({})).await;
        for conversation in conversations["data"].as_array().unwrap() {
            assert_eq!(conversation["company_id"], Value::Null);
        }
    });
}

#[test]
fn while_a_company_goes_nobody_comes_to_it() {
    on_both(async |api| {
        let admin = api.admin();
        let heir = create(api, json!({ "name": "Heir" })).await;
        let mut expected = 0;
        for round in 0..10 {
            let company = create(api, json!({ "name": "Acme" })).await;
            let new = json!({ "name": "Jane", "company_id": company["id"] });
            let go = match round % 2 {
                0 => ("companies.delete", json!({ "id": company["id"] })),
                _ => ("companies.merge", json!({ "source_id": company["id"], "destination_id": heir["id"] })),
            };
            let (gone, came) =
                futures_util::future::join(admin.post(go.0, &go.1), admin.post("contacts.create", &new)).await;
            assert!(gone.status < 300, "{}", gone.text);
            match came.status {
                200 => {
                    let jane = admin.ok("contacts.info", json!({ "id": came.body["id"] })).await;
                    let expected_company = if round % 2 == 0 { Value::Null } else { heir["id"].clone() };
                    assert_eq!(jane["company_id"], expected_company);
                    expected += round % 2;
                }
                _ => drop(came.wrong("/company_id", "unknown_id")),
            }
        }
        assert_eq!(belongings_count(api, &heir).await, expected);
    });
}

async fn belongings_count(api: &Api, company: &Value) -> usize {
    let listed = api.admin().ok("companies.listContacts", json!({ "id": company["id"] })).await;
    let counted = api.admin().ok("companies.info", json!({ "id": company["id"] })).await["contact_count"].clone();
    let count = listed["data"].as_array().unwrap().len();
    assert_eq!(counted, json!(count));
    count
}

#[test]
fn merges_against_each_other_end_with_one_company() {
    on_both(async |api| {
        let admin = api.admin();
        for round in 0..6 {
            let one = create(api, json!({ "name": "One", "domains": [format!("one{round}.test")] })).await;
            let two = create(api, json!({ "name": "Two", "domains": [format!("two{round}.test")] })).await;
            let merge = |from: &Value, into: &Value| {
                let args = json!({ "source_id": from["id"], "destination_id": into["id"] });
                let admin = admin.clone();
                async move { admin.post("companies.merge", &args).await }
            };
            let replies = join_all([merge(&one, &two), merge(&two, &one)]).await;
            let done = replies.iter().filter(|reply| reply.status == 200).count();
            assert_eq!(done, 1, "{replies:?}");
            let left = admin.ok("companies.list", json!({})).await;
            assert_eq!(left["data"].as_array().unwrap().len(), round + 1);
        }
    });
}
