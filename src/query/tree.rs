//! What a query says, before any field is looked up; and how it is written in its normal form.

use std::fmt::{self, Write};

use super::parse::MAX_DEPTH;
use super::pattern::{Pattern, Piece};

/// A query as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What must hold.
    pub root: Node,
    /// Clauses that decide nothing, as `b` in `+a b`; they must be right all the same.
    pub idle: Vec<Node>,
}

/// What must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Everything matches: `*:*`, or a query with nothing in it.
    Everything,
    /// All of these.
    All(Vec<Node>),
    /// Any of these.
    Any(Vec<Node>),
    /// Not this.
    Not(Box<Node>),
    /// One clause.
    Leaf(Leaf),
}

/// One clause: a field and what it must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// The field; the default fields if there is none.
    pub field: Option<Path>,
    /// What it must be.
    pub value: Value,
    /// Where the field is named, or the value where none is.
    pub at: At,
    /// Where the value is.
    pub value_at: At,
}

/// The name of a field, part by part: `metadata.source.id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(pub Vec<String>);

impl Path {
    /// The name as a table of fields has it.
    pub fn name(&self) -> String {
        self.0.join(".")
    }
}

/// What a field must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Anything at all: `field:*`, `_exists_:field`.
    Present,
    /// Nothing: `field:null`.
    Null,
    /// A word, with or without wildcards.
    Term(Pattern),
    /// What stood in quotes.
    Phrase(String),
    /// A range; `None` where an end is open.
    Range(Option<Bound>, Option<Bound>),
}

/// An end of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// What it says.
    pub text: String,
    /// Whether the end itself belongs to the range.
    pub is_included: bool,
    /// Where it is.
    pub at: At,
}

/// A place in the query, in characters from 1. Queries that differ only in it are equal.
#[derive(Clone, Copy, Debug)]
pub struct At(pub usize);

impl PartialEq for At {
    fn eq(&self, _: &At) -> bool {
        true
    }
}

/// How tightly what surrounds a node holds it.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Around {
    Nothing,
    Any,
    All,
    Not,
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side_by_side = if levels(self, Around::Nothing) > MAX_DEPTH { side_by_side } else { |_: &Node| None };
        write(f, self, Around::Nothing, None, side_by_side)
    }
}

/// How deep the brackets are when everything is written with operators.
fn levels(node: &Node, around: Around) -> usize {
    match node {
        Node::Everything | Node::Leaf(_) => 0,
        Node::Not(inner) => levels(inner, Around::Not),
        Node::All(nodes) | Node::Any(nodes) => {
            let own = if matches!(node, Node::All(_)) { Around::All } else { Around::Any };
            let most = nodes.iter().map(|node| levels(node, own)).max().unwrap_or(0);
            most + usize::from(around > own)
        }
    }
}

/// What tells whether a node is written side by side.
type SideBySide = fn(&Node) -> Option<(&[Node], Vec<&Node>)>;

fn write(
    f: &mut fmt::Formatter<'_>,
    node: &Node,
    around: Around,
    within: Option<&Path>,
    side_by_side: SideBySide,
) -> fmt::Result {
    match node {
        Node::Everything => f.write_str("*:*"),
        Node::Leaf(leaf) => write_leaf(f, leaf, within),
        Node::Not(inner) => {
            f.write_str("NOT ")?;
            write(f, inner, Around::Not, within, side_by_side)
        }
        Node::All(nodes) | Node::Any(nodes) => {
            let is_all = matches!(node, Node::All(_));
            let (own, operator) = if is_all { (Around::All, " AND ") } else { (Around::Any, " OR ") };
            let in_brackets = around > own;
            // Clauses about one field share it where they need brackets anyway.
            let shared = if in_brackets && within.is_none() { one_field(node) } else { None };
            if let Some(path) = shared {
                write!(f, "{path}:")?;
            }
            if in_brackets {
                f.write_char('(')?;
            }
            let within = within.or(shared);
            match side_by_side(node) {
                Some((wanted, excluded)) => {
                    for (index, node) in wanted.iter().enumerate() {
                        if index > 0 {
                            f.write_char(' ')?;
                        }
                        let hold = if side_by_side(node).is_some() { Around::Not } else { Around::Any };
                        write(f, node, hold, within, side_by_side)?;
                    }
                    for node in excluded {
                        f.write_str(" -")?;
                        write(f, node, Around::Not, within, side_by_side)?;
                    }
                }
                None => {
                    for (index, node) in nodes.iter().enumerate() {
                        if index > 0 {
                            f.write_str(operator)?;
                        }
                        write(f, node, own, within, side_by_side)?;
                    }
                }
            }
            if in_brackets {
                f.write_char(')')?;
            }
            Ok(())
        }
    }
}

