//! Tokens of an outside OpenID issuer, AWS Cognito user pools first.

use crate::db::Timestamp;
use crate::method::{Code, Error, Result};

/// The issuers whose tokens are accepted.
pub struct Issuers {}

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

impl Issuers {
    /// Checks a token: signature, issuer, audience, times.
    pub async fn verify(&self, _token: &str, _now: Timestamp) -> Result<Identity> {
        Err(Error::new(Code::InvalidAuth, "This is not a valid token."))
    }
}
