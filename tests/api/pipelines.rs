//! Pipelines and their stages, and what becomes of the companies in them.

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

async fn pipeline(api: &Api) -> Value {
    let stages = json!([
        { "name": "Lead", "probability": 10 },
        { "name": "Offer", "probability": 50 },
        { "name": "Customer", "probability": 100, "outcome": "won" },
    ]);
    api.admin().ok("pipelines.create", json!({ "name": "Sales", "stages": stages })).await
}

fn names(pipeline: &Value) -> Vec<&str> {
    let stages = pipeline["stages"].as_array().unwrap();
    for (place, stage) in stages.iter().enumerate() {
        assert_eq!(stage["position"], json!(place));
        assert_eq!(stage["pipeline_id"], pipeline["id"]);
    }
    stages.iter().map(|stage| stage["name"].as_str().unwrap()).collect()
}

#[test]
fn stages_come_and_go_and_change_places() {
    on_both(async |api| {
        let admin = api.admin();
        let made = pipeline(api).await;
        assert_eq!((&made["object"], &made["version"]), (&json!("company"), &json!(1)));
        assert_eq!(names(&made), ["Lead", "Offer", "Customer"]);
        assert_eq!((&made["stages"][0]["outcome"], &made["stages"][2]["outcome"]), (&json!("open"), &json!("won")));
        assert_eq!(admin.ok("pipelines.list", json!({})).await["data"], json!([made]));
        let id = &made["id"];
        let add = json!({ "pipeline_id": id, "name": "Qualified", "position": 1, "probability": 30 });
        let added = admin.ok("pipelines.addStage", add).await;
        assert_eq!((names(&added), &added["version"]), (vec!["Lead", "Qualified", "Offer", "Customer"], &json!(2)));
        let last =
            admin.ok("pipelines.addStage", json!({ "pipeline_id": id, "name": "Lost", "outcome": "lost" })).await;
        assert_eq!(names(&last), ["Lead", "Qualified", "Offer", "Customer", "Lost"]);
        let stage = &last["stages"][4]["id"];
        let moved = json!({ "stage_id": stage, "position": 0, "name": "Gone", "probability": 0 });
        let moved = admin.ok("pipelines.updateStage", moved).await;
        assert_eq!(names(&moved), ["Gone", "Lead", "Qualified", "Offer", "Customer"]);
        assert_eq!((&moved["stages"][0]["outcome"], &moved["stages"][0]["probability"]), (&json!("lost"), &json!(0)));
        let before = api.row_counts().await;
        let same = admin.ok("pipelines.updateStage", json!({ "stage_id": stage, "name": "Gone" })).await;
        assert_eq!(same, moved);
        assert_eq!(admin.ok("pipelines.update", moved.clone()).await, moved);
        assert_eq!(api.row_counts().await, before);
        let removed = admin.ok("pipelines.removeStage", json!({ "stage_id": stage })).await;
        assert_eq!(names(&removed), ["Lead", "Qualified", "Offer", "Customer"]);
        let renamed = admin.ok("pipelines.update", json!({ "id": id, "name": "New business" })).await;
        assert_eq!((&renamed["name"], names(&renamed).len()), (&json!("New business"), 4));
        admin.ok("pipelines.delete", json!({ "id": id })).await;
        admin.post("pipelines.info", &json!({ "id": id })).await.refused(404, "pipeline_not_found");
        for (method, args, code) in [
            ("pipelines.addStage", json!({ "pipeline_id": id, "name": "X" }), "pipeline_not_found"),
            ("pipelines.updateStage", json!({ "stage_id": stage }), "stage_not_found"),
            ("pipelines.removeStage", json!({ "stage_id": stage }), "stage_not_found"),
        ] {
            admin.post(method, &args).await.refused(404, code);
        }
    });
}

