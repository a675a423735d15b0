//! Reads a query: Lucene's syntax, without what only matters for scores.
//!
//! ```text
//! any      := side (("OR" | "||") side)*
//! side     := all+                                   clauses side by side: any of them; + is required, - and NOT exclude
//! all      := signed (("AND" | "&&") signed)*
//! signed   := ("NOT" | "!" | "+" | "-")? clause
//! clause   := field ":" value | field ":" "(" any ")" | "(" any ")" | value
//! value    := term | "phrase" | "[" | "{" end "TO" end "]" | "}" | (">" | ">=" | "<" | "<=") end
//! ```
//!
//! NOT binds tighter than AND, and AND tighter than OR. `+` and `-` mean something only among clauses side by side; where an
//! operator stands between clauses, `+a` is `a` and `-a` is `NOT a`.

use super::error::{QueryError, shown};
use super::pattern::{Pattern, Piece};
use super::tree::{At, Bound, Leaf, Node, Path, Query, Value};

/// The most characters of a query.
pub const MAX_CHARS: usize = 2000;
/// The most clauses of a query.
pub const MAX_CLAUSES: usize = 64;
/// The most levels of brackets in a query.
pub const MAX_DEPTH: usize = 10;
/// The most wildcards in a query.
pub const MAX_WILDCARDS: usize = 16;

type Result<T> = std::result::Result<T, QueryError>;

/// Reads a query. Nothing but white space matches everything.
pub fn parse(text: &str) -> Result<Query> {
    let mut parser = Parser { chars: text.chars().collect(), ..Parser::default() };
    if parser.chars.len() > MAX_CHARS {
        return Err(QueryError::new(MAX_CHARS + 1, format!("a query has at most {MAX_CHARS} characters")));
    }
    parser.skip_space();
    let root = match parser.peek() {
        None => Node::Everything,
        Some(_) => parser.any(None)?,
    };
    match parser.peek() {
        None => Ok(Query { root, idle: parser.idle }),
        Some(c) => Err(parser.error(format!("unexpected '{c}'"))),
    }
}

#[derive(Default)]
struct Parser {
    chars: Vec<char>,
    next: usize,
    depth: usize,
    clauses: usize,
    wildcards: usize,
    idle: Vec<Node>,
}

/// What stands before a clause.
#[derive(Clone, Copy, PartialEq)]
enum Sign {
    None,
    Required,
    Excluded,
}

/// A word as it was written: each character, and whether a `\` made it stand for itself.
struct Word {
    chars: Vec<(char, bool)>,
    at: usize,
}

impl Word {
    /// Whether it is exactly this, and not by an escape.
    fn is(&self, text: &str) -> bool {
        self.chars.iter().all(|(_, escaped)| !escaped) && self.chars.iter().map(|(c, _)| *c).eq(text.chars())
    }

    fn is_operator(&self) -> bool {
        ["AND", "OR", "NOT"].iter().any(|operator| self.is(operator))
    }

    fn text(&self) -> String {
        self.chars.iter().map(|(c, _)| *c).collect()
    }
}

impl Parser {
    fn any(&mut self, field: Option<&Path>) -> Result<Node> {
        let mut sides = vec![self.side(field)?];
        while self.take_operator("OR", "||") {
            sides.push(self.side(field)?);
        }
        Ok(any_of(sides))
    }

    /// Clauses side by side.
    fn side(&mut self, field: Option<&Path>) -> Result<Node> {
        let mut clauses = Vec::new();
        loop {
            clauses.push(self.all(field)?);
            match self.peek() {
                None | Some(')') => break,
                Some(_) if self.sees_operator("OR", "||") => break,
                Some(_) => {}
            }
        }
        if let [_] = &clauses[..] {
            return Ok(all_of(clauses.into_iter().map(|(sign, node)| signed(sign, node)).collect()));
        }
        let (mut required, mut wanted, mut excluded) = (Vec::new(), Vec::new(), Vec::new());
        for (sign, node) in clauses {
            match sign {
                Sign::Required => required.push(node),
                Sign::None => wanted.push(node),
                Sign::Excluded => excluded.push(not(node)),
            }
        }
        if required.is_empty() && !wanted.is_empty() {
            required.push(any_of(wanted));
        } else {
            // They would only add to a score.
            self.idle.append(&mut wanted);
        }
        required.append(&mut excluded);
        Ok(all_of(required))
    }

