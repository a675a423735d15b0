//! The keys that an issuer publishes (RFC 7517), kept in memory.
//!
//! They are read once, again when a token names a key that is not among them, and after half a day. Whoever sends tokens with
//! invented key names causes one fetch in ten seconds, no more; and while a fetch fails, the keys known so far go on working.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinHandle;

use super::{BadIssuer, JwksSource, Refusal};

/// How long an unknown key name waits until the keys are read again for it, in seconds.
pub(super) const PAUSE_SECONDS: u32 = 10;
const PAUSE: Duration = Duration::from_secs(PAUSE_SECONDS as u64);
/// How old the keys get before they are read again, beside the calls.
const STALE: Duration = Duration::from_secs(12 * 60 * 60);
/// How long reading them may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of a key set.
const MOST_BYTES: usize = 1 << 20;
/// The fewest bytes of an RSA modulus: 2048 bits (RFC 7518, section 3.3).
const RSA_BYTES: usize = 256;

/// The keys of one issuer.
pub(super) struct Jwks {
    issuer: String,
    source: Source,
    keys: RwLock<Option<Arc<KeySet>>>,
    /// Held while the keys are read; when that was last tried for an unknown name, or failed.
    tried_at: Arc<Mutex<Option<Instant>>>,
}

enum Source {
    File(PathBuf),
    Url(reqwest::Client, reqwest::Url),
}

struct KeySet {
    keys: HashMap<String, Arc<Key>>,
    read_at: Instant,
}

/// A key, and the one algorithm it is for.
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

impl Jwks {
    pub(super) fn new(issuer: String, source: &JwksSource) -> Result<Self, BadIssuer> {
        let source = match source {
            JwksSource::File(path) => Source::File(path.clone()),
            JwksSource::Url(address) => {
                let url = reqwest::Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
                Source::Url(client()?, url.ok_or_else(|| BadIssuer::Address(issuer.clone()))?)
            }
        };
        Ok(Self { issuer, source, keys: RwLock::default(), tried_at: Arc::default() })
    }

    /// The key of this name.
    pub(super) async fn find(self: &Arc<Self>, kid: &str) -> Result<Arc<Key>, Refusal> {
        if let Some(set) = self.known()
            && let Some(key) = set.keys.get(kid)
        {
            if set.read_at.elapsed() >= STALE {
                self.read_aside();
            }
            return Ok(key.clone());
        }
        // One caller reads the keys; the others wait here and then find what it found.
        let tried_at = self.tried_at.clone().lock_owned().await;
        let is_there = self.known().is_some_and(|set| set.keys.contains_key(kid));
        if !is_there && tried_at.is_none_or(|at| at.elapsed() >= PAUSE) {
            // On its own task, so that a caller who hangs up does not stop what others wait for.
            let _ = self.clone().read(tried_at).await;
        }
        let set = self.known().ok_or(Refusal::NoKeys)?;
        set.keys.get(kid).cloned().ok_or(Refusal::UnknownKey)
    }

    fn known(&self) -> Option<Arc<KeySet>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys while calls go on with those that are known.
    fn read_aside(self: &Arc<Self>) {
        if let Ok(tried_at) = self.tried_at.clone().try_lock_owned()
            && tried_at.is_none_or(|at| at.elapsed() >= PAUSE)
        {
            drop(self.clone().read(tried_at));
        }
    }

    fn read(self: Arc<Self>, mut tried_at: OwnedMutexGuard<Option<Instant>>) -> JoinHandle<()> {
        tokio::spawn(async move {
            let is_first = self.known().is_none();
            *tried_at = Some(Instant::now());
            match self.source.read().await {
                Ok(keys) => {
                    let set = KeySet { keys, read_at: Instant::now() };
                    *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(set));
                    if is_first {
                        // Nobody asked in vain yet: a rotation right after the start is noticed at once.
                        *tried_at = None;
                    }
                }
                Err(why) => tracing::warn!(issuer = self.issuer, why, "the keys of an issuer cannot be read"),
            }
        })
    }
}

impl Source {
    async fn read(&self) -> Result<HashMap<String, Arc<Key>>, String> {
        let text = match self {
            Self::File(path) => tokio::fs::read(path).await.map_err(|error| format!("{}: {error}", path.display()))?,
            Self::Url(client, url) => fetch(client, url.clone()).await?,
        };
        parse(&text)
    }
}

