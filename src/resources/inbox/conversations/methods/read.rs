use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{Access, Area, Context, Error, Int, Kind, Method, Name, Page, Policy, Rate, Result, Source, Words};
use crate::query::{Asker, Listing};
use crate::resources::inbox::conversations::fields::FIELDS;
use crate::resources::inbox::conversations::list::{self, Counts, GroupBy};
use crate::resources::inbox::conversations::{Conversation, Status, store, visibility::Sight};
use crate::resources::inbox::views::{self, ViewObject};

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
    pub struct ListConversations filtered {
        /// Only conversations about this company.
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
        pub channel_type: Option<Source>,
        /// Only conversations that were handed to people, or only those that were not.
        pub handed_off: Option<bool>,
        /// Only spam, or only what is none.
        pub is_spam: Option<bool>,
        /// Only what this view shows, in its order unless `sort` says another.
        pub view_id: Option<Id>,
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
        let mut args = self;
        let (sight, view) = {
            let mut conn = ctx.read().await?;
            let view = match args.view_id {
                Some(view) => Some(views::store::require(&ctx, &mut conn, view, ViewObject::Conversation).await?),
                None => None,
            };
            (Sight::of(&ctx, &mut conn).await?, view)
        };
        if let Some(view) = &view
            && args.sort.is_none()
        {
            args.sort = view.sort.as_deref().map(Words::from);
        }
        let mut list = Listing::new(&ctx, &args, &FIELDS)?.and(sight.predicate());
        if let Some(view) = view {
            let query = FIELDS.check(&view.query, &Asker::of(&ctx));
            list = list.and(query.map_err(|error| error.of_argument("/view_id"))?.predicate());
        }
        let id = |id: Option<Id>| id.map(|id| id.to_string());
        list = list.and(list::narrowed(
            &ctx,
            [
                ("company_id", id(args.company_id)),
                ("contact_id", id(args.contact_id)),
                ("team_id", id(args.team_id)),
                ("assigned_to_user_id", id(args.assigned_to_user_id)),
                ("status", args.status.map(|status| status.to_string())),
                ("channel_type", args.channel_type.as_deref().map(|type_| format!("\"{type_}\""))),
                ("is_handed_off", args.handed_off.map(|is| is.to_string())),
                ("is_spam", args.is_spam.map(|is| is.to_string())),
                ("updated_at", args.updated_after.map(|after| format!("{{\"{after}\" TO *]"))),
            ],
        )?);
        let space = ctx.space();
        let (list, fetched) = ctx
            .scan(async move |conn| {
                let fetched = list::page(conn, space, &list).await?;
                Ok((list, fetched))
            })
            .await?;
        list.page(&ctx, fetched)
    }
}

arguments! {
    /// Counts the conversations that the caller sees, by one of their properties.
    pub struct CountConversations {
        /// What they are counted by.
        pub group_by: GroupBy,
        /// Which conversations, in the query language; all if left out.
        pub filters: Option<Words<2000>>,
    }
}

impl Method for CountConversations {
    const NAME: &'static str = "conversations.counts";
    const ACCESS: Access = Access::read(Area::Conversations);
    const KIND: Kind = Kind::Read;
    const RATE: Rate = Rate { policy: Policy::Search, cost: 1 };
    const EXAMPLE: &'static str = r#"{"group_by":"status","filters":"is_spam:false"}"#;
    type Output = Counts;

    async fn call(self, ctx: Context) -> Result<Counts> {
        let sight = Sight::of(&ctx, &mut *ctx.read().await?).await?;
        let mut passing = sight.predicate();
        if let Some(filters) = &self.filters {
            let query = FIELDS.check(filters, &Asker::of(&ctx));
            passing = passing.and(query.map_err(|error| error.of_argument("/filters"))?.predicate());
        }
        let space = ctx.space();
        ctx.scan(async move |conn| list::count(conn, space, self.group_by, passing).await).await
    }
}
