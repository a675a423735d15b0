//! `GET /f/<token>`: what browsers are told, and what they get.

use serde_json::{Value, json};

use super::{PNG, create, inline};
use crate::support::{Api, Reply, on_both};

fn address(file: &Value) -> String {
    format!("/f/{}", file["token"].as_str().unwrap())
}

async fn get(api: &Api, file: &Value) -> Reply {
    api.nobody().get(&address(file)).await
}

#[test]
fn only_what_cannot_run_is_shown_in_place() {
    on_both(async |api| {
        let shown: &[(&str, &[u8])] = &[
            ("image/png", PNG),
            ("image/jpeg", b"\xff\xd8\xff\xe0"),
            ("image/gif", b"GIF89a"),
            ("image/webp", b"RIFF\0\0\0\0WEBPVP8 "),
            ("application/pdf", b"%PDF-1.7"),
            ("text/plain", b"<script>alert(1)</script>"),
        ];
        let saved: &[(&str, &[u8])] = &[
            ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
            ("text/html", b"<!doctype html><script>alert(1)</script>"),
            ("text/xml", b"<?xml version='1.0'?><x/>"),
            ("application/xhtml+xml", b"<html xmlns='http://www.w3.org/1999/xhtml'/>"),
            ("text/javascript", b"alert(1)"),
            ("application/octet-stream", b"<html>"),
            ("application/x-unheard-of", b"x"),
        ];
        for (kind, cases) in [("inline", shown), ("attachment", saved)] {
            for (content_type, bytes) in cases {
                let file = create(api, "a.x", content_type, bytes).await;
                let reply = get(api, &file).await;
                assert_eq!((reply.status, &reply.bytes[..]), (200, *bytes), "{content_type}");
                assert_eq!(reply.header("content-disposition"), format!("{kind}; filename=\"a.x\""), "{content_type}");
                assert!(reply.header("content-type").starts_with(content_type));
                assert_eq!(reply.header("x-content-type-options"), "nosniff");
                let policy = reply.header("content-security-policy");
                assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
                assert!(*content_type == "application/pdf" || policy.contains("sandbox"), "{policy}");
                assert_eq!(reply.header("etag"), format!("\"{}\"", file["sha256"].as_str().unwrap()));
                assert!(reply.header("cache-control").starts_with("private, max-age="));
                assert_eq!(reply.header("content-encoding"), "");
            }
        }
    });
}

#[test]
fn parts_and_heads_are_answered() {
    on_both(async |api| {
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 253) as u8).collect();
        let file = create(api, "Größe.bin", "application/octet-stream", &bytes).await;
        let whole = get(api, &file).await;
        assert!(whole.bytes == bytes && whole.header("accept-ranges") == "bytes");
        assert_eq!(whole.header("content-length"), "1000000");
        assert_eq!(
            whole.header("content-disposition"),
            "attachment; filename=\"Gr__e.bin\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.bin"
        );
        let part = async |range: &str| api.nobody().with("range", range).get(&address(&file)).await;
        let middle = part("bytes=500000-500009").await;
        assert_eq!((middle.status, &middle.bytes[..]), (206, &bytes[500_000..500_010]));
        assert_eq!(middle.header("content-range"), "bytes 500000-500009/1000000");
        assert_eq!(part("bytes=-5").await.bytes, bytes[999_995..]);
        assert_eq!(part("bytes=10-").await.bytes, bytes[10..]);
        let beyond = part("bytes=1000000-").await;
        assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */1000000"));
        assert_eq!(part("bytes=1-2,4-5").await.status, 200);

        let etag = whole.header("etag");
        let known = api.nobody().with("if-none-match", etag).get(&address(&file)).await;
        assert_eq!((known.status, known.bytes.len(), known.header("etag")), (304, 0, etag));
        let client = api.nobody().with("range", "bytes=0-1");
        let same = client.with("if-range", etag).get(&address(&file)).await;
        assert_eq!((same.status, same.bytes.len()), (206, 2));
        let other = client.with("if-range", "\"other\"").get(&address(&file)).await;
        assert_eq!((other.status, other.bytes.len()), (200, 1_000_000));

        let head = api.nobody().request(reqwest::Method::HEAD, &address(&file)).await;
        assert_eq!((head.status, head.bytes.len(), head.header("content-length")), (200, 0, "1000000"));
        let head = client.request(reqwest::Method::HEAD, &address(&file)).await;
        assert_eq!((head.status, head.header("content-range")), (206, "bytes 0-1/1000000"));
        let empty = create(api, "empty", "application/octet-stream", b"").await;
        assert_eq!((get(api, &empty).await.status, get(api, &empty).await.bytes.len()), (200, 0));
    });
}

#[test]
fn a_token_is_over_when_it_is_rotated_expires_or_its_file_goes() {
    on_both(async |api| {
        let admin = api.admin();
        let mut soon = inline("a.txt", "text/plain", b"bytes");
        soon["expires_at"] = json!(api.now().plus_seconds(60));
        let soon = admin.ok("files.create", soon).await;
        let file = create(api, "b.txt", "text/plain", b"bytes").await;
        assert_eq!(get(api, &soon).await.header("cache-control"), "private, max-age=60");
        api.pass_seconds(60);
        get(api, &soon).await.refused(410, "expired");
        let still = admin.ok("files.read", json!({ "id": soon["id"] })).await;
        assert_eq!(still["size"], 5, "only the public address expires");

        let rotated = admin.ok("files.rotateToken", json!({ "id": file["id"] })).await;
        assert_ne!(rotated["token"], file["token"]);
        get(api, &file).await.refused(404, "file_not_found");
        assert_eq!(get(api, &rotated).await.bytes, b"bytes");
        admin.post("files.read", &json!({ "file_token": file["token"] })).await.refused(404, "file_not_found");
        admin.ok("files.delete", json!({ "id": file["id"] })).await;
        get(api, &rotated).await.refused(404, "file_not_found");

        let wrong = rotated["token"].as_str().unwrap().replace("dd_file_", "dd_live_");
        for token in ["", "x", "../../etc/passwd", "dd_file_00000000000000000000000000000000_000000", &wrong] {
            assert_eq!(api.nobody().get(&format!("/f/{token}")).await.status, 404, "{token}");
        }
        let posted = api.nobody().request(reqwest::Method::POST, &address(&rotated)).await;
        posted.refused(404, "unknown_method");
    });
}
