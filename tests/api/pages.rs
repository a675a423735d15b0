//! The guarantees of a walk, with writers at work while it is walked (wire contract, "Pagination", 1 to 6).

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{Api, on_both};

/// What happens between two pages.
#[derive(Clone, Debug)]
enum Step {
    Create,
    /// Deletes the nth of the teams that are there.
    Delete(usize),
    Rename(usize),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Vec<Step>)>> {
    let step =
        prop_oneof![Just(Step::Create), (0usize..40).prop_map(Step::Delete), (0usize..40).prop_map(Step::Rename),];
    // For each page: how many items it asks for, and what happens after it.
    prop::collection::vec((1usize..6, prop::collection::vec(step, 0..5)), 12)
}

#[test]
fn a_walk_sees_every_team_that_stays_exactly_once() {
    on_both(async |api| {
        let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
        let strategy = steps();
        for case in 0..12 {
            let plan = strategy.new_tree(&mut runner).unwrap().current();
            for order in ["created_at:asc", "created_at:desc"] {
                walk(api, &format!("case {case} {order}"), order, &plan).await;
            }
        }
    });
}

async fn walk(api: &Api, case: &str, order: &str, plan: &[(usize, Vec<Step>)]) {
    let admin = api.admin();
    clear(api).await;
    let mut present: Vec<String> = Vec::new();
    for n in 0..15 {
        present.push(create(api, n).await);
    }
    let stays: HashSet<String> = present.iter().cloned().collect();
    let (mut deleted, mut seen) = (HashSet::new(), Vec::new());
    let mut cursor = Value::Null;
    let mut plan = plan.iter().cycle();
    loop {
        let (limit, steps) = plan.next().unwrap();
        let page = admin.ok("teams.list", json!({ "limit": limit, "cursor": cursor, "sort": order })).await;
        let ids: Vec<String> =
            page["data"].as_array().unwrap().iter().map(|team| team["id"].as_str().unwrap().to_owned()).collect();
        for id in &ids {
            assert!(!deleted.contains(id), "{case}: a deleted team came");
        }
        seen.extend(ids.clone());
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
        assert_eq!(ids.len(), *limit, "{case}: every page but the last is full");
        for step in steps {
            match step {
                Step::Create => present.push(create(api, 99).await),
                Step::Delete(n) if !present.is_empty() => {
                    let id = present.remove(n % present.len());
                    admin.ok("teams.delete", json!({ "id": id })).await;
                    deleted.insert(id);
                }
                Step::Rename(n) if !present.is_empty() => {
                    let id = &present[n % present.len()];
                    admin.ok("teams.update", json!({ "id": id, "description": "renamed" })).await;
                }
                _ => {}
            }
        }
    }
    let once: HashSet<&String> = seen.iter().collect();
    assert_eq!(once.len(), seen.len(), "{case}: nothing comes twice");
    for id in stays.difference(&deleted) {
        assert!(once.contains(id), "{case}: {id} stayed and was skipped");
    }
}

async fn create(api: &Api, n: usize) -> String {
    let team = api.admin().ok("teams.create", json!({ "name": format!("Team {n}") })).await;
    team["id"].as_str().unwrap().to_owned()
}

async fn clear(api: &Api) {
    let listed = api.admin().ok("teams.list", json!({ "limit": 1000 })).await;
    for team in listed["data"].as_array().unwrap() {
        api.admin().ok("teams.delete", json!({ "id": team["id"] })).await;
    }
}

#[test]
fn a_cursor_is_good_for_the_same_question_only() {
    on_both(async |api| {
        let admin = api.admin();
        for n in 0..5 {
            create(api, n).await;
        }
        let first = admin.ok("teams.list", json!({ "limit": 2 })).await;
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = admin.ok("teams.list", json!({ "limit": 10, "cursor": cursor })).await;
        assert_eq!(rest["data"].as_array().unwrap().len(), 3, "the limit may change");
        let filtered = admin.post("teams.list", &json!({ "cursor": cursor, "user_id": api.acme.owner })).await;
        filtered.refused(400, "invalid_cursor");
        assert_eq!(
            filtered.body["error"]["message"],
            "This cursor does not belong to teams.list with these filters; repeat the same arguments and change only limit \
             and cursor."
        );
        api.stranger().post("teams.list", &json!({ "cursor": cursor })).await.refused(400, "invalid_cursor");
        admin.post("users.list", &json!({ "cursor": cursor })).await.refused(400, "invalid_cursor");
    });
}

#[test]
fn the_cursors_own_row_may_go() {
    on_both(async |api| {
        for n in 0..4 {
            create(api, n).await;
        }
        let admin = api.admin();
        let first = admin.ok("teams.list", json!({ "limit": 2 })).await;
        admin.ok("teams.delete", json!({ "id": first["data"][1]["id"] })).await;
        let rest = admin.ok("teams.list", json!({ "limit": 2, "cursor": first["next_cursor"] })).await;
        assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (2, &Value::Null));
    });
}
