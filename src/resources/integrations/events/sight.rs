//! What a caller may read of the feed: what they could read by asking for the objects themselves.
//!
//! Scopes decide which kinds of objects, team visibility which conversations (architecture, D10). What a user sees changes with time: an
//! event is shown if its conversation is within sight now. An event that took a conversation out of sight is shown without what is in it,
//! so that whoever keeps a copy learns to let it go.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::filter::{among, conversation_of};
use crate::db::{Conn, Id};
use crate::events::StoredEvent;
use crate::method::{Area, Code, Context, Error, Result, Scope};
use crate::resources::account::teams;
use crate::resources::inbox::conversations::visibility::Sight;
use crate::resources::inbox::files;

/// What a caller may read of the feed.
pub struct FeedSight {
    sight: Sight,
    user: Option<Id>,
    teams: HashSet<Id>,
}

/// An event, as a caller may read it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its place.
    pub seq: i64,
    /// What happened.
    pub kind: String,
    /// All of it, as JSON.
    pub json: String,
}

impl FeedSight {
    /// What the one who calls may read.
    pub async fn of(ctx: &Context, conn: &mut Conn) -> Result<Self> {
        let sight = Sight::of(ctx, conn).await?;
        let user = ctx.caller()?.user;
        let teams = match user {
            Some(user) => {
                teams::store::of_user(conn, ctx.organization(), user).await?.iter().map(|team| team.id).collect()
            }
            None => HashSet::new(),
        };
        Ok(Self { sight, user, teams })
    }

    /// Leaves what the caller may read.
    pub async fn show(&self, ctx: &Context, conn: &mut Conn, mut events: Vec<StoredEvent>) -> Result<Vec<Shown>> {
        let scopes = ctx.caller()?.scopes;
        events.retain(|event| scopes.has(Scope::read(area(&event.type_))) && self.has_view(event));
        if matches!(self.sight, Sight::All) {
            return Ok(events.iter().map(whole).collect());
        }
        let ids: Vec<Id> = events.iter().filter_map(conversation_of).collect();
        let seen = among(conn, ctx.space(), &ids, self.sight.predicate()).await?;
        let of_files = events.iter().filter(|event| event.object_type == "file").map(|event| event.object_id).collect();
        let files = files::sight::seen_ids(ctx, conn, of_files).await?;
        let shown = events.iter().filter_map(|event| match conversation_of(event) {
            Some(id) if seen.contains(&id) => Some(whole(event)),
            Some(_) if self.lost(event) => Some(without_contents(event)),
            Some(_) => None,
            None if event.object_type == "file" => files.contains(&event.object_id).then(|| whole(event)),
            None => Some(whole(event)),
        });
        Ok(shown.collect())
    }

    /// Whether an event is not about a view that others keep for themselves.
    fn has_view(&self, event: &StoredEvent) -> bool {
        if event.object_type != "view" {
            return true;
        }
        let Ok(view) = serde_json::from_str::<Value>(&event.data) else { return false };
        let id = |name: &str| view[name].as_str().and_then(|id| id.parse::<Id>().ok());
        match view["visibility"].as_str() {
            Some("private") => self.user.is_some() && id("owner_user_id") == self.user,
            Some("team") => id("team_id").is_some_and(|team| self.teams.contains(&team)),
            _ => true,
        }
    }

    /// Whether an event made a conversation disappear that was within sight before.
    fn lost(&self, event: &StoredEvent) -> bool {
        let (Sight::Limited(limits), "conversation", Some(previous)) =
            (&self.sight, event.object_type.as_str(), &event.previous)
        else {
            return false;
        };
        let (Ok(mut before), Ok(previous)) =
            (serde_json::from_str::<Value>(&event.data), serde_json::from_str::<Map<String, Value>>(previous))
        else {
            return false;
        };
        if let Value::Object(fields) = &mut before {
            fields.extend(previous);
        }
        limits.had(&before)
    }
}

/// The types that are wanted by name, but may not be read at all.
pub fn check_scopes(ctx: &Context, types: &[crate::events::Pattern]) -> Result<()> {
    let caller = ctx.caller()?;
    for pattern in types.iter().filter(|pattern| pattern.as_str() != "*") {
        let needed = Scope::read(area(pattern.as_str()));
        if !caller.scopes.has(needed) {
            return Err(Error::new(
                Code::MissingScope,
                format!("Events of the type {pattern} need the scope {needed}."),
            )
            .with("needed", needed.to_string())
            .with("provided", caller.scopes.words().join(",")));
        }
    }
    Ok(())
}

/// The scope that it takes to read events of a type.
pub fn needed(kind: &str) -> Scope {
    Scope::read(area(kind))
}

/// The area that an event is about: who may not read it may not read the event.
fn area(kind: &str) -> Area {
    match kind.split_once('.').map_or(kind, |(object, _)| object) {
        "organization" | "secret" => Area::Organization,
        "user" | "session" => Area::Users,
        "role" => Area::Roles,
        "team" => Area::Teams,
        "api_key" => Area::Keys,
        "company" => Area::Companies,
        "contact" => Area::Contacts,
        "segment" => Area::Segments,
        "pipeline" => Area::Deals,
        "custom_field" => Area::Fields,
        "tag" => Area::Tags,
        "conversation" | "metadata" => Area::Conversations,
        "message" => Area::Messages,
        "view" => Area::Views,
        "csat" => Area::Csat,
        "channel" => Area::Channels,
        "file" => Area::Files,
        "webhook" => Area::Webhooks,
        "job" => Area::Jobs,
        "import" => Area::Imports,
        "export" => Area::Exports,
        _ => Area::Events,
    }
}

fn whole(event: &StoredEvent) -> Shown {
    Shown { seq: event.seq, kind: event.type_.clone(), json: event.envelope() }
}

fn without_contents(event: &StoredEvent) -> Shown {
    let data = json!({ "id": event.object_id, "out_of_sight": true }).to_string();
    Shown { seq: event.seq, kind: event.type_.clone(), json: event.envelope_with(&data, None) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api;

    /// Events of a kind that no area is known for would be shown to everybody who may read the feed.
    #[test]
    fn every_event_belongs_to_an_area() {
        let known = api::TABLES.iter().flat_map(|chapter| chapter.entries()).flat_map(|entry| entry.events);
        for kind in known {
            assert_ne!(area(kind), Area::Events, "{kind}");
        }
    }
}