fn client() -> Result<reqwest::Client, BadIssuer> {
    let failed = |error: &dyn std::fmt::Display| BadIssuer::Client(error.to_string());
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| failed(&error))
}

async fn fetch(client: &reqwest::Client, url: reqwest::Url) -> Result<Vec<u8>, String> {
    let failed = |error: reqwest::Error| error.to_string();
    let mut response = client.get(url).send().await.map_err(failed)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(format!("the answer has status {}", response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(format!("the answer has more than {MOST_BYTES} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct RawKey {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The keys of a set that sign in a way we accept. Others may stand beside them (RFC 7517, section 5).
fn parse(text: &[u8]) -> Result<HashMap<String, Arc<Key>>, String> {
    let set: RawSet = serde_json::from_slice(text).map_err(|error| format!("not a key set: {error}"))?;
    let keys: HashMap<_, _> = set
        .keys
        .into_iter()
        .filter_map(|key| serde_json::from_value::<RawKey>(key).ok())
        .filter_map(|key| key.usable().map(|usable| (key.kid, Arc::new(usable))))
        .collect();
    if keys.is_empty() { Err("the key set has no key that can be used".into()) } else { Ok(keys) }
}

impl RawKey {
    fn usable(&self) -> Option<Key> {
        let (algorithm, word, decoding) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", None) => {
                let modulus = self.n.as_deref()?;
                URL_SAFE_NO_PAD.decode(modulus).ok().filter(|bytes| bytes.len() >= RSA_BYTES)?;
                let decoding = DecodingKey::from_rsa_components(modulus, self.e.as_deref()?);
                (Algorithm::RS256, "RS256", decoding)
            }
            ("EC", Some("P-256")) => {
                let decoding = DecodingKey::from_ec_components(self.x.as_deref()?, self.y.as_deref()?);
                (Algorithm::ES256, "ES256", decoding)
            }
            ("OKP", Some("Ed25519")) => {
                (Algorithm::EdDSA, "EdDSA", DecodingKey::from_ed_components(self.x.as_deref()?))
            }
            _ => return None,
        };
        let is_for_signing = self.usage.as_deref().is_none_or(|usage| usage == "sig");
        // RFC 9864 gives EdDSA over Ed25519 a name of its own.
        let is_for_this = self.alg.as_deref().is_none_or(|alg| alg == word || (word == "EdDSA" && alg == "Ed25519"));
        let decoding = decoding.ok()?;
        (is_for_signing && is_for_this).then_some(Key { algorithm, decoding })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;

    /// A web server on this machine that publishes what a test tells it to, and counts who asks.
    #[derive(Clone)]
    struct Publisher {
        answer: Arc<Mutex<String>>,
        asked: Arc<AtomicUsize>,
        url: String,
    }

    impl Publisher {
        fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
            let publisher = Self { answer: Arc::default(), asked: Arc::default(), url };
            let server = publisher.clone();
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                    assert_eq!(lines.next().unwrap().unwrap(), "GET /jwks.json HTTP/1.1");
                    while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                    server.asked.fetch_add(1, Ordering::SeqCst);
                    let answer = server.answer.lock().unwrap().clone();
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            });
            publisher
        }

        fn answers(&self, status: &str, headers: &str, body: &str) {
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n");
            *self.answer.lock().unwrap() = head + body;
        }

        fn publishes(&self, kids: &[&str]) {
            let x = URL_SAFE_NO_PAD.encode([1; 32]);
            let keys: Vec<_> =
                kids.iter().map(|kid| json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x})).collect();
            self.answers("200 OK", "", &json!({ "keys": keys }).to_string());
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }

        fn jwks(&self) -> Arc<Jwks> {
            Arc::new(Jwks::new("test".into(), &JwksSource::Url(self.url.clone())).unwrap())
        }
    }

    async fn outcome(jwks: &Arc<Jwks>, kid: &str) -> Result<(), Refusal> {
        jwks.find(kid).await.map(|_| ())
    }

    async fn let_time_pass(jwks: &Jwks) {
        *jwks.tried_at.lock().await = Instant::now().checked_sub(PAUSE);
    }

    #[tokio::test]
    async fn a_rotation_is_noticed_with_one_fetch() {
        let publisher = Publisher::start();
        publisher.publishes(&["one"]);
        let jwks = publisher.jwks();
        let all = futures_util::future::join_all((0..20).map(|_| outcome(&jwks, "one"))).await;
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(publisher.asked(), 1, "one fetch serves all who wait");

        publisher.publishes(&["one", "two"]);
        let all = futures_util::future::join_all((0..20).map(|_| outcome(&jwks, "two"))).await;
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(publisher.asked(), 2, "and so does the one after a rotation");

        for invented in 0..20 {
            assert_eq!(outcome(&jwks, &invented.to_string()).await, Err(Refusal::UnknownKey));
        }
        assert_eq!(publisher.asked(), 2, "invented names cause none within ten seconds");
        let_time_pass(&jwks).await;
        assert_eq!(outcome(&jwks, "three").await, Err(Refusal::UnknownKey));
        assert_eq!(publisher.asked(), 3, "and one after them");
    }

    #[tokio::test]
    async fn keys_outlive_a_fetch_that_fails() {
        let publisher = Publisher::start();
        publisher.answers("503 Service Unavailable", "", "");
        let jwks = publisher.jwks();
        assert_eq!(outcome(&jwks, "one").await, Err(Refusal::NoKeys));
        publisher.publishes(&["one"]);
        assert_eq!(outcome(&jwks, "one").await, Err(Refusal::NoKeys), "it was tried just now");
        let_time_pass(&jwks).await;
        assert_eq!(outcome(&jwks, "one").await, Ok(()));

        let huge = " ".repeat(MOST_BYTES + 1);
        let elsewhere = format!("Location: {}\r\n", publisher.url);
        for (status, headers, body) in [
            ("500 Internal Server Error", "", ""),
            ("302 Found", elsewhere.as_str(), ""),
            ("200 OK", "", r#"{"keys":[]}"#),
            ("200 OK", "", "<html>"),
            ("200 OK", "", huge.as_str()),
        ] {
            publisher.answers(status, headers, body);
            let before = publisher.asked();
            let_time_pass(&jwks).await;
            assert_eq!(outcome(&jwks, "two").await, Err(Refusal::UnknownKey), "{status}");
            assert_eq!(publisher.asked(), before + 1, "{status}");
            assert_eq!(outcome(&jwks, "one").await, Ok(()), "{status}");
        }
    }

    #[tokio::test]
    async fn old_keys_are_read_again_beside_the_calls() {
        let publisher = Publisher::start();
        publisher.publishes(&["one"]);
        let jwks = publisher.jwks();
        outcome(&jwks, "one").await.unwrap();
        let Some(long_ago) = Instant::now().checked_sub(STALE) else { return };
        let keys = jwks.known().unwrap().keys.clone();
        *jwks.keys.write().unwrap() = Some(Arc::new(KeySet { keys, read_at: long_ago }));
        publisher.publishes(&["one", "two"]);
        assert_eq!(outcome(&jwks, "one").await, Ok(()), "nobody waits for it");
        while jwks.known().unwrap().read_at == long_ago {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(jwks.known().unwrap().keys.contains_key("two"));
        assert_eq!(publisher.asked(), 2);
    }

    #[test]
    fn only_keys_that_sign_as_we_accept_are_taken() {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        let (weak, strong) = (URL_SAFE_NO_PAD.encode([255; 128]), URL_SAFE_NO_PAD.encode([255; 256]));
        let set = json!({"keys": [
            {"kty": "RSA", "kid": "rsa", "n": strong, "e": "AQAB"},
            {"kty": "RSA", "kid": "weak", "n": weak, "e": "AQAB"},
            {"kty": "RSA", "kid": "ps", "n": strong, "e": "AQAB", "alg": "PS256"},
            {"kty": "RSA", "kid": "enc", "n": strong, "e": "AQAB", "use": "enc"},
            {"kty": "EC", "crv": "P-256", "kid": "ec", "x": x, "y": x, "alg": "ES256"},
            {"kty": "EC", "crv": "P-384", "kid": "ec384", "x": x, "y": x},
            {"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": x, "alg": "Ed25519"},
            {"kty": "oct", "kid": "secret", "k": "AAAA"},
            {"kty": "RSA", "n": strong, "e": "AQAB"},
            "noise",
        ]});
        let mut kids: Vec<String> = parse(set.to_string().as_bytes()).unwrap().into_keys().collect();
        kids.sort();
        assert_eq!(kids, ["ec", "ed", "rsa"]);
    }
}
