//! The same change to many objects: what becomes of each, what would, and how it is undone.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

async fn contacts(api: &Api, count: usize) -> Vec<Value> {
    let mut all = Vec::new();
    for n in 0..count {
        let contact = json!({ "name": format!("Contact {n}"), "title": "Clerk", "tags": ["old"] });
        all.push(api.admin().ok("contacts.create", contact).await["id"].clone());
    }
    all
}

/// Asks for a job, has it done, and answers how it went.
async fn done(api: &Api, method: &str, args: Value) -> Value {
    let reply = api.admin().post(method, &args).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    api.work().await;
    api.admin().ok("jobs.info", json!({ "id": reply.body["id"] })).await
}

async fn results(api: &Api, job: &Value) -> Vec<Value> {
    let results = api.admin().ok("jobs.listResults", json!({ "id": job["id"], "limit": 1000 })).await;
    results["data"].as_array().unwrap().clone()
}

fn counts(job: &Value) -> (i64, i64, i64) {
    (job["succeeded"].as_i64().unwrap(), job["failed"].as_i64().unwrap(), job["skipped"].as_i64().unwrap())
}

#[test]
fn many_contacts_change_as_one_would_and_back_again() {
    on_both(async |api| {
        let admin = api.admin();
        let all = contacts(api, 3).await;
        let before = admin.ok("contacts.info", json!({ "id": all[0] })).await;
        admin.ok("contacts.update", json!({ "id": all[2], "title": "CEO", "tags": ["vip"] })).await;
        let unknown = json!(api.unknown_id());
        let args = json!({
            "ids": [all[0], all[1], all[0], all[2], unknown], "set": { "title": "CEO", "metadata": { "a": 1 } },
            "add_tags": ["VIP"], "remove_tags": ["OLD"],
        });
        let (job, events) = api.events_of(done(api, "contacts.bulkUpdate", args)).await;
        assert_eq!((&job["status"], counts(&job)), (&json!("partial"), (3, 1, 0)));
        assert_eq!((&job["type"], &job["reversible"]), (&json!("contacts.bulkUpdate"), &json!(true)));
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        let updated: Vec<_> = kinds.iter().filter(|kind| **kind == "contact.updated").collect();
        assert_eq!((updated.len(), kinds.last()), (3, Some(&"job.completed")));
        assert_eq!(events[0].actor["id"], json!(api.acme.owner), "it is done in the name of whoever asked");
        let results = results(api, &job).await;
        let failed = results.iter().find(|result| result["status"] == "failed").unwrap();
        assert_eq!((&failed["id"], &failed["error"]["code"]), (&unknown, &json!("contact_not_found")));
        assert_eq!(results[0]["changed_fields"], json!(["title", "tags", "metadata"]));
        let after = admin.ok("contacts.info", json!({ "id": all[0] })).await;
        assert_eq!((&after["title"], &after["tags"], &after["version"]), (&json!("CEO"), &json!(["vip"]), &json!(2)));
        let audited = api.last_audited().await;
        assert_eq!(audited.method, "contacts.bulkUpdate");

        // One of them changes since; the others go back.
        admin.ok("contacts.update", json!({ "id": all[1], "title": "CTO" })).await;
        let back = done(api, "jobs.revert", json!({ "id": job["id"] })).await;
        assert_eq!((&back["status"], counts(&back)), (&json!("succeeded"), (2, 0, 1)));
        assert_eq!((&back["type"], &back["reverts_job_id"]), (&json!("jobs.revert"), &job["id"]));
        let restored = admin.ok("contacts.info", json!({ "id": all[0] })).await;
        let of = |contact: &Value| {
            let mut contact = contact.clone();
            contact["version"] = Value::Null;
            contact["updated_at"] = Value::Null;
            contact
        };
        assert_eq!(of(&restored), of(&before));
        assert_eq!(restored["version"], 3);
        assert_eq!(admin.ok("contacts.info", json!({ "id": all[1] })).await["title"], "CTO");
        let skipped = api.admin().ok("jobs.listResults", json!({ "id": back["id"], "status": "skipped" })).await;
        assert_eq!(
            (&skipped["data"][0]["id"], &skipped["data"][0]["error"]["code"]),
            (&all[1], &json!("version_conflict"))
        );
        assert_eq!(admin.ok("jobs.info", json!({ "id": job["id"] })).await["status"], "reverted");
        admin.post("jobs.revert", &json!({ "id": job["id"] })).await.refused(409, "invalid_state");
        admin.post("jobs.revert", &json!({ "id": back["id"] })).await.refused(409, "invalid_state");
    });
}

