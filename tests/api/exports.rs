//! Exports: what the caller sees becomes a file, which is there for a week.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::{Api, Client, on_both};

/// Asks for an export, has it done, and answers how it went.
async fn done(api: &Api, client: &Client, args: Value) -> Value {
    let reply = client.post("exports.create", &args).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert_eq!((&reply.body["status"], &reply.body["file_id"]), (&json!("queued"), &Value::Null));
    api.work().await;
    api.admin().ok("exports.info", json!({ "id": reply.body["id"] })).await
}

/// What is in the file of an export.
async fn text(api: &Api, export: &Value) -> String {
    assert_eq!(export["status"], "completed", "{export}");
    let part = api.admin().ok("files.read", json!({ "id": export["file_id"] })).await;
    let bytes = base64::engine::general_purpose::STANDARD.decode(part["content_base64"].as_str().unwrap()).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn contacts_become_a_table_that_comes_in_again() {
    on_both(async |api| {
        let admin = api.admin();
        let field = json!({ "object": "contact", "name": "plan", "type": "text", "display_name": "Plan" });
        admin.ok("customFields.create", field).await;
        let ann = json!({
            "name": "Ann \"A\", Dr.\nJones", "email": "ann@acme.com", "phone": "+1-555-0123", "tags": ["vip", "new"],
            "custom_fields": { "plan": "pro" }, "address": { "city": "Köln" }, "title": "=HYPERLINK(\"http://evil\")",
        });
        let ann = admin.ok("contacts.create", ann).await;
        admin.ok("contacts.create", json!({ "name": "Bob", "type": "customer" })).await;
        let fields = json!(["name", "email", "phone", "tags", "custom_fields", "address", "title", "version"]);
        let args = json!({ "object": "contact", "query": "type:lead", "fields": fields, "format": "csv" });
        let (export, events) = api.events_of(done(api, &admin, args.clone())).await;
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["file.created", "export.completed", "job.completed"]);
        assert_eq!(events[1].data, export);
        assert_eq!(
            (&export["row_count"], &export["expires_at"]),
            (&json!(1), &json!(api.now().plus_seconds(7 * 24 * 60 * 60)))
        );
        let table = text(api, &export).await;
        let phone = ann["phone"].as_str().unwrap();
        let expected = format!(
            "name,email,phone,tags,custom_fields,address,title,version\r\n\
             \"Ann \"\"A\"\", Dr.\nJones\",ann@acme.com,{phone},vip; new,\"{{\"\"plan\"\":\"\"pro\"\"}}\","
        );
        assert!(table.starts_with(&expected), "{table}");
        assert!(table.contains("\"'=HYPERLINK("), "{table}");
        let file = admin.ok("files.info", json!({ "id": export["file_id"] })).await;
        assert_eq!((&file["content_type"], &file["expires_at"]), (&json!("text/csv"), &export["expires_at"]));

        // The same table, brought back in where nobody knows it.
        let content = base64::engine::general_purpose::STANDARD.encode(&table);
        let there = api.stranger();
        let field = json!({ "object": "contact", "name": "plan", "type": "text", "display_name": "Plan" });
        there.ok("customFields.create", field).await;
        let file = json!({ "name": "in.csv", "content_type": "text/csv", "content_base64": content });
        let file = there.ok("files.create", file).await;
        let mut mapping = serde_json::Map::new();
        for name in fields.as_array().unwrap().iter().filter(|name| *name != "version") {
            mapping.insert(name.as_str().unwrap().into(), name.clone());
        }
        let import = json!({ "object": "contact", "format": "csv", "file_id": file["id"], "mapping": mapping });
        let import = there.ok("imports.create", import).await;
        api.work().await;
        let import = there.ok("imports.info", json!({ "id": import["id"] })).await;
        assert_eq!(
            import["status"],
            "completed",
            "{}",
            there.ok("imports.listErrors", json!({ "id": import["id"] })).await
        );
        let copy = there.ok("contacts.list", json!({})).await["data"][0].clone();
        for name in ["name", "email", "phone", "tags", "custom_fields"] {
            assert_eq!(copy[name], ann[name], "{name}");
        }
    });
}

#[test]
fn many_objects_are_written_page_by_page() {
    on_both(async |api| {
        let ctx = dotdesk::method::Context::internal(
            api.app.clone(),
            dotdesk::access::authenticate::server_itself(api.acme.id),
            "setup",
        );
        ctx.write(async |tx| {
            for n in 0..1200 {
                let mut contact = dotdesk::resources::crm::contacts::Contact::new(tx, tx.now());
                contact.name = Some(format!("Contact {n}"));
                dotdesk::resources::crm::contacts::store::insert(tx, contact).await?;
            }
            Ok(dotdesk::method::Void {})
        })
        .await
        .unwrap();
        let admin = api.admin();
        for format in ["json", "ndjson"] {
            let args = json!({ "object": "contact", "fields": ["name"], "format": format });
            let export = done(api, &admin, args).await;
            assert_eq!(export["row_count"], 1200);
            let text = text(api, &export).await;
            let objects: Vec<Value> = match format {
                "json" => serde_json::from_str(&text).unwrap(),
                _ => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            };
            let expected: Vec<Value> = (0..1200).map(|n| json!({ "name": format!("Contact {n}") })).collect();
            assert_eq!(objects, expected);
        }
        // Exactly as many as a page has.
        let args = json!({ "object": "contact", "query": "name:nobody", "format": "json" });
        assert_eq!(text(api, &done(api, &admin, args).await).await, "[]\n");
    });
}

