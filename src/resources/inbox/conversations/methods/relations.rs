use serde_json::json;

use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Kind, Method, Name, Result};
use crate::resources::account::users;
use crate::resources::crm::contacts;
use crate::resources::crm::tags::{self, TaggedType};
use crate::resources::inbox::conversations::people::{self, Part};
use crate::resources::inbox::conversations::timeline::{self, Happening};
use crate::resources::inbox::conversations::{Conversation, store};

arguments! {
    /// Adds a tag to a conversation; a tag that is not there yet is created.
    ///
    /// Adding a tag that the conversation has already, in whatever case, changes nothing.
    pub struct AddTag {
        /// The conversation.
        pub id: Id,
        /// The tag.
        pub tag: Name<60>,
    }
}

impl Method for AddTag {
    const NAME: &'static str = "conversations.addTag";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["conversation.tagged"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","tag":"urgent"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut after = before.clone();
            tags::store::tag(tx, TaggedType::Conversation, self.id, &mut after.tags, &self.tag).await?;
            let after = store::save(tx, before.clone(), after, "conversation.tagged").await?;
            timeline::record_tags(tx, &before, &after).await?;
            Ok(after)
        })
        .await
    }
}

arguments! {
    /// Takes a tag from a conversation.
    ///
    /// Removing a tag that the conversation does not have changes nothing.
    pub struct RemoveTag {
        /// The conversation.
        pub id: Id,
        /// The tag.
        pub tag: Name<60>,
    }
}

impl Method for RemoveTag {
    const NAME: &'static str = "conversations.removeTag";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["conversation.untagged"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","tag":"urgent"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut after = before.clone();
            tags::store::untag(tx, TaggedType::Conversation, self.id, &mut after.tags, &self.tag).await?;
            let after = store::save(tx, before.clone(), after, "conversation.untagged").await?;
            timeline::record_tags(tx, &before, &after).await?;
            Ok(after)
        })
        .await
    }
}

arguments! {
    /// Moves a conversation to another contact, because it was taken for the wrong one's.
    ///
    /// The conversation's company is then that of the contact.
    pub struct SetContact {
        /// The conversation.
        pub id: Id,
        /// The contact whose it is.
        pub contact_id: Id,
    }
}

impl Method for SetContact {
    const NAME: &'static str = "conversations.setContact";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["conversation.updated"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","contact_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            if before.contact_id == self.contact_id {
                return Ok(before);
            }
            let contact = contacts::store::require(tx, "/contact_id", self.contact_id).await?;
            let mut after = before.clone();
            after.contact_id = contact.id;
            after.company_id = contact.company_id;
            let data = json!({ "contact_id": contact.id, "previous_contact_id": before.contact_id });
            let after = store::save(tx, before, after, "conversation.updated").await?;
            timeline::record(tx, &after, Happening::ContactUpdated, data).await?;
            Ok(after)
        })
        .await
    }
}

arguments! {
    /// Has a user follow a conversation: from then on they see it, whatever their teams do.
    ///
    /// A user who follows it already goes on following it.
    pub struct AddFollower {
        /// The conversation.
        pub id: Id,
        /// The user.
        pub user_id: Id,
    }
}

impl Method for AddFollower {
    const NAME: &'static str = "conversations.addFollower";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["conversation.updated"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            users::store::require(tx, &[("/user_id".into(), self.user_id)]).await?;
            let mut after = before.clone();
            if !after.details.follower_user_ids.contains(&self.user_id) {
                after.details.follower_user_ids.push(self.user_id);
            }
            people::add(tx, before.id, self.user_id, Part::Follows).await?;
            store::save(tx, before, after, "conversation.updated").await
        })
        .await
    }
}

arguments! {
    /// Has a user no longer follow a conversation.
    ///
    /// A user who does not follow it changes nothing.
    pub struct RemoveFollower {
        /// The conversation.
        pub id: Id,
        /// The user.
        pub user_id: Id,
    }
}

impl Method for RemoveFollower {
    const NAME: &'static str = "conversations.removeFollower";
    const ACCESS: Access = Access::write(Area::Conversations);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["conversation.updated"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    type Output = Conversation;

    async fn call(self, ctx: Context) -> Result<Conversation> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut after = before.clone();
            after.details.follower_user_ids.retain(|user| *user != self.user_id);
            people::remove(tx, before.id, self.user_id, Part::Follows).await?;
            store::save(tx, before, after, "conversation.updated").await
        })
        .await
    }
}
