//! The other doors under load: what the same call costs by `/api/`, by MCP and in a batch, against the native one in the same run;
//! and the documents that are served from memory.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, get, load, request, request_of};
use crate::servers::Server;
use crate::{Options, Report, Result, Row};

const FORM: &str = "application/x-www-form-urlencoded";
/// How many calls the larger batch makes.
const BATCH: usize = 50;

/// Measures each door against the native one.
pub async fn measure(
    options: &Options,
    name: &'static str,
    server: &Server,
    key: &str,
    report: &mut Report,
) -> Result<()> {
    let mut client = Client::connect(server.port).await?;
    let teams = client.json(&request("/teams.list", key, &json!({ "limit": BATCH }))).await?;
    drop(client);
    let ids: Vec<&Value> = teams["data"].as_array().into_iter().flatten().map(|team| &team["id"]).collect();
    let each = |make: &dyn Fn(&Value) -> Vec<u8>| -> Requests { ids.iter().map(|id| make(id)).collect() };
    let text = |id: &Value| id.as_str().unwrap_or_default().to_owned();

    let info = each(&|id| request("/teams.info", key, &json!({ "id": id })));
    let slack_info = each(&|id| request_of("/api/teams.info", key, FORM, &format!("id={}", text(id))));
    let slack_json = each(&|id| request("/api/teams.info", key, &json!({ "id": id })));
    let tool = each(&|id| {
        let params = json!({ "name": "teams_info", "arguments": { "id": id } });
        request("/mcp", key, &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }))
    });
    let in_batch = |id: &Value| json!({ "method": "teams.info", "args": { "id": id } });
    let alone = each(&|id| request("/batch.run", key, &json!({ "calls": [in_batch(id)] })));
    let calls: Vec<Value> = ids.iter().map(|id| in_batch(id)).collect();
    let together: Requests = Arc::from([request("/batch.run", key, &json!({ "calls": calls }))]);
    let list: Requests = Arc::from([request("/teams.list", key, &json!({ "limit": 50 }))]);
    let slack_list: Requests = Arc::from([request_of("/api/teams.list", key, FORM, "limit=50")]);
    let create: Requests = Arc::from([request(
        "/teams.create",
        key,
        &json!({ "name": "Sms", "query": { "conversations": "source:*sms" } }),
    )]);
    let form = "name=Sms&query=%7B%22conversations%22%3A%22source%3A*sms%22%7D";
    let slack_create: Requests = Arc::from([request_of("/api/teams.create", key, FORM, form)]);

    let mut door = Doors { options, name, server, report };
    door.compare(
        "teams.info",
        &info,
        &[
            ("/api/teams.info, a form", &slack_info, 1),
            ("/api/teams.info, JSON", &slack_json, 1),
            ("/mcp teams_info", &tool, 1),
            ("teams.info, a batch of one", &alone, 1),
            ("teams.info, in a batch of 50", &together, ids.len()),
        ],
    )
    .await?;
    door.compare("teams.list", &list, &[("/api/teams.list, a form", &slack_list, 1)]).await?;
    door.compare("teams.create", &create, &[("/api/teams.create, a form", &slack_create, 1)]).await?;
    for path in ["/openapi.json", "/docs"] {
        let page: Requests = Arc::from([get(path)]);
        let (rate, times) = door.load(path, &page).await?;
        door.report.rows.push(Row::Figure { server: name, case: path, rate, of: None, times: Some(times) });
    }
    Ok(())
}

/// Requests that are made in turn.
type Requests = Arc<[Vec<u8>]>;

struct Doors<'a> {
    options: &'a Options,
    name: &'static str,
    server: &'a Server,
    report: &'a mut Report,
}

impl Doors<'_> {
    /// Measures a call natively and then by other doors; each of those counts as so many calls.
    async fn compare(
        &mut self,
        native: &str,
        requests: &Requests,
        others: &[(&'static str, &Requests, usize)],
    ) -> Result<()> {
        for &(case, requests_of_other, calls) in others {
            // Right before each, because what else goes on here changes from second to second.
            let (base, _) = self.load(native, requests).await?;
            let (rate, times) = self.load(case, requests_of_other).await?;
            let rate = rate * calls as f64;
            self.report.rows.push(Row::Figure {
                server: self.name,
                case,
                rate,
                of: Some(rate / base),
                times: Some(times),
            });
        }
        Ok(())
    }

    async fn load(&mut self, case: &str, requests: &Requests) -> Result<(f64, (Duration, Duration))> {
        let connections = self.options.connections.iter().copied().max().unwrap_or(1);
        let title = format!("{}: {case}, {connections} connections", self.name);
        eprintln!("{title}");
        let time = Duration::from_secs(self.options.seconds);
        let load = load(self.server.port, connections.into(), requests, time).await?;
        if let Some(error) = &load.first_error {
            self.report.errors.push(format!("{title}: {} failed, first: {error}", load.errors));
        }
        Ok((load.rate, (load.p50, load.p99)))
    }
}
