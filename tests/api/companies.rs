//! Companies: the sample of the Developer API, amounts, keys that are unique, stages, merging, and all of it at once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

async fn create(api: &Api, company: Value) -> Value {
    api.admin().ok("companies.create", company).await
}

/// A pipeline with as many stages; answers their ids.
async fn stages(api: &Api, count: usize) -> Vec<Value> {
    let stages: Vec<Value> = (0..count).map(|n| json!({ "name": format!("Stage {n}") })).collect();
    let pipeline = api.admin().ok("pipelines.create", json!({ "name": "Sales", "stages": stages })).await;
    pipeline["stages"].as_array().unwrap().iter().map(|stage| stage["id"].clone()).collect()
}

/// The names of the companies in a stage, by their places, which must be 0, 1, 2 …
async fn in_stage(api: &Api, stage: &Value) -> Vec<String> {
    let listed = api.admin().ok("companies.list", json!({ "stage_id": stage, "limit": 1000 })).await;
    let mut found: Vec<(i64, String)> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|company| (company["position"].as_i64().unwrap(), company["name"].as_str().unwrap().to_owned()))
        .collect();
    found.sort();
    let places: Vec<i64> = found.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, (0..found.len() as i64).collect::<Vec<_>>(), "{found:?}");
    found.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn the_sample_looks_as_shown() {
    on_both(async |api| {
        let stages = stages(api, 1).await;
        let created = create(
            api,
            json!({
                "name": "Acme Corporation", "website": "https://acme.com", "industry": "Technology", "deal_value": 50000,
                "stage_id": stages[0], "logo_url": "https://example.com/logo.png", "notes": "Important client",
                "last_contact": "2024-01-15T10:30:00Z", "is_customer": false,
            }),
        )
        .await;
        for (field, value) in [
            ("name", json!("Acme Corporation")),
            ("website", json!("https://acme.com")),
            ("industry", json!("Technology")),
            ("deal_value", json!(50000)),
            ("currency", json!("EUR")),
            ("stage_id", stages[0].clone()),
            ("position", json!(0)),
            ("logo_url", json!("https://example.com/logo.png")),
            ("notes", json!("Important client")),
            ("last_contact", json!("2024-01-15T10:30:00.000Z")),
            ("is_customer", json!(false)),
            ("created_by", json!(api.acme.owner)),
            ("created_at", json!(api.now().to_string())),
            ("updated_at", json!(api.now().to_string())),
            ("tags", json!([])),
            ("contact_count", json!(0)),
        ] {
            assert_eq!(created[field], value, "{field}");
        }
        assert!(created.get("words").is_none() && created.get("organization_id").is_none());
        let id = created["id"].clone();
        let admin = api.admin();
        assert_eq!(admin.ok("companies.info", json!({ "id": id })).await, created);
        assert_eq!(admin.ok("companies.list", json!({})).await["data"], json!([created]));
        assert_eq!(admin.ok("companies.update", created.clone()).await, created, "what info answers can be sent back");
        let deleted = admin.post("companies.delete", &json!({ "id": id })).await;
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        admin.post("companies.info", &json!({ "id": id })).await.refused(404, "company_not_found");
    });
}

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    on_both(async |api| {
        let admin = api.admin();
        let company = create(api, json!({ "name": "Acme", "deal_value": 1999.99, "currency": "usd" })).await;
        assert_eq!((&company["deal_value"], &company["currency"]), (&json!(1999.99), &json!("USD")));
        let id = &company["id"];
        for (change, pointer, code) in [
            (json!({ "deal_value": 0.001 }), "/deal_value", "format"),
            (json!({ "deal_value": 0.5, "currency": "JPY" }), "/deal_value", "format"),
            (json!({ "currency": "JPY" }), "/currency", "format"),
            (json!({ "deal_value": -1 }), "/deal_value", "too_small"),
            (json!({ "deal_value": 1e15 }), "/deal_value", "too_large"),
            (json!({ "deal_value": "5" }), "/deal_value", "wrong_type"),
            (json!({ "currency": "EURO" }), "/currency", "too_long"),
        ] {
            let mut change = change;
            change["id"] = id.clone();
            admin.post("companies.update", &change).await.wrong(pointer, code);
        }
        let yen = admin.ok("companies.update", json!({ "id": id, "deal_value": 70000, "currency": "JPY" })).await;
        assert_eq!((&yen["deal_value"], &yen["version"]), (&json!(70000), &json!(2)));
        let none = admin.ok("companies.update", json!({ "id": id, "deal_value": null })).await;
        assert_eq!(none["deal_value"], Value::Null);
        let large = create(api, json!({ "name": "Large", "deal_value": 9_999_999_999_999.99_f64 })).await;
        assert_eq!(large["deal_value"], json!(9_999_999_999_999.99_f64));
        admin.ok("organizations.update", json!({ "currency": "CHF" })).await;
        assert_eq!(create(api, json!({ "name": "Swiss" })).await["currency"], "CHF");
    });
}

