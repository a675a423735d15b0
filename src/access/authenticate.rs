//! From a token to a caller, without the database on the hot path.
//!
//! What was found is kept for some seconds in a bounded cache. Whoever changes what somebody may do calls [`Sessions::forget`]
//! in the transaction of the change: from its commit on, this server looks again. Other servers look again within [`FRESH`].

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

use super::jwt::{self, TokenSigner};
use super::oidc::Issuers;
use super::store;
use super::token::{self, TokenDigest, TokenKind};
use super::user::{Environment, TokenPurpose, UserStatus};
use crate::db::{Conn, Id, Timestamp};
use crate::method::{Actor, ActorType, App, Caller, Code, Context, Credential, Error, KeyLimits, Result, ScopeSet, Tx};

/// How long what was found about a token is believed.
pub const FRESH: Duration = Duration::from_secs(3);
/// How many tokens are remembered.
const REMEMBERED: usize = 20_000;

/// Who the tokens in use belong to.
pub struct Sessions {
    cache: Cache<TokenDigest, Arc<Known>>,
    /// Counts the changes to what anybody may do; what was learned before the last one is looked up again.
    epoch: Arc<AtomicU64>,
}

struct Known {
    caller: Arc<Caller>,
    epoch: u64,
    learned: Instant,
    used_at: AtomicI64,
    noted_at: AtomicI64,
    ip: Option<IpAddr>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { cache: Cache::new(REMEMBERED), epoch: Arc::default() }
    }
}

impl Sessions {
    /// Makes this server look up every token again once `tx` is committed.
    pub fn forget(tx: &mut Tx<'_>) -> Result<()> {
        let epoch = tx.ctx().service::<Self>()?.epoch.clone();
        tx.after_commit(move || {
            epoch.fetch_add(1, Ordering::SeqCst);
        });
        Ok(())
    }

    /// The caller behind a token.
    pub async fn authenticate(&self, app: &App, token: &str, ip: Option<IpAddr>) -> Result<Arc<Caller>> {
        let digest = token::digest(token);
        let now = app.now();
        let epoch = self.epoch.load(Ordering::SeqCst);
        if let Some(known) = self.cache.get(&digest)
            && known.epoch == epoch
            && known.learned.elapsed() < FRESH
        {
            known.used_at.store(now.millis(), Ordering::Relaxed);
            return alive(&known.caller, now);
        }
        // The epoch was read first: a revocation that commits meanwhile makes what follows stale at once.
        let caller = Arc::new(look_up(app, token, &digest, now).await?);
        let noted_at = self.cache.get(&digest).map_or(0, |known| known.noted_at.load(Ordering::Relaxed));
        let known = Known {
            caller: caller.clone(),
            epoch,
            learned: Instant::now(),
            used_at: AtomicI64::new(now.millis()),
            noted_at: AtomicI64::new(noted_at),
            ip,
        };
        self.cache.insert(digest, Arc::new(known));
        alive(&caller, now)
    }

