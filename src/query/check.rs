//! Checks what was read against the fields of an object: names, types, words. What comes out needs no further questions.

use super::asker::Asker;
use super::error::{QueryError, shown};
use super::instant::{self, Interval};
use super::parse::parse;
use super::pattern::Pattern;
use super::table::{Field, Kept, Kind, StandsFor, Table};
use super::tree::{Bound, Leaf, Node, Query, Value};
use super::words;
use crate::db::functions::OpenTest;
use crate::db::{Id, Timestamp};
use crate::method::suggest;

type Result<T> = std::result::Result<T, QueryError>;

/// A query that fits the fields of an object.
#[derive(Clone, Debug)]
pub struct Checked {
    pub(super) test: Test,
    pub(super) sql: &'static str,
    pub(super) space: Id,
    fields: Vec<String>,
    normal: String,
}

/// What must hold.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Always,
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Is(Is),
}

/// What a field must be.
#[derive(Clone, Debug)]
pub(super) struct Is {
    pub field: &'static Field,
    /// Where in an open field.
    pub path: Vec<String>,
    pub must: Must,
}

/// What a value must be. None of it holds of a value that is not there.
#[derive(Clone, Debug)]
pub(super) enum Must {
    /// There.
    BePresent,
    /// Like this, folded.
    BeLike(Pattern),
    /// One of these.
    BeOneOf(Vec<Id>),
    /// A team of this user in this organization.
    BeATeamOf(Id, Id),
    /// Have these words side by side.
    HaveWords(Vec<Pattern>),
    /// In this range; the flags say whether an end belongs to it.
    BeBetween(Option<(f64, bool)>, Option<(f64, bool)>),
    /// From an instant on, and before another, in milliseconds.
    BeDuring(Option<i64>, Option<i64>),
    /// This.
    Be(bool),
    /// What passes a test.
    Pass(OpenTest),
}

impl Table {
    /// Reads a query and checks it.
    pub fn check(&'static self, text: &str, asker: &Asker) -> Result<Checked> {
        self.check_read(&parse(text)?, asker)
    }

    /// Checks a query that was read.
    pub fn check_read(&'static self, query: &Query, asker: &Asker) -> Result<Checked> {
        let checker = Checker { table: self, asker };
        for node in &query.idle {
            checker.node(node)?;
        }
        let test = checker.node(&query.root)?;
        let mut fields = Vec::new();
        query.idle.iter().chain([&query.root]).for_each(|node| collect(node, &mut fields));
        Ok(Checked { test, sql: self.sql, space: asker.space, fields, normal: query.to_string() })
    }
}

impl Checked {
    /// The names of the fields that the query names, in order, each once.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// The query in its normal form.
    pub fn normal(&self) -> &str {
        &self.normal
    }
}

fn collect(node: &Node, fields: &mut Vec<String>) {
    match node {
        Node::Everything => {}
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| collect(node, fields)),
        Node::Not(node) => collect(node, fields),
        Node::Leaf(leaf) => {
            if let Some(name) = leaf.field.as_ref().map(|path| path.name())
                && !fields.contains(&name)
            {
                fields.push(name);
            }
        }
    }
}

struct Checker<'a> {
    table: &'static Table,
    asker: &'a Asker,
}

