//! Identities, tags, consent, blocking, companies: what changes a contact besides its own fields.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

async fn contact(api: &Api, fields: Value) -> Value {
    api.admin().ok("contacts.create", fields).await
}

fn primary(contact: &Value) -> Vec<&str> {
    let all = contact["identities"].as_array().unwrap().iter();
    all.filter(|one| one["is_primary"] == true).map(|one| one["value"].as_str().unwrap()).collect()
}

#[test]
fn identities_come_change_and_go() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api, json!({ "name": "Jane", "email": "jane@example.com" })).await;
        let id = &jane["id"];
        let add = async |kind: &str, value: &str, more: Value| {
            let mut body = json!({ "id": id, "type": kind, "value": value });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            admin.ok("contacts.addIdentity", body).await
        };
        let home = add("email", " Jane@Home.example", json!({})).await;
        assert_eq!((home["email"].as_str(), home["version"].as_i64()), (Some("jane@example.com"), Some(2)));
        assert_eq!(add("email", "jane@home.example", json!({})).await, home, "again changes nothing");
        let switched = add("email", "jane@home.example", json!({ "is_primary": true })).await;
        assert_eq!(
            (switched["email"].as_str(), primary(&switched)),
            (Some("jane@home.example"), vec!["jane@home.example"])
        );
        let identity = &switched["identities"][0]["id"];
        let update = |more: Value| {
            let mut body = json!({ "id": id, "identity_id": identity });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let renamed =
            admin.ok("contacts.updateIdentity", update(json!({ "value": "J@example.com", "is_primary": true }))).await;
        assert_eq!((renamed["email"].as_str(), primary(&renamed)), (Some("j@example.com"), vec!["j@example.com"]));
        let none = admin.ok("contacts.updateIdentity", update(json!({ "is_primary": false }))).await;
        assert_eq!((&none["email"], primary(&none)), (&Value::Null, vec![]));
        admin.post("contacts.updateIdentity", &update(json!({ "value": "x" }))).await.wrong("/value", "format");
        let own = update(json!({ "value": "jane@home.example" }));
        admin.post("contacts.updateIdentity", &own).await.wrong("/value", "already_exists");
        admin.ok("contacts.updateIdentity", update(json!({ "is_primary": true }))).await;
        let removed = admin.ok("contacts.removeIdentity", update(json!({}))).await;
        assert_eq!(removed["email"], "jane@home.example", "the other one takes its place");
        admin.post("contacts.removeIdentity", &update(json!({}))).await.wrong("/identity_id", "unknown_id");
        let other = contact(api, json!({ "phone": "+15550111" })).await;
        let last = json!({ "id": other["id"], "identity_id": other["identities"][0]["id"] });
        admin.post("contacts.removeIdentity", &last).await.wrong("", "required");
        let foreign = json!({ "id": id, "identity_id": other["identities"][0]["id"], "is_primary": true });
        admin.post("contacts.updateIdentity", &foreign).await.wrong("/identity_id", "unknown_id");
    });
}

#[test]
fn what_another_contact_has_is_refused_or_moved() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api, json!({ "name": "Jane", "email": "old@example.com" })).await;
        let with_two = json!({ "name": "John", "email": "shared@example.com", "identities": [{ "type": "email", "value": "john@example.com" }] });
        let john = contact(api, with_two).await;
        let mut add = json!({ "id": jane["id"], "type": "email", "value": "shared@example.com", "is_primary": true });
        let refused = admin.post("contacts.addIdentity", &add).await;
        refused.refused(409, "already_exists");
        assert_eq!(refused.body["error"]["existing_id"], john["id"]);
        add["move"] = true.into();
        let (moved, events) = api.events_of(admin.post("contacts.addIdentity", &add)).await;
        assert_eq!((moved.body["email"].as_str(), &moved.body["id"]), (Some("shared@example.com"), &jane["id"]));
        let about: Vec<&Value> = events.iter().map(|event| &event.data["id"]).collect();
        assert_eq!(about, [&john["id"], &jane["id"]], "one event for each contact that changed");
        let left = admin.ok("contacts.info", json!({ "id": john["id"] })).await;
        assert_eq!((left["email"].as_str(), left["version"].as_i64()), (Some("john@example.com"), Some(2)));
        // Two contacts that pull at the same identity: it ends with one of them, and nobody waits for ever.
        for _ in 0..10 {
            let pull = |to: &Value| {
                let body = json!({ "id": to["id"], "type": "email", "value": "shared@example.com", "move": true });
                let admin = admin.clone();
                async move { admin.ok("contacts.addIdentity", body).await }
            };
            join_all([pull(&jane), pull(&john), pull(&jane), pull(&john)]).await;
            let found = admin.ok("contacts.findByIdentity", json!({ "value": "shared@example.com" })).await;
            assert_eq!(found["data"].as_array().unwrap().len(), 1);
        }
    });
}