#[test]
fn only_what_the_caller_sees_is_written() {
    on_both(async |api| {
        let admin = api.admin();
        let (mine, _other) = (api.conversation().await, api.conversation().await);
        let role = json!({
            "name": "Narrow", "conversation_visibility": "assigned",
            "permissions": ["conversations:read", "messages:read", "exports:write"],
        });
        let role = admin.ok("roles.create", role).await;
        let person = api.person_with("Nora", &role["id"]).await;
        admin.ok("conversations.assign", json!({ "id": mine, "user_id": person.id, "force": true })).await;
        for object in ["conversation", "message"] {
            let args = json!({ "object": object, "fields": ["id"], "format": "ndjson" });
            let export = done(api, &person.client, args.clone()).await;
            assert_eq!((&export["row_count"], &export["created_by"]), (&json!(1), &person.id), "{object}");
            assert_eq!(done(api, &admin, args).await["row_count"], 2, "{object}");
        }
        let refused = person.client.post("exports.create", &json!({ "object": "contact", "format": "csv" })).await;
        refused.refused(403, "missing_scope");
        assert_eq!(refused.body["error"]["needed"], "contacts:read");

        // Who may not read them any more when the time comes gets nothing.
        let args = json!({ "object": "conversation", "format": "csv" });
        let export = person.client.ok("exports.create", args).await;
        let less = json!({ "id": role["id"], "permissions": ["messages:read", "exports:write"] });
        admin.ok("roles.update", less).await;
        api.work().await;
        let export = admin.ok("exports.info", json!({ "id": export["id"] })).await;
        assert_eq!((&export["status"], &export["failure"]["code"]), (&json!("failed"), &json!("missing_scope")));
        api.stranger().post("exports.info", &json!({ "id": export["id"] })).await.refused(404, "export_not_found");
    });
}

#[test]
fn a_file_goes_after_a_week_and_with_a_canceled_export() {
    on_both(async |api| {
        let admin = api.admin();
        admin.ok("tags.create", json!({ "name": "vip", "color": "#cc0000" })).await;
        let args = json!({ "object": "tag", "fields": ["name", "color"], "format": "csv" });
        let export = done(api, &admin, args.clone()).await;
        assert_eq!(text(api, &export).await, "name,color\r\nvip,#cc0000\r\n");
        api.pass_seconds(7 * 24 * 60 * 60 - 1);
        dotdesk::rounds::purge::run(&api.app).await.unwrap();
        text(api, &export).await;
        api.pass_seconds(1);
        dotdesk::rounds::purge::run(&api.app).await.unwrap();
        let expired = admin.ok("exports.info", json!({ "id": export["id"] })).await;
        assert_eq!((&expired["status"], &expired["file_id"]), (&json!("expired"), &Value::Null));
        admin.post("files.info", &json!({ "id": export["file_id"] })).await.refused(404, "file_not_found");
        assert_eq!(dotdesk::rounds::purge::run(&api.app).await.unwrap(), 0);

        let export = admin.ok("exports.create", args.clone()).await;
        let canceled = admin.ok("exports.cancel", json!({ "id": export["id"] })).await;
        assert_eq!((&canceled["status"], &canceled["ended_at"]), (&json!("canceled"), &json!(api.now())));
        api.work().await;
        assert_eq!(admin.ok("files.list", json!({})).await["data"], json!([]));
        let export = done(api, &admin, args).await;
        admin.post("exports.cancel", &json!({ "id": export["id"] })).await.refused(409, "invalid_state");
    });
}

#[test]
fn what_cannot_be_exported_is_refused() {
    on_both(async |api| {
        let admin = api.admin();
        let before = api.row_counts().await;
        for (args, pointer, code) in [
            (json!({ "object": "deal", "format": "csv" }), "/object", "enum"),
            (json!({ "object": "tag", "format": "xlsx" }), "/format", "enum"),
            (json!({ "object": "tag", "format": "csv", "query": "name:a" }), "/query", "not_allowed"),
            (json!({ "object": "contact", "format": "csv", "fields": ["name", "nope"] }), "/fields/1", "enum"),
            (json!({ "object": "contact", "format": "csv", "fields": [] }), "/fields", "too_few_items"),
        ] {
            admin.post("exports.create", &args).await.wrong(pointer, code);
        }
        let wrong =
            admin.post("exports.create", &json!({ "object": "contact", "format": "csv", "query": "name:[" })).await;
        assert_eq!(wrong.status, 400, "{}", wrong.text);
        assert_eq!(api.row_counts().await, before);
    });
}
