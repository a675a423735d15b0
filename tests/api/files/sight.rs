//! Who sees which files, and how messages show those that are attached to them.

use serde_json::{Value, json};

use super::{PNG, base64, create};
use crate::support::{Api, on_both};

/// A file that is attached to what somebody wrote on a channel of this source.
async fn received(api: &Api, source: &str, number: &str) -> Value {
    let admin = api.admin();
    let file = create(api, "a.txt", "text/plain", source.as_bytes()).await;
    let channel = admin.ok("channels.create", json!({ "type": "api", "name": source, "source": source })).await;
    let contact = json!({ "type": "phone", "value": number, "name": "Jane" });
    let message = json!({ "contact": contact, "channel_id": channel["id"], "text": "Hello", "file_ids": [file["id"]] });
    let message = admin.ok("messages.receive", message).await["message"].clone();
    assert_eq!(message["attachments"][0]["url"], file["url"]);
    admin.ok("files.info", json!({ "id": file["id"] })).await
}

#[test]
fn a_file_is_there_for_those_who_see_its_conversation() {
    on_both(async |api| {
        let agent = api.person_with("Mei", &api.role("agent").await).await;
        let team = json!({ "name": "SMS", "query": { "conversations": "source:*sms" }, "user_ids": [agent.id] });
        api.admin().ok("teams.create", team).await;
        let seen = received(api, "acme.sms", "+1-555-0101").await;
        let hidden = received(api, "acme.mail", "+1-555-0102").await;
        let free = create(api, "free.txt", "text/plain", b"free").await;

        let client = &agent.client;
        let listed = client.ok("files.list", json!({ "include": ["total"] })).await;
        assert_eq!((&listed["data"], &listed["total"]), (&json!([seen, free]), &json!(2)));
        assert_eq!(client.ok("files.info", json!({ "id": seen["id"] })).await, seen);
        client.ok("files.read", json!({ "id": free["id"] })).await;
        for method in ["files.info", "files.read", "files.rotateToken", "files.delete"] {
            client.post(method, &json!({ "id": hidden["id"] })).await.refused(404, "file_not_found");
        }
        client.post("files.read", &json!({ "file_token": hidden["token"] })).await.refused(404, "file_not_found");
        let message = api.admin().ok("messages.info", json!({ "id": seen["linked_to"][0]["id"] })).await;
        let note = |file: &Value| json!({ "conversation_id": message["conversation_id"], "text": "x", "file_ids": [file["id"]] });
        client.post("messages.addNote", &note(&hidden)).await.wrong("/file_ids/0", "unknown_id");
        client.ok("messages.addNote", note(&free)).await;
        assert_eq!(api.admin().ok("files.list", json!({})).await["data"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn a_contact_has_files_of_their_own() {
    on_both(async |api| {
        let contact = async |email: &str| {
            let token = api.admin().ok("contacts.authenticate", json!({ "email": email })).await["token"].clone();
            api.client(token.as_str().unwrap())
        };
        let (jane, john) = (contact("jane@example.com").await, contact("john@example.com").await);
        let file = json!({ "name": "a.png", "content_base64": base64(PNG) });
        let (mine, theirs) = (jane.ok("files.create", file.clone()).await, john.ok("files.create", file).await);
        let ours = create(api, "ours.txt", "text/plain", b"ours").await;
        let upload = json!({ "name": "b", "content_type": "text/plain", "size": 1 });
        let upload = jane.ok("files.createUpload", upload).await;
        let chunk = json!({ "id": upload["id"], "offset": 0, "content_base64": "QQ==" });
        john.post("files.appendChunk", &chunk).await.refused(404, "file_not_found");
        jane.ok("files.appendChunk", chunk).await;
        john.post("files.completeUpload", &json!({ "id": upload["id"] })).await.refused(404, "file_not_found");
        jane.ok("files.completeUpload", json!({ "id": upload["id"] })).await;
        jane.post("files.list", &json!({})).await.refused(403, "no_permission");

        let opening = |file: &Value| json!({ "message": { "text": "x", "file_ids": [file["id"]] } });
        for other in [&theirs, &ours] {
            let refused = jane.post("conversations.create", &opening(other)).await;
            refused.wrong("/message/file_ids/0", "unknown_id");
        }
        jane.ok("conversations.create", opening(&mine)).await;
        let linked = api.admin().ok("files.info", json!({ "id": mine["id"] })).await;
        assert_eq!(linked["linked_to"][0]["type"], "message");
    });
}

#[test]
fn a_message_shows_the_pictures_that_are_attached_to_it() {
    on_both(async |api| {
        let admin = api.admin();
        let logo = create(api, "logo.png", "image/png", PNG).await;
        let other = create(api, "other.png", "image/png", b"\x89PNG\r\n\x1a\nother").await;
        let conversation = api.conversation().await;
        let html = "<p onclick=\"x()\">Hello<img src=\"cid:logo.png\"><script>alert(1)</script></p>";
        let message = json!({ "conversation_id": conversation, "html": html, "file_ids": [logo["id"], other["id"]] });
        let sent = admin.ok("messages.send", message).await;
        let info = async || admin.ok("messages.info", json!({ "id": sent["id"] })).await;
        let shown = info().await;
        assert_eq!(shown["html"], format!("<p>Hello<img src=\"{}\"></p>", logo["url"].as_str().unwrap()));
        let inline: Vec<_> = shown["attachments"].as_array().unwrap().iter().map(|file| &file["is_inline"]).collect();
        assert_eq!(inline, [&json!(true), &json!(false)]);
        let rotated = admin.ok("files.rotateToken", json!({ "id": logo["id"] })).await;
        assert!(info().await["html"].as_str().unwrap().contains(rotated["url"].as_str().unwrap()));
    });
}
