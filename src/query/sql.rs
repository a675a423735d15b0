//! A checked query as SQL. It is written for both databases, and whichever runs takes its own.
//!
//! A test on what is not there is NULL or false; `NOT` is written `IS NOT TRUE`, so that nothing but "true" ever counts, and the
//! whole means the same as in memory.

use super::check::{Checked, Is, Must, Test};
use super::pattern::Pattern;
use super::predicate::{Part, Predicate, Sql};
use super::search;
use super::table::{Field, Kept, Kind, Place, Related};
use crate::db::functions::OpenTest;
use crate::db::{Id, Timestamp};

mod open;
mod words;

pub(super) use words::{needle, spelled};

/// Which database the SQL is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Checked {
    /// The query as a condition on the rows of its table.
    pub fn predicate(&self) -> Predicate {
        self.compile(&self.test)
    }

    fn compile(&self, test: &Test) -> Predicate {
        match test {
            Test::Always => Predicate::everything(),
            Test::All(tests) => Predicate::all(tests.iter().map(|test| self.compile(test))),
            Test::Any(tests) => Predicate::any(tests.iter().map(|test| self.compile(test))),
            Test::Not(test) => self.compile(test).not(),
            Test::Is(is) => {
                let write = |dialect| {
                    let mut compiler = Compiler { dialect, space: self.space, sql: Sql::default() };
                    compiler.is(is, self.sql);
                    compiler.sql
                };
                let predicate = Predicate::new(write(Dialect::Sqlite), write(Dialect::Postgres));
                if has_index(is) { predicate.by_index() } else { predicate }
            }
        }
    }
}

/// Whether an index leads to the rows of which this holds.
fn has_index(Is { field, must, .. }: &Is) -> bool {
    match (field.place, field.of, must) {
        (Place::Search(_) | Place::Nowhere, ..) => true,
        (_, Some(related), _) => !related.by_row,
        (.., Must::BeOneOf(ids)) => field.is_indexed && ids.len() <= 1,
        (.., Must::BeLike(pattern)) => field.is_indexed && pattern.as_text().is_some(),
        (.., Must::BeBetween(low, _)) => implied(field, *low).is_some(),
        _ => false,
    }
}

/// The condition of a partial index, if it holds of all numbers from `low` on.
fn implied(field: &Field, low: Option<(f64, bool)>) -> Option<&'static str> {
    let (Kept::Whole(parts), Some((of, condition)), Some(low)) = (field.kept, field.implies, low) else { return None };
    (least(low, parts) >= of.saturating_mul(parts)).then_some(condition)
}

pub(super) struct Compiler {
    pub dialect: Dialect,
    pub space: Id,
    pub sql: Sql,
}

impl Compiler {
    pub(super) fn push(&mut self, text: &str) {
        self.sql.push(text);
    }

    pub(super) fn bind(&mut self, part: Part) {
        self.sql.bind(part);
    }

    pub(super) fn text(&mut self, text: impl Into<String>) {
        self.bind(Part::Text(text.into()));
    }

    fn is(&mut self, is: &Is, table: &str) {
        match is.field.of {
            None => self.value(is, table),
            Some(related) => self.related(related, is, table),
        }
    }

    /// What holds of a row of another table.
    fn related(&mut self, related: &Related, is: &Is, table: &str) {
        let Related { table: other_table, own, other, only, by_row } = related;
        if *by_row {
            self.push(&format!(
                "EXISTS (SELECT 1 FROM \"{other_table}\" AS \"q\" WHERE \"q\".\"organization_id\" = \"{table}\".\"organization_id\" \
                 AND \"q\".\"{other}\" = \"{table}\".\"{own}\""
            ));
        } else {
            self.push(&format!(
                "\"{table}\".\"{own}\" IN (SELECT \"q\".\"{other}\" FROM \"{other_table}\" AS \"q\" \
                 WHERE \"q\".\"organization_id\" = "
            ));
            self.bind(Part::Id(self.space));
        }
        if !only.is_empty() {
            self.push(" AND ");
            self.push(&only.replace("{t}", "\"q\""));
        }
        self.push(" AND ");
        self.value(is, "q");
        self.push(")");
    }

