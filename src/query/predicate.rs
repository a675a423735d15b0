//! A condition that a query is filtered by: SQL with values, for either database.

use std::sync::Arc;

use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Bool, Double, Text};
use diesel::sqlite::Sqlite;

use crate::db::{Id, IdSql, Timestamp, TimestampSql};

/// SQL and the values in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sql {
    parts: Vec<Part>,
    /// Whether there are so many texts like this one that none is worth being kept prepared.
    is_one_of_many: bool,
}

/// A piece of SQL, or a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Sql(String),
    Text(String),
    Id(Id),
    Int(i64),
    Float(f64),
    Time(Timestamp),
}

impl Sql {
    pub(super) fn push(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Sql(sql)) => sql.push_str(text),
            _ => self.parts.push(Part::Sql(text.to_owned())),
        }
    }

    pub(super) fn bind(&mut self, part: Part) {
        self.parts.push(part);
    }

    pub(super) fn append(&mut self, other: &Sql) {
        self.is_one_of_many |= other.is_one_of_many;
        for part in &other.parts {
            match part {
                Part::Sql(sql) => self.push(sql),
                value => self.bind(value.clone()),
            }
        }
    }

    /// The text is made of what somebody asked for: a connection does not keep it prepared, for it would keep as many as there are.
    pub(super) fn one_of_many(mut self) -> Self {
        self.is_one_of_many = true;
        self
    }
}

impl From<&str> for Sql {
    fn from(text: &str) -> Self {
        Self { parts: vec![Part::Sql(text.to_owned())], is_one_of_many: false }
    }
}

/// A condition on the rows of a table, for `.filter(…)`. It is true or not; where it counts as not true it may be NULL, so it is
/// negated by [`Predicate::not`] and not by `diesel::dsl::not`.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    sqlite: Sql,
    postgres: Sql,
    way: Way,
}

/// How the rows that pass can be found.
#[derive(Clone, Debug, PartialEq)]
enum Way {
    /// By looking at one row after the other.
    Walk,
    /// By an index.
    Index,
    /// By an index for each of these: the rows of them all are the rows that pass.
    Indexes(Arc<[Predicate]>),
}

/// Into how many parts a condition is taken apart, at the most; SQLite has a bound of 500.
const MOST_BRANCHES: usize = 250;

impl Predicate {
    /// What somebody asked for.
    pub(super) fn new(sqlite: Sql, postgres: Sql) -> Self {
        Self { sqlite: sqlite.one_of_many(), postgres: postgres.one_of_many(), way: Way::Walk }
    }

    /// What is the same on both databases.
    pub(super) fn both(sql: Sql) -> Self {
        Self { sqlite: sql.clone(), postgres: sql, way: Way::Walk }
    }

    /// An index leads to what passes.
    pub(super) fn by_index(mut self) -> Self {
        self.way = Way::Index;
        self
    }

    /// Conditions with an index for each, of which one or more hold where this one holds. None if there is no such thing, or but one.
    ///
    /// No database walks along several indexes at once to find the first rows that pass any of several conditions. It would look at all
    /// rows, or sort all that pass; where each condition finds its own first rows, the first of all are among them.
    pub fn branches(&self) -> &[Predicate] {
        match &self.way {
            Way::Indexes(branches) if (2..=MOST_BRANCHES).contains(&branches.len()) => branches,
            _ => &[],
        }
    }

    /// Everything.
    pub fn everything() -> Self {
        Self::both("TRUE".into())
    }

    /// Nothing.
    pub fn nothing() -> Self {
        Self::both("FALSE".into()).by_index()
    }

    /// SQL of our own, in which each `?` stands for the next id. An index must lead from the ids to the rows.
    pub fn of_ids(sql: &'static str, ids: &[Id]) -> Self {
        let mut written = Sql::default();
        let mut ids = ids.iter();
        for (index, piece) in sql.split('?').enumerate() {
            if index > 0 {
                written.bind(Part::Id(ids.next().copied().unwrap_or(Id::NIL)));
            }
            written.push(piece);
        }
        Self::both(written).by_index()
    }

    /// What passes all of these.
    pub fn all(predicates: impl IntoIterator<Item = Predicate>) -> Self {
        let predicates: Vec<Predicate> = predicates.into_iter().collect();
        let mut joined = Self::joined(&predicates, " AND ", Self::everything);
        // It is enough that one of them leads to the rows.
        let several = |predicate: &Predicate| match &predicate.way {
            Way::Indexes(branches) => Some(branches.clone()),
            Way::Index | Way::Walk => None,
        };
        let least = (predicates.iter().enumerate())
            .filter_map(|(place, predicate)| Some((place, several(predicate)?)))
            .min_by_key(|(_, branches)| branches.len());
        if let Some((place, branches)) = least {
            let mut rest = predicates;
            rest.remove(place);
            let narrowed = branches.iter().map(|branch| {
                let all: Vec<&Predicate> = std::iter::once(branch).chain(&rest).collect();
                Self::joined(all, " AND ", Self::everything).by_index()
            });
            joined.way = Way::Indexes(narrowed.collect());
        } else if predicates.iter().any(|predicate| predicate.way == Way::Index) {
            joined.way = Way::Index;
        }
        joined
    }

