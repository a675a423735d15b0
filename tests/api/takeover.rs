//! People come before AI: taking over, giving back, handing off, and what becomes of what AI had written.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

async fn info(api: &Api, conversation: &Value) -> Value {
    api.admin().ok("conversations.info", json!({ "id": conversation })).await
}

/// A conversation that AI answers.
async fn with_ai(api: &Api, teammate: Option<dotdesk::db::Id>) -> Value {
    let conversation = api.conversation().await;
    api.admin().ok("conversations.release", json!({ "id": conversation, "teammate_id": teammate })).await
}

#[test]
fn taking_over_throws_away_what_ai_had_written() {
    on_both(async |api| {
        let (admin, ada) = (api.admin(), api.ai("Ada").await);
        let released = with_ai(api, Some(ada.id)).await;
        let (id, epoch) = (released["id"].clone(), released["control_epoch"].clone());
        assert_eq!((&released["status"], &released["handler"], &epoch), (&json!("pending"), &json!("ai"), &json!(2)));
        assert_eq!(released["assigned_to_user_id"], json!(ada.id));
        let draft = json!({ "conversation_id": id, "direction": "outbound", "status": "draft", "text": "Perhaps" });
        let by_ai = ada.client.ok("messages.create", draft.clone()).await;
        let by_person = admin.ok("messages.create", draft).await;

        let (reply, events) = api.events_of(admin.post("conversations.takeOver", &json!({ "id": id }))).await;
        let taken = reply.body;
        assert_eq!(
            (&taken["status"], &taken["handler"], &taken["control_epoch"]),
            (&json!("open"), &json!("human"), &json!(3))
        );
        assert_eq!(taken["assigned_to_user_id"], json!(api.acme.owner));
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["conversation.taken_over", "message.ai_discarded"]);
        assert_eq!(events[1].data["id"], by_ai["id"]);
        let status = async |id: &Value| admin.ok("messages.info", json!({ "id": id })).await["status"].clone();
        assert_eq!((status(&by_ai["id"]).await, status(&by_person["id"]).await), (json!("discarded"), json!("draft")));

        let late = json!({ "conversation_id": id, "text": "Late", "control_epoch": epoch });
        ada.client.post("messages.send", &late).await.refused(409, "invalid_state");
        let history = admin.ok("conversations.history", json!({ "id": id, "types": ["event"] })).await;
        let happened: Vec<&Value> =
            history["data"].as_array().unwrap().iter().map(|item| &item["event"]["type"]).collect();
        let expected = ["released", "assigned", "taken_over", "assigned", "ai_reply_discarded", "ai_reply_discarded"];
        assert_eq!(happened, expected);
    });
}

#[test]
fn of_many_who_take_over_at_once_one_gets_it() {
    on_both(async |api| {
        let (admin, ada) = (api.admin(), api.ai("Ada").await);
        let role = api.role("agent").await;
        let mut people = vec![(json!(api.acme.owner), admin.clone())];
        for name in ["Bea", "Cyd", "Dan"] {
            let person = api.person_with(name, &role).await;
            people.push((person.id.clone(), person.client.clone()));
        }
        for _ in 0..4 {
            let released = with_ai(api, Some(ada.id)).await;
            let (id, epoch) = (released["id"].clone(), released["control_epoch"].clone());
            for (user, _) in &people {
                admin.ok("conversations.addFollower", json!({ "id": id, "user_id": user })).await;
            }
            let take = json!({ "id": id });
            let answer = json!({ "conversation_id": id, "text": "AI", "control_epoch": epoch });
            let calls = people.iter().map(|(_, client)| client.post("conversations.takeOver", &take));
            let (taken, answered) = futures_util::future::join(
                join_all(calls),
                join_all((0..4).map(|_| ada.client.post("messages.send", &answer))),
            )
            .await;
            let won: Vec<&Value> = taken.iter().filter(|reply| reply.status == 200).map(|reply| &reply.body).collect();
            assert_eq!(won.len(), 1, "{taken:?}");
            for lost in taken.iter().filter(|reply| reply.status != 200) {
                lost.refused(409, "invalid_state");
                assert_eq!(lost.body["error"]["assigned_to_user_id"], won[0]["assigned_to_user_id"]);
            }
            let now = info(api, &id).await;
            assert_eq!(now["assigned_to_user_id"], won[0]["assigned_to_user_id"]);
            assert_eq!(now["control_epoch"], epoch.as_i64().unwrap() + 1, "it changed hands once");
            // What AI said, it said before; what came later is nowhere among what was sent.
            let sent = answered.iter().filter(|reply| reply.status == 200).count();
            answered.iter().filter(|reply| reply.status != 200).for_each(|reply| {
                reply.refused(409, "invalid_state");
            });
            let said = admin.ok("messages.list", json!({ "conversation_id": id, "direction": "outbound" })).await;
            assert_eq!(said["data"].as_array().unwrap().len(), sent);
            let late = ada.client.post("messages.send", &answer).await;
            late.refused(409, "invalid_state");
        }
    });
}

