//! Contacts: what they are known by, and who has it.

use dotdesk::db::Timestamp;
use dotdesk::method::Context;
use dotdesk::resources::crm::contacts::store::{self, Counted, KnownBy};
use dotdesk::resources::crm::contacts::{Contact, IdentityKey, IdentityType};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

/// The contact of the sample, in our spelling.
fn john() -> Value {
    json!({
        "name": "John Doe", "email": "john@acme.com", "phone": "+1-555-0123", "title": "CEO", "role": "Decision Maker",
        "notes": "Primary contact",
    })
}

async fn contact(api: &Api, fields: Value) -> Value {
    api.admin().ok("contacts.create", fields).await
}

fn values(contact: &Value) -> Vec<(String, String, bool)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = contact["identities"].as_array().unwrap().iter();
    all.map(|one| (text(&one["type"]), text(&one["value"]), one["is_primary"].as_bool().unwrap())).collect()
}

fn identity(kind: &str, value: &str, is_primary: bool) -> (String, String, bool) {
    (kind.into(), value.into(), is_primary)
}

#[test]
fn the_sample_is_stored_in_one_spelling() {
    on_both(async |api| {
        let created = contact(api, john()).await;
        for field in ["name", "email", "title", "role", "notes"] {
            assert_eq!(created[field], john()[field], "{field}");
        }
        assert_eq!((&created["phone"], &created["type"]), (&json!("+15550123"), &json!("lead")));
        assert_eq!(
            (&created["is_primary"], &created["company_id"], &created["user_id"]),
            (&json!(false), &Value::Null, &Value::Null)
        );
        assert_eq!(values(&created), [identity("email", "john@acme.com", true), identity("phone", "+15550123", true)]);
        let admin = api.admin();
        assert_eq!(admin.ok("contacts.info", json!({ "id": created["id"] })).await, created);
        let by_phone = json!({ "identity": { "type": "phone", "value": "+1 (555) 0123" } });
        assert_eq!(admin.ok("contacts.info", by_phone).await, created);
        let by_email = json!({ "identity": { "type": "email", "value": "John@ACME.com" } });
        assert_eq!(admin.ok("contacts.info", by_email).await, created);
        let events = api.events().await;
        let event = events.iter().find(|event| event.kind == "contact.created").unwrap();
        assert_eq!(event.data, created);
    });
}

#[test]
fn every_field_can_be_set_changed_and_cleared() {
    on_both(async |api| {
        let admin = api.admin();
        let full = json!({
            "name": "Ada Lovelace", "first_name": "Ada", "last_name": "Lovelace", "title": "Countess", "role": "user",
            "notes": "First of all", "user_id": api.acme.agent, "type": "customer", "avatar_url": "https://example.com/a.png",
            "gender": "female", "language": "en", "timezone": "Europe/London", "other_contact_details": "By post",
            "address": { "street": "St James's Square", "house_number": "12", "city": "London", "country": "gb" },
            "ai_notes": "Likes numbers", "unverified": { "name": "A. L.", "email": "ada@example.com", "metadata": { "a": 1 } },
            "metadata": { "b": { "c": 2 } }, "external_id": "ada-1",
        });
        let created = contact(api, full.clone()).await;
        for (field, value) in full.as_object().unwrap() {
            match field.as_str() {
                "address" => assert_eq!(created["address"]["country"], "GB"),
                _ => assert_eq!(created[field], *value, "{field}"),
            }
        }
        let id = created["id"].clone();
        let moved = json!({ "id": id, "address": { "city": "Paris", "street": null }, "metadata": { "b": { "c": null, "d": 3 } } });
        let moved = admin.ok("contacts.update", moved).await;
        assert_eq!((&moved["address"]["city"], &moved["address"]["street"]), (&json!("Paris"), &Value::Null));
        assert_eq!(
            (&moved["address"]["house_number"], &moved["metadata"]),
            (&json!("12"), &json!({ "b": { "d": 3 } }))
        );
        let mut nothing = json!({ "id": id });
        for field in
            full.as_object().unwrap().keys().filter(|field| !matches!(field.as_str(), "name" | "type" | "metadata"))
        {
            nothing[field] = Value::Null;
        }
        let cleared = admin.ok("contacts.update", nothing).await;
        for field in ["first_name", "title", "notes", "user_id", "avatar_url", "language", "external_id"] {
            assert_eq!(cleared[field], Value::Null, "{field}");
        }
        assert_eq!(cleared["address"]["city"], Value::Null);
        assert_eq!(cleared["unverified"], json!({ "name": null, "email": null, "metadata": {} }));
        let nobody = admin.post("contacts.update", &json!({ "id": id, "name": null })).await;
        nobody.wrong("", "required");
        let mut same = admin.ok("contacts.info", json!({ "id": id })).await;
        same["title"] = "Countess".into();
        assert_eq!(admin.ok("contacts.update", same).await["title"], "Countess", "what was read can be sent back");
        let user = json!({ "id": id, "user_id": api.other.owner });
        admin.post("contacts.update", &user).await.wrong("/user_id", "unknown_id");
    });
}

