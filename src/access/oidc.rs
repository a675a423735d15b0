//! Tokens of outside OpenID issuers, AWS Cognito user pools first.
//!
//! A token is believed for its signature, made by a key that the issuer publishes under the name (`kid`) in the token's header.
//! Nothing in the token says where keys are found or how they are used: that is configuration.

mod jwks;

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use self::jwks::Jwks;
use crate::db::Timestamp;
use crate::method::{Code, Error, Result};

/// How far the clocks of issuer and server may be apart, in seconds.
const LEEWAY: i64 = 30;
/// Late in the year 9999: instants much later cannot be written down.
const LAST_MILLISECOND: i64 = 253_400_000_000_000;

/// An issuer whose tokens are accepted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    /// Its names, as they stand in `iss`; several where one issuer has several.
    pub issuers: Vec<String>,
    /// For Cognito: the app clients, in `client_id` of access tokens and `aud` of ID tokens.
    #[serde(default)]
    pub client_ids: Vec<String>,
    /// For other issuers: what `aud` must name one of.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// For Cognito: whether ID tokens are taken besides access tokens.
    #[serde(default)]
    pub accept_id_tokens: bool,
    /// Where its keys are found.
    pub jwks: JwksSource,
    /// The slug of the organization its users belong to; may be left out where there is only one.
    #[serde(default)]
    pub organization: Option<String>,
}

/// Where the keys of an issuer are found.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JwksSource {
    /// A JSON file with a key set (RFC 7517), for servers that cannot reach the issuer.
    File(PathBuf),
    /// The address of one.
    Url(String),
}

/// Settings under which no token could be accepted, or too many.
#[derive(Debug, thiserror::Error)]
pub enum BadIssuer {
    /// There is no `iss` to accept.
    #[error("an issuer needs at least one name in `issuers`")]
    Nameless,
    /// Two entries claim the same tokens.
    #[error("the issuer {0} is set up twice")]
    Twice(String),
    /// Tokens made for anybody would be taken, so none are.
    #[error("the issuer {0} needs `client_ids` (Cognito) or `audiences` (others)")]
    ForAnybody(String),
    /// The address of the keys is none.
    #[error("the keys of the issuer {0} need an http or https address")]
    Address(String),
    /// The HTTP client could not be set up.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// The issuers whose tokens are accepted.
pub struct Issuers {
    issuers: Vec<Issuer>,
}

struct Issuer {
    settings: IssuerSettings,
    keys: Arc<Jwks>,
}

/// Who an outside token says it belongs to.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The issuer's id of the user.
    pub subject: String,
    /// The e-mail address, where the issuer vouches for it.
    pub verified_email: Option<String>,
    /// The slug of the organization the issuer is configured for; the only one if not set.
    pub organization: Option<String>,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Malformed,
    Algorithm,
    Issuer,
    NoKeys,
    UnknownKey,
    Signature,
    Expired(Timestamp),
    NotYet,
    TokenUse,
    Client,
    Audience,
}

/// What is read of a token's header. The rest of it (`jwk`, `jku`, `x5c` …) would let the token say which key to believe.
#[derive(Deserialize)]
struct RawHeader {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// Who a token claims to come from, before anything is checked.
#[derive(Deserialize)]
struct Claimed {
    iss: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    token_use: Option<String>,
    client_id: Option<String>,
    aud: Option<Audience>,
    email: Option<String>,
    email_verified: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Issuers {
    /// Issuers with these settings. Keys are fetched when the first token comes.
    pub fn new(settings: Vec<IssuerSettings>) -> Result<Self, BadIssuer> {
        let mut names: Vec<String> = Vec::new();
        let mut issuers = Vec::with_capacity(settings.len());
        for settings in settings {
            let first = settings.issuers.first().ok_or(BadIssuer::Nameless)?.clone();
            for name in &settings.issuers {
                let for_whom = if is_cognito(name) { &settings.client_ids } else { &settings.audiences };
                if for_whom.is_empty() {
                    return Err(BadIssuer::ForAnybody(name.clone()));
                }
                if names.contains(name) {
                    return Err(BadIssuer::Twice(name.clone()));
                }
                names.push(name.clone());
            }
            issuers.push(Issuer { keys: Arc::new(Jwks::new(first, &settings.jwks)?), settings });
        }
        Ok(Self { issuers })
    }

    /// Checks a token: signature, issuer, audience, times.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Identity> {
        self.check(token, now).await.map_err(Error::from)
    }

