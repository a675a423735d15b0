//! Settings that mean nothing are refused by name, and secrets are not repeated.

use std::net::TcpListener;

use crate::support::databases;
use crate::support::program::Place;

/// What a bad secret is made of; it must appear nowhere.
const SECRET: &str = "hunter2-hunter2";

/// Starts the server in a way it must refuse, and answers the exit code and what it said.
fn refusal(place: Place, arguments: &[&str]) -> (Option<i32>, String) {
    place.hide(SECRET);
    let output = place.run(&[&["serve"], arguments].concat(), "");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn place() -> Place {
    Place::new(databases::no_sqlite())
}

#[track_caller]
fn refused((code, message): (Option<i32>, String), words: &[&str]) {
    assert_eq!(code, Some(2), "{message}");
    for word in words {
        assert!(message.contains(word), "{word} is not in: {message}");
    }
}

#[test]
fn a_bad_setting_is_named_and_ends_with_2() {
    let given = |name, value: &str| refusal(place().with(name, value), &[]);
    refused(given("DOTDESK_LISTENS", "x"), &["DOTDESK_LISTENS", "Did you mean DOTDESK_LISTEN?"]);
    refused(given("DOTDESK_WORKERS", "many"), &["DOTDESK_WORKERS", "expected a number", "many"]);
    refused(refusal(place(), &["--listen", "nowhere"]), &["--listen", "HOST:PORT", "nowhere"]);
    refused(refusal(place(), &["--synchronous", "never"]), &["--synchronous", "full or normal or off"]);
    refused(refusal(place(), &["--config", "/nowhere.toml"]), &["--config", "/nowhere.toml"]);
    refused(refusal(place(), &["--listens", "x"]), &["--listens"]);
}

#[test]
fn a_bad_secret_is_named_and_not_repeated() {
    let given = |name, value: String| refusal(place().with(name, value), &[]);
    let mysql = format!("mysql://root:{SECRET}@localhost/desk");
    refused(given("DOTDESK_DATABASE_URL", mysql.clone()), &["DOTDESK_DATABASE_URL", "sqlite://PATH"]);
    refused(refusal(place(), &["--database", &mysql]), &["--database", "sqlite://PATH"]);
    refused(given("DOTDESK_SECRET_KEY", SECRET.into()), &["DOTDESK_SECRET_KEY", "32 bytes"]);
    refused(given("DOTDESK_SMTP_URL", format!("imap://user:{SECRET}@localhost")), &["DOTDESK_SMTP_URL", "smtps://"]);
}

#[test]
fn a_database_that_is_not_there_does_not_give_its_password_away() {
    for query in ["", "?sslmode=disable", "?unknown=1", "?connect_timeout=hunter2-hunter2"] {
        let url = format!("postgres://desk:{SECRET}@127.0.0.1:1/desk{query}");
        let (code, message) = refusal(place().with("DOTDESK_DATABASE_URL", url), &[]);
        assert_eq!(code, Some(1), "{message}");
        assert!(message.contains("cannot open the database"), "{message}");
    }
}

#[test]
fn the_file_is_read_strictly() {
    let written = |text: &str| {
        let place = place();
        let path = place.folder().join("dotdesk.toml");
        std::fs::write(&path, text).unwrap();
        let path = path.to_string_lossy().into_owned();
        refusal(place, &["--config", &path])
    };
    refused(written("listem = \"127.0.0.1:0\""), &["listem", "dotdesk.toml", "Did you mean listen?"]);
    refused(written("workers = \"many\""), &["workers in", "dotdesk.toml", "expected a number"]);
    refused(written("workers = 1\nmetrics = ["), &["dotdesk.toml, line 2"]);
    refused(written(&format!("smtp_url = \"{SECRET}")), &["dotdesk.toml, line 1"]);
    refused(written(&format!("secret_key = \"{SECRET}\"")), &["secret_key", "dotdesk.toml", "32 bytes"]);
}

#[test]
fn a_port_that_is_taken_is_said_so() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, message) = refusal(place(), &["--listen", &address]);
    assert!(code == Some(1) && message.contains(&address), "{message}");
}
