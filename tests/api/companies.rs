//! Companies: the sample of the Developer API, amounts, keys that are unique, upserts and queries.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

pub async fn create(api: &Api, company: Value) -> Value {
    api.admin().ok("companies.create", company).await
}

/// A pipeline with as many stages; answers their ids.
pub async fn stages(api: &Api, count: usize) -> Vec<Value> {
    let stages: Vec<Value> = (0..count).map(|n| json!({ "name": format!("Stage {n}") })).collect();
    let pipeline = api.admin().ok("pipelines.create", json!({ "name": "Sales", "stages": stages })).await;
    pipeline["stages"].as_array().unwrap().iter().map(|stage| stage["id"].clone()).collect()
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
