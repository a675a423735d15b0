//! Files: their bytes, their public addresses, and that nothing is half there.

mod bucket;
mod fetched;
mod links;
mod public;
mod sight;
mod uploads;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dotdesk::resources::inbox::files::storage;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01";

pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// What `files.create` is sent for a file with these bytes.
pub fn inline(name: &str, content_type: &str, bytes: &[u8]) -> Value {
    json!({ "name": name, "content_type": content_type, "content_base64": base64(bytes) })
}

pub async fn create(api: &Api, name: &str, content_type: &str, bytes: &[u8]) -> Value {
    api.admin().ok("files.create", inline(name, content_type, bytes)).await
}

/// The bytes of a file, as `files.read` answers them.
pub async fn bytes_of(api: &Api, file: &Value) -> Vec<u8> {
    let part = api.admin().ok("files.read", json!({ "id": file["id"] })).await;
    STANDARD.decode(part["content_base64"].as_str().unwrap()).unwrap()
}

/// Every file below the folder of bytes.
pub fn on_disk(api: &Api) -> Vec<PathBuf> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { below(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    below(api.files.path(), &mut found);
    found
}

#[test]
fn what_was_stored_comes_back() {
    on_both(async |api| {
        let admin = api.admin();
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let (created, events) =
            api.events_of(admin.post("files.create", &inline("a.bin", "Application/Octet-Stream; x=y", &bytes))).await;
        let file = created.body;
        assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["file.created"]);
        assert_eq!(events[0].data, file);
        assert_eq!(file["content_type"], "application/octet-stream");
        assert_eq!((&file["size"], &file["received_size"]), (&json!(3_000_000), &json!(3_000_000)));
        assert_eq!((&file["status"], &file["scan"]["state"]), (&json!("ready"), &json!("clean")));
        assert_eq!(file["url"], format!("/f/{}", file["token"].as_str().unwrap()));
        assert_eq!(file["linked_to"], json!([]));
        assert_eq!(admin.ok("files.info", json!({ "id": file["id"] })).await, file);
        assert_eq!(admin.ok("files.list", json!({ "status": "ready" })).await["data"], json!([file]));
        assert_eq!(admin.ok("files.list", json!({ "status": "quarantined" })).await["data"], json!([]));

        assert_eq!(bytes_of(api, &file).await, bytes);
        let part = json!({ "file_token": file["token"], "offset": 2_999_998, "length": 100 });
        let part = admin.ok("files.read", part).await;
        assert_eq!(part["content_base64"], base64(&bytes[2_999_998..]));
        assert_eq!((&part["offset"], &part["size"]), (&json!(2_999_998), &json!(3_000_000)));
        let end = admin.ok("files.read", json!({ "id": file["id"], "offset": 3_000_000 })).await;
        assert_eq!(end["content_base64"], "");
        let beyond = admin.post("files.read", &json!({ "id": file["id"], "offset": 3_000_001 })).await;
        beyond.wrong("/offset", "too_large");
        admin.post("files.read", &json!({})).await.wrong("/id", "required");
        let both = json!({ "id": file["id"], "file_token": file["token"] });
        admin.post("files.read", &both).await.wrong("/file_token", "not_allowed");
        api.stranger().post("files.read", &json!({ "file_token": file["token"] })).await.refused(404, "file_not_found");
    });
}

#[test]
fn a_file_is_sent_in_one_way() {
    on_both(async |api| {
        let admin = api.admin();
        let before = api.row_counts().await;
        admin.post("files.create", &json!({ "name": "x" })).await.wrong("/content_base64", "required");
        let both = json!({ "name": "x", "content_base64": "AA==", "source_url": "https://example.com/x" });
        admin.post("files.create", &both).await.wrong("/source_url", "not_allowed");
        let broken = json!({ "name": "x", "content_base64": "A A=" });
        admin.post("files.create", &broken).await.wrong("/content_base64", "format");
        let large = inline("x", "application/octet-stream", &vec![0; (8 << 20) + 3]);
        admin.post("files.create", &large).await.wrong("/content_base64", "too_long");
        let huge = inline("x", "application/octet-stream", &vec![0; 10 << 20]);
        admin.post("files.create", &huge).await.refused(413, "request_too_large");
        assert_eq!(api.row_counts().await, before);
        assert!(on_disk(api).is_empty());
        let most = inline("x", "application/octet-stream", &vec![0; 8 << 20]);
        assert_eq!(admin.ok("files.create", most).await["size"], 8 << 20);
        let empty = admin.ok("files.create", json!({ "name": "empty", "content_base64": "" })).await;
        assert_eq!((&empty["size"], &empty["content_type"]), (&json!(0), &json!("application/octet-stream")));
        assert_eq!(bytes_of(api, &empty).await, b"");
    });
}

#[test]
fn equal_bytes_are_stored_once_and_go_with_their_last_file() {
    on_both(async |api| {
        let admin = api.admin();
        let one = create(api, "one.txt", "text/plain", b"the same").await;
        let two = create(api, "two.txt", "text/plain", b"the same").await;
        assert_eq!(one["sha256"], two["sha256"]);
        assert_ne!(one["token"], two["token"]);
        assert_eq!(on_disk(api).len(), 1);
        let theirs = api.stranger().ok("files.create", inline("x.txt", "text/plain", b"the same")).await;
        assert_eq!(on_disk(api).len(), 2, "one organization's bytes are none of the other's");

        let (_, events) = api.events_of(admin.post("files.delete", &json!({ "id": one["id"] }))).await;
        assert_eq!((events.len(), events[0].kind.as_str()), (1, "file.deleted"));
        storage::purge(&api.app).await.unwrap();
        assert_eq!(bytes_of(api, &two).await, b"the same");
        admin.post("files.info", &json!({ "id": one["id"] })).await.refused(404, "file_not_found");

        admin.ok("files.delete", json!({ "id": two["id"] })).await;
        assert_eq!(storage::purge(&api.app).await.unwrap(), 1);
        assert_eq!(storage::purge(&api.app).await.unwrap(), 0);
        let left = api.stranger().ok("files.read", json!({ "id": theirs["id"] })).await;
        assert_eq!((on_disk(api).len(), &left["content_base64"]), (1, &json!(base64(b"the same"))));
    });
}

