//! Signatures of webhooks as Standard Webhooks 1.0.0 has them (<https://www.standardwebhooks.com>): made by this server, and checked by
//! whoever receives what it sends.
//!
//! What is signed is `{webhook-id}.{webhook-timestamp}.{body}`, the body byte for byte. The header `webhook-signature` has one or more
//! signatures with spaces between them: two while a secret is being replaced.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header with the id of the event: the same however often it is sent.
pub const ID: &str = "webhook-id";
/// The header with the instant at which it was sent, in seconds since 1970-01-01 UTC.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE: &str = "webhook-signature";

/// How a secret begins when it is written down.
const PREFIX: &str = "whsec_";
/// How many bytes a new secret has.
const NEW_BYTES: usize = 24;
/// How many bytes a secret may have that somebody else made.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// How far the clocks of sender and receiver may be apart, in seconds.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Some write the padding of base64, some do not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What sender and receiver both know.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Vec<u8>);

/// A text that is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected whsec_ and 24 to 64 random bytes in base64")]
pub struct BadSecret;

/// What came with a body.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`.
    pub timestamp: &'a str,
    /// `webhook-signature`.
    pub signature: &'a str,
}

/// Why a body is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// The timestamp is no number.
    #[error("the timestamp is no number of seconds")]
    Timestamp,
    /// It was sent too long ago, or is of the future: perhaps somebody sends again what was overheard.
    #[error("the timestamp is too far from the present")]
    Stale,
    /// No signature is right.
    #[error("no signature is right")]
    Signature,
}

impl SigningSecret {
    /// A new secret.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = vec![0; NEW_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads a secret, with or without `whsec_`.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let bytes = LENIENT.decode(text.strip_prefix(PREFIX).unwrap_or(text)).map_err(|_| BadSecret)?;
        if bytes.is_empty() { Err(BadSecret) } else { Ok(Self(bytes)) }
    }

    /// Reads a secret that is to be used from now on: one that is long enough.
    pub fn parse_new(text: &str) -> Result<Self, BadSecret> {
        Self::parse(text).ok().filter(|secret| BYTES.contains(&secret.0.len())).ok_or(BadSecret)
    }

    /// The signature of a body that is sent at `timestamp`.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        match self.mac(id, &timestamp.to_string(), body) {
            Some(mac) => format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())),
            None => String::new(),
        }
    }

    /// Whether a body was sent by somebody who knows the secret, at most five minutes before or after `now`, in seconds since
    /// 1970-01-01 UTC.
    pub fn verify(&self, signed: Signed<'_>, body: &[u8], now: i64) -> Result<(), Unverified> {
        let sent: i64 = signed.timestamp.parse().map_err(|_| Unverified::Timestamp)?;
        if sent.abs_diff(now) > TOLERANCE_SECONDS.unsigned_abs() {
            return Err(Unverified::Stale);
        }
        let is_right = |signature: &str| {
            let tag = signature.strip_prefix("v1,").and_then(|tag| STANDARD.decode(tag).ok());
            let mac = self.mac(signed.id, signed.timestamp, body);
            // Compares in constant time.
            tag.zip(mac).is_some_and(|(tag, mac)| mac.verify_slice(&tag).is_ok())
        };
        if signed.signature.split(' ').any(is_right) { Ok(()) } else { Err(Unverified::Signature) }
    }

    /// HMAC takes keys of any length, so there always is one.
    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0).ok()?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(mac)
    }

    /// The secret as it is shown, once.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/wire-standard-webhooks.json")).unwrap()
    }

    fn text(value: &Value) -> &str {
        value.as_str().unwrap()
    }

    #[test]
    fn signatures_are_those_of_the_reference_libraries() {
        for vector in vectors()["sign"].as_array().unwrap() {
            let secret = SigningSecret::parse(text(&vector["secret"])).unwrap();
            let body = text(&vector["payload"]).as_bytes();
            let signature = secret.sign(text(&vector["id"]), vector["timestamp"].as_i64().unwrap(), body);
            assert_eq!(signature, text(&vector["signature"]), "{}", vector["source"]);
        }
    }

    #[test]
    fn what_is_signed_right_is_believed_and_nothing_else() {
        for vector in vectors()["verify"].as_array().unwrap() {
            let secret = SigningSecret::parse(text(&vector["secret"])).unwrap();
            let headers = vector["headers"].as_object().unwrap();
            // What is not there is as good as empty.
            let header = |wanted: &str| {
                let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                found.map_or("", |(_, value)| text(value))
            };
            let signed = Signed { id: header(ID), timestamp: header(TIMESTAMP), signature: header(SIGNATURE) };
            let verified = secret.verify(signed, text(&vector["payload"]).as_bytes(), vector["now"].as_i64().unwrap());
            assert_eq!(verified.is_ok(), vector["ok"].as_bool().unwrap(), "{}: {verified:?}", vector["name"]);
        }
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/vectors/vendors-outbound.json")).unwrap();
        let vector = vectors.as_array().unwrap().iter().find(|vector| vector["id"] == "sw-outbound-rotation").unwrap();
        let body = text(&vector["body"]).as_bytes();
        let at: i64 = text(&vector["timestamp"]).parse().unwrap();
        let secrets: Vec<_> = vector["secrets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|secret| SigningSecret::parse(text(secret)).unwrap())
            .collect();
        let header: Vec<String> = secrets.iter().map(|secret| secret.sign(text(&vector["msg_id"]), at, body)).collect();
        assert_eq!(header.join(" "), text(&vector["header"]));
        let (id, timestamp) = (text(&vector["msg_id"]), text(&vector["timestamp"]));
        let signed = Signed { id, timestamp, signature: text(&vector["header"]) };
        assert!(secrets.iter().all(|secret| secret.verify(signed, body, at) == Ok(())));
    }

    #[test]
    fn secrets_are_long_enough_and_come_back_as_they_were() {
        for bad in vectors()["invalid_secrets"].as_array().unwrap() {
            assert_eq!(SigningSecret::parse(text(bad)), Err(BadSecret));
        }
        let new = SigningSecret::generate().unwrap();
        assert_eq!(new.reveal().len(), 6 + 32);
        assert_eq!(SigningSecret::parse_new(&new.reveal()), Ok(new.clone()));
        assert_ne!(SigningSecret::generate().unwrap(), new);
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for bytes in [24, 32, 64] {
            assert!(SigningSecret::parse_new(&of(bytes)).is_ok(), "{bytes}");
        }
        for bytes in [0, 1, 23, 65] {
            assert_eq!(SigningSecret::parse_new(&of(bytes)), Err(BadSecret), "{bytes}");
        }
        assert_eq!(SigningSecret::parse_new("whsec_!"), Err(BadSecret));
        assert_eq!(format!("{new:?}"), "(secret)");
    }
}