    async fn check(&self, token: &str, now: Timestamp) -> Result<Identity, Refusal> {
        let mut parts = token.split('.');
        let header: RawHeader = part(parts.next())?;
        let claimed: Claimed = part(parts.next())?;
        if header.crit.is_some() {
            return Err(Refusal::Malformed);
        }
        // What is no algorithm of ours is refused before any key is looked at: `none`, and HMAC over a public key.
        let algorithm = match header.alg.as_str() {
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            "EdDSA" => Algorithm::EdDSA,
            _ => return Err(Refusal::Algorithm),
        };
        let name = claimed.iss.ok_or(Refusal::Issuer)?;
        let issuer = self.issuers.iter().find(|issuer| issuer.settings.issuers.contains(&name));
        let issuer = issuer.ok_or(Refusal::Issuer)?;
        if is_cognito(&name) && algorithm != Algorithm::RS256 {
            return Err(Refusal::Algorithm);
        }
        let key = issuer.keys.find(header.kid.as_deref().ok_or(Refusal::UnknownKey)?).await?;
        if key.algorithm != algorithm {
            return Err(Refusal::Algorithm);
        }
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&name]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // Times are compared with the server's own clock, the audience by the issuer's rules, both below.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation)
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature => Refusal::Signature,
                ErrorKind::InvalidIssuer => Refusal::Issuer,
                _ => Refusal::Malformed,
            })?
            .claims;
        let expires_at = times(&claims, now)?;
        issuer.admits(&claims)?;
        let is_verified = match &claims.email_verified {
            // Users who came to Cognito from elsewhere have it as text.
            Some(Value::String(text)) => text == "true",
            Some(value) => value == &Value::Bool(true),
            None => false,
        };
        Ok(Identity {
            subject: claims.sub,
            verified_email: claims.email.filter(|_| is_verified),
            organization: issuer.settings.organization.clone(),
            expires_at,
        })
    }
}

impl Issuer {
    /// Whether the token was made for us.
    fn admits(&self, claims: &Claims) -> Result<(), Refusal> {
        let settings = &self.settings;
        if !is_cognito(&claims.iss) {
            let ours = match &claims.aud {
                Some(Audience::One(audience)) => settings.audiences.contains(audience),
                Some(Audience::Several(audiences)) => audiences.iter().any(|one| settings.audiences.contains(one)),
                None => false,
            };
            return if ours { Ok(()) } else { Err(Refusal::Audience) };
        }
        let client = match (claims.token_use.as_deref(), &claims.aud) {
            (Some("access"), _) => claims.client_id.as_ref(),
            (Some("id"), Some(Audience::One(client))) if settings.accept_id_tokens => Some(client),
            _ => return Err(Refusal::TokenUse),
        };
        let ours = client.is_some_and(|client| settings.client_ids.contains(client));
        if ours { Ok(()) } else { Err(Refusal::Client) }
    }
}

/// When the token ends, if `now` is within its time.
fn times(claims: &Claims, now: Timestamp) -> Result<Timestamp, Refusal> {
    // Seconds, perhaps with decimals (RFC 7519, section 2); whatever the number, the conversion stays in range.
    let instant = |seconds: f64| Timestamp::from_millis(((seconds * 1000.0) as i64).clamp(0, LAST_MILLISECOND));
    let end = instant(claims.exp).plus_seconds(LEEWAY);
    if end <= now {
        return Err(Refusal::Expired(end));
    }
    match claims.nbf {
        Some(start) if instant(start) > now.plus_seconds(LEEWAY) => Err(Refusal::NotYet),
        _ => Ok(end),
    }
}

/// Whether the issuer is a Cognito user pool, under its regional or its global name: those have rules of their own.
fn is_cognito(issuer: &str) -> bool {
    let url = Url::parse(issuer).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    host.starts_with("cognito-idp.") || host.starts_with("issuer-cognito-idp.")
}

/// One part of a token, unchecked.
fn part<T: DeserializeOwned>(text: Option<&str>) -> Result<T, Refusal> {
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or(Refusal::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Refusal::Malformed)
}