#[test]
fn a_dry_run_says_what_would_change_and_changes_nothing() {
    on_both(async |api| {
        let all = contacts(api, 2).await;
        api.admin().ok("contacts.update", json!({ "id": all[1], "title": "CEO" })).await;
        let of = |counts: Vec<(String, i64)>| -> Vec<(String, i64)> {
            counts.into_iter().filter(|(table, _)| !table.starts_with("job")).collect()
        };
        let args =
            json!({ "filters": "name:contact", "set": { "title": "CEO" }, "add_tags": ["brand new"], "dry_run": true });
        let before = of(api.row_counts().await);
        let args_title = json!({ "ids": all, "set": { "title": "CEO" }, "dry_run": true });
        let (job, events) = api.events_of(done(api, "contacts.bulkUpdate", args_title)).await;
        assert_eq!((&job["dry_run"], &job["reversible"], counts(&job)), (&json!(true), &json!(false), (1, 0, 1)));
        assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["job.completed"]);
        assert_eq!(results(api, &job).await[0]["changed_fields"], json!(["title"]));
        let job = done(api, "contacts.bulkUpdate", args).await;
        assert_eq!(counts(&job), (2, 0, 0));
        let after = of(api.row_counts().await);
        let differing: Vec<_> = before.iter().zip(&after).filter(|(one, other)| one != other).collect();
        // The two jobs are announced and audited; nothing else is stored.
        assert!(
            differing.iter().all(|(one, _)| ["events", "feeds", "outbox", "audit_entries"].contains(&one.0.as_str())),
            "{differing:?}"
        );
        assert_eq!(api.admin().ok("tags.list", json!({})).await["data"].as_array().unwrap().len(), 1);
        api.admin().post("jobs.revert", &json!({ "id": job["id"] })).await.refused(409, "invalid_state");
    });
}

#[test]
fn what_to_change_is_asked_for_in_full() {
    on_both(async |api| {
        let admin = api.admin();
        let before = api.row_counts().await;
        for method in ["contacts.bulkUpdate", "companies.bulkUpdate", "conversations.bulkUpdate"] {
            let set = json!({ "notes": "x", "subject": "x" });
            let key = if method.starts_with("conv") { "subject" } else { "notes" };
            let set = json!({ key: set[key] });
            admin.post(method, &json!({ "set": set })).await.wrong("/ids", "required");
            admin
                .post(method, &json!({ "ids": [], "filters": "tags:a", "set": set }))
                .await
                .wrong("/filters", "not_allowed");
            admin.post(method, &json!({ "ids": [] })).await.wrong("/set", "required");
            let many = vec![api.unknown_id(); 1001];
            admin.post(method, &json!({ "ids": many, "set": set })).await.wrong("/ids", "too_many_items");
            admin.post(method, &json!({ "ids": [], "set": { "nope": 1 } })).await.wrong("/set/nope", "unknown_field");
            let refused = admin.post(method, &json!({ "filters": "tags:[a", "set": set })).await;
            assert_eq!(refused.status, 400, "{}", refused.text);
        }
        let act = |action: Value, args: Value| json!({ "ids": [], "action": action, "action_args": args });
        for (args, pointer, code) in [
            (act(json!("close"), json!({})), "/action_args/resolution", "required"),
            (act(json!("snooze"), json!({})), "/action_args/until", "required"),
            (act(json!("reopen"), json!({ "until_reply": true })), "/action_args/until_reply", "not_allowed"),
            (act(Value::Null, json!({ "until_reply": true })), "/action", "required"),
            (act(json!("snooze"), json!({ "until": api.now() })), "/action_args/until", "too_small"),
        ] {
            admin.post("conversations.bulkUpdate", &args).await.wrong(pointer, code);
        }
        assert_eq!(api.row_counts().await, before);
        let writer = api.person("Willi", &["contacts:write"]).await.client;
        let refused =
            writer.post("contacts.bulkUpdate", &json!({ "filters": "name:a", "set": { "notes": "x" } })).await;
        refused.refused(403, "missing_scope");
        assert_eq!(refused.body["error"]["needed"], "contacts:read");
    });
}

