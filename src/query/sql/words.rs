//! Words that must stand side by side.

use super::{Compiler, Dialect};
use crate::query::pattern::{Pattern, Piece};

impl Compiler {
    /// Words side by side. Where wildcards stand at the outer ends alone, it is enough to look for what is between them.
    pub(in crate::query) fn words(&mut self, value: &str, words: &[Pattern]) {
        let needle = needle(words);
        match (needle, self.dialect) {
            (Some(needle), dialect) => {
                let function = if dialect == Dialect::Sqlite { "instr" } else { "strpos" };
                self.push(&format!("{function}({value}, "));
                self.text(needle);
                self.push(") > 0");
            }
            (None, Dialect::Sqlite) => {
                self.push(&format!("dotdesk_words({value}, "));
                self.text(spelled(words));
                self.push(")");
            }
            (None, Dialect::Postgres) => {
                self.push(&format!("{value} ~ "));
                self.text(regex(words));
            }
        }
    }
}

/// What folded words must contain, if no wildcard is inside.
pub(in crate::query) fn needle(words: &[Pattern]) -> Option<String> {
    let mut needle = String::new();
    let last = words.len().checked_sub(1)?;
    for (index, word) in words.iter().enumerate() {
        let mut pieces = word.pieces();
        let open_start = index == 0 && pieces.first() == Some(&Piece::Many);
        if open_start {
            pieces = pieces.get(1..)?;
        } else {
            needle.push(' ');
        }
        let open_end = index == last && pieces.last() == Some(&Piece::Many);
        if open_end {
            pieces = pieces.get(..pieces.len() - 1)?;
        }
        match pieces {
            [Piece::Text(text)] => needle.push_str(text),
            _ => return None,
        }
        if index == last && !open_end {
            needle.push(' ');
        }
    }
    Some(needle)
}

/// The words as [`crate::db::functions::has_words`] takes them.
pub(in crate::query) fn spelled(words: &[Pattern]) -> String {
    let word = |word: &Pattern| -> String {
        let pieces = word.pieces().iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::One => "?",
            Piece::Many => "*",
        });
        pieces.collect()
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn regex(words: &[Pattern]) -> String {
    let mut regex = String::from(" ");
    for word in words {
        for piece in word.pieces() {
            match piece {
                // Letters, digits and marks: nothing that would have to be escaped.
                Piece::Text(text) => regex.push_str(text),
                Piece::One => regex.push_str("[^ ]"),
                Piece::Many => regex.push_str("[^ ]*"),
            }
        }
        regex.push(' ');
    }
    regex
}
