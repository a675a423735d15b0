//! Imports: lists, tables and lines become objects as the methods of these objects would make them, and go again.

use serde_json::{Value, json};

use crate::support::{Api, on_both};

/// A file with these bytes, by its id.
async fn file(api: &Api, name: &str, text: impl AsRef<[u8]>) -> Value {
    use base64::Engine as _;
    let content = base64::engine::general_purpose::STANDARD.encode(text);
    let file = json!({ "name": name, "content_type": "text/plain", "content_base64": content });
    let file = api.admin().ok("files.create", file).await;
    assert_eq!(file["status"], "ready", "{file}");
    file["id"].clone()
}

/// Asks for an import, has it done, and answers how it went.
async fn done(api: &Api, args: Value) -> Value {
    let reply = api.admin().post("imports.create", &args).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert_eq!(reply.body["status"], "validating");
    api.work().await;
    api.admin().ok("imports.info", json!({ "id": reply.body["id"] })).await
}

async fn table(api: &Api, object: &str, text: &str, more: Value) -> Value {
    let mut args = json!({ "object": object, "format": "csv", "file_id": file(api, "table.csv", text).await });
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    done(api, args).await
}

/// Row, field and code of all that is wrong.
async fn errors(api: &Api, import: &Value) -> Vec<(i64, String, String)> {
    let errors = api.admin().ok("imports.listErrors", json!({ "id": import["id"], "limit": 1000 })).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = errors["data"].as_array().unwrap().iter();
    errors.map(|one| (one["row"].as_i64().unwrap(), text(&one["field"]), text(&one["code"]))).collect()
}

fn counts(import: &Value) -> [i64; 5] {
    ["total", "created", "updated", "skipped", "failed"].map(|name| import[name].as_i64().unwrap())
}

async fn all(api: &Api, method: &str) -> Vec<Value> {
    api.admin().ok(method, json!({ "limit": 1000 })).await["data"].as_array().unwrap().clone()
}

#[test]
fn a_table_becomes_contacts_and_goes_again() {
    on_both(async |api| {
        let admin = api.admin();
        let field =
            |name: &str, kind: &str| json!({ "object": "contact", "name": name, "type": kind, "display_name": name });
        admin.ok("customFields.create", field("seats", "number")).await;
        admin.ok("customFields.create", field("pays", "boolean")).await;
        let known = admin.ok("contacts.create", json!({ "name": "Ann", "email": "ann@acme.com" })).await;
        let text = "\u{feff}Name;E-Mail;Tags;Ort;Seit;Plätze;Zahlt;Intern\r\n\
            Ann;ANN@acme.com;vip, new;Köln;2020-01-02T03:04:05Z;3;yes;x\r\n\
            \"Bob \"\"B\"\"\nJones\";bob@acme.com;;;2019-01-02T03:04:05Z;;no;y\r\n\
            Carl;not an address;;;yesterday;many;;z\r\n\
            Dora;;;;;;;\r\n";
        let mapping = json!({
            "Name": "name", "E-Mail": "email", "Tags": "tags", "Ort": "address.city", "Seit": "created_at",
            "Plätze": "custom_fields.seats", "Zahlt": "custom_fields.pays", "Intern": null,
        });
        let (import, events) = api.events_of(table(api, "contact", text, json!({ "mapping": mapping }))).await;
        assert_eq!((&import["status"], counts(&import)), (&json!("partial"), [4, 2, 1, 0, 1]));
        // The file is none of the import's doing, and neither is what contacts became.
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["file.created", "import.completed", "job.completed"]);
        assert_eq!(events[1].data, import);
        let wrong = errors(api, &import).await;
        assert_eq!(wrong, [(3, "created_at".into(), "format".into())]);
        let contacts = all(api, "contacts.list").await;
        let by = |name: &str| contacts.iter().find(|one| one["name"] == name).unwrap();
        let (ann, bob) = (by("Ann"), by("Bob \"B\"\nJones"));
        assert_eq!((&ann["id"], &ann["version"]), (&known["id"], &json!(2)));
        assert_eq!((&ann["tags"], &ann["address"]["city"]), (&json!(["vip", "new"]), &json!("Köln")));
        assert_eq!(ann["custom_fields"], json!({ "seats": 3, "pays": true }));
        assert_eq!((&ann["created_at"], &ann["updated_at"]), (&known["created_at"], &json!(api.now())));
        assert_eq!(
            (&bob["created_at"], &bob["custom_fields"]),
            (&json!("2019-01-02T03:04:05.000Z"), &json!({ "pays": false }))
        );
        assert_eq!(contacts[0]["id"], bob["id"], "lists are in the order of the original times");

        // One of the new ones is changed; the other one goes, and the one that was there stays as the import left it.
        let dora = by("Dora").clone();
        admin.ok("contacts.update", json!({ "id": dora["id"], "title": "CEO" })).await;
        api.pass_seconds(7 * 24 * 60 * 60 - 1);
        let reply = admin.post("imports.revert", &json!({ "id": import["id"] })).await;
        assert_eq!((reply.status, &reply.body["type"]), (202, &json!("imports.revert")));
        let events = api.event_types_of(api.work()).await;
        assert_eq!(events, ["job.completed"]);
        let job = admin.ok("jobs.info", json!({ "id": reply.body["id"] })).await;
        assert_eq!((&job["status"], &job["succeeded"], &job["skipped"]), (&json!("succeeded"), &json!(1), &json!(1)));
        let left: Vec<Value> = all(api, "contacts.list").await.iter().map(|one| one["name"].clone()).collect();
        assert_eq!(left, ["Ann", "Dora"]);
        assert_eq!(admin.ok("imports.info", json!({ "id": import["id"] })).await["status"], "reverted");
        admin.post("imports.revert", &json!({ "id": import["id"] })).await.refused(409, "invalid_state");
        admin.ok("contacts.restore", json!({ "id": bob["id"] })).await;
    });
}

