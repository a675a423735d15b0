//! The server's own secrets: what signs cursors and seals what must be read again. Made once, kept in a file of mode 0600.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One generation of the server's secret; everything else is derived from it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Generation {
    /// Goes into everything made with this secret, so that it is found again after a rotation.
    pub id: u8,
    /// 32 random bytes, base64.
    pub secret: String,
}

/// The newest secret, and older ones whose work is still out there.
pub struct Keyring {
    /// Newest first.
    keys: Vec<Derived>,
}

struct Derived {
    id: u8,
    cursor: Hmac<Sha256>,
    seal: XChaCha20Poly1305,
}

/// A secret that is not 32 bytes of base64, or none at all.
#[derive(Debug, thiserror::Error)]
#[error("a server secret is 32 bytes in base64")]
pub struct BadSecret;

impl Generation {
    /// A new secret that follows `previous`.
    pub fn new(previous: Option<u8>) -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self { id: previous.map_or(0, |id| id.wrapping_add(1)), secret: STANDARD.encode(secret) })
    }
}

impl Keyring {
    /// A ring of these secrets, newest first.
    pub fn new(generations: &[Generation]) -> Result<Self, BadSecret> {
        let keys = generations.iter().map(Derived::new).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(BadSecret) } else { Ok(Self { keys }) }
    }

    /// The id of the newest secret, and the tag it puts on `payload`.
    pub fn sign(&self, payload: impl FnOnce(u8) -> Vec<u8>) -> Vec<u8> {
        let key = &self.keys[0];
        let mut bytes = payload(key.id);
        let tag = key.tag(&bytes);
        bytes.extend_from_slice(&tag);
        bytes
    }

    /// The payload, if the tag at its end is ours. Its first byte names the secret.
    pub fn verify<'a>(&self, signed: &'a [u8]) -> Option<&'a [u8]> {
        let (payload, tag) = signed.split_at_checked(signed.len().checked_sub(TAG)?)?;
        let key = self.find(*payload.first()?)?;
        let mut mac = key.cursor.clone();
        mac.update(payload);
        mac.verify_truncated_left(tag).ok().map(|()| payload)
    }

    /// Encrypts `secret` so that only this server's secret opens it, and only for the same `purpose`.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = &self.keys[0];
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| SealError)?;
        let payload = Payload { msg: secret, aad: purpose.as_bytes() };
        let sealed = key.seal.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError)?;
        Ok([&[key.id][..], &nonce, &sealed].concat())
    }

    /// Opens what [`Keyring::seal`] made.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (id, rest) = sealed.split_first().ok_or(SealError)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(SealError)?;
        let key = self.find(*id).ok_or(SealError)?;
        key.seal.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: purpose.as_bytes() }).map_err(|_| SealError)
    }

    fn find(&self, id: u8) -> Option<&Derived> {
        self.keys.iter().find(|key| key.id == id)
    }
}

/// What was sealed cannot be opened: another server's, damaged, or made for another purpose.
#[derive(Debug, thiserror::Error)]
#[error("sealed data cannot be opened with this server's secret")]
pub struct SealError;

const TAG: usize = 16;
const NONCE: usize = 24;

impl Derived {
    fn new(generation: &Generation) -> Result<Self, BadSecret> {
        let secret = STANDARD.decode(&generation.secret).map_err(|_| BadSecret)?;
        if secret.len() != 32 {
            return Err(BadSecret);
        }
        // One label per use: SHA-256 of a fixed-length secret and the label.
        let derive = |label: &[u8]| Sha256::new().chain_update(&secret).chain_update(label).finalize();
        let cursor = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&derive(b"cursor")).map_err(|_| BadSecret)?;
        let key: [u8; 32] = derive(b"seal").into();
        Ok(Self { id: generation.id, cursor, seal: XChaCha20Poly1305::new(&Key::from(key)) })
    }

    fn tag(&self, payload: &[u8]) -> [u8; TAG] {
        let mut mac = self.cursor.clone();
        mac.update(payload);
        let full = mac.finalize().into_bytes();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&full[..TAG]);
        tag
    }
}