#[test]
fn external_ids_and_domains_belong_to_one_company() {
    on_both(async |api| {
        let admin = api.admin();
        let one = create(api, json!({ "name": "One", "external_id": "1", "domains": ["Acme.com", "acme.com"] })).await;
        assert_eq!(one["domains"], json!(["acme.com"]));
        let before = api.row_counts().await;
        for company in [
            json!({ "name": "Two", "external_id": "1" }),
            json!({ "name": "Two", "domains": ["acme.org", "ACME.com"] }),
        ] {
            let refused = admin.post("companies.create", &company).await;
            refused.refused(409, "already_exists");
            assert_eq!(refused.body["error"]["existing_id"], one["id"]);
        }
        admin.post("companies.create", &json!({ "name": "T", "domains": ["x y"] })).await.wrong("/domains/0", "format");
        assert_eq!(api.row_counts().await, before);
        let two = create(api, json!({ "name": "Two", "external_id": "2", "domains": ["acme.org"] })).await;
        let take = json!({ "id": two["id"], "domains": ["acme.org", "acme.com"] });
        admin.post("companies.update", &take).await.refused(409, "already_exists");
        // What one gives up another may have.
        admin.ok("companies.update", json!({ "id": one["id"], "domains": ["acme.net"], "external_id": null })).await;
        let taken = admin.ok("companies.update", take).await;
        assert_eq!(taken["domains"], json!(["acme.org", "acme.com"]));
        admin.ok("companies.delete", json!({ "id": two["id"] })).await;
        create(api, json!({ "name": "Three", "external_id": "2", "domains": ["acme.com"] })).await;
        let found = admin.ok("companies.info", json!({ "external_id": "2" })).await;
        assert_eq!(found["name"], "Three");
        admin.post("companies.info", &json!({ "external_id": "1" })).await.refused(404, "company_not_found");
        admin.post("companies.info", &json!({})).await.wrong("/id", "required");
        let both = json!({ "id": one["id"], "external_id": "2" });
        admin.post("companies.info", &both).await.wrong("/external_id", "not_allowed");
    });
}