#[test]
fn all_or_nothing_is_all_or_nothing() {
    on_both(async |api| {
        let rows: String = (0..200).map(|n| format!("Contact {n},c{n}@acme.com\n")).collect();
        let before = all(api, "contacts.list").await.len();
        // The last one is in the way of the first one.
        let broken = format!("name,email\n{rows}Twice,c0@acme.com\nWrong,nonsense\n");
        let more = json!({ "on_error": "abort", "mode": "create" });
        let import = table(api, "contact", &broken, more.clone()).await;
        assert_eq!((&import["status"], counts(&import)), (&json!("failed"), [202, 0, 0, 0, 2]));
        assert!(import["failure"]["message"].as_str().unwrap().contains("nothing was written"), "{import}");
        let wrong = errors(api, &import).await;
        assert_eq!(wrong, [(201, String::new(), "already_exists".into()), (202, "email".into(), "format".into())]);
        assert_eq!(all(api, "contacts.list").await.len(), before);
        let import = table(api, "contact", &format!("name,email\n{rows}"), more).await;
        assert_eq!((&import["status"], counts(&import)), (&json!("completed"), [200, 200, 0, 0, 0]));
        let again = table(api, "contact", &format!("name,email\n{rows}"), json!({})).await;
        assert_eq!((&again["status"], counts(&again)), (&json!("completed"), [200, 0, 0, 200, 0]));
        let many: String = (0..5001).map(|n| format!("Tag {n}\n")).collect();
        let import = table(api, "tag", &format!("name\n{many}"), json!({ "on_error": "abort" })).await;
        assert_eq!((&import["status"], &import["failure"]["code"]), (&json!("failed"), &json!("limit_exceeded")));
    });
}

#[test]
fn what_is_no_such_file_says_why() {
    on_both(async |api| {
        for (name, bytes, words) in [
            ("empty.csv", &b""[..], "empty"),
            ("utf16.csv", b"\xff\xfen\x00", "UTF-16"),
            ("latin.csv", b"n\xe4me\nx", "UTF-8"),
            ("quote.csv", b"\"name\nx", "never closed"),
            ("twice.csv", b"name,name\nx,y", "Two columns"),
            ("unknown.csv", b"nmae,email\nx,y", "did you mean \\\"name\\\""),
        ] {
            let file = match bytes.is_empty() {
                // An empty file cannot be uploaded in one piece; what is in it is a line break.
                true => file(api, name, b"\n").await,
                false => file(api, name, bytes).await,
            };
            let import = done(api, json!({ "object": "contact", "format": "csv", "file_id": file })).await;
            assert_eq!(import["status"], "failed", "{name}");
            let failure = import["failure"].to_string();
            assert!(failure.contains(words), "{name}: {failure}");
        }
        for (text, words) in [("{}", "no list"), ("[{", "not JSON"), ("", "not JSON")] {
            let file = file(api, "list.json", if text.is_empty() { "\n" } else { text }).await;
            let import = done(api, json!({ "object": "contact", "format": "json", "file_id": file })).await;
            assert!(import["failure"].to_string().contains(words), "{import}");
        }
        let lines = "{\"name\":\"A\"}\nnonsense\n\n{\"nmae\":\"B\"}\n{\"name\":5}\n[]\n{\"name\":\"C\",\"name\":\"D\"}\n{\"name\":\"E\\u0000\"}\n{}";
        let file = file(api, "lines.ndjson", lines).await;
        let import = done(api, json!({ "object": "contact", "format": "ndjson", "file_id": file })).await;
        assert_eq!((&import["status"], counts(&import)), (&json!("partial"), [8, 1, 0, 0, 7]));
        let expected = [
            (2, "", "invalid_json"),
            (3, "nmae", "unknown_field"),
            (4, "name", "wrong_type"),
            (5, "", "wrong_type"),
            (6, "", "invalid_json"),
            (7, "name", "format"),
            (8, "", "required"),
        ];
        let expected = expected.map(|(row, field, code)| (row, field.to_owned(), code.to_owned()));
        let wrong = errors(api, &import).await;
        assert_eq!(
            wrong.iter().map(|one| (one.0, one.1.clone())).collect::<Vec<_>>(),
            expected.iter().map(|one| (one.0, one.1.clone())).collect::<Vec<_>>()
        );
        assert_eq!(wrong[1].2, expected[1].2);
    });
}

