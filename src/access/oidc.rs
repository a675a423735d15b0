//! Tokens of outside OpenID issuers, AWS Cognito user pools first.
//!
//! A token is believed for its signature, made by a key that the issuer publishes under the name (`kid`) in the token's header.
//! Nothing in the token says where keys are found or how they are used: that is configuration.

mod jwks;
#[cfg(test)]
mod tests;

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