    /// What passes any of these.
    pub fn any(predicates: impl IntoIterator<Item = Predicate>) -> Self {
        let predicates: Vec<Predicate> = predicates.into_iter().collect();
        let Self { sqlite, postgres, way } = Self::joined(&predicates, " OR ", Self::nothing);
        // It is as long as there are conditions.
        let joined = Self { sqlite: sqlite.one_of_many(), postgres: postgres.one_of_many(), way };
        let mut branches = Vec::new();
        for predicate in predicates {
            match predicate.way {
                Way::Walk => return joined,
                Way::Index => branches.push(predicate),
                Way::Indexes(more) => branches.extend(more.iter().cloned()),
            }
        }
        Self { way: Way::Indexes(branches.into()), ..joined }
    }

    /// What passes both.
    pub fn and(self, other: Predicate) -> Self {
        Self::all([self, other])
    }

    /// What does not pass this.
    #[expect(clippy::should_implement_trait, reason = "it is called as `all` and `any` are")]
    pub fn not(self) -> Self {
        let not = |sql: Sql| {
            let mut negated = Sql::from("(");
            negated.append(&sql);
            negated.push(") IS NOT TRUE");
            negated
        };
        Self { sqlite: not(self.sqlite), postgres: not(self.postgres), way: Way::Walk }
    }

    fn joined<'p>(predicates: impl IntoIterator<Item = &'p Predicate>, operator: &str, empty: fn() -> Self) -> Self {
        let mut predicates = predicates.into_iter();
        let Some(first) = predicates.next() else { return empty() };
        let Some(second) = predicates.next() else { return first.clone() };
        let (mut sqlite, mut postgres) = (Sql::from("(("), Sql::from("(("));
        sqlite.append(&first.sqlite);
        postgres.append(&first.postgres);
        for next in std::iter::once(second).chain(predicates) {
            for (sql, next) in [(&mut sqlite, &next.sqlite), (&mut postgres, &next.postgres)] {
                sql.push(")");
                sql.push(operator);
                sql.push("(");
                sql.append(next);
            }
        }
        sqlite.push("))");
        postgres.push("))");
        Self { sqlite, postgres, way: Way::Walk }
    }
}

/// An SQL expression of a type that is known here and not to Diesel.
macro_rules! expression {
    ($name:ty, $type:ty) => {
        impl ::diesel::expression::Expression for $name {
            type SqlType = $type;
        }

        impl<Source> ::diesel::expression::AppearsOnTable<Source> for $name {}

        impl<Source> ::diesel::expression::SelectableExpression<Source> for $name {}

        impl<Group> ::diesel::expression::ValidGrouping<Group> for $name {
            type IsAggregate = ::diesel::expression::is_aggregate::Never;
        }

        impl ::diesel::query_builder::QueryId for $name {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }

        impl ::diesel::query_builder::QueryFragment<::diesel::sqlite::Sqlite> for $name {
            fn walk_ast<'b>(
                &'b self,
                out: ::diesel::query_builder::AstPass<'_, 'b, ::diesel::sqlite::Sqlite>,
            ) -> ::diesel::result::QueryResult<()> {
                self.sqlite.walk_sqlite(out)
            }
        }

        impl ::diesel::query_builder::QueryFragment<::diesel::pg::Pg> for $name {
            fn walk_ast<'b>(
                &'b self,
                out: ::diesel::query_builder::AstPass<'_, 'b, ::diesel::pg::Pg>,
            ) -> ::diesel::result::QueryResult<()> {
                self.postgres.walk_postgres(out)
            }
        }
    };
}

macro_rules! walk {
    ($sql:expr, $out:ident) => {{
        if $sql.is_one_of_many {
            $out.unsafe_to_cache_prepared();
        }
        for part in &$sql.parts {
            match part {
                Part::Sql(sql) => $out.push_sql(sql),
                Part::Text(text) => $out.push_bind_param::<Text, _>(text)?,
                Part::Id(id) => $out.push_bind_param::<IdSql, _>(id)?,
                Part::Int(number) => $out.push_bind_param::<BigInt, _>(number)?,
                Part::Float(number) => $out.push_bind_param::<Double, _>(number)?,
                Part::Time(time) => $out.push_bind_param::<TimestampSql, _>(time)?,
            }
        }
        Ok(())
    }};
}

pub(super) use expression;

impl Sql {
    pub(super) fn walk_sqlite<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        walk!(self, out)
    }

    pub(super) fn walk_postgres<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        walk!(self, out)
    }
}

expression!(Predicate, Bool);
