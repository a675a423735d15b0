//! Writers that remember what they were told, and the books that must agree with it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use diesel::CombineDsl;
use dotdesk::db::prelude::*;
use dotdesk::db::{Db, Id};
use dotdesk::run;
use dotdesk::schema::{audit_entries, events, idempotency_keys, outbox, team_members, teams};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::client::{Client, Reply};
use crate::support::databases;

/// What writers sent, and what came back.
#[derive(Default)]
pub struct Ledger {
    /// The id that a write was answered with, by its key.
    answered: RefCell<BTreeMap<String, Id>>,
    /// Writes without a good answer, by key: they may have happened or not.
    open: RefCell<BTreeSet<String>>,
    count: Cell<u32>,
}

impl Ledger {
    /// How many writes were answered well.
    pub fn answered(&self) -> usize {
        self.answered.borrow().len()
    }

    /// How many writes are in doubt.
    pub fn open(&self) -> usize {
        self.open.borrow().len()
    }

    /// Creates teams, `writers` at a time, until the server is gone or `go_on` says no; `look` sees every answer.
    pub async fn write(
        &self,
        client: &Client,
        member: &Value,
        writers: usize,
        go_on: impl Fn() -> bool,
        look: impl Fn(&Reply),
    ) {
        let writer = async || {
            while go_on() {
                self.count.set(self.count.get() + 1);
                let key = format!("write-{}", self.count.get());
                match self.send(client, member, &key).await {
                    Some(reply) => look(&reply),
                    None => return,
                }
            }
        };
        join_all((0..writers).map(|_| writer())).await;
    }

    /// The body of a write that is from now on in doubt.
    pub fn doubt(&self, key: &str, member: &Value) -> Value {
        self.open.borrow_mut().insert(key.to_owned());
        json!({ "name": key, "user_ids": [member], "idempotency_key": key })
    }

    /// Sends every write that is in doubt once more, and expects that all of them are done then.
    pub async fn settle(&self, client: &Client, member: &Value) {
        let open: Vec<String> = self.open.borrow().iter().cloned().collect();
        for chunk in open.chunks(8) {
            for reply in join_all(chunk.iter().map(|key| self.send(client, member, key))).await {
                let reply = reply.expect("the server is there");
                assert_eq!(reply.status, 200, "{}", reply.text);
            }
        }
        assert_eq!(self.open(), 0);
    }

    async fn send(&self, client: &Client, member: &Value, key: &str) -> Option<Reply> {
        let reply = client.attempt("teams.create", &self.doubt(key, member)).await.ok()?;
        if reply.status == 200 {
            let id: Id = serde_json::from_value(reply.body["id"].clone()).unwrap();
            self.open.borrow_mut().remove(key);
            let before = self.answered.borrow_mut().insert(key.to_owned(), id);
            assert_eq!(before, None, "{key} was answered already");
        }
        Some(reply)
    }

    /// What was answered is there, each once, and each with all that belongs to it. What is in doubt is there like that too, or not
    /// at all.
    pub async fn check(&self, url: &str) {
        let db = Db::connect(databases::options(url)).await.unwrap();
        let mut conn = db.read().await.unwrap();
        let teams: Vec<(Id, String)> = run!(conn, |c| teams::table.select((teams::id, teams::name)).load(c)).unwrap();
        let (answered, open) = (self.answered.borrow().clone(), self.open.borrow().clone());
        let names: BTreeSet<&String> = teams.iter().map(|(_, name)| name).collect();
        assert_eq!(names.len(), teams.len(), "one write happened twice");
        for (id, name) in &teams {
            match answered.get(name) {
                Some(told) => assert_eq!(told, id, "{name} is another one than was answered"),
                None => assert!(open.contains(name), "{name} was never asked for"),
            }
        }
        let lost: Vec<_> = answered.keys().filter(|key| !names.contains(key)).collect();
        assert!(lost.is_empty(), "{} answered writes are lost: {lost:?}", lost.len());

        let mut ids: Vec<Id> = teams.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        let sorted = |mut ids: Vec<Id>| {
            ids.sort_unstable();
            ids
        };
        // One statement, so that none is missed that gets its place just now.
        let in_feed = run!(conn, |c| events::table
            .filter(events::type_.eq("team.created"))
            .select(events::object_id)
            .union_all(outbox::table.filter(outbox::type_.eq("team.created")).select(outbox::object_id))
            .load::<Id>(c));
        assert!(sorted(in_feed.unwrap()) == ids, "each team has one event");
        let places: Vec<i64> = run!(conn, |c| events::table.select(events::seq).order(events::seq).load(c)).unwrap();
        assert!(places.iter().zip(1..).all(|(seq, place)| *seq == place), "the feed has a gap, or a place twice");
        let of_audit = run!(conn, |c| audit_entries::table
            .filter(audit_entries::method.eq("teams.create"))
            .select(audit_entries::target_id)
            .load::<Id>(c));
        assert!(sorted(of_audit.unwrap()) == ids, "each team has one audit entry");
        let of_members = run!(conn, |c| team_members::table.select(team_members::team_id).load::<Id>(c));
        assert!(sorted(of_members.unwrap()) == ids, "each team has its member");
        let mut keys: Vec<String> = run!(conn, |c| idempotency_keys::table
            .filter(diesel::dsl::not(idempotency_keys::sealed_body.eq(Vec::new())))
            .select(idempotency_keys::key)
            .load(c))
        .unwrap();
        keys.sort_unstable();
        assert!(keys.iter().collect::<BTreeSet<_>>() == names, "each team has its idempotency record, with an answer");
    }
}
