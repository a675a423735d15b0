//! What files belong to. Whoever has messages to show or to send uses this: [`attach`], [`detach`], [`attachments_of`].

use std::collections::{HashMap, HashSet};

use super::model::{Attachment, FileRow, FileStatus, Link, LinkType};
use super::{sight, store};
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Context, Error, FieldError, Result, Tx};
use crate::schema::{file_links, files};
use crate::{keep, run, run_each};

/// Attaches files to a message, behind those that it has already, in the order in which they are named; naming one twice, or one
/// that it has, does nothing. Answers all attachments that the message has then.
///
/// `pointer` is the argument that names them: `/file_ids`, or `/file_id` for one. A file that is not there, not for the caller to see,
/// or not ready, is an error of its place in it. One that is quarantined is attached and shown to nobody. `allows` says which content types may be attached: see
/// [`Channel::allows`](crate::resources::channels::channels::Channel::allows).
pub async fn attach(
    tx: &mut Tx<'_>,
    pointer: &str,
    file_ids: &[Id],
    message: Id,
    allows: impl Fn(&str) -> bool,
) -> Result<Vec<Attachment>> {
    let space = tx.space();
    // From here on nobody can delete them.
    let of_space = files::table.filter(files::organization_id.eq(space));
    let found: Vec<FileRow> =
        keep!(tx, of_space.filter(files::id.eq_any(file_ids)).order(files::id).select(FileRow::as_select()))?;
    let ctx = tx.ctx().clone();
    let found = sight::seen(&ctx, tx, found).await?;
    let mut problems = Vec::new();
    for (index, id) in file_ids.iter().enumerate() {
        let problem = match found.iter().find(|file| file.id == *id) {
            None => ("unknown_id", format!("there is no file {id}")),
            Some(file) => match file.status {
                FileStatus::Uploading => ("not_ready", "this file is still being uploaded".into()),
                FileStatus::Rejected => ("not_ready", "the bytes of this file were not kept".into()),
                FileStatus::Ready | FileStatus::Quarantined if allows(&file.content_type) => continue,
                FileStatus::Ready | FileStatus::Quarantined => {
                    ("not_allowed", format!("files of the type {} are not allowed here", file.content_type))
                }
            },
        };
        // An argument that names one file has no places in it.
        let at = if pointer.ends_with('s') { format!("{pointer}/{index}") } else { pointer.to_owned() };
        problems.push(FieldError::new(at, problem.0, problem.1));
    }
    if !problems.is_empty() {
        return Err(Error::arguments(tx.ctx().method(), problems));
    }
    let present = rows_of(tx, space, &[message]).await?;
    let mut has: HashSet<Id> = present.iter().map(|(_, _, file)| file.id).collect();
    let first = present.iter().map(|(_, position, _)| position + 1).max().unwrap_or(0);
    let new: Vec<_> = file_ids
        .iter()
        .filter(|id| has.insert(**id))
        .zip(first..)
        .map(|(id, position)| {
            (
                file_links::organization_id.eq(space),
                file_links::object_type.eq(LinkType::Message),
                file_links::object_id.eq(message),
                file_links::file_id.eq(*id),
                file_links::position.eq(position),
            )
        })
        .collect();
    run_each!(tx, &new, |c, link| diesel::insert_into(file_links::table).values(*link).execute(c))?;
    Ok(attachments_of(&ctx, tx, &[message]).await?.remove(&message).unwrap_or_default())
}

/// Takes a file off a message; answers whether it was attached.
pub async fn detach(tx: &mut Tx<'_>, file: Id, message: Id) -> Result<bool> {
    let space = tx.space();
    let gone =
        run!(tx, |c| diesel::delete(file_links::table.find((space, LinkType::Message, message, file))).execute(c))?;
    Ok(gone == 1)
}

/// Takes all files off messages that go. The files stay.
pub async fn detach_all(tx: &mut Tx<'_>, messages: &[Id]) -> Result<()> {
    let space = tx.space();
    run!(tx, |c| diesel::delete(file_links::table)
        .filter(file_links::organization_id.eq(space).and(file_links::object_type.eq(LinkType::Message)))
        .filter(file_links::object_id.eq_any(messages))
        .execute(c))?;
    Ok(())
}

/// The attachments of each of these messages, in their order: one statement for all of them. Messages without any are left out.
pub async fn attachments_of(ctx: &Context, conn: &mut Conn, messages: &[Id]) -> Result<HashMap<Id, Vec<Attachment>>> {
    let mut all: HashMap<Id, Vec<Attachment>> = HashMap::new();
    if !messages.is_empty() {
        for (message, _, file) in rows_of(conn, ctx.space(), messages).await? {
            all.entry(message).or_default().push(Attachment::of(&file, store::url(ctx, &file)));
        }
    }
    Ok(all)
}

async fn rows_of(conn: &mut Conn, space: Id, messages: &[Id]) -> Result<Vec<(Id, i32, FileRow)>> {
    let of_file = files::organization_id.eq(file_links::organization_id).and(files::id.eq(file_links::file_id));
    Ok(run!(conn, |c| file_links::table
        .inner_join(files::table.on(of_file))
        .filter(file_links::organization_id.eq(space).and(file_links::object_type.eq(LinkType::Message)))
        .filter(file_links::object_id.eq_any(messages))
        .order((file_links::object_id, file_links::position))
        .select((file_links::object_id, file_links::position, FileRow::as_select()))
        .load(c))?)
}

/// What each of these files belongs to. Files that belong to nothing are left out.
pub async fn of_files(conn: &mut Conn, space: Id, ids: &[Id]) -> Result<HashMap<Id, Vec<Link>>> {
    let mut all: HashMap<Id, Vec<Link>> = HashMap::new();
    if ids.is_empty() {
        return Ok(all);
    }
    let links: Vec<(Id, LinkType, Id)> = run!(conn, |c| file_links::table
        .filter(file_links::organization_id.eq(space).and(file_links::file_id.eq_any(ids)))
        .order((file_links::file_id, file_links::object_type, file_links::object_id))
        .select((file_links::file_id, file_links::object_type, file_links::object_id))
        .load(c))?;
    for (file, type_, id) in links {
        all.entry(file).or_default().push(Link { type_, id });
    }
    Ok(all)
}
