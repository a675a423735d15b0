//! What can be done with surveys.

use super::model::CsatSurvey;
use super::store::{self, Filter};
use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Code, Context, Entry, Error, Int, Kind, Method, Nullable, Page, Result, Words, stored,
};
use crate::resources::inbox::conversations;
use crate::resources::inbox::conversations::visibility::Sight;

/// The methods of surveys.
pub const METHODS: &[Entry] =
    &[Entry::of::<Request>(), Entry::of::<Submit>(), Entry::of::<ListSurveys>(), Entry::of::<Info>()];

arguments! {
    /// Asks the contact of a conversation how content they were.
    ///
    /// The event `csat.requested` tells it to whoever shows the survey to the contact. The contact can answer within 14 days; until then
    /// they are not asked again. Nobody is asked about spam.
    pub struct Request {
        /// The conversation.
        pub conversation_id: Id,
    }
}

impl Method for Request {
    const NAME: &'static str = "csat.request";
    const ACCESS: Access = Access::write(Area::Csat);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState, Code::AlreadyExists];
    const EVENTS: &'static [&'static str] = &["csat.requested"];
    const EXAMPLE: &'static str = r#"{"conversation_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = CsatSurvey;

    async fn call(self, ctx: Context) -> Result<CsatSurvey> {
        ctx.write(async move |tx| {
            let conversation = conversations::store::require(tx, "/conversation_id", self.conversation_id).await?;
            if conversation.is_spam || conversation.details.merged_into_id.is_some() {
                let message = "The conversation is spam, or goes on in another one; nobody is asked about it.";
                return Err(Error::new(Code::InvalidState, message));
            }
            store::request(tx, &conversation).await
        })
        .await
    }
}

arguments! {
    /// Hands in what a contact answered to the latest survey of a conversation, or answers now in place of that.
    pub struct Submit {
        /// The conversation.
        pub conversation_id: Id,
        /// How content the contact was: from 1 (not at all) to 5 (very).
        pub score: Int<1, 5>,
        /// What the contact had to say.
        pub comment: Nullable<Words<2000>>,
    }
}

impl Method for Submit {
    const NAME: &'static str = "csat.submit";
    const ACCESS: Access = Access::write(Area::Csat);
    const KIND: Kind = Kind::Write;
    const FOR_CONTACTS: bool = true;
    const ERRORS: &'static [Code] = &[Code::CsatSurveyNotFound, Code::Expired];
    const EVENTS: &'static [&'static str] = &["csat.submitted"];
    const EXAMPLE: &'static str =
        r#"{"conversation_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","score":5,"comment":"That was quick."}"#;
    type Output = CsatSurvey;

    async fn call(self, ctx: Context) -> Result<CsatSurvey> {
        ctx.write(async move |tx| {
            let before = conversations::store::require(tx, "/conversation_id", self.conversation_id).await?;
            let survey = store::latest(tx, &before).await?.ok_or_else(Error::not_found::<CsatSurvey>)?;
            let mut after = before.clone();
            let comment = stored(self.comment.clone());
            let survey = store::submit(tx, &mut after, survey, self.score.as_i32(), comment).await?;
            conversations::store::settle(tx, &before, &after).await?;
            Ok(survey)
        })
        .await
    }
}

arguments! {
    /// Lists surveys of the conversations that the caller sees.
    pub struct ListSurveys paged {
        /// Only surveys of this conversation.
        pub conversation_id: Option<Id>,
        /// Only surveys with this score.
        pub score: Option<Int<1, 5>>,
        /// Only surveys of conversations that this user had.
        pub user_id: Option<Id>,
    }
}

impl Method for ListSurveys {
    const NAME: &'static str = "csat.list";
    const ACCESS: Access = Access::read(Area::Csat);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<CsatSurvey>;

    async fn call(self, ctx: Context) -> Result<Page<CsatSurvey>> {
        let window = ctx.page(&self)?;
        let filter =
            Filter { conversation: self.conversation_id, score: self.score.map(Int::as_i32), user: self.user_id };
        let mut conn = ctx.read().await?;
        let sight = Sight::of(&ctx, &mut conn).await?;
        let rows = store::list(&mut conn, ctx.space(), &sight, filter, &window).await?;
        Ok(window.page(&ctx, store::at(rows, ctx.now())))
    }
}

arguments! {
    /// Answers one survey.
    pub struct Info {
        /// The survey.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "csat.info";
    const ACCESS: Access = Access::read(Area::Csat);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = CsatSurvey;

    async fn call(self, ctx: Context) -> Result<CsatSurvey> {
        let space = ctx.space();
        let mut conn = ctx.read().await?;
        let row = store::find(&mut conn, space, self.id).await?.ok_or_else(Error::not_found::<CsatSurvey>)?;
        let sight = Sight::of(&ctx, &mut conn).await?;
        match conversations::store::seen(&mut conn, &sight, space, row.conversation_id).await? {
            Some(_) => Ok(CsatSurvey::at(row, ctx.now())),
            None => Err(Error::not_found::<CsatSurvey>()),
        }
    }
}
