//! Files that the server fetches from an address.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;

use dotdesk::method::Services;
use dotdesk::providers::fetch::Fetch;
use serde_json::json;

use super::{PNG, bytes_of, on_disk};
use crate::support::{Setup, on_both, on_both_with};

/// A web server on this machine that always answers the same.
fn serve(head: &'static str, body: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/picture", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body).unwrap();
        }
    });
    url
}

#[test]
fn nothing_is_fetched_from_the_servers_own_network() {
    on_both(async |api| {
        let before = api.row_counts().await;
        let local = serve("200 OK\r\nContent-Type: image/png", PNG);
        let port = local.rsplit(':').next().unwrap();
        let spellings = [
            local.clone(),
            format!("http://localhost:{port}"),
            format!("http://[::ffff:127.0.0.1]:{port}"),
            format!("http://2130706433:{port}"),
        ];
        for address in spellings {
            let fetched = json!({ "name": "x.png", "source_url": address });
            let refused = api.admin().post("files.create", &fetched).await;
            refused.refused(400, "unsafe_url");
        }
        assert_eq!((api.row_counts().await, on_disk(api).len()), (before, 0));
    });
}

#[test]
fn what_is_fetched_is_stored_as_if_it_had_been_sent() {
    let services = Arc::new(|usual: Services| usual.with(Fetch::new(true).unwrap()));
    on_both_with(Setup { services, ..Setup::default() }, async |api| {
        let admin = api.admin();
        let at = |url: &str| json!({ "name": "x.png", "source_url": url });
        let file = admin.ok("files.create", at(&serve("200 OK\r\nContent-Type: Image/PNG; q=1", PNG))).await;
        assert_eq!((&file["content_type"], &file["status"]), (&json!("image/png"), &json!("ready")));
        assert_eq!(bytes_of(api, &file).await, PNG);
        let disguised = admin.ok("files.create", at(&serve("200 OK\r\nContent-Type: image/png", b"<html>"))).await;
        assert_eq!(disguised["status"], "quarantined");
        let before = api.row_counts().await;
        let onward = serve("302 Found\r\nLocation: http://127.0.0.1/", b"");
        admin.post("files.create", &at(&onward)).await.refused(400, "unsafe_url");
        let missing = serve("404 Not Found", b"");
        admin.post("files.create", &at(&missing)).await.wrong("/source_url", "unreachable");
        admin.post("files.create", &at("http://127.0.0.1:1/")).await.wrong("/source_url", "unreachable");
        let large: &'static [u8] = vec![0; (8 << 20) + 1].leak();
        admin.post("files.create", &at(&serve("200 OK", large))).await.refused(400, "limit_exceeded");
        assert_eq!(api.row_counts().await, before);
    });
}
