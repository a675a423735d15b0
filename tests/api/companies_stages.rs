//! Companies in their stages: their places, also when many move at once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::companies::{create, stages};
use crate::support::{Api, on_both};

/// The names of the companies in a stage, by their places, which must be 0, 1, 2 …
pub async fn in_stage(api: &Api, stage: &Value) -> Vec<String> {
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
