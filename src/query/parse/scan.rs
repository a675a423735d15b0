//! Characters, words, phrases and ranges: what clauses are made of.

use super::{MAX_WILDCARDS, Parser, Result};
use crate::query::error::{QueryError, shown};
use crate::query::pattern::{Pattern, Piece};
use crate::query::tree::{At, Bound, Path, Value};

/// A word as it was written: each character, and whether a `\` made it stand for itself.
pub(super) struct Word {
    chars: Vec<(char, bool)>,
    pub(super) at: usize,
}

impl Word {
    /// Whether it is exactly this, and not by an escape.
    pub(super) fn is(&self, text: &str) -> bool {
        self.chars.iter().all(|(_, escaped)| !escaped) && self.chars.iter().map(|(c, _)| *c).eq(text.chars())
    }

    pub(super) fn is_operator(&self) -> bool {
        ["AND", "OR", "NOT"].iter().any(|operator| self.is(operator))
    }

    pub(super) fn text(&self) -> String {
        self.chars.iter().map(|(c, _)| *c).collect()
    }
}

impl Parser {
    pub(super) fn quoted_or_range(&mut self) -> Result<Value> {
        match self.peek() {
            Some('"') => {
                let text = self.phrase()?;
                self.refuse_scores()?;
                Ok(Value::Phrase(text))
            }
            Some('[' | '{') => self.range(),
            _ => self.comparison(),
        }
    }

    pub(super) fn phrase(&mut self) -> Result<String> {
        let opened = self.column();
        self.next += 1;
        let mut text = String::new();
        while let Some(c) = self.take() {
            match c {
                '"' => return Ok(text),
                '\\' => text.extend(self.take()),
                c => text.push(c),
            }
        }
        Err(QueryError::new(opened, "expected another '\"' that ends the phrase"))
    }

    pub(super) fn comparison(&mut self) -> Result<Value> {
        let is_low = self.take() == Some('>');
        let is_included = self.peek() == Some('=');
        if is_included {
            self.next += 1;
        }
        self.skip_space();
        let bound = self.end_of_range(is_included)?;
        match bound {
            None => Err(self.error("expected a value to compare with")),
            Some(bound) if is_low => Ok(Value::Range(Some(bound), None)),
            Some(bound) => Ok(Value::Range(None, Some(bound))),
        }
    }

    pub(super) fn range(&mut self) -> Result<Value> {
        let includes_low = self.take() == Some('[');
        self.skip_space();
        let low = self.end_of_range(includes_low)?;
        self.skip_space();
        let to: String = self.chars.iter().skip(self.next).take(2).collect();
        if to != "TO" {
            return Err(self.error("expected TO, as in [1 TO 5]"));
        }
        self.next += 2;
        self.skip_space();
        let mut high = self.end_of_range(false)?;
        self.skip_space();
        let includes_high = match self.peek() {
            Some(']') => true,
            Some('}') => false,
            _ => return Err(self.error("expected ']' or '}' that ends the range")),
        };
        self.next += 1;
        self.refuse_scores()?;
        if let Some(high) = &mut high {
            high.is_included = includes_high;
        }
        Ok(if low.is_none() && high.is_none() { Value::Present } else { Value::Range(low, high) })
    }

    /// An end of a range; `None` for `*`.
    pub(super) fn end_of_range(&mut self, is_included: bool) -> Result<Option<Bound>> {
        let at = self.column();
        if self.peek() == Some('"') {
            let text = self.phrase()?;
            return Ok(Some(Bound { text, is_included, at: At(at) }));
        }
        let word = self.scan(|c| matches!(c, ']' | '}' | '[' | '{' | '"' | '(' | ')'))?;
        if word.is("*") {
            return Ok(None);
        }
        if word.chars.is_empty() || word.is("TO") {
            return Err(QueryError::new(at, "expected an end of the range: a value, or * for an open end"));
        }
        if word.chars.iter().any(|(c, escaped)| matches!(c, '*' | '?') && !escaped) {
            return Err(QueryError::new(at, "an end of a range has no wildcards"));
        }
        Ok(Some(Bound { text: word.text(), is_included, at: At(at) }))
    }

