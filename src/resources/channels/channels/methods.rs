//! What can be done with channels.

use super::model::{Channel, ChannelType};
use super::store;
use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Code, Context, Document, Entry, Error, Kind, List, MediaRange, Method, Name, Nullable, Page, Patch,
    Result, Source, Url, Void, Words, stored,
};
use crate::resources::account::teams;

/// The methods of channels.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListChannels>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<Delete>(),
];

arguments! {
    /// Creates a channel.
    ///
    /// On an `api` channel messages come in and go out through this API: name its `source` to feed in what comes from a service of
    /// your own.
    pub struct Create {
        /// What kind of channel it is.
        #[serde(rename = "type")]
        pub type_: ChannelType,
        /// What the channel is called.
        pub name: Name<120>,
        /// What its messages come from, such as `twilio.sms` or `acme.sms`; only for an `api` channel. Equal to `type` if left out.
        pub source: Nullable<Source>,
        /// The channel's id at its source, such as a telephone number; unique among the channels of one source.
        pub source_channel_id: Nullable<Words<255>>,
        /// Whether conversations may be started on it and messages added; true if left out.
        pub is_active: Option<bool>,
        /// The team that new conversations on this channel are given to.
        pub default_team_id: Nullable<Id>,
        /// The only content types that files on this channel may have, such as `image/png` or `image/*`; all if left out or empty.
        pub allowed_file_types: Option<List<MediaRange, 100>>,
        /// A picture that stands for the channel.
        pub image_url: Nullable<Url>,
        /// Anything you want to keep with the channel.
        pub metadata: Option<Document>,
    }
}

impl Method for Create {
    const NAME: &'static str = "channels.create";
    const ACCESS: Access = Access::write(Area::Channels);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists];
    const EVENTS: &'static [&'static str] = &["channel.created"];
    const EXAMPLE: &'static str = r#"{"type":"api","source":"acme.sms","name":"SMS"}"#;
    type Output = Channel;

    async fn call(self, ctx: Context) -> Result<Channel> {
        if self.type_ != ChannelType::Api
            && let Some(source) = &self.source.0
            && **source != *self.type_.as_str()
        {
            return Err(Error::argument("/source", "not_allowed", "only an api channel has a source of its own"));
        }
        let public_token = store::new_public_token()?;
        ctx.write(async move |tx| {
            let args = self.clone();
            let mut channel = store::blank(tx, args.type_, public_token.clone());
            channel.name = args.name.to_string();
            if let Some(source) = args.source.0 {
                channel.source = stored(source);
            }
            channel.source_channel_id = stored(args.source_channel_id);
            channel.is_active = args.is_active.unwrap_or(true);
            channel.default_team_id = stored(args.default_team_id);
            channel.allowed_file_types = args.allowed_file_types.map(stored).unwrap_or_default();
            channel.image_url = stored(args.image_url);
            channel.metadata = args.metadata.map(stored).unwrap_or_default();
            check_team(tx, None, &channel).await?;
            store::insert(tx, channel).await
        })
        .await
    }
}

arguments! {
    /// Lists the channels.
    pub struct ListChannels paged {
        /// Only channels of this type.
        #[serde(rename = "type")]
        pub type_: Option<ChannelType>,
        /// Only channels with this source, such as `twilio.sms`.
        pub source: Option<Source>,
        /// Only channels that are active, or only those that are not.
        pub is_active: Option<bool>,
    }
}

impl Method for ListChannels {
    const NAME: &'static str = "channels.list";
    const ACCESS: Access = Access::read(Area::Channels);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<Channel>;

    async fn call(self, ctx: Context) -> Result<Page<Channel>> {
        let window = ctx.page(&self)?;
        let filter = store::Filter {
            type_: self.type_,
            source: self.source.as_deref().map(str::to_owned),
            is_active: self.is_active,
        };
        let rows = store::list(&mut *ctx.read().await?, ctx.space(), &filter, &window).await?;
        Ok(window.page(&ctx, rows))
    }
}

arguments! {
    /// Answers one channel.
    pub struct Info {
        /// The channel.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "channels.info";
    const ACCESS: Access = Access::read(Area::Channels);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Channel;

    async fn call(self, ctx: Context) -> Result<Channel> {
        let found = store::find(&mut *ctx.read().await?, ctx.space(), self.id).await?;
        found.ok_or_else(Error::not_found::<Channel>)
    }
}

arguments! {
    /// Changes a channel.
    ///
    /// Fields that are left out stay as they are; null clears what can be cleared. Type and source are for good: the conversations
    /// on the channel are found by them.
    pub struct Update {
        /// The channel.
        pub id: Id,
        /// What the channel is called.
        pub name: Patch<Name<120>>,
        /// Whether conversations may be started on it and messages added.
        pub is_active: Patch<bool>,
        /// The team that new conversations on this channel are given to.
        pub default_team_id: Patch<Nullable<Id>>,
        /// The only content types that files on this channel may have; an empty list allows all.
        pub allowed_file_types: Patch<List<MediaRange, 100>>,
        /// A picture that stands for the channel.
        pub image_url: Patch<Nullable<Url>>,
        /// Anything you want to keep with the channel; merged key by key, null removes a key.
        pub metadata: Patch<Document>,
    }
}

impl Method for Update {
    const NAME: &'static str = "channels.update";
    const ACCESS: Access = Access::write(Area::Channels);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["channel.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","name":"SMS Berlin"}"#;
    type Output = Channel;

    async fn call(self, ctx: Context) -> Result<Channel> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, args.id).await?;
            let mut channel = before.clone();
            args.name.apply(&mut channel.name);
            args.is_active.apply(&mut channel.is_active);
            args.default_team_id.apply(&mut channel.default_team_id);
            args.allowed_file_types.apply(&mut channel.allowed_file_types);
            args.image_url.apply(&mut channel.image_url);
            args.metadata.apply(&mut channel.metadata);
            if let Some(problem) = Document::problem(&channel.metadata) {
                return Err(Error::argument("/metadata", "too_long", problem));
            }
            check_team(tx, Some(&before), &channel).await?;
            store::save(tx, before, channel, "channel.updated").await
        })
        .await
    }
}

arguments! {
    /// Deletes a channel.
    ///
    /// Nothing more comes in or goes out on it. Its conversations and their messages stay readable.
    pub struct Delete {
        /// The channel.
        pub id: Id,
    }
}

impl Method for Delete {
    const NAME: &'static str = "channels.delete";
    const ACCESS: Access = Access::write(Area::Channels);
    const KIND: Kind = Kind::Delete;
    const EVENTS: &'static [&'static str] = &["channel.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let channel = store::target(tx, self.id).await?;
            store::delete(tx, channel).await?;
            Ok(Void {})
        })
        .await
    }
}

/// Refuses a team that is not there. The one that the channel has already is not looked up again.
async fn check_team(tx: &mut crate::method::Tx<'_>, before: Option<&Channel>, channel: &Channel) -> Result<()> {
    match channel.default_team_id {
        Some(team) if before.and_then(|before| before.default_team_id) != Some(team) => {
            teams::store::require(tx, &[("/default_team_id".into(), team)]).await
        }
        _ => Ok(()),
    }
}
