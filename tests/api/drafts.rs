//! What is written before it is said, what becomes of it afterwards, and what can be done with a message wherever it stands.

use serde_json::{Value, json};

use crate::support::{Api, on_both, organization};

/// What can be done with a message, each with arguments that are right.
const ACTIONS: &[&str] = &[
    "messages.update",
    "messages.send",
    "messages.schedule",
    "messages.cancelScheduled",
    "messages.resend",
    "messages.requestApproval",
    "messages.approve",
    "messages.reject",
    "delivered",
    "read",
    "failed",
];

/// Where a message can stand, and where each action leads from there; `-` is refused, `!` is refused
/// to all but its author, `=` changes nothing.
const TABLE: &[(&str, [&str; 11])] = &[
    // update, send, schedule, cancelScheduled, resend, requestApproval, approve, reject, delivered, read, failed
    ("draft", ["draft", "sent", "scheduled", "=", "-", "pending_approval", "-", "-", "-", "-", "-"]),
    ("pending_approval", ["-", "-", "-", "-", "-", "=", "sent", "draft", "-", "-", "-"]),
    ("scheduled", ["-", "-", "-", "draft", "-", "-", "-", "-", "-", "-", "-"]),
    ("sent", ["-", "=", "-", "-", "-", "-", "-", "-", "delivered", "read", "failed"]),
    ("delivered", ["-", "-", "-", "-", "-", "-", "-", "-", "=", "read", "="]),
    ("read", ["-", "-", "-", "-", "-", "-", "-", "-", "read", "=", "="]),
    ("failed", ["-", "-", "-", "-", "sent", "-", "-", "-", "=", "=", "="]),
    ("received", ["-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"]),
    ("posted", ["!", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"]),
    ("discarded", ["-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"]),
];

/// A message of a program that stands so.
async fn make(api: &Api, conversation: &Value, status: &str) -> Value {
    let program = organization::key(&api.app, api.acme.id, None, dotdesk::method::ScopeSet::ALL, None).await;
    let program = api.client(&program);
    let text = json!({ "conversation_id": conversation, "text": "First words" });
    let of = |more: Value| {
        let mut args = text.clone();
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        args
    };
    let report = async |message: Value, status: &str| {
        program.ok("messages.reportDelivery", json!({ "id": message["id"], "status": status })).await;
        message
    };
    let made = match status {
        "draft" | "pending_approval" => {
            let draft = of(json!({ "direction": "outbound", "status": "draft" }));
            let draft = program.ok("messages.create", draft).await;
            if status == "pending_approval" {
                program.ok("messages.requestApproval", json!({ "id": draft["id"] })).await;
            }
            draft
        }
        "scheduled" => program.ok("messages.send", of(json!({ "scheduled_at": api.now().plus_seconds(60) }))).await,
        "sent" => program.ok("messages.send", text).await,
        "delivered" | "read" | "failed" => report(program.ok("messages.send", text).await, status).await,
        "received" => program.ok("messages.create", of(json!({ "direction": "inbound" }))).await,
        "posted" => program.ok("messages.addNote", text).await,
        _ => {
            let ada = api.ai("Ada").await;
            let refused = ada.client.post("messages.send", &of(json!({ "control_epoch": 0 }))).await;
            json!({ "id": refused.body["error"]["message_id"] })
        }
    };
    let made = api.admin().ok("messages.info", json!({ "id": made["id"] })).await;
    assert_eq!(made["status"], status);
    made
}

fn call(api: &Api, action: &str, id: &Value) -> (String, Value) {
    let (method, args) = match action {
        "messages.update" => (action, json!({ "id": id, "text": "Other words" })),
        "messages.send" => (action, json!({ "message_id": id })),
        "messages.schedule" => (action, json!({ "id": id, "scheduled_at": api.now().plus_seconds(600) })),
        "messages.reject" => (action, json!({ "id": id, "reason": "No" })),
        "delivered" | "read" | "failed" => ("messages.reportDelivery", json!({ "id": id, "status": action })),
        _ => (action, json!({ "id": id })),
    };
    (method.to_owned(), args)
}

#[test]
fn a_message_goes_only_where_it_can_go() {
    on_both(async |api| {
        let admin = api.admin();
        let conversation = api.conversation().await;
        for (status, outcomes) in TABLE {
            for (action, outcome) in ACTIONS.iter().zip(outcomes) {
                let before = make(api, &conversation, status).await;
                let (method, args) = call(api, action, &before["id"]);
                let (reply, events) = api.events_of(admin.post(&method, &args)).await;
                let after = admin.ok("messages.info", json!({ "id": before["id"] })).await;
                let what = format!("{action} of what is {status}: {}", reply.text);
                match *outcome {
                    "-" => {
                        reply.refused(409, "invalid_state");
                        assert_eq!((&after, events.len()), (&before, 0), "{what}");
                    }
                    "!" => {
                        reply.refused(403, "no_permission");
                    }
                    "=" => {
                        assert!(reply.status < 300, "{what}");
                        assert_eq!((&after, events.len()), (&before, 0), "{what}");
                    }
                    expected => {
                        assert!(reply.status < 300, "{what}");
                        assert_eq!((after["status"].as_str().unwrap(), events.is_empty()), (expected, false), "{what}");
                    }
                }
            }
        }
    });
}

#[test]
fn reports_come_in_any_order() {
    on_both(async |api| {
        let admin = api.admin();
        let conversation = api.conversation().await;
        let sent = make(api, &conversation, "sent").await;
        let report = async |status: &str, minute: u32| {
            let at = format!("2026-11-20T05:{minute:02}:00Z");
            let args = json!({ "external_message_id": "SM1", "status": status, "at": at });
            api.event_types_of(admin.ok("messages.reportDelivery", args)).await
        };
        let unknown = json!({ "external_message_id": "SM1", "status": "read" });
        admin.post("messages.reportDelivery", &unknown).await.refused(404, "message_not_found");
        admin.post("messages.reportDelivery", &json!({ "status": "read" })).await.wrong("/id", "required");
        let with_both =
            json!({ "id": sent["id"], "external_message_id": "SM1", "status": "read", "at": "2026-11-20T05:30:00Z" });
        let reply = admin.post("messages.reportDelivery", &with_both).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""));
        assert_eq!(report("delivered", 20).await, ["message.delivered"], "its time is news");
        assert!(report("delivered", 25).await.is_empty());
        assert!(report("failed", 40).await.is_empty());
        assert!(report("read", 50).await.is_empty());
        let now = admin.ok("messages.info", json!({ "id": sent["id"] })).await;
        assert_eq!((&now["status"], &now["failure"]), (&json!("read"), &Value::Null));
        assert_eq!(now["delivered_at"], "2026-11-20T05:20:00.000Z");
        assert_eq!(now["read_at"], "2026-11-20T05:30:00.000Z");
        let last = api.stored_conversation(&conversation).await.details.last_message.clone().unwrap();
        assert_eq!(last.status.as_str(), "read");

        let other = make(api, &conversation, "sent").await;
        let error = json!({ "code": "21610", "message": "The number has opted out." });
        let failed = json!({ "id": other["id"], "status": "failed", "error": error });
        admin.ok("messages.reportDelivery", failed).await;
        assert_eq!(admin.ok("messages.info", json!({ "id": other["id"] })).await["failure"], error);
        let with_error = json!({ "id": other["id"], "status": "read", "error": error });
        admin.post("messages.reportDelivery", &with_error).await.wrong("/error", "not_allowed");
        let future = json!({ "id": other["id"], "status": "read", "at": api.now().plus_seconds(60) });
        admin.post("messages.reportDelivery", &future).await.wrong("/at", "too_large");
        let (sent, events) = api.events_of(admin.ok("messages.resend", json!({ "id": other["id"] }))).await;
        assert_eq!((&sent["status"], &sent["failure"]), (&json!("sent"), &Value::Null));
        assert_eq!(
            events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(),
            ["message.updated", "message.sent"]
        );
        assert_eq!(api.stored_conversation(&conversation).await.message_count, 3, "it is one message still");
    });
}

