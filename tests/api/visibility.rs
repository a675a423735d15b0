//! Who sees which conversations: what a user's teams do not show does not exist for them.

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::people::Person;
use crate::support::{Api, on_both};

/// An agent, who sees what their teams show.
async fn agent(api: &Api, name: &str) -> Person {
    api.person_with(name, &api.role("agent").await).await
}

/// A conversation on a channel of this source.
async fn conversation(api: &Api, source: &str, more: Value) -> Value {
    let admin = api.admin();
    let channel = admin.ok("channels.create", json!({ "type": "api", "name": source, "source": source })).await;
    let contact = admin.ok("contacts.create", json!({ "name": "Ada Lovelace" })).await;
    let mut args = json!({ "contact_id": contact["id"], "channel_id": channel["id"] });
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    admin.ok("conversations.create", args).await
}

async fn team(api: &Api, query: &str, users: &[&Value]) -> Value {
    api.admin()
        .ok("teams.create", json!({ "name": "Team", "query": { "conversations": query }, "user_ids": users }))
        .await
}

/// The ids that a client finds in its list.
async fn seen(client: &Client) -> Vec<Value> {
    let page = client.ok("conversations.list", json!({})).await;
    page["data"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
}

/// Asserts that a conversation is there for a client, or that it is not, in every way it could be reached.
async fn sees(client: &Client, conversation: &Value, yes: bool) {
    let id = json!({ "id": conversation["id"] });
    assert_eq!(seen(client).await.contains(&conversation["id"]), yes, "in the list");
    for method in ["conversations.info", "conversations.history"] {
        let reply = client.post(method, &id).await;
        if yes {
            assert_eq!(reply.status, 200, "{method}: {}", reply.body);
        } else {
            reply.refused(404, "conversation_not_found");
        }
    }
    if !yes {
        for method in ["conversations.update", "conversations.reopen", "conversations.markRead"] {
            client.post(method, &id).await.refused(404, "conversation_not_found");
        }
        let number = json!({ "number": conversation["number"] });
        client.post("conversations.info", &number).await.refused(404, "conversation_not_found");
    }
}

#[test]
fn the_queries_of_the_seed_show_what_they_say() {
    on_both(async |api| {
        let mei = agent(api, "Mei").await;
        let luca = agent(api, "Luca").await;
        team(api, "source:*sms", &[&mei.id]).await;
        team(api, "metadata.source.google.place_id:1234", &[&luca.id]).await;
        let sms = conversation(api, "twilio.sms", json!({})).await;
        let plain = conversation(api, "sms", json!({})).await;
        let place = json!({ "metadata": { "source": { "google": { "place_id": "1234" } } } });
        let review = conversation(api, "google.places", place).await;
        let other = json!({ "metadata": { "source": { "google": { "place_id": "12345" } } } });
        let elsewhere = conversation(api, "google.places", other).await;

        for (person, shown) in [(&mei, [true, true, false, false]), (&luca, [false, false, true, false])] {
            for (conversation, shown) in [&sms, &plain, &review, &elsewhere].into_iter().zip(shown) {
                sees(&person.client, conversation, shown).await;
            }
        }
        assert_eq!(seen(&api.admin()).await.len(), 4);
    });
}

#[test]
fn sight_follows_the_query_the_members_and_the_conversation() {
    on_both(async |api| {
        let admin = api.admin();
        let mei = agent(api, "Mei").await;
        let one = conversation(api, "twilio.sms", json!({})).await;
        sees(&mei.client, &one, false).await;
        let team = team(api, "tags:vip", &[]).await;
        let member = json!({ "id": team["id"], "user_id": mei.id });
        admin.ok("teams.addMember", member.clone()).await;
        sees(&mei.client, &one, false).await;
        admin.ok("conversations.addTag", json!({ "id": one["id"], "tag": "VIP" })).await;
        sees(&mei.client, &one, true).await;
        admin.ok("teams.update", json!({ "id": team["id"], "query": { "conversations": "status:closed" } })).await;
        sees(&mei.client, &one, false).await;
        admin.ok("conversations.close", json!({ "id": one["id"], "resolution": "resolved" })).await;
        sees(&mei.client, &one, true).await;
        admin.ok("teams.removeMember", member).await;
        sees(&mei.client, &one, false).await;
    });
}

#[test]
fn what_is_ones_own_is_seen_whatever_the_query() {
    on_both(async |api| {
        let admin = api.admin();
        let mei = agent(api, "Mei").await;
        let team = admin
            .ok("teams.create", json!({ "name": "Night", "is_support_enabled": true, "user_ids": [mei.id] }))
            .await;
        let one = conversation(api, "web", json!({})).await;
        sees(&mei.client, &one, false).await;
        let id = &one["id"];

        admin.ok("conversations.assign", json!({ "id": id, "user_id": mei.id, "force": true })).await;
        sees(&mei.client, &one, true).await;
        admin.ok("conversations.assign", json!({ "id": id, "user_id": null, "team_id": team["id"] })).await;
        sees(&mei.client, &one, true).await;
        admin.ok("conversations.assign", json!({ "id": id, "team_id": null })).await;
        sees(&mei.client, &one, false).await;
        admin.ok("conversations.addFollower", json!({ "id": id, "user_id": mei.id })).await;
        sees(&mei.client, &one, true).await;
        admin.ok("conversations.removeFollower", json!({ "id": id, "user_id": mei.id })).await;
        sees(&mei.client, &one, false).await;
    });
}

#[test]
fn the_role_decides_how_far_one_sees() {
    on_both(async |api| {
        let admin = api.admin();
        let one = conversation(api, "twilio.sms", json!({})).await;
        let scopes = json!(["conversations:read", "conversations:write", "messages:read"]);
        let mut people = Vec::new();
        for reach in ["all", "team", "assigned"] {
            let role = json!({ "name": reach, "permissions": scopes, "conversation_visibility": reach });
            let role = admin.ok("roles.create", role).await;
            people.push(api.person_with(&format!("person-{reach}"), &role["id"]).await);
        }
        let ids: Vec<&Value> = people.iter().map(|person| &person.id).collect();
        team(api, "source:*sms", &ids).await;
        for (person, shown) in people.iter().zip([true, true, false]) {
            sees(&person.client, &one, shown).await;
        }
    });
}

#[test]
fn pages_are_full_of_what_is_seen() {
    on_both(async |api| {
        let mei = agent(api, "Mei").await;
        team(api, "subject:even", &[&mei.id]).await;
        let mut even = Vec::new();
        for n in 0..9 {
            let subject = if n % 2 == 0 { "even" } else { "odd" };
            let made = conversation(api, "web", json!({ "subject": subject })).await;
            if n % 2 == 0 {
                even.push(made["id"].clone());
            }
        }
        let mut walked = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let page = json!({ "limit": 2, "cursor": cursor, "include": ["total"] });
            let page = mei.client.ok("conversations.list", page).await;
            let data = page["data"].as_array().unwrap();
            assert_eq!(page["total"], 5);
            walked.extend(data.iter().map(|one| one["id"].clone()));
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                break;
            }
            assert_eq!(data.len(), 2);
        }
        assert_eq!(walked, even);
    });
}

