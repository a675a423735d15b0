//! The fields that queries may name, object by object: data, so that a table here reads like the one in the documentation.

use serde_json::Value;

use super::eval::Facts;
use crate::method::Scope;
use crate::text_enum;

mod make;

pub use make::*;

text_enum! {
    /// What a field holds, and so what it can be compared with.
    pub enum Kind {
        /// A word, compared as a whole and in any case, or with wildcards.
        Keyword = "keyword",
        /// Text, in which words and phrases are looked for.
        Text = "text",
        /// A number.
        Number = "number",
        /// An instant.
        Timestamp = "timestamp",
        /// True or false.
        Boolean = "boolean",
        /// A list of words, of which any may match.
        List = "list",
        /// A document, into which a path leads: `metadata.source.id`.
        Open = "open",
    }
}

/// The fields of an object.
#[derive(Debug)]
pub struct Table {
    /// The object's type: `contact`.
    pub object: &'static str,
    /// The SQL table.
    pub sql: &'static str,
    /// The fields.
    pub fields: &'static [Field],
    /// Says what fields are, of an object as callers see it, where that shows them in another way than queries name them.
    pub(super) derive: Option<fn(&Value, &mut Facts)>,
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name: `contact.email`.
    pub name: &'static str,
    /// Other names it goes by.
    pub aliases: &'static [&'static str],
    /// What it holds.
    pub kind: Kind,
    /// Where its value is.
    pub(super) place: Place,
    /// How the value is kept there.
    pub(super) kept: Kept,
    /// The row that has it, if that is not the object's own.
    pub(super) of: Option<&'static Related>,
    /// Whether words without a field are looked for in it.
    pub is_default: bool,
    /// How lists are sorted by it.
    pub(super) sort: Option<Sort>,
    /// The words it can be, if they are few.
    pub words: &'static [&'static str],
    /// What `me` or `my_teams` stands for in it.
    pub(super) stands_for: StandsFor,
    /// How words are folded that it is compared with.
    pub(super) fold: fn(&str) -> String,
    /// An SQL condition that holds whenever the number is at least this much: the one of a partial index.
    pub(super) implies: Option<(i64, &'static str)>,
    /// Whether an index leads from a value to the rows that have it.
    pub(super) is_indexed: bool,
    /// Whether every row has a value.
    pub(super) is_always_there: bool,
    /// The scope without which it cannot be asked for.
    pub(super) needs: Option<Scope>,
}

/// Where a value is. `{t}` in SQL stands for the table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// A column.
    Column(&'static str),
    /// Under keys of a document in a column.
    Path(&'static str, &'static [&'static str]),
    /// In the words that the row is stored with.
    Words(&'static str),
    /// Anywhere in a document in a column; the rest of the field's name says where.
    Document(&'static str),
    /// In the full-text index.
    Search(Indexed),
    /// What SQL makes of the row, on SQLite and on PostgreSQL.
    Sql(&'static str, &'static str),
    /// Nowhere: no object has it yet.
    Nowhere,
}

/// Entries of the full-text index that belong to an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indexed {
    /// The kind of the entries.
    pub kind: &'static str,
    /// Private ones, or public ones.
    pub is_private: bool,
    /// Whether the object is the parent of what has the words, as a conversation is of messages.
    pub by_parent: bool,
}

/// How a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Text, as it was sent.
    Text,
    /// Text that is folded already, such as the words of an enum.
    Folded,
    /// An identifier.
    Id,
    /// A whole number, so many to one.
    Whole(i64),
    /// A number of a document.
    Float,
    /// A boolean.
    Bool,
    /// An instant.
    Instant,
    /// An instant of a document, as text.
    InstantText,
    /// A list of texts.
    Texts,
    /// A list of texts that are folded already, or of identifiers.
    FoldedTexts,
    /// A document.
    Json,
}

/// Rows of another table that belong to the object.
#[derive(Debug)]
pub struct Related {
    /// The table.
    pub table: &'static str,
    /// The object's column that both have in common.
    pub own: &'static str,
    /// The other table's column for it.
    pub other: &'static str,
    /// What else must hold of the other row; `{t}` stands for its table. Empty for nothing.
    pub only: &'static str,
    /// Whether it is looked for once for each row at hand, and not all at once beforehand: for what nearly all rows have.
    pub by_row: bool,
}

impl Related {
    /// Rows of `table` whose column `other` is the object's column `own`.
    pub const fn of(table: &'static str, other: &'static str, own: &'static str) -> Self {
        Self { table, own, other, only: "", by_row: false }
    }

    /// Only those of which this holds, too; `{t}` stands for the table.
    pub const fn only(mut self, condition: &'static str) -> Self {
        self.only = condition;
        self
    }

    /// Looks for them once for each row at hand: for what nearly all rows have.
    pub const fn by_row(mut self) -> Self {
        self.by_row = true;
        self
    }
}

/// What `me` and `my_teams` stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StandsFor {
    /// Nothing: they are words as any other.
    Nothing,
    /// The caller's user.
    Me,
    /// The caller's teams.
    MyTeams,
}

/// How a list is sorted by a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sort {
    /// By the value.
    Value,
    /// By the id, whose order is that of creation.
    Id,
    /// By the first characters, in any case: no more of them fit into a cursor.
    Prefix(&'static str),
    /// By the place in the list of words, of which there are few.
    Rank,
}

impl Table {
    /// The fields of an object that is kept in an SQL table.
    pub const fn of(object: &'static str, sql: &'static str, fields: &'static [Field]) -> Self {
        Self { object, sql, fields, derive: None }
    }

    /// What callers see of an object shows some fields in another way than queries name them; `derive` says what those are.
    pub const fn deriving(mut self, derive: fn(&Value, &mut Facts)) -> Self {
        self.derive = Some(derive);
        self
    }

    /// The names by which fields are known, with their other names; open ones as they are, without a path.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.fields.iter().flat_map(|field| std::iter::once(field.name).chain(field.aliases.iter().copied()))
    }

    /// The fields that lists can be sorted by.
    pub fn sortable(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(|field| field.sort.is_some())
    }

    /// The field with this name, and what is left of the name if it is open.
    pub(super) fn find<'p>(&self, path: &'p [String]) -> Option<(&'static Field, &'p [String])> {
        let name = path.join(".");
        let goes_by = |field: &&Field, name: &str| field.name == name || field.aliases.contains(&name);
        if let Some(field) = self.fields.iter().find(|field| goes_by(field, &name))
            && field.kind != Kind::Open
        {
            return Some((field, &[]));
        }
        let (first, rest) = path.split_first()?;
        let field = self.fields.iter().find(|field| field.kind == Kind::Open && goes_by(field, first))?;
        Some((field, rest))
    }
}

