//! What SQLite lacks: the functions that queries call on every SQLite connection. They are the same code that decides in memory.

use diesel::sql_types::{Nullable, Text};
use diesel::{QueryResult, SqliteConnection};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[diesel::declare_sql_function]
extern "SQL" {
    /// Whether folded words have the words of a pattern side by side.
    fn dotdesk_words(words: Nullable<Text>, pattern: Text) -> Bool;
    /// Whether what a path leads to in a document passes a test.
    fn dotdesk_open(document: Nullable<Text>, path: Text, test: Text) -> Bool;
}

/// Makes the functions known to a connection.
pub(super) fn register(conn: &mut SqliteConnection) -> QueryResult<()> {
    dotdesk_words_utils::register_impl(conn, |words: Option<String>, pattern: String| {
        words.is_some_and(|words| has_words(&words, &pattern))
    })?;
    dotdesk_open_utils::register_impl(conn, |document: Option<String>, path: String, test: String| {
        let parse = || -> serde_json::Result<bool> {
            let Some(document) = document else { return Ok(false) };
            let (document, path): (Value, Vec<String>) =
                (serde_json::from_str(&document)?, serde_json::from_str(&path)?);
            let test: OpenTest = serde_json::from_str(&test)?;
            Ok(test.holds(&document, &path))
        };
        // Whatever is not JSON has no values.
        parse().unwrap_or(false)
    })
}

/// Whether folded words, as in `" jane doe "`, have the words of a pattern side by side: words with single spaces between them, in
/// which `*` stands for any letters and `?` for any one. No wildcard reaches beyond its word.
pub fn has_words(words: &str, pattern: &str) -> bool {
    let part = |c| match c {
        '*' => Part::Many,
        '?' => Part::One,
        c => Part::Char(c),
    };
    let pattern: Vec<Vec<Part>> = pattern.split(' ').map(|word| word.chars().map(part).collect()).collect();
    let words: Vec<Vec<char>> =
        words.split(' ').filter(|word| !word.is_empty()).map(|word| word.chars().collect()).collect();
    words
        .windows(pattern.len().max(1))
        .any(|window| window.iter().zip(&pattern).all(|(word, pattern)| matches(word, pattern)))
}

/// A part of a pattern with wildcards.
#[derive(PartialEq)]
enum Part {
    Char(char),
    One,
    Many,
}

/// Whether all of a text matches; the last part that stands for many is the only one that is ever tried again.
fn matches(text: &[char], parts: &[Part]) -> bool {
    let (mut next, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match parts.get(next) {
            Some(Part::Many) => {
                next += 1;
                retry = Some((next, at));
            }
            Some(part) if *part == Part::One || text.get(at).is_some_and(|c| *part == Part::Char(*c)) => {
                next += 1;
                at += 1;
            }
            _ => match &mut retry {
                Some((after, from)) => {
                    *from += 1;
                    (next, at) = (*after, *from);
                }
                None => return false,
            },
        }
    }
    parts.iter().skip(next).all(|part| *part == Part::Many)
}

/// What a value of a document must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OpenTest {
    /// Anything but null.
    Present,
    /// This text in any case (A to Z); or, where the text is a number, this number.
    Is(String, Option<f64>),
    /// A text like this, as `LIKE … ESCAPE '\'` has it, in any case (A to Z).
    Like(String),
    /// A number in a range; the flags say whether an end belongs to it.
    Between(Option<(f64, bool)>, Option<(f64, bool)>),
    /// A text in a range, by its bytes in lower case (A to Z).
    Within(Option<(String, bool)>, Option<(String, bool)>),
}

impl OpenTest {
    /// Whether any value that the path leads to passes. Lists on the way are looked through.
    pub fn holds(&self, document: &Value, path: &[String]) -> bool {
        fn any(test: &OpenTest, value: &Value, path: &[String]) -> bool {
            match (path.split_first(), value) {
                (None, Value::Array(items)) => items.iter().any(|item| test.passes(item)),
                (None, value) => test.passes(value),
                (Some((key, rest)), Value::Object(fields)) => {
                    fields.get(key).is_some_and(|value| any(test, value, rest))
                }
                (Some((key, rest)), Value::Array(items)) => items
                    .iter()
                    .filter_map(|item| item.as_object())
                    .any(|fields| fields.get(key).is_some_and(|value| any(test, value, rest))),
                _ => false,
            }
        }
        any(self, document, path)
    }

    fn passes(&self, value: &Value) -> bool {
        if *self == Self::Present {
            return !value.is_null();
        }
        let number = match value {
            Value::Number(number) => number.as_f64(),
            _ => None,
        };
        let text = match value {
            Value::String(text) => text.to_ascii_lowercase(),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number_text(number),
            _ => return false,
        };
        match (self, number) {
            (Self::Present, _) => true,
            (Self::Is(_, Some(expected)), Some(number)) => number == *expected,
            (Self::Is(expected, _), _) => text == *expected,
            (Self::Like(pattern), _) => like(&text, pattern),
            (Self::Between(..), None) => false,
            (Self::Between(low, high), Some(number)) => {
                low.is_none_or(|(low, included)| number > low || (included && number == low))
                    && high.is_none_or(|(high, included)| number < high || (included && number == high))
            }
            (Self::Within(low, high), _) => {
                low.as_ref().is_none_or(|(low, included)| text > *low || (*included && text == *low))
                    && high.as_ref().is_none_or(|(high, included)| text < *high || (*included && text == *high))
            }
        }
    }
}

/// A number as PostgreSQL writes a `numeric` that is trimmed: without an exponent, and without zeros at the end.
fn number_text(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float != 0.0 => float.to_string(),
        // There is no negative zero among them.
        Some(0.0) => "0".into(),
        _ => number.to_string(),
    }
}

/// `LIKE … ESCAPE '\'`, in the case at hand.
pub fn like(text: &str, pattern: &str) -> bool {
    let mut parts = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '\\' => Part::Char(chars.next().unwrap_or('\\')),
            '%' => Part::Many,
            '_' => Part::One,
            c => Part::Char(c),
        });
    }
    matches(&text.chars().collect::<Vec<char>>(), &parts)
}
