//! Full text: the same words found on both databases, in what is public and in what is private, one organization at a time.

use std::collections::BTreeSet;

use dotdesk::db::prelude::*;
use dotdesk::db::{Id, Timestamp};
use dotdesk::method::Context;
use dotdesk::query::search::{self, Entry};
use dotdesk::query::words;
use dotdesk::run;
use dotdesk::schema::search_words;

use crate::support::{Api, on_both};
use dotdesk::access::authenticate::server_itself;

fn context(api: &Api, organization: Id) -> Context {
    Context::internal(api.app.clone(), server_itself(organization), "test")
}

fn id(n: u8) -> Id {
    let mut bytes = *Id::NIL.as_bytes();
    bytes[5] = 1;
    bytes[15] = n;
    Id::from_bytes(bytes)
}

async fn put(api: &Api, organization: Id, n: u8, text: &str, is_private: bool) {
    let words = words::fold(text);
    context(api, organization)
        .write(async move |tx| {
            let entry = Entry { kind: "message", id: id(n), parent: Some(id(200)), is_private, words: words.clone() };
            search::put(tx, entry).await
        })
        .await
        .unwrap();
}

/// The numbers of the texts that are found, newest first.
async fn found(api: &Api, organization: Id, text: &str, is_private: bool) -> Vec<u8> {
    let mut conn = api.app.db.read().await.unwrap();
    let predicate = search::found(organization, "message", is_private, text);
    let ids: Vec<Id> = run!(conn, |c| search_words::table
        .filter(predicate.clone())
        .order((search_words::row.desc(), search_words::id.desc()))
        .select(search_words::id)
        .load(c))
    .unwrap();
    ids.iter().map(|id| id.as_bytes()[15]).collect()
}

#[test]
fn words_are_found_in_any_order_and_the_last_as_it_is_typed() {
    on_both(async |api| {
        let acme = api.acme.id;
        for (n, text) in [
            (1, "My delivery is late"),
            (2, "Late, as always: the DELIVERY!"),
            (3, "Café Ünïcode, it's 退款 please"),
            (4, "delivered lately"),
            (5, "nothing"),
        ] {
            put(api, acme, n, text, false).await;
        }
        for (text, expected) in [
            ("late delivery", vec![2, 1]),
            ("deliv", vec![4, 2, 1]),
            ("deliv ", vec![]),
            ("lat deliv", vec![]),
            ("late deliv", vec![2, 1]),
            ("CAFE\u{301}", vec![3]),
            ("cafe", vec![]),
            ("ünïcode it's", vec![3]),
            ("款", vec![3]),
            ("0", vec![]),
            ("§", vec![5, 4, 3, 2, 1]),
            ("\" OR *", vec![]),
        ] {
            assert_eq!(found(api, acme, text, false).await, expected, "{text}");
        }
    });
}

#[test]
fn what_changes_or_goes_is_found_as_it_is() {
    on_both(async |api| {
        let acme = api.acme.id;
        put(api, acme, 1, "first words", false).await;
        put(api, acme, 1, "other words", false).await;
        assert_eq!(found(api, acme, "first", false).await, Vec::<u8>::new());
        assert_eq!(found(api, acme, "other words", false).await, [1]);
        put(api, acme, 1, "other words", true).await;
        assert_eq!(found(api, acme, "other", false).await, Vec::<u8>::new());
        assert_eq!(found(api, acme, "other", true).await, [1]);
        put(api, acme, 2, "other", true).await;
        put(api, acme, 1, "", true).await;
        assert_eq!(found(api, acme, "other", true).await, [2]);
        context(api, acme).write(async |tx| search::remove(tx, "message", id(2)).await).await.unwrap();
        assert_eq!(found(api, acme, "other", true).await, Vec::<u8>::new());
        put(api, acme, 3, "other", false).await;
        context(api, acme).write(async |tx| search::remove_below(tx, id(200)).await).await.unwrap();
        assert_eq!(found(api, acme, "other", false).await, Vec::<u8>::new());
    });
}

#[test]
fn one_organization_finds_nothing_of_another() {
    on_both(async |api| {
        let (acme, twin) = (api.acme.id, api.acme.id.twin());
        put(api, acme, 1, "secret plans", false).await;
        assert_eq!(found(api, acme, "secret", false).await, [1]);
        for other in [twin, api.unknown_id()] {
            assert_eq!(found(api, other, "secret", false).await, Vec::<u8>::new());
        }
        // What stands for the organization in the index is no word.
        for word in [acme.hex(), format!("{}messageo", acme.hex()), acme.hex()[..6].to_owned(), "messageo".into()] {
            assert_eq!(found(api, acme, &word, false).await, Vec::<u8>::new(), "{word}");
        }
    });
}

#[test]
fn texts_of_one_millisecond_keep_apart() {
    on_both(async |api| {
        let acme = api.acme.id;
        for n in 0..40 {
            put(api, acme, n, &format!("number {n}"), false).await;
        }
        assert_eq!(found(api, acme, "number ", false).await.len(), 40);
        for n in [0, 17, 39] {
            assert_eq!(found(api, acme, &format!("number {n} "), false).await, [n]);
        }
        let mut conn = api.app.db.read().await.unwrap();
        let rows: Vec<i64> = run!(conn, |c| search_words::table.select(search_words::row).load(c)).unwrap();
        let different: BTreeSet<i64> = rows.iter().copied().collect();
        if api.app.db.name() == "sqlite" {
            assert_eq!(different.len(), rows.len());
        }
        // Rows are in the order of creation, to the millisecond.
        let at = |millis| api.app.new_id_at(Timestamp::from_millis(millis));
        assert!(at(1_000) < at(2_000));
    });
}
