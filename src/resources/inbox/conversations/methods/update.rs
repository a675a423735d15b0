use serde_json::json;

use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Code, Context, Document, Error, Kind, Language, List, Method, Name, Nullable, Patch, Result, Void,
    Words,
};
use crate::resources::crm::companies;
use crate::resources::crm::custom_fields::{FieldObject, values};
use crate::resources::crm::tags::{self, TaggedType};
use crate::resources::inbox::conversations::arguments::ExternalReference;
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::{Conversation, Priority, store};

/// For how long a conversation that was deleted can be restored, in seconds: 30 days.
pub const RESTORABLE: i64 = 30 * 24 * 60 * 60;

arguments! {
    /// Changes a conversation.
    ///
    /// Fields that are left out stay as they are; null clears what can be cleared. Where the conversation stands, and whose it is, is
    /// changed by methods of their own, such as `conversations.close` and `conversations.assign`.
    pub struct Update {
        /// The conversation.
        pub id: Id,
        /// What it is about.
        pub subject: Patch<Nullable<Words<998>>>,
        /// How urgent it is.
        pub priority: Patch<Priority>,
        /// The language it is held in.
        pub language: Patch<Nullable<Language>>,
        /// The company it is about.
        pub company_id: Patch<Nullable<Id>>,
        /// Its tags; a tag that is not there yet is created.
        pub tags: Patch<List<Name<60>, 100>>,
        /// Whether AI only suggests answers.
        pub assist_mode: Patch<bool>,
        /// Whether files of this visitor need no check before they are shown.
        pub trust_uploads: Patch<bool>,
        /// What it is called in another system.
        pub external: Patch<Nullable<ExternalReference>>,
        /// The values of the fields that the organization defined; those that are not named stay, null clears one.
        pub custom_fields: Patch<Document>,
        /// Anything you want to keep with the conversation; merged key by key, null removes a key.
        pub metadata: Patch<Document>,
    }
}

impl Method for Update {
    const NAME: &'static str = "conversations.update";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["conversation.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","priority":"high"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, args.id).await?;
            let mut after = before.clone();
            args.subject.apply(&mut after.subject);
            args.priority.apply(&mut after.priority);
            args.language.apply(&mut after.details.language);
            args.company_id.apply(&mut after.company_id);
            args.assist_mode.apply(&mut after.details.assist_mode);
            args.trust_uploads.apply(&mut after.details.trust_uploads);
            args.external.apply(&mut after.details.external);
            args.metadata.apply(&mut after.metadata);
            if let Some(problem) = Document::problem(&after.metadata) {
                return Err(Error::argument("/metadata", "too_long", problem));
            }
            if let Some(company) = after.company_id.filter(|_| after.company_id != before.company_id) {
                companies::store::require(tx, "/company_id", company).await?;
            }
            let patch = args.custom_fields.sent().map(|document| document.0.clone());
            values::apply(tx, FieldObject::Conversation, &mut after.custom_fields, patch, values::Moment::Update)
                .await?;
            if let Patch::Set(wanted) = args.tags {
                let wanted = wanted.iter().map(|tag| tag.to_string()).collect();
                tags::store::retag(tx, TaggedType::Conversation, after.id, &mut after.tags, wanted).await?;
            }
            let after = store::save(tx, before.clone(), after, "conversation.updated").await?;
            if after.priority != before.priority {
                let data = json!({ "priority": after.priority, "previous_priority": before.priority });
                timeline::record(tx, &after, Happening::PriorityChanged, data).await?;
            }
            timeline::record_tags(tx, &before, &after).await?;
            Ok(after)
        })
        .await
    }
}

arguments! {
    /// Deletes a conversation with its messages.
    ///
    /// For 30 days it can be restored; then it is gone for good.
    pub struct Delete {
        /// The conversation.
        pub id: Id,
    }
}

impl Method for Delete {
    const NAME: &'static str = "conversations.delete";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Delete;
    const EVENTS: &'static [&'static str] = &["conversation.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let conversation = store::target(tx, self.id).await?;
            store::delete(tx, conversation).await?;
            Ok(Void {})
        })
        .await
    }
}

arguments! {
    /// Restores a conversation that was deleted less than 30 days ago.
    ///
    /// One that is not deleted stays as it is.
    pub struct Restore {
        /// The conversation.
        pub id: Id,
    }
}

impl Method for Restore {
    const NAME: &'static str = "conversations.restore";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::Expired];
    const EVENTS: &'static [&'static str] = &["conversation.restored"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let deleted = match store::lock_deleted(tx, self.id).await? {
                Some(deleted) => tx.target(Some(deleted))?,
                None => return store::target(tx, self.id).await,
            };
            if deleted.deleted_at.is_some_and(|at| at.plus_seconds(RESTORABLE) <= tx.now()) {
                return Err(Error::new(Code::Expired, "The conversation was deleted more than 30 days ago."));
            }
            store::restore(tx, deleted).await
        })
        .await
    }
}
