//! `dotdesk call`, `login`, `logout` and `completions`, with the program itself and a server.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::databases;
use crate::support::program::{PROGRAM, Place, Server};

/// A server, and somebody at a command line with a key for it.
struct Desk {
    place: Place,
    server: Server,
    key: String,
}

/// What a command did.
#[derive(Debug)]
struct Done {
    status: i32,
    out: String,
    err: String,
}

impl Desk {
    fn start() -> Self {
        let place = Place::new(databases::no_sqlite());
        let key = place.setup("Acme")["api_key"].as_str().unwrap().to_owned();
        let server = place.serve();
        Self { place, server, key }
    }

    /// Where the command line keeps what it keeps.
    fn config(&self) -> PathBuf {
        self.place.folder().join("config")
    }

    /// Runs the program with these variables and nothing else of ours. The key is in nothing that it says.
    fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str], input: &str) -> Done {
        let mut command = Command::new(PROGRAM);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOTDESK_")) {
            command.env_remove(name);
        }
        command.args(arguments).env("XDG_CONFIG_HOME", self.config()).envs(variables.iter().copied());
        let done = finish(&mut command, input);
        assert!(!done.out.contains(&self.key) && !done.err.contains(&self.key), "the key is shown: {done:?}");
        done
    }

    /// Runs the program with the server's address and the key in the environment.
    fn run(&self, arguments: &[&str]) -> Done {
        self.run_in(arguments, "")
    }

    fn run_in(&self, arguments: &[&str], input: &str) -> Done {
        self.run_with(&[("DOTDESK_URL", &self.server.url), ("DOTDESK_TOKEN", &self.key)], arguments, input)
    }

    /// Calls a method and expects it to succeed.
    fn call(&self, arguments: &[&str]) -> Value {
        let done = self.run(&[&["call"], arguments].concat());
        assert_eq!((done.status, done.err.as_str()), (0, ""), "{done:?}");
        serde_json::from_str(&done.out).unwrap_or_default()
    }
}