#[test]
fn bytes_that_come_and_go_at_once_are_never_missing() {
    on_both(async |api| {
        let rounds = (0..12).map(|n| async move {
            let mut kept = Vec::new();
            for round in 0..6 {
                let file = create(api, "race.txt", "text/plain", b"everybody's").await;
                if (n + round) % 3 == 0 {
                    kept.push(file);
                } else {
                    api.admin().ok("files.delete", json!({ "id": file["id"] })).await;
                }
                if n % 4 == 0 {
                    storage::purge(&api.app).await.unwrap();
                }
            }
            kept
        });
        let kept: Vec<Value> = join_all(rounds).await.into_iter().flatten().collect();
        storage::purge(&api.app).await.unwrap();
        assert_eq!(on_disk(api).len(), 1);
        for file in &kept {
            assert_eq!(bytes_of(api, file).await, b"everybody's");
        }
        // And when all go at once, the bytes go.
        let admin = api.admin();
        join_all(kept.iter().map(|file| admin.ok("files.delete", json!({ "id": file["id"] })))).await;
        storage::purge(&api.app).await.unwrap();
        assert!(on_disk(api).is_empty());
    });
}

#[test]
fn bytes_that_are_something_else_are_quarantined() {
    on_both(async |api| {
        let admin = api.admin();
        let page = b"<!DOCTYPE html><script>alert(1)</script>";
        for (content_type, bytes) in [("image/png", &page[..]), ("text/plain", b"PK\x03\x04"), ("application/pdf", PNG)]
        {
            let file = create(api, "x", content_type, bytes).await;
            assert_eq!((&file["status"], &file["scan"]["state"]), (&json!("quarantined"), &json!("suspicious")));
            assert!(file["scan"]["message"].as_str().unwrap().contains(content_type), "{}", file["scan"]);
            assert_eq!(file["url"], Value::Null);
            admin.post("files.read", &json!({ "id": file["id"] })).await.refused(409, "invalid_state");
            let address = format!("/f/{}", file["token"].as_str().unwrap());
            api.nobody().get(&address).await.refused(404, "file_not_found");
            admin.ok("files.delete", json!({ "id": file["id"] })).await;
        }
        storage::purge(&api.app).await.unwrap();
        assert!(on_disk(api).is_empty());
        let guessed = admin.ok("files.create", json!({ "name": "x", "content_base64": base64(PNG) })).await;
        assert_eq!((&guessed["content_type"], &guessed["status"]), (&json!("image/png"), &json!("ready")));
    });
}

/// 42 kB that would be petabytes if somebody unpacked them: nobody does.
#[test]
fn an_archive_is_as_large_as_its_bytes() {
    on_both(async |api| {
        let mut bomb = b"PK\x03\x04\x14\0\0\0\x08\0".to_vec();
        bomb.extend(vec![0; 42_000]);
        let file = create(api, "42.zip", "application/zip", &bomb).await;
        assert_eq!((&file["status"], &file["size"]), (&json!("ready"), &json!(bomb.len())));
        let written: u64 = on_disk(api).iter().map(|path| path.metadata().unwrap().len()).sum();
        assert_eq!(written, bomb.len() as u64);
    });
}

#[test]
fn a_store_that_is_full_stores_no_half_file() {
    on_both(async |api| {
        let admin = api.admin();
        create(api, "before.txt", "text/plain", b"before").await;
        let before = api.row_counts().await;
        // A file is where the folder of these bytes would be made.
        let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let space = on_disk(api)[0].ancestors().nth(3).unwrap().to_owned();
        std::fs::write(space.join(&sha256[..2]), "in the way").unwrap();
        let refused = admin.post("files.create", &inline("x.txt", "text/plain", b"hello")).await;
        refused.refused(503, "service_unavailable");
        assert_eq!(refused.header("retry-after"), "1");
        assert_eq!(api.row_counts().await, before);
        assert_eq!(on_disk(api).len(), 2, "what is in the way, and what was there before");
        std::fs::remove_file(space.join(&sha256[..2])).unwrap();
        let file = admin.ok("files.create", inline("x.txt", "text/plain", b"hello")).await;
        assert_eq!(file["sha256"], sha256);
    });
}

#[test]
fn a_test_key_has_files_of_its_own() {
    on_both(async |api| {
        let key = json!({ "name": "Test", "environment": "test", "scopes": ["files:read", "files:write"] });
        let key = api.admin().ok("apiKeys.create", key).await;
        let test = api.client(key["secret"].as_str().unwrap());
        let live = create(api, "live.txt", "text/plain", b"bytes").await;
        let made = test.ok("files.create", inline("test.txt", "text/plain", b"bytes")).await;
        assert_eq!(on_disk(api).len(), 2);
        assert_eq!(test.ok("files.list", json!({})).await["data"], json!([made]));
        test.post("files.info", &json!({ "id": live["id"] })).await.refused(404, "file_not_found");
        test.post("files.read", &json!({ "file_token": live["token"] })).await.refused(404, "file_not_found");
        api.admin().post("files.delete", &json!({ "id": made["id"] })).await.refused(404, "file_not_found");
    });
}
