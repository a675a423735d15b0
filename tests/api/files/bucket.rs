//! Files in an S3-compatible bucket: a server on this machine that checks every signature and keeps what it is given.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use dotdesk::method::Services;
use dotdesk::providers::blobs::{Blobs, Bucket, BucketSettings};
use dotdesk::resources::inbox::files::storage;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{base64, bytes_of, create, inline};
use crate::support::{Setup, on_both_with};

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A bucket.
#[derive(Clone, Default)]
struct Shelf {
    objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    is_away: Arc<AtomicBool>,
    /// What was wrong with a request, if anything ever was.
    wrong: Arc<Mutex<Vec<String>>>,
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Shelf {
    fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shelf = Self::default();
        let server = shelf.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (shelf, stream) = (server.clone(), stream.unwrap());
                std::thread::spawn(move || shelf.serve(&stream));
            }
        });
        (shelf, url)
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(request) = read(&mut reader) {
            let (head, body) = self.answer(&request);
            let text = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len());
            let mut writer = stream;
            if writer.write_all(text.as_bytes()).and_then(|()| writer.write_all(&body)).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> (String, Vec<u8>) {
        if self.is_away.load(Ordering::SeqCst) {
            return ("503 Slow Down".into(), Vec::new());
        }
        if let Err(why) = check_signature(request) {
            self.wrong.lock().unwrap().push(format!("{} {}: {why}", request.method, request.path));
            return ("403 Forbidden".into(), b"<Error><Code>SignatureDoesNotMatch</Code></Error>".to_vec());
        }
        let described = "ETag: \"1\"\r\nLast-Modified: Fri, 20 Nov 2026 12:00:00 GMT";
        let mut objects = self.objects.lock().unwrap();
        match (request.method.as_str(), objects.get(&request.path)) {
            ("PUT", _) => {
                objects.insert(request.path.clone(), request.body.clone());
                (format!("200 OK\r\n{described}"), Vec::new())
            }
            ("DELETE", _) => {
                objects.remove(&request.path);
                ("204 No Content".into(), Vec::new())
            }
            ("GET", Some(bytes)) => {
                let range = request.headers.get("range").and_then(|range| range.strip_prefix("bytes="));
                let (first, last) = range.and_then(|range| range.split_once('-')).expect("parts are asked for");
                let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
                let range = format!("Content-Range: bytes {first}-{last}/{}", bytes.len());
                (format!("206 Partial Content\r\n{range}\r\n{described}"), bytes[first..=last].to_vec())
            }
            _ => ("404 Not Found".into(), b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
        }
    }

    fn sizes(&self) -> Vec<usize> {
        self.objects.lock().unwrap().values().map(Vec::len).collect()
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path: path.to_owned(), query: query.to_owned(), headers, body })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

/// Checks a request as AWS does (Signature Version 4): the signature covers all of it, the bytes too.
fn check_signature(request: &Request) -> Result<(), String> {
    let header = |name: &str| request.headers.get(name).cloned().ok_or(format!("no header {name}"));
    let payload = header("x-amz-content-sha256")?;
    if payload != hex(&Sha256::digest(&request.body)) {
        return Err(format!("the bytes are not those that were signed: {payload}"));
    }
    let authorization = header("authorization")?;
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("another algorithm")?;
    let field = |name: &str| {
        let found = fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
        found.map(str::to_owned).ok_or(format!("no {name}"))
    };
    let (credential, signed, signature) = (field("Credential")?, field("SignedHeaders")?, field("Signature")?);
    let scope = credential.strip_prefix(&format!("{KEY_ID}/")).ok_or("another key")?;
    let headers: String = signed.split(';').map(|name| format!("{name}:{}\n", request.headers[name])).collect();
    let mut query: Vec<&str> = request.query.split('&').filter(|part| !part.is_empty()).collect();
    query.sort_unstable();
    let canonical =
        format!("{}\n{}\n{}\n{headers}\n{signed}\n{payload}", request.method, request.path, query.join("&"));
    let digest = hex(&Sha256::digest(&canonical));
    let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{digest}", header("x-amz-date")?);
    let key = scope.split('/').fold(format!("AWS4{SECRET}").into_bytes(), |key, part| mac(&key, part));
    match hex(&mac(&key, &to_sign)) == signature && scope.ends_with("/eu-central-1/s3/aws4_request") {
        true => Ok(()),
        false => Err(format!("the signature is wrong for {canonical:?}")),
    }
}

fn with_bucket(secret: &str) -> (Shelf, Setup) {
    let (shelf, endpoint) = Shelf::start();
    let settings = BucketSettings {
        url: "s3://desk-files/some/prefix".into(),
        endpoint: Some(endpoint),
        region: "eu-central-1".into(),
        key_id: Some(KEY_ID.into()),
        secret_key: Some(secret.into()),
    };
    let services = Arc::new(move |usual: Services| usual.with(Blobs::Bucket(Bucket::open(&settings).unwrap())));
    (shelf, Setup { services, ..Setup::default() })
}

