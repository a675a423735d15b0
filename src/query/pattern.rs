//! Words with wildcards.

use crate::db::functions;

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These characters.
    Text(String),
    /// `?`: any one character.
    One,
    /// `*`: any characters, or none.
    Many,
}

/// A word, with or without wildcards. Neighbouring pieces of text are one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

impl Pattern {
    /// A pattern without wildcards.
    pub fn exact(text: impl Into<String>) -> Self {
        let mut pattern = Self::default();
        pattern.push_text(&text.into());
        pattern
    }

    pub(super) fn push(&mut self, piece: Piece) {
        match (piece, self.0.last_mut()) {
            (Piece::Text(text), Some(Piece::Text(last))) => last.push_str(&text),
            // Two are one.
            (Piece::Many, Some(Piece::Many)) => {}
            (piece, _) => self.0.push(piece),
        }
    }

    pub(super) fn push_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.push(Piece::Text(text.to_owned()));
        }
    }

    /// The parts.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The text, if there are no wildcards.
    pub fn as_text(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The pattern with its text changed, piece by piece.
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        let mut changed = Self::default();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => changed.push_text(&change(text)),
                wildcard => changed.push(wildcard.clone()),
            }
        }
        changed
    }

    /// The pattern for `LIKE … ESCAPE '\'`.
    pub fn like(&self) -> String {
        let mut like = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Many => like.push('%'),
                Piece::One => like.push('_'),
                Piece::Text(text) => {
                    for c in text.chars() {
                        if matches!(c, '%' | '_' | '\\') {
                            like.push('\\');
                        }
                        like.push(c);
                    }
                }
            }
        }
        like
    }

    /// Whether all of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        functions::like(text, &self.like())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        let mut pattern = Pattern::default();
        for c in text.chars() {
            match c {
                '*' => pattern.push(Piece::Many),
                '?' => pattern.push(Piece::One),
                c => pattern.push_text(&c.to_string()),
            }
        }
        pattern
    }

    #[test]
    fn wildcards_match_whole_texts() {
        for (of, text, expected) in [
            ("*sms", "twilio.sms", true),
            ("*sms", "sms", true),
            ("*sms", "sms.twilio", false),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXbX", false),
            ("?", "ß", true),
            ("?", "", false),
            ("**", "", true),
            ("a?c*", "abc", true),
        ] {
            assert_eq!(pattern(of).matches(text), expected, "{of} {text}");
        }
    }

    #[test]
    fn what_like_takes_for_wildcards_is_escaped() {
        assert_eq!(pattern(r"*50%_\?").like(), r"%50\%\_\\_");
    }

    #[test]
    fn many_stars_take_no_time() {
        assert!(!pattern(&"*a".repeat(16)).matches(&"a".repeat(15)));
        assert!(!pattern(&format!("{}b", "*a".repeat(16))).matches(&"a".repeat(20_000)));
    }
}
