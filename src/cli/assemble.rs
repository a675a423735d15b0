//! Puts a server together: the one place that knows all its parts.

use std::sync::Arc;

use super::Failure;
use super::keys::Keys;
use super::private;
use super::settings::{BadSetting, Files, Oidc, Settings};
use crate::access::authenticate::Sessions;
use crate::access::jwt::TokenSigner;
use crate::access::limits::Limits;
use crate::access::links::PublicUrl;
use crate::access::oidc::{BadIssuer, IssuerSettings, Issuers, JwksSource};
use crate::access::password::Passwords;
use crate::api;
use crate::db::{Db, Ids, Timestamp};
use crate::events::retention::Retention;
use crate::jobs::Workshop;
use crate::method::{App, Clock, Keyring, Registry, Services};
use crate::providers::blobs::{Blobs, Bucket, BucketSettings, Disk};
use crate::providers::fetch::Fetch;
use crate::providers::mail::Mailer;
use crate::providers::post::Post;
use crate::resources::integrations::events::Streams;

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
    private::create_folder(&settings.data_dir).map_err(|error| {
        Failure::Failed(format!("data_dir: cannot make the folder {}: {error}", settings.data_dir.display()))
    })?;
    let keys = Keys::of(settings, Timestamp::now()).map_err(Failure::because)?;
    let keyring = Keyring::new(&keys.generations).map_err(Failure::because)?;
    let registry = Arc::new(Registry::new(api::TABLES));
    let services = services(settings, &keys, &registry)?;
    let db = Db::open(settings.database()).await.map_err(Failure::because)?;
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
        .with(blobs(settings)?)
        .with(Fetch::new(settings.allow_private_urls).map_err(Failure::because)?)
        .with(Workshop::new(api::JOBS))
        .with(Post::new(settings.allow_private_webhooks).map_err(Failure::because)?)
        .with(Streams::default())
        .with(Retention(settings.event_retention_days))
        .with(registry.clone());
    if let Some(url) = &settings.public_url {
        services = services.with(PublicUrl(url.clone()));
    }
    // Without issuers, a token that is not ours is simply wrong.
    if !settings.oidc.issuers.is_empty() {
        services = services.with(issuers(&settings.oidc)?);
    }
    Ok(services)
}

fn blobs(settings: &Settings) -> Result<Blobs, Failure> {
    match &settings.files {
        Files::Folder(folder) => match Disk::open(folder.clone()) {
            Ok(disk) => Ok(Blobs::Disk(disk)),
            Err(error) => {
                Err(Failure::Failed(format!("files_url: cannot use the folder {}: {error}", folder.display())))
            }
        },
        Files::Bucket(url) => {
            let access = &settings.bucket;
            let bucket = BucketSettings {
                url: url.clone(),
                endpoint: access.endpoint.clone(),
                region: access.region.clone(),
                key_id: access.key_id.clone(),
                secret_key: access.secret_key.as_ref().map(|secret| secret.reveal().to_owned()),
            };
            let opened = Bucket::open(&bucket).map_err(|error| BadSetting(format!("files_url: {error}")))?;
            Ok(Blobs::Bucket(opened))
        }
    }
}

fn mailer(settings: &Settings) -> Result<Mailer, Failure> {
    let from = settings.mail_from.as_ref().map(ToString::to_string);
    let mailer = match (&settings.smtp_url, from) {
        (Some(_), None) => return Err(BadSetting("mail_from: is required with smtp_url".into()).into()),
        (Some(url), Some(from)) => Mailer::smtp(url.reveal(), &from),
        (None, from) => {
            Mailer::outbox(settings.data_dir.join("outbox"), from.as_deref().unwrap_or("dotdesk <dotdesk@localhost>"))
        }
    };
    mailer.map_err(|error| BadSetting(format!("smtp_url: {error}")).into())
}

/// The issuers of the settings: each with keys of its own where it publishes them, or all with the keys that are named.
fn issuers(oidc: &Oidc) -> Result<Issuers, Failure> {
    let issuer = |names: &[String], jwks| IssuerSettings {
        issuers: names.to_vec(),
        client_ids: oidc.client_ids.clone(),
        audiences: oidc.audiences.clone(),
        accept_id_tokens: oidc.accept_id_tokens,
        jwks,
        organization: oidc.organization.clone(),
    };
    let settings = match &oidc.jwks {
        Some(url) if url.starts_with("https://") || url.starts_with("http://") => {
            vec![issuer(&oidc.issuers, JwksSource::Url(url.clone()))]
        }
        Some(path) => vec![issuer(&oidc.issuers, JwksSource::File(path.into()))],
        None => {
            let published = |name: &String| {
                let url = format!("{}/.well-known/jwks.json", name.trim_end_matches('/'));
                issuer(std::slice::from_ref(name), JwksSource::Url(url))
            };
            oidc.issuers.iter().map(published).collect()
        }
    };
    Issuers::new(settings).map_err(|error| {
        let message = match error {
            BadIssuer::ForAnybody(name) => {
                format!("oidc_client_ids for Cognito, oidc_audiences for others: is required with the issuer {name}")
            }
            error => format!("oidc_issuers: {error}"),
        };
        BadSetting(message).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oidc(issuers: &[&str]) -> Oidc {
        Oidc {
            issuers: issuers.iter().map(|issuer| (*issuer).to_owned()).collect(),
            client_ids: Vec::new(),
            audiences: vec!["desk".into()],
            jwks: None,
            accept_id_tokens: false,
            organization: None,
        }
    }

    #[test]
    fn issuers_that_would_let_anybody_in_are_refused_by_the_setting() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        assert!(issuers(&oidc(&["https://id.example.com", "https://other.example.com"])).is_ok());
        let cognito = oidc(&["https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12"]);
        let refused = issuers(&cognito).err().unwrap();
        assert!(
            matches!(refused, Failure::Setting(_)) && refused.to_string().starts_with("oidc_client_ids"),
            "{refused}"
        );
        let refused = issuers(&oidc(&["https://id.example.com", "https://id.example.com"])).err().unwrap();
        assert!(refused.to_string().starts_with("oidc_issuers: "), "{refused}");
    }
}