    fn all(&mut self, field: Option<&Path>) -> Result<(Sign, Node)> {
        let first = self.signed(field)?;
        if !self.sees_operator("AND", "&&") {
            return Ok(first);
        }
        let mut nodes = vec![signed(first.0, first.1)];
        while self.take_operator("AND", "&&") {
            let (sign, node) = self.signed(field)?;
            nodes.push(signed(sign, node));
        }
        Ok((Sign::None, all_of(nodes)))
    }

    fn signed(&mut self, field: Option<&Path>) -> Result<(Sign, Node)> {
        self.skip_space();
        let sign = match self.peek() {
            Some('+') => Sign::Required,
            Some('-' | '!') => Sign::Excluded,
            Some(_) if self.take_operator("NOT", "NOT") => return Ok((Sign::Excluded, self.clause(field)?)),
            _ => return Ok((Sign::None, self.clause(field)?)),
        };
        let c = self.chars[self.next];
        self.next += 1;
        if matches!(self.peek(), None | Some(' ' | '\t' | '\r' | '\n')) && c != '!' {
            let message = format!("expected a clause right after '{c}'; for the character itself write \\{c}");
            return Err(QueryError::new(self.next, message));
        }
        Ok((sign, self.clause(field)?))
    }

    fn clause(&mut self, field: Option<&Path>) -> Result<Node> {
        self.skip_space();
        let at = self.column();
        match self.peek() {
            None => Err(self.error("expected a clause, found the end")),
            Some('(') => self.brackets(field),
            Some(c @ ('+' | '-' | '!')) => Err(self.error(format!("expected a clause, found '{c}'"))),
            Some('[' | '{' | '<' | '>') if field.is_none() => {
                Err(self.error("a range needs a field before it, as in created_at:[2024-01-01 TO now]"))
            }
            Some('"' | '[' | '{' | '<' | '>') => {
                let value = self.quoted_or_range()?;
                self.leaf(field.cloned(), value, at, at)
            }
            Some(_) => {
                let word = self.word(false)?;
                if self.peek() == Some(':') {
                    return self.after_field(word);
                }
                if word.is_operator() {
                    return Err(QueryError::new(
                        at,
                        format!("expected a clause before {}; put the word in quotes to look for it", word.text()),
                    ));
                }
                let value = self.term(&word, field.is_some())?;
                if value == Value::Present && field.is_none() {
                    self.skip_space();
                    return Ok(Node::Everything);
                }
                self.leaf(field.cloned(), value, at, at)
            }
        }
    }

