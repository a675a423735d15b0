//! Which files a caller sees: those that belong to no message yet, and those of messages in conversations within sight. A contact
//! sees those that they have sent themselves. Others do not exist for them.

use std::collections::HashSet;

use super::model::FileRow;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Context, Result};
use crate::resources::inbox::conversations::visibility::Sight;
use crate::run;
use crate::schema::files;

/// Whether a file belongs to nothing.
macro_rules! is_free {
    () => {
        diesel::dsl::not(diesel::dsl::exists(
            $crate::schema::file_links::table
                .filter($crate::schema::file_links::organization_id.eq(files::organization_id))
                .filter($crate::schema::file_links::file_id.eq(files::id)),
        ))
    };
}

/// Whether a file belongs to a message in a conversation that passes a condition.
macro_rules! is_seen {
    ($condition:expr) => {{
        use $crate::schema::{conversations as c, file_links as l, messages as m};
        diesel::dsl::exists(
            l::table
                .inner_join(m::table.on(m::organization_id.eq(l::organization_id).and(m::id.eq(l::object_id))))
                .inner_join(c::table.on(c::organization_id.eq(m::organization_id).and(c::id.eq(m::conversation_id))))
                .filter(l::organization_id.eq(files::organization_id).and(l::file_id.eq(files::id)))
                .filter(l::object_type.eq($crate::resources::inbox::files::LinkType::Message))
                .filter(c::deleted_at.is_null())
                .filter($condition),
        )
    }};
}

pub(super) use {is_free, is_seen};

/// Those of these files that the caller sees.
pub async fn seen(ctx: &Context, conn: &mut Conn, rows: Vec<FileRow>) -> Result<Vec<FileRow>> {
    if let Some(contact) = ctx.caller()?.contact {
        return Ok(rows.into_iter().filter(|row| row.contact_id == Some(contact)).collect());
    }
    let visible = seen_ids(ctx, conn, rows.iter().map(|row| row.id).collect()).await?;
    Ok(rows.into_iter().filter(|row| visible.contains(&row.id)).collect())
}

/// Those of these files that the caller, a user or a key, sees.
pub async fn seen_ids(ctx: &Context, conn: &mut Conn, ids: Vec<Id>) -> Result<HashSet<Id>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let sight = Sight::of(ctx, conn).await?;
    if matches!(sight, Sight::All) {
        return Ok(ids.into_iter().collect());
    }
    let (space, condition) = (ctx.space(), sight.predicate());
    let visible: Vec<Id> = run!(conn, |c| files::table
        .filter(files::organization_id.eq(space).and(files::id.eq_any(&ids)))
        .filter(is_free!().or(is_seen!(condition.clone())))
        .select(files::id)
        .load(c))?;
    Ok(visible.into_iter().collect())
}
