//! Custom fields: their types, what is refused, and what becomes of values when fields change.

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

async fn field(api: &Api, field: Value) -> Value {
    let mut all = json!({ "object": "company", "display_name": "A field" });
    all.as_object_mut().unwrap().extend(field.as_object().unwrap().clone());
    api.admin().ok("customFields.create", all).await
}

fn options(values: &[&str]) -> Value {
    values.iter().map(|value| json!({ "value": value })).collect::<Vec<_>>().into()
}

#[test]
fn values_are_checked_and_brought_into_one_spelling() {
    on_both(async |api| {
        let admin = api.admin();
        for name in
            ["text", "number", "boolean", "date", "datetime", "url", "email", "phone", "user", "contact", "company"]
        {
            field(api, json!({ "name": name, "type": name })).await;
        }
        field(api, json!({ "name": "code", "type": "text", "regex": "[A-Z]{2}|\\d+" })).await;
        field(api, json!({ "name": "dropdown", "type": "dropdown", "options": options(&["a", "b"]) })).await;
        field(api, json!({ "name": "multi_select", "type": "multi_select", "options": options(&["a", "b", "c"]) }))
            .await;
        let company = admin.ok("companies.create", json!({ "name": "Acme" })).await;
        let id = company["id"].clone();
        let set = |name: &str, value: Value| {
            let mut fields = json!({});
            fields[name] = value;
            json!({ "id": id, "custom_fields": fields })
        };
        let user = json!(api.acme.agent);
        let contact = admin.ok("contacts.create", json!({ "name": "Jane" })).await["id"].clone();
        for (name, value, stored) in [
            ("text", json!(" as it is "), json!(" as it is ")),
            ("number", json!(-1.5), json!(-1.5)),
            ("boolean", json!(false), json!(false)),
            ("date", json!("2024-02-29"), json!("2024-02-29")),
            ("datetime", json!("2024-01-15T12:30:00+02:00"), json!("2024-01-15T10:30:00.000Z")),
            ("url", json!("https://acme.com/x"), json!("https://acme.com/x")),
            ("email", json!("Jane@Acme.com"), json!("jane@acme.com")),
            ("phone", json!("+49 (30) 123456"), json!("+4930123456")),
            ("user", user.clone(), user.clone()),
            ("contact", contact.clone(), contact),
            ("company", json!(id.as_str().unwrap().to_uppercase()), id.clone()),
            ("code", json!("AB"), json!("AB")),
            ("dropdown", json!("b"), json!("b")),
            ("multi_select", json!(["c", "a", "c"]), json!(["c", "a"])),
        ] {
            let changed = admin.ok("companies.update", set(name, value)).await;
            assert_eq!(changed["custom_fields"][name], stored, "{name}");
        }
        let before = api.row_counts().await;
        for (name, value, code) in [
            ("text", json!(5), "wrong_type"),
            ("text", json!("x".repeat(5001)), "too_long"),
            ("number", json!("5"), "wrong_type"),
            ("boolean", json!("true"), "wrong_type"),
            ("date", json!("2023-02-29"), "format"),
            ("date", json!("2024-02-29T00:00:00Z"), "format"),
            ("datetime", json!("2024-01-15"), "format"),
            ("url", json!("javascript:alert(1)"), "format"),
            ("email", json!("jane"), "format"),
            ("phone", json!("123"), "format"),
            ("user", json!("me"), "format"),
            ("user", json!(api.other.owner), "unknown_id"),
            ("user", id.clone(), "unknown_id"),
            ("contact", id.clone(), "unknown_id"),
            ("company", user, "unknown_id"),
            ("code", json!("ABC"), "pattern"),
            ("code", json!("xAB"), "pattern"),
            ("dropdown", json!("c"), "enum"),
            ("dropdown", json!(["a"]), "wrong_type"),
            ("multi_select", json!("a"), "wrong_type"),
            ("multi_select", json!(["a", "z"]), "enum"),
            ("txet", json!("x"), "unknown_field"),
        ] {
            let reply = admin.post("companies.update", &set(name, value)).await;
            reply.wrong(&format!("/custom_fields/{name}"), code);
        }
        let several = json!({ "id": id, "custom_fields": { "number": "x", "date": "x", "txet": 1 } });
        let reply = admin.post("companies.update", &several).await;
        assert_eq!(reply.problems().len(), 3);
        assert_eq!(reply.body["error"]["errors"][2]["suggestions"], json!(["text"]));
        assert_eq!(api.row_counts().await, before);
        let cleared =
            admin.ok("companies.update", json!({ "id": id, "custom_fields": { "number": null, "url": "" } })).await;
        assert_eq!(
            (&cleared["custom_fields"]["number"], &cleared["custom_fields"]["url"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(cleared["custom_fields"]["text"], " as it is ");
        assert_eq!(admin.ok("companies.update", cleared.clone()).await, cleared);
    });
}

#[test]
fn definitions_that_make_no_sense_are_refused() {
    on_both(async |api| {
        let admin = api.admin();
        field(api, json!({ "name": "taken", "type": "text" })).await;
        let before = api.row_counts().await;
        for (wrong, pointer, code) in [
            (json!({ "name": "Upper" }), "/name", "format"),
            (json!({ "name": "1st" }), "/name", "format"),
            (json!({ "name": "" }), "/name", "format"),
            (json!({ "name": "x".repeat(61) }), "/name", "too_long"),
            (json!({ "type": "money" }), "/type", "enum"),
            (json!({ "object": "planet" }), "/object", "enum"),
            (json!({ "type": "dropdown" }), "/options", "required"),
            (json!({ "options": options(&["a"]) }), "/options", "not_allowed"),
            (json!({ "type": "dropdown", "options": options(&["a", "b", "a"]) }), "/options/2/value", "duplicate"),
            (json!({ "regex": "(" }), "/regex", "format"),
            (json!({ "regex": "a)|(b" }), "/regex", "format"),
            (json!({ "regex": "(a{1000}){1000}" }), "/regex", "format"),
            (json!({ "type": "number", "regex": "a" }), "/regex", "not_allowed"),
            (json!({ "is_required_on": "close" }), "/is_required_on", "not_allowed"),
            (json!({ "type": "number", "default": "x" }), "/default", "wrong_type"),
            (json!({ "type": "user", "default": api.unknown_id() }), "/default", "unknown_id"),
            (json!({ "type": "dropdown", "options": options(&["a"]), "default": "b" }), "/default", "enum"),
        ] {
            let mut args = json!({ "object": "company", "name": "new", "type": "text", "display_name": "New" });
            args.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
            admin.post("customFields.create", &args).await.wrong(pointer, code);
        }
        let taken = json!({ "object": "company", "name": "taken", "type": "number", "display_name": "Again" });
        admin.post("customFields.create", &taken).await.refused(409, "already_exists");
        assert_eq!(api.row_counts().await, before);
        field(api, json!({ "object": "contact", "name": "taken", "type": "number" })).await;
    });
}

#[test]
fn fields_are_found_and_changed() {
    on_both(async |api| {
        let admin = api.admin();
        let made = field(
            api,
            json!({ "name": "tier", "type": "dropdown", "options": options(&["gold", "silver"]), "order": 3 }),
        )
        .await;
        assert_eq!(made["options"][0], json!({ "value": "gold", "label": "gold", "archived": false }));
        assert_eq!(
            (&made["is_required_on"], &made["archived"], &made["default"]),
            (&json!("never"), &json!(false), &Value::Null)
        );
        let by_name = json!({ "object": "company", "name": "tier" });
        assert_eq!(admin.ok("customFields.info", by_name).await, made);
        for (args, pointer) in [
            (json!({}), "/id"),
            (json!({ "object": "company" }), "/name"),
            (json!({ "name": "tier" }), "/object"),
            (json!({ "id": made["id"], "name": "tier" }), "/id"),
        ] {
            let reply = admin.post("customFields.info", &args).await;
            assert_eq!(reply.problems()[0].0, pointer, "{}", reply.text);
        }
        let nothing = json!({ "object": "contact", "name": "tier" });
        admin.post("customFields.info", &nothing).await.refused(404, "custom_field_not_found");
        assert_eq!(admin.ok("customFields.list", json!({ "object": "company" })).await["data"], json!([made]));
        assert_eq!(admin.ok("customFields.list", json!({ "object": "contact" })).await["data"], json!([]));
        assert_eq!(admin.ok("customFields.update", made.clone()).await, made);
        for (field, value) in [("name", json!("rank")), ("type", json!("text")), ("object", json!("contact"))] {
            let mut change = json!({ "id": made["id"] });
            change[field] = value;
            admin.post("customFields.update", &change).await.wrong(&format!("/{field}"), "read_only");
        }

        let company = json!({ "name": "Acme", "custom_fields": { "tier": "gold" } });
        let company = admin.ok("companies.create", company).await;
        let silver_only = json!({ "id": made["id"], "options": options(&["silver"]) });
        admin.post("customFields.update", &silver_only).await.refused(409, "in_use");
        let archived = json!([{ "value": "gold", "label": "Gold", "archived": true }, { "value": "silver" }]);
        admin.ok("customFields.update", json!({ "id": made["id"], "options": archived })).await;
        let kept = json!({ "id": company["id"], "custom_fields": { "tier": "gold" } });
        admin.ok("companies.update", kept).await;
        let new = json!({ "name": "New", "custom_fields": { "tier": "gold" } });
        let refused = admin.post("companies.create", &new).await;
        refused.wrong("/custom_fields/tier", "enum");
        assert_eq!(refused.body["error"]["errors"][0]["allowed"], json!(["silver"]));
        admin.ok("companies.update", json!({ "id": company["id"], "custom_fields": { "tier": "silver" } })).await;
        admin.ok("customFields.update", silver_only).await;
    });
}

#[test]
fn an_option_in_a_list_is_in_use_too() {
    on_both(async |api| {
        let admin = api.admin();
        let made =
            field(api, json!({ "name": "areas", "type": "multi_select", "options": options(&["a", "b", "c"]) })).await;
        let company = json!({ "name": "Acme", "custom_fields": { "areas": ["a", "b"] } });
        admin.ok("companies.create", company).await;
        let without = |values: &[&str]| json!({ "id": made["id"], "options": options(values) });
        admin.post("customFields.update", &without(&["a", "c"])).await.refused(409, "in_use");
        admin.ok("customFields.update", without(&["a", "b"])).await;
    });
}

#[test]
fn what_is_required_must_be_there() {
    on_both(async |api| {
        let admin = api.admin();
        let old = admin.ok("companies.create", json!({ "name": "Old" })).await;
        field(api, json!({ "name": "size", "type": "number", "is_required_on": "create" })).await;
        field(api, json!({ "name": "tier", "type": "text", "is_required_on": "create", "default": "silver" })).await;
        admin.post("companies.create", &json!({ "name": "New" })).await.wrong("/custom_fields/size", "required");
        let null = json!({ "name": "New", "custom_fields": { "size": null } });
        admin.post("companies.create", &null).await.wrong("/custom_fields/size", "required");
        let made = admin.ok("companies.create", json!({ "name": "New", "custom_fields": { "size": 3 } })).await;
        assert_eq!(made["custom_fields"], json!({ "size": 3, "tier": "silver" }));
        let cleared = json!({ "id": made["id"], "custom_fields": { "size": null } });
        admin.post("companies.update", &cleared).await.wrong("/custom_fields/size", "not_nullable");
        admin.ok("companies.update", json!({ "id": old["id"], "name": "Older than the field" })).await;
    });
}

#[test]
fn archived_fields_keep_their_values_and_purged_ones_do_not() {
    on_both(async |api| {
        let admin = api.admin();
        let made = field(api, json!({ "name": "size", "type": "number", "default": 1 })).await;
        let company = json!({ "name": "Acme", "custom_fields": { "size": 3 } });
        let company = admin.ok("companies.create", company).await;
        let id = &company["id"];
        admin.ok("customFields.delete", json!({ "id": made["id"] })).await;
        let archived = admin.ok("customFields.info", json!({ "id": made["id"] })).await;
        assert_eq!((&archived["archived"], &archived["version"]), (&json!(true), &json!(2)));
        let before = api.row_counts().await;
        admin.ok("customFields.delete", json!({ "id": made["id"] })).await;
        assert_eq!(admin.ok("companies.update", company.clone()).await, company, "what is there may be sent back");
        let new = json!({ "id": id, "custom_fields": { "size": 4 } });
        admin.post("companies.update", &new).await.wrong("/custom_fields/size", "read_only");
        assert_eq!(api.row_counts().await, before);
        assert_eq!(admin.ok("companies.create", json!({ "name": "New" })).await["custom_fields"], json!({}));
        let again = json!({ "object": "company", "name": "size", "type": "text", "display_name": "Size" });
        admin.post("customFields.create", &again).await.refused(409, "already_exists");

        let before = api.row_counts().await;
        admin.ok("customFields.delete", json!({ "id": made["id"], "purge": true, "dry_run": true })).await;
        assert_eq!(api.row_counts().await, before);
        admin.ok("customFields.delete", json!({ "id": made["id"], "purge": true })).await;
        let company = admin.ok("companies.info", json!({ "id": id })).await;
        assert_eq!((&company["custom_fields"], &company["version"]), (&json!({}), &json!(2)));
        admin.post("customFields.info", &json!({ "id": made["id"] })).await.refused(404, "custom_field_not_found");
        admin.ok("customFields.create", again).await;
    });
}

#[test]
fn a_kind_of_object_has_two_hundred_fields_at_most() {
    on_both(async |api| {
        for n in 0..200 {
            field(api, json!({ "name": format!("f{n}"), "type": "text" })).await;
        }
        let one_more = json!({ "object": "company", "name": "more", "type": "text", "display_name": "More" });
        api.admin().post("customFields.create", &one_more).await.refused(400, "limit_exceeded");
        field(api, json!({ "object": "contact", "name": "more", "type": "text" })).await;
    });
}

#[test]
fn what_is_sensitive_is_kept_out_of_the_audit_log() {
    on_both(async |api| {
        let admin = api.admin();
        field(api, json!({ "name": "salary", "type": "number", "is_sensitive": true })).await;
        field(api, json!({ "name": "size", "type": "number" })).await;
        let company = json!({ "name": "Acme", "custom_fields": { "salary": 123456, "size": 7 } });
        let company = admin.ok("companies.create", company).await;
        let change = json!({ "id": company["id"], "custom_fields": { "size": 8 } });
        let (_, events) = api.events_of(admin.post("companies.update", &change)).await;
        assert_eq!(events[0].previous, json!({ "custom_fields": { "salary": 123456, "size": 7 } }));
        let changes: serde_json::Value = serde_json::from_str(&last_changes(api).await).unwrap();
        assert_eq!(changes, json!([{ "field": "custom_fields.size", "from": 7, "to": 8 }]));
        let raise = json!({ "id": company["id"], "custom_fields": { "salary": 234567 } });
        admin.ok("companies.update", raise).await;
        let changes: serde_json::Value = serde_json::from_str(&last_changes(api).await).unwrap();
        assert_eq!(changes, json!([{ "field": "custom_fields.salary", "from": "[hidden]", "to": "[hidden]" }]));
    });
}

/// The changes in the latest entry of Acme's audit log.
async fn last_changes(api: &Api) -> String {
    use dotdesk::db::prelude::*;
    use dotdesk::schema::audit_entries;
    let mut conn = api.app.db.read().await.unwrap();
    dotdesk::run!(conn, |c| audit_entries::table
        .filter(audit_entries::organization_id.eq(api.acme.id))
        .order(audit_entries::id.desc())
        .select(audit_entries::changes)
        .first(c))
    .unwrap()
}

#[test]
fn while_a_field_goes_no_value_is_left_behind() {
    on_both(async |api| {
        let admin = api.admin();
        for round in 0..10 {
            let made = field(api, json!({ "name": "size", "type": "number" })).await;
            let company = admin.ok("companies.create", json!({ "name": "Acme" })).await;
            let write = match round % 2 {
                0 => ("companies.update", json!({ "id": company["id"], "custom_fields": { "size": 3 } })),
                _ => ("companies.create", json!({ "name": "New", "custom_fields": { "size": 3 } })),
            };
            let purge = json!({ "id": made["id"], "purge": true });
            let (purged, written) =
                join(admin.post("customFields.delete", &purge), admin.post(write.0, &write.1)).await;
            assert_eq!(purged.status, 204, "{}", purged.text);
            if written.status != 200 {
                written.wrong("/custom_fields/size", "unknown_field");
            }
            let all = admin.ok("companies.list", json!({ "limit": 1000 })).await;
            for company in all["data"].as_array().unwrap() {
                assert_eq!(company["custom_fields"], json!({}));
            }
        }
    });
}