#[test]
fn only_people_take_over_and_only_ai_is_given_to() {
    on_both(async |api| {
        let (admin, ada) = (api.admin(), api.ai("Ada").await);
        let id = api.conversation().await;
        let take = |user: Value| json!({ "id": id, "user_id": user });
        admin.post("conversations.takeOver", &take(json!(ada.id))).await.wrong("/user_id", "not_assignable");
        admin.post("conversations.takeOver", &take(json!(api.unknown_id()))).await.wrong("/user_id", "unknown_id");
        let release = |teammate: Value| json!({ "id": id, "teammate_id": teammate });
        admin
            .post("conversations.release", &release(json!(api.acme.owner)))
            .await
            .wrong("/teammate_id", "not_assignable");
        admin
            .post("conversations.release", &release(json!(api.unknown_id())))
            .await
            .wrong("/teammate_id", "unknown_id");
        admin.ok("conversations.takeOver", take(json!(api.acme.agent))).await;
        let refused = admin.post("conversations.takeOver", &json!({ "id": id })).await;
        refused.refused(409, "invalid_state");
        assert_eq!(refused.body["error"]["assigned_to_user_id"], json!(api.acme.agent));
    });
}

#[test]
fn handing_off_says_why_and_to_whom() {
    on_both(async |api| {
        let (admin, ada) = (api.admin(), api.ai("Ada").await);
        let team = json!({ "name": "Second level", "is_support_enabled": true, "user_ids": [api.acme.agent] });
        let team = admin.ok("teams.create", team).await;
        let released = with_ai(api, Some(ada.id)).await;
        let args = json!({
            "id": released["id"], "reason": "low_confidence", "summary": "Wants a refund", "to_team_id": team["id"],
        });
        let (reply, events) = api.events_of(ada.client.post("conversations.handoff", &args)).await;
        let handed = reply.body;
        assert_eq!(events[0].kind, "conversation.handed_off");
        assert_eq!((&handed["status"], &handed["handler"]), (&json!("open"), &json!("human")));
        assert_eq!((&handed["team_id"], &handed["assigned_to_user_id"]), (&team["id"], &Value::Null));
        assert_eq!(handed["handoff"]["reason"], "low_confidence");
        assert_eq!(handed["handoff"]["summary"], "Wants a refund");
        assert_eq!(handed["control_epoch"], released["control_epoch"].as_i64().unwrap() + 1);
        let listed = admin.ok("conversations.list", json!({ "handed_off": true })).await;
        assert_eq!(listed["data"][0]["id"], handed["id"]);
        let ai = json!({ "id": released["id"], "reason": "api", "to_user_id": ada.id });
        admin.post("conversations.handoff", &ai).await.wrong("/to_user_id", "not_assignable");
        let closed_team = admin.ok("teams.create", json!({ "name": "Not for this" })).await;
        let refused = json!({ "id": released["id"], "reason": "api", "to_team_id": closed_team["id"] });
        admin.post("conversations.handoff", &refused).await.wrong("/to_team_id", "not_assignable");
    });
}

