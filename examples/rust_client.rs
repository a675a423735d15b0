//! A program that works with a desk: it walks a list, makes a team, changes it, and reads what happened meanwhile.
//!
//! ```text
//! dotdesk demo                                       prints the address and a key
//! DOTDESK_URL=http://127.0.0.1:8080 DOTDESK_TOKEN=dd_live_… cargo run --example rust_client
//! ```

use dotdesk::client::{Client, Error};
use dotdesk::method::{ErrorType, Patch};
use dotdesk::resources::account::teams;
use dotdesk::resources::account::users::ListUsers;
use dotdesk::resources::integrations::events;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let desk = Client::new(&std::env::var("DOTDESK_URL")?, std::env::var("DOTDESK_TOKEN")?)?;

    // Where the feed of changes is before anything is done.
    let begun = desk.call(events::LatestEvent {}).await?.sequence;

    // A list is walked page by page, as far as it is asked for.
    let mut users = desk.items(ListUsers::default()).take(2);
    let mut members = Vec::new();
    while let Some(user) = users.try_next().await? {
        println!("{} <{}>", user.name, user.email.as_deref().unwrap_or("no address"));
        members.push(user.id);
    }

    // The argument struct is the call. It is tried again where that is safe, and happens once.
    let team = desk
        .call(teams::Create { name: "Night shift".into(), user_ids: Some(members.into()), ..Default::default() })
        .await?;
    println!("{} is team {}, version {}", team.name, team.id, team.version);

    // Errors have a type to decide by, and say what is wrong with which argument.
    let renamed = teams::Update { id: team.id, name: Patch::Set("Nights".into()), ..Default::default() };
    match desk.call(renamed).if_version(team.version + 1).await {
        Err(Error::Api(error)) if error.error_type == ErrorType::Conflict => println!("somebody was faster: {error}"),
        other => println!("renamed: {}", other?.name),
    }

    // Any method can be called by its name as well.
    let found = desk.raw("teams.metrics", &json!({ "id": team.id })).await?;
    println!("{} {}", found.status, found.json()?);

    desk.call(teams::Delete { id: team.id, ..Default::default() }).await?;

    // What happened since; the stream does not end, and where a connection breaks it goes on after the last event.
    let mut happened = desk.events(events::Stream { after: Some(events::Place(begun)), ..Default::default() }).take(2);
    while let Some(event) = happened.try_next().await? {
        println!("{} {} {}", event.seq, event.kind, event.object.id);
    }
    Ok(())
}
