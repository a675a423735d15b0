//! The query language: what callers can ask for, and what they are told when it is wrong.

mod equal;
mod pages;
mod plans;
mod told;

use dotdesk::db::prelude::*;
use dotdesk::db::{Id, Transaction};
use dotdesk::query::{Asker, Facts};
use dotdesk::resources::inbox::conversations;
use dotdesk::run;
use serde_json::{Value, json};

use crate::conversations::conversation;
use crate::support::{Api, on_both};

/// Where the server's own hand would write: what of a conversation only messages and channels change.
async fn set(api: &Api, conversation: &Value, unread: i32, source: &'static str) {
    use dotdesk::schema::conversations::dsl;
    let id: Id = conversation["id"].as_str().unwrap().parse().unwrap();
    let organization = api.acme.id;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let work = async move |tx: &mut Transaction| -> Result<(), dotdesk::db::Fault> {
        run!(tx, |c| diesel::update(dsl::conversations.find((organization, id)))
            .set((dsl::unread_count.eq(unread), dsl::source.eq(source)))
            .execute(c))?;
        Ok(())
    };
    api.app.db.write(deadline, work).await.unwrap();
}

/// The subjects of the conversations that a query finds, oldest first.
async fn found(api: &Api, filters: &str) -> Vec<String> {
    let page = api.admin().ok("conversations.list", json!({ "filters": filters, "limit": 100 })).await;
    let data = page["data"].as_array().unwrap().iter();
    data.map(|conversation| conversation["subject"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_queries_of_the_samples_find_what_they_say() {
    on_both(async |api| {
        let admin = api.admin();
        let ada = admin.ok("contacts.create", json!({ "name": "Ada King Lovelace", "email": "ada@acme.com" })).await;
        let place = json!({ "source": { "google": { "place_id": "1234" } } });
        let a = conversation(api, json!({ "subject": "A", "tags": ["Urgent"], "metadata": place })).await;
        let b =
            conversation(api, json!({ "subject": "B", "contact_id": ada["id"], "tags": ["vip"], "priority": "high" }))
                .await;
        let c = conversation(api, json!({ "subject": "C", "visitor_name": "Lovelace junior", "tags": ["vip"] })).await;
        set(api, &a, 2, "twilio.sms").await;
        set(api, &b, 0, "sms").await;
        set(api, &c, 1, "api").await;
        admin.ok("conversations.close", json!({ "id": c["id"], "resolution": "resolved" })).await;
        admin.ok("conversations.assign", json!({ "id": b["id"], "user_id": api.acme.owner })).await;
        for (filters, expected) in [
            ("source:*sms AND unread_count:[1 TO *]", vec!["A"]),
            ("source:*sms", vec!["A", "B"]),
            ("unread_count:[* TO 1]", vec!["B", "C"]),
            ("metadata.source.google.place_id:1234", vec!["A"]),
            ("metadata.source.google.place_id:12345", vec![]),
            ("display_name:*Lovelace", vec!["B"]),
            ("display_name:Jane", vec!["A", "C"]),
            ("visitor_name:lovelace", vec!["C"]),
            ("tags:(urgent OR vip) AND NOT status:closed", vec!["A", "B"]),
            ("tag_ids:VIP", vec!["B", "C"]),
            ("created_at:[2024-01-01 TO 2024-01-31}", vec![]),
            ("created_at:[now/d TO now]", vec!["A", "B", "C"]),
            ("_exists_:assigned_to_user_id AND sla.due_at:<now+1h", vec![]),
            ("_exists_:assigned_to_user_id", vec!["B"]),
            ("assigned_to_user_id:null AND is_read:false", vec!["A", "C"]),
            ("contact.email:ADA@acme.com", vec!["B"]),
            ("priority:high", vec!["B"]),
            ("-status:closed", vec!["A", "B"]),
            ("resolution:resolved close_reason:user", vec!["C"]),
            ("has_attachments:false", vec!["A", "B", "C"]),
            ("first_response_seconds:>0 has_ticket:true", vec![]),
            ("a", vec!["A"]),
            ("", vec!["A", "B", "C"]),
        ] {
            assert_eq!(found(api, filters).await, expected, "{filters}");
        }
        // In memory, what an object shows answers the same.
        let asker = Asker {
            now: api.now(),
            space: api.acme.id,
            organization: api.acme.id,
            user: None,
            teams: None,
            scopes: dotdesk::method::ScopeSet::ALL,
        };
        let page = admin.ok("conversations.list", json!({})).await;
        for filters in ["source:*sms AND unread_count:>=1", "tags:(urgent OR vip) AND NOT status:closed", "subject:b"] {
            let checked = conversations::FIELDS.check(filters, &asker).unwrap();
            let shown: Vec<&Value> = page["data"].as_array().unwrap().iter().collect();
            let matching = shown.iter().filter(|object| checked.matches(&Facts::of(&conversations::FIELDS, object)));
            let subjects: Vec<&str> = matching.map(|object| object["subject"].as_str().unwrap()).collect();
            assert_eq!(found(api, filters).await, subjects, "{filters}");
        }
    });
}

#[test]
fn a_wrong_query_is_told_where_and_what_may_have_been_meant() {
    on_both(async |api| {
        let admin = api.admin();
        for (filters, column, suggestions) in [
            ("status:opne", 8, json!(["open"])),
            ("sttaus:open", 1, json!(["status"])),
            ("a AND metdata.source.id:1", 7, json!(["metadata.source.id"])),
            ("number:many", 8, Value::Null),
            ("created_at:[yesterday TO now]", 13, Value::Null),
            ("is_spam:maybe", 9, Value::Null),
            ("assigned_to_user_id:bob", 21, Value::Null),
            ("status:[a TO b]", 8, Value::Null),
            ("subject:\"!!!\"", 9, Value::Null),
            ("source:[sms", 12, Value::Null),
        ] {
            let reply = admin.post("conversations.list", &json!({ "filters": filters })).await;
            reply.refused(400, "invalid_query");
            let error = &reply.body["error"]["errors"][0];
            assert_eq!((&error["pointer"], &error["code"]), (&json!("/filters"), &json!("invalid_query")), "{error}");
            assert_eq!((&error["column"], &error["suggestions"]), (&json!(column), &suggestions), "{filters}: {error}");
        }
        let clauses = |n: usize| vec!["subject:a"; n].join(" ");
        let deep = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
        for (good, bad) in [(clauses(64), clauses(65)), (deep(10), deep(11)), ("a* ".repeat(16), "a* ".repeat(17))] {
            admin.ok("conversations.list", json!({ "filters": good })).await;
            admin.post("conversations.list", &json!({ "filters": bad })).await.refused(400, "invalid_query");
        }
        let long = json!({ "filters": "x".repeat(2001) });
        admin.post("conversations.list", &long).await.wrong("/filters", "too_long");
    });
}

#[test]
fn notes_are_searched_by_those_who_may_read_messages() {
    on_both(async |api| {
        let with = api.person("Reader", &["conversations:read", "messages:read"]).await;
        let without = api.person("Looker", &["conversations:read"]).await;
        let filters = json!({ "filters": "note:secret" });
        with.client.ok("conversations.list", filters.clone()).await;
        without.client.post("conversations.list", &filters).await.refused(400, "invalid_query");
    });
}

#[test]
fn queries_can_be_checked_before_they_are_saved() {
    on_both(async |api| {
        let admin = api.admin();
        let validate = async |object: &str, query: &str| {
            admin.ok("queries.validate", json!({ "object": object, "query": query })).await
        };
        let good = validate("conversation", "source:*sms  unread_count:[1 TO *] -status:closed +tags:(a b)").await;
        assert_eq!(good["normalized"], "tags:(a OR b) AND NOT status:closed");
        assert_eq!((&good["valid"], &good["problems"]), (&json!(true), &json!([])));
        let fields: Vec<&str> =
            good["fields"].as_array().unwrap().iter().map(|field| field.as_str().unwrap()).collect();
        assert_eq!(fields, ["source", "unread_count", "tags", "status"]);
        let bad = validate("contact", "nmae:Jane").await;
        assert_eq!((&bad["valid"], &bad["normalized"]), (&json!(false), &Value::Null));
        assert_eq!(bad["problems"][0]["column"], 1);
        assert_eq!(bad["problems"][0]["suggestions"], json!(["name"]));
        for object in ["conversation", "contact", "company", "message"] {
            assert_eq!(validate(object, &"x".repeat(2001)).await["valid"], false);
            assert_eq!(validate(object, "created_at:now/d").await["valid"], true, "{object}");
        }
        let field = json!({ "object": "contact", "name": "shoe_size", "type": "number", "display_name": "Shoe size" });
        admin.ok("customFields.create", field).await;
        let listed = admin.ok("queries.fields", json!({ "object": "contact" })).await;
        let find = |name: &str| listed["data"].as_array().unwrap().iter().find(|field| field["name"] == name).cloned();
        assert_eq!(find("name").unwrap()["aliases"], json!(["display_name"]));
        assert_eq!(
            (&find("email").unwrap()["sortable"], &find("email").unwrap()["type"]),
            (&json!(true), &json!("keyword"))
        );
        assert!(find("metadata.*").is_some() && find("custom_fields.shoe_size").is_some(), "{listed}");
    });
}

/// Every field can be asked for, and there for every object.
#[test]
fn every_field_is_understood_by_both_databases() {
    on_both(async |api| {
        conversation(api, json!({ "subject": "one" })).await;
        let admin = api.admin();
        for (object, method) in
            [("conversation", "conversations.list"), ("contact", "contacts.list"), ("company", "companies.list")]
        {
            let fields = admin.ok("queries.fields", json!({ "object": object })).await;
            let method_of = api.registry.methods().iter().find(|listed| listed.name() == method);
            let is_filtered = method_of.is_some_and(|m| m.arguments()["properties"]["filters"].is_object());
            if !is_filtered {
                continue;
            }
            for field in fields["data"].as_array().unwrap() {
                let name = field["name"].as_str().unwrap().replace(".*", ".some.key");
                let value = match (field["type"].as_str().unwrap(), field["values"].get(0)) {
                    (_, Some(word)) => word.as_str().unwrap().to_owned(),
                    ("number", _) => "[1 TO 5}".into(),
                    ("timestamp", _) => "[2024-01-01 TO now}".into(),
                    ("boolean", _) => "true".into(),
                    _ => "*x?y*".into(),
                };
                for filters in [format!("{name}:{value}"), format!("NOT _exists_:{name}")] {
                    admin.ok(method, json!({ "filters": filters })).await;
                }
                if field["sortable"] == true {
                    for direction in ["asc", "desc"] {
                        let walk = json!({ "sort": format!("{name}:{direction}"), "limit": 1 });
                        let page = admin.ok(method, walk.clone()).await;
                        if let Some(cursor) = page["next_cursor"].as_str() {
                            let mut next = walk.clone();
                            next["cursor"] = cursor.into();
                            admin.ok(method, next).await;
                        }
                    }
                }
            }
        }
    });
}

#[test]
fn teams_save_only_queries_that_are_understood() {
    on_both(async |api| {
        let admin = api.admin();
        let before = api.row_counts().await;
        let wrong = json!({ "name": "Sms", "query": { "conversations": "source:[sms", "tickets": "(a" } });
        let reply = admin.post("teams.create", &wrong).await;
        reply.refused(400, "invalid_query");
        let problems = [("/query/conversations", "invalid_query"), ("/query/tickets", "invalid_query")];
        assert_eq!(reply.problems(), problems.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
        assert_eq!(reply.body["error"]["errors"][0]["column"], 12);
        assert_eq!(api.row_counts().await, before);
        let good =
            json!({ "name": "Mine", "query": { "conversations": "assigned_to_user_id:me OR team_id:my_teams" } });
        let team = admin.ok("teams.create", good).await;
        let change = json!({ "id": team["id"], "query": { "conversations": "sttaus:open" } });
        admin.post("teams.update", &change).await.refused(400, "invalid_query");
        admin.ok("teams.update", json!({ "id": team["id"], "query": { "conversations": "status:open" } })).await;
    });
}
