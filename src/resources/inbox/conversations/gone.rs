//! Conversations whose time to be restored is over.

use super::methods::RESTORABLE;
use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::method::Result;
use crate::resources::crm::tags::TaggedType;
use crate::schema::{conversations, search_words, tag_uses};
use crate::{run, run_each};

/// Takes out conversations that were deleted too long ago to be restored, with their messages and all else that is theirs, `most` of
/// them; answers how many.
pub async fn take_out(conn: &mut Conn, now: Timestamp, most: i64) -> Result<usize> {
    let over: Vec<(Id, Id)> = run!(conn, |c| conversations::table
        .filter(conversations::deleted_at.le(now.plus_seconds(-RESTORABLE)))
        .select((conversations::organization_id, conversations::id))
        .limit(most)
        .load(c))?;
    run_each!(conn, &over, |c, key| diesel::delete(
        search_words::table
            .filter(search_words::organization_id.eq(key.0))
            .filter(search_words::parent_id.eq(key.1).or(search_words::id.eq(key.1)))
    )
    .execute(c))?;
    run_each!(conn, &over, |c, key| diesel::delete(
        tag_uses::table
            .filter(tag_uses::organization_id.eq(key.0).and(tag_uses::object_type.eq(TaggedType::Conversation)))
            .filter(tag_uses::object_id.eq(key.1))
    )
    .execute(c))?;
    run_each!(conn, &over, |c, key| diesel::delete(conversations::table.find(*key)).execute(c))?;
    Ok(over.len())
}
