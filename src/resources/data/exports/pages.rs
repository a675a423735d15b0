//! The objects of an export, page by page, as far as whoever asked for it sees them.

use serde::Serialize;
use serde_json::Value;

use super::model::ExportObject;
use crate::db::{Id, Timestamp};
use crate::method::{Area, Code, Context, Error, Object, Result, Scope};
use crate::query::{Asker, Predicate, Table};
use crate::resources::crm::{companies, contacts, tags};
use crate::resources::inbox::conversations::visibility::Sight;
use crate::resources::inbox::{conversations, messages};

impl ExportObject {
    /// The list whose items are exported.
    pub fn list(self) -> &'static str {
        match self {
            Self::Contact => "contacts.list",
            Self::Company => "companies.list",
            Self::Conversation => "conversations.list",
            Self::Message => "messages.list",
            Self::Tag => "tags.list",
        }
    }

    fn table(self) -> Option<&'static Table> {
        match self {
            Self::Contact => Some(&contacts::FIELDS),
            Self::Company => Some(&companies::FIELDS),
            Self::Conversation => Some(&conversations::fields::FIELDS),
            Self::Message => Some(&messages::FIELDS),
            Self::Tag => None,
        }
    }

    /// Refuses a caller who may not read such objects.
    pub fn permit(self, ctx: &Context) -> Result<()> {
        let needed = Scope::read(match self {
            Self::Contact => Area::Contacts,
            Self::Company => Area::Companies,
            Self::Conversation => Area::Conversations,
            Self::Message => Area::Messages,
            Self::Tag => Area::Tags,
        });
        let held = ctx.caller()?.scopes;
        if held.has(needed) {
            return Ok(());
        }
        Err(Error::new(Code::MissingScope, format!("To export these needs the scope {needed}."))
            .with("needed", needed.to_string())
            .with("provided", held.words().join(",")))
    }

    /// What a query means; `now` in it is the instant at which it was asked.
    pub fn passing(self, ctx: &Context, query: Option<&str>, asked_at: Timestamp) -> Result<Predicate> {
        let Some(query) = query else { return Ok(Predicate::everything()) };
        let Some(table) = self.table() else {
            return Err(Error::argument("/query", "not_allowed", "tags are exported all together"));
        };
        let asker = Asker { now: asked_at, ..Asker::of(ctx) };
        Ok(table.check(query, &asker).map_err(|error| error.of_argument("/query"))?.predicate())
    }

    /// The objects after one of them, in the order of their ids, up to `most`.
    pub async fn page(self, ctx: &Context, passing: Predicate, after: Id, most: i64) -> Result<Vec<(Id, Value)>> {
        self.permit(ctx)?;
        let space = ctx.space();
        match self {
            Self::Contact => values(
                ctx.scan(async move |conn| {
                    let ids = contacts::listing::ids(conn, space, &passing, after, most).await?;
                    contacts::store::find_all(conn, space, &ids).await
                })
                .await?,
            ),
            Self::Company => values(
                ctx.scan(async move |conn| companies::store::after(conn, space, &passing, after, most).await).await?,
            ),
            Self::Conversation => {
                let seen = Sight::of(ctx, &mut *ctx.read().await?).await?.predicate();
                let passing = passing.and(seen);
                values(
                    ctx.scan(async move |conn| conversations::list::after(conn, space, &passing, after, most).await)
                        .await?,
                )
            }
            Self::Message => {
                let seen = Sight::of(ctx, &mut *ctx.read().await?).await?.predicate();
                let found = ctx
                    .scan(async move |conn| messages::store::after(conn, space, &passing, &seen, after, most).await)
                    .await?;
                let mut found = found;
                messages::store::show_files(ctx, &mut *ctx.read().await?, &mut found).await?;
                values(found)
            }
            Self::Tag => values(ctx.scan(async move |conn| tags::store::after(conn, space, after, most).await).await?),
        }
    }
}

fn values<T: Object + Serialize>(objects: Vec<T>) -> Result<Vec<(Id, Value)>> {
    objects.iter().map(|object| Ok((object.id(), serde_json::to_value(object)?))).collect()
}