    /// Writes down when the keys in use were last used; called every now and then.
    pub async fn note_uses(&self, app: &App) -> Result<()> {
        let mut uses: Vec<(Id, Id, Timestamp, Option<String>)> = Vec::new();
        for (_, known) in self.cache.iter() {
            let used = known.used_at.load(Ordering::Relaxed);
            if matches!(known.caller.credential, Credential::ApiKey(_))
                && known.noted_at.swap(used, Ordering::Relaxed) < used
            {
                let ip = known.ip.map(|ip| ip.to_string());
                uses.push((known.caller.organization, known.caller.credential_id, Timestamp::from_millis(used), ip));
            }
        }
        if uses.is_empty() {
            return Ok(());
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        app.db
            .write(deadline, async move |tx| -> Result<()> {
                for (organization, key, at, ip) in &uses {
                    store::touch_key(tx, *organization, *key, *at, ip.as_deref()).await?;
                }
                Ok(())
            })
            .await
    }
}

fn alive(caller: &Arc<Caller>, now: Timestamp) -> Result<Arc<Caller>> {
    match caller.expires_at {
        Some(end) if end <= now => Err(Error::new(Code::TokenExpired, format!("This token expired on {end}."))),
        _ => Ok(caller.clone()),
    }
}

async fn look_up(app: &App, token: &str, digest: &TokenDigest, now: Timestamp) -> Result<Caller> {
    let invalid = || Error::new(Code::InvalidAuth, "This is not a valid token.");
    if token.matches('.').count() == 2 {
        let services = app.services();
        let signer: &TokenSigner = services.get().ok_or_else(invalid)?;
        return match services.get::<Issuers>() {
            Some(issuers) if !signer.is_ours(token) => external(app, issuers, token, now).await,
            _ if jwt::is_of_contact(token) => contact(app, signer, token, now).await,
            _ => session(app, signer, token, now).await,
        };
    }
    match token::parse(token) {
        Some((TokenKind::Live | TokenKind::Test, _)) => {}
        Some(_) => return Err(Error::new(Code::InvalidAuth, "This token does not authenticate calls.")),
        None => return Err(invalid()),
    }
    let mut conn = app.db.read().await?;
    let opened = store::open(&mut conn, digest).await?.ok_or_else(invalid)?;
    if opened.purpose != TokenPurpose::ApiKey {
        return Err(invalid());
    }
    if let Some(end) = opened.expires_at.filter(|&end| end <= now) {
        return Err(Error::new(Code::TokenExpired, format!("This token was replaced and ended on {end}.")));
    }
    api_key(&mut conn, opened.organization_id, opened.subject_id, opened.expires_at).await
}

/// The caller behind an API key.
async fn api_key(conn: &mut Conn, organization: Id, id: Id, token_end: Option<Timestamp>) -> Result<Caller> {
    let key = store::key(conn, organization, id)
        .await?
        .ok_or_else(|| Error::new(Code::InvalidAuth, "This is not a valid token."))?;
    if key.revoked_at.is_some() {
        return Err(Error::new(Code::TokenRevoked, "This key was revoked."));
    }
    let (scopes, actor, user) = match key.act_as_user_id {
        None => {
            let actor = Actor { kind: ActorType::ApiKey, id, name: key.name };
            (key.scopes.0, actor, None)
        }
        Some(user) => {
            let user = active_user(conn, organization, user).await?;
            let actor = Actor { kind: ActorType::User, id: user.id, name: user.name };
            (key.scopes.intersection(user.scopes), actor, Some(user.id))
        }
    };
    Ok(Caller {
        organization,
        organization_name: store::organization_name(conn, organization).await?,
        actor,
        user,
        contact: None,
        scopes,
        credential_id: id,
        credential: Credential::ApiKey(KeyLimits {
            allowed_methods: key.allowed_methods.0,
            ip_allowlist: key.ip_allowlist.iter().filter_map(|range| store::parse_range(range)).collect(),
            rate_limit_per_minute: key.rate_limit_per_minute.and_then(|limit| u32::try_from(limit).ok()),
        }),
        expires_at: [key.expires_at, token_end].into_iter().flatten().min(),
        is_test: key.environment == Environment::Test,
    })
}

async fn active_user(conn: &mut Conn, organization: Id, id: Id) -> Result<store::User> {
    store::user(conn, organization, id)
        .await?
        .filter(|user| user.status == UserStatus::Active)
        .ok_or_else(|| Error::new(Code::AccountInactive, "The user behind this token is not active."))
}

/// The caller behind an access token of ours.
async fn session(app: &App, signer: &TokenSigner, token: &str, now: Timestamp) -> Result<Caller> {
    let claims = signer.verify(token, now)?;
    let mut conn = app.db.read().await?;
    let revoked = || Error::new(Code::TokenRevoked, "This session was ended.");
    let session = store::session(&mut conn, claims.org, claims.sid).await?.ok_or_else(revoked)?;
    if session.revoked_at.is_some() || session.user_id != claims.sub {
        return Err(revoked());
    }
    let mut user = active_user(&mut conn, claims.org, claims.sub).await?;
    if let Some(impersonator) = session.impersonator_id {
        // Whatever became of either since: the one who really acts gains nothing by it, and cannot go on when he is gone.
        let impersonator = store::user(&mut conn, claims.org, impersonator).await?;
        let impersonator = impersonator.filter(|real| real.status == UserStatus::Active).ok_or_else(revoked)?;
        user.scopes = user.scopes.intersection(impersonator.scopes);
    }
    let end = Timestamp::from_millis(claims.exp * 1000).min(session.expires_at);
    let organization_name = store::organization_name(&mut conn, claims.org).await?;
    let credential = Credential::Session { impersonator: session.impersonator_id };
    Ok(of_user(claims.org, organization_name, user, claims.sid, credential, Some(end)))
}

/// The caller behind a contact's token. The token is not all: the contact must be there and not blocked.
async fn contact(app: &App, signer: &TokenSigner, token: &str, now: Timestamp) -> Result<Caller> {
    let claims = signer.verify_contact(token, now)?;
    let space = if claims.test { claims.org.twin() } else { claims.org };
    let mut conn = app.db.read().await?;
    let gone = || Error::new(Code::TokenRevoked, "The contact of this token is not there any more.");
    let contact = store::contact(&mut conn, space, claims.sub).await?.ok_or_else(gone)?;
    if contact.is_blocked {
        return Err(Error::new(Code::ContactBlocked, "The contact of this token is blocked."));
    }
    Ok(Caller {
        organization: claims.org,
        organization_name: store::organization_name(&mut conn, claims.org).await?,
        actor: Actor { kind: ActorType::Contact, id: claims.sub, name: contact.name.unwrap_or_default() },
        user: None,
        contact: Some(claims.sub),
        scopes: ScopeSet::NONE,
        credential_id: claims.sub,
        credential: Credential::Contact,
        expires_at: Some(Timestamp::from_millis(claims.exp * 1000)),
        is_test: claims.test,
    })
}

/// The caller behind a token of an outside issuer.
async fn external(app: &App, issuers: &Issuers, token: &str, now: Timestamp) -> Result<Caller> {
    let identity = issuers.verify(token, now).await?;
    let mut conn = app.db.read().await?;
    let unknown = || {
        Error::new(Code::InvalidAuth, "The token is valid, but no user here belongs to it; set the user's external_id.")
    };
    let organization =
        store::organization_by_slug(&mut conn, identity.organization.as_deref()).await?.ok_or_else(unknown)?;
    let mut user = store::user_by_external_id(&mut conn, organization, &identity.subject).await?;
    if let (None, Some(email)) = (user, &identity.verified_email) {
        user = store::user_by_email(&mut conn, organization, &email.to_lowercase()).await?;
    }
    let user = active_user(&mut conn, organization, user.ok_or_else(unknown)?).await?;
    let organization_name = store::organization_name(&mut conn, organization).await?;
    let id = user.id;
    Ok(of_user(organization, organization_name, user, id, Credential::External, Some(identity.expires_at)))
}

fn of_user(
    organization: Id,
    organization_name: Arc<str>,
    user: store::User,
    credential_id: Id,
    credential: Credential,
    expires_at: Option<Timestamp>,
) -> Caller {
    Caller {
        organization,
        organization_name,
        actor: Actor { kind: ActorType::User, id: user.id, name: user.name },
        user: Some(user.id),
        contact: None,
        scopes: user.scopes,
        credential_id,
        credential,
        expires_at,
        is_test: false,
    }
}

/// The caller that a user is who has just proved who he is.
pub async fn caller_for_login(ctx: &Context, organization: Id, user: Id, session: Id) -> Result<Caller> {
    let mut conn = ctx.read().await?;
    let user = active_user(&mut conn, organization, user).await?;
    let organization_name = store::organization_name(&mut conn, organization).await?;
    let credential = Credential::Session { impersonator: None };
    Ok(of_user(organization, organization_name, user, session, credential, None))
}

/// What is kept of a caller who asked for something that is done later: enough to find out then what they may do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mandate {
    organization: Id,
    is_test: bool,
    user: Option<Id>,
    impersonator: Option<Id>,
    key: Option<Id>,
}

