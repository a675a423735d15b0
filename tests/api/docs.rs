//! What the server says of itself beside the methods: the reference, the Postman collection, and the texts for language models.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::{Api, on_both};

/// Every page, with the content type it has.
const PAGES: &[(&str, &str)] = &[
    ("/docs", "text/html; charset=utf-8"),
    ("/docs/methods", "text/html; charset=utf-8"),
    ("/docs/errors", "text/html; charset=utf-8"),
    ("/docs/changes", "text/html; charset=utf-8"),
    ("/docs/style.css", "text/css; charset=utf-8"),
    ("/docs/app.js", "text/javascript; charset=utf-8"),
    ("/docs/icon.svg", "image/svg+xml"),
    ("/docs/teams.create.md", "text/markdown; charset=utf-8"),
    ("/openapi.json", "application/json; charset=utf-8"),
    ("/openapi-3.0.json", "application/json; charset=utf-8"),
    ("/postman.json", "application/json; charset=utf-8"),
    ("/llms.txt", "text/plain; charset=utf-8"),
    ("/llms-full.txt", "text/plain; charset=utf-8"),
];

fn names() -> Vec<&'static str> {
    dotdesk::method::Registry::new(dotdesk::api::TABLES).methods().iter().map(|method| method.name()).collect()
}

#[test]
fn pages_say_what_they_are_and_are_sent_once() {
    on_both(async |api| {
        let nobody = api.nobody();
        for (path, kind) in PAGES {
            let page = nobody.get(path).await;
            assert_eq!((page.status, page.header("content-type")), (200, *kind), "{path}");
            assert_eq!((page.header("cache-control"), page.header("vary")), ("no-cache", "Accept-Encoding"), "{path}");
            let again = nobody.with("if-none-match", page.header("etag")).get(path).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
            assert_eq!(again.header("etag"), page.header("etag"), "{path}");
            let other = nobody.with("if-none-match", "\"other\"").get(path).await;
            assert_eq!((other.status, &other.text), (200, &page.text), "{path}");
            let head = nobody.request(reqwest::Method::HEAD, path).await;
            assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        }
        for path in ["/docs/teams.destroy.md", "/docs/app.css", "/docs/../openapi.json/x", "/docsx"] {
            nobody.get(path).await.refused(404, "unknown_method");
        }
    });
}

#[test]
fn every_encoding_brings_the_same_page() {
    on_both(async |api| {
        let plain = api.nobody().get("/docs").await;
        for encoding in ["gzip", "br", "zstd"] {
            // The second comes from memory.
            for _ in 0..2 {
                let page = api.nobody().with("accept-encoding", encoding).get("/docs").await;
                assert_eq!(page.header("content-encoding"), encoding);
                assert!(page.bytes.len() * 3 < plain.bytes.len(), "{encoding}: {} bytes", page.bytes.len());
                let text = match encoding {
                    "gzip" => read(flate2::read::GzDecoder::new(&page.bytes[..])),
                    "br" => read(brotli::Decompressor::new(&page.bytes[..], 4096)),
                    _ => String::from_utf8(zstd::decode_all(&page.bytes[..]).unwrap()).unwrap(),
                };
                assert!(text == plain.text, "{encoding}");
            }
        }
    });
}

