//! Full text: the words of every text that is searched, in one table with an index of the database's own.
//!
//! PostgreSQL has a GIN index over them as a `tsvector`, SQLite an FTS5 table that triggers keep. Both hold the words as
//! [`words`](super::words) makes them, so both find the same.

use super::pattern::{Pattern, Piece};
use super::predicate::{Part, Predicate, Sql};
use super::sql::{Compiler, Dialect, needle};
use super::table::Indexed;
use super::words;
use crate::db::prelude::*;
use crate::db::{Backend, Conn, Id};
use crate::method::{Result, Tx};
use crate::run;
use crate::schema::search_words;

mod endings;

/// A text to be found by its words.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What has the text: `message`, `contact`. Letters only.
    pub kind: &'static str,
    /// The object that has the text.
    pub id: Id,
    /// The object that the object belongs to, as a message to a conversation.
    pub parent: Option<Id>,
    /// Whether it is found by those alone who may read what is private.
    pub is_private: bool,
    /// The words, folded: see [`words::fold`].
    pub words: String,
}

/// An entry as it is stored.
#[derive(Clone, Debug, Insertable, AsChangeset)]
#[diesel(table_name = search_words, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct Row {
    organization_id: Id,
    id: Id,
    kind: &'static str,
    parent_id: Option<Id>,
    is_private: bool,
    row: i64,
    words: String,
}

impl Row {
    /// The row of an entry. `row` numbers it among all rows of the database, rising with the time of creation.
    pub fn new(space: Id, entry: Entry, row: i64) -> Self {
        let Entry { kind, id, parent, is_private, words } = entry;
        let words = scope(space, kind, is_private) + &words;
        Self { organization_id: space, id, kind, parent_id: parent, is_private, row, words }
    }
}

/// Stores the words of a text, in place of what was stored for the object before.
pub async fn put(tx: &mut Tx<'_>, entry: Entry) -> Result<()> {
    if entry.words.is_empty() {
        return remove(tx, entry.kind, entry.id).await;
    }
    let space = tx.space();
    let row = free_row(tx, entry.id).await?;
    let new = Row::new(space, entry, row);
    let changes = (
        search_words::parent_id.eq(new.parent_id),
        search_words::is_private.eq(new.is_private),
        search_words::words.eq(new.words.clone()),
    );
    run!(tx, |c| diesel::insert_into(search_words::table)
        .values(&new)
        .on_conflict((search_words::organization_id, search_words::id))
        .do_update()
        .set(changes.clone())
        .execute(c))?;
    Ok(())
}

/// Takes away the words of an object.
pub async fn remove(tx: &mut Tx<'_>, kind: &'static str, id: Id) -> Result<()> {
    let space = tx.space();
    run!(tx, |c| diesel::delete(search_words::table.find((space, id)).filter(search_words::kind.eq(kind))).execute(c))?;
    Ok(())
}

/// Takes away the words of everything that belongs to an object.
pub async fn remove_below(tx: &mut Tx<'_>, parent: Id) -> Result<()> {
    let space = tx.space();
    run!(tx, |c| diesel::delete(
        search_words::table.filter(search_words::organization_id.eq(space).and(search_words::parent_id.eq(parent)))
    )
    .execute(c))?;
    Ok(())
}

/// The bits of a row's number that tell those of one millisecond apart.
const WITHIN: u32 = 15;

/// A number for the row of an object, in the order of creation. On SQLite it is the key of the index, so no other row has it.
async fn free_row(tx: &mut Tx<'_>, id: Id) -> Result<i64> {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&id.as_bytes()[..8]);
    let head = u64::from_be_bytes(bytes);
    let first = ((head >> 16) << WITHIN) as i64;
    let Backend::Sqlite(mut conn) = tx.backend() else {
        return Ok(first | ((head & 0x0fff) << 3) as i64);
    };
    use diesel::RunQueryDsl as _;
    let mut from = first;
    loop {
        let until = ((from >> WITHIN) + 1) << WITHIN;
        let last: Option<i64> = search_words::table
            .filter(search_words::row.ge(from).and(search_words::row.lt(until)))
            .order(search_words::row.desc())
            .select(search_words::row)
            .first(&mut *conn)
            .optional()?;
        match last {
            None => return Ok(from),
            Some(last) if last + 1 < until => return Ok(last + 1),
            Some(_) => from = until,
        }
    }
}