impl From<Refusal> for Error {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        let why = match refusal {
            Refusal::Expired(end) => return Error::new(Code::TokenExpired, format!("This token expired on {end}.")),
            Refusal::NoKeys => {
                let message = "The keys of the token's issuer cannot be read at the moment; retry.";
                return Error::new(Code::ServiceUnavailable, message).retry_after(jwks::PAUSE_SECONDS);
            }
            Refusal::Malformed => "This is not a valid token.",
            Refusal::Algorithm => "This token is signed in a way that is not accepted.",
            Refusal::Issuer => "Tokens of this issuer are not accepted.",
            Refusal::UnknownKey => "This token is signed with a key that its issuer does not publish.",
            Refusal::Signature => "The signature of this token is wrong.",
            Refusal::NotYet => "This token is not valid yet.",
            Refusal::TokenUse => "This kind of token is not accepted; send the access token.",
            Refusal::Client => "This token was made for another application.",
            Refusal::Audience => "This token was made for somebody else.",
        };
        Error::new(Code::InvalidAuth, why)
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    use super::*;

    const VECTORS: &str = include_str!("../../tests/vectors/vendors-cognito.json");
    const NOW: Timestamp = Timestamp::from_millis(1_795_155_754_000);

    fn file(folder: &tempfile::TempDir, jwks: &Value) -> JwksSource {
        let path = folder.path().join("jwks.json");
        std::fs::write(&path, jwks.to_string()).unwrap();
        JwksSource::File(path)
    }

    fn words(value: &Value) -> Vec<String> {
        serde_json::from_value(value.clone()).unwrap()
    }

    #[tokio::test]
    async fn every_cognito_vector_ends_as_it_says() {
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        let now = Timestamp::from_millis(vectors["now"].as_i64().unwrap() * 1000);
        let folder = tempfile::tempdir().unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 12);
        for case in cases {
            let issuers = Issuers::new(vec![IssuerSettings {
                issuers: words(&vectors["issuers"]),
                client_ids: words(&vectors["client_ids"]),
                audiences: Vec::new(),
                accept_id_tokens: case["token_use"] == "id",
                jwks: file(&folder, &vectors["jwks"]),
                organization: Some("acme".into()),
            }])
            .unwrap();
            let outcome = issuers.check(case["token"].as_str().unwrap(), now).await;
            let reason = match &outcome {
                Ok(_) => "ok",
                Err(Refusal::Issuer) => "bad-issuer",
                Err(Refusal::Client) => "bad-client",
                Err(Refusal::Expired(_)) => "expired",
                Err(Refusal::TokenUse) => "bad-token-use",
                Err(Refusal::UnknownKey) => "unknown-kid",
                Err(Refusal::Signature) => "bad-signature",
                Err(Refusal::Algorithm) => "bad-alg",
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(reason, case["expect"], "{}", case["id"]);
            if let Ok(identity) = outcome {
                assert_eq!(identity.subject, case["claims"]["sub"]);
                assert_eq!(identity.verified_email.as_deref(), case["claims"]["email"].as_str());
                assert_eq!(identity.organization.as_deref(), Some("acme"));
            }
        }
    }