#[test]
fn email_and_phone_are_the_primary_identities() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = json!({
            "name": "Jane", "email": "jane@acme.com",
            "identities": [
                { "type": "email", "value": " Jane@Home.example " }, { "type": "telegram", "value": "@jane" },
                { "type": "email", "value": "JANE@acme.com" },
            ],
        });
        let jane = contact(api, jane).await;
        assert_eq!(jane["email"], "jane@acme.com");
        let all = [identity("email", "jane@home.example", false), identity("telegram", "@jane", true)];
        let [home, telegram] = all;
        assert_eq!(values(&jane), [identity("email", "jane@acme.com", true), home.clone(), telegram.clone()]);
        let set = async |email: Value| admin.ok("contacts.update", json!({ "id": jane["id"], "email": email })).await;
        let work = set(json!("jane@work.example")).await;
        assert_eq!(values(&work)[0], identity("email", "jane@work.example", true), "the primary one changed");
        assert_eq!(work["identities"][0]["id"], jane["identities"][0]["id"]);
        let swapped = set(json!("jane@home.example")).await;
        assert_eq!(swapped["email"], "jane@home.example");
        assert_eq!(values(&swapped)[0], identity("email", "jane@work.example", false), "no address is lost");
        let without = set(Value::Null).await;
        assert_eq!(without["email"], Value::Null);
        assert_eq!(values(&without), [identity("email", "jane@work.example", false), telegram]);
    });
}

#[test]
fn nobody_gets_what_another_contact_has() {
    on_both(async |api| {
        let admin = api.admin();
        let john = contact(api, john()).await;
        let jane = contact(api, json!({ "external_id": "jane", "phone": "+15550999" })).await;
        let before = api.row_counts().await;
        for taken in [
            json!({ "email": "JOHN@acme.com" }),
            json!({ "name": "X", "phone": "+1 555 0123" }),
            json!({ "identities": [{ "type": "phone", "value": "+1.555.0123" }] }),
        ] {
            let reply = admin.post("contacts.create", &taken).await;
            reply.refused(409, "already_exists");
            assert_eq!(reply.body["error"]["existing_id"], john["id"], "{}", reply.text);
        }
        let update = admin.post("contacts.update", &json!({ "id": john["id"], "external_id": "jane" })).await;
        update.refused(409, "already_exists");
        assert_eq!(update.body["error"]["existing_id"], jane["id"]);
        let same_number = json!({ "identities": [{ "type": "whatsapp", "value": "+15550123" }] });
        assert_eq!(api.row_counts().await, before);
        contact(api, same_number).await;
        api.stranger().ok("contacts.create", json!({ "email": "john@acme.com" })).await;
        let none = json!({ "notes": "nobody", "unverified": { "email": "x@example.com" } });
        admin.post("contacts.create", &none).await.wrong("", "required");
        let wrong = json!({ "identities": [
            { "type": "email", "value": "x" }, { "type": "slack", "value": "U1" }, { "type": "phone", "value": "030 1" },
        ] });
        let wrong = admin.post("contacts.create", &wrong).await;
        let format = |index: usize| (format!("/identities/{index}/value"), "format".to_owned());
        assert_eq!(wrong.problems(), [format(0), format(2)], "{}", wrong.text);
    });
}

#[test]
fn of_many_who_create_the_same_contact_one_does() {
    on_both(async |api| {
        let admin = api.admin();
        let create =
            json!({ "name": "Race", "email": "race@example.com", "phone": "+15550777", "external_id": "race" });
        let replies = join_all((0..20).map(|_| admin.post("contacts.create", &create))).await;
        let created: Vec<&Value> = replies.iter().filter(|one| one.status == 200).map(|one| &one.body["id"]).collect();
        assert_eq!(created.len(), 1);
        for refused in replies.iter().filter(|one| one.status != 200) {
            refused.refused(409, "already_exists");
            assert_eq!(&&refused.body["error"]["existing_id"], &created[0]);
        }
    });
}

#[test]
fn updates_that_race_lose_nothing() {
    const UPDATES: usize = 5_000;
    on_both(async |api| {
        let admin = api.admin();
        let john = contact(api, john()).await;
        for hundred in 0..UPDATES / 100 {
            let updates = (0..100).map(async |n| {
                let key = format!("k{}", (hundred * 100 + n) % 500);
                let metadata = json!({ key: hundred });
                admin.ok("contacts.update", json!({ "id": john["id"], "metadata": metadata })).await
            });
            join_all(updates).await;
        }
        let after = admin.ok("contacts.info", json!({ "id": john["id"] })).await;
        let metadata = after["metadata"].as_object().unwrap();
        assert_eq!(metadata.len(), 500);
        for (key, value) in metadata {
            let last = UPDATES / 100 - 5 + key[1..].parse::<usize>().unwrap() / 100;
            assert_eq!(*value, json!(last), "{key}");
        }
        assert_eq!(after["version"], UPDATES + 1);
        let events = api.events().await;
        assert_eq!(events.iter().filter(|event| event.kind == "contact.updated").count(), UPDATES);
    });
}