#[test]
fn a_preview_tells_who_gains_and_who_loses() {
    on_both(async |api| {
        let admin = api.admin();
        let mei = agent(api, "Mei").await;
        let sms = team(api, "source:*sms", &[&mei.id]).await;
        for (source, subject) in [("twilio.sms", "a"), ("acme.sms", "b"), ("web", "c")] {
            conversation(api, source, json!({ "subject": subject })).await;
        }
        let preview = json!({ "query": "source:(web OR acme.sms)", "team_id": sms["id"] });
        let preview = admin.ok("teams.previewQuery", preview).await;
        assert_eq!((&preview["count"], &preview["count_is_exact"]), (&json!(2), &json!(true)));
        assert_eq!(preview["sample"][0]["subject"], "c");
        assert_eq!(preview["visibility_diff"], json!([{ "user_id": mei.id, "gains": 1, "loses": 1 }]));
        let new = json!({ "query": "source:web", "user_ids": [mei.id] });
        let preview = admin.ok("teams.previewQuery", new).await;
        assert_eq!(preview["visibility_diff"], json!([{ "user_id": mei.id, "gains": 1, "loses": 0 }]));
        // Nothing was saved.
        assert_eq!(seen(&mei.client).await.len(), 2);

        let wrong = admin.post("teams.previewQuery", &json!({ "query": "sourc:web" })).await;
        wrong.refused(400, "invalid_query");
        let unknown = json!({ "query": "source:web", "team_id": api.unknown_id() });
        admin.post("teams.previewQuery", &unknown).await.wrong("/team_id", "unknown_id");
        let unknown = json!({ "query": "source:web", "user_ids": [mei.id, api.unknown_id()] });
        admin.post("teams.previewQuery", &unknown).await.wrong("/user_ids/1", "unknown_id");
    });
}