fn read(mut from: impl std::io::Read) -> String {
    let mut text = String::new();
    from.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn every_method_is_in_every_document() {
    on_both(async |api| {
        let get = async |path: &str| api.nobody().get(path).await;
        let (docs, openapi, llms) =
            (get("/docs").await.text, get("/openapi.json").await.body, get("/llms.txt").await.text);
        let (full, postman) = (get("/llms-full.txt").await.text, get("/postman.json").await.body);
        let requests = requests(&postman);
        assert_eq!(requests.len(), names().len());
        for name in names() {
            assert!(docs.contains(&format!("<a href=\"#{name}\">")), "{name}");
            assert!(openapi["paths"][format!("/{name}")]["post"].is_object(), "{name}");
            assert!(llms.contains(&format!("[{name}](/docs/{name}.md): ")), "{name}");
            assert!(full.contains(&format!("\n### {name}\n")), "{name}");
            assert!(requests.iter().any(|request| request["name"] == name), "{name}");
            let alone = get(&format!("/docs/{name}.md")).await;
            assert!(alone.status == 200 && alone.text.starts_with(&format!("# {name}\n")), "{name}");
            assert!(alone.text.contains(&format!("`POST /{name}`")), "{name}");
        }
    });
}

/// The requests of a collection, whatever folders they are in.
fn requests(item: &Value) -> Vec<&Value> {
    match item["item"].as_array() {
        Some(items) => items.iter().flat_map(requests).collect(),
        None => vec![item],
    }
}

#[test]
fn a_text_names_what_a_method_takes_answers_and_causes() {
    on_both(async |api| {
        let text = api.nobody().get("/docs/teams.addMember.md").await.text;
        for part in [
            "# teams.addMember\n",
            "scope `teams:write`",
            "- `user_id` (uuid, required): ",
            "- `if_version` (integer or null, 1 or more): ",
            "Answers 200: Team\n",
            "`team_not_found`",
            "Events: `team.member_added`",
            // The objects that it speaks of, and what these speak of.
            "\n## Team\n",
            "\n## TeamQuery\n",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert!(!text.contains("\n## Contact\n"), "{text}");
    });
}

/// The texts of a language model's table of contents, as llmstxt.org has it.
#[test]
fn the_table_of_contents_has_its_form() {
    on_both(async |api| {
        let text = api.nobody().get("/llms.txt").await.text;
        let mut lines = text.lines().filter(|line| !line.is_empty());
        assert_eq!(lines.next(), Some("# dotdesk"));
        assert!(lines.next().unwrap().starts_with("> "));
        let mut sections = 0;
        for (_, rest) in text.match_indices("\n## ").map(|(at, _)| text.split_at(at + 1)) {
            let (title, list) = rest.split_once("\n\n").unwrap();
            let list = list.split("\n\n## ").next().unwrap();
            for line in list.lines().filter(|line| !line.is_empty()) {
                assert!(line.starts_with("- [") && line.contains("](/") && line.contains("): "), "{title}: {line}");
            }
            sections += 1;
        }
        assert!(sections > 5, "{text}");
    });
}

#[test]
fn a_collection_is_ready_to_be_sent() {
    on_both(async |api| {
        let collection = api.nobody().get("/postman.json").await.body;
        assert_eq!(collection["auth"]["bearer"][0]["value"], "{{token}}");
        assert_eq!(collection["variable"][0]["key"], "base_url");
        assert_eq!(collection["variable"][0]["value"], api.url, "it is sent to where it came from");
        let folders: Vec<&str> = strings(&collection["item"], "name");
        assert!(folders.starts_with(&["Account", "CRM", "Inbox"]), "{folders:?}");
        let account = strings(&collection["item"][0]["item"], "name");
        assert!(account.contains(&"teams"), "{account:?}");
        let listed = names();
        for request in requests(&collection) {
            let name = request["name"].as_str().unwrap();
            assert!(listed.contains(&name), "{name}");
            assert_eq!(request["request"]["url"]["raw"], format!("{{{{base_url}}}}/{name}"));
            let sent: Value = serde_json::from_str(request["request"]["body"]["raw"].as_str().unwrap()).unwrap();
            assert!(sent.is_object(), "{name}");
            let example = &request["response"][0];
            let body = example["body"].as_str().unwrap();
            if example["_postman_previewlanguage"] == "json" {
                assert!(serde_json::from_str::<Value>(body).unwrap().is_object(), "{name}: {body}");
            } else {
                assert!(body.is_empty(), "{name}");
            }
        }
        // What it says to send is what the server takes.
        let all = requests(&collection);
        let list = all.iter().find(|request| request["name"] == "teams.list").unwrap();
        let body: Value = serde_json::from_str(list["request"]["body"]["raw"].as_str().unwrap()).unwrap();
        let team = api.admin().ok("teams.create", json!({ "name": "Sms" })).await;
        let real = api.admin().ok("teams.list", body).await;
        let shown: Value = serde_json::from_str(list["response"][0]["body"].as_str().unwrap()).unwrap();
        assert_eq!(keys(&shown["data"][0]), keys(&team));
        assert!(keys(&shown).is_superset(&keys(&real)), "{shown}");
    });
}

fn strings<'a>(items: &'a Value, field: &str) -> Vec<&'a str> {
    items.as_array().unwrap().iter().map(|item| item[field].as_str().unwrap()).collect()
}