#[test]
fn what_a_company_refers_to_must_be_there() {
    on_both(async |api| {
        let admin = api.admin();
        let (unknown, theirs) = (api.unknown_id(), api.other.owner);
        let before = api.row_counts().await;
        for (company, pointer, code) in [
            (json!({ "owner_user_id": unknown }), "/owner_user_id", "unknown_id"),
            (json!({ "owner_user_id": theirs }), "/owner_user_id", "unknown_id"),
            (json!({ "stage_id": unknown }), "/stage_id", "unknown_id"),
            (json!({ "position": 3 }), "/stage_id", "required"),
            (json!({ "custom_fields": { "nothing": 1 } }), "/custom_fields/nothing", "unknown_field"),
            (json!({ "tags": ["ok", " "] }), "/tags/1", "too_short"),
            (json!({ "contact_count": 3 }), "/contact_count", "unknown_field"),
        ] {
            let mut company = company;
            company["name"] = "Acme".into();
            admin.post("companies.create", &company).await.wrong(pointer, code);
        }
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn metadata_merges_and_stays_small() {
    on_both(async |api| {
        let admin = api.admin();
        let company = create(api, json!({ "name": "Acme", "metadata": { "a": { "b": 1, "c": 2 }, "d": 3 } })).await;
        let id = &company["id"];
        let merged =
            admin.ok("companies.update", json!({ "id": id, "metadata": { "a": { "b": null }, "e": 4 } })).await;
        assert_eq!(merged["metadata"], json!({ "a": { "c": 2 }, "d": 3, "e": 4 }));
        let large = json!({ "id": id, "metadata": { "x": "x".repeat(9000) } });
        admin.ok("companies.update", large).await;
        let more = json!({ "id": id, "metadata": { "y": "y".repeat(9000) } });
        admin.post("companies.update", &more).await.wrong("/metadata", "too_long");
    });
}

#[test]
fn upserts_find_change_and_create() {
    on_both(async |api| {
        let admin = api.admin();
        let by_domain = |more: Value| {
            let mut args = json!({ "match_on": "domain", "domains": ["acme.com"] });
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            args
        };
        admin.post("companies.upsert", &by_domain(json!({}))).await.wrong("/name", "required");
        let made = admin.ok("companies.upsert", by_domain(json!({ "name": "Acme" }))).await;
        assert_eq!((&made["created"], &made["version"]), (&json!(true), &json!(1)));
        let before = api.row_counts().await;
        let same = admin.ok("companies.upsert", by_domain(json!({}))).await;
        assert_eq!((&same["created"], &same["version"]), (&json!(false), &json!(1)));
        assert_eq!(api.row_counts().await, before, "nothing changed, so nothing happened");
        let changed = admin.ok("companies.upsert", by_domain(json!({ "external_id": "1", "notes": "New" }))).await;
        assert_eq!((&changed["id"], &changed["notes"], &changed["version"]), (&made["id"], &json!("New"), &json!(2)));
        let by_id = json!({ "match_on": "external_id", "external_id": "1", "domains": ["acme.org"] });
        assert_eq!(admin.ok("companies.upsert", by_id).await["domains"], json!(["acme.org"]));
        let missing = json!({ "match_on": "external_id", "name": "Acme" });
        admin.post("companies.upsert", &missing).await.wrong("/external_id", "required");
        let missing = json!({ "match_on": "domain", "name": "Acme", "external_id": "1" });
        admin.post("companies.upsert", &missing).await.wrong("/domains", "required");

        let other = create(api, json!({ "name": "Other", "domains": ["other.com"] })).await;
        let several = json!({ "match_on": "external_id", "external_id": "1", "domains": ["other.com"] });
        let conflict = admin.post("companies.upsert", &several).await;
        conflict.refused(409, "merge_conflict");
        let mut ids = vec![made["id"].as_str().unwrap(), other["id"].as_str().unwrap()];
        ids.sort_unstable();
        let mut named: Vec<&str> =
            conflict.body["error"]["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        named.sort_unstable();
        assert_eq!(named, ids);
        let foreign =
            json!({ "match_on": "external_id", "external_id": "9", "domains": ["other.com"], "name": "Nine" });
        admin.post("companies.upsert", &foreign).await.refused(409, "already_exists");
    });
}

#[test]
fn of_many_upserts_at_once_exactly_one_creates() {
    on_both(async |api| {
        let admin = api.admin();
        for (round, by) in ["external_id", "domain", "both"].into_iter().enumerate() {
            let calls = (0..24).map(|n| {
                let mut args = json!({
                    "match_on": if by == "domain" || (by == "both" && n % 2 == 0) { "domain" } else { "external_id" },
                    "name": format!("Caller {n}"), "tags": [format!("T{}", n % 5)],
                });
                if by != "domain" {
                    args["external_id"] = format!("e{round}").into();
                }
                if by != "external_id" {
                    args["domains"] = json!([format!("r{round}.example.com"), format!("x{round}.example.com")]);
                }
                let admin = admin.clone();
                async move { admin.ok("companies.upsert", args).await }
            });
            let answers = join_all(calls).await;
            let created = answers.iter().filter(|answer| answer["created"] == true).count();
            assert_eq!(created, 1, "{by}");
            assert!(answers.iter().all(|answer| answer["id"] == answers[0]["id"]), "{by}");
            let listed = admin.ok("companies.list", json!({ "include": ["total"] })).await;
            assert_eq!(listed["total"], json!(round + 1));
        }
    });
}

#[test]
fn companies_keep_their_places_without_gaps() {
    on_both(async |api| {
        let admin = api.admin();
        let stages = stages(api, 2).await;
        let (lead, won) = (&stages[0], &stages[1]);
        let mut ids = Vec::new();
        for name in ["a", "b", "c", "d"] {
            ids.push(create(api, json!({ "name": name, "stage_id": lead })).await["id"].clone());
        }
        let first = create(api, json!({ "name": "first", "stage_id": lead, "position": 0 })).await;
        assert_eq!(first["position"], 0);
        assert_eq!(in_stage(api, lead).await, ["first", "a", "b", "c", "d"]);
        let step = |id: &Value, stage: &Value, position: Value| {
            let mut args = json!({ "id": id, "stage_id": stage });
            if !position.is_null() {
                args["position"] = position;
            }
            args
        };
        let moved = admin.ok("companies.moveStage", step(&ids[3], lead, json!(1))).await;
        assert_eq!((&moved["position"], &moved["version"]), (&json!(1), &json!(2)));
        assert_eq!(in_stage(api, lead).await, ["first", "d", "a", "b", "c"]);
        admin.ok("companies.moveStage", step(&first["id"], lead, json!(99))).await;
        assert_eq!(in_stage(api, lead).await, ["d", "a", "b", "c", "first"]);
        admin.ok("companies.moveStage", step(&ids[0], won, Value::Null)).await;
        admin.ok("companies.moveStage", step(&ids[1], won, json!(0))).await;
        assert_eq!(in_stage(api, lead).await, ["d", "c", "first"]);
        assert_eq!(in_stage(api, won).await, ["b", "a"]);
        let before = api.row_counts().await;
        let same = admin.ok("companies.moveStage", step(&ids[0], won, Value::Null)).await;
        assert_eq!((&same["position"], &same["version"]), (&json!(1), &json!(2)));
        admin.ok("companies.moveStage", step(&ids[0], won, json!(1))).await;
        assert_eq!(api.row_counts().await, before, "who stays causes no event");
        admin.ok("companies.delete", json!({ "id": ids[3] })).await;
        assert_eq!(in_stage(api, lead).await, ["c", "first"]);
        let unknown = step(&ids[0], &json!(api.unknown_id()), Value::Null);
        admin.post("companies.moveStage", &unknown).await.wrong("/stage_id", "unknown_id");
        let nobody = step(&json!(api.unknown_id()), won, Value::Null);
        admin.post("companies.moveStage", &nobody).await.refused(404, "company_not_found");
        let event = api.events().await.into_iter().rfind(|event| event.kind == "company.stage_changed").unwrap();
        assert_eq!(event.previous, json!({ "stage_id": lead, "position": 1 }));
    });
}

#[test]
fn moves_at_the_same_moment_leave_no_gaps() {
    on_both(async |api| {
        let admin = api.admin();
        let stages = stages(api, 3).await;
        let mut ids = Vec::new();
        for n in 0..12 {
            ids.push(create(api, json!({ "name": format!("c{n:02}"), "stage_id": stages[n % 3] })).await["id"].clone());
        }
        for round in 0..4 {
            let calls = ids.iter().enumerate().map(|(n, id)| {
                let stage = &stages[(n * 7 + round) % 3];
                let (admin, id) = (admin.clone(), id.clone());
                async move {
                    match (n + round) % 6 {
                        0 => admin.ok("companies.update", json!({ "id": id, "notes": format!("{round}") })).await,
                        1 => {
                            let new = json!({ "name": format!("n{round}{n}"), "stage_id": stage, "position": n % 4 });
                            let made = admin.ok("companies.create", new).await;
                            admin.ok("companies.delete", json!({ "id": made["id"] })).await
                        }
                        _ => {
                            let step = json!({ "id": id, "stage_id": stage, "position": (n * 5 + round) % 6 });
                            admin.ok("companies.moveStage", step).await
                        }
                    }
                }
            });
            join_all(calls).await;
            let mut all = Vec::new();
            for stage in &stages {
                all.extend(in_stage(api, stage).await);
            }
            assert_eq!(all.len(), 12, "round {round}");
        }
    });
}

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

#[test]
fn an_unchanged_company_keeps_its_version_and_causes_no_event() {
    on_both(async |api| {
        let admin = api.admin();
        let company = create(api, json!({ "name": "Acme", "tags": ["VIP"], "domains": ["acme.com"] })).await;
        let before = api.row_counts().await;
        for (method, args) in [
            ("companies.update", json!({ "name": "Acme", "tags": ["vip"], "domains": ["acme.com"] })),
            ("companies.addTag", json!({ "tag": "vip" })),
            ("companies.removeTag", json!({ "tag": "unknown" })),
        ] {
            let mut args = args;
            args["id"] = company["id"].clone();
            assert_eq!(admin.ok(method, args).await, company, "{method}");
        }
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn queries_find_companies() {
    on_both(async |api| {
        let admin = api.admin();
        let field = json!({ "object": "company", "name": "size", "type": "number", "display_name": "Size" });
        admin.ok("customFields.create", field).await;
        let sales = json!({ "name": "Sales", "stages": [{ "name": "First contact" }, { "name": "Won" }] });
        let sales = admin.ok("pipelines.create", sales).await;
        let stage = &sales["stages"][0]["id"];
        create(
            api,
            json!({
                "name": "Acme Corporation", "website": "https://acme.com", "domains": ["acme.com", "acme.org"],
                "industry": "Technology", "deal_value": 1999.5, "stage_id": stage, "notes": "An important client",
                "last_contact": "2024-01-15T10:30:00Z", "is_customer": true, "owner_user_id": api.acme.owner,
                "tags": ["VIP", "Ärger"], "custom_fields": { "size": 30 }, "external_id": "A-1",
                "metadata": { "source": { "google": { "place_id": "1234" } } },
            }),
        )
        .await;
        create(api, json!({ "name": "Beta Ltd", "industry": "retail", "deal_value": 70000, "currency": "JPY" })).await;
        create(api, json!({ "name": "Gamma & Sons" })).await;
        let names = async |filters: &str, sort: &str| {
            let found = admin.ok("companies.list", json!({ "filters": filters, "sort": sort })).await;
            let names: Vec<String> =
                found["data"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()[..1].to_owned()).collect();
            names.concat()
        };
        for (filters, found) in [
            ("name:acme", "A"),
            ("name:\"acme corporation\"", "A"),
            ("name:*oration", "A"),
            ("acme", "A"),
            ("acme.org", "A"),
            ("domains:ACME.com", "A"),
            ("domains:*.org", "A"),
            ("website:*acme*", "A"),
            ("industry:TECHNOLOGY OR industry:Retail", "AB"),
            ("deal_value:[1999.5 TO 1999.5]", "A"),
            ("deal_value:>1999.5", "B"),
            ("currency:jpy", "B"),
            ("stage:contact", "A"),
            ("stage:won", ""),
            ("notes:important", "A"),
            ("is_customer:true", "A"),
            ("NOT is_customer:true", "BG"),
            ("owner_user_id:me", "A"),
            ("created_by:me", "ABG"),
            ("last_contact:2024-01-15", "A"),
            ("last_contact:[2024-01-16 TO *]", ""),
            ("tags:vip AND tags:ÄRGER", "A"),
            ("tags:v*", "A"),
            ("NOT _exists_:tags", "BG"),
            ("external_id:a-1", "A"),
            ("position:0 AND _exists_:stage_id", "A"),
            ("contact_count:0 AND open_ticket_count:0", "ABG"),
            ("metadata.source.google.place_id:1234", "A"),
            ("custom_fields.size:[20 TO *]", "A"),
            ("_exists_:deal_value", "AB"),
            ("deal_value:null", "G"),
        ] {
            assert_eq!(names(filters, "name:asc").await, found, "{filters}");
        }
        let by_id = format!("stage_id:{} AND pipeline_id:{}", stage.as_str().unwrap(), sales["id"].as_str().unwrap());
        assert_eq!(names(&by_id, "name:asc").await, "A");
        for (sort, order) in [
            ("name:desc", "GBA"),
            ("industry:asc", "GBA"),
            ("deal_value:desc", "BAG"),
            ("last_contact:desc", "AGB"),
            ("created_at:desc", "GBA"),
            ("updated_at:asc", "ABG"),
            ("position:asc", "ABG"),
            ("contact_count:asc", "ABG"),
        ] {
            assert_eq!(names("created_at:>2024-01-15", sort).await, order, "{sort}");
            let mut walked = String::new();
            let mut cursor = Value::Null;
            loop {
                let page = json!({ "sort": sort, "limit": 1, "cursor": cursor });
                let page = admin.ok("companies.list", page).await;
                walked += &page["data"][0]["name"].as_str().unwrap()[..1];
                cursor = page["next_cursor"].clone();
                if cursor.is_null() {
                    break;
                }
            }
            assert_eq!(walked, order, "{sort}, one by one");
        }
        let wrong = admin.post("companies.list", &json!({ "filters": "nam:acme" })).await;
        wrong.refused(400, "invalid_query");
        assert_eq!(wrong.problems()[0].0, "/filters");
        admin.post("companies.list", &json!({ "sort": "notes:asc" })).await.wrong("/sort", "enum");
        // The name of a stage is looked for as it is now.
        admin.ok("pipelines.updateStage", json!({ "stage_id": stage, "name": "Second meeting" })).await;
        assert_eq!(names("stage:contact", "name:asc").await, "");
        assert_eq!(names("stage:\"second meeting\"", "name:asc").await, "A");
    });
}

#[test]
fn test_keys_have_companies_of_their_own() {
    on_both(async |api| {
        let key = json!({ "name": "Test", "environment": "test", "scopes": ["companies:read", "companies:write"] });
        let key = api.admin().ok("apiKeys.create", key).await;
        let tester = api.client(key["secret"].as_str().unwrap());
        let live = create(api, json!({ "name": "Live", "external_id": "1" })).await;
        tester.post("companies.info", &json!({ "id": live["id"] })).await.refused(404, "company_not_found");
        let test = tester.ok("companies.create", json!({ "name": "Test", "external_id": "1" })).await;
        assert_eq!(tester.ok("companies.list", json!({})).await["data"], json!([test]));
        assert_eq!(api.admin().ok("companies.list", json!({})).await["data"], json!([live]));
    });
}
