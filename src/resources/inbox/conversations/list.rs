//! Lists of conversations.

use diesel::dsl::exists;
use diesel::expression::IntoSql;
use diesel::sql_types::Bool;

use super::model::{Conversation, Status};
use super::visibility::Sight;
use crate::db::{Conn, Id, Timestamp};
use crate::method::{Result, Window};
use crate::run_page;
use crate::schema::{conversation_people, conversations};

/// Which conversations a list is about; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub company_id: Option<Id>,
    pub contact_id: Option<Id>,
    pub team_id: Option<Id>,
    pub assigned_to_user_id: Option<Id>,
    pub status: Option<Status>,
    pub channel_type: Option<String>,
    pub is_spam: Option<bool>,
    pub updated_after: Option<Timestamp>,
}

/// The conversations within sight that a filter lets through.
pub async fn page(
    conn: &mut Conn,
    space: Id,
    sight: &Sight,
    filter: &Filter,
    window: &Window,
) -> Result<(Vec<Conversation>, Option<i64>)> {
    let states = filter.status.map_or(Status::ALL.to_vec(), |status| vec![status]);
    let spam = filter.is_spam.map_or(vec![true, false], |is_spam| vec![is_spam]);
    let (user, teams) = match sight {
        Sight::All | Sight::OfContact(_) => (Id::NIL, Vec::new()),
        Sight::Limited(limits) => (limits.user, limits.teams.clone()),
    };
    let sees_all = matches!(sight, Sight::All);
    let id = |wanted: Option<Id>| (wanted.is_none(), wanted.unwrap_or(Id::NIL));
    let (any_company, company) = id(filter.company_id);
    let (any_contact, contact) = id(filter.contact_id);
    let (any_team, team) = id(filter.team_id);
    let (any_user, assigned) = id(filter.assigned_to_user_id);
    let (any_type, type_) = (filter.channel_type.is_none(), filter.channel_type.clone().unwrap_or_default());
    let updated_after = filter.updated_after.unwrap_or(Timestamp::from_millis(0));
    Ok(run_page!(
        conn,
        window,
        conversations::id,
        Conversation,
        conversations::table
            .filter(conversations::organization_id.eq(space).and(conversations::deleted_at.is_null()))
            .filter(conversations::status.eq_any(&states).and(conversations::is_spam.eq_any(&spam)))
            .filter(any_company.into_sql::<Bool>().or(conversations::company_id.eq(company)))
            .filter(any_contact.into_sql::<Bool>().or(conversations::contact_id.eq(contact)))
            .filter(any_team.into_sql::<Bool>().or(conversations::team_id.eq(team)))
            .filter(any_user.into_sql::<Bool>().or(conversations::assigned_to_user_id.eq(assigned)))
            .filter(any_type.into_sql::<Bool>().or(conversations::channel_type.eq(&type_)))
            .filter(conversations::updated_at.gt(updated_after))
            .filter(
                sees_all
                    .into_sql::<Bool>()
                    .or(conversations::assigned_to_user_id.eq(user))
                    .or(conversations::team_id.eq_any(&teams))
                    .or(exists(
                        conversation_people::table
                            .filter(conversation_people::organization_id.eq(space))
                            .filter(conversation_people::user_id.eq(user))
                            .filter(conversation_people::conversation_id.eq(conversations::id))
                            .filter(conversation_people::follows.or(conversation_people::is_mentioned))
                    ))
            )
    ))
}
