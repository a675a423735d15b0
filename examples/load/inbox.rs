//! The inbox under load: a desk that has been in use for years, and the calls that people and programs make of it all day.

use std::sync::Arc;

use dotdesk::db::Id;
use serde_json::{Value, json};

use crate::client::{Client, request};
use crate::dataset::{self, Dataset, SOURCES, Size, Templates};
use crate::servers::{Account, Dotdesk, Server};
use crate::{Options, Report, Result};

/// The query of the team whose member is measured.
const TEAM_QUERY: &str = "source:*sms AND unread_count:[1 TO *]";
/// Where in the list the deep page lies, of all conversations.
const DEPTH: f64 = 0.9;

/// A call to measure: what the table calls it, and the requests that are made in turn.
pub struct Case {
    name: &'static str,
    requests: Arc<[Vec<u8>]>,
}

/// Fills the desk behind the server. Returns the calls to measure.
pub async fn prepare(dotdesk: &Dotdesk, server: &Server, account: &Account, size: Size) -> Result<Vec<Case>> {
    let mut desk = Desk { client: Client::connect(server.port).await?, key: account.api_key.clone() };
    let templates = desk.templates(account).await?;
    let member = desk.member().await?;
    let dataset = dataset::fill(dotdesk.url(), templates, size).await?;
    eprintln!(
        "{} contacts, {} conversations, {} messages made in {:.0} s",
        size.contacts,
        size.conversations,
        size.messages,
        dataset.time.as_secs_f64()
    );
    // The server has long closed a connection that nobody used meanwhile.
    desk.client = Client::connect(server.port).await?;
    desk.cases(&dataset, &member, size).await
}

/// Measures each of the calls.
pub async fn measure(
    options: &Options,
    name: &'static str,
    server: &Server,
    cases: &[Case],
    report: &mut Report,
) -> Result<()> {
    for case in cases {
        report.measure(options, (name, server), (case.name, None), &case.requests).await?;
    }
    Ok(())
}

/// A client with a key.
struct Desk {
    client: Client,
    key: String,
}

impl Desk {
    async fn call(&mut self, method: &str, arguments: Value) -> Result<Value> {
        self.client.json(&request(&format!("/{method}"), &self.key, &arguments)).await
    }

    async fn id(&mut self, method: &str, arguments: Value) -> Result<Id> {
        let answer = self.call(method, arguments).await?;
        Ok(serde_json::from_value(answer.get("id").cloned().ok_or("an answer without id")?)?)
    }

    /// One of each of what there will be many of.
    async fn templates(&mut self, account: &Account) -> Result<Templates> {
        let mut channels = Vec::with_capacity(SOURCES.len());
        for (source, _) in SOURCES {
            channels.push(self.id("channels.create", json!({"type": "api", "name": source, "source": source})).await?);
        }
        let contact = self.id("contacts.create", json!({"name": "Ada Lovelace"})).await?;
        let opening = json!({"contact_id": contact, "channel_id": channels.first()});
        let conversation = self.id("conversations.create", opening).await?;
        let said = json!({"conversation_id": conversation, "text": "Hello"});
        let said = self.call("messages.receive", said).await?;
        let message = serde_json::from_value(said["message"]["id"].clone())?;
        Ok(Templates { organization: account.organization.id.parse()?, contact, conversation, message, channels })
    }

    /// The key of an agent who sees what one team's query shows.
    async fn member(&mut self) -> Result<String> {
        let roles = self.call("roles.list", json!({"limit": 100})).await?;
        let agent = roles["data"].as_array().into_iter().flatten().find(|role| role["name"] == "agent");
        let agent = agent.ok_or("there is no role of agents")?["id"].clone();
        let user =
            json!({"name": "Mei", "email": "mei@acme.test", "role_id": agent, "password": "long enough to pass 7"});
        let user = self.id("users.create", user).await?;
        let team = json!({"name": "Sms", "query": {"conversations": TEAM_QUERY}, "user_ids": [user]});
        self.call("teams.create", team).await?;
        let key = json!({"name": "Mei", "act_as_user_id": user, "scopes": ["conversations:read"]});
        let key = self.call("apiKeys.create", key).await?;
        Ok(key["secret"].as_str().ok_or("a key without its secret")?.to_owned())
    }

    async fn cases(&mut self, dataset: &Dataset, member: &str, size: Size) -> Result<Vec<Case>> {
        let each = |method: &str, field: &str, ids: &[Id]| -> Arc<[Vec<u8>]> {
            ids.iter().map(|id| request(&format!("/{method}"), &self.key, &json!({field: id}))).collect()
        };
        let info = each("contacts.info", "id", &dataset.contacts);
        let messages = each("messages.list", "conversation_id", &dataset.conversations);
        let said = json!("When will my parcel be here? I have been waiting since Monday.");
        let receive = dataset
            .conversations
            .iter()
            .map(|id| request("/messages.receive", &self.key, &json!({"conversation_id": id, "text": said})));
        let receive = receive.collect();
        let everything = json!({"limit": 50});
        let own = self.key.clone();
        let deep = self.deep(&own, &everything, (size.conversations as f64 * DEPTH) as usize).await?;
        let (narrow, unread) = (json!({"limit": 50, "filters": TEAM_QUERY}), size.conversations / 100);
        let narrow_deep = self.deep(&own, &narrow, (unread as f64 * DEPTH) as usize / 2).await?;
        let seen_deep = self.deep(member, &everything, (unread as f64 * DEPTH) as usize / 2).await?;
        let search = |query: &str| request("/conversations.search", &own, &json!({"query": query, "limit": 20}));
        let list = |key: &str, arguments: &Value| Arc::from([request("/conversations.list", key, arguments)]);
        Ok(vec![
            Case { name: "contacts.info", requests: info },
            Case { name: "conversations.list of 50", requests: list(&own, &everything) },
            Case { name: "the same, deep", requests: list(&own, &deep) },
            Case { name: "with the team's query", requests: list(&own, &narrow) },
            Case { name: "the same, deep", requests: list(&own, &narrow_deep) },
            Case { name: "as a member of the team", requests: list(member, &everything) },
            Case { name: "the same, deep", requests: list(member, &seen_deep) },
            Case { name: "conversations.search, rare", requests: Arc::from([search("warranty lawyer")]) },
            Case { name: "conversations.search, common", requests: Arc::from([search("delivery")]) },
            Case { name: "messages.list", requests: messages },
            Case { name: "messages.receive", requests: receive },
        ])
    }

    /// The arguments for a page of `conversations.list` that lies so many items deep.
    async fn deep(&mut self, key: &str, arguments: &Value, items: usize) -> Result<Value> {
        let mut page = arguments.clone();
        page["limit"] = json!(1000);
        for _ in 0..(items / 1000).max(1) {
            let list = self.client.json(&request("/conversations.list", key, &page)).await?;
            match &list["next_cursor"] {
                Value::String(cursor) => page["cursor"] = json!(cursor),
                _ => break,
            }
        }
        page["limit"] = arguments["limit"].clone();
        Ok(page)
    }
}
