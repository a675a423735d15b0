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
use super::tree::{At, Leaf, Node, Path, Query, Value};

mod scan;

use scan::{Word, path};

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