/// The token that all words of a space have in common that are of one kind, public or private. No word begins as it does.
fn scope(space: Id, kind: &str, is_private: bool) -> String {
    format!("§{}{kind}{}", space.hex(), if is_private { "p" } else { "o" })
}

/// The rows of `search_words` with all words of a text; the last one may be the beginning of a word.
pub fn found(space: Id, kind: &'static str, is_private: bool, text: &str) -> Predicate {
    let words = as_typed(text);
    predicate(space, |compiler| {
        rows(compiler, Indexed { kind, is_private, by_parent: false }, &words, false, "search_words")
    })
}

/// Words to look for in several kinds of texts, the last of which may be the beginning of one.
#[derive(Clone, Debug)]
pub struct Typed {
    words: Vec<Pattern>,
    endings: Option<Vec<String>>,
}

impl Typed {
    /// The words of a text. How the last one goes on is looked up, for all kinds of texts at once.
    pub async fn read(conn: &mut Conn, text: &str) -> Result<Self> {
        let words = as_typed(text);
        let endings = match words.last().map(Pattern::pieces) {
            Some([Piece::Text(beginning), Piece::Many]) => endings::of(conn, beginning)?,
            _ => None,
        };
        Ok(Self { words, endings })
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The objects whose text has all of the words, newest first, each with what it belongs to. `most` bounds how many, and with it, on
    /// SQLite, what a word costs that is everywhere.
    pub async fn newest(
        &self,
        conn: &mut Conn,
        space: Id,
        kind: &'static str,
        is_private: bool,
        most: i64,
    ) -> Result<Vec<(Id, Option<Id>)>> {
        let indexed = Indexed { kind, is_private, by_parent: false };
        let found = predicate(space, |compiler| newest(compiler, indexed, self, most));
        Ok(run!(conn, |c| search_words::table
            .filter(found.clone())
            .order(search_words::row.desc())
            .limit(most)
            .select((search_words::id, search_words::parent_id))
            .load(c))?)
    }
}

/// The rows of `table` whose own text has all words of a text; the last one may be the beginning of a word.
pub fn typed(space: Id, table: &'static str, kind: &'static str, text: &str) -> Predicate {
    let words = as_typed(text);
    predicate(space, |compiler| {
        within(compiler, Indexed { kind, is_private: false, by_parent: false }, &words, false, table)
    })
}

/// What somebody typed so far.
fn as_typed(text: &str) -> Vec<Pattern> {
    let mut words: Vec<Pattern> = words::tokens(text).into_iter().map(Pattern::exact).collect();
    // The word is over once something else was typed after it.
    if text.ends_with(char::is_alphanumeric)
        && let Some(last) = words.last_mut()
    {
        last.push(Piece::Many);
    }
    words
}

fn predicate(space: Id, write: impl Fn(&mut Compiler)) -> Predicate {
    let compile = |dialect| {
        let mut compiler = Compiler { dialect, space, sql: Sql::default() };
        write(&mut compiler);
        compiler.sql
    };
    Predicate::new(compile(Dialect::Sqlite), compile(Dialect::Postgres))
}

/// Whether what is indexed for the row of `table` has these words side by side; any words if there are none of them.
pub(super) fn holds(compiler: &mut Compiler, indexed: Indexed, words: &[Pattern], table: &str) {
    within(compiler, indexed, words, true, table);
}

fn within(compiler: &mut Compiler, indexed: Indexed, words: &[Pattern], side_by_side: bool, table: &str) {
    let id = if indexed.by_parent { "parent_id" } else { "id" };
    compiler.push(&format!("\"{table}\".\"id\" IN (SELECT \"s\".\"{id}\" FROM \"search_words\" AS \"s\" WHERE "));
    if indexed.by_parent {
        compiler.push("\"s\".\"parent_id\" IS NOT NULL AND ");
    }
    rows(compiler, indexed, words, side_by_side, "s");
    compiler.push(")");
}

/// The rows of `search_words` that have the words, the newest of them.
fn newest(compiler: &mut Compiler, indexed: Indexed, typed: &Typed, most: i64) {
    let table = "search_words";
    if compiler.dialect == Dialect::Sqlite {
        let scope = scope(compiler.space, indexed.kind, indexed.is_private);
        compiler.push(&format!("\"{table}\".{IN_INDEX}"));
        compiler.text(match_of(&scope, &typed.words, typed.endings.as_deref()));
        // The index has its rows in order, so that the newest ones cost no more than they are.
        compiler.push(&format!(" ORDER BY rowid DESC LIMIT {most})"));
        belongs(compiler, indexed, table);
    } else {
        // Its index knows no order: they are all found, and the newest of them taken.
        rows(compiler, indexed, &typed.words, false, table);
    }
}

/// The rows that an FTS5 query finds; the query and a bracket follow.
const IN_INDEX: &str = "\"row\" IN (SELECT rowid FROM \"search_index\" WHERE \"search_index\" MATCH ";

/// What an index can look for: whole words, and beginnings of words.
fn beginnings(words: &[Pattern]) -> impl Iterator<Item = (&str, bool)> {
    words.iter().filter_map(|word| match word.pieces() {
        [Piece::Text(text)] => Some((text.as_str(), false)),
        [Piece::Text(text), ..] => Some((text.as_str(), true)),
        _ => None,
    })
}

/// An FTS5 query. Where it is known how the last word goes on, each of these words is looked for.
fn match_of(scope: &str, words: &[Pattern], endings: Option<&[String]>) -> String {
    let mut query = format!("\"{scope}\"");
    let words: Vec<(&str, bool)> = beginnings(words).collect();
    for (index, (word, is_beginning)) in words.iter().enumerate() {
        match endings.filter(|endings| index + 1 == words.len() && !endings.is_empty()) {
            Some(endings) => query.push_str(&format!(" AND (\"{}\")", endings.join("\" OR \""))),
            None => query.push_str(&format!(" AND \"{word}\"{}", if *is_beginning { " *" } else { "" })),
        }
    }
    query
}

/// The rows of the table that have the words. The index finds those that have them all; where that is not enough, they are read.
fn rows(compiler: &mut Compiler, indexed: Indexed, words: &[Pattern], side_by_side: bool, table: &str) {
    let scope = scope(compiler.space, indexed.kind, indexed.is_private);
    match compiler.dialect {
        Dialect::Sqlite => {
            compiler.push(&format!("\"{table}\".{IN_INDEX}"));
            compiler.text(match_of(&scope, words, None));
            compiler.push(")");
        }
        Dialect::Postgres => {
            let mut query = format!("'{scope}'");
            for (word, is_beginning) in beginnings(words) {
                query.push_str(&format!(" & '{word}'{}", if is_beginning { ":*" } else { "" }));
            }
            compiler.push(&format!("array_to_tsvector(string_to_array(rtrim(\"{table}\".\"words\"), ' ')) @@ "));
            compiler.text(query);
            compiler.push("::tsquery");
        }
    }
    belongs(compiler, indexed, table);
    let is_beginning = |word: &Pattern| matches!(word.pieces(), [Piece::Text(_)] | [Piece::Text(_), Piece::Many]);
    if side_by_side && !words.is_empty() && (words.len() > 1 || !words.iter().all(is_beginning)) {
        compiler.push(" AND ");
        let start = scope.chars().count() + 1;
        compiler.words(&format!("substr(\"{table}\".\"words\", {start})"), words);
    }
}

/// What the row must be, whatever its words are.
fn belongs(compiler: &mut Compiler, indexed: Indexed, table: &str) {
    compiler.push(&format!(" AND \"{table}\".\"organization_id\" = "));
    compiler.bind(Part::Id(compiler.space));
    let private = if indexed.is_private { "TRUE" } else { "FALSE" };
    compiler
        .push(&format!(" AND \"{table}\".\"kind\" = '{}' AND \"{table}\".\"is_private\" IS {private}", indexed.kind));
}

/// What tests of words in memory are asked of: see [`needle`].
pub(super) fn contains(folded: &str, words: &[Pattern]) -> bool {
    match needle(words) {
        Some(needle) => folded.contains(&needle),
        None => crate::db::functions::has_words(folded, &super::sql::spelled(words)),
    }
}