impl Mandate {
    /// The mandate that a caller gives; contacts cannot give any.
    pub fn of(caller: &Caller) -> Result<Self> {
        let (impersonator, key) = match caller.credential {
            Credential::ApiKey(_) => (None, Some(caller.credential_id)),
            Credential::Session { impersonator } => (impersonator, None),
            Credential::External | Credential::Internal => (None, None),
            Credential::Contact => {
                return Err(Error::new(Code::NoPermission, "A contact cannot have anything done later."));
            }
        };
        let Caller { organization, is_test, user, .. } = *caller;
        Ok(Self { organization, is_test, user, impersonator, key })
    }

    /// The organization that they belong to.
    pub fn organization(&self) -> Id {
        self.organization
    }

    /// Whether they asked with a test key.
    pub fn is_test(&self) -> bool {
        self.is_test
    }

    /// The one who asked, with what they may do by now; an error if they may do nothing any more.
    pub async fn caller(&self, app: &App) -> Result<Caller> {
        let mut conn = app.db.read().await?;
        let mut caller = match (self.key, self.user) {
            (Some(key), _) => {
                let caller = api_key(&mut conn, self.organization, key, None).await?;
                if caller.expires_at.is_some_and(|end| end <= app.now()) {
                    return Err(Error::new(Code::TokenExpired, "The key that asked for this has expired."));
                }
                caller
            }
            (None, Some(user)) => {
                let mut user = active_user(&mut conn, self.organization, user).await?;
                if let Some(impersonator) = self.impersonator {
                    user.scopes =
                        user.scopes.intersection(active_user(&mut conn, self.organization, impersonator).await?.scopes);
                }
                let name = store::organization_name(&mut conn, self.organization).await?;
                let credential = Credential::Session { impersonator: self.impersonator };
                let id = user.id;
                of_user(self.organization, name, user, id, credential, None)
            }
            (None, None) => server_itself(self.organization),
        };
        caller.is_test = self.is_test;
        Ok(caller)
    }
}

/// The server itself, acting in an organization: set-up, demo data, background work.
pub fn server_itself(organization: Id) -> Caller {
    Caller {
        organization,
        organization_name: "".into(),
        actor: Actor { kind: ActorType::System, id: organization, name: "dotdesk".into() },
        user: None,
        contact: None,
        scopes: ScopeSet::ALL,
        credential_id: organization,
        credential: Credential::Internal,
        expires_at: None,
        is_test: false,
    }
}
