//! On the real tables: a query finds in SQL those objects of which it holds in memory, going by what callers see of them.
//!
//! Webhooks, the feed and dry runs go by memory, lists by SQL; so nobody is told of an object by the one and not by the other.

use std::collections::BTreeSet;

use dotdesk::method::ScopeSet;
use dotdesk::query::{Asker, Checked, Facts, Kind, Table};
use dotdesk::resources::crm::{companies, contacts};
use dotdesk::resources::inbox::{conversations, messages};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{Api, on_both};

/// Texts with what could go wrong: case, other letters, wildcards of several languages, quotes.
const TEXTS: [&str; 8] =
    ["Ada Lovelace", "ÜNÏ 50%", "a_b [c]", "it's \"so\"", "null", "ada  lovelace-king", "12.5", "x"];
/// How many queries of several clauses are tried for each table.
const COMBINED: usize = 120;

fn text(n: usize) -> &'static str {
    TEXTS[n % TEXTS.len()]
}

/// A list of objects that queries are asked of.
struct Shown {
    table: &'static Table,
    method: &'static str,
    /// What the list needs besides.
    scope: Value,
    objects: Vec<(String, Facts, Value)>,
}

impl Shown {
    async fn of(api: &Api, table: &'static Table, method: &'static str, scope: Value) -> Self {
        let mut args = scope.clone();
        args["limit"] = 1000.into();
        let list = api.admin().ok(method, args).await;
        let objects = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|object| (object["id"].as_str().unwrap().to_owned(), Facts::of(table, object), object.clone()));
        Self { table, method, scope, objects: objects.collect() }
    }

    fn check(&self, api: &Api, query: &str) -> Option<Checked> {
        let asker = Asker {
            now: api.now(),
            space: api.acme.id,
            organization: api.acme.id,
            user: None,
            teams: None,
            scopes: ScopeSet::ALL,
        };
        self.table.check(query, &asker).ok()
    }

    /// Whether the objects say everything that a query asks about.
    fn tells(&self, query: &Checked) -> bool {
        self.objects.iter().all(|(_, facts, _)| self.table.untold(query, facts).next().is_none())
    }

    /// Clauses about everything that the objects tell, with values that they have.
    fn clauses(&self, api: &Api) -> Vec<String> {
        let mut clauses = Vec::new();
        for field in self.table.fields.iter().filter(|field| field.kind != Kind::Open) {
            let name = field.name;
            let exists = format!("_exists_:{name}");
            if !self.check(api, &exists).is_some_and(|query| self.tells(&query)) {
                continue;
            }
            clauses.push(exists);
            clauses.push(format!("{name}:null"));
            let values = self
                .objects
                .iter()
                .filter_map(|(_, _, object)| name.split('.').try_fold(object, |value, key| value.get(key)));
            let mut values: Vec<&Value> = values
                .flat_map(|value| match value {
                    Value::Array(items) => items.iter().map(|item| item.get("name").unwrap_or(item)).collect(),
                    value => vec![value],
                })
                .filter(|value| !value.is_null())
                .collect();
            values.dedup();
            for value in values.into_iter().take(8) {
                let Some(word) = value.as_str() else {
                    let ranges = [format!(":{value}"), format!(":>={value}"), format!(":[* TO {value}}}")];
                    let count = if value.is_number() { 3 } else { 1 };
                    clauses.extend(ranges.into_iter().take(count).map(|range| format!("{name}{range}")));
                    continue;
                };
                if field.kind == Kind::Timestamp {
                    clauses.extend([format!("{name}:>={word}"), format!("{name}:{{{word} TO *]")]);
                    continue;
                }
                let start: String = word.chars().take(3).collect();
                let end: String = word.chars().skip(1).collect();
                clauses.extend([
                    format!("{name}:\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")),
                    format!("{name}:{}", escaped(word)),
                    format!("{name}:{}", escaped(&word.to_uppercase())),
                    format!("{name}:{}*", escaped(&start)),
                    format!("{name}:*{}", escaped(&end)),
                ]);
            }
        }
        clauses
    }

    async fn agrees(&self, api: &Api, query: &str) -> bool {
        let mut args = self.scope.clone();
        args["filters"] = query.into();
        args["fields"] = json!(["id"]);
        args["limit"] = 1000.into();
        let reply = api.admin().post(self.method, &args).await;
        let Some(checked) = self.check(api, query) else {
            reply.refused(400, "invalid_query");
            return false;
        };
        assert_eq!(reply.status, 200, "{} {query}: {}", self.method, reply.text);
        let found: BTreeSet<&str> =
            reply.body["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        let matching = self.objects.iter().filter(|(_, facts, _)| checked.matches(facts));
        let expected: BTreeSet<&str> = matching.map(|(id, _, _)| id.as_str()).collect();
        if let Some(id) = found.symmetric_difference(&expected).next() {
            let (_, facts, object) = self.objects.iter().find(|(known, _, _)| known == id).unwrap();
            let by = if found.contains(id) { "SQL only" } else { "memory only" };
            panic!("{} {query} is matched by {by}:\n{object:#}\n{facts:?}", self.method);
        }
        !expected.is_empty() && expected.len() < self.objects.len()
    }
}

fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_alphanumeric() { vec![c] } else { vec!['\\', c] }).collect()
}

#[test]
fn what_objects_tell_is_what_queries_find() {
    on_both(async |api| {
        let conversation = fill(api).await;
        let in_it = json!({ "conversation_id": conversation });
        for (shown, more) in [
            (
                Shown::of(api, &companies::FIELDS, "companies.list", json!({})).await,
                &["metadata.a:x", "metadata.n:>1"][..],
            ),
            (
                Shown::of(api, &contacts::FIELDS, "contacts.list", json!({})).await,
                &[
                    "identity:ada*",
                    "identity.type:email",
                    "identity.type:phone",
                    "email_domain:example.com",
                    "email_domain:EX*",
                    "custom_fields.size:>2",
                ],
            ),
            (
                Shown::of(api, &conversations::FIELDS, "conversations.list", json!({})).await,
                &["is_handed_off:true", "is_handed_off:false", "metadata.a:*", "NOT metadata.n:[2 TO *]"],
            ),
            (Shown::of(api, &messages::FIELDS, "messages.list", in_it).await, &["metadata.a:x"]),
        ] {
            let mut clauses = shown.clauses(api);
            clauses.extend(more.iter().map(|clause| (*clause).to_owned()));
            let mut telling = 0;
            for clause in &clauses {
                telling += usize::from(shown.agrees(api, clause).await);
            }
            assert!(
                telling > 30 || shown.method == "messages.list",
                "{}: {telling} of {}",
                shown.method,
                clauses.len()
            );
            let one = proptest::sample::select(clauses);
            let query = one.prop_recursive(2, 6, 3, |inner| {
                (inner.clone(), proptest::sample::select(vec!["AND", "OR", "AND NOT"]), inner)
                    .prop_map(|(a, operator, b)| format!("({a}) {operator} ({b})"))
            });
            let mut runner = TestRunner::new(Config::default());
            for _ in 0..COMBINED {
                shown.agrees(api, &query.new_tree(&mut runner).unwrap().current()).await;
            }
        }
    });
}

