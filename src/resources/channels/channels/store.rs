//! All SQL of channels.

use diesel::expression::IntoSql;
use diesel::sql_types::Bool;

use super::model::{Channel, ChannelType};
use crate::db::prelude::*;
use crate::db::{Conn, Id, Json};
use crate::method::{Code, Error, OrConflict, Result, Tx, Window};
use crate::schema::channels;
use crate::{keep, lock, run, run_page};

/// A channel that was not deleted.
pub async fn find(conn: &mut Conn, space: Id, id: Id) -> Result<Option<Channel>> {
    let found: Option<Channel> =
        run!(conn, |c| channels::table.find((space, id)).select(Channel::as_select()).first(c)).optional()?;
    Ok(found.filter(|channel| channel.deleted_at.is_none()))
}

/// The channel that a write is about, locked.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<Channel> {
    let space = tx.space();
    let found: Option<Channel> = lock!(tx, channels::table.find((space, id)).select(Channel::as_select()))?;
    tx.target(found.filter(|channel| channel.deleted_at.is_none()))
}

/// The channel that an argument names, for something new on it: one that is not there, was deleted or is not active is an error of
/// that argument. It stays until the transaction ends, though not unchanged.
pub async fn require(tx: &mut Tx<'_>, pointer: &str, id: Id) -> Result<Channel> {
    let space = tx.space();
    let found: Vec<Channel> = keep!(tx, channels::table.find((space, id)).select(Channel::as_select()))?;
    match found.into_iter().find(|channel| channel.deleted_at.is_none()) {
        Some(channel) if channel.is_active => Ok(channel),
        Some(_) => Err(Error::argument(pointer, "inactive", "this channel is not active")),
        None => Err(Error::argument(pointer, "unknown_id", format!("there is no channel {id}"))),
    }
}

/// The channel on which conversations are held that name only its type; made and announced if there is none yet. Whoever calls
/// this says in EVENTS that it may cause `channel.created`.
pub async fn default_of(tx: &mut Tx<'_>, type_: ChannelType) -> Result<Channel> {
    if let Some(channel) = default_if_any(tx, type_).await? {
        return Ok(channel);
    }
    let mut channel = blank(tx, type_, new_public_token()?);
    channel.default_for = Some(type_);
    channel.name = match type_ {
        ChannelType::Api => "API".into(),
        ChannelType::Internal => "Internal".into(),
    };
    // Whoever comes second waits for the first one to commit here, and then finds what that one has made.
    let made = run!(tx, |c| diesel::insert_into(channels::table).values(&channel).on_conflict_do_nothing().execute(c))?;
    if made == 0 {
        let message = "The default channel was just made and deleted again by others; retry.";
        return default_if_any(tx, type_).await?.ok_or_else(|| Error::new(Code::ServiceUnavailable, message));
    }
    tx.emit("channel.created", &channel)?;
    Ok(channel)
}

async fn default_if_any(tx: &mut Tx<'_>, type_: ChannelType) -> Result<Option<Channel>> {
    let space = tx.space();
    let found: Vec<Channel> = keep!(
        tx,
        channels::table
            .filter(channels::organization_id.eq(space).and(channels::default_for.eq(type_)))
            .select(Channel::as_select())
    )?;
    Ok(found.into_iter().next())
}

/// Which channels a list is about; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub type_: Option<ChannelType>,
    pub source: Option<String>,
    pub is_active: Option<bool>,
}

/// The channels that a filter lets through.
pub async fn list(conn: &mut Conn, space: Id, filter: &Filter, window: &Window) -> Result<(Vec<Channel>, Option<i64>)> {
    let types = filter.type_.map_or(ChannelType::ALL.to_vec(), |type_| vec![type_]);
    let states = filter.is_active.map_or(vec![true, false], |is_active| vec![is_active]);
    let (source, any_source) = (filter.source.clone().unwrap_or_default(), filter.source.is_none());
    Ok(run_page!(
        conn,
        window,
        channels::id,
        Channel,
        channels::table
            .filter(channels::organization_id.eq(space).and(channels::deleted_at.is_null()))
            .filter(channels::type_.eq_any(&types).and(channels::is_active.eq_any(&states)))
            .filter(any_source.into_sql::<Bool>().or(channels::source.eq(&source)))
    ))
}

/// A new channel with nothing in it but its type.
pub(super) fn blank(tx: &Tx<'_>, type_: ChannelType, public_token: String) -> Channel {
    Channel {
        organization_id: tx.space(),
        id: tx.new_id(),
        type_,
        source: type_.as_str().to_owned(),
        source_channel_id: None,
        name: String::new(),
        is_active: true,
        default_for: None,
        default_team_id: None,
        allowed_file_types: Json(Vec::new()),
        image_url: None,
        public_token,
        metadata: Json::default(),
        deleted_at: None,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    }
}

/// A token of 128 random bits.
pub(super) fn new_public_token() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Stores a new channel and announces it.
pub(super) async fn insert(tx: &mut Tx<'_>, channel: Channel) -> Result<Channel> {
    run!(tx, |c| diesel::insert_into(channels::table).values(&channel).execute(c)).or_conflict(taken)?;
    tx.emit("channel.created", &channel)?;
    Ok(channel)
}

/// Stores what has become of a channel and announces it as `event`. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: Channel, mut after: Channel, event: &'static str) -> Result<Channel> {
    if after == before {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = tx.now();
    run!(tx, |c| diesel::update(channels::table.find((after.organization_id, after.id))).set(&after).execute(c))
        .or_conflict(taken)?;
    tx.emit_change(event, &before, &after)?;
    Ok(after)
}

/// Takes a channel away and announces it. Its row stays for the conversations that were held on it; its place as default channel
/// and its id at the source are free again.
pub(super) async fn delete(tx: &mut Tx<'_>, channel: Channel) -> Result<()> {
    let now = tx.now();
    run!(tx, |c| diesel::update(channels::table.find((channel.organization_id, channel.id)))
        .set((
            channels::deleted_at.eq(Some(now)),
            channels::is_active.eq(false),
            channels::default_for.eq(None::<ChannelType>),
            channels::default_team_id.eq(None::<Id>),
        ))
        .execute(c))?;
    tx.emit("channel.deleted", &channel)
}

/// Gives the channels of a team that is going to another one, or to none, and announces each. Teams are the same in both spaces:
/// the channels of the other one follow without a word, for what happens there is no news here.
pub async fn replace_default_team(tx: &mut Tx<'_>, team: Id, heir: Option<Id>) -> Result<()> {
    let (space, twin, now) = (tx.organization(), tx.organization().twin(), tx.now());
    let of_team: Vec<Id> = run!(tx, |c| channels::table
        .filter(channels::organization_id.eq(space).and(channels::default_team_id.eq(team)))
        .order(channels::id)
        .select(channels::id)
        .load(c))?;
    for id in of_team {
        let found: Option<Channel> = lock!(tx, channels::table.find((space, id)).select(Channel::as_select()))?;
        if let Some(before) = found.filter(|channel| channel.default_team_id == Some(team)) {
            let after = Channel { default_team_id: heir, ..before.clone() };
            save(tx, before, after, "channel.updated").await?;
        }
    }
    run!(tx, |c| diesel::update(channels::table)
        .filter(channels::organization_id.eq(twin).and(channels::default_team_id.eq(team)))
        .set((
            channels::default_team_id.eq(heir),
            channels::version.eq(channels::version + 1),
            channels::updated_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

fn taken(_: &str) -> Error {
    Error::new(Code::AlreadyExists, "Another channel of this source has this source_channel_id.")
}