#[test]
fn a_value_is_found_wherever_it_is_known() {
    on_both(async |api| {
        let admin = api.admin();
        let phone = contact(api, json!({ "phone": "+15550111" })).await;
        let whatsapp = contact(api, json!({ "identities": [{ "type": "whatsapp", "value": "+15550111" }] })).await;
        let external = contact(api, json!({ "name": "X", "external_id": "+1 555 0111" })).await;
        let find = async |value: &str| {
            let found = admin.ok("contacts.findByIdentity", json!({ "value": value })).await;
            assert_eq!(found["next_cursor"], Value::Null);
            found["data"].clone()
        };
        assert_eq!(find(" +1 555 0111 ").await, json!([phone, whatsapp, external]));
        assert_eq!(find("+15550111").await, json!([phone, whatsapp]));
        assert_eq!(find("nobody@example.com").await, json!([]));
        let mail = contact(api, json!({ "email": "jane@example.com" })).await;
        assert_eq!(find("Jane@Example.com").await, json!([mail]));
        let theirs = api.stranger().ok("contacts.findByIdentity", json!({ "value": "jane@example.com" })).await;
        assert_eq!(theirs["data"], json!([]));
    });
}

#[test]
fn tags_consent_and_blocking_change_once() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api, json!({ "name": "Jane", "tags": ["VIP", "vip", "New York"] })).await;
        assert_eq!(jane["tags"], json!(["VIP", "New York"]));
        let call = async |method: &str, more: Value| {
            let mut body = json!({ "id": jane["id"] });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let (reply, events) = api.events_of(admin.post(method, &body)).await;
            assert_eq!(reply.status, 200, "{}", reply.text);
            (reply.body, events.into_iter().map(|event| event.kind).collect::<Vec<_>>())
        };
        let (added, events) = call("contacts.addTag", json!({ "tag": "urgent" })).await;
        assert_eq!(
            (&added["tags"], events),
            (&json!(["VIP", "New York", "urgent"]), vec!["contact.updated".to_owned()])
        );
        assert_eq!(call("contacts.addTag", json!({ "tag": "URGENT" })).await, (added.clone(), vec![]));
        let (removed, _) = call("contacts.removeTag", json!({ "tag": "new  york" })).await;
        assert_eq!(removed["tags"], json!(["VIP", "urgent"]));
        assert_eq!(call("contacts.removeTag", json!({ "tag": "none" })).await, (removed, vec![]));

        let yes = json!({ "channel": "sms", "value": "granted" });
        let (granted, events) = call("contacts.setConsent", yes.clone()).await;
        assert_eq!((&granted["consent"]["sms"], &granted["consent"]["email"]), (&json!("granted"), &json!("unknown")));
        assert_eq!(
            (&granted["consent"]["updated_at"], events),
            (&json!(api.now()), vec!["contact.consent_changed".to_owned()])
        );
        api.pass_seconds(10);
        assert_eq!(call("contacts.setConsent", yes).await, (granted, vec![]));
        let unknown = json!({ "id": jane["id"], "channel": "sms", "value": "unknown" });
        admin.post("contacts.setConsent", &unknown).await.wrong("/value", "enum");

        let (blocked, events) = call("contacts.block", json!({ "reason": "Spam" })).await;
        assert_eq!((&blocked["is_blocked"], &blocked["blocked_reason"]), (&json!(true), &json!("Spam")));
        assert_eq!(events, ["contact.blocked"]);
        assert_eq!(call("contacts.block", json!({ "reason": "Spam" })).await, (blocked, vec![]));
        let (free, events) = call("contacts.unblock", json!({})).await;
        assert_eq!(
            (&free["is_blocked"], &free["blocked_reason"], events),
            (&json!(false), &Value::Null, vec!["contact.unblocked".to_owned()])
        );
        assert_eq!(call("contacts.unblock", json!({})).await, (free, vec![]));
    });
}

#[test]
fn a_contact_has_at_most_a_hundred_identities() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = contact(api, json!({ "name": "Jane" })).await;
        for n in 0..100 {
            let add = json!({ "id": jane["id"], "type": "external", "value": format!("e{n}") });
            admin.ok("contacts.addIdentity", add).await;
        }
        let one_more = json!({ "id": jane["id"], "type": "external", "value": "e100" });
        admin.post("contacts.addIdentity", &one_more).await.refused(400, "limit_exceeded");
    });
}

