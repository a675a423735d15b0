//! Passwords: Argon2id on a bounded pool of threads, and a check that they are hard to guess.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use tokio::sync::Semaphore;

use crate::method::{Code, Context, Error, Result};

/// How strong a password must be on the scale of zxcvbn, 0 to 4.
const STRENGTH: zxcvbn::Score = zxcvbn::Score::Three;
/// How many hashes may wait for a thread before callers are told to come back.
const QUEUE: usize = 256;

/// Hashes and checks passwords.
pub struct Passwords {
    argon2: Arc<Argon2<'static>>,
    /// The hash of no password, checked for users that do not exist, so that they take as long as those that do.
    decoy: Arc<str>,
    threads: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

/// Argon2 could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("argon2: {0}")]
pub struct HashError(String);

impl Passwords {
    /// For production: 19 MiB and two passes, as OWASP's password storage guide has it.
    pub fn new() -> Result<Self, HashError> {
        Self::with(Params::new(19 * 1024, 2, 1, None))
    }

    /// As quick as Argon2 gets; for tests.
    pub fn quick() -> Result<Self, HashError> {
        Self::with(Params::new(8, 1, 1, None))
    }

    fn with(params: Result<Params, argon2::Error>) -> Result<Self, HashError> {
        let params = params.map_err(|error| HashError(error.to_string()))?;
        let (m, t, p) = (params.m_cost(), params.t_cost(), params.p_cost());
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // Only its parameters matter, so that checking it takes as long as checking a real one; no password gives these bytes.
        let decoy = format!(
            "$argon2id$v=19$m={m},t={t},p={p}$ZGVjb3lkZWNveWRlY295$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        );
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().div_ceil(2));
        Ok(Self {
            argon2: Arc::new(argon2),
            decoy: decoy.into(),
            threads: Arc::new(Semaphore::new(threads)),
            queue: Arc::new(Semaphore::new(QUEUE)),
        })
    }

    /// The server's password service.
    pub fn of(ctx: &Context) -> Result<&Self> {
        ctx.outside_transaction()?;
        ctx.service()
    }

    /// The hash to store.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let (argon2, password) = (self.argon2.clone(), password.to_owned());
        self.on_pool(move || hash(&argon2, &password)).await?.map_err(Error::internal)
    }

    /// Whether this is the password behind `stored`. Takes as long when there is none.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool> {
        let argon2 = self.argon2.clone();
        let password = password.to_owned();
        let exists = stored.is_some();
        let stored: Arc<str> = stored.map_or_else(|| self.decoy.clone(), Arc::from);
        let matches = self
            .on_pool(move || {
                PasswordHash::new(&stored)
                    .is_ok_and(|stored| argon2.verify_password(password.as_bytes(), &stored).is_ok())
            })
            .await?;
        Ok(matches && exists)
    }

    /// Refuses a password that is too easy to guess, for this user above all.
    pub fn check(&self, password: &str, about: &[&str]) -> Result<()> {
        let weak = |why: &str| Err(Error::new(Code::WeakPassword, why.to_owned()));
        // What lies beyond 128 characters adds nothing and would only cost time.
        let length = password.chars().count();
        if !(12..=128).contains(&length) {
            return weak("A password has 12 to 128 characters.");
        }
        let estimate = zxcvbn::zxcvbn(password, about);
        if estimate.score() < STRENGTH {
            let hint = estimate.feedback().and_then(|feedback| feedback.warning()).map(|warning| warning.to_string());
            return weak(&format!(
                "This password is too easy to guess. {}",
                hint.unwrap_or_else(|| "Use more words, or less common ones.".into())
            ));
        }
        Ok(())
    }

    async fn on_pool<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let busy = || Error::new(Code::ServiceUnavailable, "Too many logins at once; retry.");
        let _place = self.queue.clone().try_acquire_owned().map_err(|_| busy())?;
        let thread = self.threads.clone().acquire_owned().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            let _thread = thread;
            work()
        })
        .await
        .map_err(Error::internal)
    }
}

fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String, HashError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| HashError(error.to_string()))?;
    let hash =
        argon2.hash_password_with_salt(password.as_bytes(), &salt).map_err(|error| HashError(error.to_string()))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches_and_nobody_matches_the_decoy() {
        let passwords = Passwords::quick().unwrap();
        let hash = passwords.hash("correct horse battery staple").await.unwrap();
        assert!(passwords.verify("correct horse battery staple", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("wrong", Some(&hash)).await.unwrap());
        assert!(PasswordHash::new(&passwords.decoy).is_ok(), "the decoy is checked like a real one");
        assert!(!passwords.verify("decoy", None).await.unwrap());
    }

    #[test]
    fn easy_passwords_are_refused() {
        let passwords = Passwords::quick().unwrap();
        for weak in ["short", "passwordpassword", "aaaaaaaaaaaaaaaa", "janedoe@example.com", &"x".repeat(129)] {
            let error = passwords.check(weak, &["Jane Doe", "janedoe@example.com"]).unwrap_err();
            assert_eq!(error.code(), Code::WeakPassword, "{weak}");
        }
        assert!(passwords.check("correct horse battery staple", &[]).is_ok());
    }
}
