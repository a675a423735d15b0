//! Access tokens of this server: JSON Web Tokens signed with Ed25519 (RFC 7519, RFC 8037), good for a quarter of an hour.
//!
//! The keys rotate: the newest signs, all that are kept verify, and all are published at `/.well-known/jwks.json`. A new key is
//! published for a minute before it signs, so that other servers and verifiers learn of it in time.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::db::{Id, Timestamp};
use crate::method::{Code, Context, Error, Result};

/// How long an access token is good for, in seconds.
pub const LIFETIME_SECONDS: i64 = 15 * 60;
/// How long a new key is published before it signs, in seconds.
const NOTICE_SECONDS: i64 = 60;
/// How long a token of a contact is good for, in seconds.
pub const CONTACT_LIFETIME_SECONDS: i64 = 60 * 60;
/// Who issues them.
const ISSUER: &str = "dotdesk";
/// Who issues tokens of contacts: one kind is never taken for the other.
const CONTACT_ISSUER: &str = "dotdesk/contacts";
/// What the header of a contact's token says that it is.
const CONTACT_TYPE: &str = "contact+jwt";

/// A signing key as it is kept in the key file.
#[derive(Clone, Serialize, Deserialize)]
pub struct SigningSecret {
    /// The 32 secret bytes of Ed25519, base64.
    pub seed: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The user.
    pub sub: Id,
    /// The organization.
    pub org: Id,
    /// The session.
    pub sid: Id,
    /// When it was issued, in seconds since 1970-01-01 UTC.
    pub iat: i64,
    /// When it ends, in seconds since 1970-01-01 UTC.
    pub exp: i64,
}

/// What the token of a contact says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactClaims {
    /// The issuer.
    pub iss: String,
    /// The contact.
    pub sub: Id,
    /// The organization.
    pub org: Id,
    /// Whether the contact is one of those that test keys see.
    pub test: bool,
    /// When it was issued, in seconds since 1970-01-01 UTC.
    pub iat: i64,
    /// When it ends, in seconds since 1970-01-01 UTC.
    pub exp: i64,
}

/// A public key as clients read it (RFC 7517, RFC 8037).
#[derive(Clone, Debug, Serialize)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    x: String,
}

/// The keys that sign and verify access tokens, newest first.
pub struct TokenSigner(RwLock<Arc<[Key]>>);

struct Key {
    /// When it starts to sign.
    signs_from: Timestamp,
    jwk: Jwk,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// The key file holds something that is no key.
#[derive(Debug, thiserror::Error)]
#[error("a signing key is 32 bytes in base64")]
pub struct BadKey;

impl SigningSecret {
    /// A new key.
    pub fn generate(now: Timestamp) -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self { seed: STANDARD.encode(seed), created_at: now })
    }
}

impl TokenSigner {
    /// A signer with these keys, newest first.
    pub fn new(secrets: &[SigningSecret]) -> Result<Self, BadKey> {
        Ok(Self(RwLock::new(keys(secrets)?)))
    }

    /// Takes these keys, newest first, in place of those it has.
    pub fn replace(&self, secrets: &[SigningSecret]) -> Result<(), BadKey> {
        let keys = keys(secrets)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    fn keys(&self) -> Arc<[Key]> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The server's signer.
    pub fn of(ctx: &Context) -> Result<&Self> {
        ctx.service()
    }

    /// A token for a session, and when it ends.
    pub fn sign(
        &self,
        organization: Id,
        user: Id,
        session: Id,
        now: Timestamp,
        lifetime: i64,
    ) -> Result<(String, Timestamp)> {
        let exp = now.seconds() + lifetime;
        let claims = Claims { iss: ISSUER.into(), sub: user, org: organization, sid: session, iat: now.seconds(), exp };
        let token = self.encode(Header::new(Algorithm::EdDSA), &claims, now)?;
        Ok((token, Timestamp::from_millis(exp * 1000)))
    }

    /// A token for a contact.
    pub fn sign_contact(&self, organization: Id, contact: Id, is_test: bool, now: Timestamp) -> Result<String> {
        let iat = now.seconds();
        let exp = iat + CONTACT_LIFETIME_SECONDS;
        let claims =
            ContactClaims { iss: CONTACT_ISSUER.into(), sub: contact, org: organization, test: is_test, iat, exp };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(CONTACT_TYPE.into());
        self.encode(header, &claims, now)
    }

    fn encode<C: Serialize>(&self, mut header: Header, claims: &C, now: Timestamp) -> Result<String> {
        let keys = self.keys();
        let settled = keys.iter().find(|key| key.signs_from <= now);
        let key = settled.or(keys.last()).ok_or_else(|| Error::internal("no signing key"))?;
        header.kid = Some(key.jwk.kid.clone());
        jsonwebtoken::encode(&header, claims, &key.encoding).map_err(Error::internal)
    }

    /// What a token says, if one of our keys signed it and it has not ended.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims> {
        let claims: Claims = self.decode(token, ISSUER)?;
        alive(claims.exp, now)?;
        Ok(claims)
    }