#[test]
fn conversations_are_closed_assigned_and_come_back_as_they_were() {
    on_both(async |api| {
        let admin = api.admin();
        let channel = api.sms().await;
        let mut all = Vec::new();
        for n in 0..3 {
            let heard = api.hear(&channel, &format!("+1-555-012{n}"), "Hello").await;
            all.push(heard["message"]["conversation_id"].clone());
        }
        let snooze = json!({ "id": all[1], "until": api.now().plus_seconds(3600) });
        admin.ok("conversations.snooze", snooze).await;
        let mut before = Vec::new();
        for id in &all {
            before.push(admin.ok("conversations.info", json!({ "id": id })).await);
        }
        let args = json!({
            "filters": "status:(open OR snoozed)", "set": { "priority": "high" }, "add_tags": ["done"],
            "assign": { "user_id": api.acme.owner }, "action": "close", "action_args": { "resolution": "resolved" },
        });
        let job = done(api, "conversations.bulkUpdate", args).await;
        assert_eq!((&job["status"], counts(&job)), (&json!("succeeded"), (3, 0, 0)));
        for id in &all {
            let closed = admin.ok("conversations.info", json!({ "id": id })).await;
            assert_eq!((&closed["status"], &closed["resolution"]), (&json!("closed"), &json!("resolved")));
            assert_eq!((&closed["assigned_to_user_id"], &closed["tags"]), (&json!(api.acme.owner), &json!(["done"])));
        }
        let again = json!({ "ids": all, "action": "close", "action_args": { "resolution": "resolved" } });
        let again = done(api, "conversations.bulkUpdate", again).await;
        assert_eq!(counts(&again), (0, 0, 3), "what is so already is left alone");
        let other = json!({ "ids": all, "action": "close", "action_args": { "resolution": "unresolved" } });
        let other = done(api, "conversations.bulkUpdate", other).await;
        assert_eq!((&other["status"], counts(&other)), (&json!("partial"), (0, 3, 0)));
        assert_eq!(results(api, &other).await[0]["error"]["code"], "invalid_state");

        let (back, events) = api.events_of(done(api, "jobs.revert", json!({ "id": job["id"] }))).await;
        assert_eq!(counts(&back), (3, 0, 0), "{:?}", results(api, &back).await);
        assert_eq!(events.iter().filter(|event| event.kind == "conversation.reopened").count(), 3);
        for before in &before {
            let mut now = admin.ok("conversations.info", json!({ "id": before["id"] })).await;
            assert!(now["version"].as_i64() > before["version"].as_i64());
            assert!(now["control_epoch"].as_i64() >= before["control_epoch"].as_i64());
            for field in ["version", "updated_at", "control_epoch"] {
                now[field] = before[field].clone();
            }
            assert_eq!(&now, before);
        }
        // It still comes back at its time.
        api.pass_seconds(3600);
        dotdesk::rounds::timers::run_due(&api.app).await.unwrap();
        assert_eq!(admin.ok("conversations.info", json!({ "id": all[1] })).await["status"], "open");
        let contact = admin.ok("contacts.info", json!({ "id": before[0]["contact_id"] })).await;
        assert_eq!(contact["open_conversation_count"], 1);
    });
}