    fn value(&mut self, is: &Is, table: &str) {
        let field = is.field;
        let value = self.expression(field, table);
        match (&is.must, field.place) {
            (Must::HaveWords(words), Place::Search(indexed)) => search::holds(self, indexed, words, table),
            (_, Place::Search(indexed)) => search::holds(self, indexed, &[], table),
            (_, Place::Nowhere) => self.push("FALSE"),
            (Must::Pass(test), _) => self.open(&value, &is.path, test),
            (Must::BePresent, _) if field.kind == Kind::Open => self.open(&value, &is.path, &OpenTest::Present),
            (must, _) if matches!(field.kept, Kept::Texts | Kept::FoldedTexts) => self.any_of(field, must, table),
            (must, _) => self.compare(field, must, &value),
        }
    }

    /// The value as SQL.
    pub(super) fn expression(&self, field: &Field, table: &str) -> String {
        match field.place {
            Place::Column(column) | Place::Document(column) => format!("\"{table}\".\"{column}\""),
            Place::Words(key) => format!("(\"{table}\".\"words\" ->> '{key}')"),
            Place::Search(_) | Place::Nowhere => "NULL".to_owned(),
            Place::Sql(sqlite, postgres) => {
                let sql = if self.dialect == Dialect::Sqlite { sqlite } else { postgres };
                format!("({})", sql.replace("{t}", &format!("\"{table}\"")))
            }
            Place::Path(column, keys) => match self.dialect {
                Dialect::Sqlite => format!("(\"{table}\".\"{column}\" ->> '$.{}')", keys.join(".")),
                Dialect::Postgres => {
                    let text = format!("(\"{table}\".\"{column}\" #>> '{{{}}}')", keys.join(","));
                    match field.kept {
                        Kept::Bool => format!("({text} = 'true')"),
                        Kept::Float => format!("({text})::float8"),
                        _ => text,
                    }
                }
            },
        }
    }

    /// Any element of a list.
    fn any_of(&mut self, field: &Field, must: &Must, table: &str) {
        let (column, keys) = match field.place {
            Place::Column(column) => (column, &[][..]),
            Place::Path(column, keys) => (column, keys),
            _ => return self.push("FALSE"),
        };
        let path: String = keys.iter().map(|key| format!(".{key}")).collect();
        let (each, value) = match self.dialect {
            Dialect::Sqlite => (format!("json_each(\"{table}\".\"{column}\", '${path}') AS \"e\""), "\"e\".\"value\""),
            Dialect::Postgres => {
                (format!("jsonb_path_query(\"{table}\".\"{column}\", 'lax ${path}[*]') AS \"e\""), "(\"e\" #>> '{}')")
            }
        };
        self.push(&format!("EXISTS (SELECT 1 FROM {each} WHERE "));
        self.compare(field, must, value);
        self.push(")");
    }

    fn compare(&mut self, field: &Field, must: &Must, value: &str) {
        match must {
            Must::BePresent => self.push(&format!("{value} IS NOT NULL")),
            Must::BeLike(pattern) => self.like(field, pattern, value),
            Must::BeOneOf(ids) => self.one_of(value, ids),
            Must::BeATeamOf(user, organization) => {
                self.push(&format!(
                    "{value} IN (SELECT \"team_id\" FROM \"team_members\" WHERE \"team_members\".\"organization_id\" = "
                ));
                self.bind(Part::Id(*organization));
                self.push(" AND \"team_members\".\"user_id\" = ");
                self.bind(Part::Id(*user));
                self.push(")");
            }
            Must::HaveWords(words) => self.words(value, words),
            Must::BeBetween(low, high) => self.between(field, value, *low, *high),
            Must::BeDuring(from, until) => self.during(field, value, *from, *until),
            Must::Be(true) => self.push(&format!("{value} IS TRUE")),
            Must::Be(false) => self.push(&format!("{value} IS FALSE")),
            // Only open fields have tests.
            Must::Pass(_) => self.push("FALSE"),
        }
    }

    fn one_of(&mut self, value: &str, ids: &[Id]) {
        match ids {
            [] => self.push("FALSE"),
            [id] => {
                self.push(&format!("{value} = "));
                self.bind(Part::Id(*id));
            }
            ids => {
                self.push(&format!("{value} IN ("));
                for (index, id) in ids.iter().enumerate() {
                    if index > 0 {
                        self.push(", ");
                    }
                    self.bind(Part::Id(*id));
                }
                self.push(")");
            }
        }
    }

