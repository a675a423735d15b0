//! A condition that a query is filtered by: SQL with values, for either database.

use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Bool, Double, Text};
use diesel::sqlite::Sqlite;

use crate::db::{Id, IdSql, Timestamp, TimestampSql};

/// SQL and the values in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sql(Vec<Part>);

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
        match self.0.last_mut() {
            Some(Part::Sql(sql)) => sql.push_str(text),
            _ => self.0.push(Part::Sql(text.to_owned())),
        }
    }

    pub(super) fn bind(&mut self, part: Part) {
        self.0.push(part);
    }

    pub(super) fn append(&mut self, other: &Sql) {
        for part in &other.0 {
            match part {
                Part::Sql(sql) => self.push(sql),
                value => self.bind(value.clone()),
            }
        }
    }
}

impl From<&str> for Sql {
    fn from(text: &str) -> Self {
        Self(vec![Part::Sql(text.to_owned())])
    }
}

/// A condition on the rows of a table, for `.filter(…)`. It is true or not; where it counts as not true it may be NULL, so it is
/// negated by [`Predicate::not`] and not by `diesel::dsl::not`.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    sqlite: Sql,
    postgres: Sql,
}

impl Predicate {
    pub(super) fn new(sqlite: Sql, postgres: Sql) -> Self {
        Self { sqlite, postgres }
    }

    /// What is the same on both databases.
    pub(super) fn both(sql: Sql) -> Self {
        Self { sqlite: sql.clone(), postgres: sql }
    }

    /// Everything.
    pub fn everything() -> Self {
        Self::both("TRUE".into())
    }

    /// Nothing.
    pub fn nothing() -> Self {
        Self::both("FALSE".into())
    }

    /// SQL of our own, in which each `?` stands for the next id.
    pub fn of_ids(sql: &'static str, ids: &[Id]) -> Self {
        let mut written = Sql::default();
        let mut ids = ids.iter();
        for (index, piece) in sql.split('?').enumerate() {
            if index > 0 {
                written.bind(Part::Id(ids.next().copied().unwrap_or(Id::NIL)));
            }
            written.push(piece);
        }
        Self::both(written)
    }

    /// What passes all of these.
    pub fn all(predicates: impl IntoIterator<Item = Predicate>) -> Self {
        Self::joined(predicates, " AND ", Self::everything)
    }

    /// What passes any of these.
    pub fn any(predicates: impl IntoIterator<Item = Predicate>) -> Self {
        Self::joined(predicates, " OR ", Self::nothing)
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
        Self { sqlite: not(self.sqlite), postgres: not(self.postgres) }
    }

    fn joined(predicates: impl IntoIterator<Item = Predicate>, operator: &str, empty: fn() -> Self) -> Self {
        let mut predicates = predicates.into_iter();
        let Some(first) = predicates.next() else { return empty() };
        let Some(second) = predicates.next() else { return first };
        let mut joined = Self::both("((".into());
        joined.sqlite.append(&first.sqlite);
        joined.postgres.append(&first.postgres);
        for next in std::iter::once(second).chain(predicates) {
            for (sql, next) in [(&mut joined.sqlite, &next.sqlite), (&mut joined.postgres, &next.postgres)] {
                sql.push(")");
                sql.push(operator);
                sql.push("(");
                sql.append(next);
            }
        }
        joined.sqlite.push("))");
        joined.postgres.push("))");
        joined
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
        // Each query has a text of its own; none is worth being kept prepared.
        $out.unsafe_to_cache_prepared();
        for part in &$sql.0 {
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