    /// An issuer of our own, with an Ed25519 key.
    fn generic() -> (Issuers, impl Fn(Value) -> String) {
        let seed = [7; 32];
        let x = URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(&seed).verifying_key().to_bytes());
        let folder = tempfile::tempdir().unwrap();
        let jwks = json!({"keys": [
            {"kty": "oct", "kid": "secret", "k": "AAAA"},
            {"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": x},
        ]});
        let issuers = Issuers::new(vec![IssuerSettings {
            issuers: vec!["https://login.example.com".into()],
            client_ids: Vec::new(),
            audiences: vec!["desk".into()],
            accept_id_tokens: false,
            jwks: file(&folder, &jwks),
            organization: None,
        }])
        .unwrap();
        let key = EncodingKey::from_ed_der(&crate::access::jwt::pkcs8(&seed));
        let sign = move |changes: Value| {
            let _keep = &folder;
            let mut claims = json!({
                "iss": "https://login.example.com", "sub": "jane", "aud": ["other", "desk"], "exp": NOW.seconds() + 60,
                "email": "jane@example.com", "email_verified": "true",
            });
            crate::method::merge(&mut claims, changes);
            let mut header = Header::new(Algorithm::EdDSA);
            header.kid = Some("one".into());
            jsonwebtoken::encode(&header, &claims, &key).unwrap()
        };
        (issuers, sign)
    }

    #[tokio::test]
    async fn other_issuers_are_held_to_the_audience_and_the_times() {
        let (issuers, sign) = generic();
        let jane = issuers.check(&sign(json!({})), NOW).await.unwrap();
        assert_eq!((jane.subject.as_str(), jane.verified_email.as_deref()), ("jane", Some("jane@example.com")));
        assert_eq!(jane.expires_at, NOW.plus_seconds(60 + LEEWAY));
        let cases = [
            (json!({"aud": "desk", "email_verified": null}), None),
            (json!({"exp": NOW.seconds() as f64 - 29.5}), None),
            (json!({"nbf": NOW.seconds() + 30}), None),
            (json!({"exp": 1e17}), None),
            (json!({"aud": "other"}), Some(Refusal::Audience)),
            (json!({"aud": null}), Some(Refusal::Audience)),
            (json!({"exp": NOW.seconds() - 30}), Some(Refusal::Expired(NOW))),
            (json!({"nbf": NOW.seconds() + 31}), Some(Refusal::NotYet)),
            (json!({"sub": null}), Some(Refusal::Malformed)),
            (json!({"exp": null}), Some(Refusal::Malformed)),
            (json!({"exp": 1e300}), Some(Refusal::Malformed)),
            (json!({"iss": ["https://login.example.com"]}), Some(Refusal::Malformed)),
            (json!({"iss": "https://elsewhere.example.com"}), Some(Refusal::Issuer)),
        ];
        for (changes, refusal) in cases {
            assert_eq!(issuers.check(&sign(changes.clone()), NOW).await.err(), refusal, "{changes}");
        }
    }

    #[tokio::test]
    async fn the_token_does_not_choose_its_key() {
        let (issuers, sign) = generic();
        let token = sign(json!({}));
        let rest = &token[token.find('.').unwrap()..];
        let with = |header: Value| format!("{}{rest}", URL_SAFE_NO_PAD.encode(header.to_string()));
        for (header, refusal) in [
            (json!({"alg": "RS256", "kid": "one"}), Refusal::Algorithm),
            (json!({"alg": "HS256", "kid": "secret"}), Refusal::Algorithm),
            (json!({"alg": "EdDSA", "kid": "secret"}), Refusal::UnknownKey),
            (json!({"alg": "EdDSA"}), Refusal::UnknownKey),
            (json!({"alg": "EdDSA", "kid": "one", "crit": ["x"]}), Refusal::Malformed),
            (json!({"alg": "EdDSA", "kid": "one", "jku": "https://evil.example.com"}), Refusal::Signature),
        ] {
            assert_eq!(issuers.check(&with(header.clone()), NOW).await.err(), Some(refusal), "{header}");
        }
        for token in ["", "a.b.c", "..", "e30.e30.e30"] {
            assert_eq!(issuers.check(token, NOW).await.err(), Some(Refusal::Malformed), "{token}");
        }
    }

    #[test]
    fn settings_that_would_admit_anybody_are_refused() {
        let settings = |issuer: &str, client_ids: &[&str]| IssuerSettings {
            issuers: vec![issuer.into()],
            client_ids: client_ids.iter().map(|id| (*id).into()).collect(),
            audiences: Vec::new(),
            accept_id_tokens: false,
            jwks: JwksSource::Url("https://example.com/jwks.json".into()),
            organization: None,
        };
        let pool = "https://cognito-idp.eu-west-1.amazonaws.com/pool";
        assert!(Issuers::new(vec![settings(pool, &["app"])]).is_ok());
        let error = |settings: Vec<IssuerSettings>| Issuers::new(settings).err().unwrap();
        assert!(matches!(error(vec![settings(pool, &[])]), BadIssuer::ForAnybody(_)));
        assert!(matches!(error(vec![settings("https://example.com", &["app"])]), BadIssuer::ForAnybody(_)));
        assert!(matches!(error(vec![settings(pool, &["app"]), settings(pool, &["app"])]), BadIssuer::Twice(_)));
    }
}
