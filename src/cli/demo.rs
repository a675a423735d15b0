//! `dotdesk demo`: a server with made-up data, ready to be called, and thrown away the next time.

mod inbox;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::assemble::Server;
use super::settings::{Listen, Settings};
use super::setup;
use super::{Failure, assemble, print, private, serve};
use crate::access::authenticate::server_itself;
use crate::access::store;
use crate::db::Id;
use crate::method::{App, Call, Caller, Context, Error, Input, Registry, Result, Within};
use crate::resources::account::organizations::bootstrap::NewOrganization;

/// How many ports to try, from the one that was asked for.
const PORTS: usize = 100;
/// What a folder holds that a demo has been in before.
const MARKER: &str = "demo.lock";

/// What `dotdesk demo` is told.
#[derive(clap::Args)]
pub struct Arguments {
    /// Goes on with the data of the last time.
    #[arg(long)]
    keep: bool,
}

/// Prepares the data, says how to call the server, and starts it.
pub async fn run(settings: &Settings, arguments: Arguments) -> Result<(), Failure> {
    let folder = settings.data_dir.join("demo");
    let _lock = take(&folder, arguments.keep)?;
    let settings = settings.in_folder(folder);
    let listener = bind(&settings.listen)?;
    let server = assemble::server(&settings).await?;
    let (key, team) = prepare(&server).await?;
    let mut address = listener.local_addr().map_err(Failure::because)?;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let url = settings.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    print(&greeting(&url, &key, &team))?;
    serve::answer(server, &settings, listener).await
}

fn greeting(url: &str, key: &str, team: &str) -> String {
    let call = |method: &str, arguments: Value| {
        format!("  curl {url}/{method} -H 'Authorization: Bearer {key}' -d '{arguments}'\n")
    };
    let calls: String = [
        call("teams.list", json!({"limit": 2})),
        call(
            "conversations.list",
            json!({"filters": "source:*sms AND unread_count:[1 TO *]", "fields": ["number", "source", "tags", "last_message"]}),
        ),
        call("teams.listConversations", json!({"id": team, "sort": "last_message_at:desc", "limit": 1})),
        call("conversations.search", json!({"query": "money back"})),
    ]
    .concat();
    format!(
        "dotdesk is listening on {url}\nAPI key: {key}\n\nTry:\n\n{calls}\nEnd it with Ctrl-C; its data lasts until the next `dotdesk demo`.\n"
    )
}

/// Takes the folder for this demo, and clears it unless its data are to be kept. Two demos in one folder would take away the
/// database from under each other, and a folder that was never a demo's is not ours to clear.
fn take(folder: &Path, keep: bool) -> Result<File, Failure> {
    let failed = |error: io::Error| Failure::Failed(format!("the demo's folder {}: {error}", folder.display()));
    let marker = folder.join(MARKER);
    let is_empty = !folder.exists() || std::fs::read_dir(folder).map_err(failed)?.next().is_none();
    if !is_empty && !marker.exists() {
        return Err(Failure::Failed(format!("{} holds something else; choose another data_dir", folder.display())));
    }
    private::create_folder(folder).map_err(failed)?;
    let lock = File::create(&marker).map_err(failed)?;
    if lock.try_lock().is_err() {
        return Err(Failure::Failed(format!("a demo is running in {}; choose another data_dir", folder.display())));
    }
    if !keep {
        for file in std::fs::read_dir(folder).map_err(failed)? {
            let file = file.map_err(failed)?;
            if file.file_name() == MARKER {
                continue;
            }
            let is_folder = file.file_type().map_err(failed)?.is_dir();
            if is_folder { std::fs::remove_dir_all(file.path()) } else { std::fs::remove_file(file.path()) }
                .map_err(failed)?;
        }
    }
    Ok(lock)
}

