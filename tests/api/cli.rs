//! The command line, with the program itself.

mod call;
mod demo;
mod keys;
mod logs;
mod settings;

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::databases::{self, Database};
use crate::support::program::Place;

/// Runs a test at a place on either database.
fn on_both(test: impl Fn(Place)) {
    actix_web::rt::System::new().block_on(async {
        let databases: [Option<Database>; 2] = [Some(databases::no_sqlite()), databases::empty_postgres().await];
        databases.into_iter().flatten().for_each(|database| test(Place::new(database)));
    });
}

#[test]
fn setup_prints_one_document_and_can_be_repeated() {
    on_both(|place| {
        let (acme, other) = (place.setup("Acme"), place.setup("Other"));
        for created in [&acme, &other] {
            let names: Vec<_> = created.as_object().unwrap().keys().collect();
            assert_eq!(names, ["organization", "user", "api_key"]);
            assert!(created["api_key"].as_str().unwrap().starts_with("dd_live_"), "{created}");
        }
        assert_eq!(acme["organization"]["name"], "Acme");
        assert_eq!(acme["user"]["email"], "owner@acme.test");
        assert_ne!(acme["organization"]["id"], other["organization"]["id"]);
    });
}

#[actix_web::test]
async fn what_setup_made_can_be_used() {
    let place = Place::new(databases::no_sqlite());
    let (acme, other) = (place.setup("Acme"), place.setup("Other"));
    let server = place.serve();
    for created in [&acme, &other] {
        let info = server.client(created["api_key"].as_str().unwrap()).ok("organizations.info", json!({})).await;
        assert_eq!(info["id"], created["organization"]["id"]);
        let login = json!({ "email": created["user"]["email"], "password": crate::support::organization::PASSWORD });
        server.nobody().ok("auth.login", login).await;
    }
}

#[test]
fn setup_refuses_what_the_api_refuses() {
    let place = Place::new(databases::no_sqlite());
    let setup = |email: &str, password: &str| {
        let arguments = ["setup", "--organization", "Acme", "--owner-email", email, "--owner-password-stdin"];
        let output = place.run(&arguments, password);
        assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, message) = setup("nobody", "correct horse battery staple");
    assert!(code == Some(2) && message.contains("--owner-email"), "{message}");
    let (code, message) = setup("owner@acme.test", "");
    assert!(code == Some(2) && message.contains("standard input is empty"), "{message}");
    place.hide("hunter2hunter2");
    let (code, message) = setup("owner@acme.test", "hunter2hunter2");
    assert!(code == Some(1) && message.contains("guess"), "{message}");
}

#[test]
fn the_openapi_document_is_the_committed_one() {
    let place = Place::new(databases::no_sqlite());
    let output = place.run(&["openapi"], "");
    assert!(output.status.success());
    let committed = include_str!("../../openapi.json");
    let is_same = String::from_utf8(output.stdout).unwrap() == committed;
    assert!(is_same, "openapi.json is out of date: cargo run -- openapi > openapi.json");
    let old: Value = serde_json::from_slice(&place.run(&["openapi", "--3.0"], "").stdout).unwrap();
    assert!(old["openapi"].as_str().unwrap().starts_with("3.0."));
}

#[test]
fn the_postman_collection_has_the_address_of_a_server_here() {
    let place = Place::new(databases::no_sqlite());
    let collection: Value = serde_json::from_slice(&place.run(&["postman"], "").stdout).unwrap();
    assert_eq!(collection["variable"][0]["value"], "http://127.0.0.1:8080");
    assert!(collection["info"]["schema"].as_str().unwrap().ends_with("/v2.1.0/collection.json"));
}

#[test]
fn every_method_is_listed() {
    let place = Place::new(databases::no_sqlite());
    let registry = dotdesk::method::Registry::new(dotdesk::api::TABLES);
    let names: Vec<&str> = registry.methods().iter().map(|method| method.name()).collect();
    let listed: Value = serde_json::from_slice(&place.run(&["methods", "--json"], "").stdout).unwrap();
    let listed: Vec<&str> = listed.as_array().unwrap().iter().map(|method| method["name"].as_str().unwrap()).collect();
    assert_eq!(listed, names);
    let lines = String::from_utf8(place.run(&["methods", "teams."], "").stdout).unwrap();
    let teams: Vec<&str> = lines.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(teams, names.into_iter().filter(|name| name.starts_with("teams.")).collect::<Vec<_>>());
}

/// Migrates by hand: up, down, up.
#[test]
fn migrations_are_named() {
    on_both(|place| {
        let migrate = |arguments: &[&str]| {
            let output = place.run(&[&["migrate"], arguments].concat(), "");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let done = migrate(&[]);
        assert!(!done.is_empty());
        assert_eq!(migrate(&[]), Vec::<String>::new());
        assert_eq!(migrate(&["--down", "1"]), [done.last().unwrap().clone()]);
        assert_eq!(migrate(&[]), [done.last().unwrap().clone()]);
    });
}

/// The access and refresh token of a new session of Acme's owner.
async fn login(place: &Place, nobody: &Client) -> (String, String) {
    let login = json!({ "email": "owner@acme.test", "password": crate::support::organization::PASSWORD });
    let session = nobody.ok("auth.login", login).await;
    let token = |name: &str| session[name].as_str().unwrap().to_owned();
    let (access, refresh) = (token("access_token"), token("refresh_token"));
    place.hide(&access);
    place.hide(&refresh);
    (access, refresh)
}
