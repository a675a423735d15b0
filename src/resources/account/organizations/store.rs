//! All SQL of organizations.

use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Result, Tx};
use crate::run;
use crate::schema::organizations;

/// Where the team was the organization's default, another one takes its place, or none.
pub async fn replace_default_team(tx: &mut Tx<'_>, team: Id, heir: Option<Id>) -> Result<()> {
    let organization = tx.organization();
    run!(tx, |c| diesel::update(
        organizations::table.filter(organizations::id.eq(organization).and(organizations::default_team_id.eq(team)))
    )
    .set(organizations::default_team_id.eq(heir))
    .execute(c))?;
    Ok(())
}