#[test]
fn arguments_that_do_not_go_together_are_all_named() {
    on_both(async |api| {
        let admin = api.admin();
        let before = api.row_counts().await;
        let refused = admin
            .post("imports.create", &json!({ "object": "message", "mode": "update", "match_on": ["email"] }))
            .await;
        let problems: Vec<String> = refused.problems().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(problems, ["/match_on/0", "/mode", "/file_id"], "{}", refused.text);
        let id = api.unknown_id();
        for (args, pointer, code) in [
            (json!({ "object": "deal", "records": [] }), "/object", "enum"),
            (json!({ "object": "tag", "file_id": id, "records": [], "format": "csv" }), "/records", "not_allowed"),
            (json!({ "object": "tag", "file_id": id }), "/format", "required"),
            (json!({ "object": "tag", "file_id": id, "format": "csv" }), "/file_id", "unknown_id"),
            (json!({ "object": "tag", "records": [], "format": "csv" }), "/format", "not_allowed"),
            (json!({ "object": "tag", "records": vec![json!({}); 1001] }), "/records", "too_many_items"),
            (json!({ "object": "tag", "records": [], "mapping": { "a/b": "nmae" } }), "/mapping/a~1b", "unknown_field"),
            (
                json!({ "object": "tag", "records": [], "mode": "create", "match_on": ["name"] }),
                "/match_on",
                "not_allowed",
            ),
        ] {
            admin.post("imports.create", &args).await.wrong(pointer, code);
            admin.post("imports.validate", &args).await.wrong(pointer, code);
        }
        assert_eq!(api.row_counts().await, before);
        let theirs = {
            let content = json!({ "name": "a.csv", "content_type": "text/plain", "content_base64": "bmFtZQo=" });
            api.stranger().ok("files.create", content).await["id"].clone()
        };
        let args = json!({ "object": "tag", "format": "csv", "file_id": theirs });
        admin.post("imports.create", &args).await.wrong("/file_id", "unknown_id");
    });
}

#[test]
fn validating_changes_nothing_and_says_what_it_saw() {
    on_both(async |api| {
        let admin = api.admin();
        admin.ok("contacts.create", json!({ "email": "a@acme.com" })).await;
        let text = "name,email,tags\nA,a@acme.com,x;y\nB,nonsense,\nC,c@acme.com,\n";
        let file = file(api, "table.csv", text).await;
        let before = api.row_counts().await;
        let args = json!({ "object": "contact", "format": "csv", "file_id": file });
        let found = admin.ok("imports.validate", args).await;
        assert_eq!(api.row_counts().await, before);
        assert_eq!((&found["is_valid"], &found["total"], &found["checked"]), (&json!(false), &json!(3), &json!(3)));
        let problems = found["problems"].as_array().unwrap();
        assert_eq!((problems.len(), &problems[0]["row"], &problems[0]["field"]), (1, &json!(2), &json!("email")));
        assert_eq!(found["sample"][0], json!({ "name": "A", "email": "a@acme.com", "tags": ["x", "y"] }));
        let found = admin.ok("imports.validate", json!({ "object": "tag", "records": [{ "name": "x" }] })).await;
        assert_eq!((&found["is_valid"], api.row_counts().await), (&json!(true), before));
    });
}

