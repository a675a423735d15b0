//! All SQL of views.

use diesel::expression::IntoSql;
use diesel::sql_types::Bool;

use super::model::{View, ViewObject, ViewRow, ViewVisibility};
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Context, Error, Result, Tx, Window};
use crate::schema::{team_members, views};
use crate::{lock, run, run_page};

/// Whose views a caller has.
#[derive(Clone, Debug)]
pub struct Viewer {
    user: Option<Id>,
    teams: Vec<Id>,
    /// Owners, and keys that act for the organization, have the views of all teams.
    has_all_teams: bool,
}

impl Viewer {
    /// The caller.
    pub async fn of(ctx: &Context, conn: &mut Conn) -> Result<Self> {
        let caller = ctx.caller()?;
        let organization = caller.organization;
        let Some(user) = caller.user else {
            return Ok(Self { user: None, teams: Vec::new(), has_all_teams: caller.contact.is_none() });
        };
        let teams: Vec<Id> = run!(conn, |c| team_members::table
            .filter(team_members::organization_id.eq(organization).and(team_members::user_id.eq(user)))
            .select(team_members::team_id)
            .load(c))?;
        Ok(Self { user: Some(user), teams, has_all_teams: caller.is_owner() })
    }

    fn has(&self, view: &ViewRow) -> bool {
        match view.visibility {
            ViewVisibility::Organization => true,
            ViewVisibility::Private => self.user.is_some() && view.owner_user_id == self.user,
            ViewVisibility::Team => self.has_all_teams || view.team_id.is_some_and(|team| self.teams.contains(&team)),
        }
    }
}

/// A view that the caller has.
pub async fn find(conn: &mut Conn, viewer: &Viewer, space: Id, id: Id) -> Result<Option<ViewRow>> {
    let found: Option<ViewRow> =
        run!(conn, |c| views::table.find((space, id)).select(ViewRow::as_select()).first(c)).optional()?;
    Ok(found.filter(|view| viewer.has(view)))
}

/// The view that an argument names, if the caller has it and it shows these objects.
pub async fn require(ctx: &Context, conn: &mut Conn, id: Id, object: ViewObject) -> Result<ViewRow> {
    let viewer = Viewer::of(ctx, conn).await?;
    match find(conn, &viewer, ctx.space(), id).await? {
        Some(view) if view.object == object => Ok(view),
        _ => Err(Error::argument("/view_id", "unknown_id", format!("there is no view {id} of {object}s"))),
    }
}

/// The view that a write is about, locked; for those who do not have it, it is not there.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<View> {
    let (space, ctx) = (tx.space(), tx.ctx().clone());
    let found: Option<ViewRow> = lock!(tx, views::table.find((space, id)).select(ViewRow::as_select()))?;
    let viewer = Viewer::of(&ctx, tx).await?;
    tx.target(found.filter(|view| viewer.has(view)).map(View::from))
}

/// The views that the caller has, of one object or all.
pub async fn list(
    conn: &mut Conn,
    viewer: &Viewer,
    space: Id,
    object: Option<ViewObject>,
    window: &Window,
) -> Result<(Vec<ViewRow>, Option<i64>)> {
    let objects = object.map_or(ViewObject::ALL.to_vec(), |object| vec![object]);
    let (user, teams) = (viewer.user.unwrap_or(Id::NIL), &viewer.teams);
    Ok(run_page!(
        conn,
        window,
        views::id,
        ViewRow,
        views::table.filter(views::organization_id.eq(space).and(views::object.eq_any(&objects))).filter(
            views::visibility
                .eq(ViewVisibility::Organization)
                .or(views::visibility.eq(ViewVisibility::Private).and(views::owner_user_id.eq(user)))
                .or(views::visibility
                    .eq(ViewVisibility::Team)
                    .and(viewer.has_all_teams.into_sql::<Bool>().or(views::team_id.eq_any(teams))))
        )
    ))
}

/// Stores a new view and announces it.
pub async fn insert(tx: &mut Tx<'_>, view: View) -> Result<View> {
    run!(tx, |c| diesel::insert_into(views::table).values(&view.row).execute(c))?;
    tx.emit("view.created", &view)?;
    Ok(view)
}

/// Stores what has become of a view and announces it. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: View, mut after: View) -> Result<View> {
    if after == before {
        return Ok(before);
    }
    store(tx, &before.row, &mut after.row).await?;
    tx.emit_change("view.updated", &before, &after)?;
    Ok(after)
}

/// Takes a view away and announces it.
pub async fn delete(tx: &mut Tx<'_>, view: &View) -> Result<()> {
    run!(tx, |c| diesel::delete(views::table.find((view.row.organization_id, view.row.id))).execute(c))?;
    tx.emit("view.deleted", view)
}

/// Gives the views of a team that is going to another one; without one, each to whoever made it.
pub async fn replace_team(tx: &mut Tx<'_>, team: Id, heir: Option<Id>) -> Result<()> {
    let (space, twin) = (tx.organization(), tx.organization().twin());
    let of_team: Vec<(Id, Id)> = run!(tx, |c| views::table
        .filter(views::organization_id.eq_any([space, twin]).and(views::team_id.eq(team)))
        .order((views::organization_id, views::id))
        .select((views::organization_id, views::id))
        .load(c))?;
    for key in of_team {
        let found: Option<ViewRow> = lock!(tx, views::table.find(key).select(ViewRow::as_select()))?;
        let Some(before) = found.filter(|view| view.team_id == Some(team)) else { continue };
        let mut after = ViewRow { team_id: heir, ..before.clone() };
        if heir.is_none() && after.visibility == ViewVisibility::Team {
            after.visibility = match after.owner_user_id {
                Some(_) => ViewVisibility::Private,
                None => ViewVisibility::Organization,
            };
        }
        store(tx, &before, &mut after).await?;
        // What happens in the space of test keys is no news here.
        if key.0 == tx.space() {
            tx.emit_change("view.updated", &View::from(before), &View::from(after))?;
        }
    }
    Ok(())
}

async fn store(tx: &mut Tx<'_>, before: &ViewRow, after: &mut ViewRow) -> Result<()> {
    after.version = before.version + 1;
    after.updated_at = tx.now();
    let after = &*after;
    run!(tx, |c| diesel::update(views::table.find((after.organization_id, after.id))).set(after).execute(c))?;
    Ok(())
}