    fn like(&mut self, field: &Field, pattern: &Pattern, value: &str) {
        let value = match (field.kept, self.dialect) {
            (Kept::Text | Kept::Texts, Dialect::Sqlite) => format!("lower({value})"),
            (Kept::Text | Kept::Texts, Dialect::Postgres) => format!("lower({value} COLLATE \"C\")"),
            (Kept::Id, Dialect::Sqlite) => id_text(value),
            (Kept::Id, Dialect::Postgres) => format!("{value}::text"),
            _ => value.to_owned(),
        };
        match pattern.as_text() {
            Some(text) => {
                self.push(&format!("{value} = "));
                self.text(text);
            }
            None => {
                self.push(&format!("{value} LIKE "));
                self.text(pattern.like());
                self.push(" ESCAPE '\\'");
            }
        }
    }

    fn between(&mut self, field: &Field, value: &str, low: Option<(f64, bool)>, high: Option<(f64, bool)>) {
        let Kept::Whole(parts) = field.kept else {
            let part = |(number, included)| (Part::Float(number), included);
            return self.ends(value, low.map(part), high.map(part));
        };
        let condition = implied(field, low);
        let (low, high) = (low.map(|end| least(end, parts)), high.map(|end| most(end, parts)));
        let Some(condition) = condition else { return self.between_whole(value, low, high) };
        // As it stands in the index, or the planner does not see that it can be used.
        self.push("(");
        self.push(condition);
        self.push(" AND ");
        self.between_whole(value, low, high);
        self.push(")");
    }

    fn between_whole(&mut self, value: &str, low: Option<i64>, high: Option<i64>) {
        match (low, high) {
            (Some(low), Some(high)) if low == high => {
                self.push(&format!("{value} = "));
                self.bind(Part::Int(low));
            }
            (low, high) => {
                let part = |number| (Part::Int(number), true);
                self.ends(value, low.map(part), high.map(part));
            }
        }
    }

    fn during(&mut self, field: &Field, value: &str, from: Option<i64>, until: Option<i64>) {
        if field.kept == Kept::InstantText {
            let value = match self.dialect {
                Dialect::Sqlite => value.to_owned(),
                Dialect::Postgres => format!("{value} COLLATE \"C\""),
            };
            let text = |at| Part::Text(Timestamp::from_millis(at).to_string());
            return self.ends(&value, from.map(|at| (text(at), true)), until.map(|at| (text(at), false)));
        }
        let time = |at| Part::Time(Timestamp::from_millis(at));
        self.ends(value, from.map(|at| (time(at), true)), until.map(|at| (time(at), false)));
    }

    /// From one end to the other; the flags say whether an end belongs to it.
    fn ends(&mut self, value: &str, low: Option<(Part, bool)>, high: Option<(Part, bool)>) {
        let low = low.map(|(part, included)| (part, if included { ">=" } else { ">" }));
        let high = high.map(|(part, included)| (part, if included { "<=" } else { "<" }));
        self.push("(");
        for (index, (part, operator)) in low.into_iter().chain(high).enumerate() {
            if index > 0 {
                self.push(" AND ");
            }
            self.push(&format!("{value} {operator} "));
            self.bind(part);
        }
        self.push(")");
    }
}

/// An identifier as people write it.
fn id_text(value: &str) -> String {
    let hex = |from: u32, digits: u32| format!("substr(hex({value}), {from}, {digits})");
    format!(
        "lower({} || '-' || {} || '-' || {} || '-' || {} || '-' || {})",
        hex(1, 8),
        hex(9, 4),
        hex(13, 4),
        hex(17, 4),
        hex(21, 12)
    )
}

/// The least whole number of parts that is in the range.
pub(super) fn least((number, included): (f64, bool), parts: i64) -> i64 {
    let (whole, is_exact) = in_parts(number, parts);
    if is_exact && included { whole } else { whole.saturating_add(1) }
}

/// The greatest whole number of parts that is in the range.
pub(super) fn most((number, included): (f64, bool), parts: i64) -> i64 {
    let (whole, is_exact) = in_parts(number, parts);
    if is_exact && !included { whole.saturating_sub(1) } else { whole }
}

/// The number in parts, cut down to a whole one, and whether nothing was cut.
fn in_parts(number: f64, parts: i64) -> (i64, bool) {
    let exact = number * parts as f64;
    let nearest = exact.round();
    if (exact - nearest).abs() < 1e-6 { (nearest as i64, true) } else { (exact.floor() as i64, false) }
}