#[test]
fn a_draft_is_changed_found_shown_and_deleted() {
    on_both(async |api| {
        let admin = api.admin();
        let received = api.hear(&api.sms().await, "+1-555-0123", "Are you open?").await["message"].clone();
        let conversation = &received["conversation_id"];
        let in_conversation = json!({ "conversation_id": conversation });
        admin.post("messages.draftInfo", &in_conversation).await.refused(404, "message_not_found");
        admin.post("messages.draftInfo", &json!({})).await.wrong("/conversation_id", "required");
        let shared = make(api, conversation, "draft").await;
        assert_eq!(admin.ok("messages.draftInfo", in_conversation.clone()).await["id"], shared["id"]);
        let draft = json!({
            "conversation_id": conversation, "direction": "outbound", "status": "draft", "html": "<p>Yes <script>x</script></p>",
            "reply_to_message_id": received["id"], "to": ["Jane@Example.com"],
        });
        let draft = admin.ok("messages.create", draft).await;
        assert_eq!(draft["to"], json!(["jane@example.com"]));
        assert_eq!(admin.ok("messages.draftInfo", in_conversation.clone()).await["id"], draft["id"], "one's own first");
        assert_eq!(admin.ok("messages.draftInfo", json!({ "id": received["id"] })).await["id"], draft["id"]);

        // What was answered can be sent back; HTML that is as it was shown stays as it came.
        let same = admin.ok("messages.update", draft.clone()).await;
        assert_eq!(same, draft);
        let changed =
            json!({ "id": draft["id"], "text": "Yes", "html": null, "subject": "Open", "metadata": { "a": 1 } });
        let changed = admin.ok("messages.update", changed).await;
        assert_eq!(
            (&changed["text"], &changed["html"], &changed["kind"]),
            (&json!("Yes"), &Value::Null, &json!("text"))
        );
        let empty = json!({ "id": draft["id"], "text": null });
        admin.post("messages.update", &empty).await.wrong("/text", "required");
        let count = api.stored_conversation(conversation).await.message_count;
        assert_eq!(count, 1, "drafts do not count");

        let preview = admin.ok("messages.preview", json!({ "id": draft["id"] })).await;
        assert_eq!(preview["html"], "<p>Yes</p>");
        assert_eq!(
            (&preview["subject"], &preview["to"], &preview["warnings"]),
            (&json!("Open"), &json!(["jane@example.com"]), &json!([]))
        );
        let (_, events) = api.events_of(admin.ok("messages.delete", json!({ "id": draft["id"] }))).await;
        assert_eq!(events[0].kind, "message.deleted");
        admin.post("messages.info", &json!({ "id": draft["id"] })).await.refused(404, "message_not_found");
    });
}

