//! Mail goes to the outbox; and whatever happens, no secret goes to the log.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dotdesk::db::Db;
use dotdesk::db::prelude::*;
use dotdesk::run;
use dotdesk::schema::users;
use serde_json::{Value, json};

use super::login;
use crate::support::databases::{self, Database};
use crate::support::organization::PASSWORD;
use crate::support::program::Place;

const NEW_PASSWORD: &str = "four geese over a quiet lake";

#[actix_web::test]
async fn invitations_come_by_mail_and_open_the_door() {
    let place = Place::new(databases::no_sqlite()).with("DOTDESK_PUBLIC_URL", "https://desk.example.com");
    let key = place.setup("Acme")["api_key"].as_str().unwrap().to_owned();
    let server = place.serve();
    let invited = json!({ "name": "Ines", "email": "ines@acme.test", "send_invite": true });
    let user = server.client(&key).ok("users.create", invited).await;
    assert_eq!(user["status"], "invited");
    let mail = mail_to(&place.folder().join("outbox"), "ines@acme.test").await;
    assert!(mail.contains("https://desk.example.com"), "{mail}");
    let token = token_in(&mail, "dd_invite_");
    place.hide(&token);
    place.hide(NEW_PASSWORD);
    let nobody = server.nobody();
    let reset = json!({ "token": token, "new_password": NEW_PASSWORD });
    assert_eq!(nobody.post("auth.resetPassword", &reset).await.status, 204);
    nobody.post("auth.resetPassword", &reset).await.refused(410, "expired");
    nobody.ok("auth.login", json!({ "email": "ines@acme.test", "password": NEW_PASSWORD })).await;
}

#[actix_web::test]
async fn no_secret_is_logged_on_sqlite() {
    say_many_secrets(databases::no_sqlite()).await;
}

#[actix_web::test]
async fn no_secret_is_logged_on_postgres() {
    if let Some(database) = databases::empty_postgres().await {
        say_many_secrets(database).await;
    }
}

/// Makes, uses and misuses secrets of every kind; the place looks for them in every log.
async fn say_many_secrets(database: Database) {
    let place = Place::new(database);
    let key = place.setup("Acme")["api_key"].as_str().unwrap().to_owned();
    let server = place.serve();
    let (client, nobody) = (server.client(&key), server.nobody());
    let hidden = |reply: &Value, name: &str| {
        let secret = reply[name].as_str().unwrap_or_else(|| panic!("no {name} in {reply}")).to_owned();
        place.hide(&secret);
        secret
    };
    let (access, refresh) = login(&place, &nobody).await;
    let next = nobody.ok("auth.refresh", json!({ "refresh_token": refresh })).await;
    hidden(&next, "access_token");
    hidden(&next, "refresh_token");
    let made =
        client.with("idempotency-key", "made").ok("apiKeys.create", json!({ "name": "New", "scopes": ["*"] })).await;
    let secret = hidden(&made, "secret");
    let rotated = client.ok("apiKeys.rotate", json!({ "id": made["id"] })).await;
    hidden(&rotated, "secret");
    let rotated = client.ok("organizations.rotateWebhookSecret", json!({})).await;
    hidden(&rotated, "secret");
    place.hide("sk-a-secret-of-somebody-else");
    let set = json!({ "name": "ai_api_key", "value": "sk-a-secret-of-somebody-else" });
    client.ok("organizations.setSecret", set).await;
    place.hide(NEW_PASSWORD);
    let user = json!({ "name": "Pia", "email": "pia@acme.test", "password": NEW_PASSWORD });
    client.ok("users.create", user).await;
    place.hide(&password_hash(&place.database.url, "pia@acme.test").await);
    nobody.ok("auth.requestPasswordReset", json!({ "email": "owner@acme.test" })).await;
    let mail = mail_to(&place.folder().join("outbox"), "owner@acme.test").await;
    place.hide(&token_in(&mail, "dd_reset_"));

    // In the wrong place, of the wrong kind, or too late.
    let wrong = "dd_live_0123456789abcdefghijABCDEFGHIJ01_1aB2cD";
    place.hide(wrong);
    server.client(wrong).post("teams.list", &json!({})).await.refused(401, "invalid_auth");
    nobody.post("auth.refresh", &json!({ "refresh_token": refresh })).await;
    server.client(&access).post("teams.list", &json!({})).await.refused(401, "token_revoked");
    nobody.post("auth.login", &json!({ "email": "owner@acme.test", "password": "a wrong password" })).await;
    place.hide("a wrong password");
    client
        .post("users.create", &json!({ "name": 1, "email": "x", "password": NEW_PASSWORD, "passwort": PASSWORD }))
        .await;
    nobody.get(&format!("/teams.list?token={secret}")).await;
    nobody.get(&format!("/{secret}")).await;
    nobody.send("auth.login", "application/json", format!("{{\"password\": \"{PASSWORD}\"").into_bytes()).await;
    over_http2(&server.url, &key);
    server.terminate();
    let mut server = server;
    assert!(server.wait().success());
    assert!(server.log().lines().any(|line| line.contains("\"DEBUG\"")), "the log shows everything there is");
}

/// The same once more with HTTP/2, whose library logs by itself.
fn over_http2(url: &str, key: &str) {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--http2-prior-knowledge", "-H"]).arg(format!("Authorization: Bearer {key}"));
    curl.args(["-d", "{}"]).arg(format!("{url}/teams.list"));
    if let Ok(output) = curl.output() {
        assert!(output.stdout.starts_with(b"{\"data\":"), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// What is stored of a user's password.
async fn password_hash(url: &str, email: &str) -> String {
    let db = Db::connect(databases::options(url)).await.unwrap();
    let mut conn = db.read().await.unwrap();
    let of_user = users::table.filter(users::email.eq(email)).select(users::password_hash.assume_not_null());
    run!(conn, |c| of_user.first(c)).unwrap()
}

/// The mail to this address, once it is in the folder.
async fn mail_to(folder: &Path, address: &str) -> String {
    let find = || {
        let files = std::fs::read_dir(folder).ok()?;
        let mails = files.filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok());
        mails.into_iter().find(|mail| mail.contains(&format!("To: {address}")))
    };
    crate::faults::until("the mail is in the outbox", Duration::from_secs(10), async || find().is_some()).await;
    find().unwrap()
}

/// The token in a mail that starts so.
fn token_in(mail: &str, start: &str) -> String {
    let (_, rest) = mail.split_once(start).unwrap_or_else(|| panic!("no {start} in {mail}"));
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    format!("{start}{}", &rest[..end])
}