#[test]
fn nobody_changes_conversations_that_they_do_not_see() {
    on_both(async |api| {
        let admin = api.admin();
        let (mine, other) = (api.conversation().await, api.conversation().await);
        let role = json!({
            "name": "Narrow", "permissions": ["conversations:read", "conversations:write", "jobs:read"],
            "conversation_visibility": "assigned",
        });
        let role = admin.ok("roles.create", role).await;
        let person = api.person_with("Nora", &role["id"]).await;
        let assign = json!({ "id": mine, "user_id": person.id, "force": true });
        admin.ok("conversations.assign", assign).await;
        for which in [json!({ "ids": [mine, other] }), json!({ "filters": "status:open" })] {
            let mut args = which.clone();
            args["add_tags"] = json!([format!("by {}", which.as_object().unwrap().keys().next().unwrap())]);
            let job = person.client.ok("conversations.bulkUpdate", args).await;
            api.work().await;
            let job = admin.ok("jobs.info", json!({ "id": job["id"] })).await;
            assert_eq!(job["succeeded"], 1, "{which}");
        }
        assert_eq!(admin.ok("conversations.info", json!({ "id": other })).await["tags"], json!([]));
        assert_eq!(
            admin.ok("conversations.info", json!({ "id": mine })).await["tags"],
            json!(["by ids", "by filters"])
        );
    });
}

#[test]
fn what_is_undone_too_late_stays() {
    on_both(async |api| {
        let admin = api.admin();
        let company = admin.ok("companies.create", json!({ "name": "Acme", "domains": ["acme.com"] })).await;
        let set = json!({ "domains": ["acme.org"], "is_customer": true, "deal_value": 5 });
        let args = json!({ "ids": [company["id"]], "set": set, "remove_tags": ["none"] });
        let job = done(api, "companies.bulkUpdate", args).await;
        assert_eq!(counts(&job), (1, 0, 0));
        let other = admin.ok("companies.create", json!({ "name": "Other", "domains": ["acme.com"] })).await;
        // Somebody else has the old domain by now.
        let back = done(api, "jobs.revert", json!({ "id": job["id"] })).await;
        assert_eq!((&back["status"], counts(&back)), (&json!("partial"), (0, 1, 0)));
        assert_eq!(results(api, &back).await[0]["error"]["code"], "already_exists");
        admin.ok("companies.delete", json!({ "id": other["id"] })).await;
        let args = json!({ "ids": [company["id"]], "set": { "notes": "x" } });
        let job = done(api, "companies.bulkUpdate", args).await;
        api.pass_seconds(24 * 60 * 60);
        admin.post("jobs.revert", &json!({ "id": job["id"] })).await.refused(410, "expired");
        // An update of every object there is, without one.
        let nothing = done(api, "companies.bulkUpdate", json!({ "ids": [], "set": { "notes": "x" } })).await;
        assert_eq!((&nothing["status"], counts(&nothing)), (&json!("succeeded"), (0, 0, 0)));
    });
}