/// What other parts of the server ask of contacts, in a transaction of its own.
async fn inside<T>(
    api: &Api,
    work: impl AsyncFn(&mut dotdesk::method::Tx<'_>) -> dotdesk::method::Result<T> + Send + 'static,
) -> T
where
    T: serde::Serialize + serde::de::DeserializeOwned + Send + 'static,
{
    let caller = dotdesk::access::authenticate::server_itself(api.acme.id);
    Context::internal(api.app.clone(), caller, "test").write(work).await.unwrap()
}

fn known(kind: IdentityType, value: &str) -> KnownBy {
    KnownBy::Identity(IdentityKey::new(kind, value).unwrap())
}

#[test]
fn who_writes_for_the_first_time_becomes_one_contact() {
    on_both(async |api| {
        let old = Timestamp::from_millis(1_000_000_000_000);
        let arrive = async |known: KnownBy, name: Option<&'static str>| -> Contact {
            inside(api, async move |tx| store::identify(tx, &known, name, old).await).await
        };
        let mail = || known(IdentityType::Email, "New@Example.com");
        let all = join_all((0..30).map(|_| arrive(mail(), None))).await;
        assert!(all.iter().all(|one| one.id == all[0].id));
        assert_eq!((all[0].created_at, all[0].email.as_deref()), (old, Some("new@example.com")));
        let named = arrive(mail(), Some(" Nora ")).await;
        assert_eq!((named.id, named.name.as_deref(), named.version), (all[0].id, Some("Nora"), 2));
        assert_eq!(arrive(mail(), Some("Norbert")).await, named, "a name is not overwritten");
        let other = arrive(KnownBy::ExternalId("crm-7".into()), None).await;
        assert_ne!(other.id, named.id);
        let id = named.id;
        let (at, earlier) = (old.plus_seconds(100), old.plus_seconds(50));
        inside(api, async move |tx| {
            store::count_conversations(tx, id, Counted { all: 2, open: 2 }, Some(at)).await?;
            store::count_conversations(tx, id, Counted { all: -1, open: -2 }, Some(earlier)).await?;
            store::count_conversations(tx, id, Counted::default(), None).await
        })
        .await;
        let counted = api.admin().ok("contacts.info", json!({ "id": id })).await;
        assert_eq!((&counted["conversation_count"], &counted["open_conversation_count"]), (&json!(1), &json!(0)));
        assert_eq!((&counted["last_activity_at"], &counted["version"]), (&json!(at), &json!(2)));
    });
}

#[test]
fn what_was_said_with_a_contact_is_found_in_all_conversations() {
    on_both(async |api| {
        let admin = api.admin();
        let contact = admin.ok("contacts.create", json!({ "name": "Jane" })).await;
        let mut conversations = Vec::new();
        for source in ["twilio.sms", "web.form"] {
            let channel = admin.ok("channels.create", json!({ "type": "api", "name": source, "source": source })).await;
            let opening = json!({ "contact_id": contact["id"], "channel_id": channel["id"] });
            conversations.push(admin.ok("conversations.create", opening).await["id"].clone());
        }
        for (conversation, text) in [(0, "one"), (1, "two"), (0, "three")] {
            let said = json!({ "conversation_id": conversations[conversation], "text": text });
            admin.ok("messages.receive", said).await;
        }
        let listed = admin.ok("contacts.listConversations", json!({ "id": contact["id"] })).await;
        let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
        assert_eq!(ids, conversations);
        let texts = async |more: Value| {
            let mut args = json!({ "id": contact["id"] });
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let recent = admin.ok("contacts.recentMessages", args).await;
            let threads = recent["data"].as_array().unwrap().clone();
            let of = |thread: &Value| -> Vec<String> {
                thread["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned()).collect()
            };
            threads.iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(texts(json!({})).await, [vec!["one", "three"], vec!["two"]]);
        assert_eq!(texts(json!({ "limit": 1 })).await, [vec!["three"]]);
        assert_eq!(texts(json!({ "sources": ["web.form"] })).await, [vec!["two"]]);
        // What one does not see is not there.
        let mei = api.person_with("Mei", &api.role("agent").await).await;
        let unseen = mei.client.ok("contacts.recentMessages", json!({ "id": contact["id"] })).await;
        assert_eq!(unseen["data"], json!([]));
        let unseen = mei.client.ok("contacts.listConversations", json!({ "id": contact["id"] })).await;
        assert_eq!(unseen["data"], json!([]));
    });
}