#[test]
fn who_may_be_assigned_is_asked() {
    on_both(async |api| {
        let admin = api.admin();
        let id = api.conversation().await;
        let role =
            json!({ "name": "Narrow", "permissions": ["conversations:read"], "conversation_visibility": "assigned" });
        let role = admin.ok("roles.create", role).await;
        let bea = api.person_with("Bea", &role["id"]).await;
        let assign = |user: &Value| json!({ "id": id, "user_id": user });
        admin.post("conversations.assign", &assign(&bea.id)).await.wrong("/user_id", "not_visible");
        bea.client.post("conversations.info", &json!({ "id": id })).await.refused(404, "conversation_not_found");
        let forced = json!({ "id": id, "user_id": bea.id, "force": true });
        let (reply, events) = api.events_of(admin.post("conversations.assign", &forced)).await;
        assert_eq!((reply.body["assigned_to_user_id"].clone(), events.len()), (bea.id.clone(), 1));
        assert_eq!((&reply.body["handler"], &events[0].kind), (&json!("human"), &"conversation.assigned".to_owned()));
        assert!(api.event_types_of(admin.post("conversations.assign", &forced)).await.is_empty());
        bea.client.ok("conversations.info", json!({ "id": id })).await;
        let nobody = admin.ok("conversations.assign", assign(&Value::Null)).await;
        assert_eq!(nobody["assigned_to_user_id"], Value::Null);
        bea.client.post("conversations.info", &json!({ "id": id })).await.refused(404, "conversation_not_found");

        admin.post("conversations.assign", &assign(&json!(api.unknown_id()))).await.wrong("/user_id", "unknown_id");
        admin.post("conversations.assign", &assign(&json!(api.other.owner))).await.wrong("/user_id", "unknown_id");
        let team = json!({ "id": id, "team_id": api.unknown_id() });
        admin.post("conversations.assign", &team).await.wrong("/team_id", "unknown_id");
        admin.ok("users.update", json!({ "id": bea.id, "is_assignable": false })).await;
        admin.post("conversations.assign", &forced).await.wrong("/user_id", "not_assignable");
    });
}

#[test]
fn nobody_gets_more_than_they_take_also_at_once() {
    on_both(async |api| {
        let admin = api.admin();
        admin.ok("users.update", json!({ "id": api.acme.agent, "max_open_conversations": 3 })).await;
        let channel = api.sms().await;
        let mut all = Vec::new();
        for n in 0..8 {
            let heard = api.hear(&channel, &format!("+1-555-01{n:02}"), "Hello").await;
            all.push(heard["message"]["conversation_id"].clone());
        }
        let calls: Vec<Value> =
            all.iter().map(|id| json!({ "id": id, "user_id": api.acme.agent, "force": true })).collect();
        let replies = join_all(calls.iter().map(|args| admin.post("conversations.assign", args))).await;
        let got: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(got.len(), 3);
        replies.iter().filter(|reply| reply.status != 200).for_each(|reply| {
            reply.refused(400, "limit_exceeded");
        });
        admin.ok("conversations.close", json!({ "id": got[0].body["id"], "resolution": "resolved" })).await;
        let next = replies.iter().position(|reply| reply.status != 200).unwrap();
        admin.ok("conversations.assign", calls[next].clone()).await;
    });
}

#[test]
fn the_least_busy_member_gets_the_next_conversation() {
    on_both(async |api| {
        let admin = api.admin();
        let role = api.role("agent").await;
        let (bea, cyd) = (api.person_with("Bea", &role).await, api.person_with("Cyd", &role).await);
        let team = json!({ "name": "Support", "is_support_enabled": true, "user_ids": [bea.id, cyd.id] });
        let team = admin.ok("teams.create", team).await;
        let channel = api.sms().await;
        let mut numbers = 0..;
        let mut next = async || {
            let number = format!("+1-555-02{:02}", numbers.next().unwrap());
            let heard = api.hear(&channel, &number, "Hello").await;
            json!({ "id": heard["message"]["conversation_id"], "team_id": team["id"] })
        };
        let first = next().await;
        let nobody = admin.post("conversations.autoAssign", &first).await;
        nobody.refused(409, "invalid_state");
        for person in [&bea, &cyd] {
            person.client.ok("users.setAvailability", json!({ "availability": "online" })).await;
        }
        let mut given = Vec::new();
        for args in [first.clone(), next().await, next().await] {
            let assigned = admin.ok("conversations.autoAssign", args).await;
            assert_eq!(assigned["team_id"], team["id"]);
            given.push(assigned["assigned_to_user_id"].clone());
        }
        assert_eq!(given, [bea.id.clone(), cyd.id.clone(), bea.id.clone()]);
        assert!(
            api.event_types_of(admin.post("conversations.autoAssign", &first)).await.is_empty(),
            "it has one already"
        );
        let several = [next().await, next().await, next().await, next().await, next().await];
        let replies = join_all(several.iter().map(|args| admin.post("conversations.autoAssign", args))).await;
        let to_cyd = replies.iter().filter(|reply| reply.body["assigned_to_user_id"] == cyd.id).count();
        assert_eq!(to_cyd, 3, "eight in all, four for each");
        let unassigned = next().await;
        let without = json!({ "id": unassigned["id"] });
        admin.post("conversations.autoAssign", &without).await.refused(409, "invalid_state");
    });
}