#[test]
fn what_a_deleted_user_looked_after_goes_to_the_heir() {
    on_both(async |api| {
        let admin = api.admin();
        let user = api.person_with("Gone", &json!(api.acme.agent_role)).await;
        let jane = contact(api, json!({ "name": "Jane", "user_id": user.id })).await;
        let delete = json!({ "id": user.id, "reassign_to_user_id": api.acme.owner });
        let (reply, events) = api.events_of(admin.post("users.delete", &delete)).await;
        assert_eq!(reply.status, 204, "{}", reply.text);
        assert!(events.iter().any(|event| event.kind == "contact.updated" && event.data["id"] == jane["id"]));
        let jane = admin.ok("contacts.info", json!({ "id": jane["id"] })).await;
        assert_eq!(jane["user_id"], json!(api.acme.owner));
    });
}

#[test]
fn contacts_are_listed_by_company_type_query_and_what_is_typed() {
    on_both(async |api| {
        let admin = api.admin();
        let acme = admin.ok("companies.create", json!({ "name": "Acme Rockets", "industry": "Space" })).await;
        let jane = json!({
            "name": "Jane van Dyke", "email": "jane@mail.acme.com", "phone": "+1-555-0123", "title": "Head of Sales", "type": "customer",
            "company_id": acme["id"], "tags": ["VIP"], "language": "nl", "address": { "city": "Leiden", "country": "NL" },
            "metadata": { "plan": { "seats": 12 } }, "external_id": "J-1", "notes": "Likes tea", "is_primary": true,
            "identities": [{ "type": "telegram", "value": "@JaneD" }],
        });
        let jane = contact(api, jane).await;
        api.pass_seconds(60);
        let half_time = api.now();
        api.pass_seconds(60);
        let john = contact(api, json!({ "name": "john", "email": "john@other.example" })).await;
        let consent = json!({ "id": john["id"], "channel": "sms", "value": "denied" });
        admin.ok("contacts.setConsent", consent).await;
        let ids = async |body: Value| {
            let listed = admin.ok("contacts.list", body).await;
            let all = listed["data"].as_array().unwrap().iter();
            all.map(|one| one["name"].as_str().unwrap_or("?").split(' ').next().unwrap().to_lowercase())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(json!({ "company_id": acme["id"] })).await, ["jane"]);
        assert_eq!(ids(json!({ "type": "lead" })).await, ["john"]);
        assert_eq!(ids(json!({ "updated_after": half_time })).await, ["john"]);
        assert_eq!(ids(json!({ "sort": "name:desc" })).await, ["john", "jane"]);
        assert_eq!(ids(json!({ "sort": "email:asc" })).await, ["jane", "john"]);
        for typed in ["jan", "van ja", "JANE", "acme.com", "+1 (555) 01-23", "@janed", "sales hea", "dyke, jane"] {
            assert_eq!(ids(json!({ "search": typed })).await, ["jane"], "{typed}");
        }
        assert_eq!(ids(json!({ "search": "tea" })).await, Vec::<String>::new());
        for query in [
            "display_name:*yke",
            "name:\"jane van\"",
            "email:JANE@mail.acme.com",
            "email_domain:*.acme.com",
            "phone:+15550123",
            "identity:@janed",
            "identity.type:telegram",
            "company.name:rockets",
            "company.industry:space",
            "title:sales",
            "notes:tea",
            "is_primary:true",
            "type:customer",
            "language:nl",
            "address.city:leiden",
            "address.country:NL",
            "tags:vip",
            "external_id:j-1",
            "metadata.plan.seats:[10 TO *]",
            "consent.sms:unknown",
            "jane",
            "is_blocked:false AND NOT john",
            "_exists_:company_id",
            "created_at:[* TO now-90s]",
            "first_name:null AND type:customer",
            "conversation_count:0 +jane",
        ] {
            assert_eq!(ids(json!({ "filters": query })).await, ["jane"], "{query}");
        }
        let wrong = admin.post("contacts.list", &json!({ "filters": "is_bloked:true" })).await;
        wrong.refused(400, "invalid_query");
        assert_eq!(ids(json!({ "filters": "consent.sms:denied" })).await, ["john"]);
        admin
            .ok("contacts.update", json!({ "id": jane["id"], "name": "Joan", "identities": jane["identities"] }))
            .await;
        assert_eq!(ids(json!({ "search": "jane" })).await, ["joan"], "still in the address");
        assert_eq!(ids(json!({ "search": "joan" })).await, ["joan"]);
        admin.post("contacts.delete", &json!({ "id": jane["id"] })).await;
        assert_eq!(ids(json!({ "search": "joan" })).await, Vec::<String>::new());
        admin.ok("contacts.restore", json!({ "id": jane["id"] })).await;
        assert_eq!(ids(json!({ "search": "joan", "filters": "tags:vip" })).await, ["joan"]);
    });
}