#[test]
fn a_team_lists_and_counts_what_is_its_own() {
    on_both(async |api| {
        let admin = api.admin();
        let mei = agent(api, "Mei").await;
        let sms = json!({
            "name": "Sms", "query": { "conversations": "source:*sms" }, "user_ids": [mei.id], "is_support_enabled": true,
        });
        let sms = admin.ok("teams.create", sms).await;
        let first = conversation(api, "twilio.sms", json!({ "subject": "first" })).await;
        let second = conversation(api, "twilio.sms2", json!({ "subject": "second" })).await;
        let third = conversation(api, "acme.sms", json!({ "subject": "third" })).await;
        let list = async |client: &Client, more: Value| {
            let mut args = json!({ "id": sms["id"] });
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let page = client.ok("teams.listConversations", args).await;
            page["data"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(list(&admin, json!({})).await, [first["id"].clone(), third["id"].clone()]);
        assert_eq!(list(&admin, json!({ "filters": "subject:third" })).await, [third["id"].clone()]);
        assert_eq!(
            list(&mei.client, json!({ "sort": "created_at:desc" })).await,
            [third["id"].clone(), first["id"].clone()]
        );
        // Somebody else's team shows no more than one sees oneself.
        let luca = agent(api, "Luca").await;
        assert_eq!(list(&luca.client, json!({})).await, Vec::<Value>::new());

        admin.ok("conversations.assign", json!({ "id": first["id"], "team_id": sms["id"] })).await;
        admin
            .ok(
                "conversations.assign",
                json!({ "id": second["id"], "team_id": sms["id"], "user_id": mei.id, "force": true }),
            )
            .await;
        let metrics = admin.ok("teams.metrics", json!({ "id": sms["id"] })).await;
        assert_eq!((&metrics["open_count"], &metrics["unassigned_count"]), (&json!(2), &json!(1)));
        assert_eq!(metrics["load"], json!([{ "user_id": mei.id, "open_count": 1 }]));
        admin.ok("conversations.close", json!({ "id": second["id"], "resolution": "resolved" })).await;
        let metrics = admin.ok("teams.metrics", json!({ "id": sms["id"] })).await;
        assert_eq!((&metrics["open_count"], &metrics["load"][0]["open_count"]), (&json!(1), &json!(0)));
    });
}

#[test]
fn it_can_be_explained_who_sees_what() {
    on_both(async |api| {
        let admin = api.admin();
        let (mei, luca) = (agent(api, "Mei").await, agent(api, "Luca").await);
        let sms = team(api, "source:*sms AND NOT assigned_to_user_id:me", &[&mei.id, &luca.id]).await;
        let one = conversation(api, "twilio.sms", json!({})).await;
        admin.ok("conversations.assign", json!({ "id": one["id"], "user_id": luca.id })).await;
        admin.ok("conversations.addFollower", json!({ "id": one["id"], "user_id": mei.id })).await;
        let viewers = admin.ok("conversations.explainVisibility", json!({ "id": one["id"] })).await;
        let of = |user: &Value| {
            let viewer = viewers["users"].as_array().unwrap().iter().find(|viewer| viewer["user_id"] == *user);
            viewer.map(|viewer| viewer["via"].clone()).unwrap_or_default()
        };
        assert_eq!(of(&json!(api.acme.owner)), json!([{ "via": "role", "team_id": null }]));
        let by_query = json!({ "via": "team_query", "team_id": sms["id"] });
        assert_eq!(of(&mei.id), json!([{ "via": "follows", "team_id": null }, by_query]));
        assert_eq!(of(&luca.id), json!([{ "via": "assigned", "team_id": null }]));

        let target = json!({ "type": "conversation", "id": one["id"] });
        let explain = async |more: Value| {
            let mut args = json!({ "user_id": luca.id });
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            admin.ok("roles.explain", args).await
        };
        let answer = explain(json!({ "method": "conversations.close", "target": target })).await;
        assert_eq!(answer["allowed"], true, "{answer}");
        let abouts: Vec<&Value> = answer["reasons"].as_array().unwrap().iter().map(|one| &one["about"]).collect();
        assert_eq!(abouts, ["status", "scope", "sight"]);
        assert_eq!(answer["reasons"][1]["scope"], "conversations:write");
        let answer = explain(json!({ "method": "roles.delete" })).await;
        assert_eq!((&answer["allowed"], &answer["reasons"][1]["role_ids"]), (&json!(false), &json!([])));
        admin.ok("conversations.assign", json!({ "id": one["id"], "user_id": null })).await;
        admin.ok("teams.update", json!({ "id": sms["id"], "query": null })).await;
        let answer = explain(json!({ "target": target })).await;
        assert_eq!(answer["allowed"], false, "{answer}");

        admin.post("roles.explain", &json!({ "user_id": luca.id })).await.refused(400, "invalid_arguments");
        admin.post("roles.explain", &json!({ "user_id": luca.id, "method": "x.y" })).await.wrong("/method", "enum");
        let unknown = json!({ "user_id": luca.id, "target": { "type": "conversation", "id": api.unknown_id() } });
        admin.post("roles.explain", &unknown).await.wrong("/target/id", "unknown_id");
    });
}

#[test]
fn who_takes_over_from_those_who_go() {
    on_both(async |api| {
        let admin = api.admin();
        let (mei, luca) = (agent(api, "Mei").await, agent(api, "Luca").await);
        let open = conversation(api, "web", json!({})).await;
        let closed = conversation(api, "web2", json!({})).await;
        for one in [&open, &closed] {
            admin.ok("conversations.assign", json!({ "id": one["id"], "user_id": mei.id, "force": true })).await;
        }
        admin.ok("conversations.close", json!({ "id": closed["id"], "resolution": "resolved" })).await;
        let delete = json!({ "id": mei.id, "reassign_to_user_id": luca.id });
        let (_, events) = api.events_of(admin.post("users.delete", &delete)).await;
        assert!(events.iter().any(|event| event.kind == "conversation.assigned"), "nobody was told");
        let now = admin.ok("conversations.info", json!({ "id": open["id"] })).await;
        assert_eq!(now["assigned_to_user_id"], luca.id);
        let then = admin.ok("conversations.info", json!({ "id": closed["id"] })).await;
        assert_eq!(then["assigned_to_user_id"], mei.id, "a closed conversation says who had it");
    });
}

#[test]
fn test_keys_have_a_desk_of_their_own() {
    on_both(async |api| {
        let admin = api.admin();
        let live = conversation(api, "twilio.sms", json!({})).await;
        let key = json!({ "name": "Test", "scopes": ["*"], "environment": "test" });
        let key = admin.ok("apiKeys.create", key).await;
        let tester = api.client(key["secret"].as_str().unwrap());
        assert_eq!(seen(&tester).await, Vec::<Value>::new());
        tester.post("conversations.info", &json!({ "id": live["id"] })).await.refused(404, "conversation_not_found");
        let contact = tester.ok("contacts.create", json!({ "name": "Ada" })).await;
        let foreign = json!({ "contact_id": live["contact_id"] });
        tester.post("conversations.create", &foreign).await.wrong("/contact_id", "unknown_id");
        let made = tester.ok("conversations.create", json!({ "contact_id": contact["id"] })).await;
        assert_eq!(made["number"], 1, "numbers of tests are their own");
        assert_eq!(seen(&tester).await, [made["id"].clone()]);
        admin.post("conversations.info", &json!({ "id": made["id"] })).await.refused(404, "conversation_not_found");
        assert_eq!(seen(&admin).await, [live["id"].clone()]);
        // The people are the same.
        assert_eq!(tester.ok("users.list", json!({})).await, admin.ok("users.list", json!({})).await);
    });
}
