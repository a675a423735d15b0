//! Puts a server together: the one place that knows all its parts.

use std::sync::Arc;

use super::Failure;
use super::keys::{self, Keys};
use super::settings::Settings;
use crate::access::authenticate::Sessions;
use crate::access::jwt::TokenSigner;
use crate::access::limits::Limits;
use crate::access::password::Passwords;
use crate::api;
use crate::db::{Db, Ids, Timestamp};
use crate::method::{App, Clock, Keyring, Registry, Services};

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
    Ok(Services::default()
        .with(Passwords::new().map_err(Failure::because)?)
        .with(TokenSigner::new(&keys.signing).map_err(Failure::because)?)
        .with(Sessions::default())
        .with(Limits::new(settings.rate_limits))
        .with(registry.clone()))
}
