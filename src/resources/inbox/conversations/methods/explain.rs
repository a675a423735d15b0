use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Context, Error, Kind, Method, Output, Policy, Rate, Result};
use crate::resources::inbox::conversations::reasons::{self, Viewer};
use crate::resources::inbox::conversations::visibility::{Sight, View};
use crate::resources::inbox::conversations::{Conversation, store};

/// Who sees a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Viewers {
    /// Everybody who may log in and sees it, and by which rules.
    pub users: Vec<Viewer>,
}

impl Output for Viewers {}

arguments! {
    /// Tells who sees a conversation, and by which rules.
    ///
    /// Keys that act for the organization see every conversation and are not listed.
    pub struct ExplainVisibility {
        /// The conversation.
        pub id: Id,
    }
}

impl Method for ExplainVisibility {
    const NAME: &'static str = "conversations.explainVisibility";
    const ACCESS: Access = Access::read(Area::Roles);
    const KIND: Kind = Kind::Read;
    const RATE: Rate = Rate { policy: Policy::Search, cost: 1 };
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Viewers;

    async fn call(self, ctx: Context) -> Result<Viewers> {
        let inner = ctx.clone();
        ctx.scan(async move |conn| {
            let sight = Sight::of(&inner, conn).await?;
            let found = store::seen(conn, &sight, inner.space(), self.id).await?;
            let conversation = found.ok_or_else(Error::not_found::<Conversation>)?;
            Ok(Viewers { users: reasons::viewers(conn, View::of(&inner), &conversation, None).await? })
        })
        .await
    }
}
