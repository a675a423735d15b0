//! A change of the API may add to it, and takes nothing away: the document as it is now against that of the last release.
//!
//! A release leaves its `openapi.json` in `docs/releases` (decision 13). What breaks a promise and is wanted nevertheless is a new method.

mod compare;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use compare::breaks;
use dotdesk::method::{Registry, openapi};
use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| openapi::document(&Registry::new(dotdesk::api::TABLES), "/"));

/// The document of the newest release, or of the one that is being prepared.
fn newest_release() -> (PathBuf, Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/releases");
    let version = |path: &PathBuf| -> Option<Vec<u64>> {
        let name = path.file_name()?.to_str()?.strip_prefix("openapi-")?.strip_suffix(".json")?;
        name.split('.').map(|part| part.parse().ok()).collect()
    };
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let newest = files.filter(|path| version(path).is_some()).max_by_key(version).unwrap();
    let text = std::fs::read_to_string(&newest).unwrap();
    (newest, serde_json::from_str(&text).unwrap())
}

#[test]
fn clients_of_the_last_release_still_work() {
    let (path, old) = newest_release();
    let found = breaks(&old, &DOCUMENT);
    assert!(
        found.is_empty(),
        "this breaks clients of {}:\n  {}\nMake it a new method. If that version is not released yet, and you mean it: \
         cp openapi.json {}",
        path.display(),
        found.join("\n  "),
        path.display()
    );
}

#[test]
fn a_document_breaks_nothing_of_its_own() {
    assert_eq!(breaks(&DOCUMENT, &DOCUMENT), Vec::<String>::new());
}

