//! The server's own secrets: what signs cursors and seals what must be read again. Made once, kept in a file of mode 0600.
//!
//! They can be exchanged while the server runs. Servers that share them learn of a new one at slightly different moments, so each
//! goes on using the secret it had until all of them know the new one.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

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

/// How long after a server learned of a new secret it first uses it; by then every other server knows the secret too.
const SETTLING: Duration = Duration::from_secs(60);

/// The newest secret, and older ones whose work is still out there.
pub struct Keyring(RwLock<Arc<Ring>>);

struct Ring {
    newest: Derived,
    /// Newest first.
    older: Vec<Derived>,
    /// The id of the secret to use until that instant, in place of the newest.
    predecessor: Option<(u8, Instant)>,
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
        Ok(Self(RwLock::new(Arc::new(Ring::new(generations)?))))
    }

    /// Takes these secrets, newest first, in place of those it has. For the next minute a new one only verifies and opens.
    pub fn replace(&self, generations: &[Generation]) -> Result<(), BadSecret> {
        self.replace_at(generations, Instant::now())
    }

    fn replace_at(&self, generations: &[Generation], now: Instant) -> Result<(), BadSecret> {
        let mut next = Ring::new(generations)?;
        let mut ring = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let current = ring.current(now).id;
        next.predecessor = (next.newest.id != current).then_some((current, now + SETTLING));
        *ring = Arc::new(next);
        Ok(())
    }

    /// The id of the secret in use, and the tag it puts on `payload`.
    pub fn sign(&self, payload: impl FnOnce(u8) -> Vec<u8>) -> Vec<u8> {
        let ring = self.ring();
        let key = ring.current(Instant::now());
        let mut bytes = payload(key.id);
        let tag = key.tag(&bytes);
        bytes.extend_from_slice(&tag);
        bytes
    }

    /// The payload, if the tag at its end is ours. Its first byte names the secret.
    pub fn verify<'a>(&self, signed: &'a [u8]) -> Option<&'a [u8]> {
        let (payload, tag) = signed.split_at_checked(signed.len().checked_sub(TAG)?)?;
        let ring = self.ring();
        let mut mac = ring.find(*payload.first()?)?.cursor.clone();
        mac.update(payload);
        mac.verify_truncated_left(tag).ok().map(|()| payload)
    }

    /// Encrypts `secret` so that only this server's secret opens it, and only for the same `purpose`.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let ring = self.ring();
        let key = ring.current(Instant::now());
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| SealError)?;
        let payload = Payload { msg: secret, aad: purpose.as_bytes() };
        let sealed = key.seal.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError)?;
        Ok([&[key.id][..], &nonce, &sealed].concat())
    }

    /// Whether this was sealed with another secret than would seal it now.
    pub fn is_outdated(&self, sealed: &[u8]) -> bool {
        sealed.first() != Some(&self.ring().current(Instant::now()).id)
    }

    /// Opens what [`Keyring::seal`] made.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (id, rest) = sealed.split_first().ok_or(SealError)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(SealError)?;
        let ring = self.ring();
        let key = ring.find(*id).ok_or(SealError)?;
        key.seal.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: purpose.as_bytes() }).map_err(|_| SealError)
    }

    fn ring(&self) -> Arc<Ring> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Ring {
    fn new(generations: &[Generation]) -> Result<Self, BadSecret> {
        let (newest, older) = generations.split_first().ok_or(BadSecret)?;
        let older = older.iter().map(Derived::new).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { newest: Derived::new(newest)?, older, predecessor: None })
    }

    /// The secret that signs and seals.
    fn current(&self, now: Instant) -> &Derived {
        let predecessor = self.predecessor.filter(|(_, until)| now < *until).and_then(|(id, _)| self.find(id));
        predecessor.unwrap_or(&self.newest)
    }

    fn find(&self, id: u8) -> Option<&Derived> {
        std::iter::once(&self.newest).chain(&self.older).find(|key| key.id == id)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_secret_is_used_only_once_every_server_knows_it() {
        let old = Generation::new(None).unwrap();
        let new = Generation::new(Some(old.id)).unwrap();
        let ring = Keyring::new(std::slice::from_ref(&old)).unwrap();
        let unaware = Keyring::new(std::slice::from_ref(&old)).unwrap();
        let now = Instant::now();
        ring.replace_at(&[new.clone(), old.clone()], now).unwrap();
        assert_eq!(ring.ring().current(now).id, old.id);
        assert_eq!(ring.ring().current(now + SETTLING).id, new.id);

        let sealed = ring.seal("test", b"secret").unwrap();
        assert_eq!(unaware.open("test", &sealed).unwrap(), b"secret");
        unaware.replace_at(&[new, old], now).unwrap();
        assert_eq!(unaware.open("test", &sealed).unwrap(), b"secret");
    }

    #[test]
    fn what_was_sealed_outlives_a_rotation_and_nothing_replaces_a_ring_by_none() {
        let old = Generation::new(Some(255)).unwrap();
        let ring = Keyring::new(std::slice::from_ref(&old)).unwrap();
        let sealed = ring.seal("test", b"secret").unwrap();
        ring.replace(&[Generation::new(Some(old.id)).unwrap(), old]).unwrap();
        assert_eq!(ring.open("test", &sealed).unwrap(), b"secret");
        assert!(ring.open("other", &sealed).is_err());
        assert!(ring.replace(&[]).is_err());
        assert_eq!(ring.open("test", &sealed).unwrap(), b"secret");
    }
}