#[test]
fn five_thousand_contacts_change_while_others_change_them_too() {
    on_both(async |api| {
        let ctx = dotdesk::method::Context::internal(
            api.app.clone(),
            dotdesk::access::authenticate::server_itself(api.acme.id),
            "setup",
        );
        ctx.write(async |tx| {
            for n in 0..5000 {
                let mut contact = dotdesk::resources::crm::contacts::Contact::new(tx, tx.now());
                contact.name = Some(format!("Contact {n}"));
                dotdesk::resources::crm::contacts::store::insert(tx, contact).await?;
            }
            Ok(dotdesk::method::Void {})
        })
        .await
        .unwrap();
        let admin = api.admin();
        let first = json!({ "filters": "name:contact", "add_tags": ["first"] });
        let second = json!({ "filters": "name:contact", "add_tags": ["second"], "set": { "title": "CEO" } });
        let jobs = [admin.ok("contacts.bulkUpdate", first).await, admin.ok("contacts.bulkUpdate", second).await];
        assert_eq!(jobs[0]["progress"], json!({ "done": 0, "total": 5000 }));
        let page = admin.ok("contacts.list", json!({ "limit": 200, "sort": "created_at:desc" })).await;
        let singles = async {
            for contact in page["data"].as_array().unwrap() {
                admin.ok("contacts.update", json!({ "id": contact["id"], "role": "Single" })).await;
            }
        };
        let workers = join_all([dotdesk::jobs::work(&api.app), dotdesk::jobs::work(&api.app)]);
        let (workers, ()) = futures_util::future::join(workers, singles).await;
        assert!(workers.iter().all(Result::is_ok));
        api.work().await;
        for job in &jobs {
            let job = admin.ok("jobs.info", json!({ "id": job["id"] })).await;
            assert_eq!((&job["status"], counts(&job)), (&json!("succeeded"), (5000, 0, 0)));
        }
        let all = admin
            .ok(
                "contacts.list",
                json!({ "filters": "tags:first AND tags:second AND title:CEO", "limit": 1, "include": ["total"] }),
            )
            .await;
        assert_eq!(all["total"], 5000);
        let single = admin
            .ok(
                "contacts.list",
                json!({ "filters": "role:Single AND tags:first AND tags:second", "limit": 1, "include": ["total"] }),
            )
            .await;
        assert_eq!(single["total"], 200);
        let newest = admin.ok("contacts.info", json!({ "id": page["data"][0]["id"] })).await;
        assert_eq!(newest["version"], 4, "each change counts once");
    });
}

#[test]
fn tags_become_one_in_everything_that_has_them() {
    on_both(async |api| {
        let admin = api.admin();
        let mut all = Vec::new();
        for tags in [json!(["urgent"]), json!(["now", "vip"]), json!(["Urgent", "now", "asap"]), json!(["vip"])] {
            all.push(admin.ok("contacts.create", json!({ "name": "A", "tags": tags })).await["id"].clone());
        }
        let company = admin.ok("companies.create", json!({ "name": "Acme", "tags": ["now"] })).await;
        let conversation = api.conversation().await;
        for tag in ["urgent", "now"] {
            admin.ok("conversations.addTag", json!({ "id": conversation, "tag": tag })).await;
        }
        let merge = json!({ "source_names": ["URGENT", "now"], "into": "ASAP" });
        let mut dry = merge.clone();
        dry["dry_run"] = json!(true);
        let before = admin.ok("tags.list", json!({})).await;
        assert_eq!(counts(&done(api, "tags.merge", dry).await), (7, 0, 0));
        assert_eq!(admin.ok("tags.list", json!({})).await, before);
        let (job, events) = api.events_of(done(api, "tags.merge", merge.clone())).await;
        assert_eq!((&job["status"], counts(&job)), (&json!("succeeded"), (7, 0, 0)));
        assert_eq!(events.iter().filter(|event| event.kind == "tag.deleted").count(), 2);
        let mut found = Vec::new();
        for id in &all {
            found.push(admin.ok("contacts.info", json!({ "id": id })).await["tags"].clone());
        }
        assert_eq!(found, [json!(["asap"]), json!(["vip", "asap"]), json!(["asap"]), json!(["vip"])]);
        assert_eq!(admin.ok("companies.info", json!({ "id": company["id"] })).await["tags"], json!(["asap"]));
        assert_eq!(admin.ok("conversations.info", json!({ "id": conversation })).await["tags"], json!(["asap"]));
        let tags = admin.ok("tags.list", json!({})).await;
        let names: Vec<&str> =
            tags["data"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["vip", "asap"]);
        admin.post("tags.merge", &merge).await.wrong("/source_names/0", "unknown_id");
        let same = json!({ "source_names": ["vip"], "into": " VIP " });
        admin.post("tags.merge", &same).await.refused(409, "cycle");
        admin
            .post("tags.merge", &json!({ "source_names": [], "into": "a" }))
            .await
            .wrong("/source_names", "too_few_items");
    });
}