/// Listens where it was asked to, or on the next port that is free.
fn bind(wanted: &Listen) -> Result<TcpListener, Failure> {
    let mut listen = wanted.clone();
    for _ in 0..PORTS {
        match listen.bind() {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => match listen.next() {
                Some(next) => listen = next,
                None => break,
            },
            Err(error) => return Err(Failure::Failed(format!("listen: cannot listen on {listen}: {error}"))),
        }
    }
    Err(Failure::Failed(format!("listen: no free port from {wanted} on")))
}

/// An API key and a team of the demo's organization, which is made if there is none yet.
async fn prepare(server: &Server) -> Result<(String, String), Failure> {
    let found = store::organization_by_slug(&mut *server.app.db.read().await.map_err(Failure::because)?, None).await?;
    let (desk, key) = match found {
        Some(organization) => {
            let desk = Desk::new(server, organization);
            let key = desk.call("apiKeys.create", json!({"name": "Demo", "scopes": ["*"]})).await?;
            (desk, text(&key, "secret")?)
        }
        None => {
            let new = NewOrganization {
                name: "Menlo Street Coffee".into(),
                slug: None,
                first_only: true,
                owner_name: "Rosa Iannelli".into(),
                owner_email: "rosa@menlostreet.example".into(),
                owner_password_hash: None,
            };
            let created = setup::create(&server.app, new).await?;
            let desk = Desk::new(server, created.organization.id);
            fill(&desk, created.user.id).await?;
            (desk, created.api_key)
        }
    };
    let teams = desk.call("teams.list", json!({"limit": 1})).await?;
    let team = teams["data"].get(0).ok_or_else(|| Error::internal("the demo has no team"))?;
    Ok((key, text(team, "id")?))
}

/// The people besides the owner: name, mailbox, role, position.
const PEOPLE: &[(&str, &str, &str, &str)] = &[
    ("Tomás Okafor", "tomas", "admin", "Head of customer care"),
    ("Mei Lindqvist", "mei", "supervisor", "Shift lead, messaging"),
    ("Jonas Petrov", "jonas", "agent", "Customer care, SMS"),
    ("Aisha Brandt", "aisha", "agent", "Customer care, SMS"),
    ("Luca Moreau", "luca", "agent", "Store manager, Menlo Street"),
    ("Priya Hahn", "priya", "agent", "Wholesale accounts"),
    ("Emil Novak", "emil", "viewer", "Bookkeeping"),
];

/// The teams: name, purpose, which conversations they see, mailboxes of the members.
const TEAMS: &[(&str, &str, &str, &[&str])] = &[
    (
        "Sms Customer Service",
        "Answers text messages that nobody has read yet.",
        "source:*sms AND unread_count:[1 TO *]",
        &["mei", "jonas", "aisha"],
    ),
    (
        "Menlo Street Coffee team",
        "Everything that guests of the shop in Menlo Street write on Google.",
        "metadata.source.google.place_id:1234",
        &["luca", "aisha"],
    ),
    ("Wholesale", "Offices and restaurants that buy by the sack.", "tags:wholesale", &["priya", "tomas"]),
    (
        "Escalations",
        "Complaints that a shift lead looks into.",
        "tags:complaint AND NOT status:closed",
        &["mei", "tomas"],
    ),
];

/// Calls the methods that a client would call.
async fn fill(desk: &Desk, owner: Id) -> Result<()> {
    let roles = desk.call("roles.list", json!({"limit": 100})).await?;
    let mut users = HashMap::from([("rosa", owner.to_string())]);
    for (name, mailbox, role, job_title) in PEOPLE {
        let role = roles["data"].as_array().into_iter().flatten().find(|known| known["name"] == *role);
        let user = json!({
            "name": name,
            "email": format!("{mailbox}@menlostreet.example"),
            "role_id": role.map(|role| role["id"].clone()),
            "job_title": job_title,
            "send_invite": false,
        });
        users.insert(mailbox, text(&desk.call("users.create", user).await?, "id")?);
    }
    for (name, description, conversations, members) in TEAMS {
        let team = json!({
            "name": name,
            "description": description,
            "query": {"conversations": conversations},
            "user_ids": members.iter().filter_map(|member| users.get(member)).collect::<Vec<_>>(),
            "is_support_enabled": true,
        });
        desk.call("teams.create", team).await?;
    }
    // The others were invited and have not come yet.
    inbox::fill(desk, &owner.to_string()).await
}