fn keys(object: &Value) -> HashSet<&String> {
    object.as_object().unwrap().keys().collect()
}

#[test]
fn pages_have_no_business_elsewhere() {
    on_both(async |api| {
        let nobody = api.nobody();
        let pages = PAGES.iter().map(|(path, _)| *path).filter(|path| path.starts_with("/docs"));
        for path in pages.chain(scripts(&nobody).await.iter().map(String::as_str)) {
            let page = nobody.get(path).await;
            // Names of namespaces are not fetched, and no script asks for anything by a whole address.
            let text = page.text.replace("http://www.w3.org/2000/svg", "");
            for foreign in ["http://", "https://", "\"//", " url(", ":url(", "@import"] {
                assert!(!text.contains(foreign) || path.ends_with(".md"), "{path} has {foreign}");
            }
            if !path.ends_with(".md") {
                let policy = page.header("content-security-policy");
                assert!(policy.starts_with("default-src 'none'") && policy.contains("connect-src 'self'"), "{path}");
                assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{path}");
                assert_eq!(page.header("x-content-type-options"), "nosniff");
            }
        }
    });
}

/// The scripts that the reference asks for; all of them are there.
async fn scripts(nobody: &Client) -> Vec<String> {
    let page = nobody.get("/docs").await.text;
    let paths: Vec<String> = page
        .split("<link rel=\"modulepreload\" href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert!(paths.contains(&"/docs/app.js".to_owned()), "{paths:?}");
    for path in &paths {
        let script = nobody.get(path).await.text;
        for part in script.split("from \"./").skip(1) {
            let import = format!("/docs/{}", part.split('"').next().unwrap());
            assert!(paths.contains(&import), "{path} needs {import}");
        }
    }
    paths
}

#[test]
fn a_browser_is_shown_the_way() {
    on_both(async |api| {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let asked = |accept: &'static str| client.get(&api.url).header("accept", accept).send();
        let shown = asked("text/html,application/xhtml+xml,*/*;q=0.8").await.unwrap();
        assert_eq!((shown.status().as_u16(), &shown.headers()["location"]), (302, &"/docs".parse().unwrap()));
        let told: Value = serde_json::from_slice(&asked("*/*").await.unwrap().bytes().await.unwrap()).unwrap();
        assert_eq!(told["docs"], format!("{}/docs", api.url));
    });
}

#[test]
fn addresses_in_answers_lead_somewhere() {
    on_both(async |api: &Api| {
        let unknown = api.admin().post("teams.destroy", &json!({})).await;
        let path = unknown.body["error"]["doc_url"].as_str().unwrap().strip_prefix(&api.url).unwrap().to_owned();
        assert!(api.nobody().get(&path).await.text.contains("#teams.delete"), "{path}");
        let errors = api.nobody().get("/docs/errors").await.text;
        for code in dotdesk::method::Code::ALL {
            assert!(errors.contains(&format!("id=\"{}\"", code.as_str())), "{}", code.as_str());
        }
        assert!(api.nobody().get("/docs/changes").await.text.contains(dotdesk::method::API_VERSION));
    });
}
