//! What can be done with views.

use super::counts;
use super::model::{View, ViewObject, ViewRow, ViewVisibility};
use super::store::{self, Viewer};
use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Context, Entry, Error, Int, Kind, Method, Name, Nullable, Page, Patch, Result, Tx, Void, Words,
    stored,
};
use crate::query::{Asker, Listing};
use crate::resources::account::teams;
use crate::resources::inbox::conversations::ListConversations;
use crate::resources::inbox::conversations::visibility::Sight;

/// The methods of views.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListViews>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<Delete>(),
];

arguments! {
    /// Saves a query under a name.
    ///
    /// A view shows nothing that who looks through it would not see without.
    pub struct Create {
        /// What the view is called.
        pub name: Name<80>,
        /// What it shows.
        pub object: ViewObject,
        /// Which of them, in the query language.
        pub query: Name<2000>,
        /// The order, such as `last_message_at:desc`; oldest first if left out.
        pub sort: Nullable<Words<100>>,
        /// Who has it; `private` if left out. A private view needs a user who makes it.
        pub visibility: Option<ViewVisibility>,
        /// The team whose members have it, where `visibility` is `team`.
        pub team_id: Nullable<Id>,
        /// Where it stands among the views; 0 if left out.
        pub position: Option<Int<0, 1000000>>,
    }
}

impl Method for Create {
    const NAME: &'static str = "views.create";
    const ACCESS: Access = Access::write(Area::Views);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["view.created"];
    const EXAMPLE: &'static str = r#"{"name":"Unread","object":"conversation","query":"unread_count:[1 TO *]","sort":"last_message_at:desc","visibility":"organization"}"#;
    type Output = View;

    async fn call(self, ctx: Context) -> Result<View> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let row = ViewRow {
                organization_id: tx.space(),
                id: tx.new_id(),
                name: args.name.to_string(),
                object: args.object,
                query: args.query.to_string(),
                sort: stored(args.sort),
                visibility: args.visibility.unwrap_or(ViewVisibility::Private),
                team_id: stored(args.team_id),
                owner_user_id: tx.ctx().caller()?.user,
                position: args.position.map_or(0, Int::as_i32),
                version: 1,
                created_at: tx.now(),
                updated_at: tx.now(),
            };
            check(tx, None, &row).await?;
            store::insert(tx, row.into()).await
        })
        .await
    }
}

arguments! {
    /// Lists the views that the caller has: their own, those of their teams, and those of everybody.
    pub struct ListViews paged {
        /// Only views that show these.
        pub object: Option<ViewObject>,
        /// Count how many objects each view shows; false if left out.
        pub with_counts: Option<bool>,
    }
}

impl Method for ListViews {
    const NAME: &'static str = "views.list";
    const ACCESS: Access = Access::read(Area::Views);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"object":"conversation"}"#;
    type Output = Page<View>;

    async fn call(self, ctx: Context) -> Result<Page<View>> {
        let window = ctx.page(&self)?;
        let mut conn = ctx.read().await?;
        let viewer = Viewer::of(&ctx, &mut conn).await?;
        let (rows, total) = store::list(&mut conn, &viewer, ctx.space(), self.object, &window).await?;
        let mut views: Vec<View> = rows.into_iter().map(View::from).collect();
        if self.with_counts == Some(true) {
            let (sight, asker) = (Sight::of(&ctx, &mut conn).await?.predicate(), Asker::of(&ctx));
            drop(conn);
            views = ctx
                .scan(async move |conn| {
                    for view in &mut views {
                        view.count = counts::count(conn, &asker, &sight, &view.row).await?;
                    }
                    Ok(views)
                })
                .await?;
        }
        Ok(window.page(&ctx, (views, total)))
    }
}