    /// What the token of a contact says, if one of our keys signed it and it has not ended.
    pub fn verify_contact(&self, token: &str, now: Timestamp) -> Result<ContactClaims> {
        let claims: ContactClaims = self.decode(token, CONTACT_ISSUER)?;
        alive(claims.exp, now)?;
        Ok(claims)
    }

    fn decode<C: serde::de::DeserializeOwned>(&self, token: &str, issuer: &str) -> Result<C> {
        let invalid = || Error::new(Code::InvalidAuth, "This is not a valid token.");
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        let keys = self.keys();
        let key = keys.iter().find(|key| header.kid.as_deref() == Some(&key.jwk.kid)).ok_or_else(invalid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.validate_aud = false;
        // Expiry is checked against the injected clock.
        validation.validate_exp = false;
        Ok(jsonwebtoken::decode::<C>(token, &key.decoding, &validation).map_err(|_| invalid())?.claims)
    }

    /// The public keys.
    pub fn jwks(&self) -> Vec<Jwk> {
        self.keys().iter().map(|key| key.jwk.clone()).collect()
    }

    /// Whether a token claims to be ours; other issuers' tokens go elsewhere.
    pub fn is_ours(&self, token: &str) -> bool {
        jsonwebtoken::decode_header(token)
            .is_ok_and(|header| self.keys().iter().any(|key| header.kid.as_deref() == Some(&key.jwk.kid)))
    }
}

/// Whether a token claims to be one of a contact.
pub fn is_of_contact(token: &str) -> bool {
    jsonwebtoken::decode_header(token).is_ok_and(|header| header.typ.as_deref() == Some(CONTACT_TYPE))
}

fn alive(exp: i64, now: Timestamp) -> Result<()> {
    if exp > now.seconds() {
        return Ok(());
    }
    let end = Timestamp::from_millis(exp * 1000);
    Err(Error::new(Code::TokenExpired, format!("This token expired on {end}.")))
}

fn keys(secrets: &[SigningSecret]) -> Result<Arc<[Key]>, BadKey> {
    let keys = secrets.iter().map(Key::new).collect::<Result<Arc<[Key]>, _>>()?;
    if keys.is_empty() { Err(BadKey) } else { Ok(keys) }
}

impl Key {
    fn new(secret: &SigningSecret) -> Result<Self, BadKey> {
        let seed: [u8; 32] = STANDARD.decode(&secret.seed).map_err(|_| BadKey)?.try_into().map_err(|_| BadKey)?;
        let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        let x = URL_SAFE_NO_PAD.encode(public);
        // The key's thumbprint names it (RFC 7638, the members of RFC 8037 in order).
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        let kid = URL_SAFE_NO_PAD.encode(thumbprint);
        Ok(Self {
            signs_from: secret.created_at.plus_seconds(NOTICE_SECONDS),
            decoding: DecodingKey::from_ed_components(&x).map_err(|_| BadKey)?,
            encoding: EncodingKey::from_ed_der(&pkcs8(&seed)),
            jwk: Jwk { kty: "OKP", crv: "Ed25519", alg: "EdDSA", usage: "sig", kid, x },
        })
    }
}

/// An Ed25519 secret in the form that the JWT library reads (PKCS #8, RFC 8410).
pub(super) fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    const HEAD: [u8; 16] =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    [&HEAD[..], seed].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_155_754_000);

    fn signer(count: usize) -> (Vec<SigningSecret>, TokenSigner) {
        let secrets: Vec<_> = (0..count).map(|_| SigningSecret::generate(NOW).unwrap()).collect();
        let signer = TokenSigner::new(&secrets).unwrap();
        (secrets, signer)
    }

    #[test]
    fn tokens_are_verified_until_they_end() {
        let (_, signer) = signer(1);
        let (token, end) = signer.sign(Id::NIL, Id::NIL, Id::NIL, NOW, 900).unwrap();
        assert_eq!(end, NOW.plus_seconds(900));
        assert_eq!(signer.verify(&token, NOW.plus_seconds(899)).unwrap().exp, end.seconds());
        assert_eq!(signer.verify(&token, end).unwrap_err().code(), Code::TokenExpired);
    }

    #[test]
    fn a_contact_is_never_taken_for_a_user() {
        let (_, signer) = signer(1);
        let token = signer.sign_contact(Id::NIL, Id::NIL, false, NOW).unwrap();
        assert!(is_of_contact(&token) && signer.is_ours(&token));
        assert_eq!(signer.verify(&token, NOW).unwrap_err().code(), Code::InvalidAuth);
        assert_eq!(signer.verify_contact(&token, NOW).unwrap().exp, NOW.seconds() + CONTACT_LIFETIME_SECONDS);
        let end = NOW.plus_seconds(CONTACT_LIFETIME_SECONDS);
        assert_eq!(signer.verify_contact(&token, end).unwrap_err().code(), Code::TokenExpired);
        let (user, _) = signer.sign(Id::NIL, Id::NIL, Id::NIL, NOW, 900).unwrap();
        assert!(!is_of_contact(&user));
        assert_eq!(signer.verify_contact(&user, NOW).unwrap_err().code(), Code::InvalidAuth);
    }

    #[test]
    fn a_rotated_key_still_verifies_and_a_foreign_one_does_not() {
        let (mut secrets, old) = signer(1);
        let (token, _) = old.sign(Id::NIL, Id::NIL, Id::NIL, NOW, 900).unwrap();
        secrets.insert(0, SigningSecret::generate(NOW).unwrap());
        let rotated = TokenSigner::new(&secrets).unwrap();
        assert!(rotated.verify(&token, NOW).is_ok());
        assert_eq!(rotated.jwks().len(), 2);
        assert_eq!(signer(1).1.verify(&token, NOW).unwrap_err().code(), Code::InvalidAuth);
    }

    #[test]
    fn a_new_key_is_published_for_a_minute_before_it_signs() {
        let (mut secrets, signer) = signer(1);
        let old_kid = signer.jwks()[0].kid.clone();
        let rotated = NOW.plus_seconds(3600);
        secrets.insert(0, SigningSecret::generate(rotated).unwrap());
        signer.replace(&secrets).unwrap();
        let signed_by = |now| {
            let (token, _) = signer.sign(Id::NIL, Id::NIL, Id::NIL, now, 900).unwrap();
            signer.verify(&token, now).unwrap();
            jsonwebtoken::decode_header(&token).unwrap().kid.unwrap()
        };
        assert_eq!(signed_by(rotated.plus_seconds(59)), old_kid);
        assert_eq!(signed_by(rotated.plus_seconds(60)), signer.jwks()[0].kid);
        assert_ne!(signer.jwks()[0].kid, old_kid);
        assert!(signer.replace(&[]).is_err());
    }

    #[test]
    fn no_other_algorithm_is_taken() {
        let (_, signer) = signer(1);
        let kid = signer.jwks()[0].kid.clone();
        let claims = Claims { iss: ISSUER.into(), sub: Id::NIL, org: Id::NIL, sid: Id::NIL, iat: 0, exp: i64::MAX / 2 };
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(kid);
        let forged = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(b"x")).unwrap();
        assert_eq!(signer.verify(&forged, NOW).unwrap_err().code(), Code::InvalidAuth);
    }
}