fn finish(command: &mut Command, input: &str) -> Done {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn methods_are_called_with_arguments_of_their_types() {
    let desk = Desk::start();
    let users = desk.call(&["users.list"]);
    let user = users["data"][0]["id"].as_str().unwrap();
    let members = format!("user_ids:=[\"{user}\"]");
    let team =
        desk.call(&["teams.create", "name=7", "query.conversations=source:*sms", &members, "is_support_enabled=true"]);
    assert_eq!((&team["name"], &team["is_support_enabled"]), (&json!("7"), &json!(true)));
    assert_eq!((&team["query"]["conversations"], &team["user_ids"]), (&json!("source:*sms"), &json!([user])));
    let id = format!("id={}", team["id"].as_str().unwrap());
    assert_eq!(desk.call(&["teams.update", &id, "description:=null", "name=Sms"])["name"], "Sms");
    let page = desk.call(&["teams.list", "limit=1", "fields=name", "fields=version", "include=total"]);
    assert_eq!(
        page,
        json!({ "data": [{ "name": "Sms", "version": 2 }], "next_cursor": null, "total": 1, "total_is_exact": true })
    );

    let whole = json!({ "name": "Night", "metadata": {} }).to_string();
    let done =
        desk.run_in(&["call", "teams.create", "-", "description=From 22:00"], &json!({ "name": "Night" }).to_string());
    let night: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((&night["name"], &night["description"]), (&json!("Night"), &json!("From 22:00")));
    assert_eq!(desk.run(&["call", "teams.create", "--json", &whole]).status, 4);
    assert_eq!(desk.run(&["call", "teams.create", "--json", "[1]"]).status, 2);

    let file = desk.place.folder().join("photo.bin");
    std::fs::write(&file, b"\xff\x00\xfe").unwrap();
    let stored = desk.call(&["files.create", "name=photo.bin", &format!("content_base64=@{}", file.display())]);
    assert_eq!(stored["size"], 3);

    let done = desk.run(&["call", "teams.delete", &id]);
    assert_eq!((done.status, done.out.as_str(), done.err.as_str()), (0, "", ""));
    let done = desk.run(&["call", "-i", "teams.create", "name=Sms", "--idempotency-key", "order-4711"]);
    assert!(done.out.starts_with("HTTP 200\n") && done.out.contains("\netag: \"1\"\n"), "{}", done.out);
    let again = desk.run(&["call", "teams.create", "name=Sms", "--include", "--idempotency-key", "order-4711"]);
    assert!(again.out.contains("\nidempotent-replayed: true\n"), "{}", again.out);
}

#[test]
fn how_a_call_ended_is_in_the_exit_status() {
    let desk = Desk::start();
    let team = desk.call(&["teams.create", "name=Sms"]);
    let id = format!("id={}", team["id"].as_str().unwrap());
    let ended = |arguments: &[&str], status: i32, words: &[&str]| {
        let done = desk.run(&[&["call"], arguments].concat());
        assert_eq!(done.status, status, "{done:?}");
        assert!(done.out.is_empty() && done.err.starts_with("dotdesk: "), "{done:?}");
        for word in words {
            assert!(done.err.contains(word), "{word} is not in: {}", done.err);
        }
    };
    ended(
        &["teams.create", "nmae=Sms"],
        4,
        &["/nmae: unknown field 'nmae', did you mean 'name'?", "/name: ", "invalid_arguments", "req_"],
    );
    ended(&["teams.list", "query"], 2, &["\"query\" is no argument"]);
    ended(&["teams.list", "limit=many"], 2, &["limit: expected integer from 1 to 1000"]);
    ended(&["teams.list", "name=@/no/such/file"], 2, &["/no/such/file"]);
    ended(&["teams.lst"], 7, &["Did you mean 'teams.list'?", "unknown_method"]);
    ended(&["teams.info", "id=0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"], 7, &["team_not_found"]);
    ended(&["teams.update", &id, "name=X", "--if-version", "9"], 8, &["version_conflict", "current_version: 1"]);
    ended(&["users.me", "--all"], 2, &["--all"]);
    ended(&["teams.list", "--url", "http://127.0.0.1:1"], 3, &["no answer from http://127.0.0.1:1", "refused"]);
    ended(&["teams.list", "--url", "desk.example.com"], 2, &["https://desk.example.com"]);
    ended(&["teams.list", "--profile", "nowhere"], 2, &["no profile \"nowhere\""]);
    ended(&[], 2, &["dotdesk methods"]);
    let done = desk.run_with(&[("DOTDESK_URL", &desk.server.url)], &["call", "teams.list"], "");
    assert!(done.status == 5 && done.err.contains("not_authed"), "{done:?}");
    let key = desk.call(&["apiKeys.create", "name=Reader", "scopes=teams:read"]);
    let reader = [("DOTDESK_URL", desk.server.url.as_str()), ("DOTDESK_TOKEN", key["secret"].as_str().unwrap())];
    let done = desk.run_with(&reader, &["call", "teams.create", "name=X"], "");
    assert!(done.status == 6 && done.err.contains("needed: teams:write"), "{done:?}");
    // A method that this program does not know is the server's to judge, and its arguments are text.
    ended(&["pancakes.flip", "count=2"], 7, &["unknown_method"]);
}

#[test]
fn lists_are_walked_and_printed_line_by_line() {
    let desk = Desk::start();
    let names: Vec<String> = (0..5).map(|number| format!("Team {number}")).collect();
    for name in &names {
        desk.call(&["teams.create", &format!("name={name}")]);
    }
    let named =
        |items: &[Value]| items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let whole = desk.call(&["teams.list", "--all", "limit=2"]);
    assert_eq!((named(whole["data"].as_array().unwrap()), &whole["next_cursor"]), (names.clone(), &Value::Null));
    let done = desk.run(&["call", "teams.list", "--all", "--jsonl", "limit=2"]);
    assert_eq!((named(&lines(&done.out)), done.status), (names.clone(), 0));
    let done = desk.run(&["call", "teams.list", "--jsonl", "limit=2"]);
    assert_eq!(named(&lines(&done.out)), names[..2]);
    let me = lines(&desk.run(&["call", "auth.test", "--jsonl"]).out);
    assert_eq!(me.len(), 1);
    let done = desk.run(&["call", "teams.list", "--all", "cursor=c1.nothing"]);
    assert!(done.status == 4 && done.out.is_empty() && done.err.contains("invalid_cursor"), "{done:?}");
}

#[test]
fn jobs_are_waited_for() {
    let desk = Desk::start();
    for name in ["Ada", "Bert"] {
        desk.call(&["contacts.create", &format!("name={name}")]);
    }
    let tried = desk.call(&["contacts.bulkUpdate", "filters=name:Ada", "add_tags=vip", "--dry-run", "--wait"]);
    assert_eq!(
        (&tried["status"], &tried["dry_run"], &tried["succeeded"]),
        (&json!("succeeded"), &json!(true), &json!(1))
    );
    let done = desk.call(&["contacts.bulkUpdate", "filters=name:Ada", "add_tags=vip", "--wait"]);
    assert_eq!((&done["status"], &done["type"]), (&json!("succeeded"), &json!("contacts.bulkUpdate")));
    let found = desk.call(&["contacts.list", "filters=tags:vip"]);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    // An import names its job. One record of the two is broken.
    let records = json!([{ "name": "Cleo", "email": "cleo@example.com" }, { "name": "Dora", "email": "nowhere" }]);
    let done = desk.run(&["call", "imports.create", "object=contact", &format!("records:={records}"), "--wait"]);
    assert_eq!(done.status, 13, "{done:?}");
    assert!(done.err.contains("the job is partial"), "{done:?}");
    let job: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((&job["status"], &job["succeeded"], &job["failed"]), (&json!("partial"), &json!(1), &json!(1)));
    // What is no table of records at all fails as a whole.
    let file = desk.place.folder().join("bad.json");
    std::fs::write(&file, "no JSON").unwrap();
    let content = format!("content_base64=@{}", file.display());
    let stored = desk.call(&["files.create", "name=bad.json", "content_type=application/json", &content]);
    let id = format!("file_id={}", stored["id"].as_str().unwrap());
    let done = desk.run(&["call", "imports.create", "object=contact", "format=json", &id, "--wait"]);
    assert!(done.status == 12 && done.err.contains("the job is failed: The file is not JSON"), "{done:?}");
}

#[test]
fn events_are_printed_as_they_happen() {
    let desk = Desk::start();
    desk.call(&["teams.create", "name=Sms"]);
    let mut command = Command::new(PROGRAM);
    command.args(["call", "events.stream", "after=0", "types=team.*"]).env("DOTDESK_URL", &desk.server.url);
    command.env("DOTDESK_TOKEN", &desk.key).stdout(Stdio::piped());
    let mut listener = command.spawn().unwrap();
    let mut out = std::io::BufReader::new(listener.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    listener.kill().unwrap();
    listener.wait().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["type"], "team.created");
}

#[test]
fn each_method_has_help() {
    let desk = Desk::start();
    let help = |arguments: &[&str]| {
        let done = desk.run_with(&[], arguments, "");
        assert_eq!((done.status, done.err.as_str()), (0, ""), "{done:?}");
        done.out
    };
    let create = help(&["call", "teams.create", "--help"]);
    for told in [
        "Creates a team.",
        "query.conversations  (text)",
        "teams:write",
        "already_exists",
        "Example:\n  dotdesk call teams.create name=",
    ] {
        assert!(create.contains(told), "{told} is not in: {create}");
    }
    assert_eq!(help(&["call", "-h", "teams.create"]), create);
    assert!(help(&["call", "--help"]).contains("Exit status:"));
    let done = desk.run_with(&[], &["call", "teams.crate", "--help"], "");
    assert!(done.status == 2 && done.err.contains("Did you mean 'teams.create'?"), "{done:?}");
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_login_is_checked_and_kept_where_nobody_else_reads_it() {
    let desk = Desk::start();
    let url = desk.server.url.as_str();
    let file = desk.config().join("dotdesk/servers.toml");
    let wrong = format!("{}x", desk.key);
    let done = desk.run_with(&[], &["login", "--url", url, "--token-stdin"], "dd_live_nothing\n");
    assert!(done.status == 5 && !done.err.contains("dd_live_nothing") && !file.exists(), "{done:?}");
    assert_eq!(desk.run_with(&[], &["login", "--url", url, "--token-stdin"], "").status, 2);
    assert_eq!(desk.run_with(&[], &["login", "--url", url], &desk.key).status, 2, "it is no terminal");
    assert_eq!(desk.run_with(&[], &["login", "--url", "http://127.0.0.1:1", "--token-stdin"], &desk.key).status, 3);

    let done = desk.run_with(&[], &["login", "--url", url, "--token-stdin"], &format!("{}\n", desk.key));
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.out.contains(url) && done.out.contains("Acme"), "{done:?}");
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));

    // What is stored is used, and the environment and the flags go before it.
    let called = |variables: &[(&str, &str)], arguments: &[&str]| {
        desk.run_with(variables, &[&["call", "auth.test"], arguments].concat(), "").status
    };
    assert_eq!(called(&[], &[]), 0);
    assert_eq!(called(&[("DOTDESK_TOKEN", &wrong)], &[]), 5);
    assert_eq!(called(&[("DOTDESK_TOKEN", &wrong)], &["--token", &desk.key]), 0);
    assert_eq!(called(&[("DOTDESK_TOKEN", "")], &[]), 0, "an empty variable is none");
    assert_eq!(called(&[("DOTDESK_URL", "http://127.0.0.1:1")], &[]), 3);
    assert_eq!(called(&[("DOTDESK_URL", "http://127.0.0.1:1")], &["--url", url]), 0);
    // A stored key goes to no other server than its own: here it is another by its name.
    let alias = url.replace("127.0.0.1", "localhost");
    assert_eq!(called(&[], &["--url", &alias]), 5);

    let done = desk.run_with(&[], &["login", "--url", url, "--token-stdin", "--profile", "work"], &desk.key);
    assert_eq!(done.status, 0, "{done:?}");
    assert_eq!(called(&[("DOTDESK_URL", "http://127.0.0.1:1"), ("DOTDESK_TOKEN", &wrong)], &["--profile", "work"]), 0);
    assert_eq!(called(&[("DOTDESK_PROFILE", "work")], &[]), 0);
    let done = desk.run_with(&[], &["call", "auth.test", "--profile", "wrk"], "");
    assert!(done.status == 2 && done.err.contains("did you mean work?"), "{done:?}");

    assert_eq!(desk.run_with(&[], &["logout"], "").status, 0);
    assert_eq!((called(&[], &["--url", url]), called(&[], &["--profile", "work"])), (5, 0));
    assert_eq!(desk.run_with(&[], &["logout", "--profile", "work"], "").status, 0);
    assert!(!std::fs::read_to_string(&file).unwrap().contains(&desk.key));
    std::fs::write(&file, format!("[default]\nurl = 'x'\ntoken = {}\n", desk.key)).unwrap();
    let done = desk.run_with(&[], &["call", "auth.test"], "");
    assert!(done.status == 1 && done.err.contains("is damaged"), "{done:?}");
}

