//! Lists of conversations, and how many there are of each kind.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fields::FIELDS;
use super::model::Conversation;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Context, Output, Result};
use crate::query::{Asker, Fetched, Listing, Predicate};
use crate::resources::crm::tags::TaggedType;
use crate::schema::{conversations, tag_uses, tags};
use crate::{run, run_list, text_enum};

/// Narrows a list by arguments of its own, each of which stands for a query: `("status", "open")`. What is `None` does not matter.
pub fn narrowed<const N: usize>(ctx: &Context, wanted: [(&str, Option<String>); N]) -> Result<Predicate> {
    let asker = Asker::anybody(ctx);
    let mut all = Vec::new();
    for (field, value) in wanted {
        let Some(value) = value else { continue };
        let query = FIELDS.check(&format!("{field}:{value}"), &asker);
        all.push(query.map_err(|error| error.of_argument(format!("/{field}")))?.predicate());
    }
    Ok(Predicate::all(all))
}

/// The conversations of a list.
pub async fn page(conn: &mut Conn, space: Id, list: &Listing) -> Result<Fetched<Conversation>> {
    Ok(run_list!(
        conn,
        list,
        Conversation,
        conversations::id,
        conversations::table.filter(conversations::organization_id.eq(space).and(conversations::deleted_at.is_null()))
    ))
}

/// The ids of the conversations that pass, after one of them and in their order.
pub async fn ids(conn: &mut Conn, space: Id, passing: &Predicate, after: Id, most: i64) -> Result<Vec<Id>> {
    Ok(run!(conn, |c| conversations::table
        .filter(conversations::organization_id.eq(space).and(conversations::deleted_at.is_null()))
        .filter(conversations::id.gt(after))
        .filter(passing.clone())
        .order(conversations::id)
        .limit(most)
        .select(conversations::id)
        .load(c))?)
}

/// The conversations that pass, after one of them and in the order of their ids.
pub async fn after(conn: &mut Conn, space: Id, passing: &Predicate, after: Id, most: i64) -> Result<Vec<Conversation>> {
    Ok(run!(conn, |c| conversations::table
        .filter(conversations::organization_id.eq(space).and(conversations::deleted_at.is_null()))
        .filter(conversations::id.gt(after))
        .filter(passing.clone())
        .order(conversations::id)
        .limit(most)
        .select(Conversation::as_select())
        .load(c))?)
}

text_enum! {
    /// What conversations are counted by.
    pub enum GroupBy {
        /// Where they stand.
        Status = "status",
        /// The user they are assigned to.
        Assignee = "assignee",
        /// The team they are assigned to.
        Team = "team",
        /// The channel they are held on.
        Channel = "channel",
        /// Their tags; one with several tags counts for each.
        Tag = "tag",
    }
}

/// How many conversations have something in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// What they have in common: a status, a tag, or the id of a user, team or channel; null for those that have none.
    pub key: Option<String>,
    /// How many there are.
    pub count: i64,
}

/// How many conversations there are of each kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// The kinds, those with the most conversations first.
    pub groups: Vec<Group>,
}

impl Output for Counts {}

/// Counts the conversations that pass a condition.
pub async fn count(conn: &mut Conn, space: Id, by: GroupBy, passing: Predicate) -> Result<Counts> {
    macro_rules! count_by {
        ($column:expr, $type:ty) => {{
            let rows: Vec<($type, i64)> = run!(conn, |c| conversations::table
                .filter(conversations::organization_id.eq(space).and(conversations::deleted_at.is_null()))
                .filter(passing.clone())
                .group_by($column)
                .select(($column, diesel::dsl::count_star()))
                .load(c))?;
            rows
        }};
    }
    let ids = |rows: Vec<(Option<Id>, i64)>| -> Vec<Group> {
        rows.into_iter().map(|(id, count)| Group { key: id.map(|id| id.to_string()), count }).collect()
    };
    let mut groups = match by {
        GroupBy::Status => count_by!(conversations::status, String)
            .into_iter()
            .map(|(status, count)| Group { key: Some(status), count })
            .collect(),
        GroupBy::Assignee => ids(count_by!(conversations::assigned_to_user_id, Option<Id>)),
        GroupBy::Team => ids(count_by!(conversations::team_id, Option<Id>)),
        GroupBy::Channel => {
            let rows = count_by!(conversations::channel_id, Id);
            ids(rows.into_iter().map(|(id, count)| (Some(id), count)).collect())
        }
        GroupBy::Tag => count_tags(conn, space, passing).await?,
    };
    groups.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.key.cmp(&other.key)));
    Ok(Counts { groups })
}

async fn count_tags(conn: &mut Conn, space: Id, passing: Predicate) -> Result<Vec<Group>> {
    let rows: Vec<(String, i64)> = run!(conn, |c| tag_uses::table
        .inner_join(conversations::table.on(
            conversations::organization_id.eq(tag_uses::organization_id).and(conversations::id.eq(tag_uses::object_id))
        ))
        .inner_join(
            tags::table.on(tags::organization_id.eq(tag_uses::organization_id).and(tags::key.eq(tag_uses::tag_key)))
        )
        .filter(tag_uses::organization_id.eq(space).and(tag_uses::object_type.eq(TaggedType::Conversation)))
        .filter(conversations::deleted_at.is_null())
        .filter(passing.clone())
        .group_by(tags::name)
        .select((tags::name, diesel::dsl::count_star()))
        .load(c))?;
    Ok(rows.into_iter().map(|(tag, count)| Group { key: Some(tag), count }).collect())
}
