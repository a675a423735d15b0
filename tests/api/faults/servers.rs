//! Two servers of one PostgreSQL database are one to their clients.

use std::time::Duration;

use serde_json::json;

use super::until;
use crate::support::client::Client;
use crate::support::databases;
use crate::support::organization::PASSWORD;
use crate::support::program::{Place, Server};
use crate::support::streams::Stream;

const SECRET_KEY: &str = "c2hhcmVkIGJ5IGJvdGggc2VydmVycyBvZiBhIHRlc3Q=";

/// Two servers that were started at the same moment on an empty database, and the key of an organization.
async fn two() -> Option<(Place, Server, Server, String)> {
    let place = Place::new(databases::empty_postgres().await?).with("DOTDESK_SECRET_KEY", SECRET_KEY);
    place.hide(SECRET_KEY);
    let (one, two) = std::thread::scope(|scope| {
        let other = scope.spawn(|| place.serve());
        (place.serve(), other.join().unwrap())
    });
    let key = place.setup("Acme")["api_key"].as_str().unwrap().to_owned();
    Some((place, one, two, key))
}

#[test]
fn a_key_that_is_deleted_on_one_ends_on_the_other() {
    actix_web::rt::System::new().block_on(async {
        let Some((place, one, two, key)) = two().await else { return };
        let made =
            one.client(&key).ok("apiKeys.create", json!({ "name": "Short-lived", "scopes": ["teams:read"] })).await;
        let secret = made["secret"].as_str().unwrap();
        place.hide(secret);
        let client = two.client(secret);
        client.ok("teams.list", json!({})).await;
        one.client(&key).post("apiKeys.delete", &json!({ "id": made["id"] })).await;
        one.client(secret).post("teams.list", &json!({})).await.refused(401, "token_revoked");
        let refused = async || {
            let reply = client.post("teams.list", &json!({})).await;
            if reply.status != 200 {
                reply.refused(401, "token_revoked");
            }
            reply.status == 401
        };
        until("the other server knows", Duration::from_secs(5), refused).await;
    });
}

#[test]
fn what_one_has_signed_the_other_believes() {
    actix_web::rt::System::new().block_on(async {
        let Some((place, one, two, key)) = two().await else { return };
        let login = json!({ "email": "owner@acme.test", "password": PASSWORD });
        let session = one.nobody().ok("auth.login", login).await;
        let (access, refresh) = (session["access_token"].as_str().unwrap(), session["refresh_token"].as_str().unwrap());
        place.hide(access);
        place.hide(refresh);
        assert_eq!(two.client(access).ok("auth.me", json!({})).await["user"]["email"], "owner@acme.test");
        let next = two.nobody().ok("auth.refresh", json!({ "refresh_token": refresh })).await;
        one.client(next["access_token"].as_str().unwrap()).ok("auth.me", json!({})).await;
        let keys = "/.well-known/jwks.json";
        assert_eq!(one.nobody().get(keys).await.body, two.nobody().get(keys).await.body);

        let (here, there) = (one.client(&key), two.client(&key));
        let first = here.with("idempotency-key", "one").ok("teams.create", json!({ "name": "First" })).await;
        let again = there.with("idempotency-key", "one").post("teams.create", &json!({ "name": "First" })).await;
        assert_eq!((&again.body, again.header("idempotent-replayed")), (&first, "true"));
        let second = there.ok("teams.create", json!({ "name": "Second" })).await;
        let page = here.ok("teams.list", json!({ "limit": 1 })).await;
        assert_eq!(page["data"], json!([first]));
        let rest = there.ok("teams.list", json!({ "limit": 1, "cursor": page["next_cursor"] })).await;
        assert_eq!(rest["data"], json!([second]));
    });
}

#[test]
fn what_happens_on_either_is_told_by_both_in_one_order() {
    const EACH: usize = 30;
    actix_web::rt::System::new().block_on(async {
        let Some((_place, one, two, key)) = two().await else { return };
        let (here, there) = (one.client(&key), two.client(&key));
        let body = json!({ "types": ["team.created"] });
        let mut streams = [Stream::open(&here, &body).await, Stream::open(&there, &body).await];
        let write = async |client: &Client| {
            for n in 0..EACH {
                client.ok("teams.create", json!({ "name": format!("Team {n}") })).await;
            }
        };
        let ((), ()) = tokio::join!(write(&here), write(&there));
        let mut told = Vec::new();
        for stream in &mut streams {
            told.push(stream.take(2 * EACH).await);
        }
        assert!(told[0] == told[1], "both tell the same");
        let places: Vec<i64> = told[0].iter().map(|frame| frame.id.parse().unwrap()).collect();
        let first = places[0];
        assert_eq!(places, (first..first + 2 * EACH as i64).collect::<Vec<_>>());
    });
}
