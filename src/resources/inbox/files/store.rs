//! All SQL of files, apart from what they belong to ([`super::links`]) and where their bytes are ([`super::storage`]).

use diesel::expression::IntoSql;
use diesel::sql_types::Bool;

use super::model::{File, FileRow, FileStatus};
use super::{links, sight};
use crate::access::links::PublicUrl;
use crate::access::token::{self, TokenKind};
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Context, Error, Result, Tx, Window};
use crate::resources::inbox::conversations::visibility::Sight;
use crate::schema::{file_chunks, file_tokens, files};
use crate::{lock, lock_to_delete, run, run_page};

/// A file, if the caller may see it.
pub async fn find(ctx: &Context, conn: &mut Conn, id: Id) -> Result<Option<File>> {
    let space = ctx.space();
    let row: Option<FileRow> =
        run!(conn, |c| files::table.find((space, id)).select(FileRow::as_select()).first(c)).optional()?;
    let seen = sight::seen(ctx, conn, row.into_iter().collect()).await?;
    Ok(complete(ctx, conn, seen).await?.pop())
}

/// The file that a token opens, if it is one of the caller's space.
pub async fn find_by_token(ctx: &Context, conn: &mut Conn, token: &str) -> Result<Option<File>> {
    match holder(conn, token).await? {
        Some((space, id)) if space == ctx.space() => find(ctx, conn, id).await,
        _ => Ok(None),
    }
}

/// The space and id of the file that a token opens.
pub async fn holder(conn: &mut Conn, token: &str) -> Result<Option<(Id, Id)>> {
    // What was never one of ours need not be looked up.
    if !matches!(token::parse(token), Some((TokenKind::File, _))) {
        return Ok(None);
    }
    let found = run!(conn, |c| file_tokens::table
        .find(token)
        .select((file_tokens::organization_id, file_tokens::file_id))
        .first(c));
    Ok(found.optional()?)
}

/// The row of a file in any space.
pub async fn row(conn: &mut Conn, space: Id, id: Id) -> Result<Option<FileRow>> {
    Ok(run!(conn, |c| files::table.find((space, id)).select(FileRow::as_select()).first(c)).optional()?)
}

/// The file that a write is about, locked.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<File> {
    let space = tx.space();
    let row: Option<FileRow> = lock!(tx, files::table.find((space, id)).select(FileRow::as_select()))?;
    of_write(tx, row).await
}

/// The file that is about to be deleted, locked; nothing can come to have it meanwhile.
pub async fn target_to_delete(tx: &mut Tx<'_>, id: Id) -> Result<File> {
    let space = tx.space();
    let row: Option<FileRow> = lock_to_delete!(tx, files::table.find((space, id)).select(FileRow::as_select()))?;
    of_write(tx, row).await
}

async fn of_write(tx: &mut Tx<'_>, row: Option<FileRow>) -> Result<File> {
    let ctx = tx.ctx().clone();
    let seen = sight::seen(&ctx, tx, row.into_iter().collect()).await?;
    let file = complete(&ctx, tx, seen).await?.pop();
    tx.target(file)
}

/// The files that the caller may see, or those of them that are so far.
pub async fn list(
    ctx: &Context,
    conn: &mut Conn,
    status: Option<FileStatus>,
    window: &Window,
) -> Result<(Vec<File>, Option<i64>)> {
    let (space, any) = (ctx.space(), status.is_none());
    let status = status.unwrap_or(FileStatus::Ready);
    let sight = Sight::of(ctx, conn).await?;
    let (sees_all, seen) = (matches!(sight, Sight::All), sight.predicate());
    let (rows, total) = run_page!(
        conn,
        window,
        files::id,
        FileRow,
        files::table
            .filter(files::organization_id.eq(space))
            .filter(any.into_sql::<Bool>().or(files::status.eq(status)))
            .filter(sees_all.into_sql::<Bool>().or(sight::is_free!()).or(sight::is_seen!(seen.clone())))
    );
    Ok((complete(ctx, conn, rows).await?, total))
}

/// Files with what they belong to: one statement for all of them.
pub async fn complete(ctx: &Context, conn: &mut Conn, rows: Vec<FileRow>) -> Result<Vec<File>> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let mut linked = links::of_files(conn, ctx.space(), &ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| File { url: url(ctx, &row), linked_to: linked.remove(&row.id).unwrap_or_default(), row })
        .collect())
}

/// Where anybody can get the file who has its token. The server's own address stands before it only where it is configured: the
/// one that a client has reached the server by is that client's word.
pub fn url(ctx: &Context, row: &FileRow) -> Option<String> {
    let base = ctx.app().services().get::<PublicUrl>().map_or("", |PublicUrl(base)| base.trim_end_matches('/'));
    (row.status == FileStatus::Ready).then(|| format!("{base}/f/{}", row.token))
}

/// A new token for a file.
pub fn new_token() -> Result<String> {
    token::generate(TokenKind::File).map_err(Error::internal)
}

/// Stores a new file with its token, and says nothing of it yet.
pub async fn insert(tx: &mut Tx<'_>, row: FileRow) -> Result<File> {
    run!(tx, |c| diesel::insert_into(files::table).values(&row).execute(c))?;
    insert_token(tx, &row).await?;
    Ok(File { url: url(tx.ctx(), &row), linked_to: Vec::new(), row })
}

async fn insert_token(tx: &mut Tx<'_>, row: &FileRow) -> Result<()> {
    run!(tx, |c| diesel::insert_into(file_tokens::table)
        .values((
            file_tokens::token.eq(&row.token),
            file_tokens::organization_id.eq(row.organization_id),
            file_tokens::file_id.eq(row.id),
        ))
        .execute(c))?;
    Ok(())
}

/// Stores what has become of a file.
pub async fn save(tx: &mut Tx<'_>, mut file: File) -> Result<File> {
    file.row.updated_at = tx.now();
    run!(tx, |c| diesel::update(files::table.find((file.organization_id, file.id))).set(&file.row).execute(c))?;
    file.url = url(tx.ctx(), &file.row);
    Ok(file)
}

/// Gives a file another token; the one it had opens nothing any more.
pub async fn replace_token(tx: &mut Tx<'_>, mut file: File, token: String) -> Result<File> {
    run!(tx, |c| diesel::delete(file_tokens::table.find(&file.token)).execute(c))?;
    file.row.token = token;
    insert_token(tx, &file.row).await?;
    save(tx, file).await
}

/// Takes a file away; its bytes are for the caller.
pub async fn delete(tx: &mut Tx<'_>, file: &File) -> Result<()> {
    run!(tx, |c| diesel::delete(files::table.find((file.organization_id, file.id))).execute(c))?;
    Ok(())
}

/// A chunk of an upload.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = file_chunks)]
pub struct Chunk {
    pub organization_id: Id,
    pub file_id: Id,
    pub start: i64,
    pub size: i64,
    pub sha256: String,
    pub key: String,
}

/// What has arrived of an upload, in its order.
pub async fn chunks(conn: &mut Conn, space: Id, file: Id) -> Result<Vec<Chunk>> {
    Ok(run!(conn, |c| file_chunks::table
        .filter(file_chunks::organization_id.eq(space).and(file_chunks::file_id.eq(file)))
        .order(file_chunks::start)
        .select(Chunk::as_select())
        .load(c))?)
}

/// Stores a chunk.
pub async fn insert_chunk(tx: &mut Tx<'_>, chunk: &Chunk) -> Result<()> {
    run!(tx, |c| diesel::insert_into(file_chunks::table).values(chunk).execute(c))?;
    Ok(())
}