/// A desk with many kinds of everything; answers a conversation with several messages.
async fn fill(api: &Api) -> Value {
    let admin = api.admin();
    for object in ["contact", "conversation", "company"] {
        let field = json!({ "object": object, "name": "size", "type": "number", "display_name": "Size" });
        admin.ok("customFields.create", field).await;
    }
    let mut companies = Vec::new();
    for n in 0..10 {
        let mut company = json!({
            "name": format!("{} {n}", text(n)), "is_customer": n % 2 == 0, "tags": if n % 3 == 0 { json!(["vip", text(n)]) } else { json!([]) },
            "metadata": { "a": text(n), "n": n }, "custom_fields": { "size": n },
        });
        if n % 2 == 1 {
            let more = json!({
                "industry": text(n + 1), "deal_value": 1000.5 * n as f64, "currency": "EUR", "notes": text(n + 2),
                "website": format!("https://c{n}.example.com"), "domains": [format!("c{n}.example.com")],
                "owner_user_id": api.acme.owner, "external_id": format!("crm-{n}"), "last_contact": "2026-01-31T00:00:00Z",
            });
            company.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        }
        companies.push(admin.ok("companies.create", company).await["id"].clone());
        api.pass_seconds(7);
    }
    let mut contacts = Vec::new();
    for n in 0..14 {
        let mut contact = json!({
            "name": text(n), "type": (["visitor", "lead", "customer", "partner"][n % 4]), "is_primary": n % 6 == 0,
            "tags": if n % 4 == 0 { json!(["vip", "Ünï"]) } else { json!([]) }, "metadata": { "a": text(n + 3), "n": n },
            "custom_fields": { "size": n },
        });
        if n % 2 == 0 {
            let more = json!({
                "first_name": text(n + 1), "email": format!("Ada{n}@{}", if n % 4 == 0 { "Example.com" } else { "example.org" }),
                "phone": format!("+1555010{n:02}"), "company_id": companies[n % 5], "title": text(n + 2), "notes": text(n + 4),
                "language": "de", "timezone": "Europe/Berlin", "gender": text(n), "external_id": format!("c-{n}"),
                "address": { "city": text(n), "country": "DE", "postal_code": "10115" },
            });
            contact.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        }
        let contact = admin.ok("contacts.create", contact).await;
        if n % 5 == 1 {
            admin
                .ok("contacts.setConsent", json!({ "id": contact["id"], "channel": "email", "value": "granted" }))
                .await;
            admin.ok("contacts.setConsent", json!({ "id": contact["id"], "channel": "sms", "value": "denied" })).await;
        }
        if n % 7 == 6 {
            admin.ok("contacts.block", json!({ "id": contact["id"], "reason": "spam" })).await;
        } else {
            contacts.push(contact["id"].clone());
        }
        api.pass_seconds(7);
    }
    let mut channels = Vec::new();
    for source in ["acme.sms", "Acme.Chat"] {
        let channel = json!({ "type": "api", "name": source, "source": source });
        channels.push(admin.ok("channels.create", channel).await["id"].clone());
    }
    let team = admin.ok("teams.create", json!({ "name": "Support", "is_support_enabled": true })).await;
    let mut first = Value::Null;
    for n in 0..14 {
        let conversation = json!({
            "contact_id": contacts[n % contacts.len()], "channel_id": channels[n % 2], "subject": text(n), "language": if n % 2 == 0 { "en" } else { "de" },
            "priority": (["none", "low", "normal", "high", "urgent"][n % 5]), "tags": if n % 3 == 0 { json!(["vip"]) } else { json!([]) },
            "metadata": { "a": text(n + 1), "n": n }, "custom_fields": { "size": n }, "external": { "system": "zendesk", "id": n.to_string() },
            "visitor_email": format!("visitor{n}@example.com"), "assist_mode": n % 2 == 0,
        });
        let conversation = admin.ok("conversations.create", conversation).await;
        let id = &conversation["id"];
        for m in 0..n % 4 {
            let message = json!({ "conversation_id": id, "text": text(m), "metadata": { "a": "x" }, "language": "en" });
            admin.ok("messages.receive", message).await;
            api.pass_seconds(11);
        }
        if n % 4 == 3 {
            admin.ok("messages.send", json!({ "conversation_id": id, "text": text(n) })).await;
            admin.ok("messages.addNote", json!({ "conversation_id": id, "text": "for us" })).await;
            first = id.clone();
        }
        match n % 7 {
            1 => admin.ok("conversations.assign", json!({ "id": id, "user_id": api.acme.owner })).await,
            2 => admin.ok("conversations.assign", json!({ "id": id, "team_id": team["id"] })).await,
            3 => admin.ok("conversations.snooze", json!({ "id": id, "until": "2027-01-01T00:00:00Z" })).await,
            4 => admin.ok("conversations.close", json!({ "id": id, "resolution": "resolved" })).await,
            5 => admin.ok("conversations.markSpam", json!({ "id": id })).await,
            6 => admin.ok("conversations.handoff", json!({ "id": id, "reason": "contact_requested" })).await,
            _ => Value::Null,
        };
        api.pass_seconds(13);
    }
    first
}