#[test]
fn another_organizations_stages_do_not_exist() {
    on_both(async |api| {
        let made = pipeline(api).await;
        let stage = &made["stages"][0]["id"];
        let stranger = api.stranger();
        let before = api.row_counts().await;
        for method in ["pipelines.updateStage", "pipelines.removeStage"] {
            stranger.post(method, &json!({ "stage_id": stage })).await.refused(404, "stage_not_found");
        }
        let company = json!({ "name": "Theirs", "stage_id": stage });
        stranger.post("companies.create", &company).await.wrong("/stage_id", "unknown_id");
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn a_pipeline_has_fifty_stages_at_most() {
    on_both(async |api| {
        let admin = api.admin();
        let stages = |count: usize| vec![json!({ "name": "Stage" }); count];
        let many = json!({ "name": "Long", "stages": stages(51) });
        admin.post("pipelines.create", &many).await.wrong("/stages", "too_many_items");
        let full = admin.ok("pipelines.create", json!({ "name": "Long", "stages": stages(50) })).await;
        let one_more = json!({ "pipeline_id": full["id"], "name": "More" });
        admin.post("pipelines.addStage", &one_more).await.refused(400, "limit_exceeded");
    });
}

#[test]
fn companies_move_before_their_stage_goes() {
    on_both(async |api| {
        let admin = api.admin();
        let made = pipeline(api).await;
        let (lead, offer) = (&made["stages"][0]["id"], &made["stages"][1]["id"]);
        let mut ids = Vec::new();
        for (name, stage) in [("a", lead), ("b", lead), ("c", offer)] {
            let company = admin.ok("companies.create", json!({ "name": name, "stage_id": stage })).await;
            ids.push(company["id"].clone());
        }
        let before = api.row_counts().await;
        admin.post("pipelines.delete", &json!({ "id": made["id"] })).await.refused(409, "in_use");
        admin.post("pipelines.removeStage", &json!({ "stage_id": lead })).await.refused(409, "in_use");
        for heir in [lead.clone(), json!(api.unknown_id())] {
            let to_nowhere = json!({ "stage_id": lead, "move_to_stage_id": heir });
            admin.post("pipelines.removeStage", &to_nowhere).await.wrong("/move_to_stage_id", "unknown_id");
        }
        assert_eq!(api.row_counts().await, before);
        let moved = admin.ok("pipelines.removeStage", json!({ "stage_id": lead, "move_to_stage_id": offer })).await;
        assert_eq!(names(&moved), ["Offer", "Customer"]);
        for (id, position, version) in [(&ids[0], 1, 2), (&ids[1], 2, 2), (&ids[2], 0, 1)] {
            let company = admin.ok("companies.info", json!({ "id": id })).await;
            assert_eq!(
                (&company["stage_id"], &company["position"], &company["version"]),
                (offer, &json!(position), &json!(version))
            );
        }
        for id in ids {
            admin.ok("companies.delete", json!({ "id": id })).await;
        }
        admin.ok("pipelines.delete", json!({ "id": made["id"] })).await;
    });
}

#[test]
fn while_a_stage_goes_nobody_comes_into_it() {
    on_both(async |api| {
        let admin = api.admin();
        for round in 0..10 {
            let made = pipeline(api).await;
            let stage = &made["stages"][0]["id"];
            let company = admin.ok("companies.create", json!({ "name": "Acme" })).await;
            let enter = match round % 2 {
                0 => ("companies.create", json!({ "name": "Other", "stage_id": stage })),
                _ => ("companies.moveStage", json!({ "id": company["id"], "stage_id": stage })),
            };
            let remove = match round % 4 {
                0 | 1 => ("pipelines.removeStage", json!({ "stage_id": stage })),
                _ => ("pipelines.delete", json!({ "id": made["id"] })),
            };
            let (removed, entered) = join(admin.post(remove.0, &remove.1), admin.post(enter.0, &enter.1)).await;
            match (removed.status < 300, entered.status < 300) {
                (true, false) => drop(entered.wrong("/stage_id", "unknown_id")),
                (false, true) => drop(removed.refused(409, "in_use")),
                _ => panic!("{} {}", removed.text, entered.text),
            }
        }
    });
}
