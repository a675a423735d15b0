use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{Access, Area, Context, Error, Int, Kind, Method, Name, Page, Result};
use crate::resources::inbox::conversations::list::{self, Filter};
use crate::resources::inbox::conversations::{Conversation, Status, store, visibility::Sight};

arguments! {
    /// Answers one conversation, by its id, its number or its id in another system.
    pub struct Info {
        /// The conversation.
        pub id: Option<Id>,
        /// In place of `id`: its number.
        pub number: Option<Int<1, 9007199254740991>>,
        /// In place of `id`: its id in another system.
        pub external_id: Option<Name<255>>,
    }
}

impl Method for Info {
    const NAME: &'static str = "conversations.info";
    const ACCESS: Access = Access::read(Area::Conversations);
    const KIND: Kind = Kind::Read;
    const FOR_CONTACTS: bool = true;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        let space = ctx.space();
        let mut conn = ctx.read().await?;
        let id = match (self.id, self.number, &self.external_id) {
            (Some(id), None, None) => Some(id),
            (None, Some(number), None) => store::by_number(&mut conn, space, number.0).await?,
            (None, None, Some(id)) => store::by_external_id(&mut conn, space, id).await?,
            _ => return Err(Error::argument("/id", "required", "give one of id, number and external_id")),
        };
        let sight = Sight::of(&ctx, &mut conn).await?;
        let found = match id {
            Some(id) => store::seen(&mut conn, &sight, space, id).await?,
            None => None,
        };
        found.ok_or_else(Error::not_found::<Conversation>)
    }
}

arguments! {
    /// Lists the conversations that the caller sees.
    pub struct ListConversations paged {
        /// Only conversations with contacts of this company.
        pub company_id: Option<Id>,
        /// Only conversations with this contact.
        pub contact_id: Option<Id>,
        /// Only conversations that are assigned to this team.
        pub team_id: Option<Id>,
        /// Only conversations that are assigned to this user.
        pub assigned_to_user_id: Option<Id>,
        /// Only conversations that stand here.
        pub status: Option<Status>,
        /// Only conversations on channels of this type.
        pub channel_type: Option<Name<40>>,
        /// Only spam, or only what is none.
        pub is_spam: Option<bool>,
        /// Only conversations that were changed after this instant.
        pub updated_after: Option<Timestamp>,
    }
}

impl Method for ListConversations {
    const NAME: &'static str = "conversations.list";
    const ACCESS: Access = Access::read(Area::Conversations);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<Conversation>;

    async fn call(self, ctx: Context) -> Result<Page<Conversation>> {
        let window = ctx.page(&self)?;
        let mut conn = ctx.read().await?;
        let sight = Sight::of(&ctx, &mut conn).await?;
        let filter = Filter {
            company_id: self.company_id,
            contact_id: self.contact_id,
            team_id: self.team_id,
            assigned_to_user_id: self.assigned_to_user_id,
            status: self.status,
            channel_type: self.channel_type.as_deref().map(str::to_owned),
            is_spam: self.is_spam,
            updated_after: self.updated_after,
        };
        let rows = list::page(&mut conn, ctx.space(), &sight, &filter, &window).await?;
        Ok(window.page(&ctx, rows))
    }
}
