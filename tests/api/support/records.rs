//! What the server keeps and no method shows yet: events, the audit, mail, and all of it at once.

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::Text;
use dotdesk::db::prelude::*;
use dotdesk::db::{Id, Timestamp};
use dotdesk::events::sequencer;
use dotdesk::providers::mail::{Mailer, send_due};
use dotdesk::run;
use dotdesk::schema::{audit_entries, events, mails};
use serde_json::Value;

use super::server::Api;

/// An event of Acme.
#[derive(Debug)]
pub struct Event {
    /// Its type, such as `user.created`.
    pub kind: String,
    /// The object as it is after the change.
    pub data: Value,
    /// The old values of what changed.
    pub previous: Value,
    /// Who did it.
    pub actor: Value,
}

/// An entry of Acme's audit.
#[derive(Debug)]
pub struct Audited {
    /// The method that was called.
    pub method: String,
    /// Who it counts as.
    pub actor: Id,
    /// Who it really was, if somebody acted as another.
    pub impersonator: Option<Id>,
    /// The key that it was done with, if it was one.
    pub key: Option<Id>,
}

/// Everything that the database holds, as text; bytes are in hexadecimal.
pub struct Stored(String);

impl Stored {
    /// Whether a text is anywhere in it, as text or as bytes.
    pub fn holds(&self, text: &str) -> bool {
        self.0.contains(&text.to_lowercase()) || self.holds_bytes(text.as_bytes())
    }

    /// Whether these bytes are anywhere in it.
    pub fn holds_bytes(&self, bytes: &[u8]) -> bool {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.0.contains(&hex)
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

impl Api {
    /// Gives every event that was written its place in the feed.
    pub async fn settle(&self) {
        while sequencer::advance(&self.app).await.unwrap() > 0 {}
    }

    /// From now on, does the same as a server does by itself.
    pub fn sequence(&self) {
        let app = self.app.clone();
        actix_web::rt::spawn(async move { sequencer::run(&app).await });
    }

    /// The events of Acme, oldest first.
    pub async fn events(&self) -> Vec<Event> {
        self.settle().await;
        let mut conn = self.app.db.read().await.unwrap();
        let rows: Vec<(String, String, Option<String>, String)> = run!(conn, |c| events::table
            .filter(events::organization_id.eq(self.acme.id))
            .order(events::seq)
            .select((events::type_, events::data, events::previous, events::actor))
            .load(c))
        .unwrap();
        let event = |(kind, data, previous, actor): (String, String, Option<String>, String)| Event {
            kind,
            data: json(&data),
            previous: previous.map_or(Value::Null, |previous| json(&previous)),
            actor: json(&actor),
        };
        rows.into_iter().map(event).collect()
    }

    /// What `work` answers, and the events that came of it.
    pub async fn events_of<T>(&self, work: impl Future<Output = T>) -> (T, Vec<Event>) {
        let before = self.events().await.len();
        let answer = work.await;
        (answer, self.events().await.split_off(before))
    }

    /// The types of the events that came of `work`.
    pub async fn event_types_of<T>(&self, work: impl Future<Output = T>) -> Vec<String> {
        self.events_of(work).await.1.into_iter().map(|event| event.kind).collect()
    }

    /// The newest entry of Acme's audit.
    pub async fn last_audited(&self) -> Audited {
        let mut conn = self.app.db.read().await.unwrap();
        let (method, actor, impersonator, key): (String, Id, Option<Id>, Option<Id>) =
            run!(conn, |c| audit_entries::table
                .filter(audit_entries::organization_id.eq(self.acme.id))
                .order(audit_entries::id.desc())
                .select((
                    audit_entries::method,
                    audit_entries::actor_id,
                    audit_entries::impersonator_id,
                    audit_entries::api_key_id,
                ))
                .first(c))
            .unwrap();
        Audited { method, actor, impersonator, key }
    }

    /// Has the mail that is due sent, and answers it, oldest first.
    pub async fn mail(&self) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let mailer = Mailer::outbox(folder.path(), "Desk <desk@acme.test>").unwrap();
        send_due(&self.app, &mailer).await.unwrap();
        let mut files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).unwrap().replace("\r\n", "\n")).collect()
    }

    /// What is kept of the mail that did not go out yet: attempts, next attempt, last error.
    pub async fn unsent(&self) -> Vec<(i32, Option<Timestamp>, Option<String>)> {
        let mut conn = self.app.db.read().await.unwrap();
        run!(conn, |c| mails::table
            .order(mails::id)
            .select((mails::attempts, mails::next_attempt_at, mails::last_error))
            .load(c))
        .unwrap()
    }

    /// All rows of all tables.
    pub async fn stored(&self) -> Stored {
        let is_sqlite = self.database.url.starts_with("sqlite");
        let tables = match is_sqlite {
            true => "SELECT name AS line FROM sqlite_master WHERE type = 'table'",
            false => {
                "SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = current_schema()"
            }
        };
        let mut all = String::new();
        for table in self.lines(tables).await {
            let rows = match is_sqlite {
                true => {
                    let columns =
                        format!("SELECT 'quote(\"' || name || '\")' AS line FROM pragma_table_info('{table}')");
                    let columns = self.lines(&columns).await.join(" || ' ' || ");
                    format!("SELECT {columns} AS line FROM \"{table}\"")
                }
                false => format!("SELECT t::text AS line FROM \"{table}\" AS t"),
            };
            all += &self.lines(&rows).await.join("\n").to_lowercase();
        }
        Stored(all)
    }

    async fn lines(&self, sql: &str) -> Vec<String> {
        let mut conn = self.app.db.read().await.unwrap();
        let lines: Vec<Line> = run!(conn, |c| sql_query(sql).load(c)).unwrap();
        lines.into_iter().map(|line| line.line).collect()
    }
}