/// Changes the document at a pointer, and says what that breaks.
fn after(pointer: &str, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut new = DOCUMENT.clone();
    change(new.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not there")));
    assert_ne!(*DOCUMENT, new, "{pointer}: nothing was changed");
    breaks(&DOCUMENT, &new)
}

const CREATE: &str = "/paths/~1teams.create/post";
const ARGUMENTS: &str = "/paths/~1teams.create/post/requestBody/content/application~1json/schema";
const TEAM: &str = "/components/schemas/Team";

fn remove(name: &'static str) -> impl FnOnce(&mut Value) {
    move |object| drop(object.as_object_mut().unwrap().remove(name))
}

fn set(name: &'static str, value: Value) -> impl FnOnce(&mut Value) {
    move |object| object[name] = value
}

#[track_caller]
fn is_found(pointer: &str, change: impl FnOnce(&mut Value), wanted: &str) {
    let found = after(pointer, change);
    assert!(found.iter().any(|each| each == wanted), "wanted: {wanted}\nfound: {found:#?}");
}

#[test]
fn what_takes_away_is_found() {
    is_found("/paths", remove("/teams.create"), "teams.create: the method is gone");
    is_found(CREATE, set("x-scopes", json!(["users:write"])), "teams.create: it needs other scopes");
    is_found(
        CREATE,
        set("operationId", json!("create_team")),
        "teams.create: generated clients call it by another name",
    );
    is_found(
        CREATE,
        set("parameters", json!([])),
        "teams.create: it no longer takes \"#/components/parameters/IdempotencyKey\"",
    );
    is_found(CREATE, set("x-events", json!([])), "teams.create: it no longer causes \"team.created\"");
    is_found("/paths/~1api.test/post", remove("security"), "api.test: it needs a token");
    is_found(
        &format!("{CREATE}/responses"),
        |answers| {
            let answer = answers.as_object_mut().unwrap().remove("200").unwrap();
            answers["202"] = answer;
        },
        "teams.create: it no longer answers 200",
    );
    is_found("/webhooks", remove("team.created"), "team.created: the event is gone");
    let sent = "/webhooks/team.created/post/requestBody/content/application~1json/schema/allOf/1/properties/data";
    is_found(sent, |schema| *schema = json!({ "type": "null" }), "team.created.data may be null");
    let codes = "/components/schemas/ErrorBody/properties/code/x-codes";
    is_found(codes, remove("team_not_found"), "the error code team_not_found is gone");
    is_found(
        &format!("{codes}/team_not_found"),
        set("status", json!(410)),
        "the error code team_not_found has another type or status",
    );
}

#[test]
fn narrower_arguments_are_found() {
    let properties = format!("{ARGUMENTS}/properties");
    let (name, users) = (format!("{properties}/name"), format!("{properties}/user_ids"));
    is_found(&properties, remove("description"), "teams.create.description is gone");
    is_found(ARGUMENTS, set("required", json!(["name", "query"])), "teams.create.query is required");
    is_found(&name, set("maxLength", json!(10)), "teams.create.name has a maxLength that is tighter");
    is_found(&name, set("minLength", json!(5)), "teams.create.name has a minLength that is tighter");
    is_found(&name, set("pattern", json!("^[a-z]+$")), "teams.create.name has another pattern");
    is_found(&name, set("type", json!("integer")), "teams.create.name may no longer be string");
    is_found(&name, set("enum", json!(["a"])), "teams.create.name is a closed list now");
    is_found(&users, set("type", json!("array")), "teams.create.user_ids may no longer be null");
    is_found(&users, set("maxItems", json!(1)), "teams.create.user_ids has a maxItems that is tighter");
    is_found(&format!("{users}/items"), set("format", json!("email")), "teams.create.user_ids[] has another format");
    // Behind references, and in lists of words.
    is_found(
        "/components/schemas/TeamQueryPatch/properties",
        remove("conversations"),
        "TeamQueryPatch.conversations is gone",
    );
    let list = "/paths/~1conversations.list/post/requestBody/content/application~1json/schema/properties";
    is_found(
        &format!("{list}/status/enum"),
        |words| drop(words.as_array_mut().unwrap().remove(0)),
        "conversations.list.status may no longer be \"open\"",
    );
    is_found(
        &format!("{list}/limit"),
        set("maximum", json!(100)),
        "conversations.list.limit has a maximum that is tighter",
    );
}

#[test]
fn answers_that_were_not_promised_are_found() {
    let properties = format!("{TEAM}/properties");
    is_found(&properties, remove("name"), "Team.name is gone");
    let answer = format!("{CREATE}/responses/200/content/application~1json/schema");
    is_found(
        &answer,
        |schema| *schema = json!({ "type": "object", "properties": {} }),
        "teams.create answers.name is gone",
    );
    is_found(
        &format!("{TEAM}/required"),
        |names| names.as_array_mut().unwrap().retain(|name| name != "name"),
        "Team.name may be missing",
    );
    is_found(&format!("{properties}/name"), set("type", json!(["string", "null"])), "Team.name may be null");
    is_found(&format!("{properties}/version"), set("type", json!("string")), "Team.version may be string");
    is_found(&format!("{properties}/created_at"), remove("format"), "Team.created_at has another format");
    is_found(
        "/components/schemas/User/properties/status/enum",
        |words| words.as_array_mut().unwrap().push("asleep".into()),
        "User.status may be \"asleep\"",
    );
    is_found("/components/schemas/ErrorBody/properties", remove("request_id"), "ErrorBody.request_id is gone");
}

#[test]
fn what_only_adds_breaks_nothing() {
    let nothing = |pointer: &str, change: &dyn Fn(&mut Value)| {
        assert_eq!(after(pointer, change), Vec::<String>::new(), "{pointer}")
    };
    let properties = format!("{ARGUMENTS}/properties");
    nothing("/paths", &|paths| paths["/teams.isMember"] = paths["/teams.info"].clone());
    nothing(&properties, &|fields| fields["color"] = json!({ "type": "string" }));
    nothing(&format!("{TEAM}/properties"), &|fields| fields["color"] = json!({ "type": ["string", "null"] }));
    nothing(ARGUMENTS, &|schema| schema["required"] = json!([]));
    nothing(&format!("{properties}/name"), &|name| name["maxLength"] = json!(500));
    nothing(&format!("{properties}/name"), &|name| drop(name.as_object_mut().unwrap().remove("pattern")));
    nothing(&format!("{properties}/name"), &|name| name["type"] = json!(["string", "null"]));
    nothing(&format!("{TEAM}/properties/description"), &|field| field["type"] = json!("string"));
    nothing(&format!("{TEAM}/properties/name"), &|field| field["description"] = json!("Other words."));
    nothing("/components/schemas/ErrorBody/properties/code/x-codes", &|codes| {
        codes["too_late"] = json!({ "type": "conflict", "status": 409, "meaning": "It is too late." });
    });
    nothing(CREATE, &|operation| operation["x-error-codes"] = json!([]));
}
