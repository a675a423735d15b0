//! The example that loads a mailbox: what becomes of mails, and that nothing becomes of them twice.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Api, on_both};

#[path = "../../examples/load_mailbox/loader/mod.rs"]
mod loader;

use loader::{Options, Report};

fn options(api: &Api) -> Options {
    Options {
        url: api.url.clone(),
        token: api.acme.key.clone(),
        own: vec!["@acme.test".into()],
        source: "mailbox.email".into(),
        at_once: 3,
    }
}

async fn load(api: &Api, path: &Path) -> (Report, Vec<String>) {
    let mut failures = Vec::new();
    let report = loader::load(&options(api), path, |failure| failures.push(failure.to_owned())).await.unwrap();
    (report, failures)
}

async fn conversation(api: &Api, external_id: &str) -> (Value, Vec<Value>) {
    let admin = api.admin();
    let conversation = admin.ok("conversations.info", json!({ "external_id": external_id })).await;
    let messages = admin.ok("messages.list", json!({ "conversation_id": conversation["id"] })).await;
    let messages = messages["data"].as_array().unwrap().clone();
    (conversation, messages)
}

#[test]
fn a_mailbox_is_loaded_once_however_often_it_is_loaded() {
    on_both(async |api| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mailbox.mbox");
        let (report, failures) = load(api, &path).await;
        assert_eq!((report.mails, report.duplicates, report.threads), (9, 1, 4), "{failures:?}");
        assert_eq!((report.stored, report.present, report.conversations), (6, 0, 3), "{failures:?}");
        assert_eq!((report.people, report.attachments), (4, 1));
        assert_eq!(report.failures, failures.len());
        assert!(failures.iter().any(|failure| failure.contains("nobody has sent it")), "{failures:?}");
        assert!(failures.iter().any(|failure| failure.contains("this is no mail")), "{failures:?}");

        let (order, messages) = conversation(api, "mail:1@example.com").await;
        assert_eq!((&order["subject"], &order["source"]), (&json!("Where is my order?"), &json!("mailbox.email")));
        assert_eq!((&order["created_at"], &order["unread_count"]), (&json!("2019-05-06T10:00:00.000Z"), &json!(0)));
        assert_eq!((&order["is_imported"], &order["message_count"]), (&json!(true), &json!(3)));
        let of = |index: usize, field: &str| messages[index][field].clone();
        assert_eq!(of(0, "text"), "Hello,\n\nFrom what I see it was sent on Friday.\n\nJane\n");
        assert_eq!((of(0, "direction"), of(0, "author")["name"].clone()), (json!("inbound"), json!("Jane Doe")));
        assert_eq!((of(1, "direction"), of(1, "status")), (json!("outbound"), json!("sent")));
        assert_eq!(of(1, "created_at"), "2019-05-06T10:00:00.000Z");
        assert_eq!((of(1, "to"), of(1, "from")), (json!(["jane@example.com"]), json!("support@acme.test")));
        assert_eq!(
            (of(2, "author")["name"].clone(), of(2, "created_at")),
            (json!("Doe, John"), json!("2019-05-06T11:00:00.000Z"))
        );
        assert!(of(2, "text").as_str().unwrap().contains("grüße"));
        let html = of(2, "html");
        assert!(html.as_str().unwrap().contains("<b>came</b>") && !html.as_str().unwrap().contains("alert"), "{html}");
        let file = of(2, "attachments")[0].clone();
        assert_eq!(
            (&file["name"], &file["content_type"], &file["size"]),
            (&json!("dot.png"), &json!("image/png"), &json!(70))
        );
        assert_eq!(of(2, "client_message_id"), "3@example.com");

        let (back, messages) = conversation(api, "mail:4@example.org").await;
        assert_eq!(back["subject"], "Rückgabe");
        assert_eq!(messages[0]["author"]["name"], "Jürgen");
        assert_eq!(messages[0]["text"], "Die Größe passt nicht.\n");
        assert_eq!(messages[1]["text"], "Kein Problem.\n", "found by its subject alone");

        let before = api.row_counts().await;
        let (again, _) = load(api, &path).await;
        assert_eq!((again.stored, again.present, again.conversations, again.attachments), (0, 6, 0, 0));
        assert_eq!(again.failures, report.failures);
        let changed: Vec<_> =
            before.iter().zip(api.row_counts().await).filter(|(before, now)| *before != now).collect();
        assert!(changed.is_empty(), "{changed:?}");
    });
}

#[test]
fn a_maildir_and_single_mails_are_loaded_too() {
    on_both(async |api| {
        let folder = tempfile::tempdir().unwrap();
        for (name, from) in [("cur/1:2,S", "one"), ("new/2", "two"), ("tmp/3", "three")] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let mail = format!(
                "From: {from}@example.com\nSubject: Hi\nMessage-ID: <{from}@x>\nDate: Mon, 6 May 2019 10:00:00 +0000\n\nHi\n"
            );
            std::fs::write(path, mail).unwrap();
        }
        let (report, failures) = load(api, folder.path()).await;
        assert_eq!((report.mails, report.stored, report.conversations), (2, 2, 2), "{failures:?}");
        let (report, _) = load(api, &folder.path().join("tmp/3")).await;
        assert_eq!((report.mails, report.stored), (1, 1));
    });
}