/// Calls methods as the server itself.
struct Desk {
    app: App,
    registry: Arc<Registry>,
    caller: Arc<Caller>,
}

impl Desk {
    fn new(server: &Server, organization: Id) -> Self {
        let caller = Arc::new(server_itself(organization));
        Self { app: server.app.clone(), registry: server.registry.clone(), caller }
    }

    async fn call(&self, method: &str, arguments: Value) -> Result<Value> {
        let method = self.registry.find(method)?;
        let Value::Object(arguments) = arguments else {
            return Err(Error::internal("arguments are an object"));
        };
        let request = Context::internal(self.app.clone(), (*self.caller).clone(), method.name()).request().clone();
        let call = Call {
            method: method.clone(),
            input: Input::Object(arguments),
            app: self.app.clone(),
            caller: Some(self.caller.clone()),
            request: Arc::new(request),
            within: Within::default(),
        };
        let answer = method.call(call).await?;
        Ok(answer.body.map(|body| serde_json::from_slice(&body)).transpose()?.unwrap_or_default())
    }
}

fn text(object: &Value, field: &str) -> Result<String> {
    object[field].as_str().map(str::to_owned).ok_or_else(|| Error::internal(format!("an answer without {field}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_are_there_and_stay_if_they_are_to_be_kept() {
        actix_web::rt::System::new().block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let server = assemble::server(&Settings::of_test(folder.path())).await.unwrap();
            let (key, team) = prepare(&server).await.unwrap();
            let (other_key, same_team) = prepare(&server).await.unwrap();
            assert_eq!(team, same_team);
            assert_ne!(key, other_key);
            let organization =
                store::organization_by_slug(&mut server.app.db.read().await.unwrap(), None).await.unwrap();
            let desk = Desk::new(&server, organization.unwrap());
            for (method, count) in [
                ("users.list", PEOPLE.len() + 1),
                ("teams.list", TEAMS.len()),
                ("contacts.list", inbox::CONTACTS.len()),
                ("conversations.list", inbox::TALKS.len()),
            ] {
                let list = desk.call(method, json!({})).await.unwrap();
                assert_eq!(list["data"].as_array().unwrap().len(), count, "{method}");
            }
            for team in desk.call("teams.list", json!({})).await.unwrap()["data"].as_array().unwrap() {
                let members = TEAMS.iter().find(|(name, ..)| team["name"] == *name).unwrap().3;
                assert_eq!(team["user_ids"].as_array().unwrap().len(), members.len(), "{team}");
            }
        });
    }

    #[test]
    fn only_a_folder_of_its_own_is_cleared_and_only_by_one_demo_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let demo = folder.path().join("demo");
        let lock = take(&demo, false).unwrap();
        std::fs::write(demo.join("dotdesk.db"), "x").unwrap();
        assert!(take(&demo, false).unwrap_err().to_string().contains("is running"));
        drop(lock);
        drop(take(&demo, true).unwrap());
        assert!(demo.join("dotdesk.db").exists());
        drop(take(&demo, false).unwrap());
        assert!(!demo.join("dotdesk.db").exists());

        let other = folder.path().join("other");
        std::fs::create_dir(&other).unwrap();
        std::fs::write(other.join("letter.txt"), "x").unwrap();
        assert!(take(&other, false).unwrap_err().to_string().contains("holds something else"));
        assert!(other.join("letter.txt").exists());
    }

    #[test]
    fn a_port_in_use_gives_way_to_the_next() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let wanted = Listen::new("127.0.0.1", port);
        assert_ne!(bind(&wanted).unwrap().local_addr().unwrap().port(), port);
    }
}
