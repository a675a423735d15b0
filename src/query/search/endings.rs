//! How words go on that are typed so far.

use diesel::RunQueryDsl;
use diesel::sql_types::{Integer, Text};

use crate::db::{Backend, Conn};
use crate::method::Result;

/// So many letters of a beginning have an index of their own on SQLite.
const INDEXED: usize = 2;
/// How many words are looked for one by one, at the most.
const MOST: i32 = 64;

/// From each word straight to the next one, past all texts that have it. Words are of letters and digits, so that no word lies between
/// a word and the same with the control character.
const NEXT: &str = "\
WITH RECURSIVE found (term) AS (
    SELECT (SELECT term FROM search_index_terms WHERE term >= ?1 AND term <= ?1 || char(1114111) LIMIT 1)
    UNION ALL
    SELECT (SELECT term FROM search_index_terms WHERE term >= found.term || char(1) AND term <= ?1 || char(1114111) LIMIT 1)
    FROM found WHERE found.term IS NOT NULL LIMIT ?2
)
SELECT term FROM found WHERE term IS NOT NULL";

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    term: String,
}

/// The words that begin so, on SQLite, where the texts with each of several words are found newest first, and those with a beginning are
/// not. None where it is better to look for the beginning.
pub(super) fn of(conn: &mut Conn, beginning: &str) -> Result<Option<Vec<String>>> {
    let Backend::Sqlite(mut conn) = conn.backend() else { return Ok(None) };
    if beginning.chars().count() <= INDEXED {
        return Ok(None);
    }
    let found: Vec<Found> =
        diesel::sql_query(NEXT).bind::<Text, _>(beginning).bind::<Integer, _>(MOST + 1).load(&mut *conn)?;
    Ok((found.len() <= MOST as usize).then(|| found.into_iter().map(|found| found.term).collect()))
}
