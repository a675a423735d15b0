//! The key file: the server's own secrets, made at the first start and readable to nobody else.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::private;
use super::settings::{Secret, Settings};
use crate::access::jwt::{SigningSecret, TokenSigner};
use crate::db::Timestamp;
use crate::method::{App, Generation, Keyring};

/// How many keys of each kind are kept: the one in use and its two predecessors.
const KEPT: usize = 3;
/// How often a running server looks whether the file changed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The server's own secrets, newest first.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// What cursors are signed and stored secrets sealed with.
    pub generations: Vec<Generation>,
    /// What access tokens are signed with.
    pub signing: Vec<SigningSecret>,
}

/// The secrets could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file could not be read or written.
    #[error("the key file {0}: {1}")]
    File(PathBuf, io::Error),
    /// The file does not hold what it should.
    #[error("the key file {0} is damaged: {1}")]
    Damaged(PathBuf, String),
    /// The system gives no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// Two configured keys cannot be told apart.
    #[error("secret_key: two of its keys go by the same number; replace one of them")]
    Alike,
    /// The configured secrets are not in the file.
    #[error("secret_key is set, so there is no key file to rotate; put a new key in front of the old one instead")]
    Configured,
}

impl Keys {
    /// The secrets that these settings lead to; made now, if they do not exist yet.
    pub fn of(settings: &Settings, now: Timestamp) -> Result<Self, KeysError> {
        match settings.secret_keys.as_slice() {
            [] => Self::load_or_create(&settings.keys_file, now),
            secrets => Self::derive(secrets),
        }
    }

    /// Adds a new key of each kind to the file, and drops the oldest.
    pub fn rotate(settings: &Settings, now: Timestamp) -> Result<Self, KeysError> {
        if !settings.secret_keys.is_empty() {
            return Err(KeysError::Configured);
        }
        let path = &settings.keys_file;
        let _lock = lock(path)?;
        let keys = match read(path)? {
            Some(keys) => keys.rotated(now)?,
            None => Self::generate(now)?,
        };
        write(path, &keys)?;
        Ok(keys)
    }

    /// The file's secrets. Of several servers that start at once, one makes the file and the others read it.
    fn load_or_create(path: &Path, now: Timestamp) -> Result<Self, KeysError> {
        if let Some(keys) = read(path)? {
            return Ok(keys);
        }
        let _lock = lock(path)?;
        if let Some(keys) = read(path)? {
            return Ok(keys);
        }
        let keys = Self::generate(now)?;
        write(path, &keys)?;
        Ok(keys)
    }

    fn generate(now: Timestamp) -> Result<Self, KeysError> {
        Ok(Self { generations: vec![Generation::new(None)?], signing: vec![SigningSecret::generate(now)?] })
    }

    fn rotated(mut self, now: Timestamp) -> Result<Self, KeysError> {
        let newest = self.generations.first().map(|generation| generation.id);
        self.generations.insert(0, Generation::new(newest)?);
        self.signing.insert(0, SigningSecret::generate(now)?);
        self.generations.truncate(KEPT);
        self.signing.truncate(KEPT);
        Ok(self)
    }

    /// The secrets that follow from configured ones, the same on every server. A key's number comes from the key itself, so that
    /// it does not depend on how many others are configured.
    fn derive(secrets: &[Secret]) -> Result<Self, KeysError> {
        let derived = |secret: &Secret, label: &[u8]| -> [u8; 32] {
            Sha256::new().chain_update(secret.reveal()).chain_update(label).finalize().into()
        };
        let generations: Vec<Generation> = secrets
            .iter()
            .map(|secret| Generation { id: derived(secret, b"number")[0], secret: secret.reveal().to_owned() })
            .collect();
        let mut ids: Vec<u8> = generations.iter().map(|generation| generation.id).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() < secrets.len() {
            return Err(KeysError::Alike);
        }
        let signing = secrets.iter().map(|secret| SigningSecret {
            seed: STANDARD.encode(derived(secret, b"signing")),
            created_at: Timestamp::default(),
        });
        Ok(Self { signing: signing.collect(), generations })
    }

    fn check(&self) -> Result<(), String> {
        Keyring::new(&self.generations).map_err(|error| error.to_string())?;
        TokenSigner::new(&self.signing).map_err(|error| error.to_string())?;
        Ok(())
    }
}

