use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Page, Result};
use crate::query::Listing;
use crate::resources::inbox::conversations::visibility::Sight;
use crate::resources::inbox::conversations::{self, Conversation};
use crate::resources::inbox::messages::store::{self, Filter};
use crate::resources::inbox::messages::{Direction, FIELDS, Message, Visibility};

arguments! {
    /// Lists the messages of a conversation, oldest first.
    pub struct ListMessages filtered {
        /// The conversation.
        pub conversation_id: Id,
        /// Only messages that were written at this time or later.
        pub since: Option<Timestamp>,
        /// Only messages that go this way.
        pub direction: Option<Direction>,
        /// Only messages that these may read.
        pub visibility: Option<Visibility>,
        /// Also drafts, what waits for approval or for its time, and what was thrown away; false if left out.
        pub include_drafts: Option<bool>,
    }
}

impl Method for ListMessages {
    const NAME: &'static str = "messages.list";
    const ACCESS: Access = Access::read(Area::Messages);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::ConversationNotFound];
    const EXAMPLE: &'static str = r#"{"conversation_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","limit":50}"#;
    type Output = Page<Message>;

    async fn call(self, ctx: Context) -> Result<Page<Message>> {
        let list = Listing::new(&ctx, &self, &FIELDS)?;
        let mut conn = ctx.read().await?;
        let sight = Sight::of(&ctx, &mut conn).await?;
        let conversation = conversations::store::seen(&mut conn, &sight, ctx.space(), self.conversation_id).await?;
        let filter = Filter {
            conversation: conversation.ok_or_else(Error::not_found::<Conversation>)?.id,
            since: self.since,
            direction: self.direction,
            visibility: self.visibility,
            include_drafts: self.include_drafts == Some(true),
        };
        let mut rows = store::list(&mut conn, ctx.space(), &filter, &list).await?;
        store::show_files(&ctx, &mut conn, &mut rows.rows).await?;
        list.page(&ctx, rows)
    }
}

arguments! {
    /// Answers one message.
    pub struct Info {
        /// The message.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "messages.info";
    const ACCESS: Access = Access::read(Area::Messages);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        let mut conn = ctx.read().await?;
        Ok(store::seen(&ctx, &mut conn, self.id).await?.1)
    }
}
