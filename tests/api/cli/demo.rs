//! `dotdesk demo`: what it tells people to try works as it stands.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::databases;
use crate::support::program::Place;

#[actix_web::test]
async fn what_the_demo_says_to_try_works() {
    let place = Place::new(databases::no_sqlite());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mut command = place.command(&["demo", "--listen", &address.to_string()]);
    command.stdout(Stdio::piped());
    let mut demo = place.start(command);
    assert_ne!(demo.url, format!("http://{address}"), "it takes another port when the first is in use");

    let lines: Vec<String> = BufReader::new(demo.stdout())
        .lines()
        .map(Result::unwrap)
        .take_while(|line| !line.starts_with("End it with"))
        .collect();
    let said =
        |start: &str| lines.iter().find_map(|line| line.strip_prefix(start)).unwrap_or_else(|| panic!("{lines:?}"));
    assert_eq!(said("dotdesk is listening on "), demo.url);
    let key = said("API key: ");
    place.hide(key);
    assert_eq!(demo.client(key).ok("users.list", json!({})).await["data"].as_array().unwrap().len(), 8);

    let calls: Vec<&str> = lines.iter().map(|line| line.trim()).filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(calls.len(), 4, "{lines:?}");
    if Command::new("curl").arg("--version").output().is_err() {
        let _ = writeln!(std::io::stderr(), "\n*** There is no curl here: the demo's commands were not tried. ***\n");
        return;
    }
    let results: Vec<Value> = calls
        .iter()
        .map(|call| {
            // As it stands, but failing where curl would be content with any answer.
            let strict = call.replacen("curl ", "curl --silent --show-error --fail-with-body ", 1);
            let output = Command::new("sh").arg("-c").arg(&strict).output().unwrap();
            assert!(output.status.success(), "{call}\n{}", String::from_utf8_lossy(&output.stdout));
            serde_json::from_slice(&output.stdout).expect(call)
        })
        .collect();
    assert_eq!(results[0]["data"].as_array().unwrap().len(), 2);
    for (list, count) in [(&results[1]["data"], 2), (&results[2]["data"], 1), (&results[3]["messages"], 1)] {
        assert_eq!(list.as_array().unwrap().len(), count, "{list}");
    }
}