#[test]
fn a_company_counts_its_contacts_and_has_one_primary() {
    on_both(async |api| {
        let admin = api.admin();
        let company = async |name: &str| admin.ok("companies.create", json!({ "name": name })).await;
        let (acme, other) = (company("Acme").await, company("Other").await);
        let count =
            async |of: &Value| admin.ok("companies.info", json!({ "id": of["id"] })).await["contact_count"].clone();
        let jane = contact(api, json!({ "name": "Jane", "company_id": acme["id"], "is_primary": true })).await;
        let create = json!({ "name": "John", "company_id": acme["id"], "is_primary": true });
        let (john, events) = api.events_of(admin.post("contacts.create", &create)).await;
        let told: Vec<(&str, &Value)> = events.iter().map(|one| (one.kind.as_str(), &one.data["id"])).collect();
        assert_eq!(told, [("contact.updated", &jane["id"]), ("contact.created", &john.body["id"])]);
        assert_eq!(admin.ok("contacts.info", json!({ "id": jane["id"] })).await["is_primary"], false);
        assert_eq!((count(&acme).await, count(&other).await), (json!(2), json!(0)));
        let moved = admin.ok("contacts.update", json!({ "id": john.body["id"], "company_id": other["id"] })).await;
        assert_eq!(moved["is_primary"], false, "of another company he is not the primary one");
        assert_eq!((count(&acme).await, count(&other).await), (json!(1), json!(1)));
        let alone = json!({ "id": jane["id"], "company_id": null, "is_primary": true });
        admin.post("contacts.update", &alone).await.wrong("/is_primary", "no_company");
        let unknown = json!({ "id": jane["id"], "company_id": api.unknown_id() });
        admin.post("contacts.update", &unknown).await.wrong("/company_id", "unknown_id");
        admin.post("contacts.delete", &json!({ "id": jane["id"] })).await;
        assert_eq!(count(&acme).await, json!(0));
        admin.ok("contacts.restore", json!({ "id": jane["id"] })).await;
        assert_eq!(count(&acme).await, json!(1));
        let merge = json!({ "source_id": jane["id"], "destination_id": john.body["id"] });
        let merged = admin.ok("contacts.merge", merge).await;
        assert_eq!((count(&acme).await, count(&other).await), (json!(0), json!(1)));
        admin.ok("contacts.unmerge", json!({ "merge_id": merged["merge_id"] })).await;
        assert_eq!((count(&acme).await, count(&other).await), (json!(1), json!(1)));
        // Many who want to be the one at the same moment: one is, whoever it is.
        let many = join_all((0..8).map(|n| {
            let create = json!({ "name": format!("N{n}"), "company_id": acme["id"], "is_primary": true });
            let admin = admin.clone();
            async move { admin.ok("contacts.create", create).await }
        }))
        .await;
        assert_eq!(many.len(), 8);
        let primary = json!({ "company_id": acme["id"], "filters": "is_primary:true" });
        assert_eq!(admin.ok("contacts.list", primary).await["data"].as_array().unwrap().len(), 1);
        assert_eq!(count(&acme).await, json!(9));
    });
}

#[test]
fn custom_fields_are_checked_and_filled_in() {
    on_both(async |api| {
        let admin = api.admin();
        let field = json!({
            "object": "contact", "name": "size", "type": "number", "display_name": "Shoe size", "is_required_on": "create",
        });
        admin.ok("customFields.create", field).await;
        let none = admin.post("contacts.create", &json!({ "name": "Jane" })).await;
        none.wrong("/custom_fields/size", "required");
        let wrong = json!({ "name": "Jane", "custom_fields": { "size": "38", "colour": 1 } });
        let wrong = admin.post("contacts.create", &wrong).await;
        assert_eq!(wrong.problems().len(), 2, "{}", wrong.text);
        let jane = contact(api, json!({ "name": "Jane", "custom_fields": { "size": 38 } })).await;
        let grown = json!({ "id": jane["id"], "custom_fields": { "size": 39 } });
        assert_eq!(admin.ok("contacts.update", grown).await["custom_fields"], json!({ "size": 39 }));
        let found = admin.ok("contacts.list", json!({ "filters": "custom_fields.size:>38" })).await;
        assert_eq!(found["data"].as_array().unwrap().len(), 1);
    });
}
