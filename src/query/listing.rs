//! Lists that are filtered by a query and sorted by a field, a page at a time: by keyset, never by offset, so that a page costs the same
//! wherever it is, and a walk neither repeats nor skips (wire contract, "Pagination").
//!
//! Rows are in the order of (sort key, id). A key that is not there comes before all others. These rows are read by a statement of their
//! own, so that each statement is a walk along one stretch of an index: see [`Listing::slices`].

use super::asker::Asker;
use super::predicate::{Part, Predicate, Sql};
use super::sql::{Compiler, Dialect};
use super::table::{Field, Kept, Place, Sort, Table};
use crate::db::Id;
use crate::method::cursor::Key;
use crate::method::{Context, Error, FieldNames, Include, Limit, List, Object, Page, PageFrame, Result};

mod key;
mod passing;

use key::{KeyKind, bound, fits, kind, sort};

pub use passing::Passing;

/// So many characters of a text count when a list is sorted by it: no more fit into a cursor.
pub const SORTED_CHARS: usize = 24;

/// Arguments of a list that is filtered and sorted; implemented by [`arguments!`](crate::arguments).
pub trait Filtered: serde::Serialize {
    /// Which objects, in the query language.
    fn filters(&self) -> Option<&str>;
    /// The order, as in `created_at:desc`.
    fn sort(&self) -> Option<&str>;
    /// How many items a page has, at the most.
    fn limit(&self) -> Option<Limit>;
    /// Where the previous page ended.
    fn cursor(&self) -> Option<&str>;
    /// The fields of each item to answer with.
    fn fields(&self) -> Option<&FieldNames>;
    /// What to answer besides.
    fn include(&self) -> Option<&List<Include, 1>>;
}

/// Which part of a list to read, and how.
pub struct Listing {
    frame: PageFrame,
    filter: Predicate,
    table: &'static str,
    space: Id,
    key: Option<&'static Field>,
    is_descending: bool,
    after: Option<(Key, Id)>,
}

/// A stretch of a list that one statement reads.
pub struct Slice {
    /// Which rows.
    pub range: Predicate,
    /// Their order.
    pub order: OrderBy,
}

impl Listing {
    /// What the arguments ask for.
    pub fn new<A: Filtered>(ctx: &Context, args: &A, table: &'static Table) -> Result<Self> {
        let filter = match args.filters() {
            None => Predicate::everything(),
            Some(text) => {
                let checked = table.check(text, &Asker::of(ctx)).map_err(|error| error.of_argument("/filters"))?;
                checked.predicate()
            }
        };
        let (key, is_descending) = match args.sort() {
            None => (None, false),
            Some(text) => sort(ctx, table, text)?,
        };
        let frame = PageFrame::new(ctx, args, args.limit(), args.fields(), args.include())?;
        let after = args.cursor().map(|text| frame.after(ctx, text, is_descending)).transpose()?;
        if let Some((position, _)) = &after
            && !fits(key, position)
        {
            return Err(frame.foreign_cursor(ctx));
        }
        Ok(Self { frame, filter, table: table.sql, space: ctx.space(), key, is_descending, after })
    }

    /// Leaves out what does not pass `predicate` as well.
    pub fn and(mut self, predicate: Predicate) -> Self {
        self.filter = self.filter.and(predicate);
        self
    }

    /// Which rows belong to the list. `first` makes of a condition the query for the ids of the first rows that pass it, as many as are
    /// asked for: where several indexes lead to the rows of the list, they are among the first that each of them leads to.
    pub fn passing<Q>(&self, first: impl Fn(Predicate) -> Q) -> Passing<Q> {
        let branches: Vec<Q> = self.filter.branches().iter().cloned().map(first).collect();
        if branches.is_empty() { Passing::All(self.filter.clone()) } else { Passing::AnyOf(self.table, branches) }
    }

    /// Whether to count all matches.
    pub fn wants_total(&self) -> bool {
        self.frame.wants_total()
    }

    /// How many rows to fetch: one more than the page has, to know whether there is a next page.
    pub fn fetch(&self) -> i64 {
        self.frame.fetch()
    }

    /// The sort key of a row, as [`page`](Self::page) takes it back.
    pub fn key(&self) -> KeyText {
        let text = |dialect| match self.key {
            None => Sql::from(if dialect == Dialect::Sqlite { "NULL" } else { "NULL::text" }),
            Some(field) => {
                let key = self.expression(field, dialect);
                let text = match (kind(field), dialect) {
                    (KeyKind::Text | KeyKind::Rank, _) => key,
                    (KeyKind::Float, Dialect::Sqlite) => {
                        format!("CASE WHEN {key} IS NOT NULL THEN printf('%!.17g', {key}) END")
                    }
                    (KeyKind::Instant, Dialect::Postgres) => {
                        format!("(extract(epoch FROM {key}) * 1000)::bigint::text")
                    }
                    (_, Dialect::Sqlite) => format!("CAST({key} AS TEXT)"),
                    (_, Dialect::Postgres) => format!("({key})::text"),
                };
                Sql::from(text.as_str()).one_of_many()
            }
        };
        KeyText { sqlite: text(Dialect::Sqlite), postgres: text(Dialect::Postgres) }
    }

