//! Puts a server together: the one place that knows all its parts.

use std::sync::Arc;

use super::Failure;
use super::keys::{self, Keys};
use super::settings::{BadSetting, Settings};
use crate::access::authenticate::Sessions;
use crate::access::jwt::TokenSigner;
use crate::access::limits::Limits;
use crate::access::links::PublicUrl;
use crate::access::oidc::{IssuerSettings, Issuers, JwksSource};
use crate::access::password::Passwords;
use crate::api;
use crate::db::{Db, Ids, Timestamp};
use crate::method::{App, Clock, Keyring, Registry, Services};
use crate::providers::mail::Mailer;

/// Who mail comes from while it only goes to a folder.
const OUTBOX_SENDER: &str = "dotdesk <dotdesk@localhost>";

/// A server that has not started to answer yet.
pub struct Server {
    /// What methods see of it.
    pub app: App,
    /// Its methods.
    pub registry: Arc<Registry>,
    /// The secrets it started with.
    pub keys: Keys,
}

/// Opens the database, brings it up to date, and puts the server together.
pub async fn server(settings: &Settings) -> Result<Server, Failure> {
    keys::create_private_folder(&settings.data_dir).map_err(|error| {
        Failure::Failed(format!("data_dir: cannot make the folder {}: {error}", settings.data_dir.display()))
    })?;
    let keys = Keys::of(settings, Timestamp::now()).map_err(Failure::because)?;
    let keyring = Keyring::new(&keys.generations).map_err(Failure::because)?;
    let registry = Arc::new(Registry::new(api::TABLES));
    let db = Db::open(settings.database()).await.map_err(Failure::because)?;
    let services = services(settings, &keys, &registry)?;
    let app = App::new(db, Clock::System, Ids::random(), keyring, services);
    Ok(Server { app, registry, keys })
}

fn services(settings: &Settings, keys: &Keys, registry: &Arc<Registry>) -> Result<Services, Failure> {
    let mut services = Services::default()
        .with(Passwords::new().map_err(Failure::because)?)
        .with(TokenSigner::new(&keys.signing).map_err(Failure::because)?)
        .with(Sessions::default())
        .with(Limits::new(settings.rate_limits))
        .with(mailer(settings)?)
        .with(registry.clone());
    if let Some(url) = &settings.public_url {
        services = services.with(PublicUrl(url.clone()));
    }
    if !settings.oidc.issuers.is_empty() {
        services = services.with(issuers(settings)?);
    }
    Ok(services)
}

fn mailer(settings: &Settings) -> Result<Mailer, Failure> {
    let made = match &settings.smtp {
        Some(smtp) => Mailer::smtp(smtp.url.reveal(), &smtp.from.to_string()),
        None => Mailer::outbox(settings.data_dir.join("outbox"), OUTBOX_SENDER),
    };
    made.map_err(|error| BadSetting(format!("smtp_url: {error}")).into())
}

/// The outside issuers that are configured. All names belong to one issuer: Cognito, for one, has two.
fn issuers(settings: &Settings) -> Result<Issuers, Failure> {
    let oidc = &settings.oidc;
    let jwks = match &oidc.jwks {
        Some(place) if place.starts_with("https://") || place.starts_with("http://") => JwksSource::Url(place.clone()),
        Some(path) => JwksSource::File(path.into()),
        None => match oidc.issuers.iter().find(|issuer| issuer.contains("://cognito-idp.")) {
            Some(pool) => JwksSource::Url(format!("{pool}/.well-known/jwks.json")),
            None => return Err(BadSetting("oidc_jwks: this issuer's keys need a path or an address".into()).into()),
        },
    };
    let issuer = IssuerSettings {
        issuers: oidc.issuers.clone(),
        client_ids: oidc.client_ids.clone(),
        audiences: oidc.audiences.clone(),
        accept_id_tokens: oidc.accept_id_tokens,
        jwks,
        organization: oidc.organization.clone(),
    };
    Issuers::new(vec![issuer]).map_err(|error| BadSetting(format!("oidc: {error}")).into())
}