fn read(path: &Path) -> Result<Option<Keys>, KeysError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KeysError::File(path.to_owned(), error)),
    };
    let damaged = |why: String| KeysError::Damaged(path.to_owned(), why);
    // The error's own text would be safe to show, but it says nothing that its place does not.
    let keys: Keys = serde_json::from_slice(&text)
        .map_err(|error| damaged(format!("line {}, column {}", error.line(), error.column())))?;
    keys.check().map_err(damaged)?;
    Ok(Some(keys))
}

fn write(path: &Path, keys: &Keys) -> Result<(), KeysError> {
    let failed = |error| KeysError::File(path.to_owned(), error);
    let text = serde_json::to_string_pretty(keys).map_err(|error| failed(error.into()))?;
    private::write(path, format!("{text}\n").as_bytes()).map_err(failed)
}

/// Keeps other processes from making or rotating the file until the lock is dropped.
fn lock(path: &Path) -> Result<File, KeysError> {
    private::lock(path).map_err(|error| KeysError::File(path.to_owned(), error))
}

/// Exchanges the keys of a running server, which has `keys` now, whenever the file has others.
pub async fn watch(path: PathBuf, app: App, keys: Keys) {
    let mut in_use = serde_json::to_vec(&keys).unwrap_or_default();
    let mut seen = None;
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let now = stamp(&path).await;
        if now.is_none() || now == seen {
            continue;
        }
        seen = now;
        let keys = match read(&path) {
            Ok(Some(keys)) => keys,
            Ok(None) => continue,
            Err(error) => {
                tracing::error!(%error, "the key file changed, but cannot be used; the keys stay as they are");
                continue;
            }
        };
        let text = serde_json::to_vec(&keys).unwrap_or_default();
        if text == in_use {
            continue;
        }
        match exchange(&app, &keys) {
            Ok(()) => tracing::info!("the key file changed; its keys are in use"),
            Err(error) => tracing::error!(%error, "the keys could not be exchanged"),
        }
        in_use = text;
    }
}

fn exchange(app: &App, keys: &Keys) -> Result<(), String> {
    app.keyring().replace(&keys.generations).map_err(|error| error.to_string())?;
    match app.services().get::<TokenSigner>() {
        Some(signer) => signer.replace(&keys.signing).map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

/// What tells one state of the file from another.
async fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = tokio::fs::metadata(path).await.ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_155_754_000);

    fn secret(byte: u8) -> Secret {
        Secret::new(STANDARD.encode([byte; 32]))
    }

    #[test]
    fn servers_that_start_at_once_have_the_same_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/keys.json");
        let seeds: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Keys::load_or_create(&path, NOW).unwrap().signing[0].seed.clone()))
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(seeds.iter().all(|seed| *seed == seeds[0]));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/keys.json");
        Keys::load_or_create(&path, NOW).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_rotation_keeps_two_predecessors() {
        let first = Keys::generate(NOW).unwrap();
        let mut keys = first.clone();
        for _ in 0..2 {
            keys = keys.rotated(NOW).unwrap();
        }
        assert_eq!(keys.generations.iter().map(|g| g.id).collect::<Vec<_>>(), [2, 1, 0]);
        assert_eq!(keys.signing[2].seed, first.signing[0].seed);
        let keys = keys.rotated(NOW).unwrap();
        assert_eq!(keys.generations.iter().map(|g| g.id).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(keys.signing.len(), 3);
    }

    #[test]
    fn configured_keys_are_the_same_everywhere_and_keep_their_number() {
        let alone = Keys::derive(&[secret(1)]).unwrap();
        let rotated = Keys::derive(&[secret(2), secret(1)]).unwrap();
        assert_eq!(rotated.generations[1].id, alone.generations[0].id);
        assert_eq!(rotated.signing[1].seed, alone.signing[0].seed);
        assert_ne!(rotated.signing[0].seed, alone.signing[0].seed);
        assert!(matches!(Keys::derive(&[secret(1), secret(1)]), Err(KeysError::Alike)));
        rotated.check().unwrap();
    }

    #[test]
    fn a_damaged_file_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        for text in [
            "hunter2",
            "{}",
            r#"{"generations":[],"signing":[]}"#,
            r#"{"generations":[{"id":0,"secret":"hunter2"}],"signing":[]}"#,
        ] {
            std::fs::write(&path, text).unwrap();
            let message = Keys::load_or_create(&path, NOW).err().unwrap().to_string();
            assert!(message.contains("is damaged") && !message.contains("hunter2"), "{message}");
        }
    }
}
