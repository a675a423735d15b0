//! What can be done with metadata.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::arguments;
use crate::db::{Id, Json};
use crate::method::{
    Access, Area, Code, Context, Document, Entry, Error, Kind, Method, Output, Result, Scope, Tx, merge_map,
};
use crate::resources::channels::channels;
use crate::resources::crm::{companies, contacts};
use crate::resources::inbox::{conversations, messages};
use crate::text_enum;

/// The methods of metadata.
pub const METHODS: &[Entry] = &[Entry::of::<Upsert>()];

/// What a change of metadata is announced as, whatever it is the metadata of.
const EVENT: &str = "metadata.updated";

text_enum! {
    /// What has metadata.
    pub enum MetadataType {
        /// A conversation.
        Conversation = "conversation",
        /// A message.
        Message = "message",
        /// A channel.
        Channel = "channel",
        /// A contact.
        Contact = "contact",
        /// A company.
        Company = "company",
    }
}

impl MetadataType {
    /// Whose objects they are.
    const fn area(self) -> Area {
        match self {
            Self::Conversation => Area::Conversations,
            Self::Message => Area::Messages,
            Self::Channel => Area::Channels,
            Self::Contact => Area::Contacts,
            Self::Company => Area::Companies,
        }
    }
}

arguments! {
    /// Merges data into the metadata of an object.
    ///
    /// Keys that are left out stay as they are, at every level, and null removes a key. Beside the scope of this method the one is
    /// needed that changes objects of that type, such as `companies:write`.
    pub struct Upsert {
        /// The object's type.
        #[serde(rename = "type")]
        pub type_: MetadataType,
        /// The object.
        pub id: Id,
        /// What is merged into its metadata, which has 16 KiB and 8 levels at the most.
        pub data: Document,
    }
}

/// The metadata of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metadata {
    /// All of it, after the change.
    pub metadata: Json<Map<String, Value>>,
}

impl Output for Metadata {}

impl Method for Upsert {
    const NAME: &'static str = "metadata.upsert";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[
        Code::LimitExceeded,
        Code::ConversationNotFound,
        Code::MessageNotFound,
        Code::ChannelNotFound,
        Code::ContactNotFound,
        Code::CompanyNotFound,
    ];
    const EVENTS: &'static [&'static str] = &[EVENT];
    const EXAMPLE: &'static str = r#"{"type":"company","id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","data":{"source":{"google":{"place_id":"1234"}}}}"#;
    type Output = Metadata;

    async fn call(self, ctx: Context) -> Result<Metadata> {
        require_scope(&ctx, Scope::write(self.type_.area()))?;
        ctx.write(async move |tx| {
            let Upsert { type_, id, data } = self.clone();
            let metadata = match type_ {
                MetadataType::Company => {
                    let before = companies::store::target(tx, id).await?;
                    let mut after = before.clone();
                    merge(&mut after.metadata, data)?;
                    companies::store::save(tx, before, after, EVENT).await?.metadata
                }
                MetadataType::Contact => {
                    let before = contacts::store::target(tx, id).await?;
                    let mut after = before.clone();
                    merge(&mut after.metadata, data)?;
                    contacts::store::save(tx, before, after, EVENT).await?.row.metadata
                }
                MetadataType::Channel => {
                    let before = channels::store::target(tx, id).await?;
                    let mut after = before.clone();
                    merge(&mut after.metadata, data)?;
                    channels::store::save(tx, before, after, EVENT).await?.metadata
                }
                MetadataType::Conversation => {
                    let before = conversations::store::target(tx, id).await?;
                    let mut after = before.clone();
                    merge(&mut after.metadata, data)?;
                    conversations::store::save(tx, before, after, EVENT).await?.metadata
                }
                MetadataType::Message => {
                    let before = message(tx, id).await?;
                    let mut after = before.clone();
                    merge(&mut after.metadata, data)?;
                    messages::store::save(tx, before, after, EVENT).await?.metadata
                }
            };
            Ok(Metadata { metadata })
        })
        .await
    }
}

/// Refuses a caller who may not change objects of this kind otherwise.
fn require_scope(ctx: &Context, scope: Scope) -> Result<()> {
    let caller = ctx.caller()?;
    if caller.scopes.has(scope) {
        return Ok(());
    }
    Err(Error::new(Code::MissingScope, format!("Changing this metadata needs the scope {scope}."))
        .with("needed", scope.to_string())
        .with("provided", caller.scopes.words().join(",")))
}

fn merge(metadata: &mut Json<Map<String, Value>>, Document(data): Document) -> Result<()> {
    merge_map(&mut metadata.0, data);
    match Document::problem(metadata) {
        None => Ok(()),
        Some(problem) => {
            Err(Error::new(Code::LimitExceeded, format!("With what is there already the metadata is {problem}.")))
        }
    }
}

/// The message, locked, if the caller sees its conversation.
async fn message(tx: &mut Tx<'_>, id: Id) -> Result<messages::Message> {
    let space = tx.space();
    let found = messages::store::find(tx, space, id).await?.ok_or_else(Error::not_found::<messages::Message>)?;
    if conversations::store::lock_seen(tx, found.conversation_id).await?.is_none() {
        return Err(Error::not_found::<messages::Message>());
    }
    let found = messages::store::lock(tx, id).await?;
    tx.target(found)
}