impl Field {
    const fn new(name: &'static str, kind: Kind, place: Place, kept: Kept) -> Self {
        Self {
            name,
            aliases: &[],
            kind,
            place,
            kept,
            of: None,
            is_default: false,
            sort: None,
            words: &[],
            stands_for: StandsFor::Nothing,
            fold: lower,
            implies: None,
            is_indexed: false,
            is_always_there: false,
            needs: None,
        }
    }

    /// No object has a value yet: what would give it one is not built.
    pub const fn nowhere(mut self) -> Self {
        self.place = Place::Nowhere;
        if self.sort.is_some() {
            self.sort = Some(Sort::Id);
        }
        self
    }

    /// Whether lists can be sorted by it.
    pub const fn is_sortable(&self) -> bool {
        self.sort.is_some()
    }

    /// Gives the field other names.
    pub const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The value is under these keys of the document in the column.
    pub const fn path(mut self, keys: &'static [&'static str]) -> Self {
        if let Place::Column(column) = self.place {
            self.place = Place::Path(column, keys);
        }
        self.kept = match (self.kept, self.kind) {
            (Kept::Id, _) => Kept::Folded,
            (Kept::Whole(1), _) => Kept::Float,
            (Kept::Instant, _) => Kept::InstantText,
            (kept, _) => kept,
        };
        self
    }

    /// The value is what SQL makes of the row, on SQLite and on PostgreSQL; `{t}` stands for the table.
    pub const fn sql(mut self, sqlite: &'static str, postgres: &'static str) -> Self {
        self.place = Place::Sql(sqlite, postgres);
        self
    }

    /// The value is in rows of another table.
    pub const fn through(mut self, related: &'static Related) -> Self {
        self.of = Some(related);
        self
    }

    /// Words without a field are looked for in it.
    pub const fn by_default(mut self) -> Self {
        self.is_default = true;
        self
    }

    /// Lists can be sorted by it.
    pub const fn sortable(mut self) -> Self {
        self.sort = Some(Sort::Value);
        self
    }

    /// Lists can be sorted by it, and the id tells the order.
    pub const fn sortable_by_id(mut self) -> Self {
        self.sort = Some(Sort::Id);
        self
    }

    /// Lists can be sorted by the first characters of the text in a column.
    pub const fn sortable_by_prefix(mut self, column: &'static str) -> Self {
        self.sort = Some(Sort::Prefix(column));
        self
    }

    /// Lists can be sorted by the place of the word in the list of words.
    pub const fn sortable_by_rank(mut self) -> Self {
        self.sort = Some(Sort::Rank);
        self
    }

    /// The value is kept folded, so that it is compared as it is.
    pub const fn folded(mut self) -> Self {
        self.kept = match self.kept {
            Kept::Text => Kept::Folded,
            Kept::Texts => Kept::FoldedTexts,
            kept => kept,
        };
        self
    }

    /// Words are folded so before they are compared with the value, which is kept folded.
    pub const fn folded_by(mut self, fold: fn(&str) -> String) -> Self {
        self.fold = fold;
        self.folded()
    }

    /// It is one of these words.
    pub const fn among(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    /// `me` stands for the caller's user.
    pub const fn of_users(mut self) -> Self {
        self.stands_for = StandsFor::Me;
        self
    }

    /// `my_teams` stands for the teams of the caller's user.
    pub const fn of_teams(mut self) -> Self {
        self.stands_for = StandsFor::MyTeams;
        self
    }

    /// Every row has a value, so that none need be looked for that has not.
    pub const fn always(mut self) -> Self {
        self.is_always_there = true;
        self
    }

    /// An index leads from a value to the rows that have it. Not for text that is kept as it was sent: it is folded to be compared.
    pub const fn indexed(mut self) -> Self {
        self.is_indexed = true;
        self
    }

    /// Whenever the number is at least this much, `condition` holds: the one of a partial index.
    pub const fn implies(mut self, least: i64, condition: &'static str) -> Self {
        self.implies = Some((least, condition));
        self
    }

    /// The number is kept as a whole one, so many to one.
    pub const fn in_parts(mut self, parts: i64) -> Self {
        self.kept = Kept::Whole(parts);
        self
    }

    /// Only callers with this scope can ask for it.
    pub const fn needs(mut self, scope: Scope) -> Self {
        self.needs = Some(scope);
        self
    }
}

/// How keywords are folded: A to Z alone, as both databases do it.
pub(super) fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}