    fn brackets(&mut self, field: Option<&Path>) -> Result<Node> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(format!("brackets are at most {MAX_DEPTH} levels deep")));
        }
        let opened = self.column();
        self.next += 1;
        self.depth += 1;
        let node = self.any(field)?;
        if self.peek() != Some(')') {
            return Err(self.error(format!("expected ')' for the '(' at column {opened}")));
        }
        self.next += 1;
        self.depth -= 1;
        self.refuse_scores()?;
        self.skip_space();
        Ok(node)
    }

    /// What follows a field's name, from the colon on.
    fn after_field(&mut self, name: Word) -> Result<Node> {
        let colon = self.column();
        self.next += 1;
        if name.is("*") && self.peek() == Some('*') {
            self.next += 1;
            self.skip_space();
            return Ok(Node::Everything);
        }
        if name.is("_exists_") {
            self.skip_space();
            let value_at = self.column();
            let named = self.word(true)?;
            let path = path(&named)?;
            return self.leaf(Some(path), Value::Present, value_at, value_at);
        }
        let field = path(&name)?;
        self.skip_space();
        let at = self.column();
        let value = match self.peek() {
            None => return Err(QueryError::new(colon, format!("expected a value after '{}:'", shown(&name.text())))),
            Some('(') => return self.brackets(Some(&field)),
            Some('"' | '[' | '{' | '<' | '>') => self.quoted_or_range()?,
            Some(_) => {
                let word = self.word(true)?;
                if word.is_operator() {
                    let message =
                        format!("expected a value before {}; put the word in quotes to look for it", word.text());
                    return Err(QueryError::new(at, message));
                }
                self.term(&word, true)?
            }
        };
        self.leaf(Some(field), value, name.at, at)
    }

    fn leaf(&mut self, field: Option<Path>, value: Value, at: usize, value_at: usize) -> Result<Node> {
        self.clauses += 1;
        if self.clauses > MAX_CLAUSES {
            return Err(QueryError::new(at, format!("a query has at most {MAX_CLAUSES} clauses")));
        }
        self.skip_space();
        Ok(Node::Leaf(Leaf { field, value, at: At(at), value_at: At(value_at) }))
    }

    fn quoted_or_range(&mut self) -> Result<Value> {
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

    fn phrase(&mut self) -> Result<String> {
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

    fn comparison(&mut self) -> Result<Value> {
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

    fn range(&mut self) -> Result<Value> {
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
    fn end_of_range(&mut self, is_included: bool) -> Result<Option<Bound>> {
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
    fn word(&mut self, after_field: bool) -> Result<Word> {
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

    fn scan(&mut self, ends: impl Fn(char) -> bool) -> Result<Word> {
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

    fn term(&mut self, word: &Word, of_field: bool) -> Result<Value> {
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
    fn refuse_scores(&mut self) -> Result<()> {
        match self.peek() {
            Some('~') => {
                Err(self.error("fuzzy and proximity searches (~) are not supported; write \\~ for the character"))
            }
            Some('^') => Err(self.error("boosts (^) are not supported; write \\^ for the character")),
            _ => Ok(()),
        }
    }

    fn sees_operator(&self, word: &str, sign: &str) -> bool {
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

    fn take_operator(&mut self, word: &str, sign: &str) -> bool {
        self.skip_space();
        let sees = self.sees_operator(word, sign);
        if sees {
            let is_word = self.peek().is_some_and(char::is_alphabetic);
            self.next += if is_word { word.len() } else { sign.len() };
            self.skip_space();
        }
        sees
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.next).copied()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek();
        self.next += usize::from(c.is_some());
        c
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next += 1;
        }
    }

    fn column(&self) -> usize {
        self.next + 1
    }

    fn error(&self, message: impl Into<String>) -> QueryError {
        QueryError::new(self.column(), message)
    }
}

/// A field's name, taken apart at its dots.
fn path(word: &Word) -> Result<Path> {
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

fn signed(sign: Sign, node: Node) -> Node {
    if sign == Sign::Excluded { not(node) } else { node }
}

fn not(node: Node) -> Node {
    match node {
        Node::Not(inner) => *inner,
        node => Node::Not(Box::new(node)),
    }
}

fn all_of(nodes: Vec<Node>) -> Node {
    let flat = nodes.into_iter().flat_map(|node| match node {
        Node::All(nodes) => nodes,
        node => vec![node],
    });
    one_or(flat.collect(), Node::All)
}

fn any_of(nodes: Vec<Node>) -> Node {
    let flat = nodes.into_iter().flat_map(|node| match node {
        Node::Any(nodes) => nodes,
        node => vec![node],
    });
    one_or(flat.collect(), Node::Any)
}

fn one_or(mut nodes: Vec<Node>, make: fn(Vec<Node>) -> Node) -> Node {
    match nodes.len() {
        1 => nodes.remove(0),
        _ => make(nodes),
    }
}

#[cfg(test)]
mod tests;