#[test]
fn history_keeps_its_times_and_wakes_nobody() {
    on_both(async |api| {
        let admin = api.admin();
        let channel = api.sms().await;
        let heard = api.hear(&channel, "+1-555-0123", "Now").await;
        let contact = heard["message"]["author"]["id"].clone();
        let message = |n: i64, direction: &str, at: &str| {
            json!({
                "contact": { "type": "phone", "value": "+1-555-0123" }, "channel_id": channel,
                "conversation_external_id": "case-1", "direction": direction, "text": format!("Message {n}"),
                "created_at": at, "client_message_id": format!("m{n}"),
            })
        };
        let records = json!([
            message(1, "inbound", "2020-01-02T03:04:05Z"),
            message(2, "outbound", "2020-01-03T03:04:05.678Z"),
            message(3, "inbound", "2020-01-04T03:04:05Z"),
            { "direction": "inbound", "text": "When?", "contact": { "external_id": "x" } },
        ]);
        let args = json!({ "object": "message", "records": records });
        let (import, events) = api.events_of(done(api, args.clone())).await;
        assert_eq!((&import["status"], counts(&import)), (&json!("partial"), [4, 3, 0, 0, 1]));
        assert_eq!(errors(api, &import).await, [(4, "created_at".into(), "required".into())]);
        assert_eq!(events.len(), 2, "only that it is done");
        let conversation = admin.ok("conversations.info", json!({ "external_id": "case-1" })).await;
        assert_eq!(
            (&conversation["created_at"], &conversation["is_imported"]),
            (&json!("2020-01-02T03:04:05.000Z"), &json!(true))
        );
        assert_eq!((&conversation["unread_count"], &conversation["waiting_since"]), (&json!(0), &Value::Null));
        assert_eq!((&conversation["message_count"], &conversation["contact_id"]), (&json!(3), &contact));
        let said = admin.ok("messages.list", json!({ "conversation_id": conversation["id"] })).await;
        let times: Vec<&Value> = said["data"].as_array().unwrap().iter().map(|one| &one["created_at"]).collect();
        assert_eq!(times, ["2020-01-02T03:04:05.000Z", "2020-01-03T03:04:05.678Z", "2020-01-04T03:04:05.000Z"]);
        let again = done(api, args).await;
        assert_eq!(counts(&again), [4, 0, 0, 3, 1], "the same messages are stored once");

        let listed = admin.ok("conversations.list", json!({})).await;
        assert_eq!(listed["data"][0]["id"], conversation["id"], "it is where it belongs in time");
        admin.ok("imports.revert", json!({ "id": import["id"] })).await;
        let before = admin.ok("contacts.info", json!({ "id": contact })).await;
        let (_, events) = api.events_of(api.work()).await;
        assert_eq!(events.len(), 1);
        admin
            .post("conversations.info", &json!({ "external_id": "case-1" }))
            .await
            .refused(404, "conversation_not_found");
        let after = admin.ok("contacts.info", json!({ "id": contact })).await;
        assert_eq!(after["conversation_count"].as_i64(), before["conversation_count"].as_i64().map(|count| count - 1));
    });
}

#[test]
fn conversations_companies_and_tags_come_in_too() {
    on_both(async |api| {
        let admin = api.admin();
        let records = json!([
            { "name": "Acme", "domains": ["acme.com"], "deal_value": 50000, "created_at": "2020-01-02T03:04:05Z" },
            { "name": "Acme again", "domains": ["acme.com"] },
            { "domains": ["other.com"] },
        ]);
        let import = done(api, json!({ "object": "company", "records": records })).await;
        assert_eq!(counts(&import), [3, 1, 1, 0, 1]);
        assert_eq!(errors(api, &import).await, [(3, "name".into(), "required".into())]);
        let companies = all(api, "companies.list").await;
        assert_eq!(
            (&companies[0]["name"], &companies[0]["created_at"]),
            (&json!("Acme again"), &json!("2020-01-02T03:04:05.000Z"))
        );
        let only = done(
            api,
            json!({ "object": "company", "mode": "update", "match_on": ["domain"], "records": [
            { "domains": ["acme.com"], "is_customer": true }, { "name": "New", "domains": ["new.com"] },
        ] }),
        )
        .await;
        assert_eq!(counts(&only), [2, 0, 1, 0, 1]);
        assert_eq!(errors(api, &only).await, [(2, String::new(), "company_not_found".into())]);
        assert_eq!(all(api, "companies.list").await.len(), 1);

        let conversation = json!({
            "external_id": "case-7", "contact": { "type": "email", "value": "a@acme.com" }, "subject": "Old",
            "created_at": "2020-01-02T03:04:05Z", "closed_at": "2020-02-02T03:04:05Z",
        });
        let import = done(api, json!({ "object": "conversation", "records": [conversation] })).await;
        assert_eq!(counts(&import), [1, 1, 0, 0, 0], "{:?}", errors(api, &import).await);
        let stored = admin.ok("conversations.info", json!({ "external_id": "case-7" })).await;
        assert_eq!((&stored["status"], &stored["closed_at"]), (&json!("closed"), &json!("2020-02-02T03:04:05.000Z")));
        let mut changed = conversation.clone();
        changed["subject"] = json!("New");
        let import = done(api, json!({ "object": "conversation", "records": [changed] })).await;
        assert_eq!(counts(&import), [1, 0, 1, 0, 0], "{:?}", errors(api, &import).await);

        let tags = json!([{ "name": "VIP", "color": "#cc0000" }, { "name": "vip" }, { "name": "" }]);
        let import = done(api, json!({ "object": "tag", "records": tags, "suppress_events": false })).await;
        assert_eq!(counts(&import), [3, 1, 0, 1, 1]);
        let (_, events) = api
            .events_of(async {
                admin.ok("imports.revert", json!({ "id": import["id"] })).await;
                api.work().await;
            })
            .await;
        assert_eq!(
            events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(),
            ["tag.deleted", "job.completed"]
        );
    });
}