    /// A word, up to where something else begins. Right after a field's name, a colon is part of the word.
    pub(super) fn word(&mut self, after_field: bool) -> Result<Word> {
        let at = self.column();
        if self.peek() == Some('/') {
            let message = "regular expressions (/…/) are not supported; write \\/ for a slash";
            return Err(QueryError::new(at, message));
        }
        let word = self
            .scan(|c| matches!(c, '(' | ')' | '"' | '[' | ']' | '{' | '}' | '^' | '~') || (c == ':' && !after_field))?;
        self.refuse_scores()?;
        match word.chars.first() {
            Some(_) => Ok(word),
            None => Err(match self.peek() {
                None => self.error("expected a word, found the end"),
                Some(':') => self.error("expected a field's name before ':'"),
                Some(')') => self.error("unexpected ')'"),
                Some(c) => self.error(format!("unexpected '{c}'; write \\{c} for the character itself")),
            }),
        }
    }

    pub(super) fn scan(&mut self, ends: impl Fn(char) -> bool) -> Result<Word> {
        let at = self.column();
        let mut chars = Vec::new();
        while let Some(c) = self.peek() {
            let doubled = matches!(c, '&' | '|') && self.chars.get(self.next + 1) == Some(&c);
            if c.is_whitespace() || ends(c) || doubled {
                break;
            }
            self.next += 1;
            if c != '\\' {
                chars.push((c, false));
            } else if let Some(c) = self.take() {
                chars.push((c, true));
            } else {
                return Err(QueryError::new(self.next, "expected a character after '\\'"));
            }
        }
        Ok(Word { chars, at })
    }

    pub(super) fn term(&mut self, word: &Word, of_field: bool) -> Result<Value> {
        if of_field && word.is("null") {
            return Ok(Value::Null);
        }
        let mut pattern = Pattern::default();
        for (index, (c, escaped)) in word.chars.iter().enumerate() {
            match (c, escaped) {
                ('*', false) => pattern.push(Piece::Many),
                ('?', false) => pattern.push(Piece::One),
                (c, _) => pattern.push(Piece::Text(c.to_string())),
            }
            if matches!(c, '*' | '?') && !escaped && word.chars.len() > 1 {
                self.wildcards += 1;
                if self.wildcards > MAX_WILDCARDS {
                    let message = format!("a query has at most {MAX_WILDCARDS} wildcards");
                    return Err(QueryError::new(word.at + index, message));
                }
            }
        }
        Ok(if pattern.pieces() == [Piece::Many] { Value::Present } else { Value::Term(pattern) })
    }

    /// What Lucene has for scores, and what would have to look at every word.
    pub(super) fn refuse_scores(&mut self) -> Result<()> {
        match self.peek() {
            Some('~') => {
                Err(self.error("fuzzy and proximity searches (~) are not supported; write \\~ for the character"))
            }
            Some('^') => Err(self.error("boosts (^) are not supported; write \\^ for the character")),
            _ => Ok(()),
        }
    }

    pub(super) fn sees_operator(&self, word: &str, sign: &str) -> bool {
        let starts_with = |text: &str| {
            self.chars
                .get(self.next..)
                .is_some_and(|rest| rest.len() >= text.chars().count() && text.chars().zip(rest).all(|(a, b)| a == *b))
        };
        if sign != word && starts_with(sign) {
            return true;
        }
        let after = self.chars.get(self.next + word.len());
        let ends = after.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '[' | '{'));
        starts_with(word) && ends
    }

    pub(super) fn take_operator(&mut self, word: &str, sign: &str) -> bool {
        self.skip_space();
        let sees = self.sees_operator(word, sign);
        if sees {
            let is_word = self.peek().is_some_and(char::is_alphabetic);
            self.next += if is_word { word.len() } else { sign.len() };
            self.skip_space();
        }
        sees
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.next).copied()
    }

    pub(super) fn take(&mut self) -> Option<char> {
        let c = self.peek();
        self.next += usize::from(c.is_some());
        c
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next += 1;
        }
    }

    pub(super) fn column(&self) -> usize {
        self.next + 1
    }

    pub(super) fn error(&self, message: impl Into<String>) -> QueryError {
        QueryError::new(self.column(), message)
    }
}

/// A field's name, taken apart at its dots.
pub(super) fn path(word: &Word) -> Result<Path> {
    let mut parts = vec![String::new()];
    for (index, (c, escaped)) in word.chars.iter().enumerate() {
        match (c, escaped) {
            ('.', false) => parts.push(String::new()),
            ('*' | '?', false) => return Err(QueryError::new(word.at + index, "a field's name has no wildcards")),
            (c, _) => {
                if let Some(part) = parts.last_mut() {
                    part.push(*c);
                }
            }
        }
    }
    if parts.iter().any(String::is_empty) {
        return Err(QueryError::new(word.at, format!("'{}' is no name of a field", shown(&word.text()))));
    }
    Ok(Path(parts))
}
