//! The words of a text, made the same way for both databases and for queries: lower-cased tokens, each between single spaces.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::pattern::{Pattern, Piece};
use crate::db::Json;

/// The most characters of a word that count; what follows is cut off.
const MAX_WORD: usize = 64;

/// The words of each text field of an object, such as `{"name":" jane doe "}`; what its table keeps in the column `words`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(pub BTreeMap<String, String>);

/// The words of an object's text fields; fields without any are left out.
///
/// Only writes need them: a row is stored with `.values((&row, table::words.eq(words)))`, and read without them.
pub fn of<const N: usize>(fields: [(&str, Option<&str>); N]) -> Json<Words> {
    let words = fields.into_iter().filter_map(|(name, text)| {
        let folded = fold(text?);
        (!folded.is_empty()).then(|| (name.to_owned(), folded))
    });
    Json(Words(words.collect()))
}

/// The words of a text, each with a space before and after it, as in `" jane doe "`; empty when there are none.
///
/// Words are runs of letters, digits and the marks on them (Unicode, composed form); a Chinese or Japanese character is a word by
/// itself, since these are written without spaces.
pub fn fold(text: &str) -> String {
    let mut folded = String::new();
    for word in tokens(text) {
        if folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(&word);
        folded.push(' ');
    }
    folded
}

/// The words of a text, one by one.
pub fn tokens(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut length = 0;
    let mut end = |word: &mut String, length: &mut usize| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
        *length = 0;
    };
    for c in text.nfkc() {
        if stands_alone(c) {
            end(&mut word, &mut length);
            word.push(c);
            end(&mut word, &mut length);
        } else if c.is_alphanumeric() || (is_combining_mark(c) && !word.is_empty()) {
            if length < MAX_WORD {
                word.extend(c.to_lowercase());
            }
            length += 1;
        } else {
            end(&mut word, &mut length);
        }
    }
    end(&mut word, &mut length);
    words
}

/// The words of a pattern, each with its wildcards. A `*` by itself at either end says nothing and is left out.
pub(super) fn patterns(pattern: &Pattern) -> Vec<Pattern> {
    let mut words = vec![Pattern::default()];
    for piece in pattern.pieces() {
        let Piece::Text(text) = piece else {
            if let Some(word) = words.last_mut() {
                word.push(piece.clone());
            }
            continue;
        };
        for c in text.nfkc() {
            let alone = stands_alone(c);
            let is_empty = words.last().is_none_or(|word| word.pieces().is_empty());
            let belongs = c.is_alphanumeric() || (is_combining_mark(c) && !is_empty);
            if (alone || !belongs) && !is_empty {
                words.push(Pattern::default());
            }
            if belongs && let Some(word) = words.last_mut() {
                word.push_text(&c.to_lowercase().collect::<String>());
            }
            if alone {
                words.push(Pattern::default());
            }
        }
    }
    words.retain(|word| !word.pieces().is_empty());
    let says_nothing = |word: Option<&Pattern>| word.is_some_and(|word| *word.pieces() == [Piece::Many]);
    while says_nothing(words.last()) {
        words.pop();
    }
    while says_nothing(words.first()) {
        words.remove(0);
    }
    // Words are stored only so long.
    let cut = |word: Pattern| match word.as_text().map(tokens) {
        Some(tokens) => Pattern::exact(tokens.concat()),
        None => word,
    };
    words.into_iter().map(cut).collect()
}

/// Whether a character is a word by itself: Han, Hiragana and Katakana.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3134f}')
        && c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_what_a_reader_would_call_words() {
        let cases = [
            ("Jane O'Neill", " jane o neill "),
            ("jane@acme.com, +1-555-0123", " jane acme com 1 555 0123 "),
            ("  ÄRGER\u{a0}im Café ", " ärger im café "),
            ("Cafe\u{301}", " café "),
            ("ΣΑΣ", " σασ "),
            ("退款 please", " 退 款 please "),
            ("👍 …", ""),
        ];
        for (text, folded) in cases {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn patterns_are_words_with_wildcards() {
        let written = |text: &str| -> Vec<String> {
            let Ok(query) = super::super::parse(&format!("f:{text}")) else { panic!("{text}") };
            let super::super::Node::Leaf(leaf) = query.root else { panic!("{text}") };
            let super::super::Value::Term(pattern) = leaf.value else { panic!("{text}") };
            patterns(&pattern).iter().map(|word| word.like()).collect()
        };
        assert_eq!(written("*Lovelace"), ["%lovelace"]);
        assert_eq!(written("O'Ne?ll"), ["o", "ne_ll"]);
        assert_eq!(written("jane-*"), ["jane"]);
        assert_eq!(written("退款*"), ["退", "款"]);
        assert_eq!(written("Cafe\u{301}*"), ["café%"]);
        assert_eq!(written("a.b"), ["a", "b"]);
        assert_eq!(written("?-*"), ["_"]);
        assert_eq!(written(&"x".repeat(100)), ["x".repeat(MAX_WORD)]);
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(fold(&"x".repeat(100_000)).len(), MAX_WORD + 2);
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in ".{0,80}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