#[test]
fn contacts_sent_along_are_a_job_that_is_told_of() {
    on_both(async |api| {
        let admin = api.admin();
        let contacts =
            json!([{ "name": "A", "email": "a@acme.com" }, { "name": "B", "external_id": "b" }, { "email": "x" }]);
        let reply = admin.post("contacts.import", &json!({ "contacts": contacts })).await;
        assert_eq!((reply.status, &reply.body["type"]), (202, &json!("contacts.import")), "{}", reply.text);
        assert_eq!(reply.body["progress"], json!({ "done": 0, "total": 3 }));
        let events = api.event_types_of(api.work()).await;
        assert_eq!(events, ["contact.created", "contact.created", "import.completed", "job.completed"]);
        let results = admin.ok("jobs.listResults", json!({ "id": reply.body["id"] })).await;
        let rows: Vec<(&Value, &Value)> =
            results["data"].as_array().unwrap().iter().map(|one| (&one["row"], &one["status"])).collect();
        let (good, bad) = (json!("succeeded"), json!("failed"));
        assert_eq!(rows, [(&json!(1), &good), (&json!(2), &good), (&json!(3), &bad)]);
        assert_eq!(results["data"][2]["error"]["errors"][0]["pointer"], "/email");
        let audited = api.last_audited().await;
        assert_eq!(audited.method, "imports.create");
        admin
            .post("contacts.import", &json!({ "contacts": vec![json!({}); 1001] }))
            .await
            .wrong("/contacts", "too_many_items");
    });
}

#[test]
fn an_import_that_was_called_off_stops() {
    on_both(async |api| {
        let admin = api.admin();
        let import = admin.ok("imports.create", json!({ "object": "tag", "records": [{ "name": "a" }] })).await;
        let (canceled, events) = api.events_of(admin.ok("imports.cancel", json!({ "id": import["id"] }))).await;
        assert_eq!(canceled["status"], "canceled");
        assert_eq!(
            events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(),
            ["import.completed", "job.completed"]
        );
        api.work().await;
        assert_eq!(all(api, "tags.list").await.len(), 0);
        assert_eq!(admin.ok("imports.cancel", json!({ "id": import["id"] })).await["status"], "canceled");
        let import = done(api, json!({ "object": "tag", "records": [{ "name": "a" }] })).await;
        admin.post("imports.cancel", &json!({ "id": import["id"] })).await.refused(409, "invalid_state");
        api.stranger().post("imports.info", &json!({ "id": import["id"] })).await.refused(404, "import_not_found");
        api.pass_seconds(7 * 24 * 60 * 60);
        admin.post("imports.revert", &json!({ "id": import["id"] })).await.refused(410, "expired");
        // The file goes away before its turn comes.
        let file = file(api, "tags.csv", "name\nb\n").await;
        let import = admin.ok("imports.create", json!({ "object": "tag", "format": "csv", "file_id": file })).await;
        admin.ok("files.delete", json!({ "id": file })).await;
        api.work().await;
        let import = admin.ok("imports.info", json!({ "id": import["id"] })).await;
        assert_eq!(
            (&import["status"], &import["failure"]["errors"][0]["code"]),
            (&json!("failed"), &json!("unknown_id"))
        );
    });
}