    /// The stretches that are left of the list, in their order.
    pub fn slices(&self) -> Vec<Slice> {
        let after = self.after.as_ref();
        let Some(field) = self.key else {
            return vec![Slice { range: self.by_id(after.map(|(_, id)| *id)), order: self.order(None) }];
        };
        if matches!(field.sort, Some(Sort::Rank)) {
            return self.ranks(field, after);
        }
        // A text that is not there counts as an empty one, so that there is always a key.
        let (mut with_key, mut without_key) =
            (true, !field.is_always_there && (kind(field) != KeyKind::Text || field.kept == Kept::InstantText));
        let (mut after_key, mut after_id) = (None, None);
        match after {
            None => {}
            // What has a key comes after what has none; and before it in a list that descends.
            Some((Key::Null, id)) => (with_key, after_id) = (!self.is_descending, Some(*id)),
            Some((key, id)) => (without_key, after_key) = (without_key && self.is_descending, Some((key, *id))),
        }
        let mut slices = Vec::new();
        if without_key {
            // SQLite would rather read everything in the order of the ids, as if most rows had no key.
            let absent = self.written(|dialect, sql| {
                let key = self.expression(field, dialect);
                sql.push(&match dialect {
                    Dialect::Sqlite => format!("unlikely({key} IS NULL)"),
                    Dialect::Postgres => format!("{key} IS NULL"),
                });
            });
            slices.push(Slice { range: absent.and(self.by_id(after_id)), order: self.order(None) });
        }
        if with_key {
            let range = self.written(|dialect, sql| {
                let key = self.expression(field, dialect);
                match after_key {
                    None => sql.push(&format!("{key} IS NOT NULL")),
                    Some((after, id)) => {
                        let than = if self.is_descending { "<" } else { ">" };
                        sql.push(&format!("({key}, \"{}\".\"id\") {than} (", self.table));
                        sql.bind(bound(field, after));
                        sql.push(", ");
                        sql.bind(Part::Id(id));
                        sql.push(")");
                    }
                }
            });
            slices.push(Slice { range, order: self.order(Some(field)) });
        }
        if self.is_descending {
            slices.reverse();
        }
        slices
    }

    /// One stretch for each word that the key can be: each is in the order of the ids already.
    fn ranks(&self, field: &'static Field, after: Option<&(Key, Id)>) -> Vec<Slice> {
        let mut ranks: Vec<(i64, &str)> = (0..).zip(field.words.iter().copied()).collect();
        if self.is_descending {
            ranks.reverse();
        }
        let (last, id) = match after {
            Some((Key::Int(rank), id)) => (Some(*rank), Some(*id)),
            _ => (None, None),
        };
        let is_left = |(rank, _): &(i64, &str)| match last {
            None => true,
            Some(last) if self.is_descending => *rank <= last,
            Some(last) => *rank >= last,
        };
        let slice = |(rank, word): (i64, &str)| {
            let is_word =
                self.written(|dialect, sql| sql.push(&format!("{} = '{word}'", self.expression(field, dialect))));
            let after = id.filter(|_| Some(rank) == last);
            Slice { range: is_word.and(self.by_id(after)), order: self.order(None) }
        };
        ranks.into_iter().filter(is_left).map(slice).collect()
    }

    fn by_id(&self, after: Option<Id>) -> Predicate {
        // The first page has a bound too, one that every row is within: without it SQLite, which knows nothing of how many rows there
        // are of a kind, walks along the primary key where an index leads straight to them.
        let id = after.unwrap_or(if self.is_descending { Id::MAX } else { Id::NIL });
        let than = if self.is_descending { "<" } else { ">" };
        let mut sql = Sql::from(format!("\"{}\".\"id\" {than} ", self.table).as_str());
        sql.bind(Part::Id(id));
        Predicate::both(sql)
    }

    fn order(&self, key: Option<&'static Field>) -> OrderBy {
        let direction = if self.is_descending { "DESC" } else { "ASC" };
        let order = |dialect| {
            let key = key.map(|field| format!("{} {direction}, ", self.expression(field, dialect))).unwrap_or_default();
            Sql::from(format!("{key}\"{}\".\"id\" {direction}", self.table).as_str())
        };
        OrderBy { sqlite: order(Dialect::Sqlite), postgres: order(Dialect::Postgres) }
    }

    fn written(&self, write: impl Fn(Dialect, &mut Sql)) -> Predicate {
        let written = |dialect| {
            let mut sql = Sql::default();
            write(dialect, &mut sql);
            sql
        };
        Predicate::new(written(Dialect::Sqlite), written(Dialect::Postgres))
    }

