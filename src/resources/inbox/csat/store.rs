//! All SQL of surveys.

use diesel::dsl::exists;
use diesel::expression::IntoSql;
use diesel::sql_types::Bool;
use serde_json::json;

use super::model::{CsatStatus, CsatSurvey, SurveyRow};
use crate::db::prelude::*;
use crate::db::{Conn, Id, Timestamp};
use crate::method::{Code, Error, Result, Tx, Window};
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::visibility::Sight;
use crate::resources::inbox::conversations::{Conversation, Csat};
use crate::schema::{conversations, csat_surveys};
use crate::{run, run_page};

/// For how long a contact can answer, in seconds: 14 days.
const OPEN_FOR: i64 = 14 * 24 * 60 * 60;

/// A survey, whoever may see it.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<SurveyRow>> {
    Ok(run!(conn, |c| csat_surveys::table.find((space, id)).select(SurveyRow::as_select()).first(c)).optional()?)
}

/// The latest survey of a conversation.
pub async fn latest(conn: &mut Conn, conversation: &Conversation) -> Result<Option<SurveyRow>> {
    Ok(run!(conn, |c| csat_surveys::table
        .filter(csat_surveys::organization_id.eq(conversation.organization_id))
        .filter(csat_surveys::conversation_id.eq(conversation.id))
        .order(csat_surveys::id.desc())
        .select(SurveyRow::as_select())
        .first(c))
    .optional()?)
}

/// Asks the contact of a conversation, which is locked, how content they were.
pub async fn request(tx: &mut Tx<'_>, conversation: &Conversation) -> Result<CsatSurvey> {
    let now = tx.now();
    if let Some(last) = latest(tx, conversation).await?
        && CsatSurvey::at(last.clone(), now).status == CsatStatus::Requested
    {
        let message = "The contact was asked already and can still answer.";
        return Err(Error::new(Code::AlreadyExists, message).with("existing_id", last.id.to_string()));
    }
    let row = SurveyRow {
        organization_id: conversation.organization_id,
        id: tx.new_id(),
        conversation_id: conversation.id,
        channel: conversation.channel_type.clone(),
        user_id: conversation.assigned_to_user_id,
        score: None,
        comment: None,
        requested_at: now,
        submitted_at: None,
        expires_at: now.plus_seconds(OPEN_FOR),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    run!(tx, |c| diesel::insert_into(csat_surveys::table).values(&row).execute(c))?;
    let survey = CsatSurvey::at(row, now);
    tx.emit("csat.requested", &survey)?;
    let data = json!({ "survey_id": survey.row.id });
    timeline::record(tx, conversation, Happening::CsatRequested, data).await?;
    Ok(survey)
}

/// Stores what a contact answered, and announces it. Without a difference nothing happens.
pub async fn submit(
    tx: &mut Tx<'_>,
    conversation: &mut Conversation,
    before: SurveyRow,
    score: i32,
    comment: Option<String>,
) -> Result<CsatSurvey> {
    let now = tx.now();
    if before.expires_at <= now {
        return Err(Error::new(Code::Expired, "The contact was asked more than 14 days ago."));
    }
    let before = CsatSurvey::at(before, now);
    if before.row.score == Some(score) && before.row.comment == comment {
        return Ok(before);
    }
    let mut row = before.row.clone();
    row.score = Some(score);
    row.comment = comment.clone();
    row.submitted_at = Some(now);
    row.version += 1;
    row.updated_at = now;
    run!(tx, |c| diesel::update(csat_surveys::table.find((row.organization_id, row.id))).set(&row).execute(c))?;
    let after = CsatSurvey::at(row, now);
    tx.emit_change("csat.submitted", &before, &after)?;
    conversation.details.csat = Some(Csat { score, comment, at: now });
    let data = json!({ "survey_id": after.row.id, "score": score });
    timeline::record(tx, conversation, Happening::CsatSubmitted, data).await?;
    Ok(after)
}

/// Which surveys a list is about; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    pub conversation: Option<Id>,
    pub score: Option<i32>,
    pub user: Option<Id>,
}

/// The surveys of conversations within sight that a filter lets through.
pub async fn list(
    conn: &mut Conn,
    space: Id,
    sight: &Sight,
    filter: Filter,
    window: &Window,
) -> Result<(Vec<SurveyRow>, Option<i64>)> {
    let (any_conversation, conversation) = (filter.conversation.is_none(), filter.conversation.unwrap_or(Id::NIL));
    let (any_score, score) = (filter.score.is_none(), filter.score.unwrap_or(0));
    let (any_user, user) = (filter.user.is_none(), filter.user.unwrap_or(Id::NIL));
    let seen = sight.predicate();
    Ok(run_page!(
        conn,
        window,
        csat_surveys::id,
        SurveyRow,
        csat_surveys::table
            .filter(csat_surveys::organization_id.eq(space))
            .filter(any_conversation.into_sql::<Bool>().or(csat_surveys::conversation_id.eq(conversation)))
            .filter(any_score.into_sql::<Bool>().or(csat_surveys::score.eq(score)))
            .filter(any_user.into_sql::<Bool>().or(csat_surveys::user_id.eq(user)))
            .filter(exists(
                conversations::table
                    .filter(conversations::organization_id.eq(space).and(conversations::deleted_at.is_null()))
                    .filter(conversations::id.eq(csat_surveys::conversation_id))
                    .filter(seen.clone())
            ))
    ))
}

/// Surveys as they stand at an instant.
pub fn at((rows, total): (Vec<SurveyRow>, Option<i64>), now: Timestamp) -> (Vec<CsatSurvey>, Option<i64>) {
    (rows.into_iter().map(|row| CsatSurvey::at(row, now)).collect(), total)
}
