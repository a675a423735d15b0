use ed25519_dalek::SigningKey;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;

use super::*;

const VECTORS: &str = include_str!("../../../tests/vectors/vendors-cognito.json");
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