    /// The sort key as SQL.
    fn expression(&self, field: &'static Field, dialect: Dialect) -> String {
        let prefix = |column: &str| {
            let cut = format!("substr(\"{}\".\"{column}\", 1, {SORTED_CHARS})", self.table);
            match dialect {
                Dialect::Sqlite => format!("coalesce(lower({cut}), '')"),
                Dialect::Postgres => format!("coalesce(lower({cut} COLLATE \"C\"), '')"),
            }
        };
        match (field.sort, field.place) {
            (Some(Sort::Prefix(column)), _) => prefix(column),
            (Some(Sort::Value), Place::Column(column)) if matches!(field.kept, Kept::Text | Kept::Folded) => {
                prefix(column)
            }
            _ => {
                let compiler = Compiler { dialect, space: self.space, sql: Sql::default() };
                compiler.expression(field, self.table)
            }
        }
    }

    /// The page made of what [`run_list!`](crate::run_list) fetched.
    pub fn page<T: Object>(self, ctx: &Context, fetched: Fetched<T>) -> Result<Page<T>> {
        let Fetched { mut rows, keys, total } = fetched;
        let more = self.frame.cut(&mut rows);
        let key = rows.len().checked_sub(1).and_then(|last| keys.get(last));
        let last = match (rows.last().filter(|_| more), key) {
            (Some(row), Some(key)) => Some((self.read_key(key.as_deref())?, row.id())),
            _ => None,
        };
        Ok(self.frame.page(ctx, rows, last, self.is_descending, total))
    }

    fn read_key(&self, text: Option<&str>) -> Result<Key> {
        let wrong = || Error::internal(format!("a sort key of {} is {text:?}", self.table));
        Ok(match (self.key, text) {
            (None, _) => Key::None,
            (Some(_), None) => Key::Null,
            (Some(field), Some(text)) => match kind(field) {
                KeyKind::Text => Key::Text(text.to_owned()),
                KeyKind::Rank => {
                    let rank = field.words.iter().position(|word| *word == text).ok_or_else(wrong)?;
                    Key::Int(rank as i64)
                }
                KeyKind::Float => Key::Float(text.parse().map_err(|_| wrong())?),
                KeyKind::Whole | KeyKind::Instant => Key::Int(text.parse().map_err(|_| wrong())?),
            },
        })
    }
}

/// What a [`Listing`] fetched: the rows, the sort key of each, and how many there are in all, if that was asked for.
pub struct Fetched<T> {
    /// The rows, one more than the page has if there are more.
    pub rows: Vec<T>,
    /// The sort key of each row.
    pub keys: Vec<Option<String>>,
    /// How many there are in all, up to one more than is exact.
    pub total: Option<i64>,
}

/// The sort key of a row, as text.
#[derive(Clone, Debug)]
pub struct KeyText {
    sqlite: Sql,
    postgres: Sql,
}

/// The order of a [`Slice`].
#[derive(Clone, Debug)]
pub struct OrderBy {
    sqlite: Sql,
    postgres: Sql,
}

super::predicate::expression!(KeyText, diesel::sql_types::Nullable<diesel::sql_types::Text>);
super::predicate::expression!(OrderBy, diesel::expression::expression_types::NotSelectable);

/// Runs a list query for a [`Listing`]: `run_list!(conn, list, Contact, contacts::id, contacts::table.filter(…))` answers the rows and, if
/// asked for, the total, as a [`Fetched`]. The query has neither an order nor a selection of its own.
#[macro_export]
macro_rules! run_list {
    ($conn:expr, $list:expr, $row:ty, $id:expr, $query:expr) => {{
        use $crate::db::prelude::*;
        let total = if $list.wants_total() {
            let most = $crate::method::EXACT_TOTAL + 1;
            let passing = $list.passing(|branch| $query.filter(branch).select($id).limit(most));
            let ids =
                $crate::run!($conn, |c| $query.filter(passing).select($id).limit(most).load::<$crate::db::Id>(c))?;
            Some(ids.len() as i64)
        } else {
            None
        };
        let mut rows: Vec<$row> = Vec::new();
        let mut keys: Vec<Option<String>> = Vec::new();
        for slice in $list.slices() {
            let missing = $list.fetch() - rows.len() as i64;
            if missing <= 0 {
                break;
            }
            let passing = $list.passing(|branch| {
                let found = $query.filter(branch).filter(slice.range.clone());
                found.select($id).order(slice.order.clone()).limit(missing)
            });
            let more: Vec<($row, Option<String>)> = $crate::run!($conn, |c| $query
                .filter(passing)
                .filter(slice.range.clone())
                .select((<$row>::as_select(), $list.key()))
                .order(slice.order.clone())
                .limit(missing)
                .load(c))?;
            for (row, key) in more {
                rows.push(row);
                keys.push(key);
            }
        }
        $crate::query::Fetched { rows, keys, total }
    }};
}
