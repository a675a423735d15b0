//! Files that come in chunks.

use dotdesk::resources::inbox::files::storage;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{base64, bytes_of, on_disk};
use crate::support::{Api, Reply, on_both};

const SHA256_OF_ABCDEF: &str = "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721";

async fn begin(api: &Api, more: Value) -> Value {
    let mut args = json!({ "name": "call.bin", "content_type": "application/octet-stream", "size": 6 });
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    api.admin().ok("files.createUpload", args).await
}

async fn append(api: &Api, file: &Value, offset: usize, bytes: &[u8]) -> Reply {
    let chunk = json!({ "id": file["id"], "offset": offset, "content_base64": base64(bytes) });
    api.admin().post("files.appendChunk", &chunk).await
}

async fn end(api: &Api, file: &Value) -> Reply {
    api.admin().post("files.completeUpload", &json!({ "id": file["id"] })).await
}

#[test]
fn chunks_come_in_order_and_may_come_again() {
    on_both(async |api| {
        let file = begin(api, json!({ "sha256": SHA256_OF_ABCDEF.to_uppercase() })).await;
        assert_eq!(
            (&file["status"], &file["url"], &file["received_size"]),
            (&json!("uploading"), &Value::Null, &json!(0))
        );
        append(api, &file, 2, b"cd").await.refused(409, "invalid_state");
        assert_eq!(append(api, &file, 0, b"ab").await.body["received_size"], 2);
        let before = api.row_counts().await;
        assert_eq!(append(api, &file, 0, b"ab").await.body["received_size"], 2);
        let other = append(api, &file, 0, b"xy").await;
        assert_eq!(other.refused(409, "invalid_state").body["error"]["received_size"], 2);
        append(api, &file, 1, b"b").await.refused(409, "invalid_state");
        append(api, &file, 2, b"cdefg").await.refused(400, "limit_exceeded");
        append(api, &file, 2, b"").await.wrong("/content_base64", "too_short");
        end(api, &file).await.refused(409, "invalid_state");
        api.admin().post("files.read", &json!({ "id": file["id"] })).await.refused(409, "invalid_state");
        assert_eq!((api.row_counts().await, on_disk(api).len()), (before, 1), "what is refused leaves nothing");

        append(api, &file, 2, b"cdef").await;
        let (done, events) = api.events_of(end(api, &file)).await;
        assert_eq!((&done.body["status"], &done.body["sha256"]), (&json!("ready"), &json!(SHA256_OF_ABCDEF)));
        assert_eq!((events.len(), &events[0].data), (1, &done.body));
        assert_eq!(bytes_of(api, &file).await, b"abcdef");
        end(api, &file).await.refused(409, "invalid_state");
        append(api, &file, 0, b"ab").await.refused(409, "invalid_state");
        storage::purge(&api.app).await.unwrap();
        assert_eq!(on_disk(api).len(), 1, "the chunks are gone");
        assert_eq!(bytes_of(api, &file).await, b"abcdef");
    });
}

#[test]
fn a_chunk_that_comes_many_times_at_once_counts_once() {
    on_both(async |api| {
        let file = begin(api, json!({})).await;
        for (offset, bytes) in [(0, b"abc"), (3, b"def")] {
            let replies = join_all((0..8).map(|_| append(api, &file, offset, bytes))).await;
            assert!(replies.iter().any(|reply| reply.status == 200));
            for reply in replies {
                // One that looked before the first had come and writes after it is told to come again.
                assert!(matches!(reply.status, 200 | 503), "{}", reply.text);
            }
        }
        let ends = join_all((0..4).map(|_| end(api, &file))).await;
        assert_eq!(ends.iter().filter(|reply| reply.status == 200).count(), 1);
        for reply in ends.iter().filter(|reply| reply.status != 200) {
            reply.refused(409, "invalid_state");
        }
        storage::purge(&api.app).await.unwrap();
        assert_eq!((bytes_of(api, &file).await, on_disk(api).len()), (b"abcdef".to_vec(), 1));
    });
}

#[test]
fn bytes_that_are_not_those_announced_are_not_kept() {
    on_both(async |api| {
        let file = begin(api, json!({ "sha256": SHA256_OF_ABCDEF })).await;
        append(api, &file, 0, b"abcdeF").await;
        let (done, events) = api.events_of(end(api, &file)).await;
        assert_eq!((&done.body["status"], &done.body["scan"]["state"]), (&json!("rejected"), &json!("failed")));
        assert!(done.body["scan"]["message"].as_str().unwrap().contains(SHA256_OF_ABCDEF));
        assert!(events.is_empty(), "there is no file to speak of");
        storage::purge(&api.app).await.unwrap();
        assert!(on_disk(api).is_empty());
        end(api, &file).await.refused(409, "invalid_state");
        api.admin().post("files.read", &json!({ "id": file["id"] })).await.refused(409, "invalid_state");
        api.admin().ok("files.delete", json!({ "id": file["id"] })).await;

        let disguised = begin(api, json!({ "content_type": "image/png" })).await;
        append(api, &disguised, 0, b"<html>").await;
        assert_eq!(end(api, &disguised).await.body["status"], "quarantined");
    });
}

#[test]
fn a_file_of_many_megabytes_arrives() {
    on_both(async |api| {
        let bytes: Vec<u8> = (0..9_000_000_u32).map(|n| (n % 241) as u8).collect();
        let file = begin(api, json!({ "size": bytes.len() })).await;
        for (index, chunk) in bytes.chunks(4 << 20).enumerate() {
            assert_eq!(append(api, &file, index * (4 << 20), chunk).await.status, 200);
        }
        let too_large = append(api, &file, 0, &vec![0; (4 << 20) + 3]).await;
        too_large.wrong("/content_base64", "too_long");
        let done = end(api, &file).await.body;
        let got = api.nobody().get(done["url"].as_str().unwrap()).await;
        assert!(got.bytes == bytes);
        let first = api.admin().ok("files.read", json!({ "id": file["id"] })).await;
        assert_eq!(first["content_base64"].as_str().unwrap(), base64(&bytes[..8 << 20]), "8 MiB at a time");
        let huge = json!({ "name": "x", "content_type": "video/mp4", "size": (50 << 20) + 1 });
        api.admin().post("files.createUpload", &huge).await.wrong("/size", "too_large");
    });
}

#[test]
fn an_upload_that_rests_for_a_day_is_given_up() {
    on_both(async |api| {
        let (old, young) = (begin(api, json!({})).await, begin(api, json!({})).await);
        append(api, &old, 0, b"abc").await;
        api.pass_seconds(storage::ABANDONED_SECONDS - 1);
        append(api, &young, 0, b"abc").await;
        storage::purge(&api.app).await.unwrap();
        assert_eq!(on_disk(api).len(), 2);
        api.pass_seconds(1);
        assert_eq!(storage::purge(&api.app).await.unwrap(), 2, "a file and its chunk");
        api.admin().post("files.info", &json!({ "id": old["id"] })).await.refused(404, "file_not_found");
        append(api, &young, 3, b"def").await;
        assert_eq!(end(api, &young).await.body["status"], "ready");
        // One that is deleted meanwhile takes its chunks with it.
        let gone = begin(api, json!({})).await;
        append(api, &gone, 0, b"ghi").await;
        api.admin().ok("files.delete", json!({ "id": gone["id"] })).await;
        storage::purge(&api.app).await.unwrap();
        assert_eq!(on_disk(api).len(), 1);
    });
}