#[test]
fn variables_of_the_command_line_are_no_settings_of_the_server() {
    let place = Place::new(databases::no_sqlite())
        .with("DOTDESK_URL", "http://127.0.0.1:1")
        .with("DOTDESK_TOKEN", "dd_live_x")
        .with("DOTDESK_PROFILE", "work");
    place.setup("Acme");
    place.serve();
}

/// What Bash offers at the end of a line, cut into words as Bash cuts them.
fn offered(words: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let last = words.len() - 1;
    let script = format!(
        "source <(dotdesk completions bash) && COMP_WORDS=({}) && COMP_CWORD={last} && COMP_TYPE=9 \
         && _clap_complete_dotdesk dotdesk {} {} && printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        quoted[last],
        quoted[last - 1],
    );
    let path = format!("{}:{}", Path::new(PROGRAM).parent().unwrap().display(), std::env::var("PATH").unwrap());
    let done = finish(Command::new("bash").args(["--norc", "-c", &script]).env("PATH", path), "");
    assert_eq!((done.status, done.err.as_str()), (0, ""), "{done:?}");
    done.out.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_methods_arguments_and_words() {
    assert_eq!(offered(&["dotdesk", "logi"]), ["login"]);
    assert_eq!(offered(&["dotdesk", "call", "teams.add"]), ["teams.addMember"]);
    assert_eq!(offered(&["dotdesk", "call", "teams.create", "na"]), ["name="]);
    assert_eq!(
        offered(&["dotdesk", "call", "--url", "http://x", "teams.create", "name", "=", "x", "query."]),
        ["query.conversations=", "query.tickets="]
    );
    assert_eq!(
        offered(&["dotdesk", "call", "teams.list", "sort", "=", "created_at"]),
        ["created_at:asc", "created_at:desc"]
    );
    assert_eq!(offered(&["dotdesk", "call", "teams.list", "--idem"]), ["--idempotency-key"]);
    assert_eq!(offered(&["dotdesk", "completions", "z"]), ["zsh"]);
}

#[test]
fn other_shells_have_a_script_too() {
    for (shell, word) in [("zsh", "compdef"), ("fish", "complete")] {
        let done = finish(Command::new(PROGRAM).args(["completions", shell]), "");
        assert!(done.status == 0 && done.out.contains(word), "{done:?}");
    }
}