#[test]
fn a_preview_warns_of_what_stands_in_the_way() {
    on_both(async |api| {
        let admin = api.admin();
        let conversation = api.conversation().await;
        let preview = async |more: Value| {
            let mut args = json!({ "conversation_id": conversation });
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            admin.ok("messages.preview", args).await
        };
        let warnings = |preview: &Value| -> Vec<String> {
            let all = preview["warnings"].as_array().unwrap();
            all.iter().map(|warning| warning["code"].as_str().unwrap().to_owned()).collect()
        };
        let shown = preview(json!({ "text": "1 < 2 & so on\n\nBye,\nAnton" })).await;
        assert_eq!(shown["html"], "<p>1 &lt; 2 &amp; so on</p><p>Bye,<br>Anton</p>");
        assert_eq!((warnings(&shown), &shown["to"]), (Vec::new(), &json!(["+15550123"])));
        let html = preview(json!({ "html": "<p>Hi <b>you</b><script>alert(1)</script></p>" })).await;
        assert!(!html["html"].as_str().unwrap().contains("alert") && html["text"].as_str().unwrap().contains("Hi you"));
        api.hand_to(&conversation, "ai").await;
        let channel = json!(api.stored_conversation(&conversation).await.channel_id);
        admin.ok("channels.update", json!({ "id": channel, "is_active": false })).await;
        assert_eq!(warnings(&preview(json!({})).await), ["empty", "channel_inactive", "takeover_required"]);
        let before = api.row_counts().await;
        preview(json!({ "text": "x" })).await;
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn what_was_said_is_deleted_by_few_and_the_conversation_follows() {
    on_both(async |api| {
        let admin = api.admin();
        let received =
            api.hear(&api.sms().await, "+1-555-0123", "My card is 4111 1111 1111 1111").await["message"].clone();
        let conversation = &received["conversation_id"];
        let writer = api.person("Writer", &["messages:write", "messages:read", "conversations:read"]).await;
        admin
            .ok("messages.addNote", json!({ "conversation_id": conversation, "text": "!", "mentions": [writer.id] }))
            .await;
        let refused = writer.client.post("messages.delete", &json!({ "id": received["id"] })).await;
        refused.refused(403, "missing_scope");
        assert_eq!(refused.body["error"]["needed"], "privacy:write");
        let sent = admin.ok("messages.send", json!({ "conversation_id": conversation, "text": "Oh" })).await;
        admin.ok("messages.delete", json!({ "id": sent["id"] })).await;
        let stored = api.stored_conversation(conversation).await;
        assert_eq!((stored.message_count, stored.unread_count), (2, 1));
        assert_eq!(json!(stored.details.last_message.clone().unwrap().id), received["id"]);
        admin.ok("messages.delete", json!({ "id": received["id"] })).await;
        let stored = api.stored_conversation(conversation).await;
        assert_eq!((stored.message_count, stored.unread_count, stored.last_message_at), (1, 0, None));
        assert!(stored.details.last_message.is_none());
        let note =
            writer.client.ok("messages.addNote", json!({ "conversation_id": conversation, "text": "mine" })).await;
        admin
            .post("messages.update", &json!({ "id": note["id"], "text": "not mine" }))
            .await
            .refused(403, "no_permission");
        let edited = writer.client.ok("messages.update", json!({ "id": note["id"], "text": "still mine" })).await;
        assert!(edited["edited_at"].is_string());
        writer.client.ok("messages.delete", json!({ "id": note["id"] })).await;
    });
}

#[test]
fn answers_are_suggested_and_voted_on() {
    on_both(async |api| {
        let admin = api.admin();
        let conversation = api.conversation().await;
        let received = make(api, &conversation, "received").await;
        let suggest = json!({ "id": received["id"], "suggestions": [{ "content": "Yes" }, { "content": "No" }] });
        let (suggested, events) = api.events_of(admin.ok("messages.suggestReplies", suggest.clone())).await;
        assert_eq!((suggested["suggestions"].as_array().unwrap().len(), events.len()), (2, 1));
        let (again, events) = api.events_of(admin.ok("messages.suggestReplies", suggest)).await;
        assert_eq!((&again["suggestions"], events.len()), (&suggested["suggestions"], 0));
        let sent = make(api, &conversation, "sent").await;
        let vote = async |vote: Value| admin.ok("messages.vote", json!({ "id": sent["id"], "vote": vote })).await;
        assert_eq!(vote(json!("up")).await["feedback"], json!({ "vote": "up", "comment": null }));
        assert_eq!(vote(Value::Null).await["feedback"], Value::Null);
        admin.post("messages.vote", &json!({ "id": sent["id"] })).await.wrong("/vote", "required");
        admin.post("messages.vote", &json!({ "id": received["id"], "vote": "up" })).await.refused(409, "invalid_state");
    });
}

#[test]
fn files_go_with_messages() {
    on_both(async |api| {
        let admin = api.admin();
        let channel = json!({ "type": "api", "name": "Mail", "allowed_file_types": ["text/*"] });
        let channel = admin.ok("channels.create", channel).await["id"].clone();
        let conversation = api.hear(&channel, "+1-555-0123", "Hello").await["message"]["conversation_id"].clone();
        let file = async |name: &str, content_type: &str| {
            let args = json!({ "name": name, "content_type": content_type, "content_base64": "SGVsbG8=" });
            admin.ok("files.create", args).await["id"].clone()
        };
        let (note, other) = (file("note.txt", "text/plain").await, file("other.txt", "text/plain").await);
        let data = file("data.json", "application/json").await;
        let with = |files: &[&Value]| json!({ "conversation_id": conversation, "file_ids": files });
        let before = api.row_counts().await;
        let unknown = json!(api.unknown_id());
        admin.post("messages.send", &with(&[&note, &unknown])).await.wrong("/file_ids/1", "unknown_id");
        admin.post("messages.send", &with(&[&data])).await.wrong("/file_ids/0", "not_allowed");
        assert_eq!(api.row_counts().await, before);

        // Files alone are something to say, and are found by their names.
        let sent = admin.ok("messages.send", with(&[&note, &other])).await;
        let files = sent["attachments"].as_array().unwrap();
        assert_eq!((files.len(), &files[0]["file_id"], &files[0]["size"]), (2, &note, &json!(5)));
        let found =
            json!({ "conversation_id": conversation, "filters": "attachment.name:note AND has_attachments:true" });
        assert_eq!(admin.ok("messages.list", found).await["data"][0]["id"], sent["id"]);
        let listed = admin.ok("messages.listAttachments", json!({ "id": sent["id"] })).await;
        assert_eq!(listed["data"], sent["attachments"]);
        let add = json!({ "id": sent["id"], "file_id": other });
        admin.post("messages.addAttachment", &add).await.refused(409, "invalid_state");

        let draft = json!({ "conversation_id": conversation, "direction": "outbound", "status": "draft", "text": "x" });
        let draft = admin.ok("messages.create", draft).await["id"].clone();
        let add = json!({ "id": draft, "file_id": note });
        let (with_file, events) = api.events_of(admin.ok("messages.addAttachment", add.clone())).await;
        assert_eq!((with_file["attachments"].as_array().unwrap().len(), events.len()), (1, 1));
        let (again, events) = api.events_of(admin.ok("messages.addAttachment", add.clone())).await;
        assert_eq!((&again["version"], events.len()), (&with_file["version"], 0));
        let wrong = json!({ "id": draft, "file_id": data });
        admin.post("messages.addAttachment", &wrong).await.wrong("/file_id", "not_allowed");
        let without = admin.ok("messages.removeAttachment", add).await;
        assert_eq!(without["attachments"], json!([]));
        admin.ok("messages.delete", json!({ "id": draft })).await;
        admin.ok("files.info", json!({ "id": note })).await;
    });
}
