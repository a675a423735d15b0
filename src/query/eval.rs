//! A checked query asked of one object in memory: the same answer as in SQL.

use std::collections::HashMap;

use serde_json::Value;

use super::check::{Checked, Is, Must, Test};
use super::search;
use super::sql::{least, most};
use super::table::{Field, Kept, Kind, Table};
use super::words;
use crate::db::Timestamp;

/// What is known of an object: the values of its fields, by their names.
#[derive(Clone, Debug, Default)]
pub struct Facts(HashMap<&'static str, Vec<Fact>>);

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A keyword, or an identifier.
    Keyword(String),
    /// The words of a text, folded: see [`words::fold`].
    Words(String),
    /// A number.
    Number(f64),
    /// An instant.
    Instant(Timestamp),
    /// A boolean.
    Flag(bool),
    /// A document.
    Document(Value),
}

impl Facts {
    /// What the object shows: where its fields have the names that queries use, and what the table derives from them.
    pub fn of(table: &'static Table, object: &Value) -> Self {
        let mut facts = Self::default();
        for field in table.fields {
            let value = field.name.split('.').try_fold(object, |value, key| value.get(key));
            if let Some(value) = value {
                facts.0.insert(field.name, read(field, value));
            }
        }
        if let Some(derive) = table.derive {
            derive(object, &mut facts);
        }
        facts
    }

    /// Says what a field is, in place of what was known of it.
    pub fn set(&mut self, field: &'static str, facts: Vec<Fact>) {
        self.0.insert(field, facts);
    }
}

fn read(field: &Field, value: &Value) -> Vec<Fact> {
    match (field.kind, value) {
        (_, Value::Null) => Vec::new(),
        (Kind::Open, document) => vec![Fact::Document(document.clone())],
        (_, Value::Array(items)) => items.iter().flat_map(|item| read(field, item)).collect(),
        (Kind::Text, Value::String(text)) => vec![Fact::Words(words::fold(text))],
        (Kind::Number, Value::Number(number)) => number.as_f64().map(Fact::Number).into_iter().collect(),
        (Kind::Timestamp, Value::String(text)) => text.parse().map(Fact::Instant).into_iter().collect(),
        (Kind::Boolean, Value::Bool(flag)) => vec![Fact::Flag(*flag)],
        (Kind::Keyword | Kind::List, Value::String(text)) => vec![Fact::Keyword(text.clone())],
        _ => Vec::new(),
    }
}

impl Table {
    /// The fields that a query names and that these facts, of an object with everything, do not tell.
    pub fn untold(&'static self, query: &Checked, facts: &Facts) -> impl Iterator<Item = &'static str> {
        let named = query.fields().iter().filter_map(|name| {
            let path: Vec<String> = name.split('.').map(str::to_owned).collect();
            self.find(&path).map(|(field, _)| field.name)
        });
        named.filter(|name| !facts.0.contains_key(name))
    }
}

impl Checked {
    /// Whether an object matches. `my_teams` matches nothing unless the asker's teams were known when the query was checked.
    pub fn matches(&self, facts: &Facts) -> bool {
        holds(&self.test, facts)
    }
}

fn holds(test: &Test, facts: &Facts) -> bool {
    match test {
        Test::Always => true,
        Test::All(tests) => tests.iter().all(|test| holds(test, facts)),
        Test::Any(tests) => tests.iter().any(|test| holds(test, facts)),
        Test::Not(test) => !holds(test, facts),
        Test::Is(is) => {
            let values = facts.0.get(is.field.name);
            values.is_some_and(|values| values.iter().any(|value| passes(is, value)))
        }
    }
}

fn passes(is: &Is, fact: &Fact) -> bool {
    match (&is.must, fact) {
        (Must::BePresent, Fact::Document(document)) => {
            crate::db::functions::OpenTest::Present.holds(document, &is.path)
        }
        (Must::BePresent, Fact::Words(words)) => !words.is_empty(),
        (Must::BePresent, _) => true,
        (Must::BeLike(pattern), Fact::Keyword(text)) => pattern.matches(&(is.field.fold)(text)),
        (Must::BeOneOf(ids), Fact::Keyword(text)) => text.parse().is_ok_and(|id| ids.contains(&id)),
        (Must::HaveWords(words), Fact::Words(folded)) => search::contains(folded, words),
        (Must::BeBetween(low, high), Fact::Number(number)) => match is.field.kept {
            Kept::Whole(parts) => {
                let whole = (number * parts as f64).round() as i64;
                low.is_none_or(|low| whole >= least(low, parts)) && high.is_none_or(|high| whole <= most(high, parts))
            }
            _ => {
                low.is_none_or(|(low, included)| *number > low || (included && *number == low))
                    && high.is_none_or(|(high, included)| *number < high || (included && *number == high))
            }
        },
        (Must::BeDuring(from, until), Fact::Instant(at)) => {
            from.is_none_or(|from| at.millis() >= from) && until.is_none_or(|until| at.millis() < until)
        }
        (Must::Be(expected), Fact::Flag(flag)) => expected == flag,
        (Must::Pass(test), Fact::Document(document)) => test.holds(document, &is.path),
        _ => false,
    }
}