/// Any of some and none of others, which can be written `a b -c`, without brackets: so the normal form is never too deep.
fn side_by_side(node: &Node) -> Option<(&[Node], Vec<&Node>)> {
    let Node::All(nodes) = node else { return None };
    let [Node::Any(wanted), rest @ ..] = &nodes[..] else { return None };
    // Side by side, a NOT would exclude.
    if wanted.iter().any(|node| matches!(node, Node::Not(_))) {
        return None;
    }
    let excluded: Option<Vec<&Node>> = rest
        .iter()
        .map(|node| match node {
            Node::Not(inner) if !matches!(**inner, Node::Not(_)) => Some(&**inner),
            _ => None,
        })
        .collect();
    excluded.filter(|excluded| !excluded.is_empty()).map(|excluded| (&wanted[..], excluded))
}

/// The one field that all clauses name, where several do.
fn one_field(node: &Node) -> Option<&Path> {
    match node {
        Node::Everything => None,
        Node::Not(inner) => one_field(inner),
        Node::Leaf(leaf) => leaf.field.as_ref().filter(|_| leaf.value != Value::Present),
        Node::All(nodes) | Node::Any(nodes) => {
            let mut fields = nodes.iter().map(one_field);
            let first = fields.next()??;
            fields.all(|field| field == Some(first)).then_some(first)
        }
    }
}

fn write_leaf(f: &mut fmt::Formatter<'_>, leaf: &Leaf, within: Option<&Path>) -> fmt::Result {
    if leaf.value == Value::Present
        && let Some(path) = &leaf.field
    {
        return write!(f, "_exists_:{path}");
    }
    if let Some(path) = &leaf.field
        && within.is_none()
    {
        write!(f, "{path}:")?;
    }
    match &leaf.value {
        Value::Present => f.write_char('*'),
        Value::Null => f.write_str("null"),
        Value::Term(pattern) => write_pattern(f, pattern, leaf.field.is_some() && within.is_none()),
        Value::Phrase(text) => write_phrase(f, text),
        Value::Range(Some(low), None) => {
            f.write_str(if low.is_included { ">=" } else { ">" })?;
            write_bound(f, Some(low))
        }
        Value::Range(None, Some(high)) => {
            f.write_str(if high.is_included { "<=" } else { "<" })?;
            write_bound(f, Some(high))
        }
        Value::Range(low, high) => {
            f.write_char(if low.as_ref().is_none_or(|low| low.is_included) { '[' } else { '{' })?;
            write_bound(f, low.as_ref())?;
            f.write_str(" TO ")?;
            write_bound(f, high.as_ref())?;
            f.write_char(if high.as_ref().is_none_or(|high| high.is_included) { ']' } else { '}' })
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_char('.')?;
            }
            // A name that reads as an operator is none.
            if index == 0 && self.0.len() == 1 && matches!(part.as_str(), "AND" | "OR" | "NOT") {
                f.write_char('\\')?;
            }
            for c in part.chars() {
                if !(c.is_alphanumeric() || matches!(c, '_' | '-')) || (c == '-' && index == 0) {
                    f.write_char('\\')?;
                }
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Right after a field's name a colon is a colon; elsewhere it would make a field's name of what stands before it.
fn write_pattern(f: &mut fmt::Formatter<'_>, pattern: &Pattern, after_field: bool) -> fmt::Result {
    if let [Piece::Text(word)] = pattern.pieces()
        && matches!(word.as_str(), "AND" | "OR" | "NOT" | "null")
    {
        f.write_char('\\')?;
    }
    let mut is_first = true;
    for piece in pattern.pieces() {
        match piece {
            Piece::Many => f.write_char('*')?,
            Piece::One => f.write_char('?')?,
            Piece::Text(text) => {
                for c in text.chars() {
                    let is_plain = c.is_alphanumeric()
                        || matches!(c, '_' | '.' | '@' | ',')
                        || (!is_first && (matches!(c, '-' | '+' | '/') || (c == ':' && after_field)));
                    if !is_plain {
                        f.write_char('\\')?;
                    }
                    f.write_char(c)?;
                    is_first = false;
                }
            }
        }
        is_first = false;
    }
    Ok(())
}

fn write_phrase(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}

fn write_bound(f: &mut fmt::Formatter<'_>, bound: Option<&Bound>) -> fmt::Result {
    let Some(bound) = bound else { return f.write_char('*') };
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+' | ':' | '/');
    let reads_as_itself = !bound.text.is_empty()
        && !matches!(bound.text.as_str(), "AND" | "OR" | "NOT" | "TO")
        && bound.text.chars().all(is_plain)
        && !bound.text.starts_with('/');
    if reads_as_itself { f.write_str(&bound.text) } else { write_phrase(f, &bound.text) }
}