arguments! {
    /// Answers one view.
    pub struct Info {
        /// The view.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "views.info";
    const ACCESS: Access = Access::read(Area::Views);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = View;

    async fn call(self, ctx: Context) -> Result<View> {
        let mut conn = ctx.read().await?;
        let viewer = Viewer::of(&ctx, &mut conn).await?;
        let found = store::find(&mut conn, &viewer, ctx.space(), self.id).await?;
        found.map(View::from).ok_or_else(Error::not_found::<View>)
    }
}

arguments! {
    /// Changes a view.
    ///
    /// Fields that are left out stay as they are; null clears what can be cleared.
    pub struct Update {
        /// The view.
        pub id: Id,
        /// What the view is called.
        pub name: Patch<Name<80>>,
        /// Which objects it shows, in the query language.
        pub query: Patch<Name<2000>>,
        /// The order, such as `last_message_at:desc`.
        pub sort: Patch<Nullable<Words<100>>>,
        /// Who has it.
        pub visibility: Patch<ViewVisibility>,
        /// The team whose members have it, where `visibility` is `team`.
        pub team_id: Patch<Nullable<Id>>,
        /// Where it stands among the views.
        pub position: Patch<Int<0, 1000000>>,
    }
}

impl Method for Update {
    const NAME: &'static str = "views.update";
    const ACCESS: Access = Access::write(Area::Views);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["view.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","name":"Not read yet"}"#;
    type Output = View;

    async fn call(self, ctx: Context) -> Result<View> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, args.id).await?;
            let mut view = before.clone();
            args.name.apply(&mut view.row.name);
            args.query.apply(&mut view.row.query);
            args.sort.apply(&mut view.row.sort);
            args.visibility.apply(&mut view.row.visibility);
            args.team_id.apply(&mut view.row.team_id);
            args.position.apply(&mut view.row.position);
            check(tx, Some(&before.row), &view.row).await?;
            store::save(tx, before, view).await
        })
        .await
    }
}

arguments! {
    /// Deletes a view. What it showed stays.
    pub struct Delete {
        /// The view.
        pub id: Id,
    }
}

impl Method for Delete {
    const NAME: &'static str = "views.delete";
    const ACCESS: Access = Access::write(Area::Views);
    const KIND: Kind = Kind::Delete;
    const EVENTS: &'static [&'static str] = &["view.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let view = store::target(tx, self.id).await?;
            store::delete(tx, &view).await?;
            Ok(Void {})
        })
        .await
    }
}

/// Refuses a query or an order that could not be asked for, and who is to have the view but does not exist. What was there before is not
/// looked at again.
async fn check(tx: &mut Tx<'_>, before: Option<&ViewRow>, view: &ViewRow) -> Result<()> {
    let ctx = tx.ctx().clone();
    let table = view.object.table();
    if before.is_none_or(|before| before.query != view.query) {
        table.check(&view.query, &Asker::anybody(&ctx)).map_err(|error| error.of_argument("/query"))?;
    }
    if let Some(sort) =
        view.sort.as_deref().filter(|sort| before.and_then(|before| before.sort.as_deref()) != Some(sort))
    {
        let list = ListConversations { sort: Some(sort.into()), ..ListConversations::default() };
        Listing::new(&ctx, &list, table)?;
    }
    let known_team = before.and_then(|before| before.team_id);
    if let Some(team) = view.team_id.filter(|team| known_team != Some(*team)) {
        teams::store::require(tx, &[("/team_id".into(), team)]).await?;
    }
    match view.visibility {
        ViewVisibility::Private if view.owner_user_id.is_none() => {
            let message = "this key acts for the organization, so nobody would have a private view";
            Err(Error::argument("/visibility", "not_allowed", message))
        }
        ViewVisibility::Team if view.team_id.is_none() => {
            Err(Error::argument("/team_id", "required", "name the team whose members have the view"))
        }
        ViewVisibility::Private | ViewVisibility::Organization if view.team_id.is_some() => {
            Err(Error::argument("/team_id", "not_allowed", "only a view with the visibility `team` has a team"))
        }
        _ => Ok(()),
    }
}
