//! Teams: the samples of the Teams API document, and everything around them.

use dotdesk::db::Id;
use dotdesk::method::{Page, Patch, Void};
use dotdesk::resources::account::teams::{self, Team};
use serde_json::{Value, json};

use crate::support::{Api, on_both};

/// A team as the samples have it.
fn sms(users: &[Id]) -> Value {
    json!({
        "name": "Sms Customer Service",
        "query": { "conversations": "source:*sms AND unread_count:[1 TO *]" },
        "user_ids": users,
    })
}

async fn team(api: &Api) -> Team {
    serde_json::from_value(api.admin().ok("teams.create", sms(&[api.acme.agent])).await).unwrap()
}

#[test]
fn the_samples_work_as_shown() {
    on_both(async |api| {
        let admin = api.admin();
        let (one, two) = (api.acme.owner, api.acme.agent);
        let created = admin.ok("teams.create", sms(&[one])).await;
        assert_eq!(created["name"], "Sms Customer Service");
        assert_eq!(created["query"], json!({ "conversations": "source:*sms AND unread_count:[1 TO *]" }));
        assert_eq!(created["user_ids"], json!([one]));
        let id = created["id"].clone();

        let added = admin.ok("teams.addMember", json!({ "id": id, "user_id": two })).await;
        assert_eq!(added["user_ids"], json!([one, two]));
        let removed = admin.ok("teams.removeMember", json!({ "id": id, "user_id": one })).await;
        assert_eq!(removed["user_ids"], json!([two]));

        let menlo = json!({ "name": "Menlo Street Coffee team", "query": { "conversations": "metadata.source.google.place_id:1234" } });
        admin.ok("teams.create", menlo).await;
        let listed = admin.ok("teams.list", json!({})).await;
        let names: Vec<_> =
            listed["data"].as_array().unwrap().iter().map(|team| team["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Sms Customer Service", "Menlo Street Coffee team"]);

        assert_eq!(admin.ok("teams.info", json!({ "id": id })).await, removed);
        let updated = admin.ok("teams.update", json!({ "id": id, "name": "SMS Customer Service" })).await;
        assert_eq!(updated["name"], "SMS Customer Service");
        assert_eq!(updated["query"], created["query"]);

        let deleted = admin.post("teams.delete", &json!({ "id": id })).await;
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        assert!(deleted.headers.get("content-type").is_none());
        admin.post("teams.info", &json!({ "id": id })).await.refused(404, "team_not_found");
    });
}

#[test]
fn argument_structs_are_the_client() {
    on_both(async |api| {
        let team = team(api).await;
        let admin = api.admin();
        let renamed = teams::Update { id: team.id, name: Patch::Set("Text".into()), ..Default::default() };
        assert_eq!(admin.call(renamed).await.version, 2);
        let page: Page<Team> = admin.call(teams::ListTeams::default()).await;
        assert_eq!((page.data.len(), page.next_cursor), (1, None));
        let Void {} = admin.call(teams::Delete { id: team.id, move_to_team_id: None }).await;
    });
}

#[test]
fn unknown_users_are_named_by_their_place_and_duplicates_collapse() {
    on_both(async |api| {
        let (owner, unknown) = (api.acme.owner, api.unknown_id());
        let admin = api.admin();
        let before = api.row_counts().await;
        let reply = admin.post("teams.create", &sms(&[owner, owner, unknown])).await;
        reply.wrong("/user_ids/2", "unknown_id");
        admin.post("teams.create", &sms(&[api.other.owner])).await.wrong("/user_ids/0", "unknown_id");
        assert_eq!(api.row_counts().await, before, "a refused call stores nothing");
        let created = admin.ok("teams.create", sms(&[owner, owner])).await;
        assert_eq!(created["user_ids"], json!([owner]));
    });
}

#[test]
fn queries_merge_and_clear() {
    on_both(async |api| {
        let team = team(api).await;
        let admin = api.admin();
        let with_tickets = json!({ "id": team.id, "query": { "tickets": "status:open" } });
        let both = admin.ok("teams.update", with_tickets).await;
        assert_eq!(both["query"]["tickets"], "status:open");
        assert_eq!(both["query"]["conversations"], json!(team.query.conversations));
        let one = admin.ok("teams.update", json!({ "id": team.id, "query": { "tickets": null } })).await;
        assert_eq!(one["query"], json!({ "conversations": team.query.conversations }));
        let none = admin.ok("teams.update", json!({ "id": team.id, "query": null })).await;
        assert_eq!(none["query"], json!({}));
        let list = json!({ "id": team.id, "query": ["source:*sms"] });
        admin.post("teams.update", &list).await.wrong("/query", "wrong_type");
        let long = json!({ "id": team.id, "query": { "conversations": "x".repeat(2001) } });
        admin.post("teams.update", &long).await.wrong("/query/conversations", "too_long");
    });
}

#[test]
fn an_unchanged_team_keeps_its_version_and_causes_no_event() {
    on_both(async |api| {
        let team = team(api).await;
        let before = api.row_counts().await;
        let admin = api.admin();
        let same = admin.ok("teams.update", json!({ "id": team.id, "name": team.name })).await;
        assert_eq!(same, serde_json::to_value(&team).unwrap());
        let again = admin.ok("teams.addMember", json!({ "id": team.id, "user_id": api.acme.agent })).await;
        assert_eq!(again["version"], 1);
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn what_info_answers_can_be_sent_back_edited() {
    on_both(async |api| {
        let team = team(api).await;
        let admin = api.admin();
        let mut body = admin.ok("teams.info", json!({ "id": team.id })).await;
        body["name"] = "Edited".into();
        assert_eq!(admin.ok("teams.update", body.clone()).await["version"], 2);
        admin.post("teams.update", &body).await.refused(400, "invalid_arguments");
        body["created_at"] = "2020-01-01T00:00:00.000Z".into();
        body["version"] = 2.into();
        body.as_object_mut().unwrap().remove("updated_at");
        admin.post("teams.update", &body).await.wrong("/created_at", "read_only");
    });
}

#[test]
fn members_are_listed_and_their_teams_found() {
    on_both(async |api| {
        let team = team(api).await;
        let admin = api.admin();
        let members = admin.ok("teams.listMembers", json!({ "id": team.id })).await;
        assert_eq!(members["data"][0]["id"], json!(api.acme.agent));
        assert_eq!(members["data"][0]["team_ids"], json!([team.id]));
        let of_agent = admin.ok("teams.list", json!({ "user_id": api.acme.agent })).await;
        assert_eq!(of_agent["data"].as_array().unwrap().len(), 1);
        let of_owner = admin.ok("teams.list", json!({ "user_id": api.acme.owner })).await;
        assert_eq!(of_owner["data"], json!([]));
        admin.post("teams.listMembers", &json!({ "id": api.unknown_id() })).await.refused(404, "team_not_found");
    });
}