impl Checker<'_> {
    fn node(&self, node: &Node) -> Result<Test> {
        Ok(match node {
            Node::Everything => Test::Always,
            Node::All(nodes) => Test::All(nodes.iter().map(|node| self.node(node)).collect::<Result<_>>()?),
            Node::Any(nodes) => Test::Any(nodes.iter().map(|node| self.node(node)).collect::<Result<_>>()?),
            Node::Not(node) => not(self.node(node)?),
            Node::Leaf(leaf) => self.leaf(leaf)?,
        })
    }

    fn leaf(&self, leaf: &Leaf) -> Result<Test> {
        match &leaf.field {
            None => self.anywhere(leaf),
            Some(path) => {
                let Some((field, rest)) = self.table.find(&path.0) else {
                    return Err(self.unknown(&path.0, leaf.at.0));
                };
                if let Some(scope) = field.needs
                    && !self.asker.scopes.has(scope)
                {
                    let message = format!("to ask for {} the scope {scope} is needed", field.name);
                    return Err(QueryError::new(leaf.at.0, message));
                }
                if field.kind == Kind::Open && rest.is_empty() {
                    let message = format!("expected a key of {0}, as in {0}.key:value", field.name);
                    return Err(QueryError::new(leaf.at.0, message));
                }
                self.field(field, rest, leaf)
            }
        }
    }

    /// A value without a field: looked for in the default fields that can hold it.
    fn anywhere(&self, leaf: &Leaf) -> Result<Test> {
        let fields = self.table.fields.iter().filter(|field| field.is_default);
        let fields = fields.filter(|field| field.needs.is_none_or(|scope| self.asker.scopes.has(scope)));
        let mut first_error = None;
        let mut tests = Vec::new();
        for field in fields {
            match self.field(field, &[], leaf) {
                Ok(test) => tests.push(test),
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        match (tests.is_empty(), first_error) {
            (false, _) => Ok(Test::Any(tests)),
            (true, Some(error)) => Err(error),
            (true, None) => {
                let message =
                    format!("expected a field, as in {}:value", self.table.fields.first().map_or("id", |f| f.name));
                Err(QueryError::new(leaf.at.0, message))
            }
        }
    }

    fn unknown(&self, path: &[String], column: usize) -> QueryError {
        let name = path.join(".");
        let mut near = suggest::nearest(&name, self.table.names());
        if near.is_empty()
            && let Some((first, rest)) = path.split_first()
        {
            let open = self.table.fields.iter().filter(|field| field.kind == Kind::Open).map(|field| field.name);
            let rest: String = rest.iter().map(|part| format!(".{part}")).collect();
            near = suggest::nearest(first, open).into_iter().map(|open| format!("{open}{rest}")).collect();
        }
        let message = format!("a {} has no field '{}'", self.table.object.replace('_', " "), shown(&name));
        QueryError::new(column, message).suggesting(near)
    }

    fn field(&self, field: &'static Field, path: &[String], leaf: &Leaf) -> Result<Test> {
        let is = |must| Test::Is(Is { field, path: path.to_vec(), must });
        let place = leaf.value_at.0;
        let must = match &leaf.value {
            Value::Present => Must::BePresent,
            Value::Null => return Ok(not(is(Must::BePresent))),
            Value::Term(pattern) => self.like(field, pattern, place)?,
            Value::Phrase(text) => self.like(field, &Pattern::exact(text), place)?,
            Value::Range(low, high) => self.range(field, low.as_ref(), high.as_ref(), place)?,
        };
        Ok(is(must))
    }

    fn like(&self, field: &'static Field, pattern: &Pattern, place: usize) -> Result<Must> {
        let exact = pattern.as_text();
        let expected = |what: &str| {
            let message = match exact {
                Some(text) => format!("{} takes {what}, not '{}'", field.name, shown(text)),
                None => format!("{} takes {what}, without wildcards", field.name),
            };
            QueryError::new(place, message)
        };
        match field.kind {
            Kind::Keyword | Kind::List => self.keyword(field, pattern, place),
            Kind::Text => {
                let words = words::patterns(pattern);
                if words.is_empty() {
                    let message =
                        format!("there is no word to look for in {}: words are of letters and digits", field.name);
                    return Err(QueryError::new(place, message));
                }
                Ok(Must::HaveWords(words))
            }
            Kind::Number => {
                let number = exact.and_then(number).ok_or_else(|| expected("a number"))?;
                Ok(Must::BeBetween(Some((number, true)), Some((number, true))))
            }
            Kind::Timestamp => {
                let text = exact.ok_or_else(|| expected("a time"))?;
                let interval = self.instant(field, text, place)?;
                Ok(Must::BeDuring(Some(interval.from), Some(interval.until)))
            }
            Kind::Boolean => match exact.map(str::to_ascii_lowercase).as_deref() {
                Some("true") => Ok(Must::Be(true)),
                Some("false") => Ok(Must::Be(false)),
                _ => Err(expected("true or false")),
            },
            Kind::Open => Ok(Must::Pass(match exact {
                Some(text) => OpenTest::Is(text.to_ascii_lowercase(), number(text)),
                None => OpenTest::Like(pattern.map(str::to_ascii_lowercase).like()),
            })),
        }
    }

    fn keyword(&self, field: &'static Field, pattern: &Pattern, place: usize) -> Result<Must> {
        let Some(text) = pattern.as_text() else {
            return Ok(Must::BeLike(pattern.map(field.fold)));
        };
        let user = match (field.stands_for, text) {
            (StandsFor::Me, "me") | (StandsFor::MyTeams, "my_teams") => {
                let message = format!("'{text}' stands for the user who asks, and this key acts for none");
                Some(self.asker.user.ok_or_else(|| QueryError::new(place, message))?)
            }
            _ => None,
        };
        match (user, field.stands_for, &self.asker.teams) {
            (Some(user), StandsFor::Me, _) if field.kept == Kept::Id => return Ok(Must::BeOneOf(vec![user])),
            (Some(user), StandsFor::Me, _) => return Ok(Must::BeLike(Pattern::exact(user.to_string()))),
            (Some(_), _, Some(teams)) => return Ok(Must::BeOneOf(teams.clone())),
            (Some(user), _, None) => return Ok(Must::BeATeamOf(user, self.asker.organization)),
            (None, ..) => {}
        }
        if field.kept == Kept::Id {
            let Ok(id) = text.parse() else {
                let or = match field.stands_for {
                    StandsFor::Nothing => "",
                    StandsFor::Me => ", or me",
                    StandsFor::MyTeams => ", or my_teams",
                };
                let message = format!(
                    "{} takes an id such as 0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6{or}, not '{}'",
                    field.name,
                    shown(text)
                );
                return Err(QueryError::new(place, message));
            };
            return Ok(Must::BeOneOf(vec![id]));
        }
        let folded = (field.fold)(text);
        if !field.words.is_empty() && !field.words.contains(&folded.as_str()) {
            let near = suggest::nearest(&folded, field.words.iter().copied());
            let message = format!("{} is never '{}', only {}", field.name, shown(text), field.words.join(", "));
            return Err(QueryError::new(place, message).suggesting(near));
        }
        Ok(Must::BeLike(Pattern::exact(folded)))
    }

    fn range(&self, field: &'static Field, low: Option<&Bound>, high: Option<&Bound>, place: usize) -> Result<Must> {
        match field.kind {
            Kind::Number => {
                let end = |bound: Option<&Bound>| match bound {
                    None => Ok(None),
                    Some(bound) => match number(&bound.text) {
                        Some(number) => Ok(Some((number, bound.is_included))),
                        None => {
                            let message = format!("{} takes numbers, not '{}'", field.name, shown(&bound.text));
                            Err(QueryError::new(bound.at.0, message))
                        }
                    },
                };
                Ok(Must::BeBetween(end(low)?, end(high)?))
            }
            Kind::Timestamp => {
                let end = |bound: Option<&Bound>| match bound {
                    None => Ok(None),
                    Some(bound) => {
                        let interval = self.instant(field, &bound.text, bound.at.0)?;
                        Ok(Some((interval, bound.is_included)))
                    }
                };
                let from = end(low)?.map(|(interval, included)| if included { interval.from } else { interval.until });
                let until =
                    end(high)?.map(|(interval, included)| if included { interval.until } else { interval.from });
                Ok(Must::BeDuring(from, until))
            }
            Kind::Open => Ok(Must::Pass(self.open_range(low, high))),
            Kind::Keyword | Kind::Text | Kind::Boolean | Kind::List => {
                let what = field.kind.as_str();
                Err(QueryError::new(place, format!("{} is a {what} and has no ranges", field.name)))
            }
        }
    }

    /// Numbers if both ends are, and texts otherwise. A time is the text that times are written as.
    fn open_range(&self, low: Option<&Bound>, high: Option<&Bound>) -> OpenTest {
        let as_number = |bound: &Bound| number(&bound.text).map(|number| (number, bound.is_included));
        let (low_number, high_number) = (low.map(as_number), high.map(as_number));
        if low_number != Some(None) && high_number != Some(None) {
            return OpenTest::Between(low_number.flatten(), high_number.flatten());
        }
        let text = |bound: &Bound, is_low: bool| {
            let is_time = bound.text.starts_with("now") || instant::day(&bound.text).is_some();
            let interval = if is_time { instant::read(&bound.text, self.asker.now).ok() } else { None };
            let day = instant::day(&bound.text);
            let (text, included) = match (interval, day) {
                // Of a day all belongs to the range, or nothing; and texts may name only the day.
                (Some(_), Some(_)) if is_low == bound.is_included => (bound.text.clone(), is_low),
                (Some(interval), Some(_)) => (date(interval.until), is_low),
                (Some(interval), None) => {
                    let at = if is_low == bound.is_included { interval.from } else { interval.until };
                    (Timestamp::from_millis(at).to_string(), is_low)
                }
                (None, _) => (bound.text.clone(), bound.is_included),
            };
            (text.to_ascii_lowercase(), included)
        };
        OpenTest::Within(low.map(|bound| text(bound, true)), high.map(|bound| text(bound, false)))
    }

    fn instant(&self, field: &Field, text: &str, place: usize) -> Result<Interval> {
        instant::read(text, self.asker.now)
            .map_err(|why| QueryError::new(place, format!("{}: {why}, not '{}'", field.name, shown(text))))
    }
}

/// The day of an instant, as texts have it.
fn date(millis: i64) -> String {
    Timestamp::from_millis(millis).to_string().chars().take(10).collect()
}

/// A number as people write it: digits, a point, a sign, an exponent.
fn number(text: &str) -> Option<f64> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    let number: f64 =
        if is_plain && text.bytes().any(|b| b.is_ascii_digit()) { text.parse().ok()? } else { return None };
    number.is_finite().then_some(number)
}

fn not(test: Test) -> Test {
    Test::Not(Box::new(test))
}