#[test]
fn files_are_kept_in_a_bucket_byte_for_byte() {
    let (shelf, setup) = with_bucket(SECRET);
    on_both_with(setup, async |api| {
        let bytes: Vec<u8> = (0..2_000_000_u32).map(|n| (n % 239) as u8).collect();
        let file = create(api, "a.bin", "application/octet-stream", &bytes).await;
        create(api, "b.bin", "application/octet-stream", &bytes).await;
        assert_eq!(shelf.sizes(), [2_000_000]);
        let path = shelf.objects.lock().unwrap().keys().next().unwrap().clone();
        let sha256 = file["sha256"].as_str().unwrap();
        let prefix =
            format!("/desk-files/some/prefix/{}/{}/{}/{sha256}.", api.acme.id.hex(), &sha256[..2], &sha256[2..4]);
        assert!(path.starts_with(&prefix), "{path}");
        assert!(shelf.objects.lock().unwrap()[&path] == bytes);
        assert!(bytes_of(api, &file).await == bytes);
        let part = api.admin().ok("files.read", json!({ "id": file["id"], "offset": 7, "length": 9 })).await;
        assert_eq!(part["content_base64"], base64(&bytes[7..16]));
        let got = api.nobody().get(file["url"].as_str().unwrap()).await;
        assert!(got.bytes == bytes);
        let part = api.nobody().with("range", "bytes=-10").get(file["url"].as_str().unwrap()).await;
        assert_eq!((part.status, &part.bytes[..]), (206, &bytes[1_999_990..]));

        let upload = json!({ "name": "c", "content_type": "text/plain", "size": 4 });
        let upload = api.admin().ok("files.createUpload", upload).await;
        for (offset, bytes) in [(0, b"ab"), (2, b"cd")] {
            let chunk = json!({ "id": upload["id"], "offset": offset, "content_base64": base64(bytes) });
            api.admin().ok("files.appendChunk", chunk).await;
        }
        api.admin().ok("files.completeUpload", json!({ "id": upload["id"] })).await;
        storage::purge(&api.app).await.unwrap();
        assert_eq!(bytes_of(api, &upload).await, b"abcd");
        assert_eq!(shelf.sizes().len(), 2, "the chunks are gone");

        let all = api.admin().ok("files.list", json!({})).await;
        for file in all["data"].as_array().unwrap() {
            api.admin().ok("files.delete", json!({ "id": file["id"] })).await;
        }
        storage::purge(&api.app).await.unwrap();
        assert!(shelf.sizes().is_empty());
        assert_eq!(*shelf.wrong.lock().unwrap(), Vec::<String>::new());
    });
}

#[test]
fn a_bucket_that_is_away_stores_no_half_file() {
    let (shelf, setup) = with_bucket(SECRET);
    on_both_with(setup, async |api| {
        let file = create(api, "a.txt", "text/plain", b"before").await;
        let before = api.row_counts().await;
        shelf.is_away.store(true, Ordering::SeqCst);
        let admin = api.admin();
        admin.post("files.create", &inline("b.txt", "text/plain", b"after")).await.refused(503, "service_unavailable");
        admin.post("files.read", &json!({ "id": file["id"] })).await.refused(503, "service_unavailable");
        let got = api.nobody().get(file["url"].as_str().unwrap()).await;
        got.refused(503, "service_unavailable");
        // It may have been stored for all that is known, so the key stays noted until somebody could look.
        let left = |counts: &[(String, i64)]| -> Vec<_> {
            counts.iter().filter(|(name, _)| name != "unused_blobs").cloned().collect()
        };
        assert_eq!(left(&api.row_counts().await), left(&before));
        shelf.is_away.store(false, Ordering::SeqCst);
        api.pass_seconds(3600);
        storage::purge(&api.app).await.unwrap();
        assert_eq!((api.row_counts().await, shelf.sizes().len()), (before, 1));
        assert_eq!(bytes_of(api, &file).await, b"before");
        admin.ok("files.delete", json!({ "id": file["id"] })).await;
        storage::purge(&api.app).await.unwrap();
    });
}

#[test]
fn a_wrong_key_to_the_bucket_opens_nothing() {
    let (shelf, setup) = with_bucket("another key");
    on_both_with(setup, async |api| {
        let refused = api.admin().post("files.create", &inline("b.txt", "text/plain", b"x")).await;
        refused.refused(503, "service_unavailable");
        assert!(!refused.text.contains("Signature") && shelf.sizes().is_empty());
        assert!(!shelf.wrong.lock().unwrap().is_empty());
    });
}
