//! The key file of a running server.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};

use super::login;
use crate::support::databases;
use crate::support::program::Place;

#[actix_web::test]
async fn keys_are_rotated_under_a_running_server() {
    let place = Place::new(databases::no_sqlite());
    let key = place.setup("Acme")["api_key"].as_str().unwrap().to_owned();
    let file = place.folder().join("keys.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    hide_all(&place, &serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap());

    let server = place.serve();
    let (client, nobody) = (server.client(&key), server.nobody());
    let (access, refresh) = login(&place, &nobody).await;
    for name in ["First", "Second"] {
        client.ok("teams.create", json!({ "name": name })).await;
    }
    let page = client.ok("teams.list", json!({ "limit": 1 })).await;
    let jwks = async || nobody.get("/.well-known/jwks.json").await.body["keys"].as_array().unwrap().clone();
    let before = jwks().await;
    assert_eq!(before.len(), 1);

    assert!(place.run(&["keys", "rotate"], "").status.success());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    hide_all(&place, &serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap());
    crate::faults::until("the server has the new key", Duration::from_secs(10), async || jwks().await.len() == 2).await;
    assert!(jwks().await.contains(&before[0]), "the old key is still there for those who check tokens themselves");

    let rest = client.ok("teams.list", json!({ "limit": 1, "cursor": page["next_cursor"] })).await;
    assert_eq!(rest["data"][0]["name"], "Second");
    server.client(&access).ok("auth.me", json!({})).await;
    let next = nobody.ok("auth.refresh", json!({ "refresh_token": refresh })).await;
    server.client(next["access_token"].as_str().unwrap()).ok("auth.me", json!({})).await;
    let (newest, _) = login(&place, &nobody).await;
    let head = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_eq!(head(&newest), head(&access), "a new key is published for a minute before it signs");
}

/// None of the secrets of a key file may appear in a log.
fn hide_all(place: &Place, keys: &Value) {
    let secrets = keys["generations"].as_array().unwrap().iter().map(|generation| &generation["secret"]);
    let seeds = keys["signing"].as_array().unwrap().iter().map(|signing| &signing["seed"]);
    secrets.chain(seeds).for_each(|secret| place.hide(secret.as_str().unwrap()));
}
